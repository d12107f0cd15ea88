// SPDX-License-Identifier: BSD-3-Clause

package wiki_test

import (
	"context"
	"encoding/json"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/storage/memory"
	"github.com/copis-it/copis/wiki"
)

// A world is pages in memory, in the commons and in a reserved area, and people
// who differ in what they may do.
type world struct {
	*testing.T
	ctx    context.Context
	store  community.Store
	config wiki.Config
	wiki   *wiki.Service
	people people
	now    time.Time

	group auth.AreaID // a reserved area

	visitor     auth.Actor // has not signed in
	stranger    auth.Actor // has signed in, and belongs to nothing
	observer    auth.Actor // of the community
	outsider    auth.Actor // a member of the community and not of the group
	member      auth.Actor // of both
	author      auth.Actor // of both, who begins what the tests are about
	keeper      auth.Actor // a moderator of the commons, not of the group
	moderator   auth.Actor // of both
	coordinator auth.Actor // of both
}

// people are who is what, and by what name.
type people struct {
	mu    *sync.Mutex
	of    map[auth.UserID]community.Standing
	names map[string]auth.UserID
}

func (p people) Standing(_ context.Context, who auth.Actor) (community.Standing, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	st := p.of[who.User]
	st.Orgs = []auth.OrgID{who.For} // for whom they act is not the business of pages
	return st, nil
}

func (p people) Named(_ context.Context, names []string) (map[string]auth.UserID, error) {
	out := map[string]auth.UserID{}
	for _, n := range names {
		if id, ok := p.names[n]; ok {
			out[n] = id
		}
	}
	return out, nil
}

func (p people) Names(context.Context, []auth.UserID) (map[auth.UserID]string, error) {
	return nil, nil
}

// links knows [[Title]] and nothing else, which is enough here.
func links(text string) (titles []string) {
	for _, m := range regexp.MustCompile(`\[\[([^\]]+)\]\]`).FindAllStringSubmatch(text, -1) {
		titles = append(titles, m[1])
	}
	return titles
}

// newWorld opens a world, with what set changes in its Config.
func newWorld(t *testing.T, set ...func(*wiki.Config)) *world {
	t.Helper()
	w := &world{
		T: t, ctx: t.Context(), store: memory.New(), now: time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC),
		people: people{new(sync.Mutex), map[auth.UserID]community.Standing{}, map[string]auth.UserID{}},
		group:  storage.NewID[auth.Area](),
	}
	w.visitor = auth.Visitor
	w.stranger = w.joins("stranger", auth.Outsider, auth.Outsider)
	w.observer = w.joins("observer", auth.Observer, auth.Outsider)
	w.outsider = w.joins("outsider", auth.Member, auth.Outsider)
	w.member = w.joins("member", auth.Member, auth.Member)
	w.author = w.joins("author", auth.Member, auth.Member)
	w.keeper = w.joins("keeper", auth.Moderator, auth.Outsider)
	w.moderator = w.joins("moderator", auth.Moderator, auth.Moderator)
	w.coordinator = w.joins("coordinator", auth.Coordinator, auth.Coordinator)
	w.config = wiki.Config{
		Store: w.store.Wiki(), Auth: community.Policy{Standings: w.people, Rights: community.DefaultRights()},
		Clock: func() time.Time { return w.now }, People: w.people, Links: links, Blobs: &memory.Blobs{},
	}
	for _, set := range set {
		set(&w.config)
	}
	w.wiki = wiki.New(w.config)
	return w
}

func (w *world) joins(name string, there, here auth.Role) auth.Actor {
	who := auth.Actor{User: storage.NewID[auth.User]()}
	w.people.names[name] = who.User
	w.stands(who, there, here)
	return who
}

// stands makes somebody something in the community and in the group.
func (w *world) stands(who auth.Actor, there, here auth.Role) {
	w.people.mu.Lock()
	defer w.people.mu.Unlock()
	w.people.of[who.User] = community.Standing{Role: there, Areas: map[auth.AreaID]auth.Role{w.group: here}}
}

type named struct {
	name string
	auth.Actor
}

// everybody is whoever may ask, in the order of what they may do.
func (w *world) everybody() []named {
	return []named{
		{"visitor", w.visitor}, {"stranger", w.stranger}, {"observer", w.observer}, {"outsider", w.outsider}, {"member", w.member},
		{"author", w.author}, {"keeper", w.keeper}, {"moderator", w.moderator}, {"coordinator", w.coordinator},
	}
}

// What people do; a minute passes each time.

func (w *world) pass(d time.Duration) { w.now = w.now.Add(d) }

// begins begins a page, in the commons and for everybody unless it is said
// otherwise.
func (w *world) begins(who auth.Actor, in wiki.NewPage) wiki.Page {
	w.Helper()
	w.pass(time.Minute)
	if in.Area.IsZero() {
		in.Area = auth.Commons
	}
	if in.Body == "" {
		in.Body = "Un testo."
	}
	if in.Title == "" {
		in.Title = "Pagina " + storage.NewID[wiki.Page]().String()
	}
	p, err := w.wiki.Create(w.ctx, who, in)
	require.NoError(w, err)
	return p
}

func (w *world) saves(who auth.Actor, id wiki.PageID, base int, body string) wiki.Saved {
	w.Helper()
	out, err := w.trySave(who, id, base, body)
	require.NoError(w, err)
	return out
}

func (w *world) trySave(who auth.Actor, id wiki.PageID, base int, body string) (wiki.Saved, error) {
	w.pass(time.Minute)
	return w.wiki.Save(w.ctx, who, wiki.PageSave{Page: id, Base: base, Body: body, Why: "motivo"})
}

// page returns a page as it is kept.
func (w *world) page(id wiki.PageID) wiki.Page {
	w.Helper()
	p, err := w.store.Wiki().Page(w.ctx, id)
	require.NoError(w, err)
	return p
}

// text returns that of a revision.
func (w *world) text(who auth.Actor, id wiki.PageID, n int) string {
	w.Helper()
	_, text, err := w.wiki.Text(w.ctx, who, id, n)
	require.NoError(w, err)
	return text
}

// protects protects a page.
func (w *world) protects(id wiki.PageID, in wiki.Rules) wiki.Page {
	w.Helper()
	in.Why = "perché sì"
	p, err := w.wiki.Protect(w.ctx, w.coordinator, id, w.page(id).Version, in)
	require.NoError(w, err)
	return p
}

// titlesOf are those of pages.
func titlesOf(list []wiki.Page) string {
	var out []string
	for _, p := range list {
		out = append(out, p.Title)
	}
	return strings.Join(out, " ")
}

// events returns the events since the last time, by name.
func (w *world) events() (names []string, all []wiki.Event) {
	w.Helper()
	for {
		batch, err := w.store.Claim(w.ctx, w.now, time.Minute, 100)
		require.NoError(w, err)
		if len(batch) == 0 {
			return names, all
		}
		for _, d := range batch {
			var e wiki.Event
			require.NoError(w, json.Unmarshal(d.Event.Data, &e))
			names, all = append(names, d.Event.Name), append(all, e)
			require.NoError(w, w.store.Apply(w.ctx, community.Settle{Event: d.Event.ID}))
		}
	}
}

// holdAll lets everything wait.
func holdAll(context.Context, auth.Actor, auth.Scope, auth.Action) (bool, error) { return true, nil }
