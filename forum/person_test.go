// SPDX-License-Identifier: BSD-3-Clause

package forum_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
)

func (w *world) export(who auth.Actor) []forum.Exported {
	w.Helper()
	var out []forum.Exported
	for e, err := range w.forum.Export(w.ctx, who.User) {
		require.NoError(w, err)
		out = append(out, e)
	}
	return out
}

func TestExport(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	who := auth.Actor{User: w.author.User, For: storage.NewID[auth.Org]()}
	mine := w.starts(who, forum.NewTopic{Title: "Mio", Body: "uno"})
	w.pass(time.Hour)
	w.edits(who, first(mine.ID), "due")
	two := w.now
	w.edits(w.moderator, first(mine.ID), "Parole altrui")
	w.edits(w.keeper, first(mine.ID), "Ancora parole altrui")
	theirs := w.starts(w.member, forum.NewTopic{Title: "Altrui", Body: "Parole altrui, @author"})
	r := w.replies(who, forum.NewReply{Topic: theirs.ID, Body: "quattro"})
	secret := w.starts(w.member, forum.NewTopic{Board: w.reserved.ID, Title: "Riservato", Body: "Parole altrui"})
	s := w.replies(who, forum.NewReply{Topic: secret.ID, Body: "cinque"})
	require.NoError(t, w.forum.Useful(w.ctx, who, first(theirs.ID), true))
	require.NoError(t, w.forum.ReadTo(w.ctx, who, theirs.ID, 1))
	require.NoError(t, w.forum.Follow(w.ctx, who, theirs.ID, forum.Ignoring))
	d, err := w.forum.SaveDraft(w.ctx, who, forum.DraftSave{Place: "qui", Title: "Bozza", Body: "sei"})
	require.NoError(t, err)
	_, err = w.forum.SaveDraft(w.ctx, w.member, forum.DraftSave{Place: "qui", Body: "Parole altrui"})
	require.NoError(t, err)
	require.NoError(t, w.forum.ReadAll(w.ctx, who))
	read := w.now
	want := func(secretTitle string) []forum.Exported {
		return []forum.Exported{
			{Kind: "topic", Topic: mine.ID, For: forum.Exported{}.For, Title: "Mio", At: w.topic(mine.ID).Text.EditedAt, N: 4},
			{Kind: "revision", Topic: mine.ID, For: who.For, Title: "Mio", Body: "uno", N: 1, At: mine.CreatedAt},
			{Kind: "revision", Topic: mine.ID, For: who.For, Title: "Mio", Body: "due", Why: "correzione", N: 2, At: two},
			{Kind: "reply", Topic: theirs.ID, Reply: r.ID, For: who.For, Title: "Altrui", Body: "quattro", N: 1, At: r.CreatedAt},
			{Kind: "reply", Topic: secret.ID, Reply: s.ID, For: who.For, Title: secretTitle, Body: "cinque", N: 1, At: s.CreatedAt},
			{Kind: "mark", Topic: mine.ID, Follow: forum.Following, Reason: forum.Author, At: mine.CreatedAt},
			{Kind: "mark", Topic: theirs.ID, Read: 1, Follow: forum.Ignoring, Reason: forum.ByHand, At: r.CreatedAt},
			{Kind: "mark", Topic: secret.ID, Follow: forum.Following, Reason: forum.Replied, At: s.CreatedAt},
			{Kind: "read", At: read},
			{Kind: "draft", Place: "qui", Title: "Bozza", Body: "sei", At: d.At},
			{Kind: "reaction", Topic: theirs.ID},
		}
	}
	require.Equal(t, want("Riservato"), w.export(who))
	w.stands(who, auth.Member, auth.Outsider)
	require.Equal(t, want(""), w.export(who), "titles are given of what they may read")
	require.Empty(t, w.export(w.observer))
	require.NotContains(t, fmt.Sprintf("%+v", w.export(who)), "altrui")

	// What was taken away is still theirs.
	require.NoError(t, w.forum.Hide(w.ctx, w.moderator, post(r), "Prova"))
	require.NoError(t, w.forum.Hide(w.ctx, w.moderator, first(theirs.ID), "Prova"))
	text := fmt.Sprintf("%+v", w.export(who))
	require.Contains(t, text, "quattro")
	require.NotContains(t, text, "Altrui")
}

// What somebody did as a moderator is theirs, too: the posts they removed and
// the texts they edited, with their reasons and without others' words.
func TestExportOfModerator(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	topic := w.starts(w.author, forum.NewTopic{Title: "Altrui", Body: "Parole altrui"})
	r, away := w.replies(w.member, forum.NewReply{Topic: topic.ID, Body: "Parole altrui"}), w.replies(w.member, forum.NewReply{Topic: topic.ID, Body: "Parole altrui"})
	require.NoError(t, w.forum.Hide(w.ctx, w.keeper, post(away), "Fuori tema"))
	hidden := w.now
	w.edits(w.keeper, post(r), "corretta")
	require.Equal(t, []forum.Exported{
		{Kind: "reply", Topic: topic.ID, Reply: r.ID, Title: "Altrui", Body: "corretta", Why: "correzione", N: 2, At: w.now},
		{Kind: "removal", Topic: topic.ID, Reply: away.ID, Title: "Altrui", Why: "Fuori tema", At: hidden},
	}, w.export(w.keeper))
	w.stands(w.keeper, auth.Outsider, auth.Outsider)
	require.NoError(t, w.forum.Move(w.ctx, w.moderator, forum.Move{Topic: topic.ID, To: w.reserved.ID}))
	require.NotContains(t, fmt.Sprintf("%+v", w.export(w.keeper)), "Altrui")
}

func TestExportStops(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	topic := w.starts(w.author, forum.NewTopic{})
	for range 3 {
		w.replies(w.author, forum.NewReply{Topic: topic.ID})
	}
	for limit := 1; limit <= 5; limit++ {
		n := 0
		for _, err := range w.forum.Export(w.ctx, w.author.User) {
			require.NoError(t, err)
			if n++; n == limit {
				break
			}
		}
		require.Equal(t, limit, n)
	}
	stopped, stop := context.WithCancel(w.ctx)
	stop()
	failed := 0
	for e, err := range w.forum.Export(stopped, w.author.User) {
		require.ErrorIs(t, err, context.Canceled)
		require.Zero(t, e)
		failed++
	}
	require.Equal(t, 1, failed)
}

// everywhere puts a person wherever the forum can hold one, and returns the
// posts of theirs.
func (w *world) everywhere(who auth.Actor) []forum.Post {
	w.Helper()
	alone := w.starts(who, forum.NewTopic{Title: "Titolo mio solo", Body: "parole mie e di @author"})
	answered := w.starts(who, forum.NewTopic{Title: "Titolo risposto", Body: "parole mie", Key: "k"})
	own := w.starts(who, forum.NewTopic{Title: "Titolo mio con mie risposte", Body: "parole mie"})
	ownReply := w.replies(who, forum.NewReply{Topic: own.ID, Body: "parole mie"})
	r := w.replies(w.member, forum.NewReply{Topic: answered.ID, Body: "Sì, @author, parole altrui"})
	mine := w.replies(who, forum.NewReply{Topic: answered.ID, Parent: r.ID, Body: "parole mie", Key: "k"})
	w.replies(w.member, forum.NewReply{Topic: answered.ID, Parent: mine.ID, Body: "parole altrui"})
	theirs := w.starts(w.member, forum.NewTopic{Title: "Titolo altrui", Body: "parole altrui, @author"})
	w.replies(who, forum.NewReply{Topic: theirs.ID, Body: "parole mie"}) // its LastBy
	w.pass(time.Hour)
	w.edits(w.member, post(r), "parole altrui, senza nominare") // named in a revision only
	w.edits(w.member, post(r), "parole altrui, ancora senza")
	for _, p := range []forum.Post{post(mine), first(answered.ID)} {
		in := forum.PostEdit{Post: p, Version: 1, Body: "parole mie, riviste", Why: "motivo mio"}
		if p.Reply.IsZero() {
			in.Title = "Titolo risposto"
		}
		_, err := w.forum.EditPost(w.ctx, who, in)
		require.NoError(w, err)
	}
	gone := w.replies(who, forum.NewReply{Topic: theirs.ID, Body: "parole mie"})
	require.NoError(w, w.forum.Delete(w.ctx, who, post(gone)))
	hidden := w.replies(who, forum.NewReply{Topic: theirs.ID, Body: "parole mie"})
	require.NoError(w, w.forum.Hide(w.ctx, w.moderator, post(hidden), "Insulti"))

	// As a moderator, once.
	w.stands(who, auth.Moderator, auth.Moderator)
	_, err := w.forum.EditPost(w.ctx, who, forum.PostEdit{Post: first(theirs.ID), Version: 1, Title: "Titolo altrui", Body: "parole altrui, corrette", Why: "motivo mio"})
	require.NoError(w, err)
	w.edits(w.member, first(theirs.ID), "parole altrui, di nuovo")
	other := w.replies(w.member, forum.NewReply{Topic: theirs.ID, Body: "parole altrui"})
	require.NoError(w, w.forum.Hide(w.ctx, who, post(other), "Doppio"))
	merged := w.starts(who, forum.NewTopic{Title: "Titolo mio fuso", Body: "parole mie"})
	require.NoError(w, w.forum.Merge(w.ctx, who, merged.ID, theirs.ID))
	w.stands(who, auth.Member, auth.Member)

	require.NoError(w, w.forum.Useful(w.ctx, who, post(r), true))
	require.NoError(w, w.forum.ReadTo(w.ctx, who, theirs.ID, 1))
	require.NoError(w, w.forum.ReadAll(w.ctx, who))
	require.NoError(w, w.forum.Follow(w.ctx, who, w.starts(w.member, forum.NewTopic{}).ID, forum.Ignoring))
	_, err = w.forum.SaveDraft(w.ctx, who, forum.DraftSave{Place: "qui", Body: "parole mie"})
	require.NoError(w, err)
	return []forum.Post{first(alone.ID), first(answered.ID), first(own.ID), post(ownReply), post(mine)}
}

func TestErase(t *testing.T) {
	t.Parallel()
	for mode, name := range map[auth.EraseMode]string{auth.Anonymise: "anonymise", auth.Redact: "redact"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			c := community.New(community.Config{Store: w.store, Auth: w.config.Auth, Clock: w.config.Clock, People: w.people})
			posts := w.everywhere(w.author)
			id := w.author.User.String()
			require.Contains(t, w.dump(), id)
			reactions, outline := w.reply(w.answer(posts[1])).Useful, len(w.thread(w.moderator, posts[1].Topic))

			require.NoError(t, c.Erase(w.ctx, w.author.User, mode))
			after := w.dump()
			for line := range strings.Lines(after) {
				require.NotContains(t, line, id)
			}
			require.Empty(t, w.export(w.author))
			_, err := w.store.Done(w.ctx, w.author.User.Bytes(), "forum.Reply/k")
			require.ErrorIs(t, err, storage.ErrNotFound)
			require.Contains(t, after, "parole altrui")
			require.Contains(t, after, "parole altrui, di nuovo")
			require.Equal(t, mode == auth.Anonymise, strings.Contains(after, "parole altrui, corrette"), "what they made of another's post is theirs")
			require.Contains(t, after, "Titolo risposto")
			require.Len(t, w.thread(w.moderator, posts[1].Topic), outline, "everything keeps its place")
			require.Equal(t, reactions, w.reply(w.answer(posts[1])).Useful, "that somebody found it useful stays")
			if mode == auth.Anonymise {
				for _, words := range []string{"parole mie", "Titolo mio solo", "motivo mio"} {
					require.Contains(t, after, words)
				}
			} else {
				for _, words := range []string{"parole mie", "Titolo mio", "motivo mio"} {
					for line := range strings.Lines(after) {
						require.NotContains(t, line, words)
					}
				}
			}
			require.NoError(t, c.Erase(w.ctx, w.author.User, mode))
			require.Equal(t, after, w.dump(), "it finds nothing to do again")

			// The others go on.
			w.replies(w.member, forum.NewReply{Topic: posts[1].Topic})
			w.edits(w.moderator, posts[1], "Riassunto")
		})
	}
}

// answer is the first reply to a topic.
func (w *world) answer(p forum.Post) forum.ReplyID { return w.thread(w.moderator, p.Topic)[0].ID }

// An erasure that is cut off anywhere is finished by running it again.
func TestEraseIsCutOff(t *testing.T) {
	t.Parallel()
	for mode := range auth.Redact + 1 {
		for after := 1; ; after++ {
			w := newWorld(t)
			w.everywhere(w.author)
			cfg := w.config
			left := after
			cfg.Store = &counted{Store: cfg.Store, refuse: func([]storage.Change) error {
				if left--; left < 0 {
					return errBoom
				}
				return nil
			}}
			err := forum.New(cfg).Erase(w.ctx, w.author.User, mode)
			if err != nil {
				require.ErrorIs(t, err, errBoom)
				require.NoError(t, w.forum.Erase(w.ctx, w.author.User, mode))
			}
			require.NoError(t, w.store.Apply(w.ctx, storage.EraseUser{User: w.author.User.Bytes()}))
			require.NotContains(t, w.dump(), w.author.User.String())
			if mode == auth.Redact {
				require.NotContains(t, w.dump(), "parole mie")
			}
			if err == nil {
				require.Greater(t, after, 3)
				break
			}
		}
	}
}

func TestEraseNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.starts(w.author, forum.NewTopic{})
	before := w.dump()
	for _, err := range []error{
		w.forum.Erase(w.ctx, auth.UserID{}, auth.Redact), w.forum.Erase(w.ctx, w.author.User, auth.Redact+1),
	} {
		require.True(t, errors.Is(err, storage.ErrInvalid), "%v", err)
	}
	require.NoError(t, w.forum.Erase(w.ctx, storage.NewID[auth.User](), auth.Redact))
	require.Equal(t, before, w.dump())
}

// Nobody is not those who were erased.
func TestExportOfNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := 0
	for e, err := range w.forum.Export(w.ctx, auth.UserID{}) {
		n++
		require.ErrorIs(t, err, storage.ErrInvalid)
		require.Zero(t, e)
	}
	require.Equal(t, 1, n)
}
