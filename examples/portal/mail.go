// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/wneessen/go-mail"

	"github.com/copis-it/copis/auth/account"
	"github.com/copis-it/copis/storage"
)

// A notice is something that a person is to be told by mail.
type notice struct {
	account.Message
	Lang   string // of the page that it was asked for on
	Params []any  // pairs of names and values, for its text
}

func noticeOf(ctx context.Context, m account.Message) notice {
	lang, ok := ctx.Value(langKey{}).(string)
	if !ok {
		lang = languages[0].String()
	}
	return notice{Message: m, Lang: lang}
}

// A letter is a mail as it is sent: to one address, and of plain text.
type letter struct{ To, Subject, Text string }

// letterKeys name the messages of a kind of notice, and the page that its link
// leads to, if it has one.
var letterKeys = map[account.MessageKind]struct{ key, page string }{
	account.SendVerify:   {"mail.verify", "verify"},
	account.SendTaken:    {"mail.taken", ""},
	account.SendChange:   {"mail.change", "verify"},
	account.SendReset:    {"mail.reset", "reset"},
	account.SendMoved:    {"mail.moved", ""},
	account.SendPassword: {"mail.password", ""},
	account.SendFactor:   {"mail.factor", ""},
	account.SendLinked:   {"mail.linked", ""},
	sendInvited:          {"mail.invited", "invited"},
	sendApproved:         {"mail.approved", "membership"},
	sendDeclined:         {"mail.declined", "membership"},
}

// letter writes a notice out.
func (p *portal) letter(n notice) letter {
	is := letterKeys[n.Kind]
	say := func(key string, params ...any) string { return p.say(n.Lang, key, nil, params...) }
	var text []string
	if n.Name != "" {
		text = append(text, say("mail.hello", "Name", n.Name))
	}
	text = append(text, say(is.key+".text", append(n.Params, "Address", n.Address)...))
	if is.page != "" {
		text = append(text, p.absolute(query(p.url(is.page), "token", n.Secret)))
	}
	if key := p.known(is.key+".after", "mail.link"); n.Secret != "" {
		text = append(text, say(key))
	}
	text = append(text, say("mail.sign", "Address", p.absolute(p.url())))
	return letter{To: n.To, Subject: say(is.key + ".subject"), Text: strings.Join(text, "\n\n") + "\n"}
}

// A mailer delivers letters.
type mailer interface {
	Deliver(ctx context.Context, l letter) error
}

// An outbox takes notices over at once and delivers them in its own time, so
// that no request waits for a mail, and none tells by its time whether there
// was one.
type outbox struct {
	mailer mailer
	log    *slog.Logger
	queue  chan notice
}

// How many notices wait at most, how often one is tried, and how long each
// time and in between.
const (
	outboxSize  = 1000
	outboxTries = 4
	outboxTime  = 20 * time.Second
	outboxPause = 2 * time.Second
)

func newOutbox(m mailer, log *slog.Logger) *outbox {
	return &outbox{m, log, make(chan notice, outboxSize)}
}

// put takes a notice over. If too many wait, it is lost, and the log says so:
// nothing of what it holds.
func (o *outbox) put(n notice) {
	select {
	case o.queue <- n:
	default:
		o.log.Error("mail lost: too many wait", "kind", n.Kind)
	}
}

// run delivers until ctx ends, and then what still waits, once each, for as
// long as the portal takes to end.
func (o *outbox) run(ctx context.Context, write func(notice) letter) {
	for ctx.Err() == nil {
		select {
		case n := <-o.queue:
			o.deliver(ctx, n.Kind, write(n))
		case <-ctx.Done():
		}
	}
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), graceTime)
	defer cancel()
	for {
		select {
		case n := <-o.queue:
			o.lost(n.Kind, o.mailer.Deliver(ending, write(n)))
		default:
			return
		}
	}
}

// deliver tries to deliver a letter, again after a while if it fails. When ctx
// ends it tries once more at once.
func (o *outbox) deliver(ctx context.Context, kind account.MessageKind, l letter) {
	for try, pause := 1, outboxPause; ; try, pause = try+1, 4*pause {
		last := try == outboxTries || ctx.Err() != nil
		one, cancel := context.WithTimeout(context.WithoutCancel(ctx), outboxTime)
		err := o.mailer.Deliver(one, l)
		cancel()
		if err == nil || last {
			o.lost(kind, err)
			return
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
	}
}

// lost says that a letter could not be delivered, if err is not nil.
func (o *outbox) lost(kind account.MessageKind, err error) {
	if err != nil {
		o.log.Error("mail lost", "kind", kind, "err", mailError(err))
	}
}

// mailError says why a mail was not delivered. Servers like to repeat whom it
// was for, which is nothing for a log.
func mailError(err error) string {
	var e *mail.SendError
	if errors.As(err, &e) {
		return "smtp: " + e.Reason.String() + ", code " + strconv.Itoa(e.ErrorCode())
	}
	return fmt.Sprintf("%T", err)
}

// message makes a mail of a letter. The library encodes what stands in headers,
// and refuses an address that is more than one.
func (l letter) message(from string, at time.Time, encoding mail.Encoding) (*mail.Msg, error) {
	m := mail.NewMsg(mail.WithCharset(mail.CharsetUTF8), mail.WithEncoding(encoding), mail.WithNoDefaultUserAgent())
	if err := errors.Join(m.From(from), m.To(l.To)); err != nil {
		return nil, errors.New("address is not one")
	}
	m.Subject(strings.Join(strings.Fields(l.Subject), " "))
	m.SetDateWithValue(at)
	m.SetMessageIDWithValue(rand.Text() + from[strings.LastIndexByte(from, '@'):]) // and not of this machine
	m.SetGenHeader("Auto-Submitted", "auto-generated")
	m.SetBodyString(mail.TypeTextPlain, l.Text)
	return m, nil
}

// folderMailer keeps letters as files, one each, that only their owner reads.
type folderMailer struct {
	folder string
	from   string
	clock  storage.Clock
}

func (f folderMailer) Deliver(_ context.Context, l letter) error {
	at := f.clock.Now()
	m, err := l.message(f.from, at, mail.NoEncoding) // to be read as it is
	if err != nil {
		return err
	}
	if err := os.MkdirAll(f.folder, 0o700); err != nil {
		return err
	}
	file, err := os.CreateTemp(f.folder, at.Format("20060102-150405.000000-")+"*.eml") // 0600
	if err != nil {
		return err
	}
	_, err = m.WriteTo(file)
	return errors.Join(err, file.Close())
}

// printMailer prints letters.
type printMailer struct {
	mu  sync.Mutex
	out io.Writer
}

func (p *printMailer) Deliver(_ context.Context, l letter) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, err := fmt.Fprintf(p.out, "\n--- mail\nTo: %s\nSubject: %s\n\n%s---\n", l.To, l.Subject, l.Text)
	return err
}

// smtpMailer hands letters to a server.
type smtpMailer struct {
	client *mail.Client
	from   string
	clock  storage.Clock
}

// newSMTP reads "smtp://user:password@host:587" (with STARTTLS),
// "smtps://user:password@host:465" or, for a server on this machine,
// "smtp://localhost:25?tls=none".
func newSMTP(address, from string, clock storage.Clock) (*smtpMailer, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "smtp" && u.Scheme != "smtps" || u.Hostname() == "" {
		return nil, errors.New("-smtp is not smtp://user:password@host:port") // without what it is: there is a password in it
	}
	opts := []mail.Option{mail.WithTimeout(outboxTime)}
	switch {
	case u.Scheme == "smtps":
		opts = append(opts, mail.WithSSLPort(false))
	case u.Query().Get("tls") == "none":
		opts = append(opts, mail.WithTLSPolicy(mail.NoTLS))
	default:
		opts = append(opts, mail.WithTLSPolicy(mail.TLSMandatory))
	}
	if s := u.Port(); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			return nil, errors.New("-smtp has no port that is a number")
		}
		opts = append(opts, mail.WithPort(n))
	}
	if name := u.User.Username(); name != "" {
		password, _ := u.User.Password()
		opts = append(opts, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(name), mail.WithPassword(password))
	}
	client, err := mail.NewClient(u.Hostname(), opts...)
	if err != nil {
		return nil, fmt.Errorf("-smtp: %w", err)
	}
	return &smtpMailer{client, from, clock}, nil
}

func (s *smtpMailer) Deliver(ctx context.Context, l letter) error {
	m, err := l.message(s.from, s.clock.Now(), mail.EncodingQP)
	if err != nil {
		return err
	}
	return s.client.DialAndSendWithContext(ctx, m)
}
