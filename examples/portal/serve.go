// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"runtime/debug"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/auth/account"
	"github.com/copis-it/copis/auth/session"
	"github.com/copis-it/copis/storage"
)

// A visit is one request and who makes it.
type visit struct {
	w    http.ResponseWriter
	r    *http.Request
	me   *me // nil: a visitor
	who  auth.Actor
	lang string

	session session.Session
	secret  string          // of the session
	token   *session.Token  // of the program that asks; nil: a browser
	names   names           // looked up so far
	door    auth.Authorizer // see lets
}

// langKey is where the context of a request has its language, for letters that
// are sent because of it.
type langKey struct{}

// recent says how whoever asks has signed in.
func (v *visit) recent() account.Recent {
	return account.Recent{At: v.session.Proved, Still: v.session.Still()}
}

func (v *visit) ctx() context.Context { return v.r.Context() }

// field returns what was typed into a field of a form.
func (v *visit) field(name string) string { return v.r.PostFormValue(name) }

// Bounds of one request.
const (
	requestTime = 10 * time.Second
	// maxForm is in bytes: a text of forum.MaxBody runes of four bytes, each
	// written as %XX, and a few short fields.
	maxForm = 256 << 10
	// maxPageForm likewise: a text of maxPage runes, and what it clashes with.
	maxPageForm = 2 << 20
)

// formLimit is the most that a request may hold, by its route.
func (p *portal) formLimit(r *http.Request) int64 {
	if r.Pattern == p.uploads() {
		return maxFile + maxForm
	}
	if strings.HasPrefix(r.Pattern, "POST "+p.base+"pages/") {
		return maxPageForm
	}
	return maxForm
}

// serve answers requests of people with a page. Whoever owes their consent to
// terms gets those first.
func (p *portal) serve(page func(*visit) error) http.HandlerFunc {
	return p.anyone(func(v *visit) error {
		if err := p.enter(v); err != nil {
			return err
		}
		if v.me != nil && len(v.me.Owed) > 0 && !beforeTerms[strings.TrimPrefix(v.r.URL.Path, p.base)] {
			return p.askTerms(v)
		}
		err := page(v)
		if v.me == nil && needsSignIn(err) {
			return p.toSignIn(v)
		}
		return err
	})
}

// needsSignIn reports whether an error says that visitors have to sign in.
func needsSignIn(err error) bool {
	var denied *auth.Denied
	return errors.Is(err, errSignIn) || errors.As(err, &denied) && denied.Reason == auth.ReasonSignIn
}

// toSignIn sends a visitor to sign in and then back to the page that they asked
// for. What they sent is not lost on the way: that is refused, with a page that
// holds it.
func (p *portal) toSignIn(v *visit) error {
	if v.r.Method == http.MethodPost {
		return errSignIn
	}
	return p.redirect(v, query(p.signInHere(v), "done", v.r.URL.Query().Get("done")))
}

// signInHere is where a visitor signs in who is led back to the page of this
// request, or to the one that has its form.
func (p *portal) signInHere(v *visit) string {
	return query(p.url("sign-in"), "next", p.local(v.r.URL.RequestURI()))
}

// anyone answers requests, whoever makes them, with a page, or with the page
// that says why not, and writes a line in the log for each. The line names the
// route and not the address, which could say who reads what.
func (p *portal) anyone(page func(*visit) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		ctx, cancel := context.WithTimeout(r.Context(), p.timeFor(r, w))
		defer cancel()
		status := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		v := &visit{w: status, r: r}
		v.lang = p.language(v)
		v.r = r.WithContext(context.WithValue(ctx, langKey{}, v.lang))
		v.r.Body = http.MaxBytesReader(w, r.Body, p.formLimit(r))
		if err := answer(v, page); err != nil {
			p.fail(v, err)
		}
		p.log.InfoContext(ctx, "request", "method", r.Method, "route", r.Pattern,
			"status", status.status, "ms", time.Since(start).Milliseconds())
	}
}

// uploads is the route by which files come.
func (p *portal) uploads() string { return "POST " + p.base + "pages/{page}/files" }

// timeFor is how long a request may take. Files may take longer than pages.
func (p *portal) timeFor(r *http.Request, w http.ResponseWriter) time.Duration {
	if r.Pattern != p.uploads() {
		return requestTime
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(uploadTime)) // a server that cannot keeps its own
	return uploadTime
}

// answer reads the form and makes the page. A panic is an error as others are.
func answer(v *visit, page func(*visit) error) (err error) {
	defer func() {
		if x := recover(); x != nil {
			if x == http.ErrAbortHandler {
				panic(x)
			}
			err = fmt.Errorf("panic: %v\n%s", x, debug.Stack())
		}
	}()
	if err := v.r.ParseForm(); err != nil {
		if isTooLarge(err) {
			return err
		}
		return errMalformed
	}
	return page(v)
}

// again answers a POST with its form once more.
func (p *portal) again(v *visit, status int, name, title string, data any) error {
	return p.render(v, status, name, page{Title: title, Data: data})
}

// redirect ends a POST: the browser gets the page that shows what was done.
func (p *portal) redirect(v *visit, address string) error {
	http.Redirect(v.w, v.r, address, http.StatusSeeOther)
	return nil
}

// statusWriter remembers the status of an answer.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// secured sets the headers that keep a browser from being turned against its
// user. Pages have no scripts and no inline styles, so none are allowed.
func (p *portal) secured(next http.Handler) http.Handler {
	headers := map[string]string{
		"Content-Security-Policy":      "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
		"X-Content-Type-Options":       "nosniff",
		"X-Frame-Options":              "DENY",
		"Referrer-Policy":              "same-origin",
		"Permissions-Policy":           "camera=(), geolocation=(), microphone=()",
		"Cross-Origin-Opener-Policy":   "same-origin",
		"Cross-Origin-Resource-Policy": "same-origin",
		"Cache-Control":                "private, no-cache",
		"Vary":                         "Cookie, Authorization, Accept-Language",
	}
	if isHTTPS(p.origin) {
		headers["Strict-Transport-Security"] = "max-age=31536000"
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, value := range headers {
			w.Header().Set(name, value)
		}
		next.ServeHTTP(w, r)
	})
}

// An asset is a file of the folder static, read once.
type asset struct {
	body []byte
	kind string
	etag string
}

func readAssets() (map[string]asset, error) {
	assets := map[string]asset{}
	err := fs.WalkDir(files, "static", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := fs.ReadFile(files, name)
		sum := sha256.Sum256(body)
		assets[path.Base(name)] = asset{body, mime.TypeByExtension(path.Ext(name)), `"` + hex.EncodeToString(sum[:8]) + `"`}
		return err
	})
	return assets, err
}

func (p *portal) static(v *visit) error {
	a, ok := p.assets[v.r.PathValue("file")]
	if !ok {
		return storage.ErrNotFound
	}
	v.w.Header().Del("Set-Cookie") // ?lang: nobody else is to get it from a cache
	v.w.Header().Set("Cache-Control", "public, max-age=3600")
	v.w.Header().Set("ETag", a.etag)
	if v.r.Header.Get("If-None-Match") == a.etag {
		v.w.WriteHeader(http.StatusNotModified)
		return nil
	}
	v.w.Header().Set("Content-Type", a.kind)
	_, err := v.w.Write(a.body)
	return ignoreWrite(err)
}

// ignoreWrite drops the error of writing to a client that has gone: there is
// nobody left to tell.
func ignoreWrite(error) error { return nil }

// status says whether the portal works, for whoever watches over it.
func (p *portal) status(v *visit) error {
	ctx, cancel := context.WithTimeout(v.ctx(), 2*time.Second)
	defer cancel()
	_, err := p.store.Done(ctx, uuid.Nil, "status") // nothing has this key: the answer is the store's
	answer := struct {
		OK      bool   `json:"ok"`
		Version string `json:"version"`
		Store   bool   `json:"store"`
	}{Version: version(), Store: errors.Is(err, storage.ErrNotFound)}
	answer.OK = answer.Store
	v.w.Header().Set("Content-Type", "application/json")
	v.w.Header().Set("Cache-Control", "no-store")
	if !answer.OK {
		p.log.ErrorContext(ctx, "store does not answer", "err", err)
		v.w.WriteHeader(http.StatusServiceUnavailable)
	}
	return ignoreWrite(json.NewEncoder(v.w).Encode(answer))
}

// version returns the version of the module that the program was built from.
func version() string {
	if b, ok := debug.ReadBuildInfo(); ok {
		return b.Main.Version
	}
	return "unknown"
}

// securityTxt tells where to report a weakness (RFC 9116).
func (p *portal) securityTxt(v *visit) error {
	v.w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	expires := p.clock.Now().Truncate(24*time.Hour).AddDate(0, 6, 0)
	_, err := fmt.Fprintf(v.w, "Contact: https://github.com/copis-it/copis/security/advisories/new\nExpires: %s\nPreferred-Languages: it, en\nCanonical: %s\n",
		expires.Format(time.RFC3339), p.absolute("/.well-known/security.txt"))
	return ignoreWrite(err)
}

func (p *portal) accessibility(v *visit) error {
	return p.show(v, "accessibility", p.t(v, "accessibility.title"), nil)
}

// tidyEvery is how often what is over is dropped. It opens nothing meanwhile.
const tidyEvery = time.Hour

// tidy drops what is over, until ctx ends.
func (p *portal) tidy(ctx context.Context) {
	ticker := time.NewTicker(tidyEvery)
	defer ticker.Stop()
	for {
		err := errors.Join(p.c.Accounts.Forget(ctx), p.c.Sessions.Forget(ctx),
			p.store.Apply(ctx, storage.Forget{Before: p.clock.Now().Add(-storage.OnceKept)}))
		if err != nil && ctx.Err() == nil {
			p.log.ErrorContext(ctx, "tidy", "err", err)
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}
