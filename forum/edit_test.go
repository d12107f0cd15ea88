// SPDX-License-Identifier: BSD-3-Clause

package forum_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
)

// When an author's edit makes a revision, and when it is refused.
func TestEditWindows(t *testing.T) {
	t.Parallel()
	const grace, window = 10 * time.Minute, time.Hour
	config := func(c *forum.Config) { c.Grace, c.EditWindow = grace, window }
	for name, c := range map[string]struct {
		config    func(*forum.Config)
		after     time.Duration
		revisions int // with the present one
		err       error
	}{
		"at once":             {config, 0, 1, nil},
		"in the grace":        {config, grace, 1, nil},
		"after the grace":     {config, grace + time.Microsecond, 2, nil},
		"in the window":       {config, window, 2, nil},
		"after the window":    {config, window + time.Microsecond, 1, forum.ErrTooLate},
		"no window":           {func(*forum.Config) {}, 10_000 * time.Hour, 2, nil},
		"the default grace":   {func(*forum.Config) {}, 5 * time.Minute, 1, nil},
		"after the default":   {func(*forum.Config) {}, 5*time.Minute + time.Microsecond, 2, nil},
		"no grace":            {func(c *forum.Config) { c.Grace = -1 }, 0, 2, nil},
		"grace beyond window": {func(c *forum.Config) { c.Grace, c.EditWindow = window, grace }, grace + 1000, 1, forum.ErrTooLate},
	} {
		w := newWorld(t, c.config)
		topic := w.starts(w.author, forum.NewTopic{})
		r := w.replies(w.author, forum.NewReply{Topic: topic.ID})
		w.now = topic.CreatedAt.Add(c.after)
		_, err := w.forum.EditPost(w.ctx, w.author, forum.PostEdit{Post: first(topic.ID), Version: 1, Title: "Altro", Body: "Altro"})
		require.ErrorIs(t, err, c.err, name)
		require.Len(t, w.revisions(first(topic.ID)), c.revisions, name)
		w.now = r.CreatedAt.Add(c.after)
		_, err = w.forum.EditPost(w.ctx, w.author, forum.PostEdit{Post: post(r), Version: 1, Body: "Altro"})
		require.ErrorIs(t, err, c.err, name)
		require.Len(t, w.revisions(post(r)), c.revisions, name)

		// A moderator edits at any time, and leaves a revision at any time.
		w.edits(w.moderator, post(r), "Del moderatore")
		require.Len(t, w.revisions(post(r)), c.revisions+1, name)
		require.Equal(t, w.moderator.By(), w.reply(r.ID).Text.EditedBy, name)
		require.Equal(t, w.author.By(), w.reply(r.ID).By, name)
	}
}

// The window and the grace are counted from the first writing: whoever keeps
// editing does not keep them open.
func TestEditsKeepNothingOpen(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *forum.Config) { c.EditWindow = time.Hour })
	r := w.replies(w.author, forum.NewReply{Topic: w.starts(w.author, forum.NewTopic{}).ID})
	for i, c := range []struct {
		after     time.Duration
		revisions int
		err       error
	}{{4 * time.Minute, 1, nil}, {8 * time.Minute, 2, nil}, {50 * time.Minute, 3, nil}, {time.Hour + 1000, 3, forum.ErrTooLate}} {
		w.now = r.CreatedAt.Add(c.after)
		_, err := w.forum.EditPost(w.ctx, w.author, forum.PostEdit{Post: post(r), Version: i + 1, Body: fmt.Sprint(i)})
		require.ErrorIs(t, err, c.err)
		require.Len(t, w.revisions(post(r)), c.revisions)
	}
}

func TestRevisions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	topic := w.starts(w.author, forum.NewTopic{Title: "Uno", Body: "uno"})
	r := w.replies(w.author, forum.NewReply{Topic: topic.ID, Body: "uno"})
	w.pass(time.Hour)
	written := []time.Time{topic.CreatedAt, r.CreatedAt}
	for i, p := range []forum.Post{first(topic.ID), post(r)} {
		title := ""
		if p.Reply.IsZero() {
			title = "Uno"
		}
		w.edits(w.author, p, "due")
		two := w.now
		w.edits(w.moderator, p, "tre")
		require.Equal(t, []forum.Revision{
			{Post: p, N: 1, Title: title, Body: "uno", By: w.author.By(), At: written[i]},
			{Post: p, N: 2, Title: title, Body: "due", By: w.author.By(), At: two, Why: "correzione"},
			{Post: p, N: 3, Title: title, Body: "tre", By: w.moderator.By(), At: w.now, Why: "correzione"},
		}, w.revisions(p))
	}
	kept := w.topic(topic.ID)
	require.Equal(t, forum.TextState{Revision: 3, EditedAt: kept.Text.EditedAt, EditedBy: w.moderator.By(), Why: "correzione", AfterReplies: true}, kept.Text)
	require.Equal(t, r.CreatedAt, kept.ActiveAt, "an edit is no activity")
}

// What was edited when somebody had answered says so, and says so for ever.
func TestEditedAfterReplies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	topic := w.starts(w.author, forum.NewTopic{})
	w.edits(w.author, first(topic.ID), "Prima di tutti")
	require.False(t, w.topic(topic.ID).Text.AfterReplies)
	r := w.replies(w.member, forum.NewReply{Topic: topic.ID})
	w.edits(w.member, post(r), "Da solo")
	require.False(t, w.reply(r.ID).Text.AfterReplies)
	answer := w.replies(w.author, forum.NewReply{Topic: topic.ID, Parent: r.ID})
	w.edits(w.member, post(r), "Dopo")
	require.True(t, w.reply(r.ID).Text.AfterReplies)
	w.edits(w.author, first(topic.ID), "Dopo")
	require.True(t, w.topic(topic.ID).Text.AfterReplies)
	for _, p := range []forum.Post{post(answer), post(r)} {
		require.NoError(t, w.forum.Hide(w.ctx, w.keeper, p, "Prova"))
	}
	w.edits(w.author, first(topic.ID), "Ancora")
	require.True(t, w.topic(topic.ID).Text.AfterReplies)
}

// What is the same changes nothing; what is the same but for its form is the
// same.
func TestSameTextIsNoEdit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	topic := w.starts(w.author, forum.NewTopic{Title: "Perché", Body: "Uno\nDue é"})
	r := w.replies(w.author, forum.NewReply{Topic: topic.ID, Body: "@member"})
	w.pass(time.Hour)
	before := w.dump()
	for _, in := range []forum.PostEdit{
		{Post: first(topic.ID), Title: " Perche\u0301 ", Body: "Uno\r\nDue e\u0301", Why: "niente"}, {Post: post(r), Body: "@member"},
	} {
		in.Version = 1
		pl, err := w.forum.EditPost(w.ctx, w.author, in)
		require.NoError(t, err)
		require.Equal(t, in.Post, pl.Post())
	}
	require.Equal(t, before, w.dump())
}

func TestEditConflict(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	topic := w.starts(w.author, forum.NewTopic{})
	r := w.replies(w.author, forum.NewReply{Topic: topic.ID})
	for _, in := range []forum.PostEdit{
		{Post: first(topic.ID), Version: 1, Title: "Dialogo competitivo", Body: "Vecchia scheda"}, {Post: post(r), Version: 1, Body: "Vecchia scheda"},
	} {
		w.edits(w.moderator, in.Post, "Nuova scheda")
		before := w.dump()
		_, err := w.forum.EditPost(w.ctx, w.author, in)
		var conflict *storage.Conflict
		require.ErrorAs(t, err, &conflict)
		require.Equal(t, 1, conflict.Base)
		require.Equal(t, w.revisions(in.Post)[1], conflict.Current)
		require.ErrorIs(t, err, storage.ErrConflict)
		require.Equal(t, before, w.dump())
	}
}

// What was pinned or locked meanwhile is another version, too; replies and
// reactions are not.
func TestEditBesideOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	topic := w.starts(w.author, forum.NewTopic{})
	w.replies(w.member, forum.NewReply{Topic: topic.ID})
	require.NoError(t, w.forum.Useful(w.ctx, w.member, first(topic.ID), true))
	pl, err := w.forum.EditPost(w.ctx, w.author, forum.PostEdit{Post: first(topic.ID), Version: 1, Title: "Altro", Body: "Altro"})
	require.NoError(t, err)
	require.Equal(t, w.topic(topic.ID), pl.Topic)
	require.NoError(t, w.forum.Pin(w.ctx, w.keeper, topic.ID, forum.Pinned))
	_, err = w.forum.EditPost(w.ctx, w.author, forum.PostEdit{Post: first(topic.ID), Version: pl.Topic.Version, Title: "Altro", Body: "Terzo"})
	require.ErrorIs(t, err, storage.ErrConflict)
}

func TestEditIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	topic := w.starts(w.author, forum.NewTopic{})
	r := w.replies(w.author, forum.NewReply{Topic: topic.ID})
	edit := func(p forum.Post, v int) error {
		in := forum.PostEdit{Post: p, Version: v, Body: "Altro"}
		if p.Reply.IsZero() {
			in.Title = "Altro"
		}
		return failure(w.forum.EditPost(w.ctx, w.author, in))
	}
	invalid(t, failure(w.forum.EditPost(w.ctx, w.author, forum.PostEdit{Post: post(r), Version: 1, Title: "Titolo", Body: "Altro"})), "title", storage.CodeMalformed)
	for name, remove := range map[string]func(p forum.Post) error{
		"deleted": func(p forum.Post) error { return w.forum.Delete(w.ctx, w.author, p) },
		"hidden":  func(p forum.Post) error { return w.forum.Hide(w.ctx, w.moderator, p, "Prova") },
		"purged":  func(p forum.Post) error { return w.forum.Purge(w.ctx, w.coordinator, p, "Prova") },
	} {
		for _, p := range []forum.Post{post(w.replies(w.author, forum.NewReply{Topic: topic.ID})), first(w.starts(w.author, forum.NewTopic{}).ID)} {
			require.NoError(t, remove(p))
			require.ErrorIs(t, edit(p, 2), forum.ErrRemoved, name)
		}
	}
	require.NoError(t, w.forum.Lock(w.ctx, w.moderator, topic.ID, true))
	require.ErrorIs(t, edit(post(r), 1), forum.ErrLocked)
	require.ErrorIs(t, edit(first(topic.ID), 2), forum.ErrLocked)
	require.NoError(t, w.forum.Lock(w.ctx, w.moderator, topic.ID, false))
	w.rules(w.open.ID, forum.BoardEdit{Archived: ptr(true)})
	require.ErrorIs(t, edit(post(r), 1), forum.ErrLocked)
	w.rules(w.open.ID, forum.BoardEdit{Archived: ptr(false)})
	require.NoError(t, edit(post(r), 1))
	// A moderator is not bound by what binds authors, of their own posts neither.
	w.stands(w.author, auth.Moderator, auth.Outsider)
	require.NoError(t, w.forum.Lock(w.ctx, w.moderator, topic.ID, true))
	require.NoError(t, edit(first(topic.ID), w.topic(topic.ID).Version))
}

// undecided is an Authorizer that cannot say whether somebody may edit.
type undecided struct {
	auth.Authorizer
	err error
}

func (u undecided) Authorize(ctx context.Context, who auth.Actor, do auth.Action, at auth.Scope) error {
	if do == forum.Edit {
		return u.err
	}
	return u.Authorizer.Authorize(ctx, who, do, at)
}

// An Authorizer that fails is no refusal, which a moderator would get past.
func TestEditUndecided(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	topic := w.starts(w.moderator, forum.NewTopic{})
	cfg := w.config
	broken := errors.New("broken")
	cfg.Auth = undecided{cfg.Auth, broken}
	_, err := forum.New(cfg).EditPost(w.ctx, w.moderator, forum.PostEdit{Post: first(topic.ID), Version: topic.Version, Title: "Altro", Body: "Altro"})
	require.ErrorIs(t, err, broken)
}
