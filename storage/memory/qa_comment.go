// SPDX-License-Identifier: BSD-3-Clause

package memory

import (
	"context"
	"math"

	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/storage"
)

func postOfComment(c *qa.Comment) qa.Post {
	return qa.Post{Question: c.Question, Answer: c.Answer, Comment: c.ID}
}

// commentedOn is what a comment is on.
func commentedOn(c *qa.Comment) qa.Post { return qa.Post{Question: c.Question, Answer: c.Answer} }

func noteOf(c *qa.Comment) remark {
	return remark{entryOf(commentedOn(c)), c.CreatedAt.UnixMicro(), idOf(c.ID)}
}

// setComment puts a comment in the place of another state of it on the same
// post, nil if it is new, and counts it there.
func (st *state) setComment(was, now *qa.Comment) {
	seen, n := 0, 1
	if was != nil {
		n = 0
		st.waitsQA(postOfComment(was), &was.Entry, false)
		if was.Removal.State == qa.Visible {
			seen--
		}
	}
	if now.Removal.State == qa.Visible {
		seen++
	}
	st.comments.put(st.era, idOf(now.ID), now)
	st.remarks.put(st.era, noteOf(now), now)
	st.waitsQA(postOfComment(now), &now.Entry, true)
	st.signEntry(postOfComment(now), &now.Entry)
	switch {
	case seen == 0 && n == 0:
	case now.Answer.IsZero():
		st.changeQuestion(idOf(now.Question), func(q *question) { q.Comments += seen; q.notes += n })
	default:
		st.countAnswer(idOf(now.Answer), func(a *answer) { a.Comments += seen; a.notes += n })
	}
}

func (st *state) insertComment(c qa.Comment) error {
	if !st.hasEntry(commentedOn(&c)) {
		return storage.ErrNotFound
	}
	if st.comments.has(idOf(c.ID)) {
		return storage.ErrExists
	}
	c.CreatedAt = instant(c.CreatedAt)
	cleanEntry(&c.Entry)
	st.setComment(nil, &c)
	return nil
}

func (st *state) updateComment(c qa.Comment) error {
	was, ok := st.comments.get(idOf(c.ID))
	if !ok {
		return storage.ErrNotFound
	}
	if was.Version != c.Version {
		return storage.ErrConflict
	}
	c.Version++
	c.Question, c.Answer, c.CreatedAt = was.Question, was.Answer, was.CreatedAt
	cleanEntry(&c.Entry)
	st.setComment(was, &c)
	return nil
}

// notesOn returns all comments on a post, the oldest first.
func (st *state) notesOn(p qa.Post) (all []*qa.Comment) {
	on := entryOf(p)
	for k, c := range st.remarks.from(remark{on: on, at: math.MinInt64}) {
		if k.on != on {
			break
		}
		all = append(all, c)
	}
	return all
}

// commentCursor is the place of a comment on its post.
type commentCursor struct {
	At int64 // microseconds
	ID qa.CommentID
}

func commentList(p qa.Post) string {
	return "qa.comments/" + p.Question.String() + "/" + p.Answer.String()
}

// Comments implements [qa.Store].
func (f qaStore) Comments(ctx context.Context, q qa.CommentQuery) (storage.Page[qa.Comment], error) {
	return read(ctx, f.s, "qa.Comments", func(st *state) (page storage.Page[qa.Comment], err error) {
		p := qa.Post{Question: q.Post.Question, Answer: q.Post.Answer}
		after := remark{on: entryOf(p), at: math.MinInt64}
		if q.After != "" {
			var c commentCursor
			if err := storage.DecodeCursor(commentList(p), q.After, &c); err != nil {
				return page, err
			}
			after.at, after.id = c.At, idOf(c.ID)
		}
		if !st.hasEntry(p) {
			return page, nil
		}
		of, _ := st.questions.get(idOf(p.Question))
		limit := storage.Limit(q.Limit)
		items := st.commentsShown(after, q.After != "", limit+1, shownTo(of, q.Reader, q.Moderate))
		return storage.Cut(items, limit, commentList(p), func(c qa.Comment) any { return commentCursor{c.CreatedAt.UnixMicro(), c.ID} }), nil
	})
}

// commentsShown returns the comments at a place and after it, or only after it.
func (st *state) commentsShown(at remark, only bool, limit int, shown func(*qa.Entry) bool) (items []qa.Comment) {
	for k, c := range st.remarks.from(at) {
		if k.on != at.on || len(items) == limit {
			break
		}
		if only && k == at || !shown(&c.Entry) {
			continue
		}
		items = append(items, *c)
	}
	return items
}
