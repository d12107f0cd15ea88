// SPDX-License-Identifier: BSD-3-Clause

// Package storetest checks that a store keeps its promises: those of package
// storage, and those that each tool writes beside its Store. Every adapter
// runs it; so can a host that writes one of its own.
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, func(t *testing.T) community.Store { return memory.New() }, storetest.Options{})
//	}
package storetest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
)

// Options says what cannot be asked of the store under test.
type Options struct {
	// OneCaller is set for stores joined to a host's transaction, which
	// serve one goroutine and never commit.
	OneCaller bool
}

// A promise is one sentence of the contract and the test that holds it.
type promise struct {
	name string
	rule string // printed when broken
	many bool   // asks for more than one caller, for the end of a transaction, or only for patience
	test func(t *testing.T, s community.Store)
}

// Run checks every promise against a new, empty store, many at the same time.
func Run(t *testing.T, open func(t *testing.T) community.Store, o Options) {
	for _, p := range promises() {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			if p.many && o.OneCaller {
				t.Skip("not asked of a store that serves one caller")
			}
			defer func() {
				if t.Failed() {
					t.Logf("broken promise: %s", p.rule)
				}
			}()
			p.test(t, open(t))
		})
	}
}

func promises() []promise {
	return slices.Concat(
		unitPromises, callerPromises, crowdPromises, onePromises,
		eventPromises, valuePromises, textPromises,
		boardPromises, topicPromises, replyPromises, markPromises, personPromises,
		listPromises, threadPromises, heldPromises, cursorPromises, failPromises,
		accountPromises, sessionPromises, membershipPromises, qaPromises, wikiPromises,
		slices.Concat(scenarios...),
	)
}

var ctx = context.Background()

// at returns a moment of the suite's day, n minutes in.
func at(n int) time.Time {
	return time.Date(2026, 3, 1, 10, 0, 0, 123456000, time.UTC).Add(time.Duration(n) * time.Minute)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// got is must for a call that returns a value.
func got[V any](v V, err error) func(t *testing.T) V {
	return func(t *testing.T) V {
		t.Helper()
		must(t, err)
		return v
	}
}

// is checks an error, and that it comes as storage says: in an [storage.Error]
// that names the operation, unless it is a context's.
func is(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("error = %v, want %v", err, want)
		return
	}
	var wrapped *storage.Error
	for _, sentinel := range []error{storage.ErrNotFound, storage.ErrExists, storage.ErrConflict, storage.ErrInvalid, storage.ErrTxDone, storage.ErrNested} {
		if want == sentinel && (!errors.As(err, &wrapped) || wrapped.Op == "") {
			t.Errorf("error %v (%T) does not name its operation", err, err)
		}
	}
}

// same compares two values field by field. Times must be equal in every
// respect: the same instant, in UTC, without a monotonic part.
func same[V any](t *testing.T, got, want V) {
	t.Helper()
	if d := differences("", reflect.ValueOf(got), reflect.ValueOf(want)); len(d) > 0 {
		t.Errorf("%T differs:\n\t%s", got, strings.Join(d, "\n\t"))
	}
}

// differences says where two values differ. An empty slice or map is as good
// as nil, but for the one of a [community.Delivery], where nil means all.
func differences(path string, got, want reflect.Value) []string {
	if got.IsValid() != want.IsValid() {
		return []string{fmt.Sprintf("%s: got %v, want %v", path, got, want)}
	}
	if got.IsValid() && got.Kind() == reflect.Struct && !isLeaf(got.Type()) {
		var all []string
		for i := range got.NumField() {
			all = append(all, differences(path+"."+got.Type().Field(i).Name, got.Field(i), want.Field(i))...)
		}
		return all
	}
	if got.IsValid() && got.Kind() == reflect.Slice && got.Type().Elem().Kind() != reflect.Uint8 {
		if got.Len() != want.Len() {
			return []string{fmt.Sprintf("%s: %d items, want %d\n\t  got  %+v\n\t  want %+v", path, got.Len(), want.Len(), got, want)}
		}
		var all []string
		for i := range got.Len() {
			all = append(all, differences(fmt.Sprintf("%s[%d]", path, i), got.Index(i), want.Index(i))...)
		}
		return all
	}
	if got.IsValid() && got.Kind() == reflect.Map && got.Len() == 0 && want.Len() == 0 {
		return nil
	}
	if !got.IsValid() || reflect.DeepEqual(got.Interface(), want.Interface()) {
		return nil
	}
	return []string{fmt.Sprintf("%s: got %#v, want %#v", path, show(got), show(want))}
}

// isLeaf reports whether a struct is compared as a whole.
func isLeaf(typ reflect.Type) bool {
	return typ == reflect.TypeFor[time.Time]() || typ.Name() == "" || strings.HasPrefix(typ.Name(), "ID[")
}

func show(v reflect.Value) any {
	if s, ok := v.Interface().(fmt.Stringer); ok {
		return s.String()
	}
	return v.Interface()
}

// fresh ids.
func newUser() auth.UserID { return storage.NewID[auth.User]() }
func newArea() auth.AreaID { return storage.NewID[auth.Area]() }
func newBy() auth.By       { return auth.By{User: newUser(), For: storage.NewID[auth.Org]()} }

// first is the post that opens a topic.
func first(t forum.TopicID) forum.Post { return forum.Post{Topic: t} }

// post names a reply.
func post(r forum.Reply) forum.Post { return forum.Post{Topic: r.Topic, Reply: r.ID} }

// A desk is a store with a board on it, and what tests do there most.
type desk struct {
	*testing.T
	community.Store
	f     forum.Store
	board forum.Board
	now   int // minutes of the suite's day; every writing takes one
}

// newDesk opens a board in the commons.
func newDesk(t *testing.T, s community.Store) *desk {
	t.Helper()
	return newDeskIn(t, s, auth.Commons)
}

func newDeskIn(t *testing.T, s community.Store, area auth.AreaID) *desk {
	t.Helper()
	d := &desk{T: t, Store: s, f: s.Forum()}
	d.board = d.newBoard(area, forum.BoardID{})
	d.do(forum.InsertBoard{Board: d.board})
	return d
}

// do applies changes that must succeed.
func (d *desk) do(changes ...storage.Change) {
	d.Helper()
	must(d.T, d.Apply(ctx, changes...))
}

// fails applies changes that must be refused with want, and checks that the
// refusal names the change at fault, the last one given.
func (d *desk) fails(want error, changes ...storage.Change) {
	d.Helper()
	err := d.Apply(ctx, changes...)
	is(d.T, err, want)
	names(d.T, err, changes[len(changes)-1].Change())
}

// names checks that an error names the operation that failed.
func names(t *testing.T, err error, op string) {
	t.Helper()
	var e *storage.Error
	if errors.As(err, &e) && e.Op != op {
		t.Errorf("error %v is said to be of %q, not of %q", err, e.Op, op)
	}
}

func (d *desk) tick() time.Time { d.now++; return at(d.now) }

func (d *desk) newBoard(area auth.AreaID, parent forum.BoardID) forum.Board {
	return forum.Board{
		ID: storage.NewID[forum.Board](), Area: area, Parent: parent, Audience: auth.Public, Promise: auth.Public,
		Name: "Appalti innovativi", CreatedAt: d.tick(), Version: 1,
	}
}

func (d *desk) newTopic() forum.Topic {
	now, by := d.tick(), newBy()
	return forum.Topic{
		ID: storage.NewID[forum.Topic](), Board: d.board.ID, Area: d.board.Area, Audience: auth.Public,
		By: by, Title: "Dialogo competitivo", Body: "Qualcuno l'ha già fatto?", CreatedAt: now,
		Text: forum.TextState{Revision: 1}, Version: 1, ActiveAt: now, LastBy: by,
	}
}

// start starts a topic and returns it.
func (d *desk) start() forum.Topic {
	d.Helper()
	topic := d.newTopic()
	d.do(forum.InsertTopic{Topic: topic})
	return topic
}

func (d *desk) newReply(topic forum.TopicID, parent forum.Reply) forum.Reply {
	return forum.Reply{
		ID: storage.NewID[forum.Reply](), Topic: topic, Parent: parent.ID, Depth: parent.Depth + 1,
		By: newBy(), Body: "Così è «perché» 👩‍⚖️", CreatedAt: d.tick(), Text: forum.TextState{Revision: 1}, Version: 1,
	}
}

// reply answers a topic, or the parent in it, and returns what the store made
// of it.
func (d *desk) reply(topic forum.TopicID, parent forum.Reply, with ...storage.Change) forum.Reply {
	d.Helper()
	return d.insert(d.newReply(topic, parent), parent, with...)
}

func (d *desk) insert(r, parent forum.Reply, with ...storage.Change) forum.Reply {
	d.Helper()
	r, err := d.f.InsertReply(ctx, r, parent.Path, d.topic(r.Topic).Version, with...)
	must(d.T, err)
	return r
}

func (d *desk) topic(id forum.TopicID) forum.Topic {
	d.Helper()
	return got(d.f.Topic(ctx, id))(d.T)
}

func (d *desk) getReply(id forum.ReplyID) forum.Reply {
	d.Helper()
	return got(d.f.Reply(ctx, id))(d.T)
}

// mark returns what a person has to do with a topic.
func (d *desk) mark(user auth.UserID, topic forum.TopicID) forum.Mark {
	d.Helper()
	for _, m := range got(d.f.Marks(ctx, user))(d.T) {
		if m.Topic == topic {
			return m
		}
	}
	return forum.Mark{}
}

// claims returns the events that wait, as a unit that is undone finds them.
func claims(t *testing.T, s community.Store) []community.Delivery {
	t.Helper()
	var all []community.Delivery
	errUndo := errors.New("undo")
	is(t, s.Atomic(ctx, func(ctx context.Context, tx community.Store) (err error) {
		all, err = tx.Claim(ctx, at(1e6), time.Hour, 10_000)
		must(t, err)
		return errUndo
	}), errUndo)
	return all
}

// event is some event that happened n minutes into the suite's day.
func event(n int) storage.Event {
	return storage.Event{
		ID: storage.NewID[storage.Event](), At: at(n), Name: "forum.replied",
		Area: auth.Commons.Bytes(), Audience: uint8(auth.Public), Data: []byte(`{"topic":"x"}`),
	}
}

var errBoom = errors.New("boom")
