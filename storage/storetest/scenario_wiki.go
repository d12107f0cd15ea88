// SPDX-License-Identifier: BSD-3-Clause

package storetest

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/wiki"
)

// What members see happen to pages, in the words of their specification.
var wikiScenarios = []promise{
	{"S-merge-clean", "two who change different places of a page are merged into a revision that names its base", false, mergeClean},
	{"S-merge-conflict", "two who change the same place: the second is shown where, overwrites nothing, and loses nothing (S49)", false, mergeConflict},
	{"S-same-second", "saves of one second are told apart by their base, not by their time", false, sameSecond},
	{"S-no-op", "a text that is the same makes no revision", false, noOp},
	{"S-merge-deleted", "a save of a page that was deleted meanwhile restores nothing by itself, and its text is kept", false, mergeDeleted},
	{"S-rename-chain", "every title that a page has had leads to it in one hop, until a new page takes it", false, renameChain},
	{"S-rename-while-editing", "a save of what was renamed meanwhile is of the page under its new title", false, renameWhileEditing},
	{"S-phantom", "line ends and how accents are composed are no change, and clash with nothing", false, phantom},
	{"S-protected", "what is protected is written by those who may protect it, and by others once that is over", false, protected},
	{"S-hidden-revision", "a hidden revision is told of nowhere to who may not moderate: text, title, summary, comparison (S13)", false, hiddenRevision},
	{"S-rollback", "a rollback of the seventh revision to the third is the eighth", false, rollback},
	{"S-gapless", "64 who save at once make as many revisions as succeed, without a gap", true, gapless},
}

// A study is a world whose people write pages.
type study struct {
	*world
	w *wiki.Service
}

func newStudy(t *testing.T, s community.Store) *study {
	t.Helper()
	w := newWorld(t, s)
	return &study{w, wiki.New(wiki.Config{Store: s.Wiki(), Auth: w.policy, Clock: w.clock.Now, People: w.people})}
}

// What people do; a minute passes each time.

func (p *study) begins(title, body string) wiki.Page {
	p.Helper()
	p.clock.pass(time.Minute)
	return got(p.w.Create(ctx, p.member, wiki.NewPage{Area: auth.Commons, Title: title, Body: body}))(p.T)
}

func (p *study) saves(who auth.Actor, id wiki.PageID, base int, body string) (wiki.Saved, error) {
	p.clock.pass(time.Minute)
	return p.w.Save(ctx, who, wiki.PageSave{Page: id, Base: base, Body: body, Why: "motivo"})
}

func (p *study) text(id wiki.PageID, n int) string {
	p.Helper()
	_, body, err := p.w.Text(ctx, p.member, id, n)
	must(p.T, err)
	return body
}

// current is the number of the newest revision, which has no gap before it.
func (p *study) current(id wiki.PageID) int {
	p.Helper()
	now := got(p.store.Wiki().Page(ctx, id))(p.T)
	for n := 1; n <= now.Current; n++ {
		got(p.store.Wiki().Revision(ctx, id, n))(p.T)
	}
	_, err := p.store.Wiki().Revision(ctx, id, now.Current+1)
	is(p.T, err, storage.ErrNotFound)
	return now.Current
}

func mergeClean(t *testing.T, s community.Store) {
	p := newStudy(t, s)
	page := p.begins("Gara", "uno\ndue\ntre\nquattro\ncinque\n")
	got(p.saves(p.member, page.ID, 1, "UNO\ndue\ntre\nquattro\ncinque\n"))(t)
	saved := got(p.saves(p.colleague, page.ID, 1, "uno\ndue\ntre\nquattro\nCINQUE\n"))(t)
	same(t, saved.Merged, true)
	same(t, [2]int{saved.Revision.N, saved.Revision.Base}, [2]int{3, 1})
	same(t, p.text(page.ID, 3), "UNO\ndue\ntre\nquattro\nCINQUE\n")
	same(t, p.text(page.ID, 2), "UNO\ndue\ntre\nquattro\ncinque\n")
	same(t, p.current(page.ID), 3)
}

func mergeConflict(t *testing.T, s community.Store) {
	p := newStudy(t, s)
	page := p.begins("Gara", "uno\ndue\ntre\n")
	got(p.saves(p.member, page.ID, 1, "uno\nDUE\ntre\n"))(t)
	_, err := p.saves(p.colleague, page.ID, 1, "uno\n2\ntre\n")
	is(t, err, storage.ErrConflict)
	var c *storage.Conflict
	if !errors.As(err, &c) {
		t.Fatalf("error %v shows no conflict", err)
	}
	clash, ok := c.Current.(wiki.Clash)
	if !ok {
		t.Fatalf("a conflict with a %T", c.Current)
	}
	same(t, clash.Revision.N, 2)
	same(t, clash.Body, "uno\nDUE\ntre\n")
	same(t, p.current(page.ID), 2)
	same(t, p.text(page.ID, 2), "uno\nDUE\ntre\n")
	p.keeps(err, p.colleague, "uno\n2\ntre\n")
}

// keeps checks that the text of a refused save is its author's draft.
func (p *study) keeps(err error, who auth.Actor, body string) {
	p.Helper()
	var k *wiki.Kept
	if !errors.As(err, &k) {
		p.Fatalf("error %v keeps nothing", err)
	}
	same(p.T, got(p.w.Draft(ctx, who, k.Draft.ID))(p.T).Body, body)
}

func sameSecond(t *testing.T, s community.Store) {
	p := newStudy(t, s)
	page := p.begins("Gara", "uno\n")
	for n := 1; n <= 3; n++ { // the clock stands still
		saved := got(p.w.Save(ctx, p.member, wiki.PageSave{Page: page.ID, Base: n, Body: fmt.Sprint("testo ", n, "\n")}))(t)
		same(t, saved.Revision.N, n+1)
	}
	_, err := p.w.Save(ctx, p.colleague, wiki.PageSave{Page: page.ID, Base: 2, Body: "altro\n"})
	is(t, err, storage.ErrConflict)
	same(t, p.text(page.ID, 4), "testo 3\n")
	same(t, p.current(page.ID), 4)
}

func noOp(t *testing.T, s community.Store) {
	p := newStudy(t, s)
	page := p.begins("Gara", "uno\ndue\n")
	before := p.events()
	for range 2 {
		saved := got(p.saves(p.colleague, page.ID, 1, "uno\ndue\n"))(t)
		same(t, saved.Revision.N, 1)
	}
	same(t, p.current(page.ID), 1)
	same(t, p.events()["wiki.saved"], before["wiki.saved"])
}

func mergeDeleted(t *testing.T, s community.Store) {
	p := newStudy(t, s)
	page := p.begins("Gara", "uno\n")
	must(t, p.w.Delete(ctx, p.moderator, page.ID, "fuori tema"))
	_, err := p.saves(p.moderator, page.ID, 1, "due\n")
	is(t, err, wiki.ErrDeleted)
	p.keeps(err, p.moderator, "due\n")
	_, err = p.saves(p.colleague, page.ID, 1, "tre\n")
	is(t, err, storage.ErrNotFound)
	// Of what they may not read the error says nothing; their text is theirs.
	same(t, one(&roster{desk: &desk{T: t}}, got(p.w.Drafts(ctx, p.colleague))(t), nil).Body, "tre\n")
	same(t, p.current(page.ID), 1)
	got(p.w.Restore(ctx, p.moderator, page.ID, "", "per errore"))(t)
	same(t, got(p.saves(p.colleague, page.ID, 1, "tre\n"))(t).Revision.N, 2)
}

func renameChain(t *testing.T, s community.Store) {
	p := newStudy(t, s)
	page := p.begins("A", "uno\n")
	for _, title := range []string{"B", "C"} {
		page = got(p.w.Rename(ctx, p.member, page.ID, page.Version, title, ""))(t)
	}
	for _, title := range []string{"A", "b", "C"} {
		v := got(p.w.Find(ctx, p.member, auth.Commons, title))(t)
		same(t, v.Page.ID, page.ID)
		same(t, v.Page.Title, "C")
	}
	next := p.begins("A", "due\n") // which breaks the alias on purpose
	same(t, got(p.w.Find(ctx, p.member, auth.Commons, "a"))(t).Page.ID, next.ID)
	same(t, got(p.w.Find(ctx, p.member, auth.Commons, "B"))(t).Page.ID, page.ID)
	back := got(p.w.Rename(ctx, p.member, page.ID, page.Version, "B", ""))(t) // over its own alias
	same(t, got(p.w.Find(ctx, p.member, auth.Commons, "c"))(t).Page.ID, back.ID)
	_, err := p.w.Rename(ctx, p.member, page.ID, back.Version, "A", "")
	is(t, err, storage.ErrInvalid)
}

func renameWhileEditing(t *testing.T, s community.Store) {
	p := newStudy(t, s)
	page := p.begins("Vecchio", "uno\n")
	got(p.w.Rename(ctx, p.member, page.ID, page.Version, "Nuovo", ""))(t)
	saved := got(p.saves(p.colleague, page.ID, 1, "due\n"))(t)
	same(t, saved.Page.Title, "Nuovo")
	same(t, saved.Revision.Title, "Nuovo")
	same(t, got(p.store.Wiki().Revision(ctx, page.ID, 1))(t).Title, "Vecchio")
	same(t, got(p.w.Find(ctx, p.member, auth.Commons, "vecchio"))(t).Page.Body, "due\n")
}

func phantom(t *testing.T, s community.Store) {
	p := newStudy(t, s)
	page := p.begins("Gara", "perché\ndue\ntre\nquattro\n")
	same(t, got(p.saves(p.colleague, page.ID, 1, "perche\u0301\r\ndue\r\ntre\r\nquattro\r\n"))(t).Revision.N, 1)
	got(p.saves(p.member, page.ID, 1, "perché\ndue\ntre\nQUATTRO\n"))(t)
	saved := got(p.saves(p.colleague, page.ID, 1, "perche\u0301\r\nDUE\r\ntre\r\nquattro\r\n"))(t)
	same(t, p.text(page.ID, saved.Revision.N), "perché\nDUE\ntre\nQUATTRO\n")
	same(t, p.current(page.ID), 3)
}

func protected(t *testing.T, s community.Store) {
	p := newStudy(t, s)
	page := p.begins("Gara", "uno\n")
	page = got(p.w.Protect(ctx, p.coordinator, page.ID, page.Version, wiki.Rules{Edit: true, Move: true, Until: p.clock.Now().Add(time.Hour), Why: "vandalismo"}))(t)
	_, err := p.saves(p.member, page.ID, 1, "due\n")
	is(t, err, auth.ErrDenied)
	p.keeps(err, p.member, "due\n")
	_, err = p.w.Rename(ctx, p.member, page.ID, page.Version, "Altro", "")
	is(t, err, auth.ErrDenied)
	_, err = p.w.Label(ctx, p.member, page.ID, page.Version, []string{"gara"}, nil)
	is(t, err, auth.ErrDenied)
	same(t, got(p.saves(p.coordinator, page.ID, 1, "tre\n"))(t).Revision.N, 2)
	got(p.w.ProtectTitle(ctx, p.coordinator, auth.Commons, "Riservato", wiki.Rules{Edit: true, Why: "nome"}))(t)
	_, err = p.w.Create(ctx, p.member, wiki.NewPage{Area: auth.Commons, Title: "riservato", Body: "x"})
	is(t, err, auth.ErrDenied)
	p.clock.pass(2 * time.Hour)
	same(t, got(p.saves(p.member, page.ID, 2, "due\n"))(t).Revision.N, 3)
}

func hiddenRevision(t *testing.T, s community.Store) {
	p := newStudy(t, s)
	page := p.begins("Gara", "uno\n")
	p.clock.pass(time.Minute)
	got(p.w.Save(ctx, p.colleague, wiki.PageSave{Page: page.ID, Base: 1, Body: "SEGRETO nel testo\n", Why: "SEGRETO nel motivo"}))(t)
	got(p.saves(p.member, page.ID, 2, "tre\n"))(t)
	must(t, p.w.Hide(ctx, p.moderator, page.ID, 2, "dati personali"))
	_, _, err := p.w.Text(ctx, p.member, page.ID, 2)
	if err == nil {
		t.Error("the text of a hidden revision is given")
	}
	var told strings.Builder
	for _, pair := range [][2]int{{1, 2}, {2, 3}, {1, 3}} {
		c, err := p.w.Compare(ctx, p.member, page.ID, pair[0], pair[1])
		if fmt.Fprintf(&told, "%+v %v\n", c, err); (err == nil) != (pair == [2]int{1, 3}) {
			t.Errorf("comparison of %v: %v", pair, err)
		}
	}
	fmt.Fprintf(&told, "%+v\n", got(p.w.History(ctx, p.member, wiki.HistoryPage{Page: page.ID}))(t))
	_, err = p.w.Rollback(ctx, p.member, page.ID, 3, 2, "")
	if fmt.Fprintln(&told, err); err == nil {
		t.Error("a hidden text is given back")
	}
	_, err = p.saves(p.member, page.ID, 2, "quattro\n") // begun from it
	fmt.Fprintf(&told, "%+v\n", err)
	if strings.Contains(told.String(), "SEGRETO") {
		t.Error("what is hidden is told")
	}
	same(t, got(p.store.Wiki().Revision(ctx, page.ID, 2))(t).By, p.colleague.By())
	is(t, p.w.Hide(ctx, p.moderator, page.ID, p.current(page.ID), "x"), wiki.ErrPublished)
}

func rollback(t *testing.T, s community.Store) {
	p := newStudy(t, s)
	page := p.begins("Gara", "testo 1\n")
	for n := 2; n <= 7; n++ {
		got(p.saves(p.member, page.ID, n-1, fmt.Sprint("testo ", n, "\n")))(t)
	}
	saved := got(p.w.Rollback(ctx, p.colleague, page.ID, 7, 3, "vandalismo"))(t)
	same(t, [2]int{saved.Revision.N, saved.Revision.Reverts}, [2]int{8, 3})
	same(t, p.text(page.ID, 8), "testo 3\n")
	same(t, p.text(page.ID, 7), "testo 7\n")
	same(t, p.current(page.ID), 8)
}

func gapless(t *testing.T, s community.Store) {
	p := newStudy(t, s)
	lines := make([]string, 64)
	for i := range lines {
		lines[i] = fmt.Sprintf("riga %d\nvuota %d\n", i, i)
	}
	page := p.begins("Gara", strings.Join(lines, ""))
	errs := together(64, func(i int) error {
		mine := append([]string{}, lines...)
		mine[i] = fmt.Sprintf("RIGA %d\nvuota %d\n", i, i)
		_, err := p.w.Save(ctx, p.member, wiki.PageSave{Page: page.ID, Base: 1, Body: strings.Join(mine, "")})
		return err
	})
	won, _ := sorted(t, errs, storage.ErrConflict)
	same(t, p.current(page.ID), won+1)
	text := p.text(page.ID, won+1)
	for i, err := range errs {
		if strings.Contains(text, fmt.Sprintf("RIGA %d\n", i)) != (err == nil) {
			t.Errorf("saver %d: %v, and the text says otherwise", i, err)
		}
	}
	same(t, won > 1, true)
}
