// SPDX-License-Identifier: BSD-3-Clause

package forum_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
)

// states is what each state lets whom do: from each, what follows when its
// author deletes, a moderator hides, its author or a moderator restores, a
// coordinator purges.
var states = map[forum.State]struct {
	deletes, hides, authorRestores, moderatorRestores, purges forum.State
	authorErr, moderatorErr                                   error
}{
	forum.Visible: {forum.Deleted, forum.Hidden, forum.Visible, forum.Visible, forum.Purged, nil, nil},
	forum.Deleted: {forum.Deleted, forum.Hidden, forum.Visible, forum.Visible, forum.Purged, nil, nil},
	forum.Hidden:  {forum.Hidden, forum.Hidden, forum.Hidden, forum.Visible, forum.Purged, auth.ErrDenied, nil},
	forum.Purged:  {forum.Purged, forum.Purged, forum.Purged, forum.Purged, forum.Purged, auth.ErrDenied, forum.ErrRemoved},
}

func TestStates(t *testing.T) {
	t.Parallel()
	for from, want := range states {
		for what, c := range map[string]struct {
			do  func(*world, forum.Post) error
			to  forum.State
			err error
		}{
			"delete":               {func(w *world, p forum.Post) error { return w.forum.Delete(w.ctx, w.author, p) }, want.deletes, nil},
			"hide":                 {func(w *world, p forum.Post) error { return w.forum.Hide(w.ctx, w.keeper, p, "Perché sì") }, want.hides, nil},
			"restore by author":    {func(w *world, p forum.Post) error { return w.forum.Restore(w.ctx, w.author, p) }, want.authorRestores, want.authorErr},
			"restore by moderator": {func(w *world, p forum.Post) error { return w.forum.Restore(w.ctx, w.keeper, p) }, want.moderatorRestores, want.moderatorErr},
			"purge":                {func(w *world, p forum.Post) error { return w.forum.Purge(w.ctx, w.coordinator, p, "Perché sì") }, want.purges, nil},
		} {
			for _, topic := range []bool{true, false} {
				w := newWorld(t)
				p := first(w.starts(w.author, forum.NewTopic{Body: "Parole"}).ID)
				removal := func() forum.Removal { return w.topic(p.Topic).Removal }
				if !topic {
					p = post(w.replies(w.author, forum.NewReply{Topic: p.Topic, Body: "Parole"}))
					removal = func() forum.Removal { return w.reply(p.Reply).Removal }
				}
				switch from {
				case forum.Deleted:
					require.NoError(t, w.forum.Delete(w.ctx, w.author, p))
				case forum.Hidden:
					require.NoError(t, w.forum.Hide(w.ctx, w.moderator, p, "Prima"))
				case forum.Purged:
					require.NoError(t, w.forum.Purge(w.ctx, w.coordinator, p, "Prima"))
				}
				require.Equal(t, from, removal().State)
				before := w.dump()
				w.pass(time.Hour)
				require.ErrorIs(t, c.do(w, p), c.err, "%s of %d", what, from)
				require.Equal(t, c.to, removal().State, "%s of %d", what, from)
				if c.to == from {
					require.Equal(t, before, w.dump(), "%s of %d: nothing was to be done, and something was", what, from)
					continue
				}
				by := map[string]auth.Actor{"delete": w.author, "hide": w.keeper, "purge": w.coordinator}[what]
				switch {
				case c.to == forum.Visible:
					require.Zero(t, removal())
				case what == "delete":
					require.Equal(t, forum.Removal{State: c.to, At: w.now, By: by.By()}, removal())
				default:
					require.Equal(t, forum.Removal{State: c.to, At: w.now, By: by.By(), Why: "Perché sì"}, removal())
				}
			}
		}
	}
}

// Who reads the words of a removed post, and who learns why it is gone.
func TestWhoSeesWhatIsRemoved(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		remove func(*world, forum.Post) error
		words  string // of visitor … coordinator: y reads them, - does not
		opens  string // the same for a topic: y opens it, - it is not there
	}{
		"deleted": {func(w *world, p forum.Post) error { return w.forum.Delete(w.ctx, w.author, p) }, "-----yyyy", "-----yyyy"},
		"hidden":  {func(w *world, p forum.Post) error { return w.forum.Hide(w.ctx, w.keeper, p, "Motivo") }, "-----yyyy", "-----yyyy"},
		"purged":  {func(w *world, p forum.Post) error { return w.forum.Purge(w.ctx, w.coordinator, p, "Motivo") }, "---------", "-----yyyy"},
	} {
		w := newWorld(t)
		topic := w.starts(w.member, forum.NewTopic{})
		r := w.replies(w.author, forum.NewReply{Topic: topic.ID, Body: "Parole"})
		gone := w.starts(w.author, forum.NewTopic{Title: "Titolo tolto"})
		require.NoError(t, c.remove(w, post(r)))
		require.NoError(t, c.remove(w, first(gone.ID)))
		for i, who := range w.everybody() {
			shown := w.thread(who.Actor, topic.ID)
			require.Len(t, shown, 1)
			require.Equal(t, c.words[i] == 'y', shown[0].Body == "Parole", "%s: %s", name, who.name)
			knows := i >= 5 // its author, and moderators
			require.Equal(t, knows, !shown[0].By.User.IsZero(), "%s: %s", name, who.name)
			require.Equal(t, knows && name != "deleted", shown[0].Removal.Why == "Motivo", "%s: %s", name, who.name)
			require.Equal(t, r.Path, shown[0].Path)
			require.NotEqual(t, forum.Visible, shown[0].Removal.State)
			_, err := w.forum.Thread(w.ctx, who.Actor, forum.ThreadPage{Topic: gone.ID})
			if c.opens[i] == 'y' {
				require.NoError(t, err, "%s: %s", name, who.name)
			} else {
				require.ErrorIs(t, err, storage.ErrNotFound, "%s: %s", name, who.name)
			}
			for _, l := range w.list(who.Actor, forum.TopicFilter{}) {
				require.NotEqual(t, gone.ID, l.ID, "%s: %s", name, who.name)
			}
		}
	}
}

// An author's topic is theirs to delete until somebody else answers, or they
// do: then it is the community's.
func TestDeleteAnsweredTopic(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	topic := w.starts(w.author, forum.NewTopic{})
	r := w.replies(w.member, forum.NewReply{Topic: topic.ID})
	require.ErrorIs(t, w.forum.Delete(w.ctx, w.author, first(topic.ID)), forum.ErrAnswered)
	require.NoError(t, w.forum.Delete(w.ctx, w.member, post(r)))
	require.NoError(t, w.forum.Delete(w.ctx, w.author, first(topic.ID)), "nothing that is left would go with it")
	require.ErrorIs(t, w.forum.Restore(w.ctx, w.member, post(r)), storage.ErrNotFound)
	require.NoError(t, w.forum.Restore(w.ctx, w.author, first(topic.ID)))
	require.NoError(t, w.forum.Restore(w.ctx, w.member, post(r)))
	require.Equal(t, 1, w.topic(topic.ID).Replies)
	require.NoError(t, w.forum.Hide(w.ctx, w.keeper, first(topic.ID), "Motivo"), "moderators take it with its replies")
}

// A topic is not deleted while somebody answers it.
func TestDeleteRacesReply(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 40 {
		topic := w.starts(w.author, forum.NewTopic{})
		errs := together(2, func(i int) error {
			if i == 0 {
				return w.forum.Delete(w.ctx, w.author, first(topic.ID))
			}
			return failure(w.forum.Reply(w.ctx, w.member, forum.NewReply{Topic: topic.ID, Body: "Testo"}))
		})
		kept := w.topic(topic.ID)
		if kept.Removal.State == forum.Visible {
			require.ErrorIs(t, errs[0], forum.ErrAnswered)
			require.NoError(t, errs[1])
		} else {
			require.NoError(t, errs[0])
			require.ErrorIs(t, errs[1], storage.ErrNotFound)
		}
		require.Equal(t, kept.Removal.State == forum.Visible, kept.Replies == 1)
	}
}

func TestReasonsAreAskedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := first(w.starts(w.author, forum.NewTopic{}).ID)
	for why, code := range map[string]string{"": storage.CodeMissing, "a\nb": storage.CodeControl} {
		invalid(t, w.forum.Hide(w.ctx, w.keeper, p, why), "why", code)
		invalid(t, w.forum.Purge(w.ctx, w.coordinator, p, why), "why", code)
	}
}

// Nothing that anybody wrote is left of what was purged: neither text nor
// revisions, reactions, reasons or mentions.
func TestPurge(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	topic := w.starts(w.author, forum.NewTopic{Title: "Titolo Zyzzyva", Body: "Zyzzyva"})
	r := w.replies(w.author, forum.NewReply{Topic: topic.ID, Body: "Zyzzyva @member"})
	other := w.replies(w.member, forum.NewReply{Topic: topic.ID, Parent: r.ID, Body: "Altro"})
	w.pass(time.Hour)
	_, err := w.forum.EditPost(w.ctx, w.author, forum.PostEdit{Post: post(r), Version: 1, Body: "Zyzzyva @member @observer", Why: "Zyzzyva"})
	require.NoError(t, err)
	for _, p := range []forum.Post{post(r), first(topic.ID)} {
		require.NoError(t, w.forum.Useful(w.ctx, w.member, p, true))
	}
	require.NoError(t, w.forum.Purge(w.ctx, w.coordinator, post(r), "Dati personali"))
	kept := w.reply(r.ID)
	require.Equal(t, forum.Reply{
		ID: r.ID, Topic: topic.ID, Depth: 1, Path: r.Path, Seq: 1, By: w.author.By(), CreatedAt: r.CreatedAt, Text: forum.TextState{Revision: 2},
		Removal: forum.Removal{State: forum.Purged, At: w.now, By: w.coordinator.By(), Why: "Dati personali"}, Version: 3,
	}, kept)
	require.Equal(t, 1, w.topic(topic.ID).Replies)
	require.Contains(t, w.dump(), "Zyzzyva", "of the topic")
	require.NoError(t, w.forum.Purge(w.ctx, w.coordinator, first(topic.ID), "Dati personali"))
	require.NotContains(t, w.dump(), "Zyzzyva")
	require.Equal(t, forum.Purged, w.reply(other.ID).Removal.State, "its replies go with it")
	require.Zero(t, w.topic(topic.ID).Replies)
	require.Zero(t, w.topic(topic.ID).Useful)
	reactions, err := w.store.Forum().Reactions(w.ctx, w.member.User)
	require.NoError(t, err)
	require.Empty(t, reactions)
	named, err := w.store.Forum().Written(w.ctx, forum.WrittenQuery{User: w.observer.User})
	require.NoError(t, err)
	require.Empty(t, named.Items)
	before := w.dump()
	require.NoError(t, w.forum.Purge(w.ctx, w.coordinator, first(topic.ID), "Di nuovo"))
	require.Equal(t, before, w.dump(), "there is nothing left to purge")
}

// What stands below a topic that was taken away is gone with it, also for those
// who still see it: nobody answers it, edits it or finds it useful.
func TestGoneWithItsTopic(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	topic := w.starts(w.author, forum.NewTopic{})
	mine, theirs := w.replies(w.author, forum.NewReply{Topic: topic.ID}), w.replies(w.member, forum.NewReply{Topic: topic.ID})
	require.NoError(t, w.forum.Hide(w.ctx, w.keeper, first(topic.ID), "Fuori tema"))
	before := w.dump()
	for _, who := range []auth.Actor{w.author, w.moderator} {
		for what, err := range map[string]error{
			"reply": failure(w.forum.Reply(w.ctx, who, forum.NewReply{Topic: topic.ID, Body: "Testo"})),
			"below": failure(w.forum.Reply(w.ctx, who, forum.NewReply{Topic: topic.ID, Parent: theirs.ID, Body: "Testo"})),
			"edit":  failure(w.forum.EditPost(w.ctx, who, forum.PostEdit{Post: post(mine), Version: 1, Body: "Testo"})),
			"use":   w.forum.Useful(w.ctx, who, post(theirs), true),
		} {
			require.ErrorIs(t, err, forum.ErrRemoved, what)
		}
	}
	require.Equal(t, before, w.dump())
	require.NoError(t, w.forum.Restore(w.ctx, w.keeper, first(topic.ID)))
	require.NoError(t, w.forum.Hide(w.ctx, w.keeper, post(theirs), "Fuori tema"))
	require.ErrorIs(t, failure(w.forum.Reply(w.ctx, w.member, forum.NewReply{Topic: topic.ID, Parent: theirs.ID, Body: "Testo"})), forum.ErrRemoved, "nor below a reply")
}
