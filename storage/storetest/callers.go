// SPDX-License-Identifier: BSD-3-Clause

package storetest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/auth/account"
	"github.com/copis-it/copis/auth/session"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/community/membership"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/wiki"
)

// What units promise each other, and to whoever holds them wrong.
var callerPromises = []promise{
	{"Unit/Methods", "this suite knows every method of a store", false, knowsMethods},
	{"Unit/Done", "a store that outlives its unit says ErrTxDone, whatever it is asked and however the unit ended", true, done},
	{"Unit/Nested", "the outer store, used inside its unit with the unit's context, says ErrNested, whatever it is asked", true, nested},
	{"Unit/NestedElsewhere", "a context that has nothing to do with the unit may use the outer store inside it", true, nestedElsewhere},
	{"Unit/Hidden", "nobody sees a unit's writes before it ends, and readers do not wait for it", true, hidden},
	{"Unit/Canceled", "a unit whose context ends is not committed", true, canceled},
	{"Unit/Deadline", "a unit whose time is over is not committed", true, deadline},
	{"Unit/CanceledBefore", "nothing is read or written with a context that has ended", true, canceledBefore},
	{"Unit/CanceledWaiting", "whoever waits for a root stops waiting when their context ends", true, canceledWaiting},
	{"Unit/Goexit", "a unit whose goroutine ends leaves no trace, and the store goes on", true, goexit},
	{"Unit/FnError", "the error of fn is returned as it is", true, fnError},
}

// A method is one of a store's, called as somebody might.
type method struct {
	name string
	call func(ctx context.Context, s community.Store) error
}

// methods are all of a [community.Store]'s and, with the tool's name before
// them, of each tool's.
func methods() []method {
	topic, user := storage.NewID[forum.Topic](), newUser()
	tell := func(_ any, err error) error { return err }
	f := func(name string, call func(context.Context, forum.Store) error) method {
		return method{"Forum." + name, func(ctx context.Context, s community.Store) error { return call(ctx, s.Forum()) }}
	}
	return slices.Concat([]method{
		{"Atomic", func(ctx context.Context, s community.Store) error {
			return s.Atomic(ctx, func(context.Context, community.Store) error { return nil })
		}},
		{"Apply", func(ctx context.Context, s community.Store) error {
			return s.Apply(ctx, storage.Once{Owner: user.Bytes(), Key: "k", At: at(1)})
		}},
		{"Done", func(ctx context.Context, s community.Store) error { return tell(s.Done(ctx, user.Bytes(), "k")) }},
		{"Claim", func(ctx context.Context, s community.Store) error {
			return tell(s.Claim(ctx, at(1), time.Minute, 10))
		}},
		f("Atomic", func(ctx context.Context, f forum.Store) error {
			return f.Atomic(ctx, func(context.Context, forum.Store) error { return nil })
		}),
		f("Apply", func(ctx context.Context, f forum.Store) error {
			return f.Apply(ctx, forum.MarkAllRead{User: user, At: at(1)})
		}),
		f("Done", func(ctx context.Context, f forum.Store) error { return tell(f.Done(ctx, user.Bytes(), "k")) }),
		f("InsertReply", func(ctx context.Context, f forum.Store) error {
			return tell(f.InsertReply(ctx, forum.Reply{ID: storage.NewID[forum.Reply](), Topic: topic, CreatedAt: at(1), Version: 1}, "", 1))
		}),
		f("Board", func(ctx context.Context, f forum.Store) error {
			return tell(f.Board(ctx, storage.NewID[forum.Board]()))
		}),
		f("Boards", func(ctx context.Context, f forum.Store) error { return tell(f.Boards(ctx, everyBoard(auth.Commons))) }),
		f("Topic", func(ctx context.Context, f forum.Store) error { return tell(f.Topic(ctx, topic)) }),
		f("Topics", func(ctx context.Context, f forum.Store) error {
			return tell(f.Topics(ctx, forum.TopicQuery{Reach: everything}))
		}),
		f("Reply", func(ctx context.Context, f forum.Store) error {
			return tell(f.Reply(ctx, storage.NewID[forum.Reply]()))
		}),
		f("Thread", func(ctx context.Context, f forum.Store) error {
			return tell(f.Thread(ctx, forum.ThreadQuery{Topic: topic}))
		}),
		f("Place", func(ctx context.Context, f forum.Store) error {
			return tell(f.Place(ctx, forum.PlaceQuery{Post: first(topic)}))
		}),
		f("Held", func(ctx context.Context, f forum.Store) error {
			return tell(f.Held(ctx, forum.HeldQuery{Reach: everything}))
		}),
		f("Subtree", func(ctx context.Context, f forum.Store) error { return tell(f.Subtree(ctx, topic, "")) }),
		f("Revisions", func(ctx context.Context, f forum.Store) error { return tell(f.Revisions(ctx, first(topic))) }),
		f("Followers", func(ctx context.Context, f forum.Store) error { return tell(f.Followers(ctx, topic, "")) }),
		f("ReadAll", func(ctx context.Context, f forum.Store) error { return tell(f.ReadAll(ctx, user)) }),
		f("Draft", func(ctx context.Context, f forum.Store) error { return tell(f.Draft(ctx, user, "p")) }),
		f("Drafts", func(ctx context.Context, f forum.Store) error { return tell(f.Drafts(ctx, user)) }),
		f("Reactions", func(ctx context.Context, f forum.Store) error { return tell(f.Reactions(ctx, user)) }),
		f("Marks", func(ctx context.Context, f forum.Store) error { return tell(f.Marks(ctx, user)) }),
		f("Written", func(ctx context.Context, f forum.Store) error {
			return tell(f.Written(ctx, forum.WrittenQuery{User: user}))
		}),
	}, accountMethods(), sessionMethods(), membershipMethods(), qaMethods(), wikiMethods())
}

func knowsMethods(t *testing.T, _ community.Store) {
	known := map[string]bool{}
	stores := map[string]reflect.Type{
		"": reflect.TypeFor[community.Store](), "Forum.": reflect.TypeFor[forum.Store](),
		"Accounts.": reflect.TypeFor[account.Store](), "Sessions.": reflect.TypeFor[session.Store](),
		"Membership.": reflect.TypeFor[membership.Store](), "QA.": reflect.TypeFor[qa.Store](),
		"Wiki.": reflect.TypeFor[wiki.Store](),
	}
	for prefix := range stores {
		known[strings.TrimSuffix(prefix, ".")] = true // a door, no work
	}
	for _, m := range methods() {
		known[m.name] = true
	}
	for prefix, typ := range stores {
		for i := range typ.NumMethod() {
			if name := prefix + typ.Method(i).Name; !known[name] {
				t.Errorf("the table of methods lacks %s", name)
			}
		}
	}
}

// soon returns a context that ends a call which hangs.
func soon(t *testing.T, ctx context.Context) context.Context {
	ctx, stop := context.WithTimeout(ctx, 20*time.Second)
	t.Cleanup(stop)
	return ctx
}

func done(t *testing.T, s community.Store) {
	for _, end := range []struct {
		name string
		end  func() error
	}{
		{"committed", func() error { return nil }},
		{"failed", func() error { return errBoom }},
		{"panicked", func() error { panic("boom") }},
	} {
		var kept community.Store
		func() {
			defer func() { _ = recover() }()
			_ = s.Atomic(ctx, func(_ context.Context, tx community.Store) error { kept = tx; return end.end() })
		}()
		for _, m := range methods() {
			t.Run(end.name+"/"+m.name, func(t *testing.T) { is(t, m.call(soon(t, ctx), kept), storage.ErrTxDone) })
		}
	}
}

func nested(t *testing.T, s community.Store) {
	type key struct{}
	for _, m := range methods() {
		t.Run(m.name, func(t *testing.T) {
			eachDoor(t, s, func(d *desk, atomic atomically) {
				topic := d.newTopic()
				must(d.T, atomic(soon(d.T, ctx), func(ctx context.Context, tx forum.Store) error {
					is(d.T, m.call(ctx, s), storage.ErrNested)
					is(d.T, m.call(context.WithValue(ctx, key{}, 1), s), storage.ErrNested)
					return tx.Apply(ctx, forum.InsertTopic{Topic: topic}) // and the unit is none the worse
				}))
				d.topic(topic.ID)
			})
		})
	}
}

func nestedElsewhere(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	topic := d.start()
	must(t, s.Atomic(soon(t, ctx), func(_ context.Context, tx community.Store) error {
		must(t, tx.Apply(ctx, event(1)))
		_, err := s.Forum().Topic(soon(t, ctx), topic.ID)
		return err
	}))
}

func hidden(t *testing.T, s community.Store) {
	eachDoor(t, s, func(d *desk, atomic atomically) {
		kept, fresh, user := d.start(), d.newTopic(), newUser()
		must(d.T, atomic(ctx, func(ctx context.Context, tx forum.Store) error {
			_, err := tx.Topic(ctx, kept.ID) // locked
			must(d.T, err)
			must(d.T, tx.Apply(ctx, forum.InsertTopic{Topic: fresh}, storage.Once{Owner: user.Bytes(), Key: "k", At: at(1)}))
			_, err = tx.InsertReply(ctx, d.newReply(kept.ID, forum.Reply{}), "", 1)
			must(d.T, err)
			outside := soon(d.T, context.Background())
			_, err = d.f.Topic(outside, fresh.ID)
			is(d.T, err, storage.ErrNotFound)
			same(d.T, got(d.f.Topic(outside, kept.ID))(d.T), kept)
			same(d.T, len(got(d.f.Thread(outside, forum.ThreadQuery{Topic: kept.ID}))(d.T).Replies.Items), 0)
			_, err = d.Done(outside, user.Bytes(), "k")
			is(d.T, err, storage.ErrNotFound)
			return nil
		}))
		d.topic(fresh.ID)
		same(d.T, d.topic(kept.ID).Replies, 1)
	})
}

func canceled(t *testing.T, s community.Store) {
	eachDoor(t, s, func(d *desk, atomic atomically) {
		topic := d.newTopic()
		c, stop := context.WithCancel(ctx)
		is(d.T, atomic(c, func(ctx context.Context, tx forum.Store) error {
			must(d.T, tx.Apply(ctx, forum.InsertTopic{Topic: topic}, event(1)))
			stop()
			return nil
		}), context.Canceled)
		_, err := d.f.Topic(ctx, topic.ID)
		is(d.T, err, storage.ErrNotFound)
		same(d.T, len(claims(d.T, s)), 0)
		d.do(forum.InsertTopic{Topic: topic})
	})
}

func deadline(t *testing.T, s community.Store) {
	eachDoor(t, s, func(d *desk, atomic atomically) {
		topic := d.newTopic()
		c, stop := context.WithTimeout(ctx, 200*time.Millisecond)
		defer stop()
		err := atomic(c, func(ctx context.Context, tx forum.Store) error {
			_ = tx.Apply(ctx, forum.InsertTopic{Topic: topic})
			<-ctx.Done()
			return nil
		})
		is(d.T, err, context.DeadlineExceeded)
		_, err = d.f.Topic(ctx, topic.ID)
		is(d.T, err, storage.ErrNotFound)
		d.do(forum.InsertTopic{Topic: topic})
	})
}

func canceledBefore(t *testing.T, s community.Store) {
	c, stop := context.WithCancel(ctx)
	stop()
	for _, m := range methods() {
		t.Run(m.name, func(t *testing.T) { is(t, m.call(c, s), context.Canceled) })
	}
}

func canceledWaiting(t *testing.T, s community.Store) {
	eachDoor(t, s, func(d *desk, atomic atomically) {
		topic := d.start()
		must(d.T, atomic(ctx, func(ctx context.Context, tx forum.Store) error {
			_, err := tx.Topic(ctx, topic.ID)
			must(d.T, err)
			waiting, stop := context.WithTimeout(context.Background(), 100*time.Millisecond)
			defer stop()
			err = atomic(waiting, func(ctx context.Context, tx forum.Store) error {
				_, err := tx.Topic(ctx, topic.ID)
				return err
			})
			is(d.T, err, context.DeadlineExceeded)
			return nil
		}))
		d.do(forum.Recount{Topic: topic.ID})
	})
}

func goexit(t *testing.T, s community.Store) {
	eachDoor(t, s, func(d *desk, atomic atomically) {
		topic := d.newTopic()
		ended := make(chan error, 1)
		go func() {
			defer close(ended)
			_ = atomic(ctx, func(ctx context.Context, tx forum.Store) error {
				if err := tx.Apply(ctx, forum.InsertTopic{Topic: topic}); err != nil {
					ended <- err
				}
				runtime.Goexit()
				return nil
			})
		}()
		must(d.T, <-ended)
		_, err := d.f.Topic(ctx, topic.ID)
		is(d.T, err, storage.ErrNotFound)
		must(d.T, d.Apply(soon(d.T, ctx), forum.InsertTopic{Topic: topic}))
	})
}

// oddError is an error that a store might mistake for one of its own.
type oddError struct{ error }

func (oddError) Code() int        { return 5 }       // SQLITE_BUSY
func (oddError) SQLState() string { return "40001" } // serialization_failure

func fnError(t *testing.T, s community.Store) {
	eachDoor(t, s, func(d *desk, atomic atomically) {
		for _, want := range []error{errBoom, fmt.Errorf("host: %w", errBoom), storage.ErrNotFound, &storage.Invalid{Field: "body"}, &auth.Denied{}} {
			runs := 0
			err := atomic(ctx, func(context.Context, forum.Store) error { runs++; return want })
			if err != want { // itself, not something that wraps it
				d.Errorf("error = %v (%T), want %v (%T) itself", err, err, want, want)
			}
			same(d.T, runs, 1)
		}
		// The host's own error is no business of the store's, whatever it looks like.
		err := atomic(ctx, func(context.Context, forum.Store) error { return oddError{errBoom} })
		if odd := (oddError{}); !errors.As(err, &odd) {
			d.Errorf("error = %v (%T), want the function's own", err, err)
		}
	})
}
