// SPDX-License-Identifier: BSD-3-Clause

package forum_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
)

// To whoever may not read it, what is reserved is refused in the same
// words as what never was, whatever is asked.
func TestS10HiddenIsAsWhatNeverWas(t *testing.T) {
	t.Parallel()
	for _, row := range may {
		for i, column := range strings.ReplaceAll(row.reserved, " ", "") {
			if column != 'n' && column != 'i' {
				continue
			}
			w := newWorld(t)
			x := w.setScene(w.reserved)
			absent := x.never()
			who := w.everybody()[i]
			hidden, never := row.call(w, who.Actor, x), row.call(w, who.Actor, absent)
			require.Error(t, never, "%s by %s", row.method, who.name)
			require.Equal(t, absent.words(never), x.words(hidden), "%s by %s", row.method, who.name)
		}
	}
}

// From how a text is refused, nobody who may not write it learns who has a
// name here.
func TestS12NamesAreNotGuessed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	topic := w.starts(w.author, forum.NewTopic{})
	r := w.replies(w.author, forum.NewReply{Topic: topic.ID})
	for name, call := range map[string]func(who auth.Actor, body string) error{
		"start": func(who auth.Actor, body string) error {
			return failure(w.forum.StartTopic(w.ctx, who, forum.NewTopic{Board: w.open.ID, Title: "Titolo", Body: body}))
		},
		"reply": func(who auth.Actor, body string) error {
			return failure(w.forum.Reply(w.ctx, who, forum.NewReply{Topic: topic.ID, Body: body}))
		},
		"edit": func(who auth.Actor, body string) error {
			return failure(w.forum.EditPost(w.ctx, who, forum.PostEdit{Post: post(r), Version: 1, Body: body}))
		},
		"split": func(who auth.Actor, body string) error {
			return failure(w.forum.Split(w.ctx, who, forum.Split{Topic: topic.ID, Version: 1, Replies: []forum.ReplyID{r.ID}, Title: "Titolo", Body: body}))
		},
	} {
		for _, who := range []auth.Actor{w.visitor, w.stranger, w.observer} {
			known, unknown := call(who, strings.Repeat("@member ", 101)), call(who, strings.Repeat("@nessuno ", 101))
			require.ErrorIs(t, known, auth.ErrDenied, name)
			require.Equal(t, unknown.Error(), known.Error(), name)
		}
		require.ErrorIs(t, call(w.coordinator, strings.Repeat("@member ", 101)), storage.ErrInvalid, name)
	}
}

// A board below one that somebody may not see stands at the top for them.
func TestS11BoardBelowWhatIsHidden(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	hall := w.opens(forum.NewBoard{Area: w.group, Audience: auth.Public})
	room := w.opens(forum.NewBoard{Area: w.group, Parent: hall.ID, Audience: auth.AreaMembers})
	window := w.opens(forum.NewBoard{Area: w.group, Parent: room.ID, Audience: auth.Public})
	sill := w.opens(forum.NewBoard{Area: w.group, Parent: window.ID, Audience: auth.Public})
	for _, who := range w.everybody() {
		_, err := w.forum.Board(w.ctx, who.Actor, room.ID)
		want := map[forum.BoardID]forum.BoardID{hall.ID: {}, window.ID: {}, sill.ID: window.ID}
		if err == nil {
			want[room.ID], want[window.ID], want[w.reserved.ID] = hall.ID, room.ID, forum.BoardID{}
		}
		boards, err := w.forum.Boards(w.ctx, who.Actor, w.group)
		require.NoError(t, err)
		require.Len(t, boards, len(want), who.name)
		for _, l := range boards {
			b, err := w.forum.Board(w.ctx, who.Actor, l.ID)
			require.NoError(t, err)
			require.Equal(t, [2]forum.BoardID{want[l.ID], want[l.ID]}, [2]forum.BoardID{l.Parent, b.Parent}, who.name)
		}
	}
}

// What is counted on a board is what the reader may open, not what they
// may learn of.
func TestS03CountsAreOfWhatIsRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.starts(w.author, forum.NewTopic{})
	f := w.without(forum.Read, w.outsider)
	boards, err := f.Boards(w.ctx, w.outsider, auth.Commons)
	require.NoError(t, err)
	require.Equal(t, []forum.BoardListed{{Board: w.open}}, boards)
}

// A cursor opens nothing: with another person's, one goes on in one's
// own list.
func TestS61CursorOfAnother(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 3 {
		w.starts(w.author, forum.NewTopic{Title: "Aperto"})
		w.starts(w.author, forum.NewTopic{Board: w.reserved.ID, Title: "Riservato"})
	}
	for _, filter := range []forum.TopicFilter{{}, {Area: w.group}, {Author: w.author.User}, {Unread: true}} {
		filter.Limit = 1
		mine, theirs := filter, filter
		for range 5 {
			page, err := w.forum.Topics(w.ctx, w.coordinator, theirs)
			require.NoError(t, err)
			mine.After, theirs.After = page.Next, page.Next
			seen, err := w.forum.Topics(w.ctx, w.outsider, mine)
			require.NoError(t, err)
			require.NotContains(t, titles(seen.Items), "Riservato")
		}
	}
}

// Who wrote what was taken away, who took it away and why, is in nothing that
// others are given.
func TestS14NamesBehindWhatIsRemoved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	topic := w.starts(w.author, forum.NewTopic{})
	r := w.replies(w.outsider, forum.NewReply{Topic: topic.ID, Body: "Insulto"})
	w.pass(time.Hour)
	w.edits(w.outsider, post(r), "Insulto peggiore")
	gone := w.starts(w.outsider, forum.NewTopic{Title: "Insulto", Audience: auth.Public})
	for _, p := range []forum.Post{post(r), first(gone.ID)} {
		require.NoError(t, w.forum.Hide(w.ctx, w.keeper, p, "Motivo"))
	}
	for _, who := range []auth.Actor{w.visitor, w.stranger, w.observer, w.member} {
		var said []any
		say := func(v any, _ error) { said = append(said, v) }
		for _, filter := range []forum.TopicFilter{{}, {Author: w.outsider.User}, {Removed: true}, {Board: w.open.ID}} {
			say(w.list(who, filter), nil)
		}
		for _, id := range []forum.TopicID{topic.ID, gone.ID} {
			for _, newest := range []bool{false, true} {
				say(w.forum.Thread(w.ctx, who, forum.ThreadPage{Topic: id, Newest: newest}))
			}
			say(w.forum.Feed(w.ctx, who, forum.FeedPage{Topic: id}))
		}
		say(w.forum.Feed(w.ctx, who, forum.FeedPage{Board: w.open.ID}))
		say(w.forum.Boards(w.ctx, who, auth.Commons))
		for _, p := range []forum.Post{post(r), first(gone.ID)} {
			say(w.forum.Revisions(w.ctx, who, p))
			say(w.forum.Look(w.ctx, who, p))
			say(w.forum.Find(w.ctx, who, p))
		}
		text := fmt.Sprintf("%+v", said)
		for _, secret := range []string{w.outsider.User.String(), w.keeper.User.String(), "Insulto", "Motivo", "correzione"} {
			require.NotContains(t, text, secret)
		}
	}
}
