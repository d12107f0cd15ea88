// SPDX-License-Identifier: BSD-3-Clause

package storetest

import (
	"cmp"
	"slices"
	"testing"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
)

var personPromises = []promise{
	{"Written/All", "what a person wrote, edited, removed or is mentioned in is found, each post once, by topic and in it by reply", false, writtenAll},
	{"Written/Pages", "pages of what a person wrote hold every post once", false, writtenPages},
	{"Reactions", "a person's reactions are theirs alone, the latest first, then by topic and in it by reply", false, reactionsOf},
	{"Erase/Bylines", "EraseUser empties a person's bylines wherever they stand, and nobody else's", false, eraseBylines},
	{"Erase/Rows", "EraseUser drops a person's marks, drafts and reactions, and leaves the counts", false, eraseRows},
	{"Erase/Written", "of a person who was erased nothing is found any more", false, eraseWritten},
	{"Erase/Version", "every post that named a person in a byline, a revision or a mention is at its next version, so that who looked before the erasure writes nothing back, and every other post stays as it was", false, eraseVersion},
	{"Erase/Nobody", "erasing who was never here, or was erased before, changes nothing", false, eraseNobody},
	{"Erase/Zero", "erasing the zero user changes nothing that is nobody's", false, eraseZero},
}

func (d *desk) written(user auth.UserID) []forum.Written {
	d.Helper()
	var all []forum.Written
	for w, err := range storage.All(ctx, func(c storage.Cursor) (storage.Page[forum.Written], error) {
		return d.f.Written(ctx, forum.WrittenQuery{User: user, After: c, Limit: 3})
	}) {
		must(d.T, err)
		all = append(all, w)
	}
	return all
}

// inWrittenOrder sorts posts as a list of what somebody wrote does.
func inWrittenOrder(posts []forum.Post) []forum.Post {
	slices.SortFunc(posts, func(a, b forum.Post) int { return cmp.Or(a.Topic.Compare(b.Topic), a.Reply.Compare(b.Reply)) })
	return posts
}

func writtenPosts(all []forum.Written) (posts []forum.Post) {
	for _, w := range all {
		posts = append(posts, forum.Post{Topic: w.Topic.ID, Reply: w.Reply.ID})
	}
	return posts
}

func writtenAll(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	me := auth.By{User: newUser(), For: storage.NewID[auth.Org]()}
	var want []forum.Post
	topics := []func(*forum.Topic){
		func(v *forum.Topic) { v.By = me },
		func(v *forum.Topic) { v.Text.EditedBy = me },
		func(v *forum.Topic) { v.Removal.By = me },
		func(v *forum.Topic) { v.By, v.Text.EditedBy, v.Removal.By, v.LastBy = me, me, me, me },
		func(v *forum.Topic) { v.By, v.Removal = me, forum.Removal{State: forum.Purged} },
	}
	replies := []func(*forum.Reply){
		func(v *forum.Reply) { v.By = me },
		func(v *forum.Reply) { v.Text.EditedBy = me },
		func(v *forum.Reply) { v.Removal.By = me },
		func(v *forum.Reply) { v.By, v.Text.EditedBy, v.Removal.By = me, me, me },
	}
	for _, set := range topics {
		topic := d.newTopic()
		set(&topic)
		d.do(forum.InsertTopic{Topic: topic}, forum.SetMentions{Post: first(topic.ID), Users: []auth.UserID{newUser()}})
		want = append(want, first(topic.ID))
	}
	other := d.start()
	for _, set := range replies {
		r := d.newReply(other.ID, forum.Reply{})
		set(&r)
		want = append(want, post(d.insert(r, forum.Reply{})))
	}
	revised := d.start()
	answer := d.reply(revised.ID, forum.Reply{})
	for _, p := range []forum.Post{first(revised.ID), post(answer)} { // who edited, though not last
		d.do(forum.InsertRevision{Revision: forum.Revision{Post: p, N: 2, By: me, At: at(1)}})
	}
	want = append(want, first(revised.ID), post(answer))
	mentioned := d.start()
	r := d.reply(mentioned.ID, forum.Reply{})
	d.do(forum.SetMentions{Post: first(mentioned.ID), Users: []auth.UserID{newUser(), me.User}}, forum.SetMentions{Post: post(r), Users: []auth.UserID{me.User}})
	want = append(want, first(mentioned.ID), post(r))
	d.reply(d.start().ID, forum.Reply{}) // nothing to do with me
	all := d.written(me.User)
	same(t, writtenPosts(all), inWrittenOrder(want))
	for _, w := range all {
		full := d.topic(w.Topic.ID)
		if !w.Reply.ID.IsZero() {
			same(t, w.Reply, d.getReply(w.Reply.ID))
			w.Topic.Body, full.Body = "", "" // the reply's is what matters
		}
		same(t, w.Topic, full)
	}
	same(t, len(d.written(newUser())), 0)
}

func writtenPages(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	me := newUser()
	topic := d.start()
	var want []forum.Post
	for i := range 45 {
		if i%3 == 0 {
			v := d.newTopic()
			v.By.User = me
			d.do(forum.InsertTopic{Topic: v})
			want = append(want, first(v.ID))
			continue
		}
		r := d.newReply(topic.ID, forum.Reply{})
		r.By.User = me
		want = append(want, post(d.insert(r, forum.Reply{})))
	}
	for _, limit := range []int{1, 7, 15, 44, 45, 46, 0, 1000} {
		var all []forum.Written
		for w, err := range storage.All(ctx, func(c storage.Cursor) (storage.Page[forum.Written], error) {
			page, err := d.f.Written(ctx, forum.WrittenQuery{User: me, After: c, Limit: limit})
			if len(page.Items) > storage.Limit(limit) || page.Next != "" && len(page.Items) < storage.Limit(limit) {
				t.Errorf("limit %d: a page of %d", limit, len(page.Items))
			}
			return page, err
		}) {
			must(t, err)
			all = append(all, w)
		}
		same(t, writtenPosts(all), inWrittenOrder(want))
	}
}

func reactionsOf(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	topic, me, other := d.start(), newUser(), newUser()
	r := d.reply(topic.ID, forum.Reply{})
	d.do(forum.InsertReaction{Post: first(topic.ID), User: me, At: at(1)}, forum.InsertReaction{Post: post(r), User: me, At: at(2)},
		forum.InsertReaction{Post: post(r), User: other, At: at(3)})
	same(t, got(d.f.Reactions(ctx, me))(t), []forum.Post{post(r), first(topic.ID)})
	later := d.start()
	second := d.reply(topic.ID, r)
	for _, p := range []forum.Post{first(later.ID), post(second), first(later.ID)} {
		d.do(forum.DeleteReactions{Post: p}, forum.InsertReaction{Post: p, User: me, At: at(1)})
	}
	same(t, got(d.f.Reactions(ctx, me))(t), []forum.Post{post(r), first(topic.ID), post(second), first(later.ID)})
	same(t, got(d.f.Reactions(ctx, other))(t), []forum.Post{post(r)})
	same(t, len(got(d.f.Reactions(ctx, newUser()))(t)), 0)
}

// A trail is what two people left behind, who did the same.
type trail struct {
	topic     forum.Topic // by them
	reply     forum.Reply // by them, in somebody's topic
	handled   forum.Topic // somebody's, that they edited, removed and answered last
	answered  forum.Reply // somebody's, that they edited and removed
	revision  forum.Revision
	mentioned forum.Post
}

func (d *desk) leaveTrail(by auth.By) trail {
	d.Helper()
	var tr trail
	tr.topic = d.newTopic()
	tr.topic.By, tr.topic.LastBy = by, by
	tr.handled = d.newTopic()
	tr.handled.Text.EditedBy, tr.handled.Removal.By = by, by
	d.do(forum.InsertTopic{Topic: tr.topic}, forum.InsertTopic{Topic: tr.handled})
	tr.answered = d.newReply(tr.handled.ID, forum.Reply{})
	tr.answered.Text.EditedBy, tr.answered.Removal.By = by, by
	tr.answered = d.insert(tr.answered, forum.Reply{})
	tr.reply = d.newReply(tr.handled.ID, forum.Reply{})
	tr.reply.By = by
	tr.reply = d.insert(tr.reply, forum.Reply{})
	tr.revision = forum.Revision{Post: first(tr.handled.ID), N: 1, Title: "t", Body: "b", By: by, At: at(1)}
	tr.mentioned = first(d.start().ID)
	d.do(forum.InsertRevision{Revision: tr.revision}, forum.SetMentions{Post: tr.mentioned, Users: []auth.UserID{by.User}},
		forum.ReadTo{User: by.User, Topic: tr.topic.ID, Seq: 1}, forum.SetFollow{User: by.User, Topic: tr.handled.ID, Follow: forum.Following, Reason: forum.Replied},
		forum.MarkAllRead{User: by.User, At: at(3)}, forum.PutDraft{Draft: forum.Draft{User: by.User, Place: "p", At: at(2), Version: 1}},
		forum.InsertReaction{Post: post(tr.answered), User: by.User, At: at(4)}, forum.InsertReaction{Post: first(tr.handled.ID), User: by.User, At: at(5)})
	tr.topic, tr.handled, tr.answered, tr.reply = d.topic(tr.topic.ID), d.topic(tr.handled.ID), d.getReply(tr.answered.ID), d.getReply(tr.reply.ID)
	return tr
}

func eraseBylines(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	gone, stays := newBy(), newBy()
	erased, kept := d.leaveTrail(gone), d.leaveTrail(stays)
	same(t, erased.handled.LastBy, gone)
	// The last to answer a topic is so until it is counted again, even if the
	// reply has gone elsewhere.
	left, elsewhere := d.start(), d.start()
	away := d.newReply(left.ID, forum.Reply{})
	away.By = gone
	away = d.insert(away, forum.Reply{})
	d.do(forum.PlaceReply{ID: away.ID, Topic: elsewhere.ID, Depth: 1, Path: away.Path, Seq: 1})
	same(t, d.topic(left.ID).LastBy, gone)
	d.do(forum.EraseUser{User: gone.User})
	same(t, d.topic(left.ID).LastBy, auth.By{})
	same(t, d.getReply(away.ID).By, auth.By{})
	erased.topic.By, erased.topic.LastBy = auth.By{}, auth.By{}
	erased.handled.Text.EditedBy, erased.handled.Removal.By, erased.handled.LastBy = auth.By{}, auth.By{}, auth.By{}
	erased.answered.Text.EditedBy, erased.answered.Removal.By = auth.By{}, auth.By{}
	erased.reply.By = auth.By{}
	erased.revision.By = auth.By{}
	for _, tr := range []trail{erased, kept} {
		same(t, withoutVersion(d.topic(tr.topic.ID)), withoutVersion(tr.topic))
		same(t, withoutVersion(d.topic(tr.handled.ID)), withoutVersion(tr.handled))
		for _, r := range []forum.Reply{tr.answered, tr.reply} {
			now := d.getReply(r.ID)
			now.Version, r.Version = 0, 0
			same(t, now, r)
		}
		same(t, got(d.f.Revisions(ctx, tr.revision.Post))(t), []forum.Revision{tr.revision})
	}
}

func withoutVersion(t forum.Topic) forum.Topic { t.Version = 0; return t }

func eraseRows(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	gone, stays := newBy(), newBy()
	erased, kept := d.leaveTrail(gone), d.leaveTrail(stays)
	d.do(forum.EraseUser{User: gone.User})
	for _, c := range []struct {
		by   auth.By
		tr   trail
		rows int
		at   time.Time
	}{{gone, erased, 0, time.Time{}}, {stays, kept, 1, at(3)}} {
		u := c.by.User
		same(t, len(got(d.f.Marks(ctx, u))(t)), 2*c.rows)
		same(t, len(got(d.f.Drafts(ctx, u))(t)), c.rows)
		same(t, len(got(d.f.Reactions(ctx, u))(t)), 2*c.rows)
		same(t, got(d.f.ReadAll(ctx, u))(t), c.at)
		same(t, len(got(d.f.Followers(ctx, c.tr.topic.ID, ""))(t).Items), c.rows)
		same(t, d.getReply(c.tr.answered.ID).Useful, 1)
		same(t, d.topic(c.tr.handled.ID).Useful, 1)
		same(t, got(d.f.Place(ctx, forum.PlaceQuery{Post: first(c.tr.handled.ID), Reader: u}))(t).Useful, c.rows == 1)
	}
}

func eraseWritten(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	gone, stays := newBy(), newBy()
	erased, kept := d.leaveTrail(gone), d.leaveTrail(stays)
	before := writtenPosts(d.written(stays.User))
	same(t, len(before), 5)
	d.do(forum.EraseUser{User: gone.User})
	same(t, len(d.written(gone.User)), 0)
	same(t, writtenPosts(d.written(stays.User)), before)
	page := got(d.f.Topics(ctx, forum.TopicQuery{Reach: everything, Author: gone.User}))(t)
	same(t, len(page.Items), 0)
	// Nor where it goes later.
	into := d.start()
	for _, tr := range []trail{erased, kept} {
		d.do(forum.MovePost{From: tr.mentioned, To: first(into.ID)}, forum.DeleteRevisions{Post: first(tr.handled.ID)})
	}
	same(t, len(d.written(gone.User)), 0)
	same(t, len(d.written(stays.User)), 5)
}

func eraseVersion(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	gone, stays := newBy(), newBy()
	erased, kept := d.leaveTrail(gone), d.leaveTrail(stays)
	revised, answered := d.start(), d.start() // whose first text was theirs, and who is the last to answer
	r := d.reply(revised.ID, forum.Reply{})
	named := d.reply(revised.ID, forum.Reply{})
	last := d.newReply(answered.ID, forum.Reply{})
	last.By = gone
	last = d.insert(last, forum.Reply{})
	d.do(forum.InsertRevision{Revision: forum.Revision{Post: first(revised.ID), N: 7, By: gone, At: at(1)}},
		forum.InsertRevision{Revision: forum.Revision{Post: post(r), N: 7, By: gone, At: at(1)}},
		forum.SetMentions{Post: post(named), Users: []auth.UserID{gone.User, stays.User}})
	gone1, stays1 := d.topic(erased.mentioned.Topic), d.topic(kept.mentioned.Topic)
	answered = d.topic(answered.ID)
	d.do(forum.EraseUser{User: gone.User})

	for _, was := range []forum.Topic{erased.topic, erased.handled, gone1, revised} {
		same(t, d.topic(was.ID).Version, was.Version+1)
		d.fails(storage.ErrConflict, forum.UpdateTopic{Topic: was})
		d.fails(storage.ErrConflict, forum.TopicAt{Topic: was.ID, Version: was.Version})
	}
	for _, was := range []forum.Reply{erased.reply, erased.answered, r, named, last} {
		same(t, d.getReply(was.ID).Version, was.Version+1)
		d.fails(storage.ErrConflict, forum.UpdateReply{Reply: was})
		d.fails(storage.ErrConflict, forum.ReplyAt{Reply: was.ID, Version: was.Version})
	}
	same(t, len(d.written(gone.User)), 0)
	for _, was := range []forum.Topic{kept.topic, kept.handled, stays1, answered} {
		d.do(forum.UpdateTopic{Topic: was})
	}
	for _, was := range []forum.Reply{kept.reply, kept.answered} {
		d.do(forum.UpdateReply{Reply: was})
	}
}

func eraseNobody(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	gone := newBy()
	tr := d.leaveTrail(gone)
	d.do(forum.EraseUser{User: newUser()})
	same(t, d.topic(tr.topic.ID), tr.topic)
	d.do(forum.EraseUser{User: gone.User})
	before := d.topic(tr.topic.ID)
	d.do(forum.EraseUser{User: gone.User})
	same(t, d.topic(tr.topic.ID), before)
}

func eraseZero(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	tr := d.leaveTrail(newBy())
	orphan := d.newTopic()
	orphan.By, orphan.LastBy = auth.By{}, auth.By{}
	d.do(forum.InsertTopic{Topic: orphan}, forum.EraseUser{})
	same(t, len(d.written(auth.UserID{})), 0)
	same(t, withoutVersion(d.topic(orphan.ID)), withoutVersion(orphan))
	same(t, d.topic(tr.topic.ID), tr.topic)
	same(t, d.topic(tr.handled.ID), tr.handled)
	same(t, d.getReply(tr.reply.ID), tr.reply)
}
