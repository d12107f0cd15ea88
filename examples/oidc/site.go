// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/auth/account"
	"github.com/copis-it/copis/auth/password"
	"github.com/copis-it/copis/auth/session"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/community/membership"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/storage/memory"
)

// A site is the host: a community with one board, and two doors to it.
type site struct {
	c     *community.Community
	doors map[string]*door
	board forum.BoardID
	seal  cipher.AEAD // of cookies
	now   func() time.Time
	log   *slog.Logger

	sample, password string // an account that is there already
}

// levels are how surely somebody must be known to do something.
var levels = map[auth.Action]auth.Level{forum.Start: auth.LevelSubstantial}

// everyone who has an account is a member; the portal shows who joins how.
type everyone struct{}

func (everyone) Standing(_ context.Context, who auth.Actor) (is community.Standing, _ error) {
	if !who.User.IsZero() {
		is.Role = auth.Member
	}
	return is, nil
}

// newSite hangs a host of these providers into a mux that is served at a port.
func newSite(ctx context.Context, mux *http.ServeMux, port int, providers []*provider, log *slog.Logger, now func() time.Time) (*site, error) {
	s := &site{doors: map[string]*door{}, now: now, log: log, sample: "anna", password: strings.ToLower(rand.Text())}
	for _, p := range providers {
		d, err := newDoor(ctx, p, now)
		if err != nil {
			return nil, err
		}
		s.doors[d.Key] = d
	}
	key := make([]byte, 64)
	rand.Read(key) // never fails
	block, err1 := aes.NewCipher(key[:32])
	seal, err2 := cipher.NewGCMWithRandomNonce(block)
	cfg := community.Config{
		Store: memory.New(), Clock: now, Standing: everyone{}, Levels: levels,
		Account: account.Config{Passwords: password.New(password.Config{}), Key: key[32:]},
	}
	s.c, s.seal = community.New(cfg), seal

	var sent string // to prove the address with
	cfg.Auth, cfg.Account.Send = auth.AllowAll{}, func(_ context.Context, m account.Message) { sent = m.Secret }
	first := community.New(cfg)
	user, err3 := first.Accounts.SignUp(ctx, account.NewAccount{Name: s.sample, Password: s.password, Address: anna.Email})
	_, err4 := first.Accounts.Verify(ctx, auth.Actor{User: user}, sent)
	board, err5 := first.Forum.OpenBoard(ctx, auth.Visitor, forum.NewBoard{Area: auth.Commons, Audience: auth.CommunityMembers, Name: "Avvisi"})
	s.board = board.ID
	mux.Handle("localhost/", secured(s.handler(), providersAt(port)))
	return s, errors.Join(err1, err2, err3, err4, err5)
}

func (s *site) handler() http.Handler {
	mux := http.NewServeMux()
	for pattern, page := range map[string]func(*visit) error{
		"GET /{$}": s.home, "POST /topics": s.start, "POST /sign-in": s.signIn, "POST /sign-out": s.signOut,
		"POST /sign-in/{door}": s.begin, "GET /callback/{door}": s.callback,
		"GET /who": s.who, "POST /who/{how}": s.settle,
	} {
		mux.HandleFunc(pattern, s.serve(page))
	}
	return mux
}

// A visit is one request and who makes it.
type visit struct {
	w       http.ResponseWriter
	r       *http.Request
	who     auth.Actor
	session session.ID
	secret  string // of the session
}

// to sends a browser on: to a page of this site, or to a provider. No address
// of a request is ever followed.
func (v *visit) to(address string) error {
	http.Redirect(v.w, v.r, address, http.StatusSeeOther)
	return nil
}

func (v *visit) source() string {
	host, _, _ := net.SplitHostPort(v.r.RemoteAddr)
	return host
}

var (
	errFailed = errors.New("not signed in")
	errSecond = errors.New("second factor asked for")
)

// refusals are what people are told, the first that matches. Whatever goes
// wrong at a door is one answer.
var refusals = []struct {
	is     error
	status int
	text   string
}{
	{errFailed, http.StatusBadRequest, "L’accesso non è riuscito. Ricomincia."},
	{account.ErrSignIn, http.StatusUnprocessableEntity, "Il nome o la password non sono giusti."},
	{account.ErrToken, http.StatusUnprocessableEntity, "È passato troppo tempo. Ricomincia."},
	{errSecond, http.StatusForbidden, "Questo account chiede anche un codice, che questo esempio non mostra."},
	{auth.ErrDenied, http.StatusForbidden, "Per questo bisogna entrare."},
	{auth.ErrLimited, http.StatusTooManyRequests, "Troppi tentativi. Aspetta un poco."},
	{storage.ErrInvalid, http.StatusUnprocessableEntity, "Non va bene ciò che hai scritto: "},
	{nil, http.StatusInternalServerError, "Qualcosa non ha funzionato."},
}

// serve answers a request with a page, or with why not.
func (s *site) serve(page func(*visit) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v := &visit{w: w, r: r}
		err := s.know(v)
		if err == nil {
			err = page(v)
		}
		if err == nil {
			return
		}
		s.log.WarnContext(r.Context(), "refused", "route", r.Pattern, "why", err)
		var denied *auth.Denied
		if errors.As(err, &denied) && denied.Reason == membership.ReasonLevel {
			_ = show(w, http.StatusForbidden, "level", map[string]any{"Doors": s.doors, "Class": acr[levels[denied.Action]]})
			return
		}
		for _, no := range refusals {
			if no.is != nil && !errors.Is(err, no.is) {
				continue
			}
			var invalid *storage.Invalid
			if errors.As(err, &invalid) && no.is == storage.ErrInvalid {
				no.text += invalid.Error()
			}
			_ = show(w, no.status, "refused", no.text)
			return
		}
	}
}

const sessionCookie = "session"

// know finds out who makes a request.
func (s *site) know(v *visit) error {
	c, err := v.r.Cookie(sessionCookie)
	if err != nil {
		return nil
	}
	is, fresh, err := s.c.Sessions.Check(v.r.Context(), c.Value)
	switch {
	case errors.Is(err, session.ErrSession):
		s.cookie(v, sessionCookie, "", -1)
		return nil
	case err != nil:
		return err
	case fresh != "":
		s.cookie(v, sessionCookie, fresh, int(is.Ends.Sub(s.now()).Seconds()))
		c.Value = fresh
	}
	v.who, v.session, v.secret = auth.Actor{User: is.User, Level: is.Level}, is.ID, c.Value
	return nil
}

// enter lets somebody in, or lets whoever is in be known more surely.
func (s *site) enter(v *visit, e account.Entry) error {
	var is session.Session
	var secret string
	var err error
	if v.who.User == e.User {
		secret, is, err = s.c.Sessions.Raise(v.r.Context(), v.secret, e.Level)
	} else {
		secret, is, err = s.c.Sessions.Start(v.r.Context(), session.NewSession{User: e.User, Level: e.Level, Still: e.Still(), Replaces: v.secret})
	}
	if err != nil {
		return err
	}
	s.cookie(v, sessionCookie, secret, int(is.Ends.Sub(s.now()).Seconds()))
	return v.to("/")
}

// prove returns whose name and password were given.
func (s *site) prove(v *visit) (account.Entry, error) {
	e, err := s.c.Accounts.SignIn(v.r.Context(), account.Credentials{
		Name: v.r.PostFormValue("name"), Password: v.r.PostFormValue("password"), Source: v.source(),
	})
	if err == nil && e.Second != "" {
		err = errSecond
	}
	return e, err
}

func (s *site) signIn(v *visit) error {
	e, err := s.prove(v)
	if err != nil {
		return err
	}
	return s.enter(v, e)
}

func (s *site) signOut(v *visit) error {
	s.cookie(v, sessionCookie, "", -1)
	if err := s.c.Sessions.End(v.r.Context(), v.who, v.session); err != nil && !errors.Is(err, session.ErrSession) {
		return err
	}
	return v.to("/")
}

func (s *site) home(v *visit) error {
	if v.who.User.IsZero() {
		return show(v.w, http.StatusOK, "home", map[string]any{"Doors": s.doors})
	}
	names, err1 := s.c.Accounts.Names(v.r.Context(), []auth.UserID{v.who.User})
	topics, err2 := s.c.Forum.Topics(v.r.Context(), v.who, forum.TopicFilter{Board: s.board})
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	return show(v.w, http.StatusOK, "home", map[string]any{"Me": names[v.who.User], "Level": known[v.who.Level], "Topics": topics.Items})
}

// start starts a topic, if its author is known surely enough.
func (s *site) start(v *visit) error {
	in := forum.NewTopic{Board: s.board, Title: v.r.PostFormValue("title"), Body: v.r.PostFormValue("body")}
	if _, err := s.c.Forum.StartTopic(v.r.Context(), v.who, in); err != nil {
		return err
	}
	return v.to("/")
}

func show(w http.ResponseWriter, status int, page string, data any) error {
	var b bytes.Buffer
	if err := pages.ExecuteTemplate(&b, page, data); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = b.WriteTo(w)
	return nil
}

// ---- cookies

// cookie sets a cookie for so many seconds, or drops it if they are negative.
// A host that is not on this machine has TLS, and adds Secure and the prefix
// __Host- to the name.
func (s *site) cookie(v *visit, name, value string, life int) {
	http.SetCookie(v.w, &http.Cookie{Name: name, Value: value, Path: "/", MaxAge: life, HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

// put seals a value in a cookie, which is good for no other name.
func (s *site) put(v *visit, name string, value any) error {
	b, err := json.Marshal(value)
	if err == nil {
		s.cookie(v, name, base64.RawURLEncoding.EncodeToString(s.seal.Seal(nil, nil, b, []byte(name))), 15*60)
	}
	return err
}

// get reads a value that put has sealed.
func (s *site) get(v *visit, name string, value any) bool {
	c, err := v.r.Cookie(name)
	if err != nil {
		return false
	}
	b, err := base64.RawURLEncoding.DecodeString(c.Value)
	if err == nil {
		b, err = s.seal.Open(nil, nil, b, []byte(name))
	}
	return err == nil && json.Unmarshal(b, value) == nil
}
