// SPDX-License-Identifier: BSD-3-Clause

package forum_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
)

func titles(list []forum.Listed) []string {
	var out []string
	for _, l := range list {
		out = append(out, l.Title)
	}
	return out
}

func TestPins(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other := w.opens(forum.NewBoard{})
	topics := map[string]forum.Topic{}
	for i := range 5 {
		title := fmt.Sprint(i)
		topics[title] = w.starts(w.author, forum.NewTopic{Title: title})
	}
	w.starts(w.author, forum.NewTopic{Board: other.ID, Title: "altrove"})
	order := func(in forum.TopicFilter) []string { return titles(w.list(w.visitor, in)) }
	require.Equal(t, []string{"4", "3", "2", "1", "0"}, order(forum.TopicFilter{Board: w.open.ID}))
	require.NoError(t, w.forum.Pin(w.ctx, w.keeper, topics["1"].ID, forum.Pinned))
	require.NoError(t, w.forum.Pin(w.ctx, w.keeper, topics["2"].ID, forum.Announced))
	require.Equal(t, []string{"2", "1", "4", "3", "0"}, order(forum.TopicFilter{Board: w.open.ID}), "pinned ones first, then the last active")
	require.Equal(t, []string{"2", "1", "4", "3", "0"}, order(forum.TopicFilter{Board: w.open.ID, Limit: 1}))
	require.Equal(t, []string{"altrove", "4", "3", "2", "1", "0"}, order(forum.TopicFilter{Area: auth.Commons}), "but on their board only")
	require.Equal(t, []string{"2"}, order(forum.TopicFilter{Announced: true}))
	w.replies(w.member, forum.NewReply{Topic: topics["1"].ID})
	w.replies(w.member, forum.NewReply{Topic: topics["0"].ID})
	require.Equal(t, []string{"1", "2", "0", "4", "3"}, order(forum.TopicFilter{Board: w.open.ID}))
	before := w.dump()
	require.NoError(t, w.forum.Pin(w.ctx, w.keeper, topics["1"].ID, forum.Pinned))
	require.Equal(t, before, w.dump(), "is pinned already")
	require.NoError(t, w.forum.Pin(w.ctx, w.keeper, topics["1"].ID, forum.NotPinned))
	require.Equal(t, []string{"2", "0", "1", "4", "3"}, order(forum.TopicFilter{Board: w.open.ID}))
	invalid(t, w.forum.Pin(w.ctx, w.keeper, topics["1"].ID, forum.Announced+1), "pin", storage.CodeUnknown)
}

// within says to whom a topic may be moved without breaking a promise: rows are
// where it stands and whom it is promised to, columns where it goes. The cell
// is the audience that it has there; ! says that it is shown to people it was
// not promised to, so that the mover must say so.
func TestPromises(t *testing.T) {
	t.Parallel()
	type place struct {
		group   bool
		promise auth.Audience
	}
	columns := []place{{false, 1}, {false, 2}, {false, 3}, {true, 1}, {true, 2}, {true, 3}} // a board's area and promise
	for from, row := range map[place][]string{
		{false, 1}: {"1", "1", "1", "1", "1", "1"},
		{false, 2}: {"1", "2", "2", "1", "2", "2"},
		{false, 3}: {"1", "2", "3", "1", "2", "3"},
		{true, 1}:  {"!1", "!1", "!1", "1", "1", "1"},
		{true, 2}:  {"1", "2", "2", "1", "2", "2"},
		{true, 3}:  {"1", "2", "3", "1", "2", "3"},
	} {
		for i, to := range columns {
			for _, widen := range []bool{false, true} {
				w := newWorld(t)
				board := func(p place) forum.Board {
					in := forum.NewBoard{Area: auth.Commons, Audience: auth.Public, Promise: p.promise}
					if p.group {
						in.Area = w.group
					}
					return w.opens(in)
				}
				source, target := board(place{from.group, 3}), board(to)
				topic := w.starts(w.author, forum.NewTopic{Board: source.ID, Audience: from.promise})
				reads := func() (out []string) {
					for _, who := range w.everybody() {
						if _, err := w.forum.Thread(w.ctx, who.Actor, forum.ThreadPage{Topic: topic.ID}); err == nil {
							out = append(out, who.name)
						}
					}
					return out
				}
				before := reads()
				err := w.forum.Move(w.ctx, w.moderator, forum.Move{Topic: topic.ID, To: target.ID, Widen: widen})
				name := fmt.Sprintf("%v to %v, widen %v", from, to, widen)
				if row[i][0] == '!' && !widen {
					invalid(t, err, "widen", forum.CodePromise)
					require.Equal(t, topic, w.topic(topic.ID), name)
					continue
				}
				require.NoError(t, err, name)
				moved := w.topic(topic.ID)
				require.Equal(t, row[i][len(row[i])-1:], fmt.Sprint(moved.Audience), name)
				require.Equal(t, [2]any{target.ID, target.Area}, [2]any{moved.Board, moved.Area}, name)
				if row[i][0] != '!' {
					require.Subset(t, before, reads(), name)
				}
			}
		}
	}
}

func TestMove(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	topic := w.starts(w.author, forum.NewTopic{Audience: auth.Public})
	r := w.replies(w.outsider, forum.NewReply{Topic: topic.ID})
	move := func(who auth.Actor, to forum.BoardID) error {
		return w.forum.Move(w.ctx, who, forum.Move{Topic: topic.ID, To: to, Why: "Tema riservato"})
	}
	before := w.dump()
	require.NoError(t, move(w.keeper, w.open.ID), "it stands there already")
	invalid(t, move(w.moderator, storage.NewID[forum.Board]()), "board", storage.CodeUnknown)
	invalid(t, move(w.keeper, w.reserved.ID), "board", storage.CodeUnknown)
	require.Equal(t, before, w.dump())
	for name, edit := range map[string]forum.BoardEdit{"archived": {Archived: ptr(true)}, "holds other boards": {Posting: ptr(forum.NobodyPosts)}} {
		b := w.opens(forum.NewBoard{})
		w.rules(b.ID, edit)
		require.ErrorIs(t, move(w.keeper, b.ID), auth.ErrDenied, name)
	}
	// The right to see both ends, and to moderate both.
	half := auth.Actor{User: storage.NewID[auth.User]()}
	w.stands(half, auth.Moderator, auth.Member)
	require.ErrorIs(t, move(half, w.reserved.ID), auth.ErrDenied)
	w.stands(half, auth.Member, auth.Moderator)
	require.ErrorIs(t, move(half, w.reserved.ID), auth.ErrDenied)

	require.NoError(t, w.forum.Follow(w.ctx, w.observer, topic.ID, forum.Following))
	require.NoError(t, move(w.moderator, w.reserved.ID))
	moved := w.topic(topic.ID)
	require.Equal(t, []any{w.reserved.ID, w.group, auth.AreaMembers, 2}, []any{moved.Board, moved.Area, moved.Audience, moved.Version})
	require.Zero(t, w.mark(w.observer, topic.ID))
	require.Zero(t, w.mark(w.outsider, topic.ID))
	require.Equal(t, forum.Author, w.mark(w.author, topic.ID).Reason)
	require.Equal(t, r, w.reply(r.ID))
}

// Whoever moves a topic must read it where it goes, as it is promised there.
func TestMoveWhereOneReads(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	topic := w.starts(w.author, forum.NewTopic{})
	hall := w.opens(forum.NewBoard{Area: w.group, Audience: auth.Public, Promise: auth.AreaMembers})
	for name, at := range map[string]func(auth.Scope) bool{
		"nothing there":             func(at auth.Scope) bool { return at.Area == w.group },
		"but what all are promised": func(at auth.Scope) bool { return at.Area == w.group && at.Audience == auth.AreaMembers },
	} {
		cfg := w.config
		cfg.Auth = without{cfg.Auth, forum.Read, w.moderator, at}
		err := forum.New(cfg).Move(w.ctx, w.moderator, forum.Move{Topic: topic.ID, To: hall.ID})
		require.ErrorIs(t, err, auth.ErrDenied, name)
		require.Equal(t, topic, w.topic(topic.ID))
	}
	require.NoError(t, w.forum.Move(w.ctx, w.moderator, forum.Move{Topic: topic.ID, To: hall.ID}))
	moved := w.last()
	require.Equal(t, []any{w.group.Bytes(), uint8(auth.AreaMembers), auth.Commons},
		[]any{[16]byte(moved.Area), moved.Audience, moved.payload.FromArea}, "the move is reported to those who read it where it is")
}
