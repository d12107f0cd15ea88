// SPDX-License-Identifier: BSD-3-Clause

package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
)

// What a store promises to many callers at once.
var crowdPromises = []promise{
	{"Crowd/ReadModifyWrite", "units that read the same root by its ID run one after the other", true, readModifyWrite},
	{"Crowd/ReadModifyWritePlace", "a unit that reads a place has its topic to itself", true, readModifyWritePlace},
	{"Crowd/TwoRoots", "units that lock two roots in the order of their IDs all succeed", true, twoRoots},
	{"Crowd/TwoRootsUnordered", "units that lock two roots in any order end, and what succeeded is there", true, twoRootsUnordered},
	{"Crowd/Versions", "of many updates of one version, one is made", true, versionRace},
	{"Crowd/LookDecideWrite", "whoever looks, decides and applies, again upon ErrConflict, loses nothing", true, lookDecideWrite},
	{"Crowd/Seq", "replies that arrive at once get each a number of its own, without gaps, and are all counted", true, seqRace},
	{"Crowd/SameID", "of many inserts of one ID, one is made", true, sameIDRace},
	{"Crowd/Once", "of many writes with one key, one is made, with all that goes with it", true, onceRace},
	{"Crowd/PlaceReply", "of many replies that are moved to one path at once, one is", true, placeRace},
	{"Crowd/Wrote", "of many writings of one person after the same one, one is made", true, wroteRace},
	{"Crowd/BoardAt", "what is held to a board's version is there before the board moves on, or not at all", true, boardAtRace},
	{"Crowd/Reactions", "reactions that arrive at once are all counted, each once", true, reactionRace},
	{"Crowd/ReadTo", "a reading mark written from many places is the furthest of them", true, readToRace},
	{"Crowd/DraftsMost", "however many drafts of one person are begun at once, they have no more than Most", true, draftsMostRace},
	{"Crowd/TopicAt", "what is held to a topic's version is there before the topic moves on, or not at all", true, topicAtRace},
	{"Crowd/Useful", "whoever finds posts useful, held to their versions, waits for nobody for ever", true, usefulRace},
	{"Crowd/Draft", "of many saves of one draft from the same version, one is made", true, draftRace},
	{"Crowd/Claim", "two claims at once never give the same event, and every event is given", true, claimRace},
	{"Crowd/ThreadSnapshot", "a thread is read as it was at one moment", true, threadSnapshot},
	{"Crowd/ListSnapshot", "a list is read as it was at one moment: topics that change places are on it once", true, listSnapshot},
	{"Crowd/Mix", "writers of every kind at once: all that was acknowledged is there, and counters equal a recount", true, mix},
}

const (
	callers = 8
	each    = 25
)

// crowd runs fn each times in every one of many callers.
func crowd(t *testing.T, each int, fn func(caller, i int) error) {
	t.Helper()
	var wg sync.WaitGroup
	for caller := range callers {
		wg.Go(func() {
			for i := range each {
				if err := fn(caller, i); err != nil {
					t.Errorf("caller %d, call %d: %v", caller, i, err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// winners runs fn in many callers at once and returns how many succeeded;
// the others must be refused with one of the errors.
func winners(t *testing.T, fn func(caller int) error, refusals ...error) int {
	t.Helper()
	var mu sync.Mutex
	n := 0
	crowd(t, 1, func(caller, _ int) error {
		err := fn(caller)
		if err == nil {
			mu.Lock()
			defer mu.Unlock()
			n++
		}
		if slices.ContainsFunc(refusals, func(want error) bool { return errors.Is(err, want) }) {
			return nil
		}
		return err
	})
	return n
}

func readModifyWrite(t *testing.T, s community.Store) {
	eachDoor(t, s, func(d *desk, atomic atomically) {
		topic := d.newTopic()
		topic.Title = "0"
		d.do(forum.InsertTopic{Topic: topic})
		crowd(d.T, each, func(int, int) error {
			return atomic(ctx, func(ctx context.Context, tx forum.Store) error {
				now, err := tx.Topic(ctx, topic.ID)
				if err != nil {
					return err
				}
				return tx.Apply(ctx, forum.UpdateTopic{Topic: plusOne(now)})
			})
		})
		now := d.topic(topic.ID)
		same(d.T, now.Title, strconv.Itoa(callers*each))
		same(d.T, now.Version, 1+callers*each)
	})
}

func readModifyWritePlace(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	topic := d.newTopic()
	topic.Title = "0"
	d.do(forum.InsertTopic{Topic: topic})
	r := d.reply(topic.ID, forum.Reply{})
	crowd(t, each, func(caller, i int) error {
		at := first(topic.ID)
		if (caller+i)%2 == 0 {
			at = post(r) // a reply's place locks its topic, too
		}
		return s.Forum().Atomic(ctx, func(ctx context.Context, tx forum.Store) error {
			place, err := tx.Place(ctx, forum.PlaceQuery{Post: at})
			if err != nil {
				return err
			}
			return tx.Apply(ctx, forum.UpdateTopic{Topic: plusOne(place.Topic)})
		})
	})
	same(t, d.topic(topic.ID).Title, strconv.Itoa(callers*each))
}

// plusOne counts in a topic's title.
func plusOne(t forum.Topic) forum.Topic {
	n, _ := strconv.Atoi(t.Title)
	t.Title = strconv.Itoa(n + 1)
	return t
}

// transfer takes one from a topic's title and gives it to another's.
func transfer(s community.Store, from, to forum.TopicID) error {
	return s.Forum().Atomic(ctx, func(ctx context.Context, tx forum.Store) error {
		a, err := tx.Topic(ctx, from)
		if err != nil {
			return err
		}
		b, err := tx.Topic(ctx, to)
		if err != nil {
			return err
		}
		return tx.Apply(ctx, forum.UpdateTopic{Topic: plusOne(a)}, forum.UpdateTopic{Topic: plusOne(b)})
	})
}

func twoRoots(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	topics := []forum.TopicID{d.start().ID, d.start().ID, d.start().ID}
	slices.SortFunc(topics, forum.TopicID.Compare)
	crowd(t, each, func(caller, i int) error {
		skip := (caller + i) % 3
		two := slices.Delete(slices.Clone(topics), skip, skip+1)
		return transfer(s, two[0], two[1])
	})
	sum := 0
	for _, id := range topics {
		n, _ := strconv.Atoi(d.topic(id).Title)
		sum += n
	}
	same(t, sum, 2*callers*each)
}

func twoRootsUnordered(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	a, b := d.start().ID, d.start().ID
	var mu sync.Mutex
	made := 0
	crowd(t, 5, func(caller, _ int) error {
		from, to := a, b
		if caller%2 == 0 {
			from, to = b, a
		}
		err := transfer(s, from, to)
		if errors.Is(err, storage.ErrRetry) {
			return nil
		}
		mu.Lock()
		defer mu.Unlock()
		made++
		return err
	})
	same(t, d.topic(a).Version, 1+made)
	same(t, d.topic(b).Version, 1+made)
	if made == 0 {
		t.Error("none succeeded")
	}
}

func versionRace(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	topic := d.start()
	r := d.reply(topic.ID, forum.Reply{})
	for name, change := range map[string]func(caller int) storage.Change{
		"board": func(caller int) storage.Change {
			b := d.board
			b.Name = fmt.Sprint(caller)
			return forum.UpdateBoard{Board: b}
		},
		"topic": func(caller int) storage.Change {
			v := topic
			v.Title = fmt.Sprint(caller)
			return forum.UpdateTopic{Topic: v}
		},
		"reply": func(caller int) storage.Change {
			v := r
			v.Body = fmt.Sprint(caller)
			return forum.UpdateReply{Reply: v}
		},
	} {
		t.Run(name, func(t *testing.T) {
			same(t, winners(t, func(caller int) error { return s.Apply(ctx, change(caller)) }, storage.ErrConflict), 1)
		})
	}
	same(t, got(d.f.Board(ctx, d.board.ID))(t).Version, 2)
	same(t, d.topic(topic.ID).Version, 2)
	same(t, d.getReply(r.ID).Version, 2)
}

func lookDecideWrite(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	topic := d.start()
	crowd(t, each/5, func(int, int) error {
		for {
			now, err := s.Forum().Topic(ctx, topic.ID)
			if err == nil {
				err = s.Apply(ctx, forum.UpdateTopic{Topic: plusOne(now)})
			}
			if !errors.Is(err, storage.ErrConflict) {
				return err
			}
		}
	})
	same(t, d.topic(topic.ID).Title, strconv.Itoa(callers*each/5))
}

func seqRace(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	topics := []forum.Topic{d.start(), d.start()}
	var mu sync.Mutex
	seen := map[forum.TopicID]map[int]forum.Reply{topics[0].ID: {}, topics[1].ID: {}}
	var drafts [callers][each]forum.Reply
	for caller := range callers {
		for i := range each {
			drafts[caller][i] = d.newReply(topics[i%2].ID, forum.Reply{})
		}
	}
	crowd(t, each, func(caller, i int) error {
		r, err := s.Forum().InsertReply(ctx, drafts[caller][i], "", 1)
		mu.Lock()
		defer mu.Unlock()
		if other, ok := seen[r.Topic][r.Seq]; err == nil && ok {
			return fmt.Errorf("number %d is given to %v and to %v", r.Seq, other.ID, r.ID)
		}
		seen[r.Topic][r.Seq] = r
		return err
	})
	for _, topic := range topics {
		all := got(d.f.Subtree(ctx, topic.ID, ""))(t)
		for i, r := range all {
			same(t, r.Seq, i+1)
			same(t, r, seen[topic.ID][i+1])
		}
		now := d.topic(topic.ID)
		same(t, now.Replies, len(seen[topic.ID]))
		same(t, now.Seq, len(seen[topic.ID]))
		same(t, len(all), len(seen[topic.ID]))
	}
}

func sameIDRace(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	topic, fresh := d.start(), d.newTopic()
	r := d.newReply(topic.ID, forum.Reply{})
	same(t, winners(t, func(int) error { return s.Apply(ctx, forum.InsertTopic{Topic: fresh}) }, storage.ErrExists), 1)
	same(t, winners(t, func(int) error { _, err := s.Forum().InsertReply(ctx, r, "", 1); return err }, storage.ErrExists), 1)
	same(t, d.topic(topic.ID).Replies, 1)
	same(t, d.topic(topic.ID).Seq, 1)
}

func onceRace(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	topic, user := d.start(), newUser()
	var replies [callers]forum.Reply
	for caller := range callers {
		replies[caller] = d.newReply(topic.ID, forum.Reply{})
	}
	n := winners(t, func(caller int) error {
		r := replies[caller]
		_, err := s.Forum().InsertReply(ctx, r, "", 1, storage.Once{Owner: user.Bytes(), Key: "k", Object: r.ID.Bytes(), At: at(1)})
		return err
	}, storage.ErrExists)
	same(t, n, 1)
	same(t, d.topic(topic.ID).Replies, 1)
	object := got(s.Done(ctx, user.Bytes(), "k"))(t)
	d.getReply(storage.MakeID[forum.Reply](object))
}

func placeRace(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	into := d.start()
	var replies []forum.Reply
	for range callers {
		replies = append(replies, d.reply(d.start().ID, forum.Reply{}))
	}
	n := winners(t, func(caller int) error {
		return s.Apply(ctx, forum.PlaceReply{ID: replies[caller].ID, Topic: into.ID, Depth: 1, Path: forum.Path("").Below(7), Seq: 10 + caller},
			forum.Recount{Topic: into.ID})
	}, storage.ErrExists)
	same(t, n, 1)
	same(t, len(d.thread(forum.ThreadQuery{Topic: into.ID})), 1)
	same(t, d.topic(into.ID).Replies, 1)
	moved := 0
	for _, r := range replies {
		if d.getReply(r.ID).Topic == into.ID {
			moved++
		}
	}
	same(t, moved, 1)
}

func wroteRace(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	topic, user := d.start(), newUser()
	var last time.Time
	for round := range 3 {
		now := at(100 + round)
		same(t, winners(t, func(int) error {
			return s.Apply(ctx, forum.Wrote{User: user, Topic: topic.ID, At: now, Last: last, Reason: forum.Replied})
		}, storage.ErrConflict), 1)
		last = now
	}
	same(t, d.mark(user, topic.ID).PostedAt, last)
}

// boardAtRace has writers who hold their topics to the first version of a
// board while another moves it on and counts what is there by then.
func boardAtRace(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	for range each {
		b := d.newBoard(newArea(), forum.BoardID{})
		d.do(forum.InsertBoard{Board: b})
		var topics [callers]forum.Topic
		for caller := range callers {
			topics[caller] = d.newTopic()
			topics[caller].Board, topics[caller].Area = b.ID, b.Area
		}
		made, counted := 0, 0
		var mu sync.Mutex
		crowd(t, 1, func(caller, _ int) error {
			if caller == callers/2 {
				return s.Forum().Atomic(ctx, func(ctx context.Context, tx forum.Store) error {
					if err := tx.Apply(ctx, forum.UpdateBoard{Board: b}); err != nil {
						return err
					}
					page, err := tx.Topics(ctx, forum.TopicQuery{Reach: everything, Board: b.ID})
					counted = len(page.Items)
					return err
				})
			}
			err := s.Apply(ctx, forum.BoardAt{Board: b.ID, Version: 1}, forum.InsertTopic{Topic: topics[caller]})
			if errors.Is(err, storage.ErrConflict) {
				return nil
			}
			mu.Lock()
			defer mu.Unlock()
			made++
			return err
		})
		if made != counted {
			t.Fatalf("%d topics were held to a board's first version, and %d were there when it moved on", made, counted)
		}
	}
}

func reactionRace(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	topic, user := d.start(), newUser()
	r := d.reply(topic.ID, forum.Reply{})
	crowd(t, 5, func(int, int) error {
		return s.Apply(ctx, forum.InsertReaction{Post: post(r), User: newUser(), At: at(1)})
	})
	same(t, d.getReply(r.ID).Useful, callers*5)
	same(t, winners(t, func(int) error {
		return s.Apply(ctx, forum.InsertReaction{Post: first(topic.ID), User: user, At: at(1)})
	}, storage.ErrExists), 1)
	same(t, d.topic(topic.ID).Useful, 1)
	same(t, winners(t, func(int) error {
		return s.Apply(ctx, forum.DeleteReaction{Post: first(topic.ID), User: user})
	}, storage.ErrNotFound), 1)
	same(t, d.topic(topic.ID).Useful, 0)
}

func readToRace(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	topic, user := d.start(), newUser()
	crowd(t, 5, func(caller, i int) error {
		if err := s.Apply(ctx, forum.MarkAllRead{User: user, At: at(caller*7%callers + i)}); err != nil {
			return err
		}
		return s.Apply(ctx, forum.ReadTo{User: user, Topic: topic.ID, Seq: caller*7%callers + callers*i + 1})
	})
	same(t, d.mark(user, topic.ID), forum.Mark{User: user, Topic: topic.ID, Opened: true, Read: callers * 5})
	same(t, got(d.f.ReadAll(ctx, user))(t), at(callers-1+4))
}

func draftsMostRace(t *testing.T, s community.Store) {
	user := newUser()
	const most = callers / 2
	for range 3 {
		same(t, winners(t, func(caller int) error {
			return s.Apply(ctx, forum.PutDraft{Draft: forum.Draft{User: user, Place: fmt.Sprint(caller), At: at(1), Version: 1}, Most: most})
		}, storage.ErrConflict), most)
		all := got(s.Forum().Drafts(ctx, user))(t)
		same(t, len(all), most)
		for _, v := range all {
			must(t, s.Apply(ctx, forum.DeleteDraft{User: user, Place: v.Place}))
		}
	}
}

func topicAtRace(t *testing.T, s community.Store) {
	for range 10 {
		d := newDesk(t, s)
		topic := d.start()
		made, counted := 0, 0
		var mu sync.Mutex
		crowd(t, 1, func(caller, _ int) error {
			if caller == callers/2 {
				return s.Forum().Atomic(ctx, func(ctx context.Context, tx forum.Store) error {
					if err := tx.Apply(ctx, forum.UpdateTopic{Topic: topic}); err != nil {
						return err
					}
					page, err := tx.Followers(ctx, topic.ID, "")
					counted = len(page.Items)
					return err
				})
			}
			err := s.Apply(ctx, forum.TopicAt{Topic: topic.ID, Version: 1}, forum.ReadTo{User: newUser(), Topic: topic.ID, Seq: 1})
			if errors.Is(err, storage.ErrConflict) {
				return nil
			}
			mu.Lock()
			defer mu.Unlock()
			made++
			return err
		})
		if made != counted {
			t.Fatalf("%d people read a topic's first version, and %d had when it moved on", made, counted)
		}
	}
}

func usefulRace(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	topic := d.start()
	r := d.reply(topic.ID, forum.Reply{})
	crowd(t, 5, func(caller, _ int) error {
		at := forum.TopicAt{Topic: topic.ID, Version: 1}
		switch {
		case caller%4 == 0:
			return s.Apply(ctx, forum.InsertReaction{Post: first(topic.ID), User: newUser(), At: r.CreatedAt}, at)
		case caller%4 == 1:
			return s.Apply(ctx, at, forum.ReadTo{User: newUser(), Topic: topic.ID, Seq: 1})
		}
		return s.Apply(ctx, at, forum.InsertReaction{Post: post(r), User: newUser(), At: r.CreatedAt}, forum.ReplyAt{Reply: r.ID, Version: 1})
	})
	same(t, d.getReply(r.ID).Useful+d.topic(topic.ID).Useful+len(got(d.f.Followers(ctx, topic.ID, ""))(t).Items), callers*5)
}

func draftRace(t *testing.T, s community.Store) {
	user := newUser()
	for version := 1; version <= 3; version++ {
		same(t, winners(t, func(caller int) error {
			return s.Apply(ctx, forum.PutDraft{Draft: forum.Draft{User: user, Place: "p", Body: fmt.Sprint(caller), At: at(version), Version: version}})
		}, storage.ErrConflict), 1)
	}
	same(t, got(s.Forum().Draft(ctx, user, "p"))(t).Version, 3)
}

func claimRace(t *testing.T, s community.Store) {
	want := map[storage.EventID]int{}
	for i := range 100 {
		e := event(i)
		want[e.ID] = 1
		must(t, s.Apply(ctx, e))
	}
	var mu sync.Mutex
	given := map[storage.EventID]int{}
	crowd(t, 1, func(int, int) error {
		for {
			batch, err := s.Claim(ctx, at(1000), time.Hour, 7)
			if err != nil || len(batch) == 0 {
				return err
			}
			mu.Lock()
			for _, delivery := range batch {
				given[delivery.Event.ID]++
			}
			mu.Unlock()
		}
	})
	// A claim may pass over what another is just taking, so whatever is left
	// over is for the next one.
	for _, delivery := range got(s.Claim(ctx, at(1000), time.Hour, 1000))(t) {
		given[delivery.Event.ID]++
	}
	same(t, given, want)
}

func threadSnapshot(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	topic := d.start()
	var replies [2 * each]forum.Reply
	for i := range replies {
		replies[i] = d.newReply(topic.ID, forum.Reply{})
	}
	written := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		defer close(written)
		for _, r := range replies {
			if _, err := s.Forum().InsertReply(ctx, r, "", 1); err != nil {
				t.Error(err)
			}
		}
	})
	for range 3 {
		wg.Go(func() {
			for more := true; more; {
				select {
				case <-written:
					more = false
				default:
				}
				thread, err := s.Forum().Thread(ctx, forum.ThreadQuery{Topic: topic.ID, Limit: 100})
				if err != nil {
					t.Error(err)
					return
				}
				if n := len(thread.Replies.Items); n != thread.Topic.Replies || n != thread.Topic.Seq {
					t.Errorf("a topic that counts %d replies, the last number %d, is shown with %d", thread.Topic.Replies, thread.Topic.Seq, n)
					return
				}
			}
		})
	}
	wg.Wait()
}

func listSnapshot(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	var topics []forum.Topic
	for range 10 {
		topics = append(topics, d.start())
	}
	var replies [2 * each]forum.Reply
	for i := range replies {
		replies[i] = d.newReply(topics[i%len(topics)].ID, forum.Reply{})
	}
	written := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		defer close(written)
		for _, r := range replies {
			if _, err := s.Forum().InsertReply(ctx, r, "", 1); err != nil {
				t.Error(err)
			}
		}
	})
	wg.Go(func() {
		for more := true; more; {
			select {
			case <-written:
				more = false
			default:
			}
			page, err := s.Forum().Topics(ctx, forum.TopicQuery{Reach: everything, Board: d.board.ID, Limit: 50})
			if err != nil {
				t.Error(err)
				return
			}
			seen := map[forum.TopicID]bool{}
			for _, l := range page.Items {
				seen[l.ID] = true
			}
			if len(seen) != len(topics) || len(page.Items) != len(topics) {
				t.Errorf("a list of %d topics shows %d, %d of them different", len(topics), len(page.Items), len(seen))
				return
			}
		}
	})
	wg.Wait()
}

// mix has callers of every kind at work on three topics.
func mix(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	topics := []forum.TopicID{d.start().ID, d.start().ID, d.start().ID}
	var fresh [callers][each]forum.Reply
	for caller := range callers {
		for i := range each {
			fresh[caller][i] = d.newReply(topics[(caller+i)%3], forum.Reply{})
		}
	}
	var mu sync.Mutex
	acknowledged := map[forum.ReplyID]bool{}
	crowd(t, each, func(caller, i int) error {
		f, r, user := s.Forum(), fresh[caller][i], newUser()
		switch caller % 4 {
		case 0, 1:
			_, err := f.InsertReply(ctx, r, "", 1, event(i), forum.Wrote{User: user, Topic: r.Topic, At: at(i), Reason: forum.Replied})
			if err == nil {
				mu.Lock()
				defer mu.Unlock()
				acknowledged[r.ID] = true
			}
			return err
		case 2:
			return f.Apply(ctx, forum.InsertReaction{Post: first(r.Topic), User: user, At: at(i)}, forum.ReadTo{User: user, Topic: r.Topic, Seq: i})
		default:
			return f.Atomic(ctx, func(ctx context.Context, tx forum.Store) error {
				if _, err := tx.Topic(ctx, r.Topic); err != nil {
					return err
				}
				return tx.Apply(ctx, forum.Recount{Topic: r.Topic}, storage.Once{Owner: user.Bytes(), Key: "k", At: at(i)})
			})
		}
	})
	for _, id := range topics {
		before := d.topic(id)
		var useful int
		for at := storage.Cursor(""); ; {
			page := got(d.f.Followers(ctx, id, at))(t)
			for i, m := range page.Items {
				if m.Opened {
					useful++
				}
				if i > 0 {
					a, b := page.Items[i-1].User.Bytes(), m.User.Bytes()
					same(t, bytes.Compare(a[:], b[:]), -1)
				}
			}
			if at = page.Next; at == "" {
				break
			}
		}
		same(t, before.Useful, useful)
		for _, r := range got(d.f.Subtree(ctx, id, ""))(t) {
			delete(acknowledged, r.ID)
		}
		d.do(forum.Recount{Topic: id})
		after := d.topic(id)
		same(t, after.Replies, before.Replies)
		same(t, after.Seq, before.Seq)
	}
	same(t, len(acknowledged), 0)
	same(t, len(claims(t, s)), 4*each)
}
