// SPDX-License-Identifier: BSD-3-Clause

package memory

import (
	"context"
	"math"

	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
)

func (st *state) insertReply(r forum.Reply, parent forum.Path, seen int) (forum.Reply, error) {
	k, ok := st.topics.get(idOf(r.Topic))
	if !ok {
		return r, storage.ErrNotFound
	}
	if k.topic.Version != seen {
		return r, storage.ErrConflict
	}
	if st.replies.has(idOf(r.ID)) {
		return r, storage.ErrExists
	}
	if !r.Parent.IsZero() && !st.replies.has(idOf(r.Parent)) {
		return r, storage.ErrNotFound
	}
	r.CreatedAt = instant(r.CreatedAt)
	cleanPost(&r.Text, &r.Removal)
	c, t := *k, *k.topic
	t.Seq++
	r.Seq, r.Path = t.Seq, parent.Below(t.Seq)
	if r.Removal.State == forum.Visible {
		t.Replies++
		t.ActiveAt, t.LastBy = r.CreatedAt, r.By
	}
	c.put(st.era, &r)
	st.setTopic(&c, k.topic, &t)
	st.replies.put(st.era, idOf(r.ID), &r)
	st.waits(forum.Post{Topic: r.Topic, Reply: r.ID}, r.CreatedAt, r.Removal, true)
	st.nameReply(&r)
	return r, nil
}

// put puts a reply where it says that it stands.
func (k *talk) put(e era, r *forum.Reply) {
	k.thread.put(e, path(r.Path), r)
	k.arrived.put(e, newest(r.Seq), r)
}

// setReply puts a reply in the place of an earlier state of it that stood in
// the same place.
func (st *state) setReply(r *forum.Reply) {
	k, _ := st.topics.get(idOf(r.Topic))
	c := *k
	c.put(st.era, r)
	st.topics.put(st.era, idOf(r.Topic), &c)
	was, _ := st.replies.get(idOf(r.ID))
	st.waits(forum.Post{Reply: r.ID}, was.CreatedAt, was.Removal, false)
	st.waits(forum.Post{Reply: r.ID}, r.CreatedAt, r.Removal, true)
	st.replies.put(st.era, idOf(r.ID), r)
}

func (st *state) updateReply(r forum.Reply) error {
	was, ok := st.replies.get(idOf(r.ID))
	if !ok {
		return storage.ErrNotFound
	}
	if was.Version != r.Version {
		return storage.ErrConflict
	}
	r.Version++
	r.Topic, r.Parent, r.Depth, r.Path, r.Seq = was.Topic, was.Parent, was.Depth, was.Path, was.Seq
	r.CreatedAt, r.Useful = was.CreatedAt, was.Useful
	cleanPost(&r.Text, &r.Removal)
	st.setReply(&r)
	st.nameReply(&r)
	return nil
}

func (st *state) placeReply(c forum.PlaceReply) error {
	was, ok := st.replies.get(idOf(c.ID))
	if !ok || !st.topics.has(idOf(c.Topic)) || !c.Parent.IsZero() && !st.replies.has(idOf(c.Parent)) {
		return storage.ErrNotFound
	}
	to, _ := st.topics.get(idOf(c.Topic))
	if r, ok := to.thread.get(path(c.Path)); ok && r.ID != c.ID {
		return storage.ErrExists
	}
	if r, ok := to.arrived.get(newest(c.Seq)); ok && r.ID != c.ID {
		return storage.ErrExists
	}
	r := *was
	r.Topic, r.Parent, r.Depth, r.Path, r.Seq = c.Topic, c.Parent, c.Depth, c.Path, c.Seq
	r.Version++
	named := st.namedIn(forum.Post{Topic: was.Topic, Reply: was.ID})

	k, _ := st.topics.get(idOf(was.Topic))
	from := *k
	from.thread.drop(st.era, path(was.Path))
	from.arrived.drop(st.era, newest(was.Seq))
	st.topics.put(st.era, idOf(was.Topic), &from)
	st.replies.put(st.era, idOf(r.ID), &r)
	st.setReply(&r)

	for _, user := range named {
		st.naming.drop(st.era, placed{user, idOf(was.Topic), idOf(r.ID)})
		st.name(user, idOf(r.Topic), idOf(r.ID))
	}
	st.name(idOf(r.By.User), idOf(was.Topic), id{}) // who may still be its LastBy
	return nil
}

// Reply implements [forum.Store].
func (f *forumStore) Reply(ctx context.Context, id forum.ReplyID) (forum.Reply, error) {
	return read(ctx, f.s, "forum.Reply", func(st *state) (forum.Reply, error) { return row(st.replies, idOf(id)) })
}

// newestCursor is the place of a reply among its topic's, the latest first.
type newestCursor struct{ S int }

func newestList(topic forum.TopicID) string { return "forum.newest/" + topic.String() }

// Thread implements [forum.Store].
func (f *forumStore) Thread(ctx context.Context, q forum.ThreadQuery) (forum.Thread, error) {
	const op = "forum.Thread"
	st, err := f.s.enter(ctx)
	if err != nil {
		return forum.Thread{}, failed(op, err)
	}
	defer f.s.leave()
	after, err := threadPlace(q) // before anything tells whether the topic is there
	if err != nil {
		return forum.Thread{}, failed(op, err)
	}
	k, ok := st.topics.get(idOf(q.Topic))
	if !ok {
		return forum.Thread{}, failed(op, storage.ErrNotFound)
	}
	th := forum.Thread{Topic: *k.topic, Replies: k.page(q, after)}
	if q.Reader.IsZero() {
		return th, nil
	}
	user := idOf(q.Reader)
	if m, ok := st.marks.get(pair{user, idOf(q.Topic)}); ok {
		th.Mark = *m
	}
	useful := func(p forum.Post, count int) {
		if count > 0 && st.reactions.has(byUser{user, postOf(p)}) {
			if th.Useful == nil {
				th.Useful = map[forum.Post]bool{}
			}
			th.Useful[p] = true
		}
	}
	useful(forum.Post{Topic: q.Topic}, k.topic.Useful)
	for i := range th.Replies.Items {
		r := &th.Replies.Items[i]
		useful(forum.Post{Topic: q.Topic, Reply: r.ID}, r.Useful)
	}
	return th, nil
}

// place is where a page of a topic's replies begins.
type place struct {
	path path
	seq  newest
}

func threadPlace(q forum.ThreadQuery) (place, error) {
	if !q.Newest {
		at, err := forum.ReadThreadCursor(q.Topic, q.After)
		return place{path: path(at)}, err
	}
	c := newestCursor{math.MaxInt}
	if q.After != "" {
		if err := storage.DecodeCursor(newestList(q.Topic), q.After, &c); err != nil {
			return place{}, err
		}
	}
	return place{seq: newest(c.S)}, nil
}

// page returns the replies that a query selects.
func (k *talk) page(q forum.ThreadQuery, after place) (page storage.Page[forum.Reply]) {
	more := false
	moderates := !q.Reader.IsZero() && q.Moderate.Covers(k.topic.Area, k.topic.Audience)
	shown := func(r *forum.Reply) bool {
		return !r.Removal.State.Unseen() || moderates || !q.Reader.IsZero() && r.By.User == q.Reader
	}
	if q.Newest {
		if page.Items, more = replyPage(k.arrived, after.seq, k.topic.Seq, q.Limit, shown); more {
			page.Next = storage.EncodeCursor(newestList(q.Topic), newestCursor{page.Items[len(page.Items)-1].Seq})
		}
		return page
	}
	if page.Items, more = replyPage(k.thread, after.path, k.topic.Seq, q.Limit, shown); more {
		page.Next = forum.ThreadCursor(q.Topic, page.Items[len(page.Items)-1].Path)
	}
	return page
}

// replyPage copies the replies after a place that are shown, and tells whether
// there are more.
func replyPage[K key[K]](t tree[K, *forum.Reply], after K, about, limit int, shown func(*forum.Reply) bool) (items []forum.Reply, more bool) {
	limit = storage.Limit(limit)
	for k, r := range t.from(after) {
		if k == after || !shown(r) {
			continue
		}
		if len(items) == limit {
			return items, true
		}
		if items == nil {
			items = make([]forum.Reply, 0, min(limit, max(about, 1)))
		}
		items = append(items, *r)
	}
	return items, false
}

// Place implements [forum.Store].
func (f *forumStore) Place(ctx context.Context, q forum.PlaceQuery) (forum.Place, error) {
	return read(ctx, f.s, "forum.Place", func(st *state) (p forum.Place, err error) {
		k, ok := st.topics.get(idOf(q.Topic))
		if !ok {
			return p, storage.ErrNotFound
		}
		p.Topic = *k.topic
		if !q.Reply.IsZero() {
			r, ok := st.replies.get(idOf(q.Reply))
			if !ok || r.Topic != q.Topic {
				return p, storage.ErrNotFound
			}
			p.Reply = *r
		}
		if p.Board, err = row(st.boards, idOf(p.Topic.Board)); err != nil || q.Reader.IsZero() {
			return p, err
		}
		if m, ok := st.marks.get(pair{idOf(q.Reader), idOf(q.Topic)}); ok {
			p.Mark = *m
		}
		p.Useful = st.reactions.has(byUser{idOf(q.Reader), postOf(q.Post)})
		return p, nil
	})
}

// Subtree implements [forum.Store].
func (f *forumStore) Subtree(ctx context.Context, topic forum.TopicID, at forum.Path) ([]forum.Reply, error) {
	return read(ctx, f.s, "forum.Subtree", func(st *state) (out []forum.Reply, err error) {
		k, ok := st.topics.get(idOf(topic))
		if !ok {
			return nil, nil
		}
		for _, r := range k.thread.from(path(at)) {
			if !r.Path.Under(at) {
				break
			}
			out = append(out, *r)
		}
		return out, nil
	})
}
