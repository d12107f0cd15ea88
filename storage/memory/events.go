// SPDX-License-Identifier: BSD-3-Clause

package memory

import (
	"bytes"
	"math"
	"slices"
	"time"

	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/storage"
	"github.com/google/uuid"
)

// eventState is what the tools share: events and keys.
type eventState struct {
	events    tree[id, *event]
	waiting   tree[id, struct{}]       // the events that are not delivered
	delivered tree[aged[id], struct{}] // the others, for Forget
	onces     tree[named, *storage.Once]
	oncesAged tree[aged[named], struct{}] // those not kept, for Forget
}

// event is an event and what has become of it. It is never changed once put.
type event struct {
	storage.Event
	left  []string
	due   time.Time // zero: at once
	tries int
}

func (st *state) applyEvents(c storage.Change) (known bool, err error) {
	switch c := c.(type) {
	case storage.Once:
		return true, st.once(c)
	case storage.Event:
		return true, st.append(c)
	case storage.Forget:
		st.forget(instant(c.Before).UnixMicro())
		return true, nil
	case storage.EraseUser:
		st.eraseFromEvents(c.User)
		return true, nil
	case community.Settle:
		return true, st.settle(c)
	}
	return false, nil
}

func (st *state) once(o storage.Once) error {
	k := named{words(o.Owner), o.Key}
	if st.onces.has(k) {
		return storage.ErrExists
	}
	o.At = instant(o.At)
	st.onces.put(st.era, k, &o)
	if !o.Keep {
		st.oncesAged.put(st.era, aged[named]{o.At.UnixMicro(), k}, struct{}{})
	}
	return nil
}

func (st *state) append(e storage.Event) error {
	k := idOf(e.ID)
	if st.events.has(k) {
		return storage.ErrExists
	}
	e.At = instant(e.At)
	e.Data = slices.Clone(e.Data)
	st.events.put(st.era, k, &event{Event: e})
	st.waiting.put(st.era, k, struct{}{})
	return nil
}

func (st *state) forget(before int64) {
	var old []aged[id]
	for k := range st.delivered.from(aged[id]{at: math.MinInt64}) {
		if k.at >= before {
			break
		}
		old = append(old, k)
	}
	for _, k := range old {
		st.delivered.drop(st.era, k)
		st.events.drop(st.era, k.what)
	}
	var keys []aged[named]
	for k := range st.oncesAged.from(aged[named]{at: math.MinInt64}) {
		if k.at >= before {
			break
		}
		keys = append(keys, k)
	}
	for _, k := range keys {
		st.oncesAged.drop(st.era, k)
		st.onces.drop(st.era, k.what)
	}
}

func (st *state) eraseFromEvents(user uuid.UUID) {
	var keys []named
	for k := range st.onces.from(named{owner: words(user)}) {
		if k.owner != words(user) {
			break
		}
		keys = append(keys, k)
	}
	for _, k := range keys {
		o, _ := st.onces.get(k)
		st.oncesAged.drop(st.era, aged[named]{o.At.UnixMicro(), k})
		st.onces.drop(st.era, k)
	}
	text, none := []byte(user.String()), []byte(uuid.Nil.String())
	var changed []event
	for _, e := range st.events.from(id{}) {
		if bytes.Contains(e.Data, text) {
			changed = append(changed, *e)
		}
	}
	for _, e := range changed {
		e.Data = bytes.ReplaceAll(e.Data, text, none)
		st.events.put(st.era, idOf(e.ID), &e)
	}
}

// claim takes the waiting events that are due, oldest first.
func (st *state) claim(now time.Time, lease time.Duration, limit int) []community.Delivery {
	var taken []event
	for k := range st.waiting.from(id{}) {
		if len(taken) >= limit {
			break
		}
		if e, _ := st.events.get(k); !e.due.After(now) {
			taken = append(taken, *e)
		}
	}
	var out []community.Delivery
	for _, e := range taken {
		e.due = instant(now.Add(lease))
		e.tries++
		st.events.put(st.era, idOf(e.ID), &e)
		d := community.Delivery{Event: e.Event, Left: slices.Clone(e.left), Tries: e.tries}
		d.Event.Data = slices.Clone(e.Data)
		out = append(out, d)
	}
	return out
}

func (st *state) settle(c community.Settle) error {
	k := idOf(c.Event)
	old, ok := st.events.get(k)
	if !ok {
		return storage.ErrNotFound
	}
	e := *old
	e.left, e.due = slices.Clone(c.Left), instant(c.Due)
	aged := aged[id]{e.At.UnixMicro(), k}
	if len(c.Left) == 0 {
		st.waiting.drop(st.era, k)
		st.delivered.put(st.era, aged, struct{}{})
	} else {
		st.delivered.drop(st.era, aged)
		st.waiting.put(st.era, k, struct{}{})
	}
	st.events.put(st.era, k, &e)
	return nil
}
