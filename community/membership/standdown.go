// SPDX-License-Identifier: BSD-3-Clause

package membership

import (
	"context"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// StandDown gives the changes by which somebody is a coordinator no more, of the
// community and of any area, for the Apply of what keeps them from acting
// without ending their membership, such as a disabled account: a coordinator who
// cannot act must not count as one who could. For a member who is none they only
// see to it that nobody makes them one at the same time; nothing for anybody else,
// and [ErrLast] for the last active one. It asks nobody's leave: whoever keeps
// them from acting has asked.
func (s *Service) StandDown(ctx context.Context, who auth.Actor, user auth.UserID) ([]storage.Change, error) {
	now := s.cfg.Clock.Now()
	st, err := s.cfg.Store.Standing(ctx, user, now)
	if err != nil || !st.Member.belongs() {
		return nil, err
	}
	areas := st.coordinates()
	if st.Member.Role != auth.Coordinator {
		areas = areas[1:]
	}
	changes, err := s.without(ctx, user, now, areas...)
	if err != nil {
		return nil, err
	}
	for _, area := range areas {
		if area == auth.Commons {
			st.Member.Role = auth.Member
		} else {
			changes = append(changes, SetAreaRole{AreaRole{User: user, Area: area, Role: auth.Member}})
		}
		changes = append(changes, personal(EventGranted, now, Event{By: who.By(), User: user, Area: area, Role: auth.Member}))
	}
	return append(changes, UpdateMember{st.Member}), nil
}
