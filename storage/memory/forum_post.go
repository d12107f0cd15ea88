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

// hasPost reports whether a post is there: a reply in the topic it says.
func (st *state) hasPost(p forum.Post) bool {
	if p.Reply.IsZero() {
		return st.topics.has(idOf(p.Topic))
	}
	r, ok := st.replies.get(idOf(p.Reply))
	return ok && r.Topic == p.Topic
}

// partsOf returns the keys of what belongs to a post.
func partsOf[V any](t tree[ofPost, V], p post) []ofPost {
	var keys []ofPost
	for k := range t.from(ofPost{post: p}) {
		if k.post != p {
			break
		}
		keys = append(keys, k)
	}
	return keys
}

func (st *state) insertRevision(r forum.Revision) error {
	if !st.hasPost(r.Post) {
		return storage.ErrNotFound
	}
	k := ofPost{postOf(r.Post), id{lo: uint64(r.N)}}
	if st.revisions.has(k) {
		return storage.ErrExists
	}
	r.At = instant(r.At)
	st.revisions.put(st.era, k, &r)
	st.name(idOf(r.By.User), idOf(r.Post.Topic), idOf(r.Post.Reply))
	return nil
}

func (st *state) deleteRevisions(p forum.Post) {
	if !st.hasPost(p) {
		return
	}
	for _, k := range partsOf(st.revisions, postOf(p)) {
		st.revisions.drop(st.era, k)
	}
}

// Revisions implements [forum.Store].
func (f *forumStore) Revisions(ctx context.Context, p forum.Post) ([]forum.Revision, error) {
	return read(ctx, f.s, "forum.Revisions", func(st *state) (out []forum.Revision, err error) {
		if !st.hasPost(p) {
			return nil, nil
		}
		of := postOf(p)
		for k, r := range st.revisions.from(ofPost{post: of}) {
			if k.post != of {
				break
			}
			out = append(out, *r)
			out[len(out)-1].Post = p // a reply may have gone to another topic since
		}
		return out, nil
	})
}

func (st *state) setMentions(p forum.Post, users []auth.UserID) error {
	if !st.hasPost(p) {
		return storage.ErrNotFound
	}
	of := postOf(p)
	for _, k := range partsOf(st.mentions, of) {
		st.mentions.drop(st.era, k)
	}
	for _, u := range users {
		st.mentions.put(st.era, ofPost{of, idOf(u)}, struct{}{})
		st.name(idOf(u), idOf(p.Topic), idOf(p.Reply))
	}
	return nil
}

// movePost does what [forum.MovePost] says. What both posts have, such as a
// reaction of one person to each, is there once; a revision that both have is
// [storage.ErrExists].
func (st *state) movePost(from, to forum.Post) error {
	if !st.hasPost(from) || !st.hasPost(to) {
		return storage.ErrNotFound
	}
	a, b := postOf(from), postOf(to)
	if a == b {
		return nil
	}
	for _, k := range partsOf(st.revisions, a) {
		at := ofPost{b, k.of}
		if st.revisions.has(at) {
			return storage.ErrExists
		}
		r, _ := row(st.revisions, k)
		r.Post = to
		st.revisions.put(st.era, at, &r)
		st.revisions.drop(st.era, k)
		st.name(idOf(r.By.User), idOf(to.Topic), idOf(to.Reply))
	}
	for _, k := range partsOf(st.mentions, a) {
		st.mentions.put(st.era, ofPost{b, k.of}, struct{}{})
		st.mentions.drop(st.era, k)
		st.name(k.of, idOf(to.Topic), idOf(to.Reply))
	}
	twice := 0
	for _, k := range partsOf(st.reactedBy, a) {
		at, _ := st.reactions.get(byUser{k.of, a})
		st.dropReaction(byUser{k.of, a})
		if st.reactions.has(byUser{k.of, b}) {
			twice++
			continue
		}
		st.putReaction(byUser{k.of, b}, at)
	}
	var n int
	st.changeUseful(from, func(useful *int) { n, *useful = *useful, 0 })
	st.changeUseful(to, func(useful *int) { *useful += n - twice })
	return nil
}

// changeUseful changes the count of a post's reactions as fn does.
func (st *state) changeUseful(p forum.Post, fn func(n *int)) {
	if p.Reply.IsZero() {
		_ = st.changeTopic(idOf(p.Topic), func(t *forum.Topic) { fn(&t.Useful) })
		return
	}
	was, _ := st.replies.get(idOf(p.Reply))
	r := *was
	fn(&r.Useful)
	st.setReply(&r)
}

func (st *state) insertReaction(c forum.InsertReaction) error {
	if !st.hasPost(c.Post) {
		return storage.ErrNotFound
	}
	k := byUser{idOf(c.User), postOf(c.Post)}
	if st.reactions.has(k) {
		return storage.ErrExists
	}
	st.putReaction(k, instant(c.At))
	st.changeUseful(c.Post, func(n *int) { *n++ })
	return nil
}

func (st *state) deleteReaction(p forum.Post, user auth.UserID) error {
	k := byUser{idOf(user), postOf(p)}
	if !st.hasPost(p) || !st.reactions.has(k) {
		return storage.ErrNotFound
	}
	st.dropReaction(k)
	st.changeUseful(p, func(n *int) { *n-- })
	return nil
}

func (st *state) deleteReactions(p forum.Post) {
	if !st.hasPost(p) {
		return
	}
	for _, k := range partsOf(st.reactedBy, postOf(p)) {
		st.dropReaction(byUser{k.of, k.post})
	}
	st.changeUseful(p, func(n *int) { *n = 0 })
}

func (st *state) putReaction(k byUser, at time.Time) {
	st.reactions.put(st.era, k, at)
	st.reactedBy.put(st.era, ofPost{k.post, k.user}, struct{}{})
}

func (st *state) dropReaction(k byUser) {
	st.reactions.drop(st.era, k)
	st.reactedBy.drop(st.era, ofPost{k.post, k.user})
}

// Reactions implements [forum.Store].
func (f *forumStore) Reactions(ctx context.Context, user auth.UserID) ([]forum.Post, error) {
	return read(ctx, f.s, "forum.Reactions", func(st *state) (out []forum.Post, err error) {
		type reaction struct {
			at int64
			p  forum.Post
		}
		var found []reaction
		u := idOf(user)
		for k, at := range st.reactions.from(byUser{user: u}) {
			if k.user != u {
				break
			}
			found = append(found, reaction{at.UnixMicro(), st.whole(k.post)})
		}
		slices.SortFunc(found, func(a, b reaction) int {
			return cmp.Or(cmp.Compare(b.at, a.at), a.p.Topic.Compare(b.p.Topic), a.p.Reply.Compare(b.p.Reply))
		})
		for _, r := range found {
			out = append(out, r.p)
		}
		return out, nil
	})
}

// whole returns a post with the topic that it is in now.
func (st *state) whole(p post) forum.Post {
	if !p.reply {
		return forum.Post{Topic: storageID[forum.Topic](p.id)}
	}
	r, _ := st.replies.get(p.id)
	return forum.Post{Topic: r.Topic, Reply: r.ID}
}
