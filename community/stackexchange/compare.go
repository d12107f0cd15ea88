// SPDX-License-Identifier: BSD-3-Clause

package stackexchange

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/storage"
)

// finish ends an import: it mends what the dump's history does not tell, and
// compares what is there now with what the dump says.
func (im *run) finish(ctx context.Context) error {
	for _, events := range im.waiting { // of posts without a text
		for _, e := range events {
			im.skip(e.does.String() + " of a post that is not in the dump")
		}
	}
	counted := map[string]int{}
	for _, id := range im.order {
		if err := ctx.Err(); err != nil {
			return err
		}
		p := im.posts[id]
		if p.parent != 0 {
			continue
		}
		tags, err := im.compare(ctx, id, p)
		if err != nil {
			return err
		}
		for _, t := range tags {
			counted[t]++
		}
	}
	for tag, n := range im.tags {
		if counted[tag] != n {
			im.report.Mismatches.TagCount++
		}
	}
	return nil
}

// shown is a question with all its answers, as a member reads it.
type shown struct {
	question qa.Question
	answers  map[qa.AnswerID]qa.Answer
}

func (im *run) show(ctx context.Context, s *qa.Service, id qa.QuestionID) (shown, error) {
	out := shown{answers: map[qa.AnswerID]qa.Answer{}}
	for a, err := range storage.All(ctx, func(after storage.Cursor) (storage.Page[qa.Answer], error) {
		page, err := s.Page(ctx, importer, qa.QuestionPage{Question: id, After: after, Limit: storage.MaxLimit})
		out.question = page.Question
		return page.Answers, err
	}) {
		if err != nil {
			return shown{}, err
		}
		out.answers[a.ID] = a
	}
	return out, nil
}

// compare mends a question, compares it, and returns its tags.
//
// The dump has no deleted posts: one whose last deletion has no undeletion in
// the history is restored. And it says which answer is accepted, whatever
// became of it meanwhile.
func (im *run) compare(ctx context.Context, id int64, p *post) ([]string, error) {
	var at qa.Post
	answers := map[qa.AnswerID]int64{}
	err := im.unit(ctx, func(ctx context.Context, w *writer) (err error) {
		clear(answers)
		if at, err = w.place(ctx, id, false); err != nil {
			return err
		}
		posts := []qa.Post{at}
		for _, answer := range im.answersOf(id) {
			a, err := w.place(ctx, answer, false)
			if errors.As(err, new(missing)) {
				continue
			}
			if err != nil {
				return err
			}
			posts, answers[a.Answer] = append(posts, a), answer
		}
		return w.mend(ctx, posts, answers, p.accepted)
	})
	if errors.As(err, new(missing)) {
		im.report.Mismatches.Missing += 1 + len(im.answersOf(id))
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	s, err := im.show(ctx, im.service(im.cfg.Store), at.Question)
	if err != nil {
		return nil, err
	}
	m, q := &im.report.Mismatches, s.question
	add := func(n *int, differs bool) {
		if differs {
			*n++
		}
	}
	add(&m.Score, int64(q.Votes.Score()) != p.score)
	add(&m.AnswerCount, int64(q.Answers) != p.answers)
	add(&m.CommentCount, int64(q.Comments) != p.comments)
	add(&m.Title, q.Title != p.title)
	add(&m.Tags, !slices.Equal(slices.Sorted(slices.Values(q.Tags)), slices.Sorted(slices.Values(tagsOf(p.tags)))))
	add(&m.Accepted, answers[q.Acceptance.Answer] != p.accepted)
	m.Missing += len(im.answersOf(id)) - len(answers)
	for made, answer := range answers {
		a, there := s.answers[made]
		if !there {
			m.Missing++
			continue
		}
		add(&m.Score, int64(a.Votes.Score()) != im.posts[answer].score)
		add(&m.CommentCount, int64(a.Comments) != im.posts[answer].comments)
	}
	return q.Tags, nil
}

// answersOf returns the numbers of a question's answers.
func (im *run) answersOf(id int64) []int64 {
	if im.below == nil {
		im.below = map[int64][]int64{}
		for _, n := range im.order {
			if above := im.posts[n].parent; above != 0 {
				im.below[above] = append(im.below[above], n)
			}
		}
	}
	return im.below[id]
}

// mend restores the posts of a question that were hidden on the site and are
// in its dump nevertheless, and accepts the answer that is accepted there. It
// does so once: what happened to them here since stays as it is.
func (w *writer) mend(ctx context.Context, posts []qa.Post, answers map[qa.AnswerID]int64, accepted int64) error {
	key := "mended " + posts[0].Question.String()
	if _, err := w.store.Done(ctx, w.owner, key); !errors.Is(err, storage.ErrNotFound) {
		return err
	}
	var last time.Time
	for _, at := range posts {
		pl, err := w.qa.Look(ctx, importer, at)
		if err != nil {
			return err
		}
		e := pl.Question.Entry
		if !at.Answer.IsZero() {
			e = pl.Answer.Entry
		}
		if last = later(later(last, e.CreatedAt), e.Removal.At); e.Removal.State == qa.Hidden && e.Removal.By.User == importer.User {
			w.at = last
			if err := w.qa.Restore(ctx, importer, at); err != nil {
				return err
			}
		}
	}
	for _, at := range posts[1:] {
		if id := answers[at.Answer]; id == accepted {
			w.at = last
			if err := w.accept(ctx, id, at); err != nil && refused(err) == "" {
				return err
			}
		}
	}
	return w.store.Apply(ctx, storage.Once{Owner: w.owner, Key: key, At: last, Keep: true})
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
