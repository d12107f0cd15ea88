// SPDX-License-Identifier: BSD-3-Clause

package memory

import (
	"context"
	"math"
	"slices"

	"github.com/google/uuid"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/storage"
)

// hasEntry reports whether a post is there, where it says.
func (st *state) hasEntry(p qa.Post) bool {
	_, ok := st.placeOf(p)
	return ok
}

// seat is a post where it stands, as it is kept.
type seat struct {
	question *question
	answer   *answer     // nil for the question and comments on it
	comment  *qa.Comment // nil unless the post is one
}

// entry is what the post has in common with others.
func (s seat) entry() *qa.Entry {
	switch {
	case s.comment != nil:
		return &s.comment.Entry
	case s.answer != nil:
		return &s.answer.Entry
	}
	return &s.question.Entry
}

func (s seat) value() (p qa.Place) {
	p.Question = s.question.value()
	if s.answer != nil {
		p.Answer = s.answer.Answer
	}
	if s.comment != nil {
		p.Comment = *s.comment
	}
	return p
}

// placeOf finds a post, if it is where it says.
func (st *state) placeOf(p qa.Post) (s seat, ok bool) {
	if s.question, ok = st.questions.get(idOf(p.Question)); !ok {
		return s, false
	}
	if !p.Answer.IsZero() {
		if s.answer, ok = st.answers.get(idOf(p.Answer)); !ok || s.answer.Question != p.Question {
			return s, false
		}
	}
	if !p.Comment.IsZero() {
		if s.comment, ok = st.comments.get(idOf(p.Comment)); !ok || postOfComment(s.comment) != p {
			return s, false
		}
	}
	return s, true
}

// Place implements [qa.Store].
func (f qaStore) Place(ctx context.Context, q qa.PlaceQuery) (qa.Place, error) {
	return read(ctx, f.s, "qa.Place", func(st *state) (qa.Place, error) {
		s, ok := st.placeOf(q.Post)
		if !ok {
			return qa.Place{}, storage.ErrNotFound
		}
		p := s.value()
		if !q.Reader.IsZero() {
			p.Vote, _ = st.votes.get(ballot{idOf(q.Reader), entryOf(q.Post)})
		}
		return p, nil
	})
}

func (st *state) setVote(c qa.SetVote) error {
	if !c.Post.Comment.IsZero() || !st.hasEntry(c.Post) {
		return storage.ErrNotFound
	}
	k := ballot{idOf(c.User), entryOf(c.Post)}
	v, cast := st.votes.get(k)
	if v.Value != c.From {
		return storage.ErrConflict
	}
	if !cast {
		v.At = instant(c.At)
	}
	v.Value = c.To
	st.votes.put(st.era, k, v)
	st.countVote(c.Post, c.From, c.To)
	return nil
}

// countVote makes a vote on a post another one.
func (st *state) countVote(p qa.Post, from, to qa.Value) {
	if from == to {
		return
	}
	change := func(t *qa.Tally) {
		*votesOf(t, from)--
		*votesOf(t, to)++
	}
	if p.Answer.IsZero() {
		st.changeQuestion(idOf(p.Question), func(q *question) { change(&q.Votes) })
	} else {
		st.countAnswer(idOf(p.Answer), func(a *answer) { change(&a.Votes) })
	}
}

// votesOf is where votes of a value are counted.
func votesOf(t *qa.Tally, v qa.Value) *int {
	switch v {
	case qa.For:
		return &t.Up
	case qa.Against:
		return &t.Down
	}
	return new(int) // what is taken back counts nowhere
}

// Votes implements [qa.Store].
func (f qaStore) Votes(ctx context.Context, user auth.UserID) ([]qa.CastVote, error) {
	return read(ctx, f.s, "qa.Votes", func(st *state) (out []qa.CastVote, err error) {
		for _, k := range st.ballotsOf(user) {
			if v, _ := st.votes.get(k); v.Value != qa.None {
				out = append(out, qa.CastVote{Post: st.wholeEntry(k.entry), Vote: v})
			}
		}
		slices.SortFunc(out, func(a, b qa.CastVote) int { return comparePosts(a.Post, b.Post) })
		return out, nil
	})
}

func (st *state) ballotsOf(user auth.UserID) (all []ballot) {
	u := idOf(user)
	for k := range st.votes.from(ballot{user: u}) {
		if k.user != u || user.IsZero() {
			break
		}
		all = append(all, k)
	}
	return all
}

// wholeEntry returns a post with the question and the answer where it is now.
func (st *state) wholeEntry(e entry) qa.Post {
	switch e.kind {
	case anAnswer:
		a, _ := st.answers.get(e.id)
		return postOfAnswer(a)
	case aComment:
		c, _ := st.comments.get(e.id)
		return postOfComment(c)
	}
	return qa.Post{Question: storageID[qa.Question](e.id)}
}

func (st *state) setAuthor(c qa.SetAuthor) error {
	s, ok := st.placeOf(c.Post)
	if !ok {
		return storage.ErrNotFound
	}
	if s.entry().Version != c.Version {
		return storage.ErrConflict
	}
	st.changeEntry(c.Post, func(e *qa.Entry) {
		e.By = c.By
		e.Version++
	})
	k := ballot{idOf(c.By.User), entryOf(c.Post)}
	if v, ok := st.votes.get(k); ok && !c.By.User.IsZero() {
		st.votes.drop(st.era, k)
		st.countVote(c.Post, v.Value, qa.None)
	}
	return nil
}

// changeEntry changes what a post has in common with others as fn does.
func (st *state) changeEntry(p qa.Post, fn func(*qa.Entry)) {
	s, _ := st.placeOf(p)
	switch {
	case s.comment != nil:
		c := *s.comment
		fn(&c.Entry)
		st.setComment(s.comment, &c)
	case s.answer != nil:
		a := *s.answer
		fn(&a.Entry)
		st.setAnswer(s.answer, &a)
	default:
		q := *s.question
		fn(&q.Entry)
		if q.Answers == 0 {
			q.LastBy = q.By
		}
		st.setQuestion(s.question, &q)
	}
}

// waitsQA puts a post that waits where it is found, or takes it from there.
func (st *state) waitsQA(p qa.Post, e *qa.Entry, put bool) {
	if e.Removal.State != qa.Held {
		return
	}
	k := aged[entry]{e.CreatedAt.UnixMicro(), entryOf(p)}
	if put {
		st.qaHeld.put(st.era, k, p)
	} else {
		st.qaHeld.drop(st.era, k)
	}
}

// entryCursor is the place of a post among those that wait.
type entryCursor struct {
	At int64 // microseconds
	ID uuid.UUID
}

const entriesHeld = "qa.held"

// Held implements [qa.Store].
func (f qaStore) Held(ctx context.Context, q qa.HeldQuery) (storage.Page[qa.Place], error) {
	return read(ctx, f.s, "qa.Held", func(st *state) (page storage.Page[qa.Place], err error) {
		after := aged[entry]{at: math.MinInt64}
		if q.After != "" {
			var c entryCursor
			if err := storage.DecodeCursor(entriesHeld, q.After, &c); err != nil {
				return page, err
			}
			after = aged[entry]{c.At, entry{words(c.ID), anyKind}}
		}
		limit := storage.Limit(q.Limit)
		var end aged[entry]
		for k, p := range st.qaHeld.from(after) {
			s, _ := st.placeOf(p)
			if !q.Reach.Covers(s.question.Area, s.question.Audience) || !q.By.IsZero() && s.entry().By.User != q.By {
				continue
			}
			if len(page.Items) == limit {
				page.Next = storage.EncodeCursor(entriesHeld, entryCursor{end.at, end.what.id.uuid()})
				break
			}
			page.Items = append(page.Items, s.value())
			end = k
		}
		return page, nil
	})
}

// partsOfEntry returns the keys of what belongs to a post.
func partsOfEntry[V any](t tree[ofEntry, V], e entry) []ofEntry {
	var keys []ofEntry
	for k := range t.from(ofEntry{entry: e}) {
		if k.entry != e {
			break
		}
		keys = append(keys, k)
	}
	return keys
}

func (st *state) insertQARevision(r qa.Revision) error {
	if !st.hasEntry(r.Post) {
		return storage.ErrNotFound
	}
	k := ofEntry{entryOf(r.Post), id{lo: uint64(r.N)}}
	if st.qaRevisions.has(k) {
		return storage.ErrExists
	}
	r.At = instant(r.At)
	r.Tags, r.Themes = append([]string(nil), r.Tags...), append([]qa.ThemeID(nil), r.Themes...)
	st.qaRevisions.put(st.era, k, &r)
	st.sign(r.By.User, r.Post)
	return nil
}

func (st *state) deleteQARevisions(p qa.Post) {
	if !st.hasEntry(p) {
		return
	}
	for _, k := range partsOfEntry(st.qaRevisions, entryOf(p)) {
		st.qaRevisions.drop(st.era, k)
	}
}

// Revisions implements [qa.Store].
func (f qaStore) Revisions(ctx context.Context, p qa.Post) ([]qa.Revision, error) {
	return read(ctx, f.s, "qa.Revisions", func(st *state) (out []qa.Revision, err error) {
		if !st.hasEntry(p) {
			return nil, nil
		}
		of := entryOf(p)
		for k, r := range st.qaRevisions.from(ofEntry{entry: of}) {
			if k.entry != of {
				break
			}
			v := *r
			v.Post = p // an answer may have gone to another question since
			v.Tags, v.Themes = slices.Clone(r.Tags), slices.Clone(r.Themes)
			out = append(out, v)
		}
		return out, nil
	})
}

func (st *state) setQAMentions(c qa.SetMentions) error {
	if !st.hasEntry(c.Post) {
		return storage.ErrNotFound
	}
	of := entryOf(c.Post)
	for _, k := range partsOfEntry(st.qaMentions, of) {
		st.qaMentions.drop(st.era, k)
	}
	for _, u := range c.Users {
		st.qaMentions.put(st.era, ofEntry{of, idOf(u)}, struct{}{})
		st.sign(u, c.Post)
	}
	return nil
}
