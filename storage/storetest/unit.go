// SPDX-License-Identifier: BSD-3-Clause

package storetest

import (
	"context"
	"errors"
	"testing"

	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
)

// What a unit of work promises to whoever is alone with the store.
var unitPromises = []promise{
	{"Atomic/Commit", "what a unit that succeeds has done is there", false, commits},
	{"Atomic/RollbackOnError", "a unit that returns an error leaves no trace, events included, and the error is the caller's", false, rollbackOnError},
	{"Atomic/RollbackOnPanic", "a unit that panics leaves no trace, and the panic continues", false, rollbackOnPanic},
	{"Atomic/OwnWrites", "every read through a unit sees what it has written", false, ownWrites},
	{"Atomic/GoingOn", "after ErrNotFound, ErrExists, ErrConflict and ErrInvalid a unit may go on", false, goingOn},
	{"Atomic/Savepoint", "a failed inner unit undoes its own writes only", false, savepoint},
	{"Atomic/SavepointPanic", "an inner unit that panics undoes its own writes only, if somebody recovers", false, savepointPanic},
	{"Atomic/SavepointDeep", "inner units nest as deep as one likes, and each undoes what is inside it", false, savepointDeep},
	{"Atomic/SavepointDone", "the store of an inner unit is dead when the inner unit is over", false, savepointDone},
	{"Atomic/SavepointNested", "the store of a unit, used inside an inner unit, says ErrNested, and is as good as before when that is over", false, savepointNested},
	{"Atomic/Doors", "units of the whole and of one tool are the same: they nest in one another", false, unitsMix},
	{"Apply/AllOrNone", "Apply makes all its changes or none, whichever of them fails", false, applyAllOrNone},
	{"Apply/Order", "changes are made in their order", false, applyInOrder},
	{"Apply/InUnit", "an Apply that fails inside a unit undoes its own changes only", false, applyInUnit},
	{"Apply/Nothing", "no change at all is no error", false, applyNothing},
	{"Apply/Unknown", "a change that the store does not know is refused with an error, and those beside it are not made", false, applyUnknown},
	{"Apply/AnyDoor", "a store takes the changes of every tool that it keeps", false, applyAnyDoor},
	{"Apply/Copies", "a store keeps copies: what the caller does to its own values later changes nothing", false, applyCopies},
	{"Read/Copies", "a store gives copies: what the caller does to what it has read changes nothing", false, readCopies},
}

// A door is one of the two ways into a unit of work.
type door struct {
	name   string
	atomic atomically
}

type atomically = func(context.Context, func(context.Context, forum.Store) error) error

func doors(s community.Store) []door {
	return []door{
		{"tool", s.Forum().Atomic},
		{"whole", func(ctx context.Context, fn func(context.Context, forum.Store) error) error {
			return s.Atomic(ctx, func(ctx context.Context, tx community.Store) error { return fn(ctx, tx.Forum()) })
		}},
	}
}

// eachDoor runs a test through both.
func eachDoor(t *testing.T, s community.Store, test func(d *desk, atomic atomically)) {
	for _, way := range doors(s) {
		t.Run(way.name, func(t *testing.T) { test(newDesk(t, s), way.atomic) })
	}
}

func commits(t *testing.T, s community.Store) {
	eachDoor(t, s, func(d *desk, atomic atomically) {
		topic := d.newTopic()
		before := len(claims(d.T, s))
		must(d.T, atomic(ctx, func(ctx context.Context, tx forum.Store) error {
			return tx.Apply(ctx, forum.InsertTopic{Topic: topic}, event(1))
		}))
		same(d.T, d.topic(topic.ID), topic)
		same(d.T, len(claims(d.T, s)), before+1)
	})
}

func rollbackOnError(t *testing.T, s community.Store) {
	eachDoor(t, s, func(d *desk, atomic atomically) {
		kept, gone, user := d.start(), d.newTopic(), newUser()
		before := len(claims(d.T, s))
		err := atomic(ctx, func(ctx context.Context, tx forum.Store) error {
			must(d.T, tx.Apply(ctx, forum.InsertTopic{Topic: gone}, event(1), storage.Once{Owner: user.Bytes(), Key: "k", At: at(1)}))
			_, err := tx.InsertReply(ctx, d.newReply(kept.ID, forum.Reply{}), "", 1)
			must(d.T, err)
			return errBoom
		})
		is(d.T, err, errBoom)
		_, err = d.f.Topic(ctx, gone.ID)
		is(d.T, err, storage.ErrNotFound)
		_, err = d.Done(ctx, user.Bytes(), "k")
		is(d.T, err, storage.ErrNotFound)
		same(d.T, d.topic(kept.ID), kept)
		same(d.T, len(claims(d.T, s)), before)
	})
}

func rollbackOnPanic(t *testing.T, s community.Store) {
	eachDoor(t, s, func(d *desk, atomic atomically) {
		topic := d.newTopic()
		before := len(claims(d.T, s))
		same[any](d.T, panicOf(func() {
			_ = atomic(ctx, func(ctx context.Context, tx forum.Store) error {
				must(d.T, tx.Apply(ctx, forum.InsertTopic{Topic: topic}, event(1)))
				panic("boom")
			})
		}), "boom")
		_, err := d.f.Topic(ctx, topic.ID)
		is(d.T, err, storage.ErrNotFound)
		same(d.T, len(claims(d.T, s)), before)
		d.do(forum.InsertTopic{Topic: topic}) // the store still works
	})
}

func panicOf(fn func()) (p any) {
	defer func() { p = recover() }()
	fn()
	return nil
}

func ownWrites(t *testing.T, s community.Store) {
	eachDoor(t, s, func(d *desk, atomic atomically) {
		topic, user := d.newTopic(), newUser()
		r := d.newReply(topic.ID, forum.Reply{})
		r.By.User = user
		board := d.newBoard(newArea(), forum.BoardID{})
		draft := forum.Draft{User: user, Place: "p", Body: "b", At: at(3), Version: 1}
		revision := forum.Revision{Post: first(topic.ID), N: 1, Body: "b", By: topic.By, At: at(1)}
		must(d.T, atomic(ctx, func(ctx context.Context, tx forum.Store) error {
			d := &desk{T: d.T, f: tx}
			must(d.T, tx.Apply(ctx, forum.InsertBoard{Board: board}, forum.InsertTopic{Topic: topic}))
			same(d.T, d.topic(topic.ID), topic)
			r, err := tx.InsertReply(ctx, r, "", 1,
				forum.ReadTo{User: user, Topic: topic.ID, Seq: 1}, forum.PutDraft{Draft: draft},
				forum.InsertReaction{Post: first(topic.ID), User: user, At: at(2)}, forum.InsertRevision{Revision: revision},
				forum.MarkAllRead{User: user, At: at(2)}, storage.Once{Owner: user.Bytes(), Key: "k", At: at(2)})
			must(d.T, err)
			same(d.T, d.getReply(r.ID), r)
			same(d.T, got(tx.Board(ctx, board.ID))(d.T), board)
			same(d.T, len(got(tx.Boards(ctx, everyBoard(board.Area)))(d.T)), 1)
			same(d.T, len(got(tx.Topics(ctx, forum.TopicQuery{Reach: everything, Author: topic.By.User}))(d.T).Items), 1)
			thread := got(tx.Thread(ctx, forum.ThreadQuery{Topic: topic.ID, Reader: user}))(d.T)
			same(d.T, thread.Replies.Items, []forum.Reply{r})
			same(d.T, thread.Mark.Read, 1)
			same(d.T, thread.Topic.Replies, 1)
			same(d.T, got(tx.Place(ctx, forum.PlaceQuery{Post: post(r), Reader: user}))(d.T).Reply, r)
			same(d.T, got(tx.Subtree(ctx, topic.ID, ""))(d.T), []forum.Reply{r})
			same(d.T, got(tx.Revisions(ctx, first(topic.ID)))(d.T), []forum.Revision{revision})
			same(d.T, len(got(tx.Followers(ctx, topic.ID, ""))(d.T).Items), 1)
			same(d.T, got(tx.ReadAll(ctx, user))(d.T), at(2))
			same(d.T, got(tx.Draft(ctx, user, "p"))(d.T), draft)
			same(d.T, got(tx.Drafts(ctx, user))(d.T), []forum.Draft{draft})
			same(d.T, got(tx.Reactions(ctx, user))(d.T), []forum.Post{first(topic.ID)})
			same(d.T, len(got(tx.Marks(ctx, user))(d.T)), 1)
			same(d.T, len(got(tx.Written(ctx, forum.WrittenQuery{User: user}))(d.T).Items), 1)
			_, err = tx.Done(ctx, user.Bytes(), "k")
			return err
		}))
	})
}

func goingOn(t *testing.T, s community.Store) {
	eachDoor(t, s, func(d *desk, atomic atomically) {
		taken, fresh := d.start(), d.newTopic()
		must(d.T, atomic(ctx, func(ctx context.Context, tx forum.Store) error {
			is(d.T, tx.Apply(ctx, forum.InsertTopic{Topic: taken}), storage.ErrExists)
			_, err := tx.Topic(ctx, fresh.ID)
			is(d.T, err, storage.ErrNotFound)
			is(d.T, tx.Apply(ctx, forum.Recount{Topic: fresh.ID}), storage.ErrNotFound)
			stale := taken
			stale.Version = 99
			is(d.T, tx.Apply(ctx, forum.UpdateTopic{Topic: stale}), storage.ErrConflict)
			_, err = tx.InsertReply(ctx, d.newReply(taken.ID, forum.Reply{}), "", 99)
			is(d.T, err, storage.ErrConflict)
			_, err = tx.Topics(ctx, forum.TopicQuery{Reach: everything, After: "!"})
			is(d.T, err, storage.ErrInvalid)
			return tx.Apply(ctx, forum.InsertTopic{Topic: fresh})
		}))
		d.topic(fresh.ID)
		same(d.T, d.topic(taken.ID), taken)
	})
}

func savepoint(t *testing.T, s community.Store) {
	eachDoor(t, s, func(d *desk, atomic atomically) {
		outer, inner, after := d.newTopic(), d.newTopic(), d.newTopic()
		must(d.T, atomic(ctx, func(ctx context.Context, tx forum.Store) error {
			must(d.T, tx.Apply(ctx, forum.InsertTopic{Topic: outer}))
			is(d.T, tx.Atomic(ctx, func(ctx context.Context, tx forum.Store) error {
				must(d.T, tx.Apply(ctx, forum.InsertTopic{Topic: inner}, event(1)))
				return errBoom
			}), errBoom)
			_, err := tx.Topic(ctx, inner.ID)
			is(d.T, err, storage.ErrNotFound)
			return tx.Apply(ctx, forum.InsertTopic{Topic: after})
		}))
		d.topic(outer.ID)
		d.topic(after.ID)
		_, err := d.f.Topic(ctx, inner.ID)
		is(d.T, err, storage.ErrNotFound)
	})
}

func savepointPanic(t *testing.T, s community.Store) {
	eachDoor(t, s, func(d *desk, atomic atomically) {
		outer, inner := d.newTopic(), d.newTopic()
		must(d.T, atomic(ctx, func(ctx context.Context, tx forum.Store) error {
			must(d.T, tx.Apply(ctx, forum.InsertTopic{Topic: outer}))
			same[any](d.T, panicOf(func() {
				_ = tx.Atomic(ctx, func(ctx context.Context, tx forum.Store) error {
					must(d.T, tx.Apply(ctx, forum.InsertTopic{Topic: inner}))
					panic("inner")
				})
			}), "inner")
			_, err := tx.Topic(ctx, inner.ID)
			is(d.T, err, storage.ErrNotFound)
			return nil
		}))
		d.topic(outer.ID)
		_, err := d.f.Topic(ctx, inner.ID)
		is(d.T, err, storage.ErrNotFound)
	})
}

// savepointDeep nests five units; the third fails, with the two inside it that
// did not.
func savepointDeep(t *testing.T, s community.Store) {
	eachDoor(t, s, func(d *desk, atomic atomically) {
		topics := []forum.Topic{d.newTopic(), d.newTopic(), d.newTopic(), d.newTopic(), d.newTopic()}
		var level func(ctx context.Context, tx forum.Store, n int) error
		level = func(ctx context.Context, tx forum.Store, n int) error {
			must(d.T, tx.Apply(ctx, forum.InsertTopic{Topic: topics[n]}))
			if n+1 < len(topics) {
				err := tx.Atomic(ctx, func(ctx context.Context, tx forum.Store) error { return level(ctx, tx, n+1) })
				if n == 1 {
					is(d.T, err, errBoom)
				} else {
					must(d.T, err)
				}
			}
			if n == 2 {
				return errBoom
			}
			return nil
		}
		must(d.T, atomic(ctx, func(ctx context.Context, tx forum.Store) error { return level(ctx, tx, 0) }))
		for n, topic := range topics {
			_, err := d.f.Topic(ctx, topic.ID)
			if n < 2 {
				must(d.T, err)
			} else {
				is(d.T, err, storage.ErrNotFound)
			}
		}
	})
}

func savepointDone(t *testing.T, s community.Store) {
	eachDoor(t, s, func(d *desk, atomic atomically) {
		topic := d.start()
		must(d.T, atomic(ctx, func(ctx context.Context, tx forum.Store) error {
			for _, end := range []error{nil, errBoom} {
				var kept forum.Store
				is(d.T, tx.Atomic(ctx, func(_ context.Context, tx forum.Store) error { kept = tx; return end }), end)
				_, err := kept.Topic(ctx, topic.ID)
				is(d.T, err, storage.ErrTxDone)
			}
			_, err := tx.Topic(ctx, topic.ID)
			return err
		}))
	})
}

func savepointNested(t *testing.T, s community.Store) {
	eachDoor(t, s, func(d *desk, atomic atomically) {
		inner, outer := d.newTopic(), d.newTopic()
		must(d.T, atomic(ctx, func(ctx context.Context, tx forum.Store) error {
			for _, end := range []error{errBoom, nil} {
				is(d.T, tx.Atomic(ctx, func(ctx context.Context, in forum.Store) error {
					_, err := tx.Topic(ctx, inner.ID)
					is(d.T, err, storage.ErrNested)
					is(d.T, tx.Apply(ctx, forum.InsertTopic{Topic: outer}), storage.ErrNested)
					is(d.T, tx.Atomic(ctx, func(context.Context, forum.Store) error { return nil }), storage.ErrNested)
					must(d.T, in.Apply(ctx, forum.InsertTopic{Topic: inner}))
					return end
				}), end)
			}
			return tx.Apply(ctx, forum.InsertTopic{Topic: outer})
		}))
		same(d.T, d.topic(inner.ID), inner)
		same(d.T, d.topic(outer.ID), outer)
	})
}

func unitsMix(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	kept, gone := d.newTopic(), d.newTopic()
	must(t, s.Atomic(ctx, func(ctx context.Context, tx community.Store) error {
		must(t, tx.Forum().Atomic(ctx, func(ctx context.Context, tx forum.Store) error {
			return tx.Apply(ctx, forum.InsertTopic{Topic: kept}, event(1))
		}))
		is(t, tx.Forum().Atomic(ctx, func(ctx context.Context, tx forum.Store) error {
			must(t, tx.Apply(ctx, forum.InsertTopic{Topic: gone}, event(2)))
			return errBoom
		}), errBoom)
		return tx.Apply(ctx, storage.Once{Key: "k", At: at(1)})
	}))
	d.topic(kept.ID)
	_, err := d.f.Topic(ctx, gone.ID)
	is(t, err, storage.ErrNotFound)
	same(t, len(claims(t, s)), 1)
}

// applyAllOrNone puts one change that must fail at every place among others
// that would not.
func applyAllOrNone(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	topic, missing, user := d.start(), storage.NewID[forum.Topic](), newUser()
	stale := topic
	stale.Version = 99
	bad := []struct {
		change storage.Change
		want   error
	}{
		{forum.InsertTopic{Topic: topic}, storage.ErrExists},
		{forum.Recount{Topic: missing}, storage.ErrNotFound},
		{forum.UpdateTopic{Topic: stale}, storage.ErrConflict},
		{forum.ReadTo{User: user, Topic: missing, Seq: 1}, storage.ErrNotFound},
	}
	for _, b := range bad {
		for place := range 5 {
			other := d.newTopic()
			changes := []storage.Change{
				forum.InsertTopic{Topic: other}, event(1),
				forum.InsertReaction{Post: first(topic.ID), User: user, At: at(1)},
				storage.Once{Owner: user.Bytes(), Key: "k", At: at(1)},
			}
			changes = append(changes[:place:place], append([]storage.Change{b.change}, changes[place:]...)...)
			err := s.Apply(ctx, changes...)
			is(t, err, b.want)
			names(t, err, b.change.Change())
			if _, err := d.f.Topic(ctx, other.ID); !errors.Is(err, storage.ErrNotFound) {
				t.Errorf("%s at %d: what stood beside it was made: %v", b.change.Change(), place, err)
			}
		}
	}
	same(t, d.topic(topic.ID), topic)
	same(t, len(claims(t, s)), 0)
	_, err := s.Done(ctx, user.Bytes(), "k")
	is(t, err, storage.ErrNotFound)
}

func applyInOrder(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	board := d.newBoard(newArea(), forum.BoardID{})
	topic := d.newTopic()
	topic.Board = board.ID
	d.fails(storage.ErrNotFound, forum.InsertTopic{Topic: topic}) // no board yet
	err := s.Apply(ctx, forum.InsertTopic{Topic: topic}, forum.InsertBoard{Board: board})
	is(t, err, storage.ErrNotFound)
	second := topic
	second.Title, second.Version = "2", 1
	third := topic
	third.Title, third.Version = "3", 2
	d.do(forum.InsertBoard{Board: board}, forum.InsertTopic{Topic: topic}, forum.UpdateTopic{Topic: second}, forum.UpdateTopic{Topic: third})
	third.Version = 3
	same(t, d.topic(topic.ID), third)
}

func applyInUnit(t *testing.T, s community.Store) {
	eachDoor(t, s, func(d *desk, atomic atomically) {
		taken, before, beside, after := d.start(), d.newTopic(), d.newTopic(), d.newTopic()
		must(d.T, atomic(ctx, func(ctx context.Context, tx forum.Store) error {
			must(d.T, tx.Apply(ctx, forum.InsertTopic{Topic: before}))
			is(d.T, tx.Apply(ctx, forum.InsertTopic{Topic: beside}, event(1), forum.InsertTopic{Topic: taken}), storage.ErrExists)
			_, err := tx.Topic(ctx, beside.ID)
			is(d.T, err, storage.ErrNotFound)
			return tx.Apply(ctx, forum.InsertTopic{Topic: after})
		}))
		d.topic(before.ID)
		d.topic(after.ID)
		_, err := d.f.Topic(ctx, beside.ID)
		is(d.T, err, storage.ErrNotFound)
		same(d.T, len(claims(d.T, s)), 0)
	})
}

func applyNothing(t *testing.T, s community.Store) {
	must(t, s.Apply(ctx))
	must(t, s.Forum().Apply(ctx))
	eachDoor(t, s, func(d *desk, atomic atomically) {
		must(d.T, atomic(ctx, func(ctx context.Context, tx forum.Store) error { return tx.Apply(ctx) }))
		must(d.T, atomic(ctx, func(context.Context, forum.Store) error { return nil }))
	})
}

type unknownChange struct{}

func (unknownChange) Change() string { return "storetest.Unknown" }

func applyUnknown(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	for _, changes := range [][]storage.Change{{unknownChange{}}, {event(1), unknownChange{}}, {unknownChange{}, event(2)}} {
		if err := s.Apply(ctx, changes...); err == nil {
			t.Error("an unknown change was taken")
		}
		if _, err := d.f.InsertReply(ctx, d.newReply(d.start().ID, forum.Reply{}), "", 1, changes...); err == nil {
			t.Error("an unknown change was taken with a reply")
		}
	}
	same(t, len(claims(t, s)), 0)
}

func applyAnyDoor(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	user, e, topic := newUser(), event(1), d.newTopic()
	must(t, s.Forum().Apply(ctx, e, storage.Once{Owner: user.Bytes(), Key: "k", At: at(1)}, forum.InsertTopic{Topic: topic}))
	same(t, len(claims(t, s)), 1)
	got(s.Forum().Done(ctx, user.Bytes(), "k"))(t)
	got(s.Done(ctx, user.Bytes(), "k"))(t)
	must(t, s.Forum().Apply(ctx, community.Settle{Event: e.ID}, storage.EraseUser{User: user.Bytes()}, forum.EraseUser{User: user}, storage.Forget{Before: at(0)}))
	same(t, len(claims(t, s)), 0)
	_, err := s.Done(ctx, user.Bytes(), "k")
	is(t, err, storage.ErrNotFound)
}

func applyCopies(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	topic, user := d.start(), newUser()
	e := event(1)
	left := []string{"mail"}
	mentioned := forum.SetMentions{Post: first(topic.ID)}
	mentioned.Users = append(mentioned.Users, user)
	d.do(e, community.Settle{Event: e.ID, Left: left, Due: at(2)}, mentioned)
	e.Data[2], left[0], mentioned.Users[0] = 'X', "X", newUser()
	d.do(forum.Recount{Topic: topic.ID}) // something else, so that a late copy would be taken
	waiting := claims(t, s)
	same(t, len(waiting), 1)
	same(t, string(waiting[0].Event.Data), `{"topic":"x"}`)
	same(t, waiting[0].Left, []string{"mail"})
	same(t, len(got(d.f.Written(ctx, forum.WrittenQuery{User: user}))(t).Items), 1)
}

func readCopies(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	topic, user := d.start(), newUser()
	r := d.reply(topic.ID, forum.Reply{})
	e := event(1)
	d.do(e, community.Settle{Event: e.ID, Left: []string{"mail"}, Due: at(2)}, forum.InsertReaction{Post: post(r), User: user, At: at(3)},
		forum.PutDraft{Draft: forum.Draft{User: user, Place: "p", Body: "b", At: at(3), Version: 1}},
		forum.InsertRevision{Revision: forum.Revision{Post: first(topic.ID), N: 1, Body: "b", At: at(1)}})
	read := func() (forum.Thread, []forum.Draft, []forum.Post, []forum.Revision, []forum.Reply, []community.Delivery, storage.Page[forum.Listed]) {
		return got(d.f.Thread(ctx, forum.ThreadQuery{Topic: topic.ID, Reader: user}))(t), got(d.f.Drafts(ctx, user))(t),
			got(d.f.Reactions(ctx, user))(t), got(d.f.Revisions(ctx, first(topic.ID)))(t), got(d.f.Subtree(ctx, topic.ID, ""))(t),
			claims(t, s), got(d.f.Topics(ctx, forum.TopicQuery{Reach: everything}))(t)
	}
	thread, drafts, reactions, revisions, subtree, deliveries, topics := read()
	thread.Replies.Items[0] = forum.Reply{}
	clear(thread.Useful)
	drafts[0], reactions[0], revisions[0], subtree[0], topics.Items[0] = forum.Draft{}, forum.Post{}, forum.Revision{}, forum.Reply{}, forum.Listed{}
	deliveries[0].Left[0], deliveries[0].Event.Data[2] = "X", 'X'
	thread, drafts, reactions, revisions, subtree, deliveries, topics = read()
	same(t, thread.Replies.Items[0].ID, r.ID)
	same(t, thread.Useful, map[forum.Post]bool{post(r): true})
	same(t, drafts[0].Body, "b")
	same(t, reactions[0], post(r))
	same(t, revisions[0].Body, "b")
	same(t, subtree[0].ID, r.ID)
	same(t, topics.Items[0].ID, topic.ID)
	same(t, deliveries[0].Left, []string{"mail"})
	same(t, string(deliveries[0].Event.Data), `{"topic":"x"}`)
}
