// SPDX-License-Identifier: BSD-3-Clause

package storetest

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"testing"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/community/membership"
	"github.com/copis-it/copis/storage"
)

var membershipCrowdPromises = []promise{
	{"Membership/Crowd/Use", "of many who use an invitation at once, as many succeed as it is for", true, useRace},
	{"Membership/Crowd/Hold", "of many who hold the coordinators from the same count, one does", true, holdRace},
	{"Membership/Crowd/Last", "coordinators who all leave at once, counting and holding, leave one behind", true, lastRace},
	{"Membership/Crowd/Turn", "of many who turn the phase at once, one does", true, turnRace},
	{"Membership/Crowd/Insert", "of many inserts of one person, one code, one hash or one mailbox, one is made", true, insertRace},
	{"Membership/Crowd/Applied", "of many applications of one person at once, one is Applied, whether they are made or changed", true, appliedRace},
	{"Membership/Crowd/Versions", "of many updates of one version, one is made", true, membershipVersionRace},
	{"Membership/Crowd/Member", "units that read the same member run one after the other", true, memberRace},
}

// racers are how many run in one.
const racers = 64

// race runs fn in many callers at once and returns how many succeeded; the
// others must be refused with refusal.
func race(t *testing.T, refusal error, fn func(caller int) error) int {
	t.Helper()
	var wg sync.WaitGroup
	var mu sync.Mutex
	won, start := 0, make(chan struct{})
	for caller := range racers {
		wg.Go(func() {
			<-start
			err := fn(caller)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				won++
			} else if !errors.Is(err, refusal) {
				t.Errorf("caller %d: %v, want %v", caller, err, refusal)
			}
		})
	}
	close(start)
	wg.Wait()
	return won
}

func useRace(t *testing.T, s community.Store) {
	h := newRoster(t, s)
	for round := range rounds() {
		most := []int{1, 5, racers - 1}[round%3]
		v := h.newInvitation(most)
		v.Mailbox = [16]byte{1}
		h.do(membership.InsertInvitation{Invitation: v})
		user := make([]auth.UserID, racers)
		for i := range user {
			user[i] = newUser()
		}
		won := race(t, storage.ErrConflict, func(caller int) error {
			return s.Apply(ctx, membership.UseInvitation{ID: v.ID, At: at(1)},
				membership.InsertMember{Member: membership.Member{User: user[caller], State: membership.Active, Version: 1}})
		})
		same(t, won, most)
		same(t, got(h.m.InvitationOf(ctx, v.ID))(t).Uses, most)
		same(t, len(got(h.m.MembersByID(ctx, user))(t)), most) // what goes with a use is made with it
		if t.Failed() {
			return
		}
	}
}

func holdRace(t *testing.T, s community.Store) {
	h := newRoster(t, s)
	for range rounds() {
		_, seen, err := h.m.Coordinators(ctx, auth.Commons, at(0))
		must(t, err)
		same(t, race(t, storage.ErrConflict, func(int) error { return s.Apply(ctx, membership.HoldCoordinators{Area: auth.Commons, Seen: seen}) }), 1)
		if t.Failed() {
			return
		}
	}
}

func lastRace(t *testing.T, s community.Store) {
	h := newRoster(t, s)
	errLast := errors.New("the last one stays")
	for range rounds() {
		var all [callers]membership.Member
		for i := range all {
			all[i] = h.member(func(m *membership.Member) { m.Role = auth.Coordinator })
		}
		left := winners(t, func(caller int) error {
			m := all[caller]
			m.State = membership.Left
			for {
				who, seen, err := s.Membership().Coordinators(ctx, auth.Commons, at(0))
				if err == nil && len(who) == 1 {
					return errLast
				}
				if err == nil {
					err = s.Apply(ctx, membership.HoldCoordinators{Area: auth.Commons, Seen: seen}, membership.UpdateMember{Member: m})
				}
				if !errors.Is(err, storage.ErrConflict) {
					return err
				}
			}
		}, errLast)
		same(t, left, callers-1)
		who, _, err := h.m.Coordinators(ctx, auth.Commons, at(0))
		must(t, err)
		same(t, len(who), 1)
		if t.Failed() {
			return
		}
		h.do(membership.EraseUser{User: who[0]})
	}
}

func turnRace(t *testing.T, s community.Store) {
	h := newRoster(t, s)
	for round := range rounds() {
		same(t, race(t, storage.ErrConflict, func(caller int) error {
			return s.Apply(ctx, membership.InsertTurn{Turn: membership.Turn{N: round + 1, Phase: caller, At: at(round)}})
		}), 1)
		same(t, len(got(h.m.Turns(ctx))(t)), round+1)
		if t.Failed() {
			return
		}
	}
}

func insertRace(t *testing.T, s community.Store) {
	h := newRoster(t, s)
	user, box := newUser(), [16]byte{7}
	var invitations, forBox [callers]membership.Invitation
	var orgs [callers]membership.Org
	for i := range callers {
		invitations[i], forBox[i], orgs[i] = h.newInvitation(1), h.newInvitation(1), h.newOrg()
		invitations[i].Hash, forBox[i].Mailbox = [32]byte{9}, box
	}
	for name, change := range map[string]func(caller int) storage.Change{
		"person": func(int) storage.Change {
			return membership.InsertMember{Member: membership.Member{User: user, Version: 1}}
		},
		"code": func(caller int) storage.Change {
			return membership.InsertOrg{Org: membership.Org{ID: storage.NewID[auth.Org](), Code: "c_f205", Made: at(1), Version: 1}}
		},
		"a code that is taken over": func(caller int) storage.Change {
			o := orgs[caller]
			o.Code = "c_l219"
			return membership.UpdateOrg{Org: o}
		},
		"hash":    func(caller int) storage.Change { return membership.InsertInvitation{Invitation: invitations[caller]} },
		"mailbox": func(caller int) storage.Change { return membership.InsertInvitation{Invitation: forBox[caller]} },
	} {
		t.Run(name, func(t *testing.T) {
			same(t, winners(t, func(caller int) error { return s.Apply(ctx, change(caller)) }, storage.ErrExists), 1)
		})
	}
}

func appliedRace(t *testing.T, s community.Store) {
	h := newRoster(t, s)
	for range rounds() {
		user, other := newUser(), newUser()
		var fresh, old [callers]membership.Application
		for i := range callers {
			fresh[i], old[i] = h.newApplication(user), h.newApplication(other)
			old[i].State = membership.Declined
			h.do(membership.InsertApplication{Application: old[i]})
			old[i].State = membership.Applied
		}
		same(t, winners(t, func(caller int) error {
			return s.Apply(ctx, membership.InsertApplication{Application: fresh[caller]})
		}, storage.ErrExists), 1)
		// In a unit, which goes on after being refused.
		same(t, winners(t, func(caller int) error {
			var refused error
			err := s.Membership().Atomic(ctx, func(ctx context.Context, tx membership.Store) error {
				refused = tx.Apply(ctx, membership.UpdateApplication{Application: old[caller]})
				_, err := tx.Application(ctx, old[caller].ID)
				return err
			})
			if err != nil {
				return fmt.Errorf("the unit did not go on after %v: %w", refused, err)
			}
			return refused
		}, storage.ErrExists), 1)
		for _, u := range []auth.UserID{user, other} {
			same(t, len(got(h.m.Applications(ctx, membership.ApplicationQuery{User: u, State: membership.Applied}))(t).Items), 1)
		}
		if t.Failed() {
			return
		}
	}
}

func membershipVersionRace(t *testing.T, s community.Store) {
	h := newRoster(t, s)
	m, o, a, v, x := h.member(nil), h.newOrg(), h.newApplication(newUser()), h.newInvitation(1), h.newSanction(newUser(), membership.Warning)
	w := h.newMandate(m.User, o.ID)
	h.do(membership.InsertApplication{Application: a}, membership.InsertInvitation{Invitation: v}, membership.InsertSanction{Sanction: x}, membership.InsertMandate{Mandate: w})
	for name, change := range map[string]func(caller int) storage.Change{
		"member":      func(caller int) storage.Change { return membership.UpdateMember{Member: m} },
		"org":         func(caller int) storage.Change { return membership.UpdateOrg{Org: o} },
		"application": func(caller int) storage.Change { return membership.UpdateApplication{Application: a} },
		"invitation":  func(caller int) storage.Change { return membership.UpdateInvitation{Invitation: v} },
		"sanction":    func(caller int) storage.Change { return membership.UpdateSanction{Sanction: x} },
		"mandate":     func(caller int) storage.Change { return membership.UpdateMandate{Mandate: w} },
	} {
		t.Run(name, func(t *testing.T) {
			same(t, winners(t, func(caller int) error { return s.Apply(ctx, change(caller)) }, storage.ErrConflict), 1)
		})
	}
}

func memberRace(t *testing.T, s community.Store) {
	h := newRoster(t, s)
	m := h.member(nil)
	crowd(t, each/5, func(int, int) error {
		return s.Membership().Atomic(ctx, func(ctx context.Context, tx membership.Store) error {
			now, err := tx.Member(ctx, m.User)
			if err != nil {
				return err
			}
			n, _ := strconv.Atoi(now.Profile.About.Text)
			now.Profile.About.Text = strconv.Itoa(n + 1)
			return tx.Apply(ctx, membership.UpdateMember{Member: now})
		})
	})
	same(t, got(h.m.Member(ctx, m.User))(t).Profile.About.Text, strconv.Itoa(callers*each/5))
}
