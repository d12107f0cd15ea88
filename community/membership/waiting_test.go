// SPDX-License-Identifier: BSD-3-Clause

package membership_test

import (
	"fmt"
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
