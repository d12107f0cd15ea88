// SPDX-License-Identifier: BSD-3-Clause

package forum

import (
	"context"
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// Config is what a forum needs. Only Store is required.
type Config struct {
	Store  Store
	Auth   auth.Authorizer // default: deny everything
	Clock  storage.Clock   // default: system time
	Limit  auth.Limiter    // rates of posting; default: none
	People auth.People     // who is meant by an @name; default: nobody

	// Promise says the widest that a topic may be promised to now, whatever its
	// board says; AreaMembers is the least. Topics keep what they were promised.
	// Default: as the board says.
	Promise func(context.Context) (auth.Audience, error)

	// Hold says whether what the actor is about to Start or Say waits for a
	// moderator. It is also asked when they would Edit what they wrote, which
	// is refused then ([ErrHeld]): what was let through stays as it was seen.
	// Default: nothing waits.
	Hold func(ctx context.Context, who auth.Actor, at auth.Scope, do auth.Action) (bool, error)

	EditWindow time.Duration // how long authors may edit; default: for ever, negative: not at all
	Grace      time.Duration // an author's edits make no revision for so long after posting; default: 5 minutes, negative: none
	MaxTitle   int           // in runes; default and most: MaxTitle
	MaxBody    int           // in runes; default and most: MaxBody
	KeepKeys   bool          // idempotency keys are never forgotten: for imports
}

// Service holds the rules of the forum. It is safe for concurrent use.
type Service struct{ cfg Config }

// New returns a forum. It panics if cfg.Store is nil or a limit is beyond what
// the forum keeps.
func New(cfg Config) *Service {
	if cfg.Store == nil {
		panic("forum: nil Store")
	}
	if cfg.MaxTitle > MaxTitle || cfg.MaxBody > MaxBody {
		panic("forum: limit beyond MaxTitle or MaxBody")
	}
	if cfg.Auth == nil {
		cfg.Auth = auth.DenyAll{}
	}
	if cfg.Grace == 0 {
		cfg.Grace = 5 * time.Minute
	}
	if cfg.MaxTitle <= 0 {
		cfg.MaxTitle = MaxTitle
	}
	if cfg.MaxBody <= 0 {
		cfg.MaxBody = MaxBody
	}
	return &Service{cfg}
}

// enter begins a call: who the actor is, is looked up once for all of it, and
// what they may not do wherever it is, is refused before any object is looked
// for.
func (s *Service) enter(ctx context.Context, op, object string, who auth.Actor, do auth.Action) (*Service, error) {
	a, err := auth.Enter(ctx, s.cfg.Auth, who, do)
	if err != nil {
		return nil, refuse(op, object, err)
	}
	call := *s
	call.cfg.Auth = a
	return &call, nil
}

// tries bounds how often a decision is taken again because what it rested on
// moved meanwhile.
const tries = 8

// decide runs fn, which looks, authorizes and writes what it decided with one
// Apply, again for as long as somebody changed what it had looked at.
func (s *Service) decide(ctx context.Context, fn func() error) error {
	var err error
	for range tries {
		if err = fn(); !errors.Is(err, storage.ErrConflict) {
			return err
		}
		var shown *storage.Conflict
		if errors.As(err, &shown) || ctx.Err() != nil {
			return err // for a person to resolve
		}
	}
	return err
}

// refuse wraps what went wrong in a call. An object out of reach and one that
// never was give the same error, byte for byte.
func refuse(op, object string, err error) error {
	if errors.Is(err, storage.ErrNotFound) {
		err = storage.ErrNotFound
	}
	return &storage.Error{Op: op, Object: object, Err: err}
}

// hide turns a refusal that the actor may not know of into ErrNotFound.
func hide(err error) error {
	if errors.Is(err, auth.ErrDenied) {
		return storage.ErrNotFound
	}
	return err
}

// unknown turns a refusal of an object that a field names into an error of that
// field; whatever else went wrong stays as it is.
func unknown(field string, err error) error {
	if errors.Is(err, storage.ErrNotFound) || errors.Is(err, auth.ErrDenied) {
		return &storage.Invalid{Field: field, Code: storage.CodeUnknown}
	}
	return err
}

// can says whether the actor may, where a refusal is no error.
func (s *Service) can(ctx context.Context, who auth.Actor, do auth.Action, at auth.Scope) (bool, error) {
	switch err := s.cfg.Auth.Authorize(ctx, who, do, at); {
	case err == nil:
		return true, nil
	case errors.Is(err, auth.ErrDenied):
		return false, nil
	default:
		return false, err
	}
}

// signedIn refuses visitors what is kept for a person.
func signedIn(who auth.Actor, do auth.Action) error {
	if who.User.IsZero() {
		return &auth.Denied{Action: do, Reason: auth.ReasonSignIn}
	}
	return nil
}

// limit counts an attempt against the rate of an action.
func (s *Service) limit(ctx context.Context, who auth.Actor, do auth.Action) error {
	if s.cfg.Limit == nil {
		return nil
	}
	return s.cfg.Limit.Allow(ctx, who, do)
}

// event makes the event of a change to an object in a scope.
func (s *Service) event(name string, at time.Time, in auth.Scope, payload Event) storage.Event {
	return auth.NewEvent(name, at, in.Area, in.Audience, payload)
}

// once returns the change that lets a key be used once by an actor for an
// operation, or nothing without a key.
func (s *Service) once(who auth.Actor, op, key string, object uuid.UUID, at time.Time) ([]storage.Change, error) {
	switch {
	case key == "":
		return nil, nil
	case len(key) > storage.MaxKey:
		return nil, &storage.Invalid{Field: "key", Code: storage.CodeTooLong, Params: map[string]any{"max": storage.MaxKey}}
	case !utf8.ValidString(key) || strings.ContainsRune(key, 0):
		return nil, &storage.Invalid{Field: "key", Code: storage.CodeMalformed}
	}
	return []storage.Change{storage.Once{Owner: who.User.Bytes(), Key: op + "/" + key, Object: object, At: at, Keep: s.cfg.KeepKeys}}, nil
}

// done returns what an earlier call with the same key made. It is asked only
// when a call was refused: then the refusal may come of its being a repetition.
func (s *Service) done(ctx context.Context, who auth.Actor, op, key string, err error) (uuid.UUID, bool) {
	if err == nil || key == "" {
		return uuid.UUID{}, false
	}
	object, err := s.cfg.Store.Done(ctx, who.User.Bytes(), op+"/"+key)
	return object, err == nil
}
