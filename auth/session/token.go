// SPDX-License-Identifier: BSD-3-Clause

package session

import (
	"cmp"
	"context"
	"crypto/subtle"
	"errors"
	"slices"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// TokenPrefix begins every secret of a token, so that whoever looks for
// secrets that were published by mistake finds it.
const TokenPrefix = "copis_"

// MaxToken is how long a token is good at most.
const MaxToken = 366 * 24 * time.Hour

// Codes of [storage.Invalid] besides those of package storage.
const (
	CodeTooSoon = "too_soon" // a token that would be over already
	CodeTooLate = "too_late" // Params: max, a time
)

// NewToken asks for a token.
type NewToken struct {
	Name   string        // at most MaxLabel runes
	Scopes []auth.Action // at least one of Config.Scopes
	Ends   time.Time     // within MaxToken

	// Still is what must hold when the token is written, or it is ErrSession:
	// Session.Still, that the session in which it is asked for has not ended. A
	// password that is changed meanwhile would not end this token.
	Still []storage.Change
}

// Issue gives the actor a token and its secret, which is shown once and never
// again. More than MaxTokens that are not over, nobody has.
//
// It is for people who have signed in, and so are all the others here that
// take an actor: a host does not offer them to programs, or a token could give
// itself a longer life.
func (s *Service) Issue(ctx context.Context, who auth.Actor, in NewToken) (secret string, _ Token, err error) {
	const op = "session.Issue"
	t, err := s.newToken(who, in)
	if err == nil {
		err = s.mayAct(ctx, who.User)
	}
	if err == nil {
		err = s.room(ctx, who.User, MaxTokens-1)
	}
	still, missing := s.still(in.Still)
	if err = cmp.Or(err, missing); err != nil {
		return "", Token{}, refuse(op, err)
	}
	secret, t.Hash = newTokenSecret()
	err = lapsed(s.cfg.Store.Apply(ctx, append(still, InsertToken{t})...), still)
	if err == nil {
		// Of many who found room at once, those who now find too many give
		// theirs back, whether or not they still wait: the last of them sees all.
		if err = s.room(ctx, who.User, MaxTokens); err != nil {
			if e := s.cfg.Store.Apply(context.WithoutCancel(ctx), EndToken{t.ID}); !errors.Is(e, storage.ErrNotFound) { // ended meanwhile
				err = errors.Join(err, e)
			}
		}
	}
	if err != nil {
		return "", Token{}, refuse(op, err)
	}
	return secret, t.shown(), nil
}

// newToken checks what is asked for.
func (s *Service) newToken(who auth.Actor, in NewToken) (Token, error) {
	if err := signedIn(who); err != nil {
		return Token{}, err
	}
	name, err := storage.Line("name", in.Name, MaxLabel)
	if err != nil {
		return Token{}, err
	}
	switch {
	case len(in.Scopes) == 0:
		return Token{}, &storage.Invalid{Field: "scopes", Code: storage.CodeMissing}
	case len(in.Scopes) > MaxScopes:
		return Token{}, &storage.Invalid{Field: "scopes", Code: storage.CodeTooMany, Params: map[string]any{"max": MaxScopes}}
	}
	for _, scope := range in.Scopes {
		if !slices.Contains(s.cfg.Scopes, scope) {
			return Token{}, &storage.Invalid{Field: "scopes", Code: storage.CodeUnknown}
		}
	}
	scopes := slices.Clone(in.Scopes)
	slices.Sort(scopes)
	now := s.cfg.Clock.Now()
	switch most := now.Add(MaxToken); {
	case in.Ends.IsZero():
		return Token{}, &storage.Invalid{Field: "ends", Code: storage.CodeMissing}
	case !in.Ends.After(now):
		return Token{}, &storage.Invalid{Field: "ends", Code: CodeTooSoon}
	case in.Ends.After(most):
		return Token{}, &storage.Invalid{Field: "ends", Code: CodeTooLate, Params: map[string]any{"max": most}}
	}
	return Token{
		ID: storage.NewID[Token](), User: who.User, Name: name, Scopes: slices.Compact(scopes),
		Made: now, Ends: in.Ends.UTC().Truncate(time.Microsecond),
	}, nil
}

// room is an error if a person has more tokens than most that are not over.
func (s *Service) room(ctx context.Context, user auth.UserID, most int) error {
	all, err := s.tokens(ctx, user)
	if err == nil && len(all) > most {
		err = &storage.Invalid{Code: storage.CodeTooMany, Params: map[string]any{"max": MaxTokens}}
	}
	return err
}

func (s *Service) tokens(ctx context.Context, user auth.UserID) ([]Token, error) {
	all, err := s.cfg.Store.Tokens(ctx, user)
	now := s.cfg.Clock.Now()
	return slices.DeleteFunc(all, func(t Token) bool { return !now.Before(t.Ends) }), err
}

// CheckToken returns the token that a secret is of. It is [ErrSession] for a
// secret that is not good, whatever the reason, and for one whose owner may no
// longer act. A host asks at every request, and has its services ask
//
//	auth.Only(authorizer, token.Scopes...)
//
// what the program may do. That a use cannot be written down is no reason to
// refuse it.
func (s *Service) CheckToken(ctx context.Context, secret string) (Token, error) {
	const op = "session.CheckToken"
	h, err := tokenHash(secret)
	if err != nil {
		return Token{}, refuse(op, err)
	}
	t, err := s.cfg.Store.Token(ctx, h)
	now := s.cfg.Clock.Now()
	switch {
	case errors.Is(err, storage.ErrNotFound):
		err = ErrSession
	case err != nil:
	case !now.Before(t.Ends), subtle.ConstantTimeCompare(t.Hash[:], h[:]) != 1:
		err = ErrSession
	default:
		err = s.mayAct(ctx, t.User)
	}
	if err != nil {
		return Token{}, refuse(op, err)
	}
	if !now.Before(t.Used.Add(usedEvery)) {
		switch err := s.cfg.Store.Apply(ctx, UseToken{t.ID, now}); {
		case err == nil:
			t.Used = now
		case errors.Is(err, storage.ErrNotFound): // ended meanwhile
			return Token{}, refuse(op, ErrSession)
		}
	}
	return t.shown(), nil
}

// shown is a token without what its secret is recognised by.
func (t Token) shown() Token {
	t.Hash = Hash{}
	return t
}

// Tokens returns the actor's tokens that are not over, newest first.
func (s *Service) Tokens(ctx context.Context, who auth.Actor) ([]Token, error) {
	const op = "session.Tokens"
	if err := signedIn(who); err != nil {
		return nil, refuse(op, err)
	}
	all, err := s.tokens(ctx, who.User)
	if err != nil {
		return nil, refuse(op, err)
	}
	return shown(all, Token.shown), nil
}

// Revoke ends one of the actor's tokens. Somebody else's is ErrNotFound like
// one that never was.
func (s *Service) Revoke(ctx context.Context, who auth.Actor, id TokenID) error {
	const op = "session.Revoke"
	if err := signedIn(who); err != nil {
		return refuse(op, err)
	}
	all, err := s.cfg.Store.Tokens(ctx, who.User)
	if err == nil && !slices.ContainsFunc(all, func(t Token) bool { return t.ID == id }) {
		err = storage.ErrNotFound
	}
	if err == nil {
		err = s.cfg.Store.Apply(ctx, EndToken{id})
	}
	return refuse(op, err)
}
