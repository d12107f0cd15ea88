// SPDX-License-Identifier: BSD-3-Clause

package qa

import (
	"context"
	"errors"
	"slices"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// QuestionFilter selects questions to list. Zero fields select all; see [QuestionQuery].
type QuestionFilter struct {
	Area       auth.AreaID
	Tag        string  // or a synonym
	Theme      ThemeID // not with a Tag
	Author     auth.UserID
	Unanswered bool
	Bucket     int  // of Unanswered: only those that have reached this bucket of Config.Ages, from 1
	Removed    bool // nothing but for moderators
	Order      Order
	After      storage.Cursor
	Limit      int
}

// QuestionPage asks for one question with a page of its answers.
type QuestionPage struct {
	Question QuestionID
	After    storage.Cursor
	Limit    int
}

// CommentPage asks for the comments on a post.
type CommentPage struct {
	Post  Post // without Comment
	After storage.Cursor
	Limit int
}

// Where says where a permalink leads now.
type Where struct {
	Post  Post
	After storage.Cursor // of the page of answers that begins with the answer
}

// Questions lists the questions that the actor may read, without their bodies,
// and without what they are duplicates of. What the actor may not read, or may
// not ask for, is not there: no error, no gap in a page.
func (s *Service) Questions(ctx context.Context, who auth.Actor, in QuestionFilter) (storage.Page[Question], error) {
	const op = "qa.Questions"
	s, err := s.enter(ctx, op, "", who, Read)
	if err != nil {
		return storage.Page[Question]{}, err
	}
	q, err := s.query(ctx, who, in)
	var page storage.Page[Question]
	if err == nil {
		page, err = s.cfg.Store.Questions(ctx, q)
	}
	if err != nil {
		return storage.Page[Question]{}, storage.Refuse(op, "", err)
	}
	page.Items = mask(page.Items)
	return page, nil
}

// query is what a filter asks of the store for the actor.
func (s *Service) query(ctx context.Context, who auth.Actor, in QuestionFilter) (q QuestionQuery, err error) {
	q = QuestionQuery{
		Area: in.Area, Theme: in.Theme, Author: in.Author, Unanswered: in.Unanswered,
		Removed: in.Removed, Order: in.Order, After: in.After, Limit: in.Limit,
	}
	switch {
	case in.Order > Voted:
		return q, &storage.Invalid{Field: "order", Code: storage.CodeUnknown}
	case in.Tag != "" && !in.Theme.IsZero():
		return q, &storage.Invalid{Field: "theme", Code: storage.CodeMalformed}
	case in.Bucket < 0 || in.Bucket > len(s.cfg.Ages) || in.Bucket > 0 && !in.Unanswered:
		return q, &storage.Invalid{Field: "bucket", Code: storage.CodeUnknown}
	case in.Bucket > 0:
		q.Before = s.agedSince(in.Bucket, s.cfg.Clock.Now())
	}
	if in.Tag != "" {
		tag, err := tagForm("tag", in.Tag, MaxTag)
		if err != nil {
			return q, err
		}
		tags, err := s.resolve(ctx, []string{tag})
		if err != nil {
			return q, err
		}
		q.Tag = tags[0]
	}
	if in.Removed {
		q.Reach, err = s.moderates(ctx, who)
	} else {
		q.Reach, err = s.cfg.Auth.Reach(ctx, who, Read)
	}
	return q, err
}

// Page returns a question with a page of its answers, and the actor's votes. Of
// what was removed, the posts are there for their authors and for moderators.
//
// The page of a question that was merged into another has its own text and
// comments; its answers are on the page of the other. What the question is a
// duplicate of, or was merged into, is told to whoever may read that.
func (s *Service) Page(ctx context.Context, who auth.Actor, in QuestionPage) (Page, error) {
	const op = "qa.Page"
	object := Post{Question: in.Question}.String()
	s, err := s.enter(ctx, op, object, who, Read)
	if err != nil {
		return Page{}, err
	}
	page, err := s.page(ctx, who, in)
	if err != nil {
		return Page{}, storage.Refuse(op, object, err)
	}
	return page, nil
}

func (s *Service) page(ctx context.Context, who auth.Actor, in QuestionPage) (Page, error) {
	moderate, err := s.cfg.Auth.Reach(ctx, who, Moderate)
	if err != nil {
		return Page{}, err
	}
	read, err := s.cfg.Auth.Reach(ctx, who, Read)
	if err != nil {
		return Page{}, err
	}
	page, err := s.cfg.Store.Page(ctx, PageQuery{
		Question: in.Question, Reader: who.User, Moderate: moderate, Reach: read, After: in.After, Limit: in.Limit,
	})
	if errors.Is(err, storage.ErrInvalid) { // that a cursor is no good is told only to whoever may read the question
		if _, unread := s.question(ctx, who, in.Question); unread != nil {
			err = unread
		}
	}
	if err != nil {
		return Page{}, err
	}
	if err := s.readable(ctx, who, page.Question); err != nil {
		return Page{}, err
	}
	for _, other := range []*QuestionID{&page.Question.MergedInto, &page.Question.Closing.Of} {
		if *other != page.Original.ID {
			*other = QuestionID{}
		}
	}
	page.Original.MergedInto, page.Original.Closing.Of = QuestionID{}, QuestionID{} // its own page tells who may know
	page.Linked = mask(page.Linked)
	return page, nil
}

// Find says where a permalink to a post leads now, also after a merge.
func (s *Service) Find(ctx context.Context, who auth.Actor, p Post) (Where, error) {
	s, err := s.enter(ctx, "qa.Find", p.String(), who, Read)
	if err != nil {
		return Where{}, err
	}
	pl, err := s.look(ctx, who, p)
	if err != nil {
		return Where{}, storage.Refuse("qa.Find", p.String(), err)
	}
	return pl.where(), nil
}

// FindAnswer says where a permalink to an answer leads now, whatever question
// it was moved to.
func (s *Service) FindAnswer(ctx context.Context, who auth.Actor, id AnswerID) (Where, error) {
	s, err := s.enter(ctx, "qa.FindAnswer", Post{Answer: id}.String(), who, Read)
	if err != nil {
		return Where{}, err
	}
	pl, err := s.answer(ctx, who, id)
	if err != nil {
		return Where{}, storage.Refuse("qa.FindAnswer", Post{Answer: id}.String(), err)
	}
	return pl.where(), nil
}

func (pl Place) where() Where {
	w := Where{Post: pl.Post()}
	if !pl.Answer.ID.IsZero() {
		w.After = AnswerCursor(pl.Question.ID, pl.Answer.Key(pl.Question.Acceptance).before())
	}
	return w
}

// Look returns one post as it is, with the actor's vote on it, as for a form
// that changes it. One that was removed is [ErrRemoved] to whoever may not see
// its text.
func (s *Service) Look(ctx context.Context, who auth.Actor, p Post) (Place, error) {
	const op = "qa.Look"
	s, err := s.enter(ctx, op, p.String(), who, Read)
	if err != nil {
		return Place{}, err
	}
	pl, err := s.look(ctx, who, p)
	if err == nil {
		err = s.shown(ctx, who, pl)
	}
	if err == nil {
		err = s.veil(ctx, who, &pl.Question)
	}
	if err != nil {
		return Place{}, storage.Refuse(op, p.String(), err)
	}
	return pl, nil
}

// Comments lists the comments on a question or an answer, oldest first. Of
// those removed, the actor's own are there, and all for moderators.
func (s *Service) Comments(ctx context.Context, who auth.Actor, in CommentPage) (storage.Page[Comment], error) {
	const op = "qa.Comments"
	s, err := s.enter(ctx, op, in.Post.String(), who, Read)
	if err != nil {
		return storage.Page[Comment]{}, err
	}
	page, err := s.comments(ctx, who, in)
	if err != nil {
		return storage.Page[Comment]{}, storage.Refuse(op, in.Post.String(), err)
	}
	return page, nil
}

func (s *Service) comments(ctx context.Context, who auth.Actor, in CommentPage) (storage.Page[Comment], error) {
	var none storage.Page[Comment]
	if in.Post.kind() == aComment {
		return none, &storage.Invalid{Field: "post", Code: storage.CodeMalformed}
	}
	pl, err := s.look(ctx, who, in.Post)
	if err != nil {
		return none, err
	}
	if err := s.shown(ctx, who, pl); err != nil {
		return none, err
	}
	moderate, err := s.cfg.Auth.Reach(ctx, who, Moderate)
	if err != nil {
		return none, err
	}
	return s.cfg.Store.Comments(ctx, CommentQuery{Post: pl.Post(), Reader: who.User, Moderate: moderate, After: in.After, Limit: in.Limit})
}

// Revisions returns every text that a post had, oldest first; the last is the
// present one. Of a post that was removed, they are there for whoever may see
// its text ([ErrRemoved]).
func (s *Service) Revisions(ctx context.Context, who auth.Actor, p Post) ([]Revision, error) {
	const op = "qa.Revisions"
	s, err := s.enter(ctx, op, p.String(), who, Read)
	if err != nil {
		return nil, err
	}
	pl, err := s.look(ctx, who, p)
	if err == nil {
		err = s.shown(ctx, who, pl)
	}
	var all []Revision
	if err == nil {
		all, err = s.cfg.Store.Revisions(ctx, pl.Post())
	}
	if err != nil {
		return nil, storage.Refuse(op, p.String(), err)
	}
	now := pl.text()
	all = slices.DeleteFunc(all, func(r Revision) bool { return r.N >= now.N }) // it was edited meanwhile
	return append(all, now), nil
}
