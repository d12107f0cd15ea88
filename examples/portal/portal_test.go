// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/auth/password"
	"github.com/copis-it/copis/community/membership"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/storage/memory"
	"github.com/copis-it/copis/storage/sqlite"
)

// A stage is a portal over memory, with the sample and a clock that stands
// still until it is told to go.
type stage struct {
	t *testing.T
	p *portal
	h http.Handler

	post mailbox

	mu  sync.Mutex
	now time.Time
}

// A mailbox holds what was sent.
type mailbox struct {
	mu  sync.Mutex
	all []notice
}

func (m *mailbox) put(n notice) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.all = append(m.all, n)
}

// take returns what was sent since it was last asked.
func (m *mailbox) take() []notice {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := m.all
	m.all = nil
	return all
}

// cheap takes no time for passwords.
var cheap = password.New(password.Config{MemoryKiB: 8, Time: 1})

var testKey = []byte("thirty-two bytes of no secret...")

const testPassword = "orto lampada fiume sette"

var noon = time.Date(2026, 5, 14, 12, 0, 0, 0, time.UTC)

func newStage(t *testing.T, change ...func(*options)) *stage {
	t.Helper()
	s := &stage{t: t, now: noon}
	o := options{
		Store: memory.New(), Blobs: &memory.Blobs{}, Passwords: cheap, Key: testKey, Base: "/", Origin: "http://portale.example",
		Log: slog.New(slog.DiscardHandler), Clock: s.clock, Send: s.post.put,
	}
	for _, c := range change {
		c(&o)
	}
	if err := seed(t.Context(), o.community(), sampleAreas(), testPassword, noon); err != nil {
		t.Fatal(err)
	}
	var err error
	if s.p, err = newPortal(o); err != nil {
		t.Fatal(err)
	}
	s.h = s.p.handler()
	return s
}

func (s *stage) clock() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *stage) pass(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
}

// actor returns somebody of the sample, who acts for themselves.
func (s *stage) actor(login string) auth.Actor {
	s.t.Helper()
	users, err := s.p.c.Accounts.Named(s.t.Context(), []string{login})
	if err != nil || users[login].IsZero() {
		s.t.Fatalf("%s: %v", login, err)
	}
	return auth.Actor{User: users[login]}
}

// org returns the sample's organisation with a code.
func (s *stage) org(code string) membership.Org {
	s.t.Helper()
	o, err := s.p.c.Membership.OrgByCode(s.t.Context(), code)
	if err != nil {
		s.t.Fatal(err)
	}
	return o
}

// topic returns the sample's topic whose title begins with title.
func (s *stage) topic(title string) forum.Topic {
	s.t.Helper()
	all := storage.All(s.t.Context(), func(c storage.Cursor) (storage.Page[forum.Listed], error) {
		return s.p.c.Forum.Topics(s.t.Context(), s.actor("marta.colonna"), forum.TopicFilter{After: c, Limit: 100})
	})
	for x, err := range all {
		if err != nil {
			s.t.Fatal(err)
		}
		if strings.HasPrefix(x.Title, title) {
			return x.Topic
		}
	}
	s.t.Fatalf("no topic %q", title)
	return forum.Topic{}
}

// board returns the sample's board of that name.
func (s *stage) board(name string) forum.Board {
	s.t.Helper()
	for _, a := range s.p.areas {
		boards, err := s.p.c.Forum.Boards(s.t.Context(), s.actor("marta.colonna"), a.ID)
		if err != nil {
			s.t.Fatal(err)
		}
		for _, b := range boards {
			if b.Name == name {
				return b.Board
			}
		}
	}
	s.t.Fatalf("no board %q", name)
	return forum.Board{}
}

// replies returns the replies of a topic in order of arrival, as who sees them.
func (s *stage) replies(id forum.TopicID, login string) []forum.Reply {
	s.t.Helper()
	th, err := s.p.c.Forum.Thread(s.t.Context(), s.actor(login), forum.ThreadPage{Topic: id, Limit: 100})
	if err != nil {
		s.t.Fatal(err)
	}
	out := make([]forum.Reply, len(th.Replies.Items)+1)
	for _, r := range th.Replies.Items {
		out[r.Seq] = r
	}
	return out
}

// A browser keeps cookies and shows pages. It has no JavaScript.
type browser struct {
	t       *testing.T
	h       http.Handler
	cookies map[string]string
	header  http.Header
	addr    string
}

// browser returns one in which login has signed in, or a visitor's.
func (s *stage) browser(login string) *browser {
	s.t.Helper()
	b := &browser{t: s.t, h: s.h, cookies: map[string]string{}, header: http.Header{}, addr: "192.0.2.1:1234"}
	if login != "" {
		b.post(s.p.url("sign-in"), "name", login, "password", testPassword).is(http.StatusSeeOther)
	}
	return b
}

// What is shown is what the browser got.
type shown struct {
	t      *testing.T
	asked  string
	status int
	header http.Header
	body   string
	doc    *html.Node // of body, once it was parsed
}

// tree returns the page as a browser reads it.
func (a *shown) tree() *html.Node {
	a.t.Helper()
	if a.doc == nil {
		a.doc = parsed(a.t, a.body)
	}
	return a.doc
}

func (b *browser) do(method, address, body string) *shown {
	b.t.Helper()
	r := httptest.NewRequestWithContext(b.t.Context(), method, "http://portale.example"+strings.SplitN(address, "#", 2)[0], strings.NewReader(body))
	r.RemoteAddr = b.addr
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	for name, values := range b.header {
		r.Header[name] = values
	}
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	w := httptest.NewRecorder()
	b.h.ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		} else {
			b.cookies[c.Name] = c.Value
		}
	}
	return &shown{t: b.t, asked: method + " " + address, status: w.Code, header: w.Header(), body: w.Body.String()}
}

func (b *browser) get(address string) *shown { b.t.Helper(); return b.do(http.MethodGet, address, "") }

// post sends a form of pairs of names and values.
func (b *browser) post(address string, pairs ...string) *shown {
	b.t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	return b.do(http.MethodPost, address, form.Encode())
}

func (a *shown) is(status int) *shown {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("%s: status %d, want %d\n%s", a.asked, a.status, status, text(a.body))
	}
	return a
}

func (a *shown) has(texts ...string) *shown {
	a.t.Helper()
	for _, s := range texts {
		if !strings.Contains(a.body, s) {
			a.t.Errorf("%s: no %q in\n%s", a.asked, s, a.body)
		}
	}
	return a
}

func (a *shown) hasNot(texts ...string) *shown {
	a.t.Helper()
	for _, s := range texts {
		if strings.Contains(a.body, s) {
			a.t.Errorf("%s: %q is in\n%s", a.asked, s, a.body)
		}
	}
	return a
}

func (a *shown) to() string { return a.header.Get("Location") }

// follow goes where the answer leads.
func (b *browser) follow(a *shown) *shown {
	b.t.Helper()
	for range 5 {
		if a.status != http.StatusSeeOther {
			return a
		}
		a = b.get(a.to())
	}
	b.t.Fatalf("%s: leads in circles", a.asked)
	return nil
}

// value returns what a form of the page holds in a field.
func (a *shown) value(name string) string {
	a.t.Helper()
	for n := range a.tree().Descendants() {
		switch {
		case n.Type != html.ElementNode || attr(n, "name") != name:
		case n.Data == "textarea":
			if n.FirstChild == nil {
				return ""
			}
			return n.FirstChild.Data
		case n.Data == "input":
			return attr(n, "value")
		}
	}
	a.t.Fatalf("%s: no field %q", a.asked, name)
	return ""
}

func parsed(t *testing.T, page string) *html.Node {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// text returns the words of a page.
func text(page string) string {
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		return page
	}
	var b strings.Builder
	for n := range doc.Descendants() {
		if n.Type == html.TextNode && strings.TrimSpace(n.Data) != "" {
			b.WriteString(strings.TrimSpace(n.Data) + "\n")
		}
	}
	return b.String()
}

// walk follows every link of every page from home on and returns the pages by
// their address. Links that change the language are left.
func (b *browser) walk(home string) map[string]*shown {
	b.t.Helper()
	pages := map[string]*shown{}
	for queue := []string{home}; len(queue) > 0; {
		address := queue[0]
		queue = queue[1:]
		if pages[address] != nil {
			continue
		}
		a := b.get(address)
		pages[address] = a
		links := []string{a.to()}
		if strings.HasPrefix(a.header.Get("Content-Type"), "text/html") {
			links = linksIn(a.tree())
		}
		for _, link := range links {
			u, err := url.Parse(link)
			if err != nil {
				b.t.Errorf("%s: link %q: %v", address, link, err)
				continue
			}
			if link == "" || u.Host != "" || u.Path == "" || u.Query().Has("lang") {
				continue
			}
			u.Fragment = ""
			queue = append(queue, u.String())
		}
		if len(pages) > 5000 {
			b.t.Fatal("the walk does not end")
		}
	}
	return pages
}

func linksOf(t *testing.T, page string) []string {
	t.Helper()
	return linksIn(parsed(t, page))
}

func linksIn(page *html.Node) []string {
	var out []string
	for n := range page.Descendants() {
		if n.Type == html.ElementNode && (n.Data == "a" || n.Data == "link") {
			out = append(out, attr(n, "href"))
		}
	}
	return out
}

// everyone are those whose pages are looked at: "" is a visitor.
var everyone = []string{"", "gemma.torrisi", "ettore.brighi", "osvaldo.renzi", "tecla.bassani", "nereo.galvani", "marta.colonna"}

func each(t *testing.T, f func(t *testing.T, login string)) {
	t.Helper()
	for _, login := range everyone {
		t.Run("as "+login, func(t *testing.T) {
			t.Parallel()
			f(t, login)
		})
	}
}

// Every page that anybody is led to is there, is sound HTML, and lacks no message.
func TestPages(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, login string) {
		s := newStage(t)
		pages := s.browser(login).walk("/")
		if len(pages) < 50 {
			t.Errorf("only %d pages", len(pages))
		}
		for address, a := range pages {
			if a.status != http.StatusOK && a.status != http.StatusSeeOther {
				t.Errorf("%s: status %d\n%s", address, a.status, text(a.body))
			}
			checkPage(t, a)
		}
	})
}

// The pages are the same over SQLite.
func TestPagesOnSQLite(t *testing.T) {
	t.Parallel()
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "copis.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	s := newStage(t, func(o *options) { o.Store = store })
	over := newStage(t)
	pages, expected := s.browser("marta.colonna").walk("/"), over.browser("marta.colonna").walk("/")
	if len(pages) != len(expected) {
		t.Errorf("%d pages, and %d over memory", len(pages), len(expected))
	}
	for _, a := range pages {
		if a.status != http.StatusOK && a.status != http.StatusSeeOther {
			t.Errorf("%s: status %d\n%s", a.asked, a.status, text(a.body))
		}
		checkPage(t, a)
	}
	if got, want := text(pages["/"].body), text(expected["/"].body); got != want {
		t.Errorf("the home page differs:\n%s\n%s", got, want)
	}
}

// In English too.
func TestPagesInEnglish(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	b := s.browser("marta.colonna")
	b.get("/?lang=en").is(http.StatusOK).has(`<html lang="en">`, "Sign out")
	for _, a := range b.walk("/") {
		if strings.HasPrefix(a.header.Get("Content-Type"), "text/html") && a.status == http.StatusOK {
			a.has(`<html lang="en">`)
			checkPage(t, a)
		}
	}
	b.get("/?lang=it").has(`<html lang="it">`)
}

func TestLanguage(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	for accepted, want := range map[string]string{
		"": "it", "en": "en", "en-GB,en;q=0.8": "en", "it-IT,en;q=0.5": "it", "fr": "it", "de,en;q=0.3": "en", "*": "it",
		strings.Repeat("en,", 100) + "en": "it", // no browser says so much: it is not read
	} {
		b := s.browser("")
		b.header.Set("Accept-Language", accepted)
		b.get("/").is(http.StatusOK).has(`<html lang="` + want + `">`)
	}
	s.browser("").get("/?lang=xx").is(http.StatusOK).has(`<html lang="it">`)
}

// The portal works under any base path: no link leads out of it.
func TestBasePath(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(o *options) { o.Base = "comunita" })
	b := s.browser("marta.colonna")
	for address, a := range b.walk("/comunita/") {
		if !strings.HasPrefix(address, "/comunita/") {
			t.Errorf("%s is outside", address)
		}
		if a.status != http.StatusOK && a.status != http.StatusSeeOther {
			t.Errorf("%s: status %d", address, a.status)
		}
		if to := a.to(); to != "" && !strings.HasPrefix(to, "/comunita/") {
			t.Errorf("%s leads to %s", address, to)
		}
		for n := range a.tree().Descendants() {
			if action := attr(n, "action"); n.Data == "form" && !strings.HasPrefix(action, "/comunita/") {
				t.Errorf("%s: a form is sent to %q", address, action)
			}
		}
	}
	if a := b.get("/"); a.status != http.StatusSeeOther || a.to() != "/comunita/" {
		t.Errorf("/ leads to %q", a.to())
	}
	if a := b.get("/comunita"); a.to() != "/comunita/" {
		t.Errorf("/comunita leads to %q", a.to())
	}
	b.get("/.well-known/security.txt").is(http.StatusOK)
}

// A base path that no address could name is refused.
func TestBasePathIsPlain(t *testing.T) {
	t.Parallel()
	for base, want := range map[string]string{
		"": "/", "/": "/", "a": "/a/", "/a/b": "/a/b/", "a.b-c_d~1/": "/a.b-c_d~1/",
		"/{x}/": "", "/è/": "", "/a b/": "", "/../": "", "/a//b/": "", "/%41/": "", "/?": "",
	} {
		p, err := newPortal(options{Store: memory.New(), Passwords: cheap, Key: testKey, Base: base, Origin: "http://portale.example", Log: slog.New(slog.DiscardHandler)})
		if (err == nil) != (want != "") || err == nil && p.base != want {
			t.Errorf("%q: %v", base, err)
		}
	}
}

// Whoever is not of a circle sees none of its titles, on no page and in no feed.
func TestReservedIsNowhere(t *testing.T) {
	t.Parallel()
	reserved := []string{"Prima bozza degli indicatori", "Appunti della prima riunione", "Cruscotto degli indicatori", "Gruppo di lavoro sugli outcome", "costo orario convenzionale"}
	community := []string{"Pagamento a risultato a cavallo", "Soglia secca", "Schemi PBR e contabilità", "tre gradini"}
	secrets := map[string][]string{
		"": append(reserved, community...), "ettore.brighi": reserved, "osvaldo.renzi": reserved, "nereo.galvani": reserved,
	}
	for login, secret := range secrets {
		t.Run("as "+login, func(t *testing.T) {
			t.Parallel()
			for _, a := range newStage(t).browser(login).walk("/") {
				a.hasNot(secret...)
			}
		})
	}
	// Whoever is of the circle does see them: the test tests something.
	var all strings.Builder
	for _, a := range newStage(t).browser("tecla.bassani").walk("/") {
		all.WriteString(a.body)
	}
	for _, words := range secrets[""] {
		if !strings.Contains(all.String(), words) {
			t.Errorf("%q is not in the sample any more", words)
		}
	}
}
