// SPDX-License-Identifier: BSD-3-Clause

package wiki_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/wiki"
)

func (w *world) renames(who auth.Actor, id wiki.PageID, title string) wiki.Page {
	w.Helper()
	p, err := w.wiki.Rename(w.ctx, who, id, w.page(id).Version, title, "")
	require.NoError(w, err)
	return p
}

// finds returns the page that a title leads to, zero if to none.
func (w *world) finds(title string) wiki.PageID {
	w.Helper()
	v, err := w.wiki.Find(w.ctx, w.member, auth.Commons, title)
	if err != nil {
		require.ErrorIs(w, err, storage.ErrNotFound)
	}
	return v.Page.ID
}

// invalid returns field and code of a refusal.
func invalid(err error) string {
	var e *storage.Invalid
	if !errorsAs(err, &e) {
		return fmt.Sprint(err)
	}
	return e.Field + " " + e.Code
}

// Every title that a page has had leads to it, at once; another page may take
// one that only leads, and the page may have its own back.
func TestRename(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.begins(w.author, wiki.NewPage{Title: "A"})
	w.renames(w.member, p.ID, "B")
	w.renames(w.member, p.ID, "C")
	for _, title := range []string{"A", "b", "C", "c"} {
		require.Equal(t, p.ID, w.finds(title), title)
	}
	names, err := w.wiki.Aliases(w.ctx, w.member, p.ID)
	require.NoError(t, err)
	require.Len(t, names, 3)

	other := w.begins(w.author, wiki.NewPage{Title: "a"}) // breaks the alias on purpose
	require.Equal(t, other.ID, w.finds("A"))
	require.Equal(t, p.ID, w.finds("B"))
	_, err = w.wiki.Rename(w.ctx, w.member, p.ID, w.page(p.ID).Version, "A", "")
	require.Equal(t, "title taken", invalid(err))
	_, err = w.wiki.Create(w.ctx, w.member, wiki.NewPage{Area: auth.Commons, Title: "C", Body: "x"})
	require.Equal(t, "title taken", invalid(err))

	w.renames(w.member, p.ID, "B") // undone
	require.Equal(t, "B", w.page(p.ID).Title)
	require.Equal(t, p.ID, w.finds("C"))
	w.renames(w.member, other.ID, "C") // over what only leads
	require.Equal(t, other.ID, w.finds("C"))
	w.renames(w.member, p.ID, "b") // but for how it is written
	require.Equal(t, "b", w.page(p.ID).Title)

	_, err = w.wiki.Rename(w.ctx, w.member, p.ID, 1, "Z", "")
	var stale *storage.Conflict
	require.ErrorAs(t, err, &stale)
	require.Equal(t, p.ID, stale.Current.(wiki.Page).ID)
}

// Links lead by id, whatever the page is called now; a title that nobody has is
// wanted until somebody takes it, and again when the page goes.
func TestLinks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	from := w.begins(w.author, wiki.NewPage{Title: "Da", Body: "[[Meta]] e [[meta]] e [[Altra]]"})
	wanted := func() (out []string) {
		page, err := w.wiki.Wanted(w.ctx, w.member, auth.Commons, "", 0)
		require.NoError(t, err)
		for _, x := range page.Items {
			out = append(out, fmt.Sprint(x.Title, x.Pages))
		}
		return out
	}
	leads := func() (out []string) {
		v, err := w.wiki.View(w.ctx, w.member, from.ID)
		require.NoError(t, err)
		for _, l := range v.Links {
			out = append(out, l.Title+">"+l.To.Title)
		}
		return out
	}
	require.Equal(t, []string{"Altra1", "Meta1"}, wanted())
	require.Equal(t, []string{"Altra>", "Meta>"}, leads())
	to := w.begins(w.author, wiki.NewPage{Title: "META"})
	require.Equal(t, []string{"Altra1"}, wanted())
	w.renames(w.member, to.ID, "Traguardo")
	require.Equal(t, []string{"Altra>", "Meta>Traguardo"}, leads())
	w.begins(w.author, wiki.NewPage{Title: "Meta"}) // links go on leading where they led
	require.Equal(t, []string{"Altra>", "Meta>Traguardo"}, leads())
	back, err := w.wiki.Backlinks(w.ctx, w.member, to.ID, "", 0)
	require.NoError(t, err)
	require.Equal(t, "Da", titlesOf(back.Items))

	require.NoError(t, w.wiki.Delete(w.ctx, w.moderator, to.ID, "via"))
	require.Equal(t, []string{"Altra>", "Meta>"}, leads())
	require.Equal(t, []string{"Altra1", "Meta1"}, wanted())
	_, err = w.wiki.Restore(w.ctx, w.moderator, to.ID, "", "")
	require.NoError(t, err)
	require.Equal(t, []string{"Altra>", "Meta>Traguardo"}, leads())
	w.saves(w.member, from.ID, 1, "Nessuno.")
	require.Empty(t, wanted())
	require.Empty(t, leads())
}

// A title that is protected is for those who may protect, also after the page
// that had it was deleted; a protection ends by itself.
func TestProtection(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.wiki.ProtectTitle(w.ctx, w.coordinator, auth.Commons, "Vietata", wiki.Rules{Edit: true, Until: w.now.AddDate(0, 0, 1), Why: "sì"})
	require.NoError(t, err)
	_, err = w.wiki.Create(w.ctx, w.member, wiki.NewPage{Area: auth.Commons, Title: "VIETATA", Body: "x"})
	require.ErrorIs(t, err, auth.ErrDenied)
	p := w.begins(w.author, wiki.NewPage{Title: "Aperta"})
	_, err = w.wiki.Rename(w.ctx, w.member, p.ID, p.Version, "vietata", "")
	require.ErrorIs(t, err, auth.ErrDenied)
	w.pass(25 * 60 * 60 * 1e9)
	w.renames(w.member, p.ID, "vietata")

	w.protects(p.ID, wiki.Rules{Edit: true})
	for name, try := range map[string]func(auth.Actor) error{
		"save": func(who auth.Actor) error { return failure(w.trySave(who, p.ID, w.page(p.ID).Current, "Altro")) },
		"tags": func(who auth.Actor) error {
			return failure(w.wiki.Label(w.ctx, who, p.ID, w.page(p.ID).Version, []string{"x"}, nil))
		},
		"attach": func(who auth.Actor) error {
			return failure(w.wiki.Attach(w.ctx, who, wiki.NewFile{Page: p.ID, Name: "a"}, reader("a")))
		},
	} {
		require.ErrorIs(t, try(w.moderator), auth.ErrDenied, name)
		require.NoError(t, try(w.coordinator), name)
	}
	w.renames(w.member, p.ID, "Altra ancora") // which was not protected
	w.protects(p.ID, wiki.Rules{Move: true})
	_, err = w.wiki.Rename(w.ctx, w.member, p.ID, w.page(p.ID).Version, "No", "")
	require.ErrorIs(t, err, auth.ErrDenied)
	_, err = w.wiki.Move(w.ctx, w.member, wiki.PageMove{Page: p.ID, Version: w.page(p.ID).Version})
	require.ErrorIs(t, err, auth.ErrDenied)
	w.saves(w.member, p.ID, w.page(p.ID).Current, "Questo sì")
	_, err = w.wiki.ProtectTitle(w.ctx, w.coordinator, auth.Commons, "Altra ancora", wiki.Rules{Edit: true, Why: "sì"})
	require.Equal(t, "title taken", invalid(err))
	_, err = w.wiki.Protect(w.ctx, w.coordinator, p.ID, w.page(p.ID).Version, wiki.Rules{Edit: true, Why: "sì", Until: w.now})
	require.Equal(t, "until past", invalid(err))
}
