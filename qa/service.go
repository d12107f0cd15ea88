// SPDX-License-Identifier: BSD-3-Clause

package qa

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// Config is what questions need. Only Store is required.
type Config struct {
	Store  Store
	Auth   auth.Authorizer // default: deny everything
	Clock  storage.Clock   // default: system time
	Limit  auth.Limiter    // rates of posting and voting; default: none
	People auth.People     // who is meant by an @name; default: nobody

	// Promise says the widest that a question may be promised to now;
	// AreaMembers is the least. Questions keep what they were promised.
	// Default: to everybody.
	Promise func(context.Context) (auth.Audience, error)

	// Hold says whether what the actor is about to Start, Reply or Remark waits
	// for a moderator. It is also asked when they would Amend what they wrote,
	// which is refused then ([ErrHeld]): what was let through stays as it was
	// seen. Default: nothing waits.
	Hold func(ctx context.Context, who auth.Actor, at auth.Scope, do auth.Action) (bool, error)

	// Experts says who knows about a question's themes; they are offered it
	// while nobody has answered. Default: nobody.
	Experts func(ctx context.Context, area auth.AreaID, themes []ThemeID) ([]auth.UserID, error)

	// Caretaker says whether the actor coordinates one of a question's themes.
	// Whoever may Moderate it is one, too. Default: nobody else.
	Caretaker func(ctx context.Context, who auth.Actor, themes []ThemeID) (bool, error)

	// Themes says which of these are no themes that a question may be given.
	// Default: every one is.
	Themes func(ctx context.Context, themes []ThemeID) (unknown []ThemeID, err error)

	CloseGrace  time.Duration   // how long after it was closed a question still takes answers, from whoever had begun to write; default: not at all
	AcceptAfter time.Duration   // when a caretaker may accept in the asker's stead; default: 14 days, negative: at once
	EditWindow  time.Duration   // how long authors may edit questions and answers; default: for ever, negative: not at all
	RemarkTime  time.Duration   // how long authors may edit comments; default: 15 minutes, negative: not at all
	VoteWindow  time.Duration   // how long a vote may be changed, unless the post was edited since; default: 1 day, negative: for ever
	Ages        []time.Duration // after which an unanswered question is in the next bucket, ascending; default: 1, 3, 7 and 30 days
	Offers      int             // to how many experts it is offered, when it leaves the first bucket; default: 3, most: MaxOffers, negative: none
	MaxTitle    int             // in runes; default and most: MaxTitle
	MaxBody     int             // in runes; default and most: MaxBody
	KeepKeys    bool            // idempotency keys are never forgotten: for imports
}

// Service holds the rules of questions. It is safe for concurrent use.
type Service struct{ cfg Config }

// New returns the service. It panics if cfg.Store is nil, or a limit is beyond
// what is kept.
func New(cfg Config) *Service {
	if cfg.Store == nil {
		panic("qa: nil Store")
	}
	if cfg.MaxTitle > MaxTitle || cfg.MaxBody > MaxBody || cfg.Offers > MaxOffers {
		panic("qa: limit beyond MaxTitle, MaxBody or MaxOffers")
	}
	if cfg.Auth == nil {
		cfg.Auth = auth.DenyAll{}
	}
	cfg.AcceptAfter = cmp.Or(cfg.AcceptAfter, 14*24*time.Hour)
	cfg.RemarkTime = cmp.Or(cfg.RemarkTime, 15*time.Minute)
	cfg.VoteWindow = cmp.Or(cfg.VoteWindow, 24*time.Hour)
	cfg.Offers = cmp.Or(cfg.Offers, 3)
	if cfg.Ages == nil {
		const day = 24 * time.Hour
		cfg.Ages = []time.Duration{day, 3 * day, 7 * day, 30 * day}
	}
	cfg.Ages = slices.Clone(cfg.Ages)
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
		return nil, storage.Refuse(op, object, err)
	}
	call := *s
	call.cfg.Auth = a
	return &call, nil
}

// event makes the event of a change to a question or to what stands below it.
func (s *Service) event(name string, at time.Time, q Question, payload Event) storage.Event {
	payload.Question = q.ID
	return auth.NewEvent(name, at, q.Area, q.Audience, payload)
}

// may says whether the actor may do something to a question.
func (s *Service) may(ctx context.Context, who auth.Actor, do auth.Action, q Question) (bool, error) {
	return auth.Can(ctx, s.cfg.Auth, who, do, q.scope())
}

// moderates returns where the actor may read and moderate.
func (s *Service) moderates(ctx context.Context, who auth.Actor) (auth.Reach, error) {
	read, err := s.cfg.Auth.Reach(ctx, who, Read)
	if err != nil {
		return auth.Reach{}, err
	}
	moderate, err := s.cfg.Auth.Reach(ctx, who, Moderate)
	return read.And(moderate), err
}

// most returns the widest that anything may be promised to now.
func (s *Service) most(ctx context.Context) (auth.Audience, error) {
	if s.cfg.Promise == nil {
		return auth.Public, nil
	}
	most, err := s.cfg.Promise(ctx)
	return min(max(most, auth.AreaMembers), auth.Public), err
}
