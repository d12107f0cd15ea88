// SPDX-License-Identifier: BSD-3-Clause

package qa

import (
	"context"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// Attribute gives a post the byline of whoever wrote it, for a reason; the
// event names both persons. It is not for members to say so: it needs Manage.
// A vote of the new author on it is dropped, and they are offered their own
// question no more. A post that was purged is [ErrRemoved]. The position of an
// organisation is that of one (otherwise Invalid: "for" missing).
func (s *Service) Attribute(ctx context.Context, who auth.Actor, p Post, to auth.By, why string) error {
	const op = "qa.Attribute"
	s, err := s.enter(ctx, op, p.String(), who, Manage)
	if err != nil {
		return err
	}
	why, err = storage.Line("why", why, MaxWhy)
	if err == nil && to.User.IsZero() {
		err = &storage.Invalid{Field: "to", Code: storage.CodeMissing}
	}
	if err == nil {
		err = storage.Decide(ctx, func() error { return s.attribute(ctx, who, p, to, why) })
	}
	if err != nil {
		return storage.Refuse(op, p.String(), err)
	}
	return nil
}

func (s *Service) attribute(ctx context.Context, who auth.Actor, p Post, to auth.By, why string) error {
	pl, err := s.look(ctx, who, p)
	if err != nil {
		return err
	}
	if err := s.cfg.Auth.Authorize(ctx, who, Manage, pl.scope()); err != nil {
		return err
	}
	e := pl.entry()
	switch {
	case e.Removal.State == Purged:
		return ErrRemoved
	case pl.kind() == anAnswer && pl.Answer.Official && to.For.IsZero():
		return &storage.Invalid{Field: "for", Code: storage.CodeMissing}
	case e.By == to:
		return nil
	}
	payload := pl.event(who.By())
	payload.Why = why
	for _, user := range []auth.UserID{e.By.User, to.User} {
		if !user.IsZero() && (len(payload.Users) == 0 || payload.Users[0] != user) {
			payload.Users = append(payload.Users, user)
		}
	}
	changes := append(pl.at(), SetAuthor{pl.Post(), e.Version, to})
	if pl.kind() == aQuestion {
		changes = append(changes, DropOffer{pl.Question.ID, to.User})
	}
	return s.cfg.Store.Apply(ctx, append(changes, s.event(EventAttributed, s.cfg.Clock.Now(), pl.Question, payload))...)
}
