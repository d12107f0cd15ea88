// SPDX-License-Identifier: BSD-3-Clause

package storetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
)

// What is remembered so that nothing is done twice.
var onePromises = []promise{
	{"Once/Done", "Done returns what was made under a key, and ErrNotFound before", false, onceDone},
	{"Once/Exists", "a second Once of the same owner and key is ErrExists, and what goes with it is not made", false, onceExists},
	{"Once/Apart", "keys of different owners, and keys that differ in anything, are different", false, onceApart},
	{"Once/Bytes", "a key may be any text of up to MaxKey bytes", false, onceBytes},
	{"Once/Forget", "Forget drops keys from before its instant, not those of it and after, nor those that are kept", false, onceForget},
	{"Once/Erase", "EraseUser drops the keys of a person, those that are kept included, and nobody else's", false, onceErase},
}

// What the outbox promises.
var eventPromises = []promise{
	{"Claim/RoundTrip", "an event is delivered as it was appended, to the byte", false, claimRoundTrip},
	{"Claim/OldestFirst", "Claim gives the oldest first, up to its limit", false, claimOldestFirst},
	{"Claim/Lease", "a claimed event is given again when its lease is over, not before, and counts its tries", false, claimLease},
	{"Claim/Settle", "an event with nothing left is delivered and never given again", false, claimSettle},
	{"Claim/Left", "an event with handlers left waits until it is due, and is given for them alone", false, claimLeft},
	{"Claim/Late", "an event may be settled after its lease is over", false, claimLate},
	{"Claim/Unknown", "settling an event that is not there is ErrNotFound", false, settleUnknown},
	{"Claim/Rollback", "a claim that is undone was none", false, claimRollback},
	{"Claim/Exists", "an event is appended once", false, eventExists},
	{"Claim/Forget", "Forget drops delivered events from before its instant, and none that waits", false, eventForget},
	{"Claim/Erase", "EraseUser makes a person's identifier zero in the data of every event", false, eventErase},
}

func onceDone(t *testing.T, s community.Store) {
	owner, object := uuid.New(), uuid.New()
	_, err := s.Done(ctx, owner, "k")
	is(t, err, storage.ErrNotFound)
	must(t, s.Apply(ctx, storage.Once{Owner: owner, Key: "k", Object: object, At: at(1)}))
	same(t, got(s.Done(ctx, owner, "k"))(t), object)
	same(t, got(s.Forum().Done(ctx, owner, "k"))(t), object)
}

func onceExists(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	once := storage.Once{Owner: uuid.New(), Key: "k", Object: uuid.New(), At: at(1)}
	d.do(once)
	again, topic := once, d.newTopic()
	again.Object, again.At, again.Keep = uuid.New(), at(2), true
	is(t, s.Apply(ctx, forum.InsertTopic{Topic: topic}, again), storage.ErrExists)
	d.fails(storage.ErrExists, event(1), again)
	_, err := d.f.Topic(ctx, topic.ID)
	is(t, err, storage.ErrNotFound)
	same(t, got(s.Done(ctx, once.Owner, "k"))(t), once.Object)
}

func onceApart(t *testing.T, s community.Store) {
	owners := []uuid.UUID{uuid.Nil, uuid.Max, uuid.New()}
	keys := []string{"", " ", "k", "K", "k ", " k", "k\n", "kk", "é", "e\u0301", "ﬁ", "fi", "ß", "ss", "%", "_", "k%", "'", "\\", "\u200bk"}
	for i, owner := range owners {
		for j, key := range keys {
			once := storage.Once{Owner: owner, Key: key, Object: uuid.UUID{byte(i), byte(j)}, At: at(1)}
			if err := s.Apply(ctx, once); err != nil {
				t.Errorf("owner %v, key %q: %v", owner, key, err)
			}
		}
	}
	for i, owner := range owners {
		for j, key := range keys {
			same(t, got(s.Done(ctx, owner, key))(t), uuid.UUID{byte(i), byte(j)})
		}
	}
}

func onceBytes(t *testing.T, s community.Store) {
	for _, key := range []string{strings.Repeat("x", storage.MaxKey), strings.Repeat("è", storage.MaxKey/2), strings.Repeat("𝕏", storage.MaxKey/4)} {
		owner, object := uuid.New(), uuid.New()
		must(t, s.Apply(ctx, storage.Once{Owner: owner, Key: key, Object: object, At: at(1)}))
		same(t, got(s.Done(ctx, owner, key))(t), object)
		_, err := s.Done(ctx, owner, key[:len(key)-4])
		is(t, err, storage.ErrNotFound)
	}
}

func onceForget(t *testing.T, s community.Store) {
	owner := uuid.New()
	for n := range 3 {
		for _, keep := range []bool{false, true} {
			must(t, s.Apply(ctx, storage.Once{Owner: owner, Key: fmt.Sprint(n, keep), Object: owner, At: at(n), Keep: keep}))
		}
	}
	must(t, s.Apply(ctx, storage.Forget{Before: at(1)}))
	for n := range 3 {
		for _, keep := range []bool{false, true} {
			_, err := s.Done(ctx, owner, fmt.Sprint(n, keep))
			if n == 0 && !keep {
				is(t, err, storage.ErrNotFound)
			} else if err != nil {
				t.Errorf("key of minute %d, kept %v: %v", n, keep, err)
			}
		}
	}
	// What is forgotten may be done again.
	must(t, s.Apply(ctx, storage.Once{Owner: owner, Key: "0 false", Object: owner, At: at(9)}))
}

func onceErase(t *testing.T, s community.Store) {
	user, other := newUser(), newUser()
	for _, u := range []auth.UserID{user, other} {
		must(t, s.Apply(ctx, storage.Once{Owner: u.Bytes(), Key: "k", Object: uuid.New(), At: at(1)},
			storage.Once{Owner: u.Bytes(), Key: "kept", Object: uuid.New(), At: at(1), Keep: true}))
	}
	must(t, s.Apply(ctx, storage.EraseUser{User: user.Bytes()}))
	for _, key := range []string{"k", "kept"} {
		_, err := s.Done(ctx, user.Bytes(), key)
		is(t, err, storage.ErrNotFound)
		got(s.Done(ctx, other.Bytes(), key))(t)
	}
	must(t, s.Apply(ctx, storage.EraseUser{User: newUser().Bytes()})) // who was never here
	// What comes under a key later is not as old as what was dropped.
	must(t, s.Apply(ctx, storage.Once{Owner: user.Bytes(), Key: "k", Object: uuid.New(), At: at(1), Keep: true}, storage.Forget{Before: at(5)}))
	got(s.Done(ctx, user.Bytes(), "k"))(t)
}

func claimRoundTrip(t *testing.T, s community.Store) {
	for seed := range seeds {
		e := storage.Event{
			ID: storage.NewID[storage.Event](), At: at(seed).Add(time.Duration(seed) * time.Microsecond), Name: fmt.Sprintf("forum.«%d»", seed),
			Area: uuid.New(), Audience: uint8(seed % 4),
			Data: json.RawMessage(fmt.Sprintf(`{"z":%d, "a":[1.0,1e3,"è\u00e8\n"],  "z":null,"mentions":["%s"]}`, seed, newUser())),
		}
		must(t, s.Apply(ctx, e))
		batch := got(s.Claim(ctx, at(100), time.Minute, 1))(t)
		same(t, len(batch), 1)
		same(t, batch[0].Event, e)
		same(t, batch[0].Tries, 1)
		if batch[0].Left != nil {
			t.Errorf("left for %v, want nil: for all", batch[0].Left)
		}
	}
}

func claimOldestFirst(t *testing.T, s community.Store) {
	var want []storage.EventID
	for i := range 25 {
		e := event(i / 3) // some at the same moment: then in the order of their IDs
		want = append(want, e.ID)
		must(t, s.Apply(ctx, e))
	}
	var given []storage.EventID
	for _, limit := range []int{1, 4, 10, 7, 100, 100} {
		batch := got(s.Claim(ctx, at(100), time.Hour, limit))(t)
		if len(batch) != min(limit, len(want)-len(given)) {
			t.Errorf("claimed %d of %d, %d were left", len(batch), limit, len(want)-len(given))
		}
		for _, delivery := range batch {
			given = append(given, delivery.Event.ID)
		}
	}
	same(t, given, want)
}

func claimLease(t *testing.T, s community.Store) {
	e := event(0)
	must(t, s.Apply(ctx, e))
	for try, c := range []struct {
		now   time.Time
		given bool
	}{
		{at(1), true}, {at(1), false}, {at(6).Add(-time.Microsecond), false}, {at(6), true},
		{at(10), false}, {at(11), true}, {at(60), true},
	} {
		batch := got(s.Claim(ctx, c.now, 5*time.Minute, 10))(t)
		if given := len(batch) == 1; given != c.given {
			t.Errorf("claim %d at %v: given %v, want %v", try, c.now, given, c.given)
		}
	}
	batch := got(s.Claim(ctx, at(100), 5*time.Minute, 10))(t)
	same(t, len(batch), 1)
	same(t, batch[0].Tries, 5)
	same(t, batch[0].Event, e)
}

func claimSettle(t *testing.T, s community.Store) {
	for _, left := range [][]string{nil, {}} {
		e, waiting := event(0), event(1)
		must(t, s.Apply(ctx, e, waiting))
		same(t, len(got(s.Claim(ctx, at(2), time.Minute, 10))(t)), 2)
		must(t, s.Apply(ctx, community.Settle{Event: e.ID, Left: left, Due: at(3)}))
		batch := claims(t, s)
		same(t, len(batch), 1)
		same(t, batch[0].Event.ID, waiting.ID)
		must(t, s.Apply(ctx, community.Settle{Event: waiting.ID}, community.Settle{Event: e.ID})) // delivered twice is delivered
		same(t, len(claims(t, s)), 0)
	}
}

func claimLeft(t *testing.T, s community.Store) {
	e := event(0)
	must(t, s.Apply(ctx, e))
	for try, left := range [][]string{{"mail"}, {"mail", "search"}, {"", "a,b", `"quoted"`, "{è}", "null", "a b", `\`}} {
		now := at(10 * try)
		same(t, len(got(s.Claim(ctx, now, time.Hour, 10))(t)), 1)
		must(t, s.Apply(ctx, community.Settle{Event: e.ID, Left: left, Due: now.Add(5 * time.Minute)}))
		same(t, len(got(s.Claim(ctx, now.Add(5*time.Minute-time.Microsecond), time.Hour, 10))(t)), 0)
		errUndo := errors.New("undo")
		is(t, s.Atomic(ctx, func(ctx context.Context, tx community.Store) error {
			batch := got(tx.Claim(ctx, now.Add(5*time.Minute), time.Hour, 10))(t)
			same(t, len(batch), 1)
			same(t, batch[0].Left, left)
			same(t, batch[0].Tries, try+2)
			same(t, batch[0].Event, e)
			return errUndo
		}), errUndo)
	}
}

func claimLate(t *testing.T, s community.Store) {
	e := event(0)
	must(t, s.Apply(ctx, e))
	same(t, len(got(s.Claim(ctx, at(1), time.Minute, 10))(t)), 1)
	same(t, len(got(s.Claim(ctx, at(5), time.Minute, 10))(t)), 1) // another node takes over
	must(t, s.Apply(ctx, community.Settle{Event: e.ID}))
	same(t, len(claims(t, s)), 0)
}

func settleUnknown(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	d.fails(storage.ErrNotFound, community.Settle{Event: storage.NewID[storage.Event]()})
	d.fails(storage.ErrNotFound, event(1), community.Settle{Event: storage.NewID[storage.Event](), Left: []string{"mail"}, Due: at(1)})
	same(t, len(claims(t, s)), 0)
}

func claimRollback(t *testing.T, s community.Store) {
	must(t, s.Apply(ctx, event(0)))
	same(t, len(claims(t, s)), 1)
	same(t, claims(t, s)[0].Tries, 1) // as if the first had never been
}

func eventExists(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	e := event(0)
	d.do(e)
	d.fails(storage.ErrExists, e)
	d.do(community.Settle{Event: e.ID})
	d.fails(storage.ErrExists, event(1), e)
	same(t, len(claims(t, s)), 0)
}

func eventForget(t *testing.T, s community.Store) {
	var events []storage.Event
	for n := range 3 {
		delivered, waiting := event(n), event(n)
		must(t, s.Apply(ctx, delivered, waiting, community.Settle{Event: delivered.ID}))
		events = append(events, delivered, waiting)
	}
	must(t, s.Apply(ctx, storage.Forget{Before: at(1)}))
	same(t, len(claims(t, s)), 3)
	for i, e := range events {
		err := s.Apply(ctx, e) // what is forgotten may come again
		if i == 0 {
			must(t, err)
		} else {
			is(t, err, storage.ErrExists)
		}
	}
	// And waits like any other, also if it was delivered meanwhile.
	must(t, s.Apply(ctx, community.Settle{Event: events[0].ID}, community.Settle{Event: events[0].ID, Left: []string{"mail"}, Due: at(2)},
		storage.Forget{Before: at(1)}))
	same(t, len(claims(t, s)), 4)
}

func eventErase(t *testing.T, s community.Store) {
	user, other := newUser(), newUser()
	payload := forum.Event{By: auth.By{User: user, For: storage.NewID[auth.Org]()}, Topic: storage.NewID[forum.Topic](), Mentions: []auth.UserID{other, user}, Why: "detto da altri"}
	foreign := payload
	foreign.By.User, foreign.Mentions = other, []auth.UserID{other}
	waiting := auth.NewEvent(forum.EventReplied, at(1), auth.Commons, auth.Public, payload)
	partly := auth.NewEvent(forum.EventReplied, at(2), auth.Commons, auth.Public, payload)
	others := auth.NewEvent(forum.EventReplied, at(3), auth.Commons, auth.Public, foreign)
	must(t, s.Apply(ctx, waiting, partly, others, community.Settle{Event: partly.ID, Left: []string{"mail"}, Due: at(4)}))
	delivered := auth.NewEvent(forum.EventReplied, at(4), auth.Commons, auth.Public, payload)
	must(t, s.Apply(ctx, delivered, community.Settle{Event: delivered.ID}, storage.EraseUser{User: user.Bytes()},
		community.Settle{Event: delivered.ID, Left: []string{"mail"}, Due: at(5)})) // which waits again
	batch := claims(t, s)
	same(t, len(batch), 4)
	for _, delivery := range batch {
		if strings.Contains(strings.ToLower(string(delivery.Event.Data)), user.String()) {
			t.Errorf("still names the person: %s", delivery.Event.Data)
		}
		var now forum.Event
		must(t, json.Unmarshal(delivery.Event.Data, &now))
		want := foreign
		if delivery.Event.ID != others.ID {
			want = payload
			want.By.User, want.Mentions = auth.UserID{}, []auth.UserID{other, {}}
		}
		same(t, now, want)
		same(t, delivery.Event.Name, forum.EventReplied)
	}
}
