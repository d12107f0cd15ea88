// SPDX-License-Identifier: BSD-3-Clause

package qa_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/storage"
)

// tagged are the tags that somebody is listed, with how many questions have them.
func (w *world) tagged(who auth.Actor, prefix string) map[string]int {
	w.Helper()
	out := map[string]int{}
	for _, tag := range all(w, func(c storage.Cursor) (storage.Page[qa.Tagged], error) {
		return w.qa.Tags(w.ctx, who, qa.TagFilter{Prefix: prefix, After: c, Limit: 2})
	}) {
		out[tag.Tag] = tag.Questions
	}
	return out
}

// Tags are counted over what the actor may read, and of nothing else.
func TestTags(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.asks(w.author, qa.NewQuestion{Tags: []string{"Gare", "Affidamento diretto"}})
	w.asks(w.author, qa.NewQuestion{Tags: []string{"gare", "garanzie", "c++"}})
	w.reserves(w.author, qa.NewQuestion{Tags: []string{"gare", "gara-segreta"}})
	gone := w.asks(w.author, qa.NewQuestion{Tags: []string{"gare", "ritirata"}})
	require.NoError(t, w.qa.Delete(w.ctx, w.author, ofQuestion(gone)))
	for _, c := range []struct {
		who    auth.Actor
		prefix string
		want   map[string]int
	}{
		{w.visitor, "", map[string]int{"gare": 2, "affidamento-diretto": 1, "garanzie": 1, "c++": 1}},
		{w.member, "", map[string]int{"gare": 3, "gara-segreta": 1, "affidamento-diretto": 1, "garanzie": 1, "c++": 1}},
		{w.outsider, "GARA", map[string]int{"garanzie": 1}},
		{w.member, "gara ", map[string]int{"gara-segreta": 1}},
		{w.visitor, "affidamento d", map[string]int{"affidamento-diretto": 1}},
		{w.visitor, "c+", map[string]int{"c++": 1}},
		{w.visitor, "gara-segreta", map[string]int{}},
		{w.visitor, "a/b", map[string]int{}},
		{w.visitor, "%", map[string]int{}},
		{w.visitor, "\xff", map[string]int{}},
		{w.visitor, strings.Repeat("x", qa.MaxTag), map[string]int{}},
		{w.visitor, strings.Repeat("x", 1000), map[string]int{}},
	} {
		require.Equal(t, c.want, w.tagged(c.who, c.prefix), "%q", c.prefix)
	}
	long := strings.Repeat("x", qa.MaxTag)
	w.asks(w.author, qa.NewQuestion{Tags: []string{long}})
	require.Equal(t, map[string]int{long: 1}, w.tagged(w.visitor, long))
}

func (w *world) synonyms() []qa.Synonym {
	w.Helper()
	got, err := w.qa.Synonyms(w.ctx, w.observer)
	require.NoError(w, err)
	return got
}

func (w *world) puts(from, to string) {
	w.Helper()
	require.NoError(w, w.qa.PutSynonym(w.ctx, w.coordinator, qa.Synonym{From: from, To: to}))
}

// A synonym is put in the place of what it stands for, in what there is, also
// in what is removed or waits, and in what will be.
func TestPutSynonym(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	one := w.asks(w.author, qa.NewQuestion{Tags: []string{"x", "bandi", "y"}})
	two := w.reserves(w.author, qa.NewQuestion{Tags: []string{"bandi", "gare"}})
	gone := w.asks(w.author, qa.NewQuestion{Tags: []string{"bandi"}})
	require.NoError(t, w.qa.Delete(w.ctx, w.author, ofQuestion(gone)))
	w.sets(func(c *qa.Config) {
		c.Hold = func(context.Context, auth.Actor, auth.Scope, auth.Action) (bool, error) { return true, nil }
	})
	waits := w.asks(w.author, qa.NewQuestion{Tags: []string{"bandi"}})
	w.sets(func(c *qa.Config) { c.Hold = nil })
	before := len(w.events())
	w.puts(" Bandi", "GARE")
	for id, want := range map[qa.QuestionID][]string{
		one.ID: {"x", "gare", "y"}, two.ID: {"gare"}, gone.ID: {"gare"}, waits.ID: {"gare"},
	} {
		q := w.question(id)
		require.Equal(t, []any{want, "Quali sono le soglie?", 1}, []any{q.Tags, q.Body, q.Text.Revision})
	}
	require.Equal(t, map[string]int{"x": 1, "y": 1, "gare": 2}, w.tagged(w.member, ""))
	names := w.names(before)
	slices.Sort(names)
	require.Equal(t, []string{qa.EventEdited, qa.EventEdited, qa.EventSynonym}, names)
	e := w.events()[before]
	require.Equal(t, qa.Event{By: w.coordinator.By(), Synonym: qa.Synonym{From: "bandi", To: "gare"}}, e.payload)
	require.Equal(t, []string{"gare"}, w.asks(w.author, qa.NewQuestion{Tags: []string{"bandi", "gare"}}).Tags)
	require.Len(t, w.list(w.visitor, qa.QuestionFilter{Tag: "Bandi"}), 2, "who looks for it finds what it stands for")
	dump := w.dump()
	w.puts("bandi", "gare")
	require.Equal(t, dump, w.dump(), "the same again changes nothing")
	require.Equal(t, []qa.Synonym{{From: "bandi", To: "gare"}}, w.synonyms())
}

// What stands for something is stood for by nothing: there are no chains.
func TestSynonymChains(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.puts("a", "b")
	w.puts("c", "a")
	require.Equal(t, []qa.Synonym{{From: "a", To: "b"}, {From: "c", To: "b"}}, w.synonyms())
	q := w.asks(w.author, qa.NewQuestion{Tags: []string{"c", "z"}})
	w.puts("b", "d")
	require.Equal(t, []qa.Synonym{{From: "a", To: "d"}, {From: "b", To: "d"}, {From: "c", To: "d"}}, w.synonyms())
	require.Equal(t, []string{"d", "z"}, w.question(q.ID).Tags)
	for _, from := range []string{"d", "D "} {
		for _, to := range []string{"a", "b", "c", "d"} {
			invalid(t, w.qa.PutSynonym(w.ctx, w.coordinator, qa.Synonym{From: from, To: to}), "to", qa.CodeCycle)
		}
	}
	w.puts("a", "e")
	require.Equal(t, qa.Synonym{From: "a", To: "e"}, w.synonyms()[0], "in place of what it stood for")
	require.NoError(t, w.qa.DropSynonym(w.ctx, w.coordinator, " A"))
	require.Equal(t, qa.Event{By: w.coordinator.By(), Synonym: qa.Synonym{From: "a"}}, w.last().payload)
	require.Len(t, w.synonyms(), 2)
	require.Equal(t, []string{"a"}, w.asks(w.author, qa.NewQuestion{Tags: []string{"a"}}).Tags)
	require.ErrorIs(t, w.qa.DropSynonym(w.ctx, w.coordinator, "a"), storage.ErrNotFound)
	invalid(t, w.qa.DropSynonym(w.ctx, w.coordinator, "a b/"), "from", storage.CodeMalformed)
	invalid(t, w.qa.PutSynonym(w.ctx, w.coordinator, qa.Synonym{From: "/", To: "a"}), "from", storage.CodeMalformed)
	invalid(t, w.qa.PutSynonym(w.ctx, w.coordinator, qa.Synonym{From: "a"}), "to", storage.CodeMissing)
	for _, who := range []auth.Actor{w.visitor, w.author, w.moderator} {
		require.ErrorIs(t, w.qa.PutSynonym(w.ctx, who, qa.Synonym{From: "a", To: "z"}), auth.ErrDenied)
		require.ErrorIs(t, w.qa.DropSynonym(w.ctx, who, "b"), auth.ErrDenied)
	}
	for _, who := range []auth.Actor{w.visitor, w.stranger} {
		require.ErrorIs(t, failure(w.qa.Synonyms(w.ctx, who)), auth.ErrDenied)
	}
}

// More questions than a page are changed; whoever edits one meanwhile keeps what
// they wrote; and what was cut off goes on where it was.
func TestPutSynonymPageByPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const n = storage.MaxLimit + 5
	var last qa.Question
	for i := range n {
		last = w.asks(w.author, qa.NewQuestion{Title: fmt.Sprint("Domanda ", i), Tags: []string{"bandi"}})
	}
	left := 50
	c := &counted{Store: w.store.QA()}
	c.refuse = func([]storage.Change) error {
		if left--; left < 0 {
			return errBoom
		}
		return nil
	}
	cfg := w.config
	cfg.Store = c
	require.ErrorIs(t, qa.New(cfg).PutSynonym(w.ctx, w.coordinator, qa.Synonym{From: "bandi", To: "gare"}), errBoom)
	require.Equal(t, map[string]int{"bandi": n - 49, "gare": 49}, w.tagged(w.visitor, ""))
	require.Equal(t, []string{"gare"}, w.question(last.ID).Tags, "the newest first")
	oldest := w.list(w.visitor, qa.QuestionFilter{Tag: "gare"})
	require.Len(t, oldest, 49)

	edited := false
	c.refuse = func(changes []storage.Change) error {
		if up, ok := changes[0].(qa.UpdateQuestion); ok && !edited {
			edited = true
			w.edits(w.author, qa.Post{Question: up.Question.ID}, "Corretta nel frattempo")
		}
		return nil
	}
	require.NoError(t, qa.New(cfg).PutSynonym(w.ctx, w.coordinator, qa.Synonym{From: "bandi", To: "gare"}))
	require.Equal(t, map[string]int{"gare": n}, w.tagged(w.visitor, ""))
	require.True(t, slices.ContainsFunc(w.list(w.visitor, qa.QuestionFilter{}), func(q qa.Question) bool {
		return w.question(q.ID).Body == "Corretta nel frattempo"
	}))
}

// Similar finds what the actor may read, and nothing of what they may not.
func TestSimilar(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	far := w.asks(w.author, qa.NewQuestion{Title: "Come si registra un marchio?"})
	near := w.asks(w.author, qa.NewQuestion{Title: "Dialogo competitivo: chi l'ha fatto?"})
	nearer := w.asks(w.author, qa.NewQuestion{Title: "Dialoghi competitivi negli appalti innovativi", Tags: []string{"pcp"}})
	secret := w.reserves(w.author, qa.NewQuestion{Title: "Appalto innovativo: dialogo competitivo segreto"})
	gone := w.asks(w.author, qa.NewQuestion{Title: "Dialogo competitivo nell'appalto innovativo"})
	require.NoError(t, w.qa.Delete(w.ctx, w.author, ofQuestion(gone)))
	w.closes(near.ID, qa.Duplicate, far.ID)
	similar := func(who auth.Actor, in qa.Asking) []qa.QuestionID {
		t.Helper()
		got, err := w.qa.Similar(w.ctx, who, in)
		require.NoError(t, err)
		for _, q := range got {
			require.Zero(t, q.Body)
			require.Zero(t, q.Closing.Of)
		}
		return ids(got)
	}
	asking := qa.Asking{Title: "Appalti innovativi: il DIALOGO competitivo"}
	require.Equal(t, []qa.QuestionID{nearer.ID, near.ID}, similar(w.visitor, asking))
	require.ElementsMatch(t, []qa.QuestionID{secret.ID, nearer.ID, near.ID}, similar(w.member, asking))
	require.Equal(t, []qa.QuestionID{nearer.ID}, similar(w.visitor, qa.Asking{Title: "Perché?", Tags: []string{"PCP", "/", ""}}))
	require.Equal(t, []qa.QuestionID{far.ID}, similar(w.visitor, qa.Asking{Title: "Perché?", Body: "Vorrei sapere dei marchi."}))
	w.puts("pre-commercial", "pcp")
	require.Equal(t, []qa.QuestionID{nearer.ID}, similar(w.visitor, qa.Asking{Tags: []string{"pre commercial"}}))
	asking.But = nearer.ID
	require.Equal(t, []qa.QuestionID{near.ID}, similar(w.visitor, asking), "but the question itself")
	for _, in := range []qa.Asking{{}, {Title: "Che cosa è?"}, {Title: "\xff\x00"}, {Title: "xyzzy", Body: strings.Repeat("\xff", 1<<20)}, {Title: "segreto"}} {
		require.Empty(t, similar(w.visitor, in))
	}
	for range qa.SimilarCount + 2 {
		w.asks(w.author, qa.NewQuestion{Title: "Dialogo"})
	}
	require.Len(t, similar(w.visitor, asking), qa.SimilarCount)
}

// A change of what nobody may see changes nothing of what is answered.
func TestTwoWorldsOfTagsAndWords(t *testing.T) {
	t.Parallel()
	var said [2]string
	for i := range said {
		w := newWorld(t)
		w.asks(w.author, qa.NewQuestion{Title: "Gare aperte", Tags: []string{"gare"}})
		if i == 1 {
			w.reserves(w.author, qa.NewQuestion{Title: "Gare segrete", Tags: []string{"gare", "segrete"}})
			w.asks(w.author, qa.NewQuestion{Title: "Gare nascoste", Tags: []string{"gare", "nascoste"}})
			require.NoError(t, w.qa.Hide(w.ctx, w.coordinator, ofQuestion(w.question(w.list(w.author, qa.QuestionFilter{})[0].ID)), "Motivo"))
		}
		for _, who := range []auth.Actor{w.visitor, w.outsider} {
			tags, terr := w.qa.Tags(w.ctx, who, qa.TagFilter{Limit: 1})
			heads, herr := w.qa.Similar(w.ctx, who, qa.Asking{Title: "Gare segrete e nascoste"})
			require.NoError(t, errors.Join(terr, herr))
			titles := []string{}
			for _, h := range heads {
				titles = append(titles, h.Title)
			}
			said[i] += fmt.Sprint(tags, titles, w.tagged(who, "s"), w.tagged(who, "n"))
		}
	}
	require.Equal(t, said[0], said[1])
}
