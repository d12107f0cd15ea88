// SPDX-License-Identifier: BSD-3-Clause

package sqlstore

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/storage"
)

var (
	insertOnce = write{
		query:  `INSERT INTO {once} (owner, key, object, at, keep) VALUES ($1, $2, $3, $4, $5)`,
		unique: true, refused: storage.ErrExists,
	}
	insertEvent = write{
		query:  `INSERT INTO {events} (id, at, name, area, audience, data, due) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		unique: true, refused: storage.ErrExists,
	}
	settleEvent = write{
		query:   `UPDATE {events} SET handlers = $2, due = $3 WHERE id = $1`,
		refused: storage.ErrNotFound,
	}
	forgetKeys   = write{query: `DELETE FROM {once} WHERE NOT keep AND at < $1`}
	forgetEvents = write{query: `DELETE FROM {events} WHERE due IS NULL AND at < $1`}
	eraseKeys    = write{query: `DELETE FROM {once} WHERE owner = $1`}
	eraseInData  = write{query: `UPDATE {events} SET data = replace(data, $1, $2) WHERE data LIKE $3`}
)

// atOnce is when an event is due that was never claimed.
var atOnce = always(time.Unix(0, 0))

// storageSteps are the changes that every tool makes.
func storageSteps(steps []step, c storage.Change) ([]step, bool) {
	switch c := c.(type) {
	case storage.Once:
		return append(steps, do(&insertOnce, c.Owner, c.Key, c.Object, always(c.At), c.Keep)), true
	case storage.Event:
		return append(steps, do(&insertEvent, uuid.UUID(c.ID.Bytes()), always(c.At), c.Name, c.Area, int(c.Audience), string(c.Data), atOnce)), true
	case storage.Forget:
		return append(steps, do(&forgetKeys, always(c.Before)), do(&forgetEvents, always(c.Before))), true
	case storage.EraseUser:
		id := c.User.String()
		return append(steps, do(&eraseKeys, c.User), do(&eraseInData, id, uuid.Nil.String(), "%"+id+"%")), true
	case community.Settle:
		if len(c.Left) == 0 {
			return append(steps, do(&settleEvent, uuid.UUID(c.Event.Bytes()), nil, nil)), true
		}
		left, err := json.Marshal(c.Left)
		if err != nil {
			panic("sqlstore: names of handlers: " + err.Error()) // strings always marshal
		}
		return append(steps, do(&settleEvent, uuid.UUID(c.Event.Bytes()), string(left), always(c.Due))), true
	}
	return steps, false
}

var claimEvents = write{query: `
	WITH due AS (SELECT id FROM {events} WHERE due IS NOT NULL AND due <= $2 ORDER BY id LIMIT $3 {skip})
	UPDATE {events} SET due = $1, tries = tries + 1 WHERE id IN (SELECT id FROM due)
	RETURNING id, at, name, area, audience, handlers, tries, data`}

type delivery struct {
	community.Delivery
	area storage.ID[delivery]
	left text
	data text
}

// Claim implements [community.Store].
func (s Store) Claim(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]community.Delivery, error) {
	const op = "community.Claim"
	var found []delivery
	claim := step{op: op, w: &claimEvents, args: []any{always(now.Add(lease)), always(now), max(limit, 0)}}
	claim.read = into(&found, 8, func(d *delivery) []any {
		e := &d.Event
		return []any{&e.ID, (*moment)(&e.At), (*text)(&e.Name), &d.area, (*octet)(&e.Audience), &d.left, (*number)(&d.Tries), &d.data}
	}, "").Read
	if err := s.apply(ctx, op, []step{claim}); err != nil {
		return nil, err
	}
	out := make([]community.Delivery, len(found))
	for i, d := range found {
		d.Event.Area, d.Event.Data = d.area.Bytes(), json.RawMessage(d.data)
		if d.left != "" {
			if err := json.Unmarshal([]byte(d.left), &d.Left); err != nil {
				return nil, failed(op, err)
			}
		}
		out[i] = d.Delivery
	}
	slices.SortFunc(out, func(a, b community.Delivery) int { return a.Event.ID.Compare(b.Event.ID) })
	return out, nil
}
