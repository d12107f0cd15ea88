// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/auth/account"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/storage/memory"
)

// Requests of other sites change nothing.
func TestCrossOrigin(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	topic := s.topic("Innovazione sociale")
	path := "/topics/" + topic.ID.String()
	for _, header := range []map[string]string{
		{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"},
		{"Sec-Fetch-Site": "", "Origin": "https://evil.example"}, {"Sec-Fetch-Site": "", "Origin": "null"},
	} {
		b := s.browser("nereo.galvani")
		for name, value := range header {
			b.header.Set(name, value)
		}
		for _, address := range []string{path + "/reply", path + "/lock", path + "/hide", "/sign-out", "/sign-in", "/unread"} {
			b.post(address, "do", "post", "body", "x", "locked", "1", "why", "x", "name", "marta.colonna", "password", testPassword).is(http.StatusForbidden).has("un altro sito").hasNot("<textarea")
		}
		b.header = http.Header{}
		b.get("/").has("Nereo Galvani, moderatore")
	}
	if now := s.topic("Innovazione sociale"); now.Version != topic.Version || now.Replies != topic.Replies {
		t.Error("the topic has changed")
	}
	b := s.browser("nereo.galvani")
	b.header.Set("Sec-Fetch-Site", "")
	b.header.Set("Origin", "http://portale.example")
	b.post(path+"/lock", "locked", "1").is(http.StatusSeeOther)

	// A proxy may call the portal by a name that no browser knows.
	b = newStage(t, func(o *options) { o.Origin = "https://comunita.example" }).browser("nereo.galvani")
	b.header.Set("Sec-Fetch-Site", "")
	b.header.Set("Origin", "https://comunita.example")
	b.post("/unread").is(http.StatusSeeOther)
}

// How long a session lasts: since it was last used, and in all.
const (
	sessionIdle = 12 * time.Hour
	sessionMost = 7 * 24 * time.Hour
)

func TestSession(t *testing.T) {
	t.Parallel()
	for origin, name := range map[string]string{"http://portale.example": "copis", "https://portale.example": "__Host-copis"} {
		s := newStage(t, func(o *options) { o.Origin = origin })
		b := s.browser("")
		a := b.post("/sign-in", "name", "tecla.bassani", "password", testPassword).is(http.StatusSeeOther)
		c, err := http.ParseSetCookie(a.header.Get("Set-Cookie"))
		if err != nil {
			t.Fatal(err)
		}
		https := strings.HasPrefix(origin, "https")
		if c.Name != name || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || c.Secure != https || len(c.Value) < 26 {
			t.Errorf("cookie %s", a.header.Get("Set-Cookie"))
		}
		if hsts := a.header.Get("Strict-Transport-Security"); (hsts != "") != https {
			t.Errorf("%s: HSTS %q", origin, hsts)
		}
		b.get("/").is(http.StatusOK).has("Tecla Bassani, membro")

		// Signing in again gives another token, and the old one is worth nothing.
		old := b.cookies[name]
		b.post("/sign-in", "name", "osvaldo.renzi", "password", testPassword).is(http.StatusSeeOther)
		if b.cookies[name] == old {
			t.Error("the token stayed")
		}
		thief := s.browser("")
		thief.cookies[name] = old
		thief.get("/").hasNot("Tecla Bassani, membro")

		// So it is after signing out, and when the session is over.
		old = b.cookies[name]
		b.follow(b.post("/sign-out")).has("La sessione è chiusa.")
		thief.cookies[name] = old
		thief.get("/").hasNot("Osvaldo Renzi, membro").has("Accedi")
	}
	s := newStage(t)
	b := s.browser("tecla.bassani")
	const pause = sessionIdle - time.Minute
	for range int(sessionMost / pause) {
		s.pass(pause)
		b.get("/").has("Tecla Bassani, membro")
	}
	s.pass(pause)
	b.get("/").hasNot("Tecla Bassani, membro")
	b = s.browser("tecla.bassani")
	s.pass(sessionIdle + time.Second)
	b.get("/").hasNot("Tecla Bassani, membro")

	s.browser("").post("/sign-in", "name", "qualcun.altro", "password", testPassword, "next", "/unread").is(http.StatusUnprocessableEntity).has("Nome o password non corretti", `value="/unread"`, `value="qualcun.altro"`).hasNot(testPassword)
}

// Signing in leads to a page of the portal and nowhere else: after a button
// that a visitor pressed in vain, to the page that has it.
func TestSignInLeadsBack(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(o *options) { o.Base = "/comunita/" })
	topic := "/comunita/topics/" + s.topic("Innovazione sociale").ID.String()
	for next, want := range map[string]string{
		topic: topic, topic + "?order=newest&done=read": topic + "?order=newest", topic + "/follow": topic, topic + "/follow?x=1": topic,
		"/comunita/nowhere/at/all": "/comunita/", "/comunita/sign-in": "/comunita/", "/elsewhere": "/comunita/", "": "/comunita/",
		"//evil.example/": "/comunita/", "https://evil.example/comunita/": "/comunita/", `/\evil.example`: "/comunita/",
		"/comunita/..//evil.example": "/comunita/", "/comunita/%2F/evil.example": "/comunita/", "javascript:alert(1)": "/comunita/",
	} {
		b := s.browser("")
		if a := b.post("/comunita/sign-in", "name", "tecla.bassani", "password", testPassword, "next", next).is(http.StatusSeeOther); a.to() != want {
			t.Errorf("%q leads to %q", next, a.to())
		}
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	for _, a := range []*shown{s.browser("").get("/"), s.browser("").get("/nowhere"), s.browser("tecla.bassani").get("/"), s.browser("").get("/static/portal.css")} {
		for name, want := range map[string]string{
			"Content-Security-Policy": "default-src 'none'", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
			"Referrer-Policy": "same-origin", "Vary": "Cookie, Authorization, Accept-Language",
		} {
			if !strings.Contains(a.header.Get(name), want) {
				t.Errorf("%s: %s is %q", a.asked, name, a.header.Get(name))
			}
		}
		if csp := a.header.Get("Content-Security-Policy"); strings.Contains(csp, "unsafe") || !strings.Contains(csp, "frame-ancestors 'none'") {
			t.Errorf("%s: %s", a.asked, csp)
		}
	}
	if got := s.browser("tecla.bassani").get("/").header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("a member's page: %s", got)
	}
	css := s.browser("").get("/static/portal.css").is(http.StatusOK)
	if got := css.header.Get("Content-Type"); !strings.HasPrefix(got, "text/css") {
		t.Error(got)
	}
	// What a cache may give to others sets no cookie.
	if got := s.browser("").get("/static/portal.css?lang=en").is(http.StatusOK).header.Get("Set-Cookie"); got != "" {
		t.Errorf("portal.css sets %s", got)
	}
	b := s.browser("")
	b.header.Set("If-None-Match", css.header.Get("ETag"))
	b.get("/static/portal.css").is(http.StatusNotModified)
	s.browser("").get("/static/portal.html").is(http.StatusNotFound)
	s.browser("").get("/static/../main.go").is(http.StatusTemporaryRedirect)

	text := s.browser("").get("/.well-known/security.txt").is(http.StatusOK).has("Contact: https://", "Canonical: http://portale.example/.well-known/security.txt")
	_, expires, _ := strings.Cut(text.body, "Expires: ")
	at, err := time.Parse(time.RFC3339, strings.SplitN(expires, "\n", 2)[0])
	if err != nil || !at.After(noon) || at.After(noon.AddDate(1, 0, 0)) {
		t.Errorf("expires %v, %v", at, err)
	}
}

// A body that is too large is answered, whatever page it is for.
func TestOversizedBody(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	b := s.browser("tecla.bassani")
	for _, address := range []string{"/topics/" + s.topic("Innovazione sociale").ID.String() + "/reply", "/sign-in", "/nowhere"} {
		b.do(http.MethodPost, address, "body="+strings.Repeat("a", maxForm)).is(http.StatusRequestEntityTooLarge).has("troppo grande")
	}
	b.do(http.MethodPost, "/sign-in", "login=%zz").is(http.StatusBadRequest)

	// The longest text that the forum takes does get through.
	long := strings.Repeat("🌍", forum.MaxBody)
	b.post("/topics/"+s.topic("Innovazione sociale").ID.String()+"/reply", "do", "post", "body", long).is(http.StatusSeeOther)
}

func TestRequestLimit(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(o *options) { o.Rates.Requests = pace{time.Second, 5} })
	b := s.browser("")
	for range 5 {
		b.get("/").is(http.StatusOK)
	}
	a := b.get("/").is(http.StatusTooManyRequests).has("Aspetta 1 secondo.")
	if got := a.header.Get("Retry-After"); got != "1" {
		t.Errorf("Retry-After %q", got)
	}
	other := s.browser("")
	other.addr = "[2001:db8::1]:999"
	for i := range 5 {
		other.addr = fmt.Sprintf("[2001:db8::%d]:999", i) // one subscriber
		other.get("/").is(http.StatusOK)
	}
	other.get("/").is(http.StatusTooManyRequests)
	s.pass(time.Second)
	b.get("/").is(http.StatusOK)
	b.get("/").is(http.StatusTooManyRequests)
}

// Whom a proxy speaks for is believed only of the header it was told to use,
// and only of what it added itself.
func TestClient(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		header, value, want string
	}{
		{"", "203.0.113.9", "192.0.2.1"}, {"X-Forwarded-For", "203.0.113.9", "203.0.113.9"}, {"X-Forwarded-For", "10.0.0.1, 203.0.113.9", "203.0.113.9"},
		{"X-Forwarded-For", "", "192.0.2.1"}, {"X-Forwarded-For", "nonsense", "192.0.2.1"}, {"X-Forwarded-For", "2001:db8::9", "2001:db8::/64"}, {"X-Real-Ip", "203.0.113.9", "203.0.113.9"},
	} {
		s := newStage(t, func(o *options) { o.ClientHeader = c.header })
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.RemoteAddr = "192.0.2.1:1234"
		r.Header.Set("X-Forwarded-For", c.value)
		r.Header.Set("X-Real-Ip", c.value)
		if got := s.p.client(r); got != c.want {
			t.Errorf("%s: %q is %q", c.header, c.value, got)
		}
	}
}

// A portal that a proxy stands before without its knowing says so, once, and
// nothing of who asked.
func TestProxyIsNoticed(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]int{"": 1, "X-Real-IP": 0} {
		var log lockedBuffer
		s := newStage(t, func(o *options) {
			o.ClientHeader, o.Log = header, slog.New(slog.NewJSONHandler(&log, nil))
		})
		b := s.browser("")
		b.get("/").is(http.StatusOK)
		if strings.Contains(log.String(), "proxy") {
			t.Errorf("%q: noticed without one", header)
		}
		b.header.Set("X-Forwarded-For", "203.0.113.9")
		b.get("/").is(http.StatusOK)
		b.get("/").is(http.StatusOK)
		if n := strings.Count(log.String(), "client-header"); n != want || strings.Contains(log.String(), "203.0.113") {
			t.Errorf("%q: said %d times\n%s", header, n, log.String())
		}
	}
}

// Buckets take bounded memory, and a client that is in use is not forgotten.
func TestBucketsAreBounded(t *testing.T) {
	t.Parallel()
	b := newBuckets(func() time.Time { return noon }, pace{time.Hour, 1})
	if b.wait("known") != 0 || b.wait("known") == 0 {
		t.Error("the pace is not kept")
	}
	for i := range 3 * maxBuckets {
		if i%(maxBuckets/2) == 0 && b.wait("known") == 0 {
			t.Fatalf("forgotten after %d", i)
		}
		b.wait(fmt.Sprint(i))
	}
	if n := len(b.fresh) + len(b.old); n > 2*maxBuckets {
		t.Errorf("%d buckets", n)
	}
}

// failing is a store of which one call fails.
type failing struct {
	community.Store
	err   error
	panic bool
}

func (f failing) Forum() forum.Store { return failingForum{f.Store.Forum(), f} }

func (f failing) Done(context.Context, uuid.UUID, string) (uuid.UUID, error) {
	return uuid.Nil, f.err
}

type failingForum struct {
	forum.Store
	how failing
}

func (f failingForum) Boards(context.Context, forum.BoardQuery) ([]forum.BoardListed, error) {
	if f.how.panic {
		panic("a mistake")
	}
	return nil, f.how.err
}

// When the store fails, the page says so, the log knows why, and /status too.
func TestFailure(t *testing.T) {
	t.Parallel()
	secret := errors.New("disk of 10.1.2.3 is full")
	for _, c := range []struct {
		err    error
		panic  bool
		status int
		want   string
	}{
		{secret, false, http.StatusInternalServerError, "Qualcosa non ha funzionato"},
		{secret, true, http.StatusInternalServerError, "Qualcosa non ha funzionato"},
		{storage.ErrRetry, false, http.StatusServiceUnavailable, "non riusciamo a rispondere"},
		{context.DeadlineExceeded, false, http.StatusServiceUnavailable, "non riusciamo a rispondere"},
	} {
		s := newStage(t)
		var log bytes.Buffer
		p, err := newPortal(options{
			Store: failing{s.p.store, c.err, c.panic}, Passwords: cheap, Key: testKey, Log: slog.New(slog.NewJSONHandler(&log, nil)), Clock: s.clock, Origin: s.p.origin,
		})
		if err != nil {
			t.Fatal(err)
		}
		b := s.browser("")
		b.h = p.handler()
		checkPage(t, b.get("/").is(c.status).has(c.want).hasNot("10.1.2.3", "a mistake"))
		if !strings.Contains(log.String(), `"msg":"request failed"`) || strings.Contains(log.String(), "192.0.2.1") {
			t.Errorf("log: %s", log.String())
		}
		a := b.get("/status").is(http.StatusServiceUnavailable)
		var got map[string]any
		if err := json.Unmarshal([]byte(a.body), &got); err != nil || got["ok"] != false || got["store"] != false {
			t.Errorf("status %s", a.body)
		}
	}
	s := newStage(t)
	var got map[string]any
	if err := json.Unmarshal([]byte(s.browser("").get("/status").is(http.StatusOK).body), &got); err != nil || got["ok"] != true || got["store"] != true || got["version"] == "" {
		t.Errorf("status %v, %v", got, err)
	}
}

// The log names routes, never people, addresses or texts.
func TestLogIsNotPersonal(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	s := newStage(t, func(o *options) {
		o.Log = slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	b := s.browser("tecla.bassani")
	topic := s.topic("Innovazione sociale")
	b.follow(b.post("/topics/"+topic.ID.String()+"/reply", "do", "post", "body", "parole mie"))
	b.get("/nowhere?q=parole")
	if err := s.p.c.Tick(t.Context()); err != nil {
		t.Fatal(err)
	}
	out := log.String()
	for _, personal := range []string{"tecla", "Tecla", "192.0.2.1", topic.ID.String(), "parole", b.cookies[sessionCookie], s.actor("tecla.bassani").User.String()} {
		if strings.Contains(out, personal) {
			t.Errorf("the log says %q", personal)
		}
	}
	for _, want := range []string{`"route":"POST /topics/{topic}/reply","status":303`, `"name":"forum.replied"`, `"route":"/","status":404`} {
		if !strings.Contains(out, want) {
			t.Errorf("the log lacks %s\n%s", want, out)
		}
	}
}

// S63, S78: whatever happens to an account, the log has no secret, no address
// and no name of it, nor a line that somebody else made up.
func TestLogHoldsNoSecret(t *testing.T) {
	t.Parallel()
	var log lockedBuffer
	s := newStage(t, func(o *options) {
		o.Log = slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	secrets := []string{testPassword, otherPassword, "una password sbagliata", "example.net", "example.org", "livia", "Livia", "192.0.2.1", string(testKey)}
	b := s.browser("")
	b.header.Set("User-Agent", "\x1b[31mrosso\n{\"level\":\"ERROR\"}")
	b.post("/sign-up", "name", "livia.monti", "address", "livia@example.net", "password", testPassword, "agree-terms", sampleTerms[0].Edition).is(http.StatusSeeOther)
	link := b.get(s.link(account.SendVerify))
	secrets = append(secrets, link.value("token"))
	b.post("/verify", "token", link.value("token")).is(http.StatusSeeOther)
	b.post("/sign-in", "name", "livia\n{\"level\":\"ERROR\"}", "password", "una password sbagliata").is(http.StatusUnprocessableEntity)
	b.post("/sign-in", "name", "livia.monti", "password", "una password sbagliata").is(http.StatusUnprocessableEntity)
	b.post("/account/password", "current", testPassword, "password", otherPassword).is(http.StatusSeeOther)
	b.post("/forgot", "address", "livia@example.net").is(http.StatusSeeOther)
	reset := b.get(s.link(account.SendReset))
	b.post("/reset", "token", reset.value("token"), "password", testPassword).is(http.StatusSeeOther)
	b.post("/sign-in", "name", "livia.monti", "password", testPassword).is(http.StatusSeeOther)
	key, codes := s.withFactor(b)
	page := b.post("/account/tokens", "name", "livia", "days", "30", "scopes", "forum.read").is(http.StatusOK)
	token := secretOnPage.FindStringSubmatch(page.body)[1]
	c := s.browser("")
	c.header.Set("Authorization", "Bearer "+token)
	c.get("/topics/" + s.topic("Innovazione sociale").ID.String() + "/feed.atom")
	secrets = append(append(secrets, reset.value("token"), key, token, b.cookies[sessionCookie]), codes...)
	if err := s.p.c.Tick(t.Context()); err != nil {
		t.Fatal(err)
	}
	out := log.String()
	for _, x := range secrets {
		if strings.Contains(out, x) {
			t.Errorf("the log says %q", x)
		}
	}
	for line := range strings.Lines(out) {
		var fields map[string]any
		if err := json.Unmarshal([]byte(line), &fields); err != nil || fields["level"] == "ERROR" || strings.Contains(line, "rosso") {
			t.Errorf("line %q: %v", line, err)
		}
	}
	if !strings.Contains(out, `"route":"POST /reset"`) {
		t.Errorf("the log lacks the route\n%s", out)
	}
}

// A lockedBuffer is written to by many.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// The sample is made once, through the services, and again gives the same.
func TestSeed(t *testing.T) {
	t.Parallel()
	store := memory.New()
	cfg := options{Store: store, Passwords: cheap, Key: testKey}.community()
	count := func() (topics, replies int) {
		page, err := store.Forum().Topics(t.Context(), forum.TopicQuery{Reach: auth.Everything, Limit: 100})
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range page.Items {
			replies += x.Replies
		}
		return len(page.Items), replies
	}
	for _, later := range []time.Duration{0, time.Hour, 60 * 24 * time.Hour} {
		if later > storage.OnceKept { // and the keys are forgotten
			if err := store.Apply(t.Context(), storage.Forget{Before: noon.Add(later)}); err != nil {
				t.Fatal(err)
			}
		}
		if err := seed(t.Context(), cfg, sampleAreas(), testPassword, noon.Add(later)); err != nil {
			t.Fatal(err)
		}
		topics, replies := count()
		if topics != 12 || replies < 50 {
			t.Errorf("%d topics, %d replies", topics, replies)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	empty := memory.New()
	cfg.Store = empty
	if err := seed(ctx, cfg, sampleAreas(), testPassword, noon); err == nil {
		t.Error("a seed that was cancelled did not fail")
	}
	page, err := empty.Forum().Topics(t.Context(), forum.TopicQuery{Reach: auth.Everything})
	if err != nil || len(page.Items) > 0 {
		t.Errorf("half a sample: %d, %v", len(page.Items), err)
	}
}
