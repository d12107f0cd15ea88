// SPDX-License-Identifier: BSD-3-Clause

package storetest

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/storage"
)

var qaCrowdPromises = []promise{
	{"QA/Crowd/Votes", "a thousand votes on one post at once are all counted, each once", true, qaVotesRace},
	{"QA/Crowd/OneVoter", "of many votes of one person that start from the same one, one is made", true, qaOneVoterRace},
	{"QA/Crowd/Flips", "whoever looks and votes, again upon ErrConflict, leaves tallies that equal a recount", true, qaFlipRace},
	{"QA/Crowd/Accept", "of many acceptances of one version one is made, and names what it says", true, qaAcceptRace},
	{"QA/Crowd/Decide", "of many decisions on one suggestion one is made", true, qaDecideRace},
	{"QA/Crowd/Most", "however many suggestions of one person are made at once, no more than Most wait", true, qaMostRace},
	{"QA/Crowd/Merge", "answers that move while others vote, remark and answer are lost nowhere, and counted where they are", true, qaMergeRace},
	{"QA/Crowd/MoveTwice", "answers that move to and fro at once wait for nobody for ever", true, qaMoveRace},
	{"QA/Crowd/Answered", "what is held to the answers there were is made before the next one, or not at all", true, qaAnsweredRace},
	{"QA/Crowd/Counters", "answers and comments that come and go at once are counted as a recount has them", true, qaCounterRace},
	{"QA/Crowd/ReadModifyWrite", "units that read the same question, place or suggestion run one after the other", true, qaReadModifyWrite},
	{"QA/Crowd/Snapshot", "a page is read as it was at one moment", true, qaSnapshot},
	{"QA/Crowd/Tags", "questions with the same tags and words at once are all found and counted", true, qaTagsRace},
}

func qaVotesRace(t *testing.T, s community.Store) {
	h := newHelpdesk(t, s)
	q := h.asks(nil)
	a := h.answers(q, nil)
	const n = 1000 / callers
	var users [callers][n]auth.UserID
	for caller := range callers {
		for i := range n {
			users[caller][i] = newUser()
			h.voters = append(h.voters, users[caller][i])
		}
	}
	crowd(t, n, func(caller, i int) error {
		return s.Apply(ctx, qa.SetVote{Post: ofAnswer(a), User: users[caller][i], To: []qa.Value{qa.For, qa.For, qa.Against}[i%3], At: at(i)},
			qa.AnswerAt{Question: q.ID, Answer: a.ID, Version: 1})
	})
	against := callers * (n / 3)
	same(t, h.tally(ofAnswer(a)), qa.Tally{Up: 1000 - against, Down: against})
	h.recount(q.ID)
}

func qaOneVoterRace(t *testing.T, s community.Store) {
	h := newHelpdesk(t, s)
	q := h.asks(nil)
	now := qa.None
	user := newUser()
	h.voters = append(h.voters, user)
	for _, next := range []qa.Value{qa.For, qa.Against, qa.None, qa.Against} {
		same(t, winners(t, func(caller int) error {
			return s.Apply(ctx, qa.SetVote{Post: ofQuestion(q), User: user, From: now, To: next, At: at(caller)})
		}, storage.ErrConflict), 1)
		now = next
		same(t, h.place(ofQuestion(q), user).Vote.Value, now)
		h.recount(q.ID)
	}
}

func qaFlipRace(t *testing.T, s community.Store) {
	h := newHelpdesk(t, s)
	q := h.asks(nil)
	a := h.answers(q, nil)
	h.voters = []auth.UserID{newUser(), newUser(), newUser()}
	crowd(t, each, func(caller, i int) error {
		p, user := []qa.Post{ofQuestion(q), ofAnswer(a)}[(caller+i)%2], h.voters[(caller*3+i)%3]
		for {
			pl, err := s.QA().Place(ctx, qa.PlaceQuery{Post: p, Reader: user})
			if err == nil {
				err = s.Apply(ctx, qa.SetVote{Post: p, User: user, From: pl.Vote.Value, To: qa.Value((caller+i*i)%3 - 1), At: at(i)})
			}
			if !errors.Is(err, storage.ErrConflict) {
				return err
			}
		}
	})
	h.recount(q.ID)
}

func qaAcceptRace(t *testing.T, s community.Store) {
	h := newHelpdesk(t, s)
	q := h.asks(nil)
	var all [callers]qa.Acceptance
	for caller := range callers {
		all[caller] = qa.Acceptance{Answer: h.answers(q, nil).ID, Revision: 1, By: newBy(), Capacity: qa.Asker, At: at(caller)}
	}
	for round := range 3 {
		won := int32(-1)
		same(t, winners(t, func(caller int) error {
			err := s.Apply(ctx, qa.Accept{Question: q.ID, Version: round + 1, Acceptance: all[caller]}, event(caller))
			if err == nil {
				atomic.StoreInt32(&won, int32(caller))
			}
			return err
		}, storage.ErrConflict), 1)
		same(t, h.question(q.ID).Acceptance, all[won])
		same(t, h.page(qa.PageQuery{Question: q.ID}).Answers.Items[0].ID, all[won].Answer)
		same(t, len(claims(t, s)), round+1)
	}
}

func qaDecideRace(t *testing.T, s community.Store) {
	h := newHelpdesk(t, s)
	q := h.asks(nil)
	for range 5 {
		v := h.suggests(ofQuestion(q), nil)
		same(t, winners(t, func(caller int) error {
			next := v
			next.State, next.Decided, next.EndedAt = qa.Decision(caller%3+1), newBy(), at(caller)
			return s.Apply(ctx, qa.UpdateSuggestion{Suggestion: next})
		}, storage.ErrConflict), 1)
		same(t, got(h.q.Suggestion(ctx, v.ID))(t).Version, 2)
	}
}

func qaMostRace(t *testing.T, s community.Store) {
	h := newHelpdesk(t, s)
	q := h.asks(nil)
	a := h.answers(q, nil)
	const most = callers / 2
	for range 3 {
		me := newBy()
		var all [callers]qa.Suggestion
		for caller := range callers {
			all[caller] = h.newSuggestion([]qa.Post{ofQuestion(q), ofAnswer(a), ofQuestion(h.asks(nil))}[caller%3])
			all[caller].By = me
		}
		same(t, winners(t, func(caller int) error {
			return s.Apply(ctx, qa.InsertSuggestion{Suggestion: all[caller], Most: most})
		}, storage.ErrConflict), most)
		same(t, len(got(h.q.Suggestions(ctx, qa.SuggestionQuery{Reach: auth.Everything, By: me.User, Pending: true}))(t).Items), most)
	}
}

// qaMergeRace has one caller move all answers of a question while others work
// on them, as [qa.Service.Merge] and those beside it do: each again upon
// ErrConflict, or when what they look for has gone elsewhere.
func qaMergeRace(t *testing.T, s community.Store) {
	for range 3 {
		h := newHelpdesk(t, s)
		from, into := h.asks(nil), h.asks(nil)
		var answers []qa.Answer
		for range 5 {
			answers = append(answers, h.answers(from, nil))
		}
		var fresh [callers][each / 5]qa.Answer
		var remarks [callers][each / 5]qa.Comment
		for caller := range callers {
			for i := range each / 5 {
				fresh[caller][i], remarks[caller][i] = h.newAnswer(from), h.newComment(ofAnswer(answers[i%5]))
				h.voters = append(h.voters, newUser())
			}
		}
		crowd(t, each/5, func(caller, i int) error {
			user := h.voters[caller*each/5+i]
			for {
				q, err := s.QA().Question(ctx, from.ID)
				if err != nil {
					return err
				}
				at, target := from.ID, answers[(caller+i)%5].ID
				if !q.MergedInto.IsZero() {
					at = into.ID
				}
				switch {
				case caller == 0 && i == 0: // the merge
					moving, _, err := s.QA().Below(ctx, from.ID)
					if err != nil {
						return err
					}
					q.MergedInto = into.ID
					changes := []storage.Change{qa.AnsweredAt{Question: from.ID, Version: q.Version, Answers: len(moving)}, qa.UpdateQuestion{Question: q}}
					for _, a := range moving {
						changes = append(changes, qa.MoveAnswer{Answer: a.ID, To: into.ID})
					}
					if err := s.Apply(ctx, changes...); !errors.Is(err, storage.ErrConflict) && !errors.Is(err, storage.ErrNotFound) {
						return err
					}
					continue
				case caller%3 == 0:
					err = s.Apply(ctx, qa.SetVote{Post: qa.Post{Question: at, Answer: target}, User: user, To: qa.For, At: q.CreatedAt})
				case caller%3 == 1:
					a := fresh[caller][i]
					a.Question = at
					version := q.Version
					if at == into.ID {
						version = 1
					}
					err = s.Apply(ctx, qa.QuestionAt{Question: at, Version: version}, qa.InsertAnswer{Answer: a})
				default:
					c := remarks[caller][i]
					c.Question, c.Answer = at, target
					err = s.Apply(ctx, qa.InsertComment{Comment: c})
				}
				if !errors.Is(err, storage.ErrConflict) && !errors.Is(err, storage.ErrNotFound) {
					return err
				}
			}
		})
		h.recount(from.ID, into.ID)
		left, lost := h.below(from.ID)
		there, comments := h.below(into.ID)
		same(t, len(left)+len(lost), 0)
		made := 0
		for caller := range callers {
			if caller%3 == 1 {
				made += each / 5
			}
		}
		same(t, len(there), 5+made)
		votes := 0
		for _, a := range there {
			votes += a.Votes.Up
		}
		same(t, votes+len(comments)+made, callers*(each/5)-1)
	}
}

func qaMoveRace(t *testing.T, s community.Store) {
	h := newHelpdesk(t, s)
	questions := []qa.Question{h.asks(nil), h.asks(nil), h.asks(nil)}
	var answers []qa.Answer
	for i := range callers {
		answers = append(answers, h.answers(questions[i%3], nil))
	}
	crowd(t, each/5, func(caller, i int) error {
		return s.Apply(ctx, qa.MoveAnswer{Answer: answers[caller].ID, To: questions[(caller+i+1)%3].ID})
	})
	h.recount(questions[0].ID, questions[1].ID, questions[2].ID)
	n := 0
	for _, q := range questions {
		n += h.question(q.ID).Answers
	}
	same(t, n, callers)
}

// qaAnsweredRace has the author of a question delete it as long as nobody has
// answered, while others answer what is still there.
func qaAnsweredRace(t *testing.T, s community.Store) {
	h := newHelpdesk(t, s)
	for range each {
		q := h.asks(nil)
		var fresh [callers]qa.Answer
		for caller := range callers {
			fresh[caller] = h.newAnswer(q)
		}
		gone := q
		gone.Removal = qa.Removal{State: qa.Deleted, At: at(1), By: q.By}
		var deleted atomic.Bool
		crowd(t, 1, func(caller, _ int) error {
			var err error
			if caller == callers/2 {
				err = s.Apply(ctx, qa.AnsweredAt{Question: q.ID, Version: 1, Answers: 0}, qa.UpdateQuestion{Question: gone})
				deleted.Store(err == nil)
			} else {
				err = s.Apply(ctx, qa.QuestionAt{Question: q.ID, Version: 1}, qa.InsertAnswer{Answer: fresh[caller]})
			}
			if errors.Is(err, storage.ErrConflict) {
				return nil
			}
			return err
		})
		now := h.question(q.ID)
		if deleted.Load() != (now.Answers == 0) {
			t.Fatalf("deleted %v, with %d answers", deleted.Load(), now.Answers)
		}
		h.recount(q.ID)
	}
}

func qaCounterRace(t *testing.T, s community.Store) {
	h := newHelpdesk(t, s)
	q, next := h.asks(nil), h.asks(nil)
	var answers [callers]qa.Answer
	var posts [callers]qa.Post
	var fresh [callers][each]qa.Answer
	var remarks [callers][each]qa.Comment
	for caller := range callers {
		answers[caller] = h.answers(q, nil)
		posts[caller] = ofAnswer(answers[caller])
		for i := range each {
			fresh[caller][i], remarks[caller][i] = h.newAnswer(q), h.newComment(ofQuestion(q))
			if i%2 == 0 {
				remarks[caller][i] = h.newComment(posts[caller])
			}
			if i%5 == 0 {
				remarks[caller][i].Removal.State = qa.Held
			}
		}
	}
	crowd(t, each, func(caller, i int) error {
		switch (caller + i) % 5 {
		case 0:
			return s.Apply(ctx, qa.InsertAnswer{Answer: fresh[caller][i]})
		case 1, 2:
			return s.Apply(ctx, qa.InsertComment{Comment: remarks[caller][i]})
		case 3:
			return s.Apply(ctx, qa.SetVote{Post: posts[(caller+1)%callers], User: h.numbered(caller, i), To: qa.For, At: at(i)})
		default: // its own one comes and goes
			answers[caller].Removal.State = qa.State(i % 2 * int(qa.Hidden))
			err := s.Apply(ctx, qa.UpdateAnswer{Answer: answers[caller]})
			answers[caller].Version++
			return err
		}
	})
	for caller := range callers {
		for i := range each {
			h.voters = append(h.voters, h.numbered(caller, i))
		}
	}
	h.recount(q.ID, next.ID)
}

// numbered is somebody by two numbers.
func (h *helpdesk) numbered(caller, i int) auth.UserID {
	return storage.MakeID[auth.User]([16]byte{0: 7, 14: byte(caller), 15: byte(i)})
}

func qaReadModifyWrite(t *testing.T, s community.Store) {
	h := newHelpdesk(t, s)
	q := h.asks(func(q *qa.Question) { q.Title = "0" })
	a := h.answers(q, nil)
	v := h.suggests(ofAnswer(a), func(v *qa.Suggestion) { v.Title = "0" })
	c := h.remarks(ofAnswer(a), nil)
	plus := func(title string) string { n, _ := strconv.Atoi(title); return strconv.Itoa(n + 1) }
	crowd(t, each/5, func(caller, i int) error {
		return s.QA().Atomic(ctx, func(ctx context.Context, tx qa.Store) error {
			var now qa.Question
			var err error
			if p := []qa.Post{ofQuestion(q), ofAnswer(a), ofComment(c)}; (caller+i)%4 < 3 {
				var pl qa.Place
				pl, err = tx.Place(ctx, qa.PlaceQuery{Post: p[(caller+i)%4]})
				now = pl.Question
			} else {
				now, err = tx.Question(ctx, q.ID)
			}
			if err != nil {
				return err
			}
			now.Title = plus(now.Title)
			return tx.Apply(ctx, qa.UpdateQuestion{Question: now})
		})
	})
	same(t, h.question(q.ID).Title, strconv.Itoa(callers*each/5))
	crowd(t, each/5, func(int, int) error {
		return s.QA().Atomic(ctx, func(ctx context.Context, tx qa.Store) error {
			now, err := tx.Suggestion(ctx, v.ID)
			if err != nil {
				return err
			}
			now.Title = plus(now.Title)
			return tx.Apply(ctx, qa.UpdateSuggestion{Suggestion: now})
		})
	})
	same(t, got(h.q.Suggestion(ctx, v.ID))(t).Title, strconv.Itoa(callers*each/5))
}

func qaSnapshot(t *testing.T, s community.Store) {
	h := newHelpdesk(t, s)
	q := h.asks(nil)
	var answers [2 * each]qa.Answer
	for i := range answers {
		answers[i] = h.newAnswer(q)
	}
	written := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		defer close(written)
		for i, a := range answers {
			if err := s.Apply(ctx, qa.InsertAnswer{Answer: a}, qa.InsertComment{Comment: h.newComment(ofAnswer(a))},
				qa.SetVote{Post: ofAnswer(answers[i/2]), User: newUser(), To: qa.For, At: at(1)}); err != nil {
				t.Error(err)
			}
		}
	})
	for range 3 {
		wg.Go(func() {
			for more := true; more; {
				select {
				case <-written:
					more = false
				default:
				}
				page, err := s.QA().Page(ctx, qa.PageQuery{Question: q.ID, Limit: 100})
				if err != nil {
					t.Error(err)
					return
				}
				n, votes, comments := len(page.Answers.Items), 0, 0
				for _, a := range page.Answers.Items {
					votes += a.Votes.Up
					comments += len(page.Comments[ofAnswer(a)])
				}
				if n != page.Question.Answers || votes != n || comments != n {
					t.Errorf("a question that counts %d answers is shown with %d, %d votes and %d comments", page.Question.Answers, n, votes, comments)
					return
				}
			}
		})
	}
	wg.Wait()
}

func qaTagsRace(t *testing.T, s community.Store) {
	h := newHelpdesk(t, s)
	var fresh [callers][each]qa.Question
	for caller := range callers {
		for i := range each {
			fresh[caller][i] = h.newQuestion()
			fresh[caller][i].Tags = []string{"gara", fmt.Sprint("t", i%5)}
			if caller%2 == 1 {
				fresh[caller][i].Tags = []string{fmt.Sprint("t", i%5), "gara"}
			}
		}
	}
	crowd(t, each, func(caller, i int) error {
		q := fresh[caller][i]
		if err := s.Apply(ctx, qa.InsertQuestion{Question: q, Words: []string{"bando"}}); err != nil || i%2 == 0 {
			return err
		}
		q.Tags = q.Tags[:1]
		return s.Apply(ctx, qa.UpdateQuestion{Question: q, Words: []string{"bando"}})
	})
	counts := map[string]int{}
	for _, q := range h.list(qa.QuestionQuery{Reach: everything, Limit: 100}) {
		for _, tag := range q.Tags {
			counts[tag]++
		}
	}
	tags := h.tags(qa.TagQuery{Reach: everything})
	same(t, len(tags), len(counts))
	for _, tag := range tags {
		same(t, tag.Questions, counts[tag.Tag])
	}
}
