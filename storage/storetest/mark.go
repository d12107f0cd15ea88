// SPDX-License-Identifier: BSD-3-Clause

package storetest

import (
	"bytes"
	"cmp"
	"slices"
	"testing"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
)

var markPromises = []promise{
	{"Mark/ReadTo", "what has been read opens the topic and never goes back", false, readTo},
	{"Mark/MarkAllRead", "the instant up to which all is read never goes back", false, markAllRead},
	{"Mark/SetFollow", "a weaker reason never replaces a stronger one", false, setFollow},
	{"Mark/Wrote", "when somebody last wrote moves on from what was seen only, and they follow for it unless a stronger reason is there", false, wrote},
	{"Mark/Drop", "a mark that is dropped is gone, and no other", false, dropMark},
	{"Mark/Move", "marks that move follow their people, have nothing read, and give way to those that are there", false, moveMarks},
	{"Mark/Apart", "what one person has to do with one topic is nobody else's and no other topic's; marks come by topic", false, marksApart},
	{"Followers", "the marks of a topic come by user, a hundred a page, each once", false, followers},
	{"Draft/Versions", "a draft is inserted with version 1 and replaced by the next only", false, draftVersions},
	{"Draft/Most", "a person has no more drafts than Most when one is inserted, and those that they have are replaced and dropped", false, draftMost},
	{"Draft/Delete", "a draft that is deleted is gone, and may be begun again", false, draftDelete},
	{"Drafts/Order", "drafts come latest first, then by place, and are their author's alone", false, draftOrder},
}

func readTo(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	topic, user := d.start(), newUser()
	same(t, d.mark(user, topic.ID), forum.Mark{})
	want := forum.Mark{User: user, Topic: topic.ID, Opened: true}
	for _, step := range []struct{ to, read int }{{0, 0}, {3, 3}, {2, 3}, {0, 3}, {7, 7}, {7, 7}, {1_000_000, 1_000_000}, {8, 1_000_000}} {
		d.do(forum.ReadTo{User: user, Topic: topic.ID, Seq: step.to})
		want.Read = step.read
		same(t, d.mark(user, topic.ID), want)
	}
	// A mark that was made otherwise is not opened by that.
	other := newUser()
	d.do(forum.SetFollow{User: other, Topic: topic.ID, Follow: forum.Following, Reason: forum.Mentioned})
	same(t, d.mark(other, topic.ID).Opened, false)
	d.do(forum.ReadTo{User: other, Topic: topic.ID})
	same(t, d.mark(other, topic.ID), forum.Mark{User: other, Topic: topic.ID, Opened: true, Follow: forum.Following, Reason: forum.Mentioned})
}

func markAllRead(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	user := newUser()
	same(t, got(d.f.ReadAll(ctx, user))(t), time.Time{})
	for _, step := range []struct{ to, read int }{{5, 5}, {3, 5}, {5, 5}, {9, 9}, {-9, 9}} {
		d.do(forum.MarkAllRead{User: user, At: at(step.to)})
		same(t, got(d.f.ReadAll(ctx, user))(t), at(step.read))
	}
	same(t, got(d.f.ReadAll(ctx, newUser()))(t), time.Time{})
	same(t, len(got(d.f.Marks(ctx, user))(t)), 0) // one write, no mark a topic
}

func setFollow(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	topic := d.start()
	reasons := []forum.Reason{forum.NoReason, forum.Mentioned, forum.Replied, forum.Author, forum.ByHand}
	for _, before := range reasons {
		for _, after := range reasons {
			user := newUser()
			d.do(forum.ReadTo{User: user, Topic: topic.ID, Seq: 4})
			d.do(forum.SetFollow{User: user, Topic: topic.ID, Follow: forum.Following, Reason: before})
			d.do(forum.SetFollow{User: user, Topic: topic.ID, Follow: forum.Ignoring, Reason: after})
			want := forum.Mark{User: user, Topic: topic.ID, Opened: true, Read: 4, Follow: forum.Ignoring, Reason: after}
			if after < before {
				want.Follow, want.Reason = forum.Following, before
			}
			same(t, d.mark(user, topic.ID), want)
		}
	}
	user := newUser()
	d.do(forum.SetFollow{User: user, Topic: topic.ID, Follow: forum.Following, Reason: forum.ByHand})
	d.do(forum.SetFollow{User: user, Topic: topic.ID, Follow: forum.Unasked, Reason: forum.ByHand})
	same(t, d.mark(user, topic.ID), forum.Mark{User: user, Topic: topic.ID, Reason: forum.ByHand})
}

func wrote(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	topic, user := d.start(), newUser()
	want := forum.Mark{User: user, Topic: topic.ID, Follow: forum.Following, Reason: forum.Replied, PostedAt: at(5)}
	write := func(now, last time.Time, why forum.Reason) forum.Wrote {
		return forum.Wrote{User: user, Topic: topic.ID, At: now, Last: last, Reason: why}
	}
	d.fails(storage.ErrConflict, event(1), write(at(5), at(4), forum.Replied)) // never yet
	same(t, d.mark(user, topic.ID), forum.Mark{})
	d.do(write(at(5), time.Time{}, forum.Replied))
	same(t, d.mark(user, topic.ID), want)
	for _, last := range []time.Time{{}, at(4), at(5).Add(time.Microsecond), at(6)} {
		d.fails(storage.ErrConflict, event(1), write(at(9), last, forum.ByHand))
	}
	same(t, d.mark(user, topic.ID), want)
	d.do(forum.ReadTo{User: user, Topic: topic.ID, Seq: 2}, write(at(9), at(5), forum.Author))
	want.Opened, want.Read, want.PostedAt, want.Reason = true, 2, at(9), forum.Author
	same(t, d.mark(user, topic.ID), want)
	d.do(write(at(7), at(9), forum.Replied)) // a weaker reason; and clocks may go back
	want.PostedAt = at(7)
	same(t, d.mark(user, topic.ID), want)
	d.do(forum.SetFollow{User: user, Topic: topic.ID, Follow: forum.Ignoring, Reason: forum.ByHand}, write(at(11), at(7), forum.Author))
	want.PostedAt, want.Follow, want.Reason = at(11), forum.Ignoring, forum.ByHand
	same(t, d.mark(user, topic.ID), want)
	same(t, len(claims(t, s)), 0)

	// Who only read or followed until now has not written.
	reader := newUser()
	d.do(forum.ReadTo{User: reader, Topic: topic.ID, Seq: 1}, forum.SetFollow{User: reader, Topic: topic.ID, Follow: forum.Following, Reason: forum.Mentioned},
		forum.Wrote{User: reader, Topic: topic.ID, At: at(3), Reason: forum.Replied})
	same(t, d.mark(reader, topic.ID), forum.Mark{User: reader, Topic: topic.ID, Opened: true, Read: 1, Follow: forum.Following, Reason: forum.Replied, PostedAt: at(3)})
}

func dropMark(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	a, b := d.start(), d.start()
	user, other := newUser(), newUser()
	for _, u := range []auth.UserID{user, other} {
		d.do(forum.ReadTo{User: u, Topic: a.ID, Seq: 1}, forum.ReadTo{User: u, Topic: b.ID, Seq: 1})
	}
	d.do(forum.DropMark{User: user, Topic: a.ID}, forum.DropMark{User: user, Topic: a.ID})
	same(t, d.mark(user, a.ID), forum.Mark{})
	same(t, d.mark(user, b.ID).Read, 1)
	same(t, d.mark(other, a.ID).Read, 1)
	d.do(forum.ReadTo{User: user, Topic: a.ID})
	same(t, d.mark(user, a.ID), forum.Mark{User: user, Topic: a.ID, Opened: true})
}

func moveMarks(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	from, into, other := d.start(), d.start(), d.start()
	moving, both, there := newUser(), newUser(), newUser()
	for _, u := range []auth.UserID{moving, both} {
		d.do(forum.ReadTo{User: u, Topic: from.ID, Seq: 5}, forum.SetFollow{User: u, Topic: from.ID, Follow: forum.Following, Reason: forum.Author},
			forum.ReadTo{User: u, Topic: other.ID, Seq: 1})
	}
	for _, u := range []auth.UserID{both, there} {
		d.do(forum.ReadTo{User: u, Topic: into.ID, Seq: 2}, forum.SetFollow{User: u, Topic: into.ID, Follow: forum.Ignoring, Reason: forum.ByHand})
	}
	d.do(forum.MoveMarks{From: from.ID, To: into.ID})
	same(t, d.mark(moving, into.ID), forum.Mark{User: moving, Topic: into.ID, Follow: forum.Following, Reason: forum.Author})
	for _, u := range []auth.UserID{both, there} {
		same(t, d.mark(u, into.ID), forum.Mark{User: u, Topic: into.ID, Opened: true, Read: 2, Follow: forum.Ignoring, Reason: forum.ByHand})
	}
	same(t, len(got(d.f.Followers(ctx, from.ID, ""))(t).Items), 0)
	same(t, len(got(d.f.Followers(ctx, into.ID, ""))(t).Items), 3)
	same(t, d.mark(moving, other.ID).Read, 1)
	d.do(forum.MoveMarks{From: from.ID, To: into.ID}) // none left is no error
	d.do(forum.MoveMarks{From: into.ID, To: into.ID}) // nowhere
	d.fails(storage.ErrNotFound, forum.MoveMarks{From: into.ID, To: storage.NewID[forum.Topic]()})
	d.fails(storage.ErrNotFound, forum.MoveMarks{From: storage.NewID[forum.Topic](), To: into.ID})
	same(t, len(got(d.f.Followers(ctx, into.ID, ""))(t).Items), 3)
}

func marksApart(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	topics := []forum.TopicID{d.start().ID, d.start().ID, d.start().ID}
	users := []auth.UserID{newUser(), newUser(), newUser()}
	for i, u := range users {
		for j, topic := range topics {
			d.do(forum.ReadTo{User: u, Topic: topic, Seq: 10*i + j})
		}
	}
	for i, u := range users {
		marks := got(d.f.Marks(ctx, u))(t)
		same(t, len(marks), len(topics))
		for j, topic := range topics {
			same(t, marks[j].Topic, topic) // the earlier the lesser
			want := forum.Mark{User: u, Topic: topic, Opened: true, Read: 10*i + j}
			same(t, d.mark(u, topic), want)
			same(t, got(d.f.Thread(ctx, forum.ThreadQuery{Topic: topic, Reader: u}))(t).Mark, want)
		}
	}
}

func followers(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	topic, other := d.start(), d.start()
	var want []forum.Mark
	var changes []storage.Change
	for i := range 2*storage.MaxLimit + 1 {
		u := storage.MakeID[auth.User]([16]byte{byte(i * 37), byte(i * 91), 15: byte(i)}) // in no order
		want = append(want, forum.Mark{User: u, Topic: topic.ID, Follow: forum.Follow(i % 3), Reason: forum.ByHand})
		changes = append(changes, forum.SetFollow{User: u, Topic: topic.ID, Follow: forum.Follow(i % 3), Reason: forum.ByHand})
	}
	d.do(append(changes, forum.ReadTo{User: newUser(), Topic: other.ID})...)
	slices.SortFunc(want, func(a, b forum.Mark) int {
		x, y := a.User.Bytes(), b.User.Bytes()
		return bytes.Compare(x[:], y[:])
	})
	var all []forum.Mark
	var sizes []int
	for at := storage.Cursor(""); ; {
		page := got(d.f.Followers(ctx, topic.ID, at))(t)
		all, sizes = append(all, page.Items...), append(sizes, len(page.Items))
		if at = page.Next; at == "" {
			break
		}
	}
	same(t, all, want)
	same(t, sizes, []int{storage.MaxLimit, storage.MaxLimit, 1})
}

func draftVersions(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	user := newUser()
	draft := func(version int) forum.Draft {
		return forum.Draft{User: user, Place: "topic:1", Title: "t", Body: "b", At: d.tick(), Version: version}
	}
	for _, version := range []int{2, 0, 7} { // nothing there to replace
		d.fails(storage.ErrConflict, event(1), forum.PutDraft{Draft: draft(version)})
	}
	_, err := d.f.Draft(ctx, user, "topic:1")
	is(t, err, storage.ErrNotFound)
	for version := 1; version <= 3; version++ {
		v := draft(version)
		d.do(forum.PutDraft{Draft: v})
		for _, stale := range []int{version, version - 1, version + 2, 1} {
			d.fails(storage.ErrConflict, forum.PutDraft{Draft: draft(stale)})
		}
		same(t, got(d.f.Draft(ctx, user, "topic:1"))(t), v)
	}
	same(t, len(claims(t, s)), 0)
}

func draftMost(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	user := newUser()
	put := func(place string, version, most int) forum.PutDraft {
		return forum.PutDraft{Draft: forum.Draft{User: user, Place: place, At: d.tick(), Version: version}, Most: most}
	}
	d.do(put("a", 1, 2), put("b", 1, 2))
	d.fails(storage.ErrConflict, event(1), put("c", 1, 2))
	d.fails(storage.ErrConflict, event(1), put("c", 1, 1))
	d.do(put("a", 2, 2), forum.PutDraft{Draft: forum.Draft{User: newUser(), Place: "c", At: at(1), Version: 1}, Most: 2})
	d.do(put("c", 1, 3), put("d", 1, 0), put("d", 2, 1))
	d.do(forum.DeleteDraft{User: user, Place: "a"}, put("e", 1, 4))
	same(t, len(got(d.f.Drafts(ctx, user))(t)), 4)
	same(t, got(d.f.ReadAll(ctx, user))(t), time.Time{})
	d.do(forum.MarkAllRead{User: user, At: at(5)}, put("f", 1, 5))
	same(t, got(d.f.ReadAll(ctx, user))(t), at(5))
	same(t, len(claims(t, s)), 0)
}

func draftDelete(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	user := newUser()
	for _, place := range []string{"a", "b"} {
		d.do(forum.PutDraft{Draft: forum.Draft{User: user, Place: place, At: at(1), Version: 1}})
	}
	d.do(forum.DeleteDraft{User: user, Place: "a"}, forum.DeleteDraft{User: user, Place: "a"}, forum.DeleteDraft{User: newUser(), Place: "b"})
	_, err := d.f.Draft(ctx, user, "a")
	is(t, err, storage.ErrNotFound)
	got(d.f.Draft(ctx, user, "b"))(t)
	d.do(forum.PutDraft{Draft: forum.Draft{User: user, Place: "a", At: at(2), Version: 1}})
}

func draftOrder(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	user, other := newUser(), newUser()
	var want []forum.Draft
	for i, minute := range []int{3, 9, 1, 7, 3} {
		v := forum.Draft{User: user, Place: string(rune('e' - i)), Body: "b", At: at(minute), Version: 1}
		want = append(want, v)
		d.do(forum.PutDraft{Draft: v}, forum.PutDraft{Draft: forum.Draft{User: other, Place: v.Place, At: at(20), Version: 1}})
	}
	slices.SortFunc(want, func(a, b forum.Draft) int { return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.Place, b.Place)) })
	same(t, got(d.f.Drafts(ctx, user))(t), want)
	last := want[4]
	last.At, last.Version = at(30), 2
	d.do(forum.PutDraft{Draft: last})
	same(t, got(d.f.Drafts(ctx, user))(t), append([]forum.Draft{last}, want[:4]...))
	same(t, len(got(d.f.Drafts(ctx, newUser()))(t)), 0)
}
