// SPDX-License-Identifier: BSD-3-Clause

package qa

import (
	"bytes"
	"context"
	"crypto/sha256"
	"slices"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// OfferPage asks for the questions that the actor is offered as an expert.
type OfferPage struct {
	After storage.Cursor
	Limit int
}

// offers returns the changes that go with asking a question, or with letting
// one through: to whom it is offered, when it leaves the first bucket unanswered.
//
// Experts are chosen once. Nothing is sent to them, then or later: whoever asks
// [Service.Offered] sees what waits for them at that moment, so that it is right
// without any job, and they are told of it as often as the host asks, in a
// digest or on their page, and never of what was answered or turned down
// meanwhile. A question whose answer is hidden waits for the same experts again.
//
// Each question orders the experts differently, by a hash of both: all are
// chosen equally often, whoever comes or goes.
func (s *Service) offers(ctx context.Context, q Question) ([]storage.Change, error) {
	if s.cfg.Experts == nil || s.cfg.Offers <= 0 {
		return nil, nil
	}
	experts, err := s.cfg.Experts(ctx, q.Area, slices.Clone(q.Themes))
	if err != nil {
		return nil, err
	}
	type ranked struct {
		expert auth.UserID
		weight [sha256.Size]byte
	}
	of := q.ID.Bytes()
	order := make([]ranked, 0, len(experts))
	for _, id := range experts {
		if user := id.Bytes(); !id.IsZero() && id != q.By.User {
			order = append(order, ranked{id, sha256.Sum256(append(of[:], user[:]...))})
		}
	}
	slices.SortFunc(order, func(a, b ranked) int { return bytes.Compare(a.weight[:], b.weight[:]) })
	order = slices.Compact(order)
	var chosen []auth.UserID
	for _, r := range order {
		may, err := auth.Can(ctx, s.cfg.Auth, auth.Actor{User: r.expert}, Read, q.scope())
		if err != nil {
			return nil, err
		}
		if may {
			chosen = append(chosen, r.expert)
		}
		if len(chosen) == s.cfg.Offers {
			break
		}
	}
	if len(chosen) == 0 {
		return nil, nil
	}
	return []storage.Change{SetOffers{q.ID, chosen}}, nil
}

// Offered lists the questions that the actor is offered as an expert of their
// themes, the newest first: those that have left the first bucket and that
// nobody has answered. Whoever is no expert, or has not signed in, is offered
// none.
func (s *Service) Offered(ctx context.Context, who auth.Actor, in OfferPage) (storage.Page[Question], error) {
	const op = "qa.Offered"
	s, err := s.enter(ctx, op, "", who, Read)
	if err != nil || who.User.IsZero() {
		return storage.Page[Question]{}, err
	}
	reach, err := s.cfg.Auth.Reach(ctx, who, Read)
	var page storage.Page[Question]
	if err == nil {
		page, err = s.cfg.Store.Questions(ctx, QuestionQuery{
			Reach: reach, Offered: who.User, Unanswered: true, Before: s.agedSince(1, s.cfg.Clock.Now()), After: in.After, Limit: in.Limit,
		})
	}
	if err != nil {
		return storage.Page[Question]{}, storage.Refuse(op, "", err)
	}
	return page, nil
}

// TurnDown says that the actor is not to be offered a question any more. Nobody
// else is offered it instead. If they were not offered it, nothing changes.
func (s *Service) TurnDown(ctx context.Context, who auth.Actor, id QuestionID) error {
	const op = "qa.TurnDown"
	object := Post{Question: id}.String()
	s, err := s.enter(ctx, op, object, who, Read)
	if err != nil {
		return err
	}
	err = auth.SignedIn(who, Read)
	if err == nil {
		_, err = s.question(ctx, who, id)
	}
	if err == nil {
		err = s.cfg.Store.Apply(ctx, DropOffer{id, who.User})
	}
	if err != nil {
		return storage.Refuse(op, object, err)
	}
	return nil
}

// Bucket says in which bucket of Config.Ages an unanswered question is now: 0
// is the first, len(Config.Ages) the last. One that is answered, closed or
// removed is in the first.
func (s *Service) Bucket(q Question) int {
	if q.Answers > 0 || q.closed() != nil || q.Removal.State != Visible {
		return 0
	}
	now, n := s.cfg.Clock.Now(), 0
	for n < len(s.cfg.Ages) && q.CreatedAt.Before(s.agedSince(n+1, now)) {
		n++
	}
	return n
}

// agedSince returns before when a question was asked that has reached a bucket
// now, or the zero time if all have. There is no bucket beyond the last.
func (s *Service) agedSince(bucket int, now time.Time) time.Time {
	bucket = min(bucket, len(s.cfg.Ages))
	if bucket <= 0 {
		return time.Time{}
	}
	return now.Add(-s.cfg.Ages[bucket-1])
}
