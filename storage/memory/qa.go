// SPDX-License-Identifier: BSD-3-Clause

package memory

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/storage"
)

// qaState is what is kept of questions. Rows are never changed once put, so
// several trees may hold the same one.
type qaState struct {
	questions tree[id, *question]
	shelves   tree[spot, struct{}] // where questions are found
	tagged    tree[tagSpot, int]   // how many questions that are listed have a tag
	origins   tree[originKey, struct{}]
	offers    tree[pair, struct{}] // by question and person
	offersTo  tree[pair, struct{}] // by person and question
	synonyms  tree[word, string]   // by the tag that stands for another

	answers   tree[id, *answer]
	answersTo tree[answerSpot, *answer] // in the order of pages
	arrivals  tree[rank, struct{}]      // of those visible, by question, the newest first
	comments  tree[id, *qa.Comment]
	remarks   tree[remark, *qa.Comment] // by post, the oldest first

	votes       tree[ballot, qa.Vote]
	qaHeld      tree[aged[entry], qa.Post]  // posts that wait for a moderator
	qaRevisions tree[ofEntry, *qa.Revision] // by number
	qaMentions  tree[ofEntry, struct{}]     // by who is mentioned
	suggestions tree[id, *qa.Suggestion]
	desks       tree[spot, struct{}] // where suggestions are found

	// Every post that names a person in one of its rows, and some that did
	// once: whoever reads looks whether it still does.
	signed tree[signature, qa.Post]
}

// qaStore is a [qa.Store] on a Store.
type qaStore struct{ s Store }

var _ qa.Store = qaStore{}

// Atomic implements [qa.Store].
func (f qaStore) Atomic(ctx context.Context, fn func(context.Context, qa.Store) error) error {
	return f.s.atomic(ctx, func(ctx context.Context, tx Store) error { return fn(ctx, qaStore{tx}) })
}

// Apply implements [storage.Writer].
func (f qaStore) Apply(ctx context.Context, changes ...storage.Change) error {
	return f.s.Apply(ctx, changes...)
}

// Done implements [storage.Writer].
func (f qaStore) Done(ctx context.Context, owner uuid.UUID, key string) (uuid.UUID, error) {
	return f.s.Done(ctx, owner, key)
}

// qaTexts are the texts of a change.
func qaTexts(c storage.Change) []string {
	entry := func(e qa.Entry) []string { return []string{e.Body, e.Text.Why, e.Removal.Why} }
	question := func(q qa.Question, words []string) []string {
		return append(slices.Concat(entry(q.Entry), q.Tags, words), q.Title, q.Origin.Kind, q.Closing.Why)
	}
	suggestion := func(s qa.Suggestion) []string {
		return append(slices.Clone(s.Tags), s.Title, s.Body, s.Why, s.Reason)
	}
	switch c := c.(type) {
	case qa.InsertQuestion:
		return question(c.Question, c.Words)
	case qa.UpdateQuestion:
		return question(c.Question, c.Words)
	case qa.InsertAnswer:
		return entry(c.Answer.Entry)
	case qa.UpdateAnswer:
		return entry(c.Answer.Entry)
	case qa.InsertComment:
		return entry(c.Comment.Entry)
	case qa.UpdateComment:
		return entry(c.Comment.Entry)
	case qa.InsertRevision:
		return append(slices.Clone(c.Revision.Tags), c.Revision.Title, c.Revision.Body, c.Revision.Why)
	case qa.InsertSuggestion:
		return suggestion(c.Suggestion)
	case qa.UpdateSuggestion:
		return suggestion(c.Suggestion)
	case qa.PutSynonym:
		return []string{c.Synonym.From, c.Synonym.To}
	case qa.DropSynonym:
		return []string{c.From}
	}
	return nil
}

func (st *state) applyQA(c storage.Change) (known bool, err error) {
	if err := checkText(qaTexts(c)...); err != nil {
		return true, err
	}
	switch c := c.(type) {
	case qa.InsertQuestion:
		err = st.insertQuestion(c)
	case qa.UpdateQuestion:
		err = st.updateQuestion(c)
	case qa.QuestionAt:
		_, err = st.questionAt(c.Question, c.Version)
	case qa.AnsweredAt:
		var q *question
		if q, err = st.questionAt(c.Question, c.Version); err == nil && q.Answers != c.Answers {
			err = storage.ErrConflict
		}
	case qa.AnswerAt:
		if a, ok := st.answers.get(idOf(c.Answer)); !ok || a.Question != c.Question {
			err = storage.ErrNotFound
		} else if a.Version != c.Version {
			err = storage.ErrConflict
		}
	case qa.InsertAnswer:
		err = st.insertAnswer(c.Answer)
	case qa.UpdateAnswer:
		err = st.updateAnswer(c.Answer)
	case qa.MoveAnswer:
		err = st.moveAnswer(c)
	case qa.InsertComment:
		err = st.insertComment(c.Comment)
	case qa.UpdateComment:
		err = st.updateComment(c.Comment)
	case qa.Accept:
		err = st.accept(c)
	case qa.SetVote:
		err = st.setVote(c)
	case qa.SetAuthor:
		err = st.setAuthor(c)
	case qa.InsertRevision:
		err = st.insertQARevision(c.Revision)
	case qa.DeleteRevisions:
		st.deleteQARevisions(c.Post)
	case qa.SetMentions:
		err = st.setQAMentions(c)
	case qa.InsertSuggestion:
		err = st.insertSuggestion(c)
	case qa.UpdateSuggestion:
		err = st.updateSuggestion(c.Suggestion)
	case qa.PutSynonym:
		st.synonyms.put(st.era, word(c.Synonym.From), c.Synonym.To)
	case qa.DropSynonym:
		if !st.synonyms.has(word(c.From)) {
			return true, storage.ErrNotFound
		}
		st.synonyms.drop(st.era, word(c.From))
	case qa.SetOffers:
		err = st.setOffers(c)
	case qa.DropOffer:
		st.dropOffer(idOf(c.Question), idOf(c.User))
	case qa.EraseUser:
		st.eraseFromQA(c.User)
	default:
		return false, nil
	}
	return true, err
}

func (st *state) questionAt(q qa.QuestionID, version int) (*question, error) {
	v, ok := st.questions.get(idOf(q))
	if !ok {
		return nil, storage.ErrNotFound
	}
	if v.Version != version {
		return nil, storage.ErrConflict
	}
	return v, nil
}

// Synonyms implements [qa.Store].
func (f qaStore) Synonyms(ctx context.Context, tags []string) ([]qa.Synonym, error) {
	return read(ctx, f.s, "qa.Synonyms", func(st *state) (out []qa.Synonym, err error) {
		if tags == nil {
			for from, to := range st.synonyms.from("") {
				out = append(out, qa.Synonym{From: string(from), To: to})
			}
			return out, nil
		}
		tags = slices.Clone(tags)
		slices.Sort(tags)
		for _, from := range slices.Compact(tags) {
			if to, ok := st.synonyms.get(word(from)); ok {
				out = append(out, qa.Synonym{From: from, To: to})
			}
		}
		return out, nil
	})
}

func (st *state) setOffers(c qa.SetOffers) error {
	q := idOf(c.Question)
	if !st.questions.has(q) {
		return storage.ErrNotFound
	}
	for _, user := range below(st.offers, q) {
		st.dropOffer(q, user)
	}
	for _, u := range c.Users {
		st.offers.put(st.era, pair{q, idOf(u)}, struct{}{})
		st.offersTo.put(st.era, pair{idOf(u), q}, struct{}{})
	}
	return nil
}

func (st *state) dropOffer(q, user id) {
	st.offers.drop(st.era, pair{q, user})
	st.offersTo.drop(st.era, pair{user, q})
}

// Offers implements [qa.Store].
func (f qaStore) Offers(ctx context.Context, id qa.QuestionID) ([]auth.UserID, error) {
	return read(ctx, f.s, "qa.Offers", func(st *state) (out []auth.UserID, err error) {
		for _, user := range below(st.offers, idOf(id)) {
			out = append(out, storageID[auth.User](user))
		}
		return out, nil
	})
}
