// SPDX-License-Identifier: BSD-3-Clause

package wiki_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/wiki"
)

// exports returns what is held of a person, a line each.
func (w *world) exports(user auth.UserID) string {
	w.Helper()
	var out []string
	for e, err := range w.wiki.Export(w.ctx, user) {
		require.NoError(w, err)
		out = append(out, strings.Join(strings.Fields(fmt.Sprint(e.Kind, " ", e.Title, " ", e.N, " ", e.Name, " ", e.Body)), " "))
	}
	return strings.Join(out, "\n")
}

func TestExport(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.begins(w.author, wiki.NewPage{Title: "Una", Body: "Primo.", Credit: []auth.By{{User: w.keeper.User}}})
	w.saves(w.member, p.ID, 1, "Secondo.")
	w.saves(w.author, p.ID, 2, "Terzo.")
	_, err := w.wiki.Attach(w.ctx, w.author, wiki.NewFile{Page: p.ID, Name: "a.txt"}, reader("a"))
	require.NoError(t, err)
	_, err = w.wiki.SaveDraft(w.ctx, w.author, wiki.DraftSave{Area: auth.Commons, Title: "Bozza", Body: "abbozzo"})
	require.NoError(t, err)
	require.Equal(t, "page Una 0\nrevision Una 3 Terzo.\nrevision Una 1 Primo.\nattachment Una 1 a.txt\ndraft Bozza 0 abbozzo\nwatch 0", w.exports(w.author.User))
	require.Equal(t, "revision Una 2 Secondo.", w.exports(w.member.User))
	require.Equal(t, "credit Una 1", w.exports(w.keeper.User))
	reserved := w.begins(w.outsider, wiki.NewPage{Title: "Altra"})
	w.saves(w.author, reserved.ID, 1, "Mio.")
	for e, err := range w.wiki.Export(w.ctx, auth.UserID{}) {
		require.Equal(t, "user missing", invalid(err))
		require.Zero(t, e)
	}
}

// Who is erased is nobody: in no byline, mention, watch or draft; with their
// words where that is asked for, but for what others build upon.
func TestErase(t *testing.T) {
	t.Parallel()
	for _, mode := range []auth.EraseMode{auth.Anonymise, auth.Redact} {
		w := newWorld(t)
		alone := w.begins(w.author, wiki.NewPage{Title: "Sola", Body: "parole mie"})
		shared := w.begins(w.author, wiki.NewPage{Title: "Insieme", Body: "parole mie\n\nuna\n\ndue\n"})
		w.saves(w.member, shared.ID, 1, "parole mie, per @author\n\nuna\n\ndue\n")
		w.saves(w.author, shared.ID, 2, "parole mie, per @author\n\nuna\n\ndue e tre\n")
		w.saves(w.member, shared.ID, 3, "parole di tutti, per @author\n\nuna\n\ndue e tre\n")
		_, err := w.wiki.SaveDraft(w.ctx, w.author, wiki.DraftSave{Area: auth.Commons, Body: "bozza"})
		require.NoError(t, err)
		for range 2 { // it may be run again
			require.NoError(t, w.wiki.Erase(w.ctx, w.author.User, mode))
		}
		require.Empty(t, w.exports(w.author.User))
		text := w.text(w.moderator, shared.ID, 4)
		require.NotContains(t, text, w.author.User.String())
		require.Contains(t, text, "due e tre")
		require.NotContains(t, w.page(shared.ID).Body, w.author.User.String())
		require.Contains(t, w.text(w.moderator, shared.ID, 2), "parole mie")
		for _, n := range []int{1, 3} {
			_, _, err := w.wiki.Text(w.ctx, w.moderator, shared.ID, n)
			if mode == auth.Redact {
				require.ErrorIs(t, err, wiki.ErrHidden)
			} else {
				require.NoError(t, err)
			}
		}
		_, err = w.wiki.View(w.ctx, w.member, alone.ID)
		if mode == auth.Redact {
			require.ErrorIs(t, err, storage.ErrNotFound)
			require.Empty(t, w.page(alone.ID).Body)
		} else {
			require.NoError(t, err)
		}
		history, err := w.wiki.History(w.ctx, w.moderator, wiki.HistoryPage{Page: shared.ID})
		require.NoError(t, err)
		require.Len(t, history.Items, 4)
		w.saves(w.member, shared.ID, 4, "e si continua")
	}
}
