// SPDX-License-Identifier: BSD-3-Clause

package forum_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/storage/memory"
)

func TestNewRefusesMistakes(t *testing.T) {
	t.Parallel()
	store := memory.New().Forum()
	for name, cfg := range map[string]forum.Config{
		"no store":   {},
		"long title": {Store: store, MaxTitle: forum.MaxTitle + 1},
		"long body":  {Store: store, MaxBody: forum.MaxBody + 1},
	} {
		assert.Panics(t, func() { forum.New(cfg) }, name)
	}
	assert.NotPanics(t, func() {
		forum.New(forum.Config{Store: store, MaxTitle: forum.MaxTitle, MaxBody: forum.MaxBody})
		forum.New(forum.Config{Store: store, MaxTitle: -1, MaxBody: -1})
	})
}

func TestOpenBoard(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	in := forum.NewBoard{
		Area: auth.Commons, Parent: w.open.ID, Audience: auth.Public, Promise: auth.CommunityMembers, Posting: forum.ModeratorsPost,
		Name: "  Avvisi ", Description: "Dalla\r\nregia", Position: 7, SlowMode: time.Minute, CloseAfter: time.Hour,
	}
	b, err := w.forum.OpenBoard(w.ctx, w.coordinator, in)
	require.NoError(t, err)
	want := forum.Board{
		ID: b.ID, Area: auth.Commons, Parent: w.open.ID, Audience: auth.Public, Promise: auth.CommunityMembers, Posting: forum.ModeratorsPost,
		Name: "Avvisi", Description: "Dalla\nregia", Position: 7, SlowMode: time.Minute, CloseAfter: time.Hour, CreatedAt: w.now, Version: 1,
	}
	require.Equal(t, want, b)
	read, err := w.forum.Board(w.ctx, w.visitor, b.ID)
	require.NoError(t, err)
	require.Equal(t, want, read)
	require.Equal(t, w.open.Audience, w.open.Promise, "the promise is the audience where nothing else is said")
}

func TestBoardIsChecked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	name := func(s string) *string { return &s }
	const two = auth.CommunityMembers
	for what, c := range map[string]struct {
		open        func(*forum.NewBoard)
		edit        forum.BoardEdit
		field, code string
	}{
		"no name":              {func(in *forum.NewBoard) { in.Name = " " }, forum.BoardEdit{Name: name(" ")}, "name", storage.CodeMissing},
		"two lines":            {func(in *forum.NewBoard) { in.Name = "a\nb" }, forum.BoardEdit{Name: name("a\nb")}, "name", storage.CodeControl},
		"long name":            {func(in *forum.NewBoard) { in.Name = strings.Repeat("x", 101) }, forum.BoardEdit{Name: name(strings.Repeat("x", 101))}, "name", storage.CodeTooLong},
		"long description":     {func(in *forum.NewBoard) { in.Description = strings.Repeat("x", 1001) }, forum.BoardEdit{Description: name(strings.Repeat("x", 1001))}, "description", storage.CodeTooLong},
		"no audience":          {func(in *forum.NewBoard) { in.Audience = 0 }, forum.BoardEdit{Audience: new(auth.Audience)}, "audience", storage.CodeUnknown},
		"unknown audience":     {func(in *forum.NewBoard) { in.Audience = 4 }, forum.BoardEdit{Audience: ptr[auth.Audience](4)}, "audience", storage.CodeUnknown},
		"unknown promise":      {func(in *forum.NewBoard) { in.Promise = 9 }, forum.BoardEdit{Promise: ptr[auth.Audience](9)}, "promise", storage.CodeUnknown},
		"promise wider":        {func(in *forum.NewBoard) { in.Audience, in.Promise = two, auth.Public }, forum.BoardEdit{Audience: ptr(two)}, "promise", forum.CodeWider},
		"unknown posting":      {func(in *forum.NewBoard) { in.Posting = 3 }, forum.BoardEdit{Posting: ptr[forum.Posting](3)}, "posting", storage.CodeUnknown},
		"slow mode before now": {func(in *forum.NewBoard) { in.SlowMode = -1 }, forum.BoardEdit{SlowMode: ptr[time.Duration](-1)}, "slowMode", forum.CodeNegative},
		"closed before now":    {func(in *forum.NewBoard) { in.CloseAfter = -1 }, forum.BoardEdit{CloseAfter: ptr[time.Duration](-1)}, "closeAfter", forum.CodeNegative},
		"unknown parent":       {func(in *forum.NewBoard) { in.Parent = storage.NewID[forum.Board]() }, forum.BoardEdit{Parent: ptr(storage.NewID[forum.Board]())}, "parent", storage.CodeUnknown},
		"parent elsewhere":     {func(in *forum.NewBoard) { in.Parent = w.reserved.ID }, forum.BoardEdit{Parent: &w.reserved.ID}, "parent", storage.CodeUnknown},
	} {
		in := forum.NewBoard{Area: auth.Commons, Audience: auth.Public, Name: "Nome"}
		c.open(&in)
		_, err := w.forum.OpenBoard(w.ctx, w.coordinator, in)
		invalid(t, err, c.field, c.code)
		c.edit.Board, c.edit.Version = w.open.ID, w.open.Version
		_, err = w.forum.EditBoard(w.ctx, w.coordinator, c.edit)
		invalid(t, err, c.field, c.code)
		require.False(t, t.Failed(), what)
	}
	invalid(t, failure(w.forum.OpenBoard(w.ctx, w.coordinator, forum.NewBoard{Audience: auth.Public, Name: "Nome"})), "area", storage.CodeMissing)
	b, err := w.forum.Board(w.ctx, w.visitor, w.open.ID)
	require.NoError(t, err)
	require.Equal(t, w.open, b)
}

func ptr[V any](v V) *V { return &v }

func TestEditBoard(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	topic := w.starts(w.author, forum.NewTopic{})
	for what, c := range map[string]struct {
		edit forum.BoardEdit
		want func(*forum.Board)
	}{
		"nothing":     {forum.BoardEdit{}, func(*forum.Board) {}},
		"audience":    {forum.BoardEdit{Audience: ptr(auth.CommunityMembers), Promise: ptr(auth.AreaMembers)}, func(b *forum.Board) { b.Audience, b.Promise = 2, 1 }},
		"posting":     {forum.BoardEdit{Posting: ptr(forum.NobodyPosts)}, func(b *forum.Board) { b.Posting = forum.NobodyPosts }},
		"name":        {forum.BoardEdit{Name: ptr("Altro")}, func(b *forum.Board) { b.Name = "Altro" }},
		"description": {forum.BoardEdit{Description: ptr("Altro")}, func(b *forum.Board) { b.Description = "Altro" }},
		"emptied":     {forum.BoardEdit{Description: ptr("")}, func(b *forum.Board) { b.Description = "" }},
		"position":    {forum.BoardEdit{Position: ptr(-3)}, func(b *forum.Board) { b.Position = -3 }},
		"pace":        {forum.BoardEdit{SlowMode: ptr(time.Hour), CloseAfter: ptr(time.Hour)}, func(b *forum.Board) { b.SlowMode, b.CloseAfter = time.Hour, time.Hour }},
		"archived":    {forum.BoardEdit{Archived: ptr(true)}, func(b *forum.Board) { b.Archived = true }},
		"taken up":    {forum.BoardEdit{Archived: ptr(false)}, func(b *forum.Board) { b.Archived = false }},
	} {
		want, err := w.store.Forum().Board(w.ctx, w.open.ID)
		require.NoError(t, err)
		want.Version++
		c.want(&want)
		require.Equal(t, want, w.rules(w.open.ID, c.edit), what)
		kept, err := w.store.Forum().Board(w.ctx, w.open.ID)
		require.NoError(t, err)
		require.Equal(t, want, kept, what)
	}
	require.Equal(t, topic, w.topic(topic.ID), "a topic keeps the promise and the pace it was started with")

	// Whoever saw an older version is shown the present one.
	_, err := w.forum.EditBoard(w.ctx, w.coordinator, forum.BoardEdit{Board: w.open.ID, Version: 1, Name: ptr("Vecchio")})
	var conflict *storage.Conflict
	require.ErrorAs(t, err, &conflict)
	now, err := w.store.Forum().Board(w.ctx, w.open.ID)
	require.NoError(t, err)
	require.Equal(t, storage.Conflict{Base: 1, Current: now}, *conflict)
}

func TestBoardTree(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	below := func(parent forum.BoardID) forum.BoardID { return w.opens(forum.NewBoard{Parent: parent}).ID }
	chain := []forum.BoardID{w.open.ID}
	for range forum.MaxBoardLevels {
		chain = append(chain, below(chain[len(chain)-1]))
	}
	invalid(t, failure(w.forum.OpenBoard(w.ctx, w.coordinator, forum.NewBoard{
		Area: auth.Commons, Parent: chain[len(chain)-1], Audience: auth.Public, Name: "Troppo in fondo",
	})), "parent", storage.CodeTooMany)
	for _, to := range chain[:4] { // below itself, near and far
		_, err := w.forum.EditBoard(w.ctx, w.coordinator, forum.BoardEdit{Board: w.open.ID, Version: 1, Parent: &to})
		invalid(t, err, "parent", forum.CodeCycle)
	}
	require.Equal(t, forum.BoardID{}, w.rules(chain[2], forum.BoardEdit{Parent: new(forum.BoardID)}).Parent, "to the top")

	// Two boards that are put below each other at once do not make a circle.
	for range 20 {
		a, b := below(forum.BoardID{}), below(forum.BoardID{})
		pair := [2][2]forum.BoardID{{a, b}, {b, a}}
		errs := together(2, func(i int) error {
			return failure(w.forum.EditBoard(w.ctx, w.coordinator, forum.BoardEdit{Board: pair[i][0], Version: 1, Parent: &pair[i][1]}))
		})
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
			} else if !errors.Is(err, storage.ErrConflict) {
				invalid(t, err, "parent", forum.CodeCycle)
			}
		}
		require.Equal(t, 1, won)
	}
}

// faulty is a store that has trouble of its own, from the moment that after
// many boards were read.
type faulty struct {
	forum.Store
	after *atomic.Int32
	err   error
}

func (f faulty) Board(ctx context.Context, id forum.BoardID) (forum.Board, error) {
	if f.after.Add(-1) < 0 {
		return forum.Board{}, f.err
	}
	return f.Store.Board(ctx, id)
}

func (f faulty) Place(ctx context.Context, q forum.PlaceQuery) (forum.Place, error) {
	if f.after.Add(-1) < 0 {
		return forum.Place{}, f.err
	}
	return f.Store.Place(ctx, q)
}

// A store's trouble is never the caller's mistake, nor "not found": a host
// whose transaction must be run again has to know.
func TestTroubleIsNotHidden(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	topic, into := w.starts(w.author, forum.NewTopic{}), w.starts(w.author, forum.NewTopic{})
	for name, call := range map[string]func(f *forum.Service) error{
		"Board": func(f *forum.Service) error { return failure(f.Board(w.ctx, w.coordinator, w.open.ID)) },
		"EditBoard": func(f *forum.Service) error {
			return failure(f.EditBoard(w.ctx, w.coordinator, forum.BoardEdit{Board: w.open.ID, Version: 1}))
		},
		"OpenBoard": func(f *forum.Service) error {
			return failure(f.OpenBoard(w.ctx, w.coordinator, forum.NewBoard{Area: auth.Commons, Parent: w.open.ID, Audience: auth.Public, Name: "Nome"}))
		},
		"StartTopic": func(f *forum.Service) error {
			return failure(f.StartTopic(w.ctx, w.author, forum.NewTopic{Board: w.open.ID, Title: "Titolo", Body: "Testo"}))
		},
		"Find": func(f *forum.Service) error { return failure(f.Find(w.ctx, w.author, first(topic.ID))) },
		"Reply": func(f *forum.Service) error {
			return failure(f.Reply(w.ctx, w.author, forum.NewReply{Topic: topic.ID, Body: "Testo"}))
		},
		"Move": func(f *forum.Service) error {
			return f.Move(w.ctx, w.moderator, forum.Move{Topic: topic.ID, To: w.reserved.ID})
		},
		"Merge": func(f *forum.Service) error { return f.Merge(w.ctx, w.moderator, topic.ID, into.ID) },
		"Split": func(f *forum.Service) error {
			return failure(f.Split(w.ctx, w.moderator, forum.Split{Topic: topic.ID, Version: 1, Replies: []forum.ReplyID{{}}, Board: w.open.ID, Title: "Titolo", Body: "Testo"}))
		},
	} {
		for _, trouble := range []error{storage.ErrRetry, storage.ErrUnknown, storage.ErrTxDone, context.Canceled, errBoom} {
			for after := range int32(3) {
				left := new(atomic.Int32)
				left.Store(after)
				cfg := w.config
				cfg.Store = faulty{cfg.Store, left, &storage.Error{Op: "forum.Board", Err: trouble}}
				before := w.dump()
				if err := call(forum.New(cfg)); left.Load() < 0 { // it was asked so often
					require.Equal(t, before, w.dump(), name)
					require.ErrorIs(t, err, trouble, "%s, after %d", name, after)
					require.NotErrorIs(t, err, storage.ErrInvalid, name)
					require.NotErrorIs(t, err, storage.ErrNotFound, name)
				}
				if after == 0 {
					require.Negative(t, left.Load(), "%s asks for nothing", name)
				}
			}
		}
	}
}

var errBoom = errors.New("boom")
