// SPDX-License-Identifier: BSD-3-Clause

package memory

import (
	"context"
	"math"
	"time"

	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
)

// waits puts a post that waits where it is found, or takes it from there.
func (st *state) waits(p forum.Post, since time.Time, r forum.Removal, put bool) {
	if r.State != forum.Held {
		return
	}
	of := postOf(p)
	k := aged[id]{since.UnixMicro(), of.id}
	if put {
		st.held.put(st.era, k, of)
	} else {
		st.held.drop(st.era, k)
	}
}

// heldCursor is the place of a post among those that wait.
type heldCursor struct {
	At int64 // microseconds
	ID forum.ReplyID
}

const heldList = "forum.held"

// Held implements [forum.Store].
func (f *forumStore) Held(ctx context.Context, q forum.HeldQuery) (storage.Page[forum.Place], error) {
	return read(ctx, f.s, "forum.Held", func(st *state) (page storage.Page[forum.Place], err error) {
		c := heldCursor{At: math.MinInt64}
		if q.After != "" {
			if err := storage.DecodeCursor(heldList, q.After, &c); err != nil {
				return page, err
			}
		}
		after, limit := aged[id]{c.At, idOf(c.ID)}, storage.Limit(q.Limit)
		for k, p := range st.held.from(after) {
			at := st.whole(p)
			talk, _ := st.topics.get(idOf(at.Topic))
			t := talk.topic
			if q.After != "" && k == after || !q.Reach.Covers(t.Area, t.Audience) {
				continue
			}
			pl := forum.Place{Topic: *t}
			pl.Reply, _ = row(st.replies, idOf(at.Reply))
			if !q.By.IsZero() && (at.Reply.IsZero() && t.By.User != q.By || !at.Reply.IsZero() && pl.Reply.By.User != q.By) {
				continue
			}
			if len(page.Items) == limit {
				page.Next = storage.EncodeCursor(heldList, c)
				break
			}
			if pl.Board, err = row(st.boards, idOf(t.Board)); err != nil {
				return page, err
			}
			page.Items = append(page.Items, pl)
			c = heldCursor{k.at, storageID[forum.Reply](k.what)}
		}
		return page, nil
	})
}
