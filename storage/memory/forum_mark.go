// SPDX-License-Identifier: BSD-3-Clause

package memory

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
)

// setMark changes a mark, or a new one, as fn does unless it fails.
func (st *state) setMark(user auth.UserID, topic forum.TopicID, fn func(m *forum.Mark) error) error {
	k := pair{idOf(user), idOf(topic)}
	m := forum.Mark{User: user, Topic: topic}
	was, ok := st.marks.get(k)
	if ok {
		m = *was
	} else if !st.topics.has(k.b) {
		return storage.ErrNotFound
	}
	if err := fn(&m); err != nil {
		return err
	}
	st.marks.put(st.era, k, &m)
	if !ok {
		st.marksOn.put(st.era, pair{k.b, k.a}, struct{}{})
	}
	return nil
}

func follow(m *forum.Mark, f forum.Follow, why forum.Reason) {
	if m.Reason <= why {
		m.Follow, m.Reason = f, why
	}
}

func wrote(m *forum.Mark, c forum.Wrote) error {
	if !m.PostedAt.Equal(instant(c.Last)) {
		return storage.ErrConflict
	}
	m.PostedAt = instant(c.At)
	follow(m, forum.Following, c.Reason)
	return nil
}

func (st *state) dropMark(user, topic id) {
	st.marks.drop(st.era, pair{user, topic})
	st.marksOn.drop(st.era, pair{topic, user})
}

// below returns the second halves of the keys that begin with a.
func below[V any](t tree[pair, V], a id) []id {
	var out []id
	for k := range t.from(pair{a: a}) {
		if k.a != a {
			break
		}
		out = append(out, k.b)
	}
	return out
}

func (st *state) moveMarks(from, to forum.TopicID) error {
	if !st.topics.has(idOf(from)) || !st.topics.has(idOf(to)) {
		return storage.ErrNotFound
	}
	if from == to {
		return nil
	}
	for _, user := range below(st.marksOn, idOf(from)) {
		old, _ := st.marks.get(pair{user, idOf(from)})
		if !st.marks.has(pair{user, idOf(to)}) {
			m := *old
			m.Topic, m.Opened, m.Read = to, false, 0
			st.marks.put(st.era, pair{user, idOf(to)}, &m)
			st.marksOn.put(st.era, pair{idOf(to), user}, struct{}{})
		}
		st.dropMark(user, idOf(from))
	}
	return nil
}

func (st *state) markAllRead(c forum.MarkAllRead) {
	at := instant(c.At)
	if was, ok := st.readAll.get(idOf(c.User)); !ok || at.After(was) {
		st.readAll.put(st.era, idOf(c.User), at)
	}
}

type followerCursor struct{ U auth.UserID }

func followerList(t forum.TopicID) string { return "forum.followers/" + t.String() }

// Followers implements [forum.Store].
func (f *forumStore) Followers(ctx context.Context, t forum.TopicID, after storage.Cursor) (storage.Page[forum.Mark], error) {
	return read(ctx, f.s, "forum.Followers", func(st *state) (page storage.Page[forum.Mark], err error) {
		var c followerCursor
		if after != "" {
			if err := storage.DecodeCursor(followerList(t), after, &c); err != nil {
				return page, err
			}
		}
		start := pair{idOf(t), idOf(c.U)}
		var items []forum.Mark
		for k := range st.marksOn.from(start) {
			if k.a != start.a || len(items) > storage.MaxLimit {
				break
			}
			if after == "" || k != start {
				m, _ := st.marks.get(pair{k.b, k.a})
				items = append(items, *m)
			}
		}
		return storage.Cut(items, storage.MaxLimit, followerList(t), func(m forum.Mark) any { return followerCursor{m.User} }), nil
	})
}

// ReadAll implements [forum.Store].
func (f *forumStore) ReadAll(ctx context.Context, user auth.UserID) (time.Time, error) {
	return read(ctx, f.s, "forum.ReadAll", func(st *state) (time.Time, error) {
		at, _ := st.readAll.get(idOf(user))
		return at, nil
	})
}

// Marks implements [forum.Store].
func (f *forumStore) Marks(ctx context.Context, user auth.UserID) ([]forum.Mark, error) {
	return read(ctx, f.s, "forum.Marks", func(st *state) (out []forum.Mark, err error) {
		u := idOf(user)
		for k, m := range st.marks.from(pair{a: u}) {
			if k.a != u {
				break
			}
			out = append(out, *m)
		}
		return out, nil
	})
}

func (st *state) putDraft(d forum.Draft, most int) error {
	k := named{idOf(d.User), d.Place}
	have := 0
	if was, ok := st.drafts.get(k); ok {
		have = was.Version
	}
	if have != d.Version-1 || have == 0 && most > 0 && len(st.draftsOf(k.owner)) >= most {
		return storage.ErrConflict
	}
	d.At = instant(d.At)
	st.drafts.put(st.era, k, &d)
	return nil
}

// draftsOf returns the drafts of a person, by place.
func (st *state) draftsOf(user id) (out []forum.Draft) {
	for k, d := range st.drafts.from(named{owner: user}) {
		if k.owner != user {
			break
		}
		out = append(out, *d)
	}
	return out
}

// Draft implements [forum.Store].
func (f *forumStore) Draft(ctx context.Context, user auth.UserID, place string) (forum.Draft, error) {
	return read(ctx, f.s, "forum.Draft", func(st *state) (forum.Draft, error) {
		return row(st.drafts, named{idOf(user), place})
	})
}

// Drafts implements [forum.Store].
func (f *forumStore) Drafts(ctx context.Context, user auth.UserID) ([]forum.Draft, error) {
	return read(ctx, f.s, "forum.Drafts", func(st *state) (out []forum.Draft, err error) {
		out = st.draftsOf(idOf(user))
		slices.SortFunc(out, func(a, b forum.Draft) int {
			return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.Place, b.Place))
		})
		return out, nil
	})
}
