// SPDX-License-Identifier: BSD-3-Clause

package forum_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
)

// What becomes of a draft that a tab saves, by what it has seen and what is
// there.
func TestSaveDraft(t *testing.T) {
	t.Parallel()
	const there = "Quel che c'è"
	for name, c := range map[string]struct {
		saves   int // how often it was saved before; 0: there is none
		version int // that the tab has seen
		body    string
		want    string // what is there then
		stale   bool
	}{
		"the first":               {0, 0, "Nuovo", "Nuovo", false},
		"the next":                {1, 1, "Nuovo", "Nuovo", false},
		"after many":              {3, 3, "Nuovo", "Nuovo", false},
		"not seen":                {1, 0, "Nuovo", there, true},
		"seen before":             {2, 1, "Nuovo", there, true},
		"dropped elsewhere":       {0, 2, "Nuovo", "", true},
		"from nowhere":            {1, 7, "Nuovo", there, true},
		"negative":                {1, -1, "Nuovo", there, true},
		"emptied":                 {2, 2, "", "", false},
		"white space":             {2, 2, " \r\n\t", "", false},
		"emptied, not seen":       {1, 0, "", there, true},
		"emptied, seen before":    {2, 1, "", there, true},
		"emptied, gone elsewhere": {0, 2, "", "", false},
		"nothing, from nothing":   {0, 0, "", "", false},
	} {
		w := newWorld(t)
		for v := range c.saves {
			_, err := w.forum.SaveDraft(w.ctx, w.author, forum.DraftSave{Place: "qui", Version: v, Body: there})
			require.NoError(t, err)
		}
		_, err := w.forum.SaveDraft(w.ctx, w.member, forum.DraftSave{Place: "qui", Body: "D'altri"})
		require.NoError(t, err)
		d, err := w.forum.SaveDraft(w.ctx, w.author, forum.DraftSave{Place: "qui", Version: c.version, Body: c.body})
		now, nerr := w.forum.Draft(w.ctx, w.author, "qui")
		require.Equal(t, c.want, now.Body, name)
		if c.want == "" {
			require.ErrorIs(t, nerr, storage.ErrNotFound, name)
		}
		if c.stale {
			var conflict *storage.Conflict
			require.ErrorAs(t, err, &conflict, name)
			require.Equal(t, storage.Conflict{Base: c.version, Current: now}, *conflict, name)
			require.Zero(t, d)
			continue
		}
		require.NoError(t, err, name)
		require.Equal(t, now, d, name)
		if c.want != "" {
			require.Equal(t, forum.Draft{User: w.author.User, Place: "qui", Body: c.want, At: w.now, Version: c.version + 1}, d, name)
		}
	}
}

func TestDraftsAreOnesOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 3 {
		w.pass(1e9)
		_, err := w.forum.SaveDraft(w.ctx, w.author, forum.DraftSave{Place: fmt.Sprint(i), Title: " Titolo ", Body: "a\r\nb"})
		require.NoError(t, err)
	}
	drafts, err := w.forum.Drafts(w.ctx, w.author)
	require.NoError(t, err)
	require.Equal(t, []string{"2", "1", "0"}, []string{drafts[0].Place, drafts[1].Place, drafts[2].Place}, "latest first")
	require.Equal(t, []string{"Titolo", "a\nb"}, []string{drafts[0].Title, drafts[0].Body})
	require.NoError(t, w.forum.DropDraft(w.ctx, w.member, "1"))
	none, err := w.forum.Drafts(w.ctx, w.member)
	require.NoError(t, err)
	require.Empty(t, none)
	require.NoError(t, w.forum.DropDraft(w.ctx, w.author, "1"))
	require.NoError(t, w.forum.DropDraft(w.ctx, w.author, "1"), "none is no error")
	drafts, err = w.forum.Drafts(w.ctx, w.author)
	require.NoError(t, err)
	require.Len(t, drafts, 2)
	for _, place := range []string{"", " ", "a\nb"} {
		require.ErrorIs(t, failure(w.forum.SaveDraft(w.ctx, w.author, forum.DraftSave{Place: place, Body: "x"})), storage.ErrInvalid)
		require.ErrorIs(t, failure(w.forum.Draft(w.ctx, w.author, place)), storage.ErrInvalid)
		require.ErrorIs(t, w.forum.DropDraft(w.ctx, w.author, place), storage.ErrInvalid)
	}
}

// What is posted takes its draft along; what is refused leaves it.
func TestPostedDrafts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	has := func() bool {
		_, err := w.forum.Draft(w.ctx, w.author, "qui")
		return err == nil
	}
	topic := w.starts(w.member, forum.NewTopic{})
	for _, send := range []func(body string) error{
		func(body string) error {
			return failure(w.forum.Reply(w.ctx, w.author, forum.NewReply{Topic: topic.ID, Body: body, Draft: "qui"}))
		},
		func(body string) error {
			return failure(w.forum.StartTopic(w.ctx, w.author, forum.NewTopic{Board: w.open.ID, Title: "Titolo", Body: body, Draft: "qui"}))
		},
	} {
		_, err := w.forum.SaveDraft(w.ctx, w.author, forum.DraftSave{Place: "qui", Body: "Testo"})
		require.NoError(t, err)
		require.Error(t, send(""))
		require.True(t, has())
		require.NoError(t, send("Testo"))
		require.False(t, has())
		require.NoError(t, send("Testo"), "none to drop is no error")
	}
}

// However many tabs begin drafts at once, nobody has more than there may be.
func TestDraftsAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	save := func(place string) error {
		return failure(w.forum.SaveDraft(w.ctx, w.author, forum.DraftSave{Place: place, Body: "Testo"}))
	}
	for i := range forum.MaxDrafts - 1 {
		require.NoError(t, save(fmt.Sprint(i)))
	}
	saved := 0
	for _, err := range together(8, func(i int) error { return save(fmt.Sprint("altro ", i)) }) {
		if err == nil {
			saved++
			continue
		}
		invalid(t, err, "", storage.CodeTooMany)
	}
	require.Equal(t, 1, saved)
	require.ErrorIs(t, save("0"), storage.ErrConflict, "which is there")
}
