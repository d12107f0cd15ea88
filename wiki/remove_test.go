// SPDX-License-Identifier: BSD-3-Clause

package wiki_test

import (
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/wiki"
)

// A page that is deleted frees its title and comes back under it, or under
// another if that was taken; what stands below it can be reached meanwhile.
func TestDelete(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	top := w.begins(w.author, wiki.NewPage{Title: "Sopra"})
	below := w.begins(w.author, wiki.NewPage{Title: "Sotto", Parent: top.ID})
	require.NoError(t, w.wiki.Watch(w.ctx, w.member, top.ID, true))
	require.NoError(t, w.wiki.Delete(w.ctx, w.moderator, top.ID, "doppia"))
	require.ErrorIs(t, w.wiki.Delete(w.ctx, w.moderator, top.ID, "doppia"), wiki.ErrDeleted)
	v, err := w.wiki.View(w.ctx, w.member, below.ID)
	require.NoError(t, err)
	require.Empty(t, v.Path)
	_, err = w.trySave(w.moderator, top.ID, 1, "x")
	require.ErrorIs(t, err, wiki.ErrDeleted)
	_, err = w.wiki.Create(w.ctx, w.member, wiki.NewPage{Area: auth.Commons, Title: "Figlia", Body: "x", Parent: top.ID})
	require.Equal(t, "parent unknown", invalid(err))

	w.begins(w.member, wiki.NewPage{Title: "sopra"})
	_, err = w.wiki.Restore(w.ctx, w.moderator, top.ID, "", "serve")
	require.Equal(t, "title taken", invalid(err))
	back, err := w.wiki.Restore(w.ctx, w.moderator, top.ID, "Sopra, di nuovo", "serve")
	require.NoError(t, err)
	require.Equal(t, "Sopra, di nuovo", back.Title)
	v, err = w.wiki.View(w.ctx, w.member, below.ID)
	require.NoError(t, err)
	require.Equal(t, "Sopra, di nuovo", titlesOf(v.Path))
	watched, err := w.wiki.Watched(w.ctx, w.member)
	require.NoError(t, err)
	require.Contains(t, titlesOf(watched), "Sopra, di nuovo")
}

// Of a page that is purged nothing is left that anybody wrote.
func TestPurge(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	top := w.begins(w.author, wiki.NewPage{Title: "Sopra"})
	p := w.begins(w.author, wiki.NewPage{Title: "Segreto", Body: "segreto", Parent: top.ID, Tags: []string{"segreto"}, Why: "segreto"})
	child := w.begins(w.author, wiki.NewPage{Title: "Figlia", Body: "[[Segreto]]", Parent: p.ID})
	w.saves(w.member, p.ID, 1, "altro segreto")
	w.renames(w.member, p.ID, "Segretissimo")
	file, err := w.wiki.Attach(w.ctx, w.member, wiki.NewFile{Page: p.ID, Name: "segreto.txt", Why: "segreto"}, reader("segreto"))
	require.NoError(t, err)
	require.NoError(t, w.wiki.Purge(w.ctx, w.coordinator, p.ID, "per sempre"))
	require.Equal(t, top.ID, w.page(child.ID).Parent)
	require.Zero(t, w.finds("Segreto"))
	_, err = w.wiki.View(w.ctx, w.member, p.ID)
	require.ErrorIs(t, err, storage.ErrNotFound)
	left := w.page(p.ID)
	require.Empty(t, left.Title+left.Key+left.Body+strings.Join(left.Tags, ""))
	history, err := w.wiki.History(w.ctx, w.coordinator, wiki.HistoryPage{Page: p.ID})
	require.NoError(t, err)
	require.Len(t, history.Items, 2)
	for _, c := range history.Items {
		require.NotContains(t, c.Revision.Title+c.Revision.Why, "egret")
		_, _, err := w.wiki.Text(w.ctx, w.coordinator, p.ID, c.Revision.N)
		require.ErrorIs(t, err, wiki.ErrHidden)
	}
	_, err = w.config.Blobs.Open(w.ctx, file.Blob)
	require.ErrorIs(t, err, storage.ErrNotFound)
	_, _, err = w.wiki.Open(w.ctx, w.coordinator, p.ID, file.ID)
	require.ErrorIs(t, err, storage.ErrNotFound)
	_, err = w.wiki.Restore(w.ctx, w.coordinator, p.ID, "", "")
	require.ErrorIs(t, err, wiki.ErrDeleted)
	wanted, err := w.wiki.Wanted(w.ctx, w.member, auth.Commons, "", 0)
	require.NoError(t, err)
	require.Equal(t, "Segreto", wanted.Items[0].Title) // in the text of another
}

// Pages have a place among those of their parent, none stands below itself, nor
// too deep.
func TestTree(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ids := map[string]wiki.PageID{}
	for _, title := range []string{"a", "b", "c", "d", "e"} {
		ids[title] = w.begins(w.author, wiki.NewPage{Title: title}).ID
	}
	order := func(parent wiki.PageID) string {
		page, err := w.wiki.List(w.ctx, w.observer, wiki.ListPage{Parent: parent, Top: parent.IsZero(), Area: auth.Commons, Order: wiki.Tree})
		require.NoError(t, err)
		return titlesOf(page.Items)
	}
	move := func(title, parent, behind string) error {
		id := ids[title]
		_, err := w.wiki.Move(w.ctx, w.member, wiki.PageMove{Page: id, Version: w.page(id).Version, Parent: ids[parent], Behind: ids[behind]})
		return err
	}
	require.Equal(t, "a b c d e", order(wiki.PageID{}))
	require.NoError(t, move("c", "", ""))
	require.Equal(t, "c a b d e", order(wiki.PageID{}))
	require.NoError(t, move("e", "", "c"))
	require.Equal(t, "c e a b d", order(wiki.PageID{}))
	require.NoError(t, move("c", "", "b")) // behind one that was never placed
	require.Equal(t, "e a b c d", order(wiki.PageID{}))
	for range 80 { // no room is used up
		require.NoError(t, move("d", "", "e"))
		require.NoError(t, move("a", "", "e"))
	}
	require.Equal(t, "e a d b c", order(wiki.PageID{}))
	require.NoError(t, move("d", "", "c"))
	require.Equal(t, "e a b c d", order(wiki.PageID{}))

	require.NoError(t, move("a", "b", ""))
	require.NoError(t, move("b", "c", ""))
	require.Equal(t, "a", order(ids["b"]))
	require.ErrorIs(t, move("c", "a", ""), wiki.ErrCycle)
	require.ErrorIs(t, move("c", "c", ""), wiki.ErrCycle)
	require.Equal(t, "behind unknown", invalid(move("d", "c", "e")))
	parent := ids["a"]
	for range wiki.MaxDepth - 2 {
		parent = w.begins(w.author, wiki.NewPage{Parent: parent}).ID
	}
	_, err := w.wiki.Create(w.ctx, w.author, wiki.NewPage{Area: auth.Commons, Title: "fondo", Body: "x", Parent: parent})
	require.ErrorIs(t, err, wiki.ErrDeep)
	require.ErrorIs(t, move("c", "d", ""), wiki.ErrDeep)
	reserved := w.begins(w.author, wiki.NewPage{Area: w.group, Audience: auth.AreaMembers})
	ids["di un altro"] = reserved.ID
	require.Equal(t, "parent unknown", invalid(move("d", "di un altro", "")))
}

// A file has revisions, and its bytes are those that were sent; what is too
// large leaves nothing.
func TestAttachments(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *wiki.Config) { c.MaxFile = 10 })
	p := w.begins(w.author, wiki.NewPage{})
	attach := func(name, content string) (wiki.Attachment, error) {
		return w.wiki.Attach(w.ctx, w.member, wiki.NewFile{Page: p.ID, Name: name, Type: "text/plain"}, reader(content))
	}
	one, err := attach("Verbale.txt", "uno")
	require.NoError(t, err)
	two, err := attach("VERBALE.TXT", "due")
	require.NoError(t, err)
	require.Equal(t, [2]int{1, 2}, [2]int{one.N, two.N})
	_, err = attach("grande", strings.Repeat("x", 11))
	require.Equal(t, "file too_long", invalid(err))
	_, err = attach("", "x")
	require.Equal(t, "name missing", invalid(err))
	list := func(who auth.Actor) (names []string) {
		all, err := w.wiki.Attachments(w.ctx, who, p.ID)
		require.NoError(t, err)
		for _, a := range all {
			names = append(names, a.Name)
		}
		return names
	}
	require.Equal(t, []string{"VERBALE.TXT"}, list(w.observer))
	open := func(who auth.Actor, id wiki.AttachmentID) (string, error) {
		_, r, err := w.wiki.Open(w.ctx, who, p.ID, id)
		if err != nil {
			return "", err
		}
		b, err := io.ReadAll(r)
		require.NoError(t, r.Close())
		return string(b), err
	}
	content, err := open(w.visitor, one.ID)
	require.NoError(t, err)
	require.Equal(t, "uno", content)
	require.NoError(t, w.wiki.Detach(w.ctx, w.member, p.ID, two.ID, "sbagliato"))
	require.Equal(t, []string{"Verbale.txt"}, list(w.observer))
	_, err = open(w.observer, two.ID)
	require.ErrorIs(t, err, storage.ErrNotFound)
	_, err = open(w.moderator, two.ID)
	require.NoError(t, err)
	require.NoError(t, w.wiki.Reattach(w.ctx, w.moderator, p.ID, two.ID, ""))
	require.Equal(t, []string{"VERBALE.TXT"}, list(w.observer))
	other := w.begins(w.author, wiki.NewPage{})
	_, _, err = w.wiki.Open(w.ctx, w.member, other.ID, one.ID) // of another page
	require.ErrorIs(t, err, storage.ErrNotFound)
	w.protects(p.ID, wiki.Rules{Review: true})
	_, err = attach("altro", "x")
	require.ErrorIs(t, err, auth.ErrDenied)
	none := w.config
	none.Blobs = nil
	_, err = wiki.New(none).Attach(w.ctx, w.member, wiki.NewFile{Page: p.ID, Name: "x"}, reader("x"))
	require.ErrorIs(t, err, wiki.ErrNoBlobs)
}
