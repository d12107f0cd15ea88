// SPDX-License-Identifier: BSD-3-Clause

package membership_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community/membership"
	"github.com/copis-it/copis/storage"
)

const month = 30 * 24 * time.Hour

func TestCoolDown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	in := membership.NewApplication{Category: membership.Beneficiary, Org: w.milan.ID}
	a := w.applies(w.stranger, in)
	_, err := w.members.Decide(w.ctx, w.chief, membership.Decision{Application: a.ID, Why: "Manca l'atto"})
	require.NoError(t, err)
	again := w.clock().Add(month)
	w.at(again.Add(-time.Microsecond))
	_, err = w.members.Apply(w.ctx, w.stranger, in)
	assert.Equal(t, again, denied(t, err, membership.ReasonCoolDown).Opens)
	w.at(again)
	b := w.applies(w.stranger, in)
	assert.NotEqual(t, a.ID, b.ID)
	require.NoError(t, w.members.Withdraw(w.ctx, w.stranger, b.ID))
	w.applies(w.stranger, in) // whoever withdrew may ask again at once
}

// An application waits for 90 days in which it could be decided, and not
// before that.
func TestExpiry(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	in := membership.NewApplication{Category: membership.University}
	a := w.applies(w.stranger, in) // five months early
	w.at(opens.Add(3*month - time.Microsecond))
	mine, err := w.members.Mine(w.ctx, w.stranger)
	require.NoError(t, err)
	assert.Equal(t, membership.Applied, mine.State)
	w.at(opens.Add(3 * month))
	mine, err = w.members.Mine(w.ctx, w.stranger)
	require.NoError(t, err)
	assert.Equal(t, membership.Expired, mine.State)
	assert.Zero(t, w.standing(w.stranger).Waiting)
	page, err := w.members.Applications(w.ctx, w.chief, membership.ApplicationFilter{State: membership.Applied})
	require.NoError(t, err)
	require.Len(t, page.Items, 1)
	assert.Equal(t, membership.Expired, page.Items[0].State)
	_, err = w.members.Decide(w.ctx, w.chief, membership.Decision{Application: a.ID, Approve: true})
	var c *storage.Conflict
	require.ErrorAs(t, err, &c)
	assert.Equal(t, membership.Expired, c.Current.(membership.Application).State)
	require.ErrorIs(t, w.members.Withdraw(w.ctx, w.stranger, a.ID), storage.ErrConflict)
	b := w.applies(w.stranger, in)
	assert.NotEqual(t, a.ID, b.ID)
	kept, err := w.store.Membership().Application(w.ctx, a.ID)
	require.NoError(t, err)
	assert.Equal(t, membership.Expired, kept.State)
}

func TestApplicationsAreListed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var want []membership.ApplicationID
	for i := range 7 {
		a := w.applies(person(), membership.NewApplication{Category: membership.Partner, Text: fmt.Sprint(i)})
		want = append(want, a.ID)
	}
	w.applies(person(), membership.NewApplication{Category: membership.University})
	var got []membership.ApplicationID
	f := membership.ApplicationFilter{State: membership.Applied, Category: membership.Partner, Limit: 3}
	for a, err := range storage.All(w.ctx, func(c storage.Cursor) (storage.Page[membership.Asked], error) {
		f.After = c
		return w.members.Applications(w.ctx, w.chief, f)
	}) {
		require.NoError(t, err)
		got = append(got, a.ID)
	}
	assert.Equal(t, want, got, "oldest first")
}

// S10: another's application is as one that is not there.
func TestOthersApplications_S10(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.applies(w.stranger, membership.NewApplication{Category: membership.Partner})
	unknown := storage.NewID[membership.Application]()
	for _, who := range []auth.Actor{person(), w.member, w.chief} {
		there, not := w.members.Withdraw(w.ctx, who, a.ID), w.members.Withdraw(w.ctx, who, unknown)
		require.ErrorIs(t, there, storage.ErrNotFound)
		assert.Equal(t, strings.ReplaceAll(not.Error(), unknown.String(), a.ID.String()), there.Error())
	}
}

// stands is where somebody's last application stands.
func (w *world) stands(who auth.Actor) membership.Asked {
	w.Helper()
	a, err := w.members.Mine(w.ctx, who)
	require.NoError(w, err)
	return a
}

// kept is where an application stands in the store.
func (w *world) kept(id membership.ApplicationID) membership.Application {
	w.Helper()
	a, err := w.store.Membership().Application(w.ctx, id)
	require.NoError(w, err)
	return a
}

// What is over is over, whichever phase comes, and whichever way.
func TestExpiredStaysExpired(t *testing.T) {
	t.Parallel()
	for name, turn := range map[string]func(w *world){
		"by hand to one that admits all": func(w *world) { w.turns(everyone) },
		"by hand back":                   func(w *world) { w.turns(implementers) },
		"by hand back and on":            func(w *world) { w.turns(implementers); w.turns(network) },
		"by hand back and to the last":   func(w *world) { w.turns(implementers); w.turns(everyone) },
		"by date":                        func(w *world) { w.at(coming) },
		"by date and by hand back":       func(w *world) { w.at(coming); w.turns(implementers) },
		"by hand back and by date":       func(w *world) { w.turns(implementers); w.at(coming) },
		"by date and long after":         func(w *world) { w.at(coming.AddDate(3, 0, 0)) },
		"a phase in between":             func(w *world) { w.turns(everyone); w.turns(network); w.turns(everyone) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, func(c *membership.Config) {
				c.Plan = plan()
				c.Plan[everyone].Opens = coming
			})
			a := w.applies(w.stranger, membership.NewApplication{Category: membership.Expert})
			over := opens.Add(3 * month)
			w.at(over.Add(time.Hour))
			require.Equal(t, membership.Expired, w.stands(w.stranger).State)
			turn(w)
			mine := w.stands(w.stranger)
			assert.Equal(t, membership.Expired, mine.State)
			assert.Equal(t, over, mine.Decided, "and since when is told")
			assert.False(t, w.is(w.stranger))
			assert.Zero(t, w.standing(w.stranger).Waiting)
			require.ErrorIs(t, w.members.Withdraw(w.ctx, w.stranger, a.ID), storage.ErrConflict)
			_, err := w.members.Decide(w.ctx, w.chief, membership.Decision{Application: a.ID, Approve: true})
			require.ErrorIs(t, err, storage.ErrConflict)
			b := w.applies(w.stranger, membership.NewApplication{Category: membership.Expert, Text: "Ancora"})
			assert.NotEqual(t, a.ID, b.ID)
			assert.Equal(t, membership.Expired, w.kept(a.ID).State)
			assert.Equal(t, over, w.kept(a.ID).Decided)
		})
	}
}

// In each phase that lets it be decided an application waits as long, and no
// longer for those before.
func TestEachPhaseWaits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.applies(w.stranger, membership.NewApplication{Category: membership.University})
	w.turns(network)
	w.pass(2 * month)
	w.turns(implementers)
	w.pass(5 * month / 2)
	w.turns(network)
	began := w.clock()
	w.at(began.Add(3*month - time.Microsecond))
	assert.True(t, w.stands(w.stranger).Decidable)
	w.turns(implementers)
	assert.Equal(t, membership.Applied, w.stands(w.stranger).State)
	w.turns(network)
	w.pass(3 * month)
	assert.Equal(t, membership.Expired, w.stands(w.stranger).State)
	assert.Equal(t, membership.Applied, w.kept(a.ID).State, "as it was left")
	w.turns(implementers)
	assert.Equal(t, membership.Expired, w.kept(a.ID).State, "a turn keeps what had become of it")
}

// By an allow-list an application waits as long as by any other way, if its
// organisation is on it, and otherwise for a phase that lets it be decided.
func TestExpiryByAllowList(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	listed, other := person(), person()
	a := w.applies(listed, membership.NewApplication{Category: membership.Beneficiary, Org: w.milan.ID})
	w.applies(other, membership.NewApplication{Category: membership.Beneficiary, Org: w.elsewhere.ID})
	over := w.clock().Add(3 * month)
	w.at(over.Add(-time.Microsecond))
	assert.True(t, w.stands(listed).Decidable)
	assert.Equal(t, a.ID, w.standing(listed).Waiting.ID)
	w.at(over)
	assert.Equal(t, membership.Expired, w.stands(listed).State)
	assert.Zero(t, w.standing(listed).Waiting)
	st := w.standing(other)
	assert.False(t, st.Waiting.ID.IsZero())
	assert.False(t, st.Decidable)
	assert.Equal(t, opens, st.Opens)
	w.at(opens)
	assert.Equal(t, membership.Expired, w.stands(listed).State, "whatever comes")
	assert.True(t, w.standing(other).Decidable)
}

// An invitation is not an answer to an application that is over.
func TestExpiredAndInvited(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.applies(w.stranger, membership.NewApplication{Category: membership.Beneficiary, Org: w.milan.ID})
	w.pass(4 * month)
	_, secret := w.invites(w.chief, membership.NewInvitation{})
	_, err := w.members.Redeem(w.ctx, w.stranger, secret)
	require.NoError(t, err)
	assert.Equal(t, membership.Expired, w.kept(a.ID).State)
}

func TestDecidableApplications(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var want []membership.ApplicationID
	old := person()
	w.applies(old, membership.NewApplication{Category: membership.Beneficiary, Org: w.milan.ID})
	w.pass(3 * month) // is over
	for i := range 7 {
		w.applies(person(), membership.NewApplication{Category: membership.University})
		w.applies(person(), membership.NewApplication{Category: membership.Beneficiary, Org: w.elsewhere.ID})
		a := w.applies(person(), membership.NewApplication{Category: membership.Beneficiary, Org: w.turin.ID, Text: fmt.Sprint(i)})
		want = append(want, a.ID)
	}
	for limit := 1; limit <= 8; limit++ {
		var got []membership.ApplicationID
		f := membership.ApplicationFilter{Decidable: true, Limit: limit}
		for pages := 0; ; pages++ {
			page, err := w.members.Applications(w.ctx, w.chief, f)
			require.NoError(t, err)
			require.LessOrEqual(t, len(page.Items), limit)
			for _, a := range page.Items {
				assert.True(t, a.Decidable)
				got = append(got, a.ID)
			}
			if page.Next == "" {
				break
			}
			require.Len(t, page.Items, limit, "a full page")
			f.After = page.Next
		}
		assert.Equal(t, want, got, "by %d", limit)
	}
	count := func(f membership.ApplicationFilter) int {
		page, err := w.members.Applications(w.ctx, w.chief, f)
		require.NoError(t, err)
		return len(page.Items)
	}
	assert.Zero(t, count(membership.ApplicationFilter{Decidable: true, Category: membership.University}))
	assert.Zero(t, count(membership.ApplicationFilter{Decidable: true, State: membership.Declined}))
	assert.Equal(t, 7, count(membership.ApplicationFilter{Decidable: true, Category: membership.Beneficiary, State: membership.Applied}))
	n, err := w.members.Waits(w.ctx, w.chief)
	require.NoError(t, err)
	assert.Equal(t, membership.Waits{Decidable: 7, Early: 14}, n)
	_, err = w.members.Waits(w.ctx, w.moderator)
	require.ErrorIs(t, err, auth.ErrDenied)
	w.turns(everyone)
	n, err = w.members.Waits(w.ctx, w.chief)
	require.NoError(t, err)
	assert.Equal(t, membership.Waits{Decidable: 21}, n)
}

// S10: an application is its author's and theirs who may decide it.
func TestApplicationOf_S10(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.applies(w.stranger, membership.NewApplication{Category: membership.University, Org: w.elsewhere.ID})
	for _, who := range []auth.Actor{w.stranger, w.chief} {
		got, err := w.members.Application(w.ctx, who, a.ID)
		require.NoError(t, err)
		assert.Equal(t, a, got)
	}
	unknown := storage.NewID[membership.Application]()
	for _, who := range []auth.Actor{auth.Visitor, person(), w.member, w.moderator} {
		_, there := w.members.Application(w.ctx, who, a.ID)
		_, not := w.members.Application(w.ctx, who, unknown)
		require.Error(t, there)
		assert.Equal(t, strings.ReplaceAll(not.Error(), unknown.String(), a.ID.String()), there.Error())
	}
	_, err := w.members.Application(w.ctx, w.chief, unknown)
	require.ErrorIs(t, err, storage.ErrNotFound)
}

// A category that somebody corrects opens no way to decline what cannot be
// decided yet.
func TestDeclineAsks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.applies(w.stranger, membership.NewApplication{Category: membership.University, Org: w.milan.ID})
	_, err := w.members.Decide(w.ctx, w.chief, membership.Decision{Application: a.ID, Category: membership.Beneficiary, Why: "No"})
	assert.Equal(t, opens, denied(t, err, membership.ReasonPhase).Opens)
	_, err = w.members.Decide(w.ctx, w.chief, membership.Decision{Application: a.ID, Approve: true, Category: membership.Beneficiary})
	require.NoError(t, err, "who is of an administration of the list may come in as such")
	assert.Equal(t, membership.Beneficiary, w.standing(w.stranger).Member.Category)
}

// A ledger is a store that notes what is asked of it about applications.
type ledger struct {
	membership.Store
	queries []membership.ApplicationQuery
	writes  []int // how many changes went together
}

func (l *ledger) Applications(ctx context.Context, q membership.ApplicationQuery) (storage.Page[membership.Application], error) {
	l.queries = append(l.queries, q)
	return l.Store.Applications(ctx, q)
}

func (l *ledger) Apply(ctx context.Context, changes ...storage.Change) error {
	l.writes = append(l.writes, len(changes))
	return l.Store.Apply(ctx, changes...)
}

// However many wait, nothing looks at all of them or writes them all at once
// but what has to.
func TestManyWait(t *testing.T) {
	t.Parallel()
	l := &ledger{}
	w := newWorld(t, func(c *membership.Config) { l.Store, c.Store = c.Store, l })
	ask := func(n int, c membership.Category, org auth.OrgID) (all []membership.ApplicationID) {
		var changes []storage.Change
		for range n {
			a := membership.Application{ID: storage.NewID[membership.Application](), User: storage.NewID[auth.User](), Category: c, Org: org, State: membership.Applied, Made: w.clock(), Version: 1}
			changes, all = append(changes, membership.InsertApplication{Application: a}), append(all, a.ID)
		}
		require.NoError(t, w.store.Apply(w.ctx, changes...))
		return all
	}
	early := ask(membership.MaxWaits+1, membership.University, auth.OrgID{})
	waits := func() membership.Waits {
		l.queries = nil
		n, err := w.members.Waits(w.ctx, w.chief)
		require.NoError(t, err)
		assert.LessOrEqual(t, len(l.queries), 2*membership.MaxWaits/storage.MaxLimit+2)
		return n
	}
	assert.Equal(t, membership.Waits{Early: membership.MaxWaits, More: true}, waits())
	old := ask(450, membership.Beneficiary, w.milan.ID)
	assert.Equal(t, membership.Waits{Decidable: 450, Early: membership.MaxWaits, More: true}, waits(), "who can be decided is not hidden behind who cannot")
	w.pass(4 * month)
	fresh := ask(membership.MaxWaits-450, membership.Beneficiary, w.milan.ID)
	assert.Equal(t, membership.Waits{Decidable: len(fresh), Early: membership.MaxWaits, More: true}, waits())

	l.queries, l.writes = nil, nil
	w.turns(network)
	for _, q := range l.queries {
		assert.Equal(t, []membership.Category{membership.Beneficiary}, q.Categories, "of others nothing can have become")
	}
	assert.LessOrEqual(t, slices.Max(l.writes), 210)
	for ids, state := range map[*[]membership.ApplicationID]membership.AppState{&early: membership.Applied, &old: membership.Expired, &fresh: membership.Applied} {
		for _, id := range *ids {
			require.Equal(t, state, w.kept(id).State)
		}
	}
	assert.Equal(t, membership.Waits{Decidable: membership.MaxWaits, More: true}, waits())
}
