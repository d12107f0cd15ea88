// SPDX-License-Identifier: BSD-3-Clause

package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
)

// Attacks that come at the same time, or in between.
var raceScenarios = []promise{
	{"S47", "somebody finds a post useful once, however often they say so at once", true, s47},
	{"S48", "of 64 posts that one person sends at once in slow mode, one is taken", true, s48},
	{"S49", "of many edits of one version, one is made; the others are shown what is there now", true, s49},
	{"S49/Drafts", "a tab never overwrites or drops a draft that it has not seen", false, s49drafts},
	{"S49/DraftsCrowd", "of many saves of a draft at once, one is made", true, s49draftsCrowd},
	{"S50", "what changes between a look and the write that follows is looked at again", false, s50},
}

// parallel is how many do the same at once.
const parallel = 64

func s47(t *testing.T, s community.Store) {
	w := newWorld(t, s)
	topic := w.starts(w.member, forum.NewTopic{Board: w.open.ID})
	r := w.replies(w.member, forum.NewReply{Topic: topic.ID})
	for _, err := range together(parallel, func(i int) error {
		p := post(r)
		if i%2 == 0 {
			p = first(topic.ID)
		}
		return w.forum.Useful(ctx, w.outsider, p, true)
	}) {
		must(t, err)
	}
	same(t, [2]int{w.topic(topic.ID).Useful, w.kept(r.ID).Useful}, [2]int{1, 1})
	for _, err := range together(parallel, func(i int) error { // to and fro, by four
		who := []auth.Actor{w.outsider, w.colleague, w.keeper, w.moderator}[i%4]
		return w.forum.Useful(ctx, who, post(r), i%8 < 4)
	}) {
		must(t, err)
	}
	rows := 0
	for _, who := range []auth.Actor{w.outsider, w.colleague, w.keeper, w.moderator} {
		for _, p := range got(s.Forum().Reactions(ctx, who.User))(t) {
			if p == post(r) {
				rows++
			}
		}
	}
	same(t, w.kept(r.ID).Useful, rows)
	is(t, w.forum.Useful(ctx, w.member, post(r), true), forum.ErrOwn)
	is(t, w.forum.Useful(ctx, w.visitor, post(r), true), auth.ErrDenied)
}

func s48(t *testing.T, s community.Store) {
	w := newWorld(t, s)
	board := w.board(forum.NewBoard{Area: auth.Commons, Audience: auth.Public, Name: "Lenta", SlowMode: time.Minute})
	topic := w.starts(w.colleague, forum.NewTopic{Board: board.ID})
	w.clock.pass(time.Hour)
	for round := 1; round <= 3; round++ {
		won, _ := sorted(t, together(parallel, func(i int) error {
			_, err := w.forum.Reply(ctx, w.member, forum.NewReply{Topic: topic.ID, Body: fmt.Sprint("Invio ", i)})
			return err
		}), auth.ErrLimited)
		same(t, won, 1)
		same(t, w.topic(topic.ID).Replies, round)
		same(t, w.events()[forum.EventReplied], round)
		w.clock.pass(time.Minute - time.Microsecond)
		_, err := w.forum.Reply(ctx, w.member, forum.NewReply{Topic: topic.ID, Body: "Troppo presto"})
		var limited *auth.Limited
		if !errors.As(err, &limited) || limited.After != time.Microsecond {
			t.Errorf("error = %v, want to wait a microsecond", err)
		}
		w.clock.pass(time.Microsecond)
	}
	for _, err := range together(2, func(i int) error { // each person has a pace of their own, and moderators none
		who := []auth.Actor{w.outsider, w.keeper}[i]
		_, err := w.forum.Reply(ctx, who, forum.NewReply{Topic: topic.ID, Body: "Io pure"})
		return err
	}) {
		must(t, err)
	}
	same(t, w.replies(w.keeper, forum.NewReply{Topic: topic.ID}).FromStaff, false)
}

func s49(t *testing.T, s community.Store) {
	w := newWorld(t, s)
	topic := w.starts(w.member, forum.NewTopic{Board: w.open.ID, Title: "Titolo", Body: "Prima"})
	r := w.replies(w.member, forum.NewReply{Topic: topic.ID, Body: "Prima"})
	w.clock.pass(time.Hour)
	for name, in := range map[string]forum.PostEdit{
		"topic": {Post: first(topic.ID), Version: topic.Version, Title: "Titolo"}, "reply": {Post: post(r), Version: r.Version},
	} {
		var mu sync.Mutex
		var made forum.Place
		var shown []forum.Revision
		errs := together(16, func(i int) error {
			in := in
			in.Body = fmt.Sprint("Versione ", i)
			pl, err := w.forum.EditPost(ctx, []auth.Actor{w.member, w.moderator}[i%2], in)
			mu.Lock()
			defer mu.Unlock()
			var conflict *storage.Conflict
			if errors.As(err, &conflict) {
				same[any](t, conflict.Base, in.Version)
				shown = append(shown, conflict.Current.(forum.Revision))
			}
			if err == nil {
				made = pl
			}
			return err
		})
		won, refused := sorted(t, errs, storage.ErrConflict)
		same(t, [2]int{won, refused}, [2]int{1, 15})
		now := got(w.forum.Revisions(ctx, w.member, in.Post))(t)
		same(t, len(now), 2)
		same(t, now[0].Body, "Prima")
		for _, rev := range shown {
			same(t, rev, now[1])
		}
		if body := made.Topic.Body + made.Reply.Body; name == "topic" && body != now[1].Body {
			t.Errorf("%s: %q was acknowledged, %q is kept", name, body, now[1].Body)
		}
	}
	same(t, w.events()[forum.EventEdited], 2)
}

func s49drafts(t *testing.T, s community.Store) {
	w := newWorld(t, s)
	save := func(version int, body string) (forum.Draft, error) {
		return w.forum.SaveDraft(ctx, w.member, forum.DraftSave{Place: "reply:1", Version: version, Body: body})
	}
	one := got(save(0, "Prima scheda"))(t)
	two := got(save(one.Version, "Prima scheda, oltre"))(t)
	for name, stale := range map[string]forum.DraftSave{"new": {Version: 0, Body: "Seconda scheda"}, "old": {Version: one.Version, Body: "Seconda scheda"}, "blank": {Version: one.Version, Body: " \n"}, "blank, new": {}, "negative": {Version: -1, Body: "x"}} {
		_, err := save(stale.Version, stale.Body)
		var conflict *storage.Conflict
		if !errors.As(err, &conflict) {
			t.Fatalf("%s: error = %v, want a conflict", name, err)
		}
		same[any](t, conflict.Current, two)
	}
	same(t, got(w.forum.Drafts(ctx, w.member))(t), []forum.Draft{two})
	same(t, got(save(two.Version, ""))(t), forum.Draft{}) // the tab that has seen it drops it
	_, err := w.forum.Draft(ctx, w.member, "reply:1")
	is(t, err, storage.ErrNotFound)
	same(t, got(save(two.Version, ""))(t), forum.Draft{}) // none to drop is no error
	_, err = save(two.Version, "Seconda scheda")
	var gone *storage.Conflict
	if !errors.As(err, &gone) {
		t.Fatalf("error = %v, want a conflict with what is gone", err)
	}
	same[any](t, gone.Current, forum.Draft{})
	got(save(0, "Di nuovo"))(t)
	topic := w.starts(w.member, forum.NewTopic{Board: w.open.ID, Draft: "reply:1"}) // posted
	got(save(0, "Di nuovo"))(t)
	got(w.forum.SaveDraft(ctx, w.outsider, forum.DraftSave{Place: "reply:1", Body: "D'altri"}))(t)
	w.replies(w.member, forum.NewReply{Topic: topic.ID, Draft: "reply:1"})
	same(t, len(got(w.forum.Drafts(ctx, w.member))(t)), 0)
	same(t, len(got(w.forum.Drafts(ctx, w.outsider))(t)), 1)
}

func s49draftsCrowd(t *testing.T, s community.Store) {
	w := newWorld(t, s)
	version := 0
	for range 3 {
		won, refused := sorted(t, together(16, func(i int) error {
			_, err := w.forum.SaveDraft(ctx, w.member, forum.DraftSave{Place: "qui", Version: version, Body: fmt.Sprint("Scheda ", i)})
			return err
		}), storage.ErrConflict)
		same(t, [2]int{won, refused}, [2]int{1, 15})
		version++
		same(t, got(w.forum.Draft(ctx, w.member, "qui"))(t).Version, version)
	}
}

// meddled is a forum's store in which something happens, once, after the
// first look at a place or a board outside of a unit.
type meddled struct {
	forum.Store
	once *sync.Once
	do   func()
}

func (m meddled) Place(ctx context.Context, q forum.PlaceQuery) (forum.Place, error) {
	defer m.once.Do(m.do)
	return m.Store.Place(ctx, q)
}

func (m meddled) Board(ctx context.Context, id forum.BoardID) (forum.Board, error) {
	defer m.once.Do(m.do)
	return m.Store.Board(ctx, id)
}

func s50(t *testing.T, s community.Store) {
	w := newWorld(t, s)
	type scene struct {
		topic forum.Topic
		reply forum.Reply
	}
	reply := func(f *forum.Service, x scene) error {
		return failure(f.Reply(ctx, w.outsider, forum.NewReply{Topic: x.topic.ID, Body: "Testo"}))
	}
	below := func(f *forum.Service, x scene) error {
		return failure(f.Reply(ctx, w.outsider, forum.NewReply{Topic: x.topic.ID, Parent: x.reply.ID, Body: "Testo"}))
	}
	editReply := func(f *forum.Service, x scene) error {
		return failure(f.EditPost(ctx, w.outsider, forum.PostEdit{Post: post(x.reply), Version: x.reply.Version, Body: "Testo"}))
	}
	editTopic := func(f *forum.Service, x scene) error {
		return failure(f.EditPost(ctx, w.outsider, forum.PostEdit{Post: first(x.topic.ID), Version: x.topic.Version, Title: "Titolo", Body: "Testo"}))
	}
	deletes := func(f *forum.Service, x scene) error { return f.Delete(ctx, w.outsider, post(x.reply)) }
	deletesTopic := func(f *forum.Service, x scene) error { return f.Delete(ctx, w.outsider, first(x.topic.ID)) }
	pin := func(f *forum.Service, x scene) error { return f.Pin(ctx, w.keeper, x.topic.ID, forum.Pinned) }
	hide := func(f *forum.Service, x scene) error { return f.Hide(ctx, w.keeper, post(x.reply), "Prova") }
	split := func(f *forum.Service, x scene) error {
		return failure(f.Split(ctx, w.keeper, forum.Split{Topic: x.topic.ID, Version: w.topic(x.topic.ID).Version, Replies: []forum.ReplyID{x.reply.ID}, Title: "Titolo", Body: "Testo"}))
	}
	move := func(f *forum.Service, x scene) error {
		to := w.board(forum.NewBoard{Area: auth.Commons, Audience: auth.Public, Name: "Altrove"})
		return f.Move(ctx, w.keeper, forum.Move{Topic: x.topic.ID, To: to.ID})
	}
	merge := func(f *forum.Service, x scene) error {
		return f.Merge(ctx, w.keeper, x.topic.ID, w.starts(w.member, forum.NewTopic{Board: w.open.ID}).ID)
	}
	mergeInto := func(f *forum.Service, x scene) error {
		return f.Merge(ctx, w.keeper, w.starts(w.member, forum.NewTopic{Board: w.open.ID}).ID, x.topic.ID)
	}
	start := func(f *forum.Service, _ scene) error {
		return failure(f.StartTopic(ctx, w.outsider, forum.NewTopic{Board: w.open.ID, Title: "Titolo", Body: "Testo"}))
	}

	moved := func(x scene) { w.moves(x.topic, w.reserved) }
	lock := func(x scene) { must(t, w.forum.Lock(ctx, w.keeper, x.topic.ID, true)) }
	hidden := func(x scene) { must(t, w.forum.Hide(ctx, w.moderator, post(x.reply), "Prova")) }
	taken := func(x scene) {
		got(w.forum.Split(ctx, w.keeper, forum.Split{Topic: x.topic.ID, Version: w.topic(x.topic.ID).Version, Replies: []forum.ReplyID{x.reply.ID}, Title: "Altrove", Body: "Testo"}))(t)
	}
	answered := func(x scene) { w.replies(w.member, forum.NewReply{Topic: x.topic.ID}) }
	withdrawn := func(x scene) {
		must(t, w.forum.Delete(ctx, w.member, post(w.replies(w.member, forum.NewReply{Topic: x.topic.ID}))))
	}
	restored := func(x scene) { must(t, w.forum.Restore(ctx, w.outsider, post(x.reply))) }
	swallowed := func(x scene) {
		into := w.starts(w.member, forum.NewTopic{Board: w.open.ID})
		must(t, w.forum.Merge(ctx, w.keeper, x.topic.ID, into.ID))
	}
	secretly := func(x scene) {
		into := w.starts(w.member, forum.NewTopic{Board: w.reserved.ID})
		must(t, w.forum.Merge(ctx, w.moderator, x.topic.ID, into.ID))
	}
	archived := func(scene) {
		yes := true
		b := got(w.forum.Board(ctx, w.coordinator, w.open.ID))(t)
		got(w.forum.EditBoard(ctx, w.coordinator, forum.BoardEdit{Board: b.ID, Version: b.Version, Archived: &yes}))(t)
	}
	for _, c := range []struct {
		name    string
		do      func(*forum.Service, scene) error
		between func(scene)
		want    error // nil: done, where the post is then
	}{
		{"reply, moved", reply, moved, storage.ErrNotFound},
		{"reply below, moved", below, moved, storage.ErrNotFound},
		{"edit a reply, moved", editReply, moved, storage.ErrNotFound},
		{"edit a topic, moved", editTopic, moved, storage.ErrNotFound},
		{"delete, moved", deletes, moved, storage.ErrNotFound},
		{"pin, moved", pin, moved, storage.ErrNotFound},
		{"hide, moved", hide, moved, storage.ErrNotFound},
		{"split, moved", split, moved, storage.ErrNotFound},
		{"move, moved", move, moved, storage.ErrNotFound},
		{"merge, moved", merge, moved, storage.ErrNotFound},
		{"merge, the other moved", mergeInto, moved, storage.ErrInvalid},
		{"reply, locked", reply, lock, forum.ErrLocked},
		{"edit a reply, locked", editReply, lock, forum.ErrLocked},
		{"edit a topic, locked", editTopic, lock, forum.ErrLocked},
		{"edit a reply, hidden", editReply, hidden, forum.ErrRemoved},
		{"reply below, split off", below, taken, storage.ErrNotFound},
		{"edit a reply, split off", editReply, taken, storage.ErrNotFound},
		{"delete a topic, answered", deletesTopic, answered, forum.ErrAnswered},
		{"delete a topic, its answer restored", deletesTopic, restored, forum.ErrAnswered},
		{"reply, merged", reply, swallowed, nil},
		{"reply below, merged", below, swallowed, nil},
		{"delete, merged", deletes, swallowed, nil},
		{"reply, merged into a reserved area", reply, secretly, storage.ErrNotFound},
		{"edit a reply, merged into a reserved area", editReply, secretly, storage.ErrNotFound},
		{"start, archived", start, archived, auth.ErrDenied},
	} {
		var x scene
		x.topic = w.starts(w.outsider, forum.NewTopic{Board: w.open.ID})
		if c.name != "delete a topic, answered" {
			x.reply = w.replies(w.outsider, forum.NewReply{Topic: x.topic.ID})
		}
		if c.name == "delete a topic, its answer restored" {
			must(t, w.forum.Delete(ctx, w.outsider, post(x.reply)))
		}
		happened := false
		f := w.service(meddled{s.Forum(), new(sync.Once), func() { c.between(x); happened = true }})
		err := c.do(f, x)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: error = %v, want %v", c.name, err, c.want)
		}
		if !happened {
			t.Errorf("%s: nothing came in between", c.name)
		}
		if c.want == nil || x.reply.ID.IsZero() {
			continue
		}
		same(t, w.kept(x.reply.ID).Body, x.reply.Body)
		if kept := w.topic(x.topic.ID); kept.MergedInto.IsZero() {
			same(t, kept.Title, x.topic.Title)
		}
	}

	// A reply that comes in between is one that the edit comes after, also if it
	// goes again.
	w.open = w.board(forum.NewBoard{Area: auth.Commons, Audience: auth.Public, Name: "Altra piazza"})
	for _, between := range []func(scene){answered, withdrawn} {
		x := scene{topic: w.starts(w.outsider, forum.NewTopic{Board: w.open.ID})}
		x.reply = w.replies(w.outsider, forum.NewReply{Topic: x.topic.ID})
		must(t, editReply(w.service(meddled{s.Forum(), new(sync.Once), func() { between(x) }}), x))
		same(t, w.kept(x.reply.ID).Text.AfterReplies, true)
	}
	x := scene{topic: w.starts(w.outsider, forum.NewTopic{Board: w.open.ID})}
	must(t, editTopic(w.service(meddled{s.Forum(), new(sync.Once), func() { answered(x) }}), x))
	same(t, w.topic(x.topic.ID).Text.AfterReplies, true)
}
