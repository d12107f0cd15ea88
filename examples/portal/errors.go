// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/auth/account"
	"github.com/copis-it/copis/auth/session"
	"github.com/copis-it/copis/community/membership"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/wiki"
)

// What the portal refuses for reasons of its own.
var (
	errCrossOrigin = errors.New("request from another site")
	errMalformed   = errors.New("malformed form")
	errSignIn      = errors.New("nobody is signed in")
	errToken       = errors.New("token is not good")
	errCode        = errors.New("code is not right") // of the second step
	errProof       = errors.New("password or code is not right")
	errTerms       = errors.New("terms not agreed to yet")
	errWaiting     = errors.New("another application waits")
	errSettled     = errors.New("what was let through stays as it was seen") // of those whose posts wait for a moderator
)

// failures give each kind of error its status and its messages, "error.KEY"
// and "error.KEY.hint". The first that fits is taken.
var failures = []struct {
	is     func(error) bool
	status int
	key    string
}{
	{kind(storage.ErrNotFound), http.StatusNotFound, "not_found"},
	{kind(errSignIn), http.StatusForbidden, "sign_in"},
	{kind(errToken), http.StatusUnauthorized, "bearer"},
	{kind(session.ErrSession), http.StatusForbidden, "sign_in"},
	{kind(errTerms), http.StatusForbidden, "terms"},
	{kind(errWaiting), http.StatusConflict, "waiting"},
	{kind(errCode), http.StatusUnprocessableEntity, "code"},
	{kind(errProof), http.StatusUnprocessableEntity, "proof"},
	{kind(account.ErrSignIn), http.StatusUnprocessableEntity, "password"},
	{kind(account.ErrToken), http.StatusGone, "token"},
	{kind(account.ErrConsent), http.StatusUnprocessableEntity, "consent"},
	{kind(membership.ErrMember), http.StatusConflict, "member"},
	{kind(membership.ErrNotMember), http.StatusForbidden, "not_member"},
	{kind(membership.ErrLast), http.StatusConflict, "last"},
	{kind(membership.ErrInvitation), http.StatusGone, "invitation"},
	{kind(membership.ErrAppealed), http.StatusConflict, "appealed"},
	{kind(auth.ErrDenied), http.StatusForbidden, "denied"},
	{kind(auth.ErrLimited), http.StatusTooManyRequests, "limited"},
	{kind(forum.ErrLocked), http.StatusConflict, "locked"},
	{kind(forum.ErrTooLate), http.StatusConflict, "too_late"},
	{kind(forum.ErrAnswered), http.StatusConflict, "answered"},
	{kind(forum.ErrRemoved), http.StatusConflict, "removed"},
	{kind(forum.ErrHeld), http.StatusConflict, "held"},
	{kind(errSettled), http.StatusConflict, "settled"},
	{kind(forum.ErrOwn), http.StatusConflict, "own"},
	{kind(qa.ErrClosed), http.StatusConflict, "qa_closed"},
	{kind(qa.ErrRemoved), http.StatusConflict, "removed"},
	{kind(qa.ErrHeld), http.StatusConflict, "held"},
	{kind(qa.ErrOwn), http.StatusConflict, "qa_own"},
	{kind(qa.ErrTooLate), http.StatusConflict, "qa_late"},
	{kind(qa.ErrTooEarly), http.StatusConflict, "qa_early"},
	{kind(qa.ErrAnswered), http.StatusConflict, "qa_answered"},
	{kind(qa.ErrDecided), http.StatusConflict, "qa_decided"},
	{kind(wiki.ErrDeleted), http.StatusConflict, "page_deleted"},
	{kind(wiki.ErrHidden), http.StatusConflict, "page_hidden"},
	{kind(wiki.ErrPublished), http.StatusConflict, "page_published"},
	{kind(wiki.ErrCycle), http.StatusConflict, "page_cycle"},
	{kind(wiki.ErrNoBlobs), http.StatusConflict, "page_blobs"},
	{kind(wiki.ErrDeep), http.StatusConflict, "page_deep"},
	{kind(storage.ErrConflict), http.StatusConflict, "conflict"},
	{kind(storage.ErrExists), http.StatusConflict, "conflict"},
	{kind(storage.ErrInvalid), http.StatusUnprocessableEntity, "invalid"},
	{kind(errMalformed), http.StatusBadRequest, "malformed"},
	{kind(errCrossOrigin), http.StatusForbidden, "cross_origin"},
	{isTooLarge, http.StatusRequestEntityTooLarge, "too_large"},
	{kind(storage.ErrRetry), http.StatusServiceUnavailable, "busy"},
	{kind(storage.ErrUnknown), http.StatusServiceUnavailable, "unknown"},
	{kind(context.DeadlineExceeded), http.StatusServiceUnavailable, "busy"},
}

func kind(target error) func(error) bool {
	return func(err error) bool { return errors.Is(err, target) }
}

func isTooLarge(err error) bool {
	var tooLarge *http.MaxBytesError
	return errors.As(err, &tooLarge)
}

// failure returns the status of an error and the key of its messages.
func failure(err error) (status int, key string) {
	for _, f := range failures {
		if f.is(err) {
			return f.status, f.key
		}
	}
	return http.StatusInternalServerError, "internal"
}

// errorView is what an error page says. It holds nothing of the request but
// the text that was sent, which may be long, and its address for those who sign
// in first, so that the page of a thing that is hidden equals that of one that
// never was.
type errorView struct {
	Status int
	Text   string
	Hint   string
	SignIn string // where to sign in, if that might help
	Ways   []way  // what else might
	Typed  string // the text that was sent and not kept
}

// fail answers with the page that an error's kind asks for.
func (p *portal) fail(v *visit, err error) {
	if errors.Is(err, context.Canceled) && v.ctx().Err() != nil {
		return // nobody waits for the answer any more
	}
	status, key := failure(err)
	if status >= http.StatusInternalServerError {
		p.log.ErrorContext(v.ctx(), "request failed", "route", v.r.Pattern, "err", err)
	}
	retryAfter(v, err)
	if status == http.StatusUnauthorized {
		v.w.Header().Set("WWW-Authenticate", `Bearer realm="feeds"`)
	}
	view := errorView{
		Status: status, Text: p.explain(v, err), Hint: p.t(v, "error."+key+".hint"), Ways: p.ways(v, err),
	}
	switch {
	case v.me != nil || errors.Is(err, errCrossOrigin):
	case errors.Is(err, errSignIn):
		view.SignIn = p.signInHere(v)
	case status == http.StatusNotFound || status == http.StatusForbidden:
		view.SignIn = p.url("sign-in") // which knows the page before it
	}
	if !errors.Is(err, errCrossOrigin) { // whose text is somebody else's
		view.Typed = cmp.Or(v.field("body"), v.field("text"), v.field("why"))
	}
	if err := p.render(v, status, "error", page{Title: p.t(v, "error."+key), Data: view}); err != nil {
		p.log.ErrorContext(v.ctx(), "error page failed", "err", err)
		http.Error(v.w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
	}
}

// retryAfter tells programs when to ask again, if the error says so.
func retryAfter(v *visit, err error) {
	var limited *auth.Limited
	if errors.As(err, &limited) {
		v.w.Header().Set("Retry-After", strconv.Itoa(seconds(limited.After)))
	}
}

// explain says in a sentence what went wrong.
func (p *portal) explain(v *visit, err error) string {
	_, key := failure(err)
	var limited *auth.Limited
	if errors.As(err, &limited) {
		if limited.After > 2*time.Minute {
			return p.n(v, "error.limited.minutes", minutes(limited.After))
		}
		return p.n(v, "error.limited.wait", seconds(limited.After))
	}
	var denied *auth.Denied
	if errors.As(err, &denied) {
		return p.deniedText(v, denied)
	}
	var invalid *storage.Invalid
	if errors.As(err, &invalid) {
		return p.fieldError(v, invalid)
	}
	return p.t(v, "error."+key+".text")
}

// fieldError says what is wrong with a field.
func (p *portal) fieldError(v *visit, e *storage.Invalid) string {
	var params []any
	for name, value := range e.Params {
		if at, ok := value.(time.Time); ok {
			value = p.date(v.lang, at)
		}
		params = append(params, name, value)
	}
	return p.t(v, p.known("field."+e.Field+"."+e.Code, p.known("field."+e.Code, "field.unknown_code")), params...)
}

// retryable reports whether a form with this error is worth showing again with
// what was typed in it.
func retryable(err error) bool {
	status, _ := failure(err)
	return status != http.StatusNotFound && (status < http.StatusInternalServerError || status == http.StatusServiceUnavailable)
}
