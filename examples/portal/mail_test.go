// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"maps"
	"mime"
	"net/mail"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/copis-it/copis/auth/account"
)

// Every kind of notice has its letter, in both languages, with the link that it
// is sent for and no other secret.
func TestLetters(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(o *options) { o.Base = "/comunita/" })
	subjects := map[string]bool{}
	for _, lang := range []string{"it", "en"} {
		for _, kind := range slices.Sorted(maps.Keys(letterKeys)) {
			l := s.p.letter(notice{Message: account.Message{Kind: kind, To: "tecla@example.org", Name: "tecla.bassani", Secret: "IL-SEGRETO", Address: "nuova@example.net"}, Lang: lang, Params: []any{"Ends", "domani"}})
			if k := messageKey.FindString(l.Subject + l.Text); k != "" || l.To != "tecla@example.org" || !strings.Contains(l.Text, "tecla.bassani") || subjects[l.Subject] {
				t.Errorf("%s, kind %d: %q %+v", lang, kind, k, l)
			}
			subjects[l.Subject] = true
			page := letterKeys[kind].page
			if want := "http://portale.example/comunita/" + page + "?token=IL-SEGRETO\n"; (page != "") != strings.Contains(l.Text, want) {
				t.Errorf("%s, kind %d: %q", lang, kind, l.Text)
			}
		}
	}
}

// The language of a letter is that of the page that it was asked for on.
func TestLetterLanguage(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	b := s.browser("")
	b.get("/?lang=en")
	b.post("/forgot", "address", "tecla.bassani@example.org")
	if sent := s.post.take(); len(sent) != 1 || s.p.letter(sent[0]).Subject != "Choose a new password" {
		t.Errorf("sent %v", sent)
	}
}

// S60: no letter has a header that was not meant to be there, or goes to more
// than one.
func TestLetterHeaders(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "mail")
	m := folderMailer{folder, "noreply@example.org", func() time.Time { return noon }}
	for _, to := range []string{
		"", "a@example.org, b@example.org", "a@example.org\r\nBcc: b@example.org", "a@example.org;b@example.org", "\"x\r\nBcc: b@example.org\" <a@example.org>",
	} {
		if err := m.Deliver(t.Context(), letter{To: to, Subject: "x", Text: "x"}); err == nil {
			t.Errorf("delivered to %q", to)
		}
	}
	subject := "Perché\r\nBcc: b@example.org\r\n\r\n<script>"
	text := "Ciao =?utf-8?q?x?=\r\nBcc: b@example.org\n.\n<b>è testo</b>\n"
	if err := m.Deliver(t.Context(), letter{To: "a@example.org", Subject: subject, Text: text}); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.eml"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	if info, err := os.Stat(files[0]); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	b, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	got, err := mail.ReadMessage(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	to, err := got.Header.AddressList("To")
	if err != nil || len(to) != 1 || to[0].Address != "a@example.org" {
		t.Errorf("to %v, %v", to, err)
	}
	decoded, err := new(mime.WordDecoder).DecodeHeader(got.Header.Get("Subject"))
	if err != nil || decoded != "Perché Bcc: b@example.org <script>" {
		t.Errorf("subject %q, %v", decoded, err)
	}
	if host, err := os.Hostname(); err == nil && host != "example" && strings.Contains(got.Header.Get("Message-Id"), "@"+host) {
		t.Errorf("the message names this machine: %s", got.Header.Get("Message-Id"))
	}
	if !strings.Contains(string(b), "<b>è testo</b>") {
		t.Errorf("not to be read as it is:\n%s", b)
	}
	if kind := got.Header.Get("Content-Type"); !strings.HasPrefix(kind, "text/plain") || got.Header.Get("Bcc") != "" || got.Header.Get("Cc") != "" {
		t.Errorf("header %v", got.Header)
	}
}

// A stub of a mailer.
type stubMailer struct {
	took  time.Duration
	err   error
	tries int
	got   []letter
}

func (m *stubMailer) Deliver(ctx context.Context, l letter) error {
	m.tries++
	select {
	case <-time.After(m.took):
	case <-ctx.Done():
		return ctx.Err()
	}
	if m.err == nil {
		m.got = append(m.got, l)
	}
	return m.err
}

// Whoever puts a letter into the outbox does not wait for it; it is tried
// again; what waits at the end still goes out; and the log holds nothing of it.
func TestOutbox(t *testing.T) {
	t.Parallel()
	write := func(n notice) letter { return letter{To: n.To, Text: n.Secret} }
	n := notice{Message: account.Message{Kind: account.SendReset, To: "tecla@example.org", Secret: "IL-SEGRETO"}, Lang: "it"}
	for _, c := range []struct {
		name   string
		mailer *stubMailer
		puts   int
		got    int
		tries  int
		log    string
	}{
		{"all", &stubMailer{}, 3, 3, 3, ""},
		{"slow", &stubMailer{took: 10 * time.Second}, 3, 3, 3, ""},
		{"too slow", &stubMailer{took: time.Hour}, 1, 0, outboxTries, "mail lost"},
		{"refused", &stubMailer{err: errors.New("no tecla@example.org here: IL-SEGRETO")}, 1, 0, outboxTries, "mail lost"},
		{"too many", &stubMailer{took: time.Second}, outboxSize + 2, outboxSize, outboxSize, "too many"},
	} {
		synctest.Test(t, func(t *testing.T) {
			var log bytes.Buffer
			o := newOutbox(c.mailer, slog.New(slog.NewJSONHandler(&log, nil)))
			began := time.Now()
			for range c.puts {
				o.put(n)
			}
			if time.Since(began) > 0 {
				t.Errorf("%s: put took %v", c.name, time.Since(began))
			}
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan struct{})
			go func() { o.run(ctx, write); close(done) }()
			time.Sleep(2 * time.Hour)
			o.put(n) // and at the end, one more
			cancel()
			<-done
			if len(c.mailer.got) < c.got || c.mailer.tries < c.tries || !strings.Contains(log.String(), c.log) {
				t.Errorf("%s: %d of %d after %d tries: %s", c.name, len(c.mailer.got), c.got, c.mailer.tries, &log)
			}
			if c.log == "" && c.mailer.took < graceTime && (len(c.mailer.got) != c.got+1 || log.Len() > 0) {
				t.Errorf("%s: %d: %s", c.name, len(c.mailer.got), &log)
			}
			if strings.Contains(log.String(), "tecla") || strings.Contains(log.String(), "SEGRETO") {
				t.Errorf("%s: the log says %s", c.name, &log)
			}
		})
	}
}

// What -smtp cannot be is refused without repeating it: there is a password in
// it.
func TestSMTPAddress(t *testing.T) {
	t.Parallel()
	for address, ok := range map[string]bool{
		"smtps://me:secret@mail.example:465": true, "smtp://me:secret@mail.example:587": true, "smtp://localhost:25?tls=none": true, "smtp://mail.example": true,
		"": false, "mail.example:25": false, "http://me:secret@mail.example": false, "smtp://": false, "smtp://me:sec%ret@mail.example": false, "smtp://me:secret@mail.example:port": false,
	} {
		_, err := newSMTP(address, "noreply@example.org", nil)
		if (err == nil) != ok || err != nil && strings.Contains(err.Error(), "sec") {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// The portal's secret is made once, is read again, and is nobody else's.
func TestKeyFile(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "secret")
	key, err := readKey(name)
	if err != nil || len(key) != keySize {
		t.Fatal(len(key), err)
	}
	info, err := os.Stat(name)
	if err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if again, err := readKey(name); err != nil || !bytes.Equal(again, key) {
		t.Error("another secret", err)
	}
	if other, err := readKey(name + "2"); err != nil || bytes.Equal(other, key) {
		t.Error("the same secret", err)
	}
	if err := os.WriteFile(name+"3", []byte("short"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := readKey(name + "3"); err == nil || strings.Contains(err.Error(), "short\"") {
		t.Error(err)
	}
	if runtime.GOOS != "windows" {
		if err := os.Chmod(name, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := readKey(name); err == nil {
			t.Error("a secret that others may read is taken")
		}
	}
	if p := samplePassword(key); len(p) < account.MinAlone || p != samplePassword(key) || p == samplePassword(testKey) || cheap.Check(p, account.MinAlone) != nil {
		t.Errorf("%q", p)
	}
}

// Letters in memory are printed.
func TestPrintMailer(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	m := &printMailer{out: &out}
	if err := m.Deliver(t.Context(), letter{"a@example.org", "Oggetto", "Testo\n"}); err != nil {
		t.Fatal(err)
	}
	if got, _ := io.ReadAll(&out); !strings.Contains(string(got), "To: a@example.org\nSubject: Oggetto\n\nTesto\n") {
		t.Errorf("%s", got)
	}
}
