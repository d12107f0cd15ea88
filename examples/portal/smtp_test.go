// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// A postOffice is a small SMTP server (RFC 5321) that keeps what it is sent.
type postOffice struct {
	t    *testing.T
	tls  *tls.Config // nil: STARTTLS is not offered
	mute bool        // says nothing at all
	full bool        // takes no recipient

	addr string
	mu   sync.Mutex
	mail []incoming
	told []string // commands, in order
}

// incoming is a mail as it came in.
type incoming struct {
	to   []string
	data string
	tls  bool
}

func newPostOffice(t *testing.T, o *postOffice) *postOffice {
	t.Helper()
	o.t = t
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o.addr = l.Addr().String()
	var serving sync.WaitGroup
	ctx, cancel := context.WithCancel(context.Background())
	serving.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() {
				defer context.AfterFunc(ctx, func() { c.Close() })()
				defer c.Close()
				o.serve(c)
			})
		}
	})
	t.Cleanup(func() { cancel(); l.Close(); serving.Wait() })
	return o
}

func (o *postOffice) serve(c net.Conn) {
	r, secure := bufio.NewReader(c), false
	say := func(s string) { c.Write([]byte(s + "\r\n")) }
	if o.mute {
		r.ReadString('\n') // until the other side gives up
		return
	}
	say("220 posta.example")
	var now incoming
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimRight(line, "\r\n")
		verb, _, _ := strings.Cut(strings.ToUpper(line), " ")
		o.mu.Lock()
		o.told = append(o.told, line)
		o.mu.Unlock()
		switch verb {
		case "EHLO":
			if o.tls != nil && !secure {
				say("250-posta.example")
				say("250 STARTTLS")
			} else {
				say("250-posta.example")
				say("250 AUTH PLAIN")
			}
		case "STARTTLS":
			say("220 go ahead")
			tc := tls.Server(c, o.tls)
			if tc.Handshake() != nil {
				return
			}
			c, r, secure = tc, bufio.NewReader(tc), true
		case "AUTH":
			say("235 ok")
		case "MAIL":
			now = incoming{tls: secure}
			say("250 ok")
		case "RCPT":
			if o.full {
				say("550 no such mailbox: " + line)
				continue
			}
			now.to = append(now.to, line)
			say("250 ok")
		case "DATA":
			say("354 go on")
			var data strings.Builder
			for {
				line, err := r.ReadString('\n')
				if err != nil {
					return
				}
				if line == ".\r\n" {
					break
				}
				data.WriteString(strings.TrimPrefix(line, "."))
			}
			now.data = data.String()
			o.mu.Lock()
			o.mail = append(o.mail, now)
			o.mu.Unlock()
			say("250 kept")
		case "QUIT":
			say("221 bye")
			return
		default: // RSET, NOOP
			say("250 ok")
		}
	}
}

// kept returns what has come in, and what was said for it.
func (o *postOffice) kept() ([]incoming, string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.mail, strings.Join(o.told, "\n")
}

// identity returns what a server on this machine shows, and who believes it.
func identity(t *testing.T) (server, client *tls.Config) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	is := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, is, is, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	if is, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(is)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}},
		&tls.Config{RootCAs: pool, ServerName: "127.0.0.1", MinVersion: tls.VersionTLS12}
}

// A letter goes over STARTTLS with the password after it, to one, and as it was
// written.
func TestSMTP(t *testing.T) {
	t.Parallel()
	server, client := identity(t)
	o := newPostOffice(t, &postOffice{tls: server})
	m, err := newSMTP("smtp://portale:segreto@"+o.addr, "noreply@example.org", func() time.Time { return noon })
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Deliver(t.Context(), letter{"tecla@example.org", "x", "x"}); err == nil {
		t.Error("a certificate that nobody vouches for is believed")
	}
	if err := m.client.SetTLSConfig(client); err != nil {
		t.Fatal(err)
	}
	text := "Ciao,\nperché no?\n.\n.punto\n" + strings.Repeat("lunga ", 300) + "\n"
	if err := m.Deliver(t.Context(), letter{"tecla@example.org", "Perché\r\nBcc: altri@example.org", text}); err != nil {
		t.Fatal(err)
	}
	all, told := o.kept()
	if len(all) != 1 || len(all[0].to) != 1 || all[0].to[0] != "RCPT TO:<tecla@example.org>" || !all[0].tls {
		t.Fatalf("%+v", all)
	}
	if before, _, _ := strings.Cut(told, "AUTH"); strings.LastIndex(before, "STARTTLS") < 0 || !strings.Contains(told, "MAIL FROM:<noreply@example.org>") {
		t.Errorf("said:\n%s", told)
	}
	got, err := mail.ReadMessage(strings.NewReader(all[0].data))
	if err != nil {
		t.Fatal(err)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(got.Header.Get("Subject"))
	if err != nil || subject != "Perché Bcc: altri@example.org" || got.Header.Get("Bcc") != "" || len(got.Header["To"]) != 1 {
		t.Errorf("%q, %v", got.Header, err)
	}
	var body bytes.Buffer
	if _, err := body.ReadFrom(quotedprintable.NewReader(got.Body)); err != nil || strings.ReplaceAll(body.String(), "\r\n", "\n") != text {
		t.Errorf("%q, %v", &body, err)
	}
}

// What is no address goes nowhere: nothing is even said of it.
func TestSMTPInjection(t *testing.T) {
	t.Parallel()
	o := newPostOffice(t, &postOffice{})
	m, err := newSMTP("smtp://"+o.addr+"?tls=none", "noreply@example.org", func() time.Time { return noon })
	if err != nil {
		t.Fatal(err)
	}
	for _, to := range []string{
		"", "a@example.org\r\nRCPT TO:<b@example.org>", "a@example.org\nBcc: b@example.org", "a@example.org>\r\nDATA\r\nx", "a@example.org, b@example.org",
		"\"a\r\nBcc: b@example.org\" <a@example.org>", "a@example.org\x00",
	} {
		if err := m.Deliver(t.Context(), letter{to, "x", "x"}); err == nil {
			t.Errorf("delivered to %q", to)
		}
	}
	if all, told := o.kept(); len(all) > 0 || told != "" {
		t.Errorf("%v\n%s", all, told)
	}
	if err := m.Deliver(t.Context(), letter{"a@example.org", "x\r\n.\r\nMAIL FROM:<b@example.org>", "x\r\n.\r\nMAIL FROM:<b@example.org>\r\n"}); err != nil {
		t.Fatal(err)
	}
	if all, told := o.kept(); len(all) != 1 || strings.Count(told, "MAIL FROM") != 1 || strings.Count(told, "RCPT TO") != 1 {
		t.Errorf("%v\n%s", all, told)
	}
}

// A server that offers no TLS is told nothing, unless it may be; one that is
// silent is not waited for; what one says of a recipient is in no log.
func TestSMTPRefused(t *testing.T) {
	t.Parallel()
	plain, mute, full := newPostOffice(t, &postOffice{}), newPostOffice(t, &postOffice{mute: true}), newPostOffice(t, &postOffice{full: true})
	deliver := func(address string) error {
		m, err := newSMTP(address, "noreply@example.org", func() time.Time { return noon })
		if err != nil {
			t.Fatal(err)
		}
		if err := gomail.WithTimeout(200 * time.Millisecond)(m.client); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		err = m.Deliver(ctx, letter{"tecla@example.org", "x", "IL-SEGRETO"})
		if ctx.Err() != nil {
			t.Errorf("%s: waited for", address)
		}
		return err
	}
	if err := deliver("smtp://portale:segreto@" + plain.addr); err == nil {
		t.Error("delivered without TLS")
	}
	if all, told := plain.kept(); len(all) > 0 || strings.Contains(told, "AUTH") || strings.Contains(told, "tecla") {
		t.Errorf("%v\n%s", all, told)
	}
	if err := deliver("smtp://" + mute.addr + "?tls=none"); err == nil {
		t.Error("delivered to a server that says nothing")
	}
	err := deliver("smtp://" + full.addr + "?tls=none")
	if err == nil {
		t.Fatal("delivered to nobody")
	}
	if said := mailError(err); strings.Contains(said, "tecla") || !strings.Contains(said, "550") {
		t.Errorf("the log says %q", said)
	}
}
