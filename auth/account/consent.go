// SPDX-License-Identifier: BSD-3-Clause

package account

import (
	"context"
	"slices"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// A Document is an edition of terms that must be agreed to while it is in
// force: until there is a later one of the same Name.
type Document struct {
	Name    string    `json:"name"`    // "terms", "privacy"
	Edition string    `json:"edition"` // "2026-09"
	From    time.Time `json:"from"`    // in force since; zero: always
}

// Terms returns the documents in force, in the order of Config.Terms.
func (s *Service) Terms() []Document {
	now := s.cfg.Clock.Now()
	latest := map[string]Document{}
	for _, d := range s.cfg.Terms {
		if l, ok := latest[d.Name]; !now.Before(d.From) && (!ok || !d.From.Before(l.From)) {
			latest[d.Name] = d
		}
	}
	return slices.DeleteFunc(slices.Clone(s.cfg.Terms), func(d Document) bool { return latest[d.Name] != d })
}

// Owed returns the documents in force that a person has not agreed to.
func (s *Service) Owed(ctx context.Context, user auth.UserID) ([]Document, error) {
	agreed, err := s.cfg.Store.Consents(ctx, user)
	if err != nil {
		return nil, refuse("account.Owed", err)
	}
	return slices.DeleteFunc(s.Terms(), func(d Document) bool {
		return slices.ContainsFunc(agreed, func(c Consent) bool { return c.Document == d.Name && c.Edition == d.Edition })
	}), nil
}

// Agree records that the actor agrees to documents in force; others are
// Invalid in the field "terms".
func (s *Service) Agree(ctx context.Context, who auth.Actor, documents ...Document) error {
	const op = "account.Agree"
	a, err := s.self(ctx, who)
	if err != nil {
		return refuse(op, err)
	}
	changes, err := s.consents(a.User, documents)
	if err != nil || len(changes) == 0 {
		return refuse(op, err)
	}
	return refuse(op, s.cfg.Store.Apply(ctx, append(changes, s.event(EventAgreed, a.User, who))...))
}

func (s *Service) consents(user auth.UserID, documents []Document) ([]storage.Change, error) {
	var out []storage.Change
	for _, d := range documents {
		i := slices.IndexFunc(s.Terms(), func(t Document) bool { return t.Name == d.Name && t.Edition == d.Edition })
		if i < 0 {
			return nil, &storage.Invalid{Field: "terms", Code: storage.CodeUnknown}
		}
		out = append(out, InsertConsent{Consent{user, d.Name, d.Edition, s.cfg.Clock.Now()}})
	}
	return out, nil
}

// allAgreed is ErrConsent unless every document in force is among those given.
func (s *Service) allAgreed(documents []Document) error {
	for _, t := range s.Terms() {
		if !slices.ContainsFunc(documents, func(d Document) bool { return d.Name == t.Name && d.Edition == t.Edition }) {
			return ErrConsent
		}
	}
	return nil
}
