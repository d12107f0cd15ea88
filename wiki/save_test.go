// SPDX-License-Identifier: BSD-3-Clause

package wiki_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/wiki"
)

func errorsAs(err error, target any) bool { return errors.As(err, target) }

func reader(s string) io.Reader { return strings.NewReader(s) }

// A save is a revision, told of once: who it mentions for the first time is
// named in the event, if they may read the page.
func TestSaveTells(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.begins(w.author, wiki.NewPage{Area: w.group, Audience: auth.AreaMembers, Body: "Ciao @member."})
	w.saves(w.member, p.ID, 1, "Ciao @member, @outsider e @moderator.")
	w.saves(w.member, p.ID, 2, "Ciao @member, @outsider e @moderator!")
	names, all := w.events()
	require.Equal(t, []string{wiki.EventCreated, wiki.EventSaved, wiki.EventSaved}, names)
	require.Equal(t, []auth.UserID{w.member.User}, all[0].Mentions)
	require.Equal(t, []auth.UserID{w.moderator.User}, all[1].Mentions)
	require.Empty(t, all[2].Mentions)
	require.Equal(t, wiki.Event{By: w.member.By(), Page: p.ID, Revision: 2, Stable: true, Mentions: all[1].Mentions, Why: "motivo"}, all[1])
}

// A key makes one revision, however often it is sent; another person's is
// another key.
func TestSaveKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.begins(w.author, wiki.NewPage{})
	in := wiki.PageSave{Key: "k", Page: p.ID, Base: 1, Body: "Due."}
	first, err := w.wiki.Save(w.ctx, w.member, in)
	require.NoError(t, err)
	w.saves(w.author, p.ID, 2, "Tre.")
	again, err := w.wiki.Save(w.ctx, w.member, in)
	require.NoError(t, err)
	require.Equal(t, first.Revision, again.Revision)
	require.Equal(t, 3, w.page(p.ID).Current)
	in.Body = "Quattro."
	in.Base = 3
	_, err = w.wiki.Save(w.ctx, w.author, in)
	require.NoError(t, err)
	require.Equal(t, 4, w.page(p.ID).Current)

	made := wiki.NewPage{Key: "k", Area: auth.Commons, Title: "Una", Body: "x"}
	one, err := w.wiki.Create(w.ctx, w.member, made)
	require.NoError(t, err)
	two, err := w.wiki.Create(w.ctx, w.member, made)
	require.NoError(t, err)
	require.Equal(t, one.ID, two.ID)
}

// What is refused is kept among the drafts, whatever the reason, also when the
// caller's time is over; nobody else reads it, and saving it drops it.
func TestRefusedIsKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	open := w.begins(w.author, wiki.NewPage{Title: "Aperta", Body: "Un testo."})
	reserved := w.begins(w.author, wiki.NewPage{Area: w.group, Audience: auth.AreaMembers, Body: "Un testo."})
	gone := w.begins(w.author, wiki.NewPage{})
	require.NoError(t, w.wiki.Delete(w.ctx, w.moderator, gone.ID, "via"))
	over, cancel := context.WithCancel(w.ctx)
	cancel()
	for name, try := range map[string]func(auth.Actor, string) error{
		"denied": func(who auth.Actor, body string) error {
			w.protects(open.ID, wiki.Rules{Edit: true})
			return failure(w.trySave(who, open.ID, 1, body))
		},
		"hidden":  func(who auth.Actor, body string) error { return failure(w.trySave(who, reserved.ID, 1, body)) },
		"deleted": func(who auth.Actor, body string) error { return failure(w.trySave(who, gone.ID, 1, body)) },
		"nothing": func(who auth.Actor, body string) error {
			return failure(w.trySave(who, storage.NewID[wiki.Page](), 1, body))
		},
		"base": func(who auth.Actor, body string) error { return failure(w.trySave(who, open.ID, 9, body)) },
		"title": func(who auth.Actor, body string) error {
			return failure(w.wiki.Create(w.ctx, who, wiki.NewPage{Area: auth.Commons, Title: "aperta", Body: body}))
		},
		"why": func(who auth.Actor, body string) error {
			return failure(w.wiki.Save(w.ctx, who, wiki.PageSave{Page: open.ID, Base: 1, Body: body, Why: "\x00"}))
		},
		"time": func(who auth.Actor, body string) error {
			return failure(w.wiki.Save(over, who, wiki.PageSave{Page: open.ID, Base: 1, Body: body}))
		},
	} {
		who := w.joins("who-"+name, auth.Member, auth.Outsider)
		body := "Quello che ho scritto: " + name
		err := try(who, body)
		var kept *wiki.Kept
		require.ErrorAs(t, err, &kept, name)
		drafts, derr := w.wiki.Drafts(w.ctx, who)
		require.NoError(t, derr)
		require.Len(t, drafts, 1, name)
		require.Equal(t, body, drafts[0].Body, name)
		require.Equal(t, kept.Draft, drafts[0], name)
		_, derr = w.wiki.Draft(w.ctx, w.coordinator, drafts[0].ID)
		require.ErrorIs(t, derr, storage.ErrNotFound, name)
	}
	_, err := w.trySave(w.visitor, open.ID, 1, "Di nessuno.")
	require.ErrorIs(t, err, auth.ErrDenied)
	require.NotErrorAs(t, err, new(*wiki.Kept))
	_, err = w.trySave(w.coordinator, open.ID, 1, strings.Repeat("x", wiki.MaxBody+1))
	require.Equal(t, "body too_long", invalid(err))
	require.NotErrorAs(t, err, new(*wiki.Kept))

	d, err := w.wiki.SaveDraft(w.ctx, w.coordinator, wiki.DraftSave{Page: open.ID, Base: 1, Body: "bozza"})
	require.NoError(t, err)
	_, err = w.wiki.SaveDraft(w.ctx, w.coordinator, wiki.DraftSave{Draft: d.ID, Version: 9, Page: open.ID, Body: "altra"})
	var stale *storage.Conflict
	require.ErrorAs(t, err, &stale)
	_, err = w.wiki.Save(w.ctx, w.coordinator, wiki.PageSave{Draft: d.ID, Page: open.ID, Base: 1, Body: "bozza"})
	require.NoError(t, err)
	left, err := w.wiki.Drafts(w.ctx, w.coordinator)
	require.NoError(t, err)
	require.Empty(t, left)
}

// A merge that clashes with a revision that is hidden says nothing of it.
func TestClashHidesBase(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.begins(w.author, wiki.NewPage{Body: "nome e cognome\n"})
	w.saves(w.author, p.ID, 1, "senza nome\n")
	require.NoError(t, w.wiki.Hide(w.ctx, w.moderator, p.ID, 1, "dati"))
	_, err := w.trySave(w.member, p.ID, 1, "altro\n")
	var clash *storage.Conflict
	require.ErrorAs(t, err, &clash)
	for _, c := range clash.Current.(wiki.Clash).Merged.Chunks {
		if c.Conflict != nil {
			require.Empty(t, c.Conflict.Base)
		}
	}
	_, _, err = w.wiki.Text(w.ctx, w.member, p.ID, 1)
	require.ErrorIs(t, err, wiki.ErrHidden)
	_, err = w.wiki.Compare(w.ctx, w.member, p.ID, 1, 2)
	require.ErrorIs(t, err, wiki.ErrHidden)
	_, err = w.wiki.Rollback(w.ctx, w.member, p.ID, 2, 1, "")
	require.ErrorIs(t, err, wiki.ErrHidden)
	require.ErrorIs(t, w.wiki.Hide(w.ctx, w.moderator, p.ID, 2, "dati"), wiki.ErrPublished)
	page, err := w.wiki.History(w.ctx, w.author, wiki.HistoryPage{Page: p.ID})
	require.NoError(t, err)
	require.Len(t, page.Items, 2) // the author's own, without what it says
	require.Empty(t, page.Items[1].Revision.Title+page.Items[1].Revision.Why)
	page, err = w.wiki.History(w.ctx, w.member, wiki.HistoryPage{Page: p.ID})
	require.NoError(t, err)
	require.Len(t, page.Items, 1)
	for e, err := range w.wiki.Export(w.ctx, w.author.User) {
		require.NoError(t, err)
		require.NotContains(t, e.Body, "cognome")
	}
	require.NoError(t, w.wiki.Unhide(w.ctx, w.moderator, p.ID, 1, ""))
	require.Equal(t, "nome e cognome\n", w.text(w.member, p.ID, 1))
}

// 64 who save at once all get through, or are shown what clashes; no number is
// left out (S-gapless).
func TestCrowd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lines := make([]string, 64)
	for i := range lines {
		lines[i] = strings.Repeat("riga ", i+1) + "\n\n\n"
	}
	p := w.begins(w.author, wiki.NewPage{Body: strings.Join(lines, "")})
	var all sync.WaitGroup
	errs := make([]error, len(lines))
	for i := range lines {
		all.Go(func() {
			mine := strings.Join(lines[:i], "") + "cambiata " + lines[i] + strings.Join(lines[i+1:], "")
			_, errs[i] = w.wiki.Save(w.ctx, w.member, wiki.PageSave{Page: p.ID, Base: 1, Body: mine})
		})
	}
	all.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
	require.Equal(t, 65, w.page(p.ID).Current)
	require.Equal(t, 64, strings.Count(w.page(p.ID).Body, "cambiata"))
	for n := 1; n <= 65; n++ {
		w.text(w.member, p.ID, n)
	}
}
