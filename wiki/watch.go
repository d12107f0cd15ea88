// SPDX-License-Identifier: BSD-3-Clause

package wiki

import (
	"context"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// Watch says whether the actor wants to hear of a page, whatever its title will
// be. It is no event: nobody else learns of it.
func (s *Service) Watch(ctx context.Context, who auth.Actor, id PageID, on bool) error {
	const op = "wiki.Watch"
	s, err := s.enter(ctx, op, object(id), who, Read)
	if err != nil {
		return err
	}
	if who.User.IsZero() {
		err = &auth.Denied{Action: Read, Reason: auth.ReasonSignIn}
	}
	if err == nil {
		_, err = s.look(ctx, who, id)
	}
	if err == nil {
		err = s.cfg.Store.Apply(ctx, SetWatch{id, who.User, on, s.cfg.Clock.Now()})
	}
	if err != nil {
		return storage.Refuse(op, object(id), err)
	}
	return nil
}

// Watched lists the pages that the actor watches and may read now, without
// their bodies, by id.
func (s *Service) Watched(ctx context.Context, who auth.Actor) ([]Page, error) {
	const op = "wiki.Watched"
	s, err := s.enter(ctx, op, "", who, Read)
	if err != nil || who.User.IsZero() {
		return nil, err
	}
	ids, err := s.cfg.Store.Watched(ctx, who.User)
	var out []Page
	for _, id := range ids {
		var p Page
		if p, err = s.look(ctx, who, id); err == nil {
			p.Body = ""
			out = append(out, p)
		} else if !notFound(err) {
			break
		}
		err = nil
	}
	if err != nil {
		return nil, storage.Refuse(op, "", err)
	}
	return out, nil
}
