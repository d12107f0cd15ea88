// SPDX-License-Identifier: BSD-3-Clause

package membership

import (
	"context"
	"errors"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// Config is what membership needs. Only Store is required.
type Config struct {
	Store Store
	Auth  auth.Authorizer // default: deny everything
	Clock storage.Clock   // default: system time
	Limit auth.Limiter    // rates of [Join] and [Invite]; default: none

	// Plan is how the community opens. Default: one phase, in which whoever
	// has been invited comes in, and in which no category may do anything.
	Plan Plan

	// Mailboxes gives the hashes of the addresses that a person has proved to
	// have, for invitations that are for one address. Default: none, so that
	// nobody can use such an invitation.
	Mailboxes func(context.Context, auth.UserID) ([][16]byte, error)

	// MayAct is nil for a person who may act at all, and otherwise auth.Denied,
	// as account.Service.MayAct is. It is asked of whoever gave an invitation
	// when that is used, and of whoever is to be a coordinator. Default: everybody may.
	MayAct func(context.Context, auth.UserID) error

	// Ends gives what else ends when a person is suspended from the community
	// or leaves it, such as their sessions. It is applied in the same unit.
	Ends func(auth.UserID) []storage.Change

	CoolDown time.Duration // from one that was declined to the next application; default: 30 days, negative: none
	Waits    time.Duration // an application that could be decided for so long is expired; default: 90 days
	Newcomer time.Duration // from joining; default: 7 days, negative: nobody is one
}

// Service holds the rules of membership. It is safe for concurrent use.
type Service struct{ cfg Config }

// New returns the membership of a community. It panics if cfg.Store is nil, or
// if the Plan has a phase without a name, two with the same name, an admission
// or an audience that there is not, or something that is not the code of an
// organisation in its allow-list.
func New(cfg Config) *Service {
	if cfg.Store == nil {
		panic("membership: nil Store")
	}
	if cfg.Auth == nil {
		cfg.Auth = auth.DenyAll{}
	}
	if len(cfg.Plan) == 0 {
		cfg.Plan = Plan{Phase{Name: "invited", Audience: auth.CommunityMembers}.Widen(ByInvitation, categories...)}
	}
	cfg.Plan = cfg.Plan.checked()
	cfg.CoolDown = orElse(cfg.CoolDown, 30*day)
	cfg.Waits = orElse(cfg.Waits, 90*day)
	cfg.Newcomer = orElse(cfg.Newcomer, 7*day)
	return &Service{cfg}
}

const day = 24 * time.Hour

// tries bounds how often a decision is taken again because what it rested on
// moved meanwhile.
const tries = 8

// decide runs fn, which looks, authorizes and writes what it decided with one
// Apply, again for as long as somebody changed what it had looked at.
func (s *Service) decide(ctx context.Context, fn func(now time.Time) error) error {
	var err error
	for range tries {
		if err = fn(s.cfg.Clock.Now()); !errors.Is(err, storage.ErrConflict) {
			return err
		}
		var shown *storage.Conflict
		if errors.As(err, &shown) || ctx.Err() != nil {
			return err // for a person to resolve
		}
	}
	return err
}

// may asks whether the actor may do something in the commons, of all members'
// concern.
func (s *Service) may(ctx context.Context, who auth.Actor, do auth.Action) error {
	return s.mayIn(ctx, who, do, auth.Commons)
}

func (s *Service) mayIn(ctx context.Context, who auth.Actor, do auth.Action, area auth.AreaID) error {
	return s.cfg.Auth.Authorize(ctx, who, do, auth.Scope{Area: area})
}

// can is may where a refusal is no error.
func (s *Service) can(ctx context.Context, who auth.Actor, do auth.Action) (bool, error) {
	switch err := s.may(ctx, who, do); {
	case err == nil:
		return true, nil
	case errors.Is(err, auth.ErrDenied):
		return false, nil
	default:
		return false, err
	}
}

// refuse wraps what went wrong in a call. An object out of reach and one that
// never was give the same error, byte for byte.
func refuse(op, object string, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, storage.ErrNotFound) {
		err = storage.ErrNotFound
	}
	return &storage.Error{Op: op, Object: object, Err: err}
}

// unknown turns a missing object that a field names into an error of that
// field; whatever else went wrong stays as it is.
func unknown(field string, err error) error {
	if errors.Is(err, storage.ErrNotFound) {
		return &storage.Invalid{Field: field, Code: storage.CodeUnknown}
	}
	return err
}

// missing turns a missing object into fallback, for where none is no error.
func missing(err, fallback error) error {
	if errors.Is(err, storage.ErrNotFound) {
		return fallback
	}
	return err
}

// signedIn refuses visitors what is done for oneself.
func signedIn(who auth.Actor, do auth.Action) error {
	if who.User.IsZero() {
		return &auth.Denied{Action: do, Reason: auth.ReasonSignIn}
	}
	return nil
}

// owns returns the byline with which somebody may see to a thing of a person,
// as it was looked for with err: their own, or anybody's for whoever may
// decide. For all others it is not there, whether it is or not.
func (s *Service) owns(ctx context.Context, who auth.Actor, whose auth.UserID, err error) (auth.By, error) {
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return auth.By{}, err
	}
	if err == nil && whose == who.User {
		return self(who), nil
	}
	if can, cerr := s.can(ctx, who, Decide); cerr != nil {
		return auth.By{}, cerr
	} else if !can {
		return auth.By{}, storage.ErrNotFound
	}
	return who.By(), err
}

// self is the byline of what somebody does for themselves. Whom else they may
// act for nobody has asked there.
func self(who auth.Actor) auth.By { return auth.By{User: who.User} }

// limit counts an attempt against the rate of an action.
func (s *Service) limit(ctx context.Context, who auth.Actor, do auth.Action) error {
	if s.cfg.Limit == nil {
		return nil
	}
	return s.cfg.Limit.Allow(ctx, who, do)
}

// ends gives what the host ends with a person's part in the community.
func (s *Service) ends(user auth.UserID) []storage.Change {
	if s.cfg.Ends == nil {
		return nil
	}
	return s.cfg.Ends(user)
}

func orElse(d, other time.Duration) time.Duration {
	if d == 0 {
		return other
	}
	return d
}

// set replaces *to unless with is nil.
func set[T any](to *T, with *T) {
	if with != nil {
		*to = *with
	}
}
