// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"crypto/rand"
	"crypto/sha256"
	"net/http"
	"net/url"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/copis-it/copis/storage"
)

// How long a session lasts: since it was last used, and in all.
const (
	sessionIdle = 2 * time.Hour
	sessionMost = 12 * time.Hour
)

// maxSessions bounds the memory that sessions take.
const maxSessions = 10_000

// sessions know who is signed in. They live in memory: whoever restarts the
// portal signs everybody out, and a portal of many nodes keeps them elsewhere.
type sessions struct {
	clock storage.Clock

	mu sync.Mutex
	m  map[[sha256.Size]byte]session // by a hash, so that memory holds no valid token
}

type session struct {
	login         string
	started, used time.Time
}

func newSessions(clock storage.Clock) *sessions {
	return &sessions{clock: clock, m: map[[sha256.Size]byte]session{}}
}

// start returns the token of a new session.
func (s *sessions) start(login string) string {
	token := rand.Text()
	now := s.clock.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.m) >= maxSessions {
		s.sweep(now)
	}
	s.m[sha256.Sum256([]byte(token))] = session{login, now, now}
	return token
}

// sweep forgets the sessions that are over, and if none is, the one that was
// not used for longest.
func (s *sessions) sweep(now time.Time) {
	var idlest [sha256.Size]byte
	for token, x := range s.m {
		if x.over(now) {
			delete(s.m, token)
		} else if i, ok := s.m[idlest]; !ok || x.used.Before(i.used) {
			idlest = token
		}
	}
	if len(s.m) >= maxSessions {
		delete(s.m, idlest)
	}
}

func (x session) over(now time.Time) bool {
	return now.Sub(x.used) > sessionIdle || now.Sub(x.started) > sessionMost
}

// login returns who is signed in with a request, "" for a visitor.
func (s *sessions) login(r *http.Request) string {
	key, ok := sessionKey(r)
	if !ok {
		return ""
	}
	now := s.clock.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	x, ok := s.m[key]
	if !ok || x.over(now) {
		delete(s.m, key)
		return ""
	}
	x.used = now
	s.m[key] = x
	return x.login
}

// end forgets the session of a request.
func (s *sessions) end(r *http.Request) {
	if key, ok := sessionKey(r); ok {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.m, key)
	}
}

func sessionKey(r *http.Request) ([sha256.Size]byte, bool) {
	for _, name := range []string{secureCookie, plainCookie} {
		if c, err := r.Cookie(name); err == nil {
			return sha256.Sum256([]byte(c.Value)), true
		}
	}
	return [sha256.Size]byte{}, false
}

// Browsers take a cookie named __Host- only over https, for this host alone
// and for all its paths.
const (
	secureCookie = "__Host-copis"
	plainCookie  = "copis"
)

func (p *portal) setCookie(v *visit, value string, age time.Duration) {
	c := &http.Cookie{
		Name: plainCookie, Value: value, Path: "/", MaxAge: int(age.Seconds()),
		HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
	if isHTTPS(p.origin) {
		c.Name, c.Secure = secureCookie, true
	}
	http.SetCookie(v.w, c)
}

func isHTTPS(origin string) bool { return strings.HasPrefix(origin, "https://") }

type signInView struct {
	People  []*person
	Next    string // where to go afterwards
	Problem string
}

func (p *portal) signInPage(v *visit) error {
	next := v.r.URL.Query().Get("next")
	if from, err := url.Parse(v.r.Referer()); next == "" && err == nil && from.Host == v.r.Host {
		next = from.RequestURI()
	}
	return p.show(v, "signin", p.t(v, "signin.title"), signInView{People: p.people.Members(), Next: p.local(next)})
}

func (p *portal) signIn(v *visit) error {
	someone := p.people.Login(v.field("login"))
	if someone == nil {
		return p.render(v, http.StatusUnprocessableEntity, "signin", page{
			Title: p.t(v, "signin.title"),
			Data:  signInView{People: p.people.Members(), Next: p.local(v.field("next")), Problem: p.t(v, "signin.unknown")},
		})
	}
	p.sessions.end(v.r) // a token from before is worth nothing after
	p.setCookie(v, p.sessions.start(someone.Login), sessionMost)
	return p.redirect(v, p.local(v.field("next")))
}

func (p *portal) signOut(v *visit) error {
	p.sessions.end(v.r)
	p.setCookie(v, "", -time.Second)
	return p.redirect(v, query(p.url(), "done", "signed_out"))
}

// local returns the address if it is a page of this portal, and if not the
// page above it, such as the topic of a button that a visitor pressed, or home,
// so that nobody is sent elsewhere by a link they were given.
func (p *portal) local(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || u.Opaque != "" ||
		!strings.HasPrefix(u.Path, p.base) || u.Path == p.url("sign-in") {
		return p.url()
	}
	if clean := path.Clean(u.Path); clean != u.Path && clean+"/" != u.Path {
		return p.url() // dots and slashes could lead out again
	}
	q := u.Query()
	q.Del("done")
	for at := u.Path; strings.HasPrefix(at, p.base); at, q = path.Dir(at), nil {
		to := &url.URL{Path: at, RawQuery: q.Encode()}
		_, pattern := p.pages.Handler(&http.Request{Method: http.MethodGet, URL: to})
		if strings.HasPrefix(pattern, http.MethodGet+" ") {
			return to.String()
		}
	}
	return p.url()
}
