// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
)

// world is the program as it runs, with a clock to turn and an attacker
// between provider and host.
type world struct {
	*testing.T
	*site
	providers map[string]*provider
	origin    string
	dial      func(ctx context.Context, network, addr string) (net.Conn, error)

	mu     sync.Mutex
	at     time.Time
	tamper func(map[string]any) // with the provider's answer to a code
	log    bytes.Buffer
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{T: t, at: time.Now(), providers: map[string]*provider{}}
	mux := http.NewServeMux()
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.mu.Lock()
		tamper := w.tamper
		w.mu.Unlock()
		if tamper == nil || !strings.HasSuffix(r.URL.Path, "/token") {
			mux.ServeHTTP(rw, r)
			return
		}
		kept := httptest.NewRecorder()
		mux.ServeHTTP(kept, r)
		answer := map[string]any{}
		if err := json.Unmarshal(kept.Body.Bytes(), &answer); err != nil {
			t.Error(err)
		}
		tamper(answer)
		tell(rw, kept.Code, answer)
	}))
	t.Cleanup(server.Close)
	to := server.Listener.Addr()
	w.dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, to.String())
	}
	port := to.(*net.TCPAddr).Port
	w.origin = hostAt(port)
	providers, err := mocks(mux, port, w.Now)
	require.NoError(t, err)
	for _, p := range providers {
		w.providers[p.key] = p
	}
	w.site, err = newSite(t.Context(), mux, port, providers, slog.New(slog.NewTextHandler(&w.log, nil)), w.Now)
	require.NoError(t, err)
	return w
}

func (w *world) Now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.at
}

func (w *world) later(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.at = w.at.Add(d)
}

// between puts somebody between provider and host.
func (w *world) between(tamper func(answer map[string]any)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tamper = tamper
}

// forge makes a provider issue an id_token with other claims; nil: without.
func (w *world) forge(p *provider, claims map[string]any) {
	w.between(func(answer map[string]any) {
		is := claimsOf(w.T, answer["id_token"].(string))
		for name, v := range claims {
			if v == nil {
				delete(is, name)
			} else {
				is[name] = v
			}
		}
		signed, err := p.sign(is)
		if err != nil {
			w.Error(err)
		}
		answer["id_token"] = signed
	})
}

func claimsOf(t *testing.T, token string) map[string]any {
	claims := map[string]any{}
	b, err := decode(strings.Split(token, ".")[1])
	if err == nil {
		err = json.Unmarshal(b, &claims)
	}
	if err != nil {
		t.Error(err)
	}
	return claims
}

// user returns who has a name.
func (w *world) user(name string) auth.UserID {
	w.Helper()
	named, err := w.c.Accounts.Named(w.Context(), []string{name})
	require.NoError(w, err)
	return named[name]
}

// linked returns how many identities somebody has.
func (w *world) linked(name string) int {
	w.Helper()
	x, err := w.c.Accounts.Export(w.Context(), w.user(name))
	require.NoError(w, err)
	return len(x.Identities)
}

// browser is somebody's.
type browser struct {
	*world
	client http.Client
	stop   func(*url.URL) bool // where it does not follow
}

// page is what a browser shows.
type page struct {
	status int
	body   string
	url    *url.URL
	header http.Header
}

func (w *world) browser() *browser {
	jar, err := cookiejar.New(nil)
	require.NoError(w, err)
	b := &browser{world: w}
	transport := &http.Transport{DialContext: w.dial}
	w.Cleanup(transport.CloseIdleConnections)
	b.client = http.Client{Jar: jar, Transport: transport, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if b.stop != nil && b.stop(r.URL) {
			return http.ErrUseLastResponse
		}
		return nil
	}}
	return b
}

func (b *browser) do(method, address string, form url.Values) page {
	b.Helper()
	if strings.HasPrefix(address, "/") {
		address = b.origin + address
	}
	r, err := http.NewRequestWithContext(b.Context(), method, address, strings.NewReader(form.Encode()))
	require.NoError(b, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := b.client.Do(r)
	require.NoError(b, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(b, err)
	return page{res.StatusCode, string(body), res.Request.URL, res.Header}
}

func (b *browser) get(address string) page { return b.do(http.MethodGet, address, nil) }

func (b *browser) post(address string, pairs ...string) page {
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return b.do(http.MethodPost, address, form)
}

// cookie returns the value of a cookie of the host, "" if there is none.
func (b *browser) cookie(name string) string {
	u, err := url.Parse(b.origin)
	require.NoError(b, err)
	for _, c := range b.client.Jar.Cookies(u) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

func (b *browser) setCookie(name, value string) {
	u, err := url.Parse(b.origin)
	require.NoError(b, err)
	b.client.Jar.SetCookies(u, []*http.Cookie{{Name: name, Value: value, Path: "/"}})
}

// choose goes to a door and says who it is there.
func (b *browser) choose(door string, as choice, pairs ...string) page {
	b.Helper()
	asked := b.post("/sign-in/"+door, pairs...)
	require.Equal(b, http.StatusOK, asked.status, asked.body)
	require.Contains(b, asked.body, `value="`+as.Value()+`"`)
	return b.post(asked.url.String(), "as", as.Value())
}

// caught is choose up to the answer, which it holds back.
func (b *browser) caught(door string, as choice) *url.URL {
	b.Helper()
	b.stop = func(u *url.URL) bool { return strings.HasPrefix(u.Path, "/callback/") }
	defer func() { b.stop = nil }()
	p := b.choose(door, as)
	u, err := url.Parse(p.header.Get("Location"))
	require.NoError(b, err)
	require.NotEmpty(b, u.Query().Get("code"))
	return u
}

// out is a browser that nobody is known by.
func (b *browser) out(p page) {
	b.Helper()
	require.Equal(b, http.StatusBadRequest, p.status)
	require.Equal(b, refusedPage, p.body, "one answer, whatever it was")
	require.Empty(b, b.cookie(sessionCookie))
	require.Empty(b, b.cookie(strangerCookie))
	require.Empty(b, b.cookie(flowCookie))
	require.Contains(b, b.get("/").body, "Entra con SPID")
}

var refusedPage = func() string {
	var b strings.Builder
	if err := pages.ExecuteTemplate(&b, "refused", refusals[0].text); err != nil {
		panic(err)
	}
	return b.String()
}()

// has says who is signed in, and how surely.
func (b *browser) has(name string, level auth.Level) {
	b.Helper()
	m := regexp.MustCompile(`Sei ([^,]*), livello di garanzia: ([^.]*)`).FindStringSubmatch(b.get("/").body)
	require.NotNil(b, m, "nobody is signed in")
	require.Equal(b, []string{name, known[level]}, m[1:])
}

func (w *world) signIn(b *browser) page {
	return b.post("/sign-in", "name", w.sample, "password", w.password)
}
