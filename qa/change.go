// SPDX-License-Identifier: BSD-3-Clause

package qa

import (
	"time"

	"github.com/copis-it/copis/auth"
)

// What becomes of the rows of questions, for [Store.Apply]. "Update" replaces
// every field but the ID, CreatedAt, the Acceptance and the counters, if the
// object is still at the Version that the new value carries (ErrConflict), and
// moves it to the next. A post that is no longer, or again, visible is counted
// so with the same change.
type (
	// InsertQuestion and UpdateQuestion also record what the question is found
	// by: its tags, its themes and these words.
	InsertQuestion struct {
		Question Question
		Words    []string // at most MaxWords, none twice
	}
	UpdateQuestion struct {
		Question Question
		Words    []string
	}

	// QuestionAt changes nothing: it holds what is applied with it to a
	// question that is still at Version (ErrConflict). Its answers, comments
	// and votes go on meanwhile: they do not move its Version.
	QuestionAt struct {
		Question QuestionID
		Version  int
	}
	// AnsweredAt is QuestionAt for a question that still has so many Answers.
	AnsweredAt struct {
		Question         QuestionID
		Version, Answers int
	}
	// AnswerAt is QuestionAt for an answer that is still the question's.
	AnswerAt struct {
		Question QuestionID
		Answer   AnswerID
		Version  int
	}

	InsertAnswer struct{ Answer Answer } // counted in its Question; ErrNotFound without it
	UpdateAnswer struct{ Answer Answer } // not its Question

	// MoveAnswer gives an answer with its comments to another question, and
	// counts it there; its Version becomes the next. The question it leaves must
	// not have accepted it (ErrConflict).
	MoveAnswer struct {
		Answer AnswerID
		To     QuestionID
	}

	InsertComment struct{ Comment Comment } // counted in its post; ErrNotFound without it
	UpdateComment struct{ Comment Comment } // not its post

	// Accept sets the Acceptance of a question that is still at Version
	// (ErrConflict), and moves it to the next. It is ErrNotFound unless the
	// answer is the question's. The zero Acceptance takes it back.
	Accept struct {
		Question   QuestionID
		Version    int
		Acceptance Acceptance
	}

	// SetVote makes a person's vote on a question or an answer To, if it is
	// still From (ErrConflict), and counts it. At is kept of the first time. It
	// is ErrNotFound without the post.
	SetVote struct {
		Post     Post
		User     auth.UserID
		From, To Value
		At       time.Time
	}

	// SetAuthor gives a post another byline, if it is still at Version
	// (ErrConflict), and moves it to the next. A vote of the new author on it
	// is dropped, and counted no more.
	SetAuthor struct {
		Post    Post
		Version int
		By      auth.By
	}

	InsertRevision  struct{ Revision Revision } // ErrExists if the post has one of this number
	DeleteRevisions struct{ Post Post }         // all of the post's; none is no error

	// SetMentions replaces who is mentioned in a post.
	SetMentions struct {
		Post  Post
		Users []auth.UserID
	}

	// InsertSuggestion is ErrConflict if the suggestion is Pending and its author
	// had Most that wait, however many are inserted at once, and ErrNotFound
	// without the post.
	InsertSuggestion struct {
		Suggestion Suggestion
		Most       int // zero: as many as they like
	}
	UpdateSuggestion struct{ Suggestion Suggestion }

	// PutSynonym makes From stand for To, in place of what it stood for.
	PutSynonym  struct{ Synonym Synonym }
	DropSynonym struct{ From string } // ErrNotFound if it stands for nothing

	// SetOffers replaces to whom a question is offered. It is ErrNotFound
	// without the question.
	SetOffers struct {
		Question QuestionID
		Users    []auth.UserID
	}
	DropOffer struct { // none is no error
		Question QuestionID
		User     auth.UserID
	}

	// EraseUser empties the identifier of a person wherever the rows of
	// questions hold it, but for bodies: bylines become zero, mentions and
	// offers are forgotten, pending suggestions become Retracted. Their votes
	// stay in the tallies, and belong to nobody. A post or suggestion that named
	// them so, but as a question's LastBy, moves to its next Version: what was
	// read before is not written back.
	EraseUser struct{ User auth.UserID }
)

func (InsertQuestion) Change() string   { return "qa.InsertQuestion" }
func (UpdateQuestion) Change() string   { return "qa.UpdateQuestion" }
func (QuestionAt) Change() string       { return "qa.QuestionAt" }
func (AnsweredAt) Change() string       { return "qa.AnsweredAt" }
func (AnswerAt) Change() string         { return "qa.AnswerAt" }
func (InsertAnswer) Change() string     { return "qa.InsertAnswer" }
func (UpdateAnswer) Change() string     { return "qa.UpdateAnswer" }
func (MoveAnswer) Change() string       { return "qa.MoveAnswer" }
func (InsertComment) Change() string    { return "qa.InsertComment" }
func (UpdateComment) Change() string    { return "qa.UpdateComment" }
func (Accept) Change() string           { return "qa.Accept" }
func (SetVote) Change() string          { return "qa.SetVote" }
func (SetAuthor) Change() string        { return "qa.SetAuthor" }
func (InsertRevision) Change() string   { return "qa.InsertRevision" }
func (DeleteRevisions) Change() string  { return "qa.DeleteRevisions" }
func (SetMentions) Change() string      { return "qa.SetMentions" }
func (InsertSuggestion) Change() string { return "qa.InsertSuggestion" }
func (UpdateSuggestion) Change() string { return "qa.UpdateSuggestion" }
func (PutSynonym) Change() string       { return "qa.PutSynonym" }
func (DropSynonym) Change() string      { return "qa.DropSynonym" }
func (SetOffers) Change() string        { return "qa.SetOffers" }
func (DropOffer) Change() string        { return "qa.DropOffer" }
func (EraseUser) Change() string        { return "qa.EraseUser" }
