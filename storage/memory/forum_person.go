// SPDX-License-Identifier: BSD-3-Clause

package memory

import (
	"context"
	"slices"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
)

// name notes that a post (its first, for the zero reply) names a person.
func (st *state) name(user, topic, reply id) {
	k := placed{user, topic, reply}
	if user != (id{}) && !st.naming.has(k) {
		st.naming.put(st.era, k, struct{}{})
	}
}

func (st *state) nameTopic(t *forum.Topic) {
	for _, by := range [...]*auth.By{&t.By, &t.Text.EditedBy, &t.Removal.By, &t.LastBy} {
		st.name(idOf(by.User), idOf(t.ID), id{})
	}
}

// nameReply needs not note the topic, which may name the reply's author as its
// LastBy: posts gives the topics of all replies that it finds.
func (st *state) nameReply(r *forum.Reply) {
	for _, by := range [...]*auth.By{&r.By, &r.Text.EditedBy, &r.Removal.By} {
		st.name(idOf(by.User), idOf(r.Topic), idOf(r.ID))
	}
}

// namedIn returns everybody that a post names, some perhaps twice; not who is
// a topic's LastBy only.
func (st *state) namedIn(p forum.Post) []id {
	var out []id
	if p.Reply.IsZero() {
		if k, ok := st.topics.get(idOf(p.Topic)); ok {
			t := k.topic
			out = append(out, idOf(t.By.User), idOf(t.Text.EditedBy.User), idOf(t.Removal.By.User))
		}
	} else if r, ok := st.replies.get(idOf(p.Reply)); ok && r.Topic == p.Topic {
		out = append(out, idOf(r.By.User), idOf(r.Text.EditedBy.User), idOf(r.Removal.By.User))
	} else {
		return nil
	}
	for _, k := range partsOf(st.revisions, postOf(p)) {
		r, _ := st.revisions.get(k)
		out = append(out, idOf(r.By.User))
	}
	for _, k := range partsOf(st.mentions, postOf(p)) {
		out = append(out, k.of)
	}
	return out
}

// posts yields the posts that may name a person, in order, from a place on.
func (st *state) posts(user id, after placed, yield func(forum.Post) bool) {
	topic := after.topic // whose first post need not be looked at again
	for k := range st.naming.from(after) {
		if k.user != user {
			return
		}
		t := storageID[forum.Topic](k.topic)
		if k.topic != topic {
			topic = k.topic
			if !yield(forum.Post{Topic: t}) {
				return
			}
		}
		if k.reply != (id{}) && k != after && !yield(forum.Post{Topic: t, Reply: storageID[forum.Reply](k.reply)}) {
			return
		}
	}
}

type writtenCursor struct {
	T forum.TopicID
	R forum.ReplyID
}

func writtenList(user auth.UserID) string { return "forum.written/" + user.String() }

// Written implements [forum.Store].
func (f *forumStore) Written(ctx context.Context, q forum.WrittenQuery) (storage.Page[forum.Written], error) {
	return read(ctx, f.s, "forum.Written", func(st *state) (page storage.Page[forum.Written], err error) {
		var c writtenCursor
		if q.After != "" {
			if err := storage.DecodeCursor(writtenList(q.User), q.After, &c); err != nil {
				return page, err
			}
		}
		user, limit := idOf(q.User), storage.Limit(q.Limit)
		var items []forum.Written
		st.posts(user, placed{user, idOf(c.T), idOf(c.R)}, func(p forum.Post) bool {
			if !slices.Contains(st.namedIn(p), user) {
				return true
			}
			k, _ := st.topics.get(idOf(p.Topic))
			w := forum.Written{Topic: *k.topic}
			if !p.Reply.IsZero() {
				w.Reply, _ = row(st.replies, idOf(p.Reply))
			}
			items = append(items, w)
			return len(items) <= limit
		})
		return storage.Cut(items, limit, writtenList(q.User), func(w forum.Written) any { return writtenCursor{w.Topic.ID, w.Reply.ID} }), nil
	})
}

// eraseFromForum does what [forum.EraseUser] says.
func (st *state) eraseFromForum(who auth.UserID) {
	user := idOf(who)
	if who.IsZero() {
		return
	}
	var posts []forum.Post
	st.posts(user, placed{user: user}, func(p forum.Post) bool {
		posts = append(posts, p)
		return true
	})
	for _, p := range posts {
		st.eraseFromPost(who, p)
	}
	for _, topic := range below(st.marks, user) {
		st.dropMark(user, topic)
	}
	st.readAll.drop(st.era, user)
	var reactions []byUser
	for k := range st.reactions.from(byUser{user: user}) {
		if k.user != user {
			break
		}
		reactions = append(reactions, k)
	}
	for _, k := range reactions {
		st.dropReaction(k)
	}
	for _, d := range st.draftsOf(user) {
		st.drafts.drop(st.era, named{user, d.Place})
	}
}

func (st *state) eraseFromPost(who auth.UserID, p forum.Post) {
	user := idOf(who)
	st.naming.drop(st.era, placed{user, idOf(p.Topic), idOf(p.Reply)})
	empty := func(bys ...*auth.By) (changed bool) {
		for _, by := range bys {
			if by.User == who {
				*by, changed = auth.By{}, true
			}
		}
		return changed
	}
	of := postOf(p)
	named := st.mentions.has(ofPost{of, user})
	st.mentions.drop(st.era, ofPost{of, user})
	for _, k := range partsOf(st.revisions, of) {
		if r, _ := row(st.revisions, k); empty(&r.By) {
			st.revisions.put(st.era, k, &r)
			named = true
		}
	}
	if k, ok := st.topics.get(idOf(p.Topic)); ok && p.Reply.IsZero() {
		c, t := *k, *k.topic
		named = empty(&t.By, &t.Text.EditedBy, &t.Removal.By) || named
		if named {
			t.Version++
		}
		if empty(&t.LastBy) || named {
			st.setTopic(&c, k.topic, &t)
		}
	}
	if r, err := row(st.replies, idOf(p.Reply)); err == nil && (empty(&r.By, &r.Text.EditedBy, &r.Removal.By) || named) {
		r.Version++
		st.setReply(&r)
	}
}
