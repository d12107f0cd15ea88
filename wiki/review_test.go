// SPDX-License-Identifier: BSD-3-Clause

package wiki_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/wiki"
)

// What waits is for who wrote it, for those who may edit the page and for those
// who review; readers see what was published, its links and its mentions.
func TestReview(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.begins(w.author, wiki.NewPage{Body: "Vedi [[Uno]]."})
	w.protects(p.ID, wiki.Rules{Review: true})
	w.events()
	saved := w.saves(w.member, p.ID, 1, "Vedi [[Due]], @author.")
	require.Equal(t, [2]int{2, 1}, [2]int{saved.Page.Current, saved.Page.Stable})
	require.Equal(t, "Vedi [[Uno]].", w.page(p.ID).Body)
	_, told := w.events()
	require.Empty(t, told[0].Mentions)
	wanted, err := w.wiki.Wanted(w.ctx, w.member, auth.Commons, "", 0)
	require.NoError(t, err)
	require.Equal(t, "Uno", wanted.Items[0].Title)
	_, _, err = w.wiki.Text(w.ctx, w.observer, p.ID, 2)
	require.ErrorIs(t, err, storage.ErrNotFound)
	w.text(w.outsider, p.ID, 2) // who may edit the page
	source, _, err := w.wiki.Source(w.ctx, w.outsider, p.ID)
	require.NoError(t, err)
	require.Contains(t, source.Body, "[[Due]]")
	w.saves(w.outsider, p.ID, 2, "Vedi [[Tre]].") // upon what waits
	history := func(who auth.Actor) int {
		page, err := w.wiki.History(w.ctx, who, wiki.HistoryPage{Page: p.ID})
		require.NoError(t, err)
		return len(page.Items)
	}
	require.Equal(t, [2]int{1, 3}, [2]int{history(w.observer), history(w.author)})

	_, err = w.wiki.Publish(w.ctx, w.moderator, p.ID, 4)
	require.Equal(t, "revision unknown", invalid(err))
	published, err := w.wiki.Publish(w.ctx, w.moderator, p.ID, 2)
	require.NoError(t, err)
	require.Equal(t, [2]int{3, 2}, [2]int{published.Current, published.Stable})
	require.Equal(t, w.member.By(), published.EditedBy)
	_, told = w.events()
	require.Equal(t, []auth.UserID{w.author.User}, told[len(told)-1].Mentions)
	_, err = w.wiki.Publish(w.ctx, w.moderator, p.ID, 1)
	require.Equal(t, "revision unknown", invalid(err))

	// What is declined goes out of sight, and readers see what they saw.
	_, err = w.wiki.Decline(w.ctx, w.moderator, p.ID, 2, "no")
	var stale *storage.Conflict
	require.ErrorAs(t, err, &stale)
	_, err = w.wiki.Decline(w.ctx, w.moderator, p.ID, 3, "")
	require.Equal(t, "why missing", invalid(err))
	declined, err := w.wiki.Decline(w.ctx, w.moderator, p.ID, 3, "fuori tema")
	require.NoError(t, err)
	require.Equal(t, [2]int{4, 4}, [2]int{declined.Current, declined.Stable})
	require.Equal(t, published.Body, w.page(p.ID).Body)
	require.Equal(t, w.text(w.moderator, p.ID, 2), w.text(w.observer, p.ID, 4))
	_, _, err = w.wiki.Text(w.ctx, w.member, p.ID, 3)
	require.ErrorIs(t, err, wiki.ErrHidden)

	// Whoever may review waits for nobody.
	require.Equal(t, 5, w.saves(w.moderator, p.ID, 4, "Vedi [[Quattro]].").Page.Stable)
}

// A page that was never published is its author's and the reviewers'; declined,
// it is gone and its title is free.
func TestReviewOfNew(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *wiki.Config) { c.Hold = holdAll })
	p := w.begins(w.author, wiki.NewPage{Title: "Nuova"})
	require.Zero(t, p.Stable)
	_, err := w.wiki.View(w.ctx, w.member, p.ID)
	require.ErrorIs(t, err, storage.ErrNotFound)
	mine, err := w.wiki.List(w.ctx, w.author, wiki.ListPage{Mine: true})
	require.NoError(t, err)
	require.Equal(t, "Nuova", titlesOf(mine.Items))
	_, err = w.wiki.Rename(w.ctx, w.author, p.ID, p.Version, "Altra", "")
	require.ErrorIs(t, err, auth.ErrDenied)
	gone, err := w.wiki.Decline(w.ctx, w.moderator, p.ID, 1, "no")
	require.NoError(t, err)
	require.Equal(t, wiki.Deleted, gone.Removal.State)
	again := w.begins(w.author, wiki.NewPage{Title: "Nuova"})
	published, err := w.wiki.Publish(w.ctx, w.moderator, again.ID, 1)
	require.NoError(t, err)
	require.Equal(t, "Un testo.", published.Body)
	_, err = w.wiki.View(w.ctx, w.observer, again.ID)
	require.NoError(t, err)
}

// Pages are looked at again when they are due, and when what they were made from
// has changed.
func TestCheck(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	from := wiki.Origin{Kind: "qa.answer", ID: [16]byte{1}, Revision: 2}
	p := w.begins(w.author, wiki.NewPage{Title: "Una", Origin: from})
	overdue := func() string {
		page, err := w.wiki.List(w.ctx, w.observer, wiki.ListPage{Overdue: true, Order: wiki.ByDue})
		require.NoError(t, err)
		return titlesOf(page.Items)
	}
	require.Empty(t, overdue())
	_, err := w.wiki.CheckBy(w.ctx, w.member, p.ID, w.now.Add(time.Hour))
	require.NoError(t, err)
	require.Empty(t, overdue())
	w.pass(time.Hour)
	require.Equal(t, "Una", overdue())
	checked, err := w.wiki.Confirm(w.ctx, w.outsider, p.ID, time.Time{})
	require.NoError(t, err)
	require.Equal(t, wiki.Check{Due: w.now.Add(365 * 24 * time.Hour), By: w.outsider.By(), At: w.now}, checked.Check)
	require.Empty(t, overdue())
	_, err = w.wiki.Confirm(w.ctx, w.member, p.ID, w.now)
	require.Equal(t, "due past", invalid(err))

	marked := func(o wiki.Origin) bool {
		require.NoError(t, w.wiki.Recheck(w.ctx, o))
		return !w.page(p.ID).RecheckAt.IsZero()
	}
	require.False(t, marked(wiki.Origin{Kind: "forum.topic", ID: [16]byte{1}}))
	require.False(t, marked(from))
	from.Revision = 3
	require.True(t, marked(from))
	w.events()
	require.True(t, marked(from)) // once
	names, _ := w.events()
	require.Empty(t, names)
	require.NoError(t, w.wiki.Rechecked(w.ctx, w.member, p.ID))
	from.Revision = 0
	require.True(t, marked(from))
}
