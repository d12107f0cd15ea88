// SPDX-License-Identifier: BSD-3-Clause

package wiki_test

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/wiki"
)

// A scene is what everybody tries their hand at: a page of the author's in two
// revisions with a file, one that waits, one that is deleted, and one that links
// to the first.
type scene struct {
	area     auth.AreaID
	audience auth.Audience
	page     wiki.Page
	file     wiki.Attachment
	waits    wiki.Page // was never published
	gone     wiki.Page // is deleted
	origin   wiki.Origin
	draft    wiki.DraftID // of the author's
}

func (w *world) setScene(area auth.AreaID) scene {
	x := scene{area: area, audience: auth.Public, origin: wiki.Origin{Kind: "qa.answer", ID: [16]byte{15: 1}, Revision: 1}}
	if area == w.group {
		x.audience = auth.AreaMembers
	}
	in := wiki.NewPage{Area: area, Audience: x.audience}
	in.Title, in.Origin = "Prima", x.origin
	x.page = w.begins(w.author, in)
	w.saves(w.author, x.page.ID, 1, "Un altro testo.")
	in.Origin = wiki.Origin{}
	in.Title, in.Body = "Seconda", "Vedi [[Prima]] e [[Mancante]]."
	w.begins(w.author, in)
	file, err := w.wiki.Attach(w.ctx, w.author, wiki.NewFile{Page: x.page.ID, Name: "a.txt"}, strings.NewReader("a"))
	require.NoError(w, err)
	x.file = file
	in.Title, in.Body = "Eliminata", ""
	x.gone = w.begins(w.author, in)
	require.NoError(w, w.wiki.Delete(w.ctx, w.coordinator, x.gone.ID, "via"))
	in.Title = "In attesa"
	held := w.config
	held.Hold = holdAll
	x.waits, err = wiki.New(held).Create(w.ctx, w.author, wiki.NewPage{Area: area, Audience: x.audience, Title: "In attesa", Body: "Un testo."})
	require.NoError(w, err)
	d, err := w.wiki.SaveDraft(w.ctx, w.author, wiki.DraftSave{Area: area, Body: "bozza"})
	require.NoError(w, err)
	x.draft = d.ID
	x.page = w.page(x.page.ID)
	return x
}

// failure is the error of a call.
func failure[T any](_ T, err error) error { return err }

// orNothing says so of an empty list.
func orNothing(n int, err error) error {
	if err == nil && n == 0 {
		return errNothing
	}
	return err
}

var errNothing = errors.New("nothing is there")

// may is the table of rights: who may call each exported method, for a page
// promised to everybody and for one of a reserved area. The columns are
//
//	visitor stranger observer outsider member author keeper moderator coordinator
//
// and say: y done, d denied, n not found (the same as what never was), x is
// deleted, - nothing is there.
var may = []struct {
	method   string
	open     string
	reserved string
	call     func(w *world, who auth.Actor, x scene) error
}{
	{"View", "yyyyyy yyy", "nnnnyy nyy", func(w *world, who auth.Actor, x scene) error {
		return failure(w.wiki.View(w.ctx, who, x.page.ID))
	}},
	{"View of what waits", "nnnnny yyy", "nnnnny nyy", func(w *world, who auth.Actor, x scene) error {
		return failure(w.wiki.View(w.ctx, who, x.waits.ID))
	}},
	{"View of what is deleted", "nnnnnn yyy", "nnnnnn nyy", func(w *world, who auth.Actor, x scene) error {
		return failure(w.wiki.View(w.ctx, who, x.gone.ID))
	}},
	{"Find", "yyyyyy yyy", "nnnnyy nyy", func(w *world, who auth.Actor, x scene) error {
		return failure(w.wiki.Find(w.ctx, who, x.area, "PRIMA"))
	}},
	{"Text", "yyyyyy yyy", "nnnnyy nyy", func(w *world, who auth.Actor, x scene) error {
		_, _, err := w.wiki.Text(w.ctx, who, x.page.ID, 1)
		return err
	}},
	{"Source", "dddyyy yyy", "nnnnyy nyy", func(w *world, who auth.Actor, x scene) error {
		_, _, err := w.wiki.Source(w.ctx, who, x.page.ID)
		return err
	}},
	{"Compare", "yyyyyy yyy", "nnnnyy nyy", func(w *world, who auth.Actor, x scene) error {
		return failure(w.wiki.Compare(w.ctx, who, x.page.ID, 1, 2))
	}},
	{"History", "yyyyyy yyy", "nnnnyy nyy", func(w *world, who auth.Actor, x scene) error {
		return failure(w.wiki.History(w.ctx, who, wiki.HistoryPage{Page: x.page.ID}))
	}},
	{"History of all", "yyyyyy yyy", "----yy -yy", func(w *world, who auth.Actor, x scene) error {
		page, err := w.wiki.History(w.ctx, who, wiki.HistoryPage{Area: x.area})
		return orNothing(len(page.Items), err)
	}},
	{"List", "yyyyyy yyy", "----yy -yy", func(w *world, who auth.Actor, x scene) error {
		page, err := w.wiki.List(w.ctx, who, wiki.ListPage{Area: x.area})
		return orNothing(len(page.Items), err)
	}},
	{"List of what waits", "------ yyy", "------ -yy", func(w *world, who auth.Actor, x scene) error {
		page, err := w.wiki.List(w.ctx, who, wiki.ListPage{Area: x.area, Pending: true})
		return orNothing(len(page.Items), err)
	}},
	{"List of what is deleted", "------ yyy", "------ -yy", func(w *world, who auth.Actor, x scene) error {
		page, err := w.wiki.List(w.ctx, who, wiki.ListPage{Area: x.area, Removed: true})
		return orNothing(len(page.Items), err)
	}},
	{"Targets", "yyyyyy yyy", "----yy -yy", func(w *world, who auth.Actor, x scene) error {
		leads, err := w.wiki.Targets(w.ctx, who, x.area, []string{"Prima"})
		n := 0
		if len(leads) == 1 && !leads[0].To.ID.IsZero() {
			n = 1
		}
		return orNothing(n, err)
	}},
	{"Backlinks", "yyyyyy yyy", "nnnnyy nyy", func(w *world, who auth.Actor, x scene) error {
		page, err := w.wiki.Backlinks(w.ctx, who, x.page.ID, "", 0)
		return orNothing(len(page.Items), err)
	}},
	{"Wanted", "yyyyyy yyy", "----yy -yy", func(w *world, who auth.Actor, x scene) error {
		page, err := w.wiki.Wanted(w.ctx, who, x.area, "", 0)
		return orNothing(len(page.Items), err)
	}},
	{"Aliases", "yyyyyy yyy", "nnnnyy nyy", func(w *world, who auth.Actor, x scene) error {
		return failure(w.wiki.Aliases(w.ctx, who, x.page.ID))
	}},
	{"MadeFrom", "yyyyyy yyy", "----yy -yy", func(w *world, who auth.Actor, x scene) error {
		all, err := w.wiki.MadeFrom(w.ctx, who, x.origin)
		return orNothing(len(all), err)
	}},
	{"Attachments", "yyyyyy yyy", "nnnnyy nyy", func(w *world, who auth.Actor, x scene) error {
		return failure(w.wiki.Attachments(w.ctx, who, x.page.ID))
	}},
	{"Open", "yyyyyy yyy", "nnnnyy nyy", func(w *world, who auth.Actor, x scene) error {
		_, r, err := w.wiki.Open(w.ctx, who, x.page.ID, x.file.ID)
		if err == nil {
			err = r.Close()
		}
		return err
	}},
	{"Create", "dddyyy yyy", "ddddyy dyy", func(w *world, who auth.Actor, x scene) error {
		return failure(w.wiki.Create(w.ctx, who, wiki.NewPage{Area: x.area, Audience: x.audience, Title: "Terza", Body: "x"}))
	}},
	{"Save", "dddyyy yyy", "nnnnyy nyy", func(w *world, who auth.Actor, x scene) error {
		return failure(w.wiki.Save(w.ctx, who, wiki.PageSave{Page: x.page.ID, Base: 2, Body: "Un terzo testo."}))
	}},
	{"Save of what is deleted", "nnnnnn xxx", "nnnnnn nxx", func(w *world, who auth.Actor, x scene) error {
		return failure(w.wiki.Save(w.ctx, who, wiki.PageSave{Page: x.gone.ID, Base: 1, Body: "Un terzo testo."}))
	}},
	{"Rollback", "dddyyy yyy", "nnnnyy nyy", func(w *world, who auth.Actor, x scene) error {
		return failure(w.wiki.Rollback(w.ctx, who, x.page.ID, 2, 1, ""))
	}},
	{"Publish", "nnnnnd yyy", "nnnnnd nyy", func(w *world, who auth.Actor, x scene) error {
		return failure(w.wiki.Publish(w.ctx, who, x.waits.ID, 1))
	}},
	{"Decline", "nnnnnd yyy", "nnnnnd nyy", func(w *world, who auth.Actor, x scene) error {
		return failure(w.wiki.Decline(w.ctx, who, x.waits.ID, 1, "no"))
	}},
	{"SaveDraft", "dyyyyy yyy", "dnnnyy nyy", func(w *world, who auth.Actor, x scene) error {
		return failure(w.wiki.SaveDraft(w.ctx, who, wiki.DraftSave{Page: x.page.ID, Base: 2, Body: "bozza"}))
	}},
	{"Draft", "nnnnny nnn", "nnnnny nnn", func(w *world, who auth.Actor, x scene) error {
		return failure(w.wiki.Draft(w.ctx, who, x.draft))
	}},
	{"Drafts", "-----y ---", "-----y ---", func(w *world, who auth.Actor, _ scene) error {
		all, err := w.wiki.Drafts(w.ctx, who)
		return orNothing(len(all), err)
	}},
	{"DropDraft", "yyyyyy yyy", "yyyyyy yyy", func(w *world, who auth.Actor, x scene) error {
		return w.wiki.DropDraft(w.ctx, who, x.draft)
	}},
	{"Rename", "dddyyy yyy", "nnnnyy nyy", func(w *world, who auth.Actor, x scene) error {
		return failure(w.wiki.Rename(w.ctx, who, x.page.ID, x.page.Version, "Nuova", ""))
	}},
	{"Move", "dddyyy yyy", "nnnnyy nyy", func(w *world, who auth.Actor, x scene) error {
		return failure(w.wiki.Move(w.ctx, who, wiki.PageMove{Page: x.page.ID, Version: x.page.Version}))
	}},
	{"Label", "dddyyy yyy", "nnnnyy nyy", func(w *world, who auth.Actor, x scene) error {
		return failure(w.wiki.Label(w.ctx, who, x.page.ID, x.page.Version, []string{"x"}, nil))
	}},
	{"Protect", "dddddd ddy", "nnnndd ndy", func(w *world, who auth.Actor, x scene) error {
		return failure(w.wiki.Protect(w.ctx, who, x.page.ID, x.page.Version, wiki.Rules{Edit: true, Why: "x"}))
	}},
	{"ProtectTitle", "dddddd ddy", "dddddd ddy", func(w *world, who auth.Actor, x scene) error {
		return failure(w.wiki.ProtectTitle(w.ctx, who, x.area, "Mai vista", wiki.Rules{Edit: true, Why: "x"}))
	}},
	{"Confirm", "dddyyy yyy", "nnnnyy nyy", func(w *world, who auth.Actor, x scene) error {
		return failure(w.wiki.Confirm(w.ctx, who, x.page.ID, time.Time{}))
	}},
	{"CheckBy", "dddyyy yyy", "nnnnyy nyy", func(w *world, who auth.Actor, x scene) error {
		return failure(w.wiki.CheckBy(w.ctx, who, x.page.ID, w.now.AddDate(1, 0, 0)))
	}},
	{"Rechecked", "dddyyy yyy", "nnnnyy nyy", func(w *world, who auth.Actor, x scene) error {
		return w.wiki.Rechecked(w.ctx, who, x.page.ID)
	}},
	{"Delete", "dddddd yyy", "nnnndd nyy", func(w *world, who auth.Actor, x scene) error {
		return w.wiki.Delete(w.ctx, who, x.page.ID, "via")
	}},
	{"Restore", "nnnnnn yyy", "nnnnnn nyy", func(w *world, who auth.Actor, x scene) error {
		return failure(w.wiki.Restore(w.ctx, who, x.gone.ID, "", ""))
	}},
	{"Purge", "dddddd ddy", "nnnndd ndy", func(w *world, who auth.Actor, x scene) error {
		return w.wiki.Purge(w.ctx, who, x.page.ID, "via")
	}},
	{"Hide", "dddddd yyy", "nnnndd nyy", func(w *world, who auth.Actor, x scene) error {
		return w.wiki.Hide(w.ctx, who, x.page.ID, 1, "dati")
	}},
	{"Unhide", "dddddd yyy", "nnnndd nyy", func(w *world, who auth.Actor, x scene) error {
		return w.wiki.Unhide(w.ctx, who, x.page.ID, 1, "")
	}},
	{"Attach", "dddyyy yyy", "nnnnyy nyy", func(w *world, who auth.Actor, x scene) error {
		return failure(w.wiki.Attach(w.ctx, who, wiki.NewFile{Page: x.page.ID, Name: "b.txt"}, strings.NewReader("b")))
	}},
	{"Detach", "dddyyy yyy", "nnnnyy nyy", func(w *world, who auth.Actor, x scene) error {
		return w.wiki.Detach(w.ctx, who, x.page.ID, x.file.ID, "")
	}},
	{"Reattach", "dddddd yyy", "nnnndd nyy", func(w *world, who auth.Actor, x scene) error {
		return w.wiki.Reattach(w.ctx, who, x.page.ID, x.file.ID, "")
	}},
	{"Watch", "dyyyyy yyy", "dnnnyy nyy", func(w *world, who auth.Actor, x scene) error {
		return w.wiki.Watch(w.ctx, who, x.page.ID, true)
	}},
	{"Watched", "-----y ---", "-----y ---", func(w *world, who auth.Actor, _ scene) error {
		all, err := w.wiki.Watched(w.ctx, who)
		return orNothing(len(all), err)
	}},
	{"Widen", "dddddd ddy", "nnnndd ndy", func(w *world, who auth.Actor, x scene) error {
		return failure(w.wiki.Widen(w.ctx, who, []wiki.PageID{x.page.ID}, auth.Public, "per tutti"))
	}},
}

// forHosts are methods that ask nobody's leave: what they do is the host's to
// decide.
var forHosts = []string{"Templates", "Recheck", "Export", "Erase"}

func TestRights(t *testing.T) {
	t.Parallel()
	for _, m := range may {
		for _, reserved := range []bool{false, true} {
			want, area := m.open, auth.Commons
			if reserved {
				want = m.reserved
			}
			got := ""
			for i := range 9 {
				w := newWorld(t)
				if reserved {
					area = w.group
				}
				x := w.setScene(area)
				err := m.call(w, w.everybody()[i].Actor, x)
				got += letter(err)
				if i == 5 {
					got += " "
				}
			}
			assert.Equal(t, want, got, "%s, reserved: %v", m.method, reserved)
		}
	}
	// The table knows every method.
	service := reflect.TypeFor[*wiki.Service]()
	for i := range service.NumMethod() {
		name := service.Method(i).Name
		known := slices.Contains(forHosts, name)
		for _, m := range may {
			known = known || m.method == name
		}
		assert.True(t, known, "nobody says who may call %s", name)
	}
}

func letter(err error) string {
	switch {
	case err == nil:
		return "y"
	case errors.Is(err, errNothing):
		return "-"
	case errors.Is(err, auth.ErrDenied):
		return "d"
	case errors.Is(err, storage.ErrNotFound):
		return "n"
	case errors.Is(err, wiki.ErrDeleted):
		return "x"
	}
	return fmt.Sprintf("(%v)", err)
}

// What is hidden and what never was give the same error, byte for byte (S14).
func TestHiddenIsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.setScene(w.group)
	for _, m := range may {
		if !strings.HasPrefix(m.reserved, "nnn") {
			continue
		}
		never := x
		never.page.ID, never.waits.ID, never.gone.ID, never.draft, never.file.ID = storage.NewID[wiki.Page](), storage.NewID[wiki.Page](), storage.NewID[wiki.Page](), storage.NewID[wiki.Draft](), storage.NewID[wiki.Attachment]()
		hidden, nothing := m.call(w, w.stranger, x), m.call(w, w.stranger, never)
		same := func(err error, x scene) string {
			return strings.NewReplacer(x.page.ID.String(), "ID", x.waits.ID.String(), "ID", x.gone.ID.String(), "ID").Replace(err.Error())
		}
		assert.Equal(t, same(nothing, never), same(hidden, x), m.method)
	}
}
