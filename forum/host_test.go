// SPDX-License-Identifier: BSD-3-Clause

package forum_test

import (
	"bytes"
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
)

// ailing is an authorizer, a limiter and a directory of names that has trouble
// of its own at the n-th time that it is asked.
type ailing struct {
	auth.Authorizer
	auth.People
	left *int
}

func (a ailing) well() error {
	if *a.left--; *a.left == 0 {
		return errBoom
	}
	return nil
}

func (a ailing) Authorize(ctx context.Context, who auth.Actor, do auth.Action, at auth.Scope) error {
	if err := a.well(); err != nil {
		return err
	}
	return a.Authorizer.Authorize(ctx, who, do, at)
}

func (a ailing) Reach(ctx context.Context, who auth.Actor, do auth.Action) (auth.Reach, error) {
	if err := a.well(); err != nil {
		return auth.Reach{}, err
	}
	return a.Authorizer.Reach(ctx, who, do)
}

func (a ailing) Named(ctx context.Context, names []string) (map[string]auth.UserID, error) {
	if err := a.well(); err != nil {
		return nil, err
	}
	return a.People.Named(ctx, names)
}

func (a ailing) Allow(context.Context, auth.Actor, auth.Action) error { return a.well() }

// Whatever of the host's fails, and whenever, the caller is told that, and not
// that they may not, nor that they may; and nothing is changed.
func TestTroubleOfTheHost(t *testing.T) {
	t.Parallel()
	calls := map[string]func(w *world, who auth.Actor, x scene) error{
		"Recipients": func(w *world, _ auth.Actor, x scene) error { return failure(w.forum.Recipients(w.ctx, w.last().Event)) },
		"Reply with a mention": func(w *world, who auth.Actor, x scene) error {
			return failure(w.forum.Reply(w.ctx, who, forum.NewReply{Topic: x.topic.ID, Body: "@member e @author"}))
		},
		"Reply where it is locked": func(w *world, who auth.Actor, x scene) error {
			return failure(w.forum.Reply(w.ctx, who, forum.NewReply{Topic: x.alone.ID, Body: "Testo"}))
		},
		"Topics that are removed": func(w *world, who auth.Actor, x scene) error {
			return failure(w.forum.Topics(w.ctx, who, forum.TopicFilter{Removed: true}))
		},
		"Thread with what is removed": func(w *world, who auth.Actor, x scene) error {
			return failure(w.forum.Thread(w.ctx, who, forum.ThreadPage{Topic: x.topic.ID}))
		},
	}
	for _, row := range may {
		calls[row.method] = row.call
	}
	for name, call := range calls {
		for n := 1; ; n++ {
			w := newWorld(t)
			x := w.setScene(w.reserved)
			left := 0
			cfg := w.config
			a := ailing{cfg.Auth, cfg.People, &left}
			cfg.Auth, cfg.People, cfg.Limit = a, a, a
			require.NoError(t, w.forum.Lock(w.ctx, w.moderator, x.alone.ID, true))
			x.alone = w.topic(x.alone.ID)
			w.forum = forum.New(cfg)
			before := w.dump()
			left = n
			err := call(w, w.coordinator, x)
			if left > 0 {
				break // it was not asked so often
			}
			require.ErrorIs(t, err, errBoom, "%s, at %d", name, n)
			require.NotErrorIs(t, err, auth.ErrDenied, "%s, at %d", name, n)
			require.NotErrorIs(t, err, storage.ErrNotFound, "%s, at %d", name, n)
			require.Equal(t, before, w.dump(), "%s, at %d", name, n)
		}
	}
}

// Whoever does not wait for the answer any more has done nothing.
func TestCancelled(t *testing.T) {
	t.Parallel()
	for _, row := range may {
		w := newWorld(t)
		x := w.setScene(w.open)
		before, ctx := w.dump(), w.ctx
		stopped, stop := context.WithCancel(ctx)
		stop()
		w.ctx = stopped
		require.ErrorIs(t, row.call(w, w.coordinator, x), context.Canceled, row.method)
		w.ctx = ctx
		require.Equal(t, before, w.dump(), row.method)
	}
}

// A forum to which the host gave no authorizer denies everything, and says
// nothing of what there is.
func TestNoAuthorizer(t *testing.T) {
	t.Parallel()
	for _, row := range may {
		w := newWorld(t)
		x := w.setScene(w.open)
		before := w.dump()
		w.forum = forum.New(forum.Config{Store: w.store.Forum()})
		for _, who := range []auth.Actor{w.visitor, w.coordinator} {
			err := row.call(w, who, x)
			switch row.method {
			case "ReadAll", "SaveDraft", "Drafts", "DropDraft": // one's own, whatever else one may
			default:
				require.Error(t, err, row.method)
				require.Equal(t, before, w.dump(), row.method)
			}
		}
	}
}

// An edit window below nothing is none at all.
func TestNoEditWindow(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *forum.Config) { c.EditWindow = -1 })
	r := w.replies(w.author, forum.NewReply{Topic: w.starts(w.author, forum.NewTopic{}).ID})
	w.now = r.CreatedAt
	_, err := w.forum.EditPost(w.ctx, w.author, forum.PostEdit{Post: post(r), Version: 1, Body: "Altro"})
	require.ErrorIs(t, err, forum.ErrTooLate)
	w.edits(w.moderator, post(r), "Altro")
}

// A document that would need what the host did not give is refused before
// anything of it is written.
func TestAtomWithoutLinks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.starts(w.author, forum.NewTopic{})
	feed, err := w.forum.Feed(w.ctx, w.visitor, forum.FeedPage{Board: w.open.ID})
	require.NoError(t, err)
	whole := forum.FeedLinks{
		Link: func(p forum.Post) string { return p.String() }, Name: func(by auth.By) string { return by.User.String() }, HTML: func(body string) string { return body },
	}
	for _, lack := range []func(*forum.FeedLinks){
		func(l *forum.FeedLinks) { l.Link = nil }, func(l *forum.FeedLinks) { l.Name = nil }, func(l *forum.FeedLinks) { l.HTML = nil },
	} {
		links := whole
		lack(&links)
		var b bytes.Buffer
		invalid(t, feed.WriteAtom(&b, links), "links", storage.CodeMissing)
		require.Zero(t, b.Len())
	}
}

// Boards below a board that is hung elsewhere do not hang too deep, and whatever
// is changed of a board that does, only its place is at stake.
func TestBoardsHungDeep(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	chain := []forum.Board{w.opens(forum.NewBoard{})}
	for range forum.MaxBoardLevels {
		chain = append(chain, w.opens(forum.NewBoard{Parent: chain[len(chain)-1].ID}))
	}
	above, beside := w.opens(forum.NewBoard{}), w.opens(forum.NewBoard{})
	hang := func(b, below forum.BoardID) error {
		return failure(w.forum.EditBoard(w.ctx, w.coordinator, forum.BoardEdit{Board: b, Version: 1, Parent: &below}))
	}
	invalid(t, hang(chain[0].ID, above.ID), "parent", storage.CodeTooMany)
	require.NoError(t, hang(chain[1].ID, above.ID), "as deep as it was")
	invalid(t, hang(beside.ID, chain[8].ID), "parent", storage.CodeTooMany)
	require.NoError(t, hang(beside.ID, chain[7].ID))

	deep := chain[0]
	deep.ID, deep.Parent = storage.NewID[forum.Board](), chain[8].ID
	require.NoError(t, w.store.Apply(w.ctx, forum.InsertBoard{Board: deep})) // as it may have been before there was a limit
	require.Equal(t, "Altro", w.rules(deep.ID, forum.BoardEdit{Name: ptr("Altro")}).Name)
	require.Equal(t, "Altro", w.rules(deep.ID, forum.BoardEdit{Name: ptr("Altro"), Parent: &deep.Parent}).Name)
}
