// SPDX-License-Identifier: BSD-3-Clause

// Package qa is the community's questions and answers: questions with tags and
// themes, answers, comments on either, votes, and one accepted answer.
//
// This file has the words: types, actions, errors, limits, queries and the
// Store. The rules are in service.go and, one concept a file, beside it.
package qa

import (
	"context"
	"errors"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// Identifiers of what is kept here.
type (
	QuestionID   = storage.ID[Question]
	AnswerID     = storage.ID[Answer]
	CommentID    = storage.ID[Comment]
	SuggestionID = storage.ID[Suggestion]
	ThemeID      = storage.ID[Theme]
)

// Theme names the type of [ThemeID]. Themes are the host's, or the
// community's; here they are only ids.
type Theme struct{}

// A Question asks. Its answers stand below it, and are promised to whom it is.
type Question struct {
	ID       QuestionID
	Area     auth.AreaID
	Audience auth.Audience // one of the circles, promised when it was asked; widened only by [Service.Widen]
	Entry
	Title  string
	Tags   []string  // 0 to MaxTags, in normal form, none twice, as written
	Themes []ThemeID // 0 to MaxThemes, none twice, ascending

	Delegate   auth.UserID // may accept in the asker's stead; zero: nobody
	Origin     Origin      // what it was made from; zero: it was asked here
	RecheckAt  time.Time   // when its origin changed, if nobody has looked at it since
	Closing    Closing
	MergedInto QuestionID // not zero: its answers stand there, see [Service.Merge]
	Acceptance Acceptance // set by [Accept] alone

	// Counters, kept by the store with the rows they count.
	Votes    Tally
	Comments int       // comments on it that are visible
	Answers  int       // answers that are visible
	ActiveAt time.Time // of the newest answer that is visible (by CreatedAt, then by id), or of the question
	LastBy   auth.By   // the byline of that
}

// An Answer answers a question.
type Answer struct {
	ID       AnswerID
	Question QuestionID
	Entry
	Official bool // the position of the organisation in By.For
	Useful   bool // also useful, said whoever may accept

	// Counters, likewise.
	Votes    Tally
	Comments int
}

// A Comment stands below a question or one of its answers.
type Comment struct {
	ID       CommentID
	Question QuestionID
	Answer   AnswerID // zero: on the question
	Entry
}

// An Entry is what questions, answers and comments have in common.
type Entry struct {
	By        auth.By
	Body      string // Markdown, mentions by id; empty in lists
	CreatedAt time.Time
	Text      TextState
	Removal   Removal
	Version   int // 1, and one more with every update but those of the counters
}

// TextState tells how a text came to be what it is.
type TextState struct {
	Revision  int       // 1 as first written; revisions before it are kept
	Substance int       // the last revision that changed a word or a figure
	EditedAt  time.Time // zero if never edited
	EditedBy  auth.By
	Why       string // summary of the last edit, may be empty
}

// Removal tells whether a post has been taken away, by whom and why. Its text
// is shown only to those who may see it.
type Removal struct {
	State State
	At    time.Time
	By    auth.By
	Why   string
}

// State of a post.
type State uint8

// The states. An author sees what they wrote and why it was hidden, and undoes
// their own deletion; moderators see and undo all but a purge, which has no
// text left. Of what was never shown nobody else learns that it is there.
const (
	Visible   State = iota
	Deleted         // by its author
	Hidden          // by a moderator
	Purged          // text and revisions are gone for good
	Held            // never shown: waits for a moderator, see Config.Hold
	Withdrawn       // never shown: deleted by its author while it waited
	Rejected        // never shown: hidden by a moderator while it waited
)

// Unseen reports whether a post was never shown to others.
func (s State) Unseen() bool { return s >= Held }

// Tally counts the votes for and against a post. Who cast them is shown to
// nobody.
type Tally struct{ Up, Down int }

// Score is what posts are ordered by.
func (t Tally) Score() int { return t.Up - t.Down }

// Value of a vote.
type Value int8

// The values.
const (
	Against Value = -1
	None    Value = 0
	For     Value = 1
)

// Acceptance says which answer was accepted. It is of that answer as it read
// then: where the answer's Text.Substance is beyond Revision, it was modified
// since.
type Acceptance struct {
	Answer   AnswerID // zero: none
	Revision int
	By       auth.By
	Capacity Capacity
	At       time.Time
}

// Capacity says as what somebody accepted an answer.
type Capacity uint8

// The capacities.
const (
	Asker     Capacity = iota + 1
	Delegate           // named by the asker
	Caretaker          // of the question's themes or its area, see Config.AcceptAfter
)

// Closing says why a question takes no more answers.
type Closing struct {
	Reason Reason     // zero: it is open
	Of     QuestionID // of a Duplicate: the other question
	At     time.Time
	By     auth.By
	Why    string
}

// Reason why a question was closed.
type Reason uint8

// The reasons.
const (
	Duplicate Reason = iota + 1 // asked before
	OffTopic                    // not of this community
	Unclear                     // it cannot be told what is asked
	TooBroad                    // no answer would do
	Opinion                     // answers would be opinions
	Obsolete                    // the matter is settled, or is no more
)

// Origin says what a question was made from: its kind, such as "forum.topic",
// and its id there.
type Origin struct {
	Kind string
	ID   [16]byte
}

// IsZero reports whether the question was made from nothing else.
func (o Origin) IsZero() bool { return o == Origin{} }

// A Post is a question (only Question is set), an answer, or a comment on
// either.
type Post struct {
	Question QuestionID
	Answer   AnswerID
	Comment  CommentID
}

// A Revision is a text that a post had.
type Revision struct {
	Post   Post
	N      int // 1 as first written
	Title  string
	Body   string
	Tags   []string
	Themes []ThemeID
	By     auth.By
	At     time.Time
	Why    string
}

// A Suggestion is an edit that somebody proposes who may not make it. The text
// that it is about may be edited meanwhile.
type Suggestion struct {
	ID      SuggestionID
	Post    Post // a question or an answer
	Base    int  // the revision that it was made from
	Title   string
	Body    string
	Tags    []string
	Themes  []ThemeID
	By      auth.By
	Why     string
	At      time.Time
	State   Decision
	Decided auth.By // by whom
	Reason  string  // why it was declined
	EndedAt time.Time
	Version int // 1, and one more with every update
}

// Decision on a suggestion.
type Decision uint8

// The decisions.
const (
	Pending Decision = iota
	Approved
	Declined
	Retracted // by whoever suggested it
)

// What can be done here.
const (
	Read     auth.Action = "qa.read"
	Start    auth.Action = "qa.ask"
	Reply    auth.Action = "qa.answer"
	Remark   auth.Action = "qa.comment"
	Cast     auth.Action = "qa.vote"
	Amend    auth.Action = "qa.edit"     // change or delete what one wrote
	Propose  auth.Action = "qa.suggest"  // suggest an edit of what others wrote
	Settle   auth.Action = "qa.accept"   // accept an answer to one's question
	Speak    auth.Action = "qa.official" // answer with an organisation's position
	Moderate auth.Action = "qa.moderate" // edit others' posts, hide, close, merge, decide on suggestions
	Purge    auth.Action = "qa.purge"    // remove for good
	Disclose auth.Action = "qa.widen"    // promise questions to more people
	Manage   auth.Action = "qa.manage"   // synonyms of tags; bylines
)

// Actions are all of the above, in order.
var Actions = []auth.Action{Read, Start, Reply, Remark, Cast, Amend, Propose, Settle, Speak, Moderate, Purge, Disclose, Manage}

// What is refused for reasons of its own.
var (
	ErrClosed   = errors.New("question is closed")         // and takes no answer, nor is one accepted but by a moderator
	ErrRemoved  = errors.New("post has been removed")      // and cannot be answered, edited, voted on or accepted
	ErrHeld     = errors.New("post waits for a moderator") // likewise; see Config.Hold
	ErrOwn      = errors.New("post is one's own")          // and cannot be voted on, let through, or accepted for somebody else
	ErrTooLate  = errors.New("time for it is over")        // to edit, to change a vote
	ErrTooEarly = errors.New("time for it has not come")   // to accept in the asker's stead
	ErrAnswered = errors.New("others have answered")       // an author deletes a question
	ErrDecided  = errors.New("suggestion is decided")
)

// Limits on what members write, in runes; Config may lower those of title and body.
const (
	MaxTitle     = 200
	MaxBody      = 30_000
	MaxComment   = 1_000
	MaxWhy       = 500 // summary of an edit, reason of a removal or closing
	MaxTag       = 35
	MaxTags      = 5
	MaxThemes    = 5
	MaxKind      = 50 // of an origin, in bytes
	MaxPending   = 20 // suggestions of one person that wait
	MaxWiden     = 100
	MaxOffers    = 20 // experts who are offered a question
	MaxWords     = 24 // of a question, by which similar ones are found
	CommentsHere = 5  // comments below each post of a page; the others are listed by Comments
	SimilarCount = 8
	LinkedCount  = 20 // duplicates named on a page
)

// Order of a list of questions.
type Order uint8

// The orders: of each the highest first, then by id, the highest first.
const (
	Newest Order = iota // by CreatedAt
	Active              // by ActiveAt
	Voted               // by score
)

// QuestionQuery selects questions that are not removed nor merged into
// another. Zero fields select all. Those of a Tag, a Theme, an Author, those
// Offered to somebody, and those Unanswered, are the newest first, whatever Order says.
type QuestionQuery struct {
	Reach      auth.Reach
	Area       auth.AreaID
	Tag        string
	Theme      ThemeID // not with a Tag
	Author     auth.UserID
	Offered    auth.UserID // only those that the person is offered
	Before     time.Time   // only those asked before; zero: all
	Unanswered bool        // only those without a visible answer, and open
	Removed    bool        // only those removed, for moderators; never what is Held
	Order      Order
	After      storage.Cursor
	Limit      int
}

// PlaceQuery selects a post and what one person has to do with it.
type PlaceQuery struct {
	Post
	Reader auth.UserID
}

// Place is a post where it stands.
type Place struct {
	Question Question
	Answer   Answer  // zero for the question and comments on it
	Comment  Comment // zero unless the post is one
	Vote     Vote    // the reader's on the post
}

// Vote is what one person thinks of a post.
type Vote struct {
	Value Value     // None: never voted, or took it back
	At    time.Time // when they voted first; zero: never
}

// PageQuery selects a question and a page of its answers: the accepted one
// first, then by score, the highest first, then by CreatedAt and id. Of posts
// that are removed it selects the Reader's own, and all where the Reader may
// Moderate; those removed are not counted.
type PageQuery struct {
	Question QuestionID
	Reader   auth.UserID
	Moderate auth.Reach
	Reach    auth.Reach // of the questions in Linked
	After    storage.Cursor
	Limit    int
}

// Page is a question with a page of its answers.
type Page struct {
	Question Question
	Answers  storage.Page[Answer]
	Comments map[Post][]Comment // on each of these posts, oldest first, then by id: the first CommentsHere. Keys have no Comment.
	Votes    map[Post]Vote      // the reader's on these posts, but None
	Original Question           // of a duplicate, and of one merged: the other question, if within Reach and not removed
	Linked   []Question         // those closed as its duplicates or merged into it, within Reach and not removed: the newest LinkedCount; heads as in lists
}

// CommentQuery selects the comments on a question or an answer, oldest first,
// then by id; of those removed as [PageQuery].
type CommentQuery struct {
	Post     Post // without Comment
	Reader   auth.UserID
	Moderate auth.Reach
	After    storage.Cursor
	Limit    int
}

// HeldQuery selects the posts that are Held in questions within reach, oldest
// first, then by their ids.
type HeldQuery struct {
	Reach auth.Reach
	By    auth.UserID // whose: all that waits is looked through; zero: anybody's
	After storage.Cursor
	Limit int
}

// SuggestionQuery selects suggestions to questions within reach, the newest
// first, then by id, the highest first. Zero fields select all.
type SuggestionQuery struct {
	Reach   auth.Reach
	Post    Post
	By      auth.UserID // of this person
	Pending bool
	After   storage.Cursor
	Limit   int
}

// SimilarQuery selects questions that have words in common with another text.
// Each word speaks for the newest SimilarDepth of the questions that have it,
// within Reach and neither removed nor merged; those with most words come
// first, then by score, the highest first, then by id, the highest first.
type SimilarQuery struct {
	Reach auth.Reach
	Words []string // at most MaxWords, none twice
	But   QuestionID
	Limit int
}

// SimilarDepth is how far back one word is followed.
const SimilarDepth = 200

// TagQuery selects the tags that begin with Prefix and that at least one
// question within reach has which is neither removed nor merged, by their
// bytes.
type TagQuery struct {
	Reach  auth.Reach
	Prefix string
	After  storage.Cursor
	Limit  int
}

// Tagged is a tag with the number of such questions.
type Tagged struct {
	Tag       string
	Questions int
}

// Synonym says that one tag stands for another.
type Synonym struct {
	From string `json:"from"`
	To   string `json:"to,omitempty"`
}

// WrittenQuery selects the posts that name one person: as author, editor,
// remover, closer, acceptor, delegate or last to write, in a revision, or by a
// mention; by their questions' ids, in each the question first, then by the ids
// of answers and comments.
type WrittenQuery struct {
	User  auth.UserID
	After storage.Cursor
	Limit int
}

// CastVote is a vote with its post.
type CastVote struct {
	Post Post
	Vote
}

// Store is what is kept of questions. Package storage says what Atomic, Apply
// and the errors promise; package storetest checks it. A store decides nothing.
type Store interface {
	Atomic(ctx context.Context, fn func(ctx context.Context, tx Store) error) error

	storage.Writer

	Question(ctx context.Context, id QuestionID) (Question, error) // a root: locked in a unit
	Questions(ctx context.Context, q QuestionQuery) (storage.Page[Question], error)
	Answer(ctx context.Context, id AnswerID) (Answer, error)

	// Place returns a post with its question and the reader's part in it, in
	// one read. It is ErrNotFound unless the answer is the question's and the
	// comment is on it. In a unit the question is locked.
	Place(ctx context.Context, q PlaceQuery) (Place, error)

	// Page is what a page shows, in one read.
	Page(ctx context.Context, q PageQuery) (Page, error)

	Comments(ctx context.Context, q CommentQuery) (storage.Page[Comment], error)

	// Below returns all answers of a question, by id, with the visible and the
	// removed comments on all of it, by id.
	Below(ctx context.Context, id QuestionID) ([]Answer, []Comment, error)

	Held(ctx context.Context, q HeldQuery) (storage.Page[Place], error)  // without Vote
	Revisions(ctx context.Context, p Post) ([]Revision, error)           // oldest first
	Suggestion(ctx context.Context, id SuggestionID) (Suggestion, error) // a root
	Suggestions(ctx context.Context, q SuggestionQuery) (storage.Page[Suggestion], error)
	Similar(ctx context.Context, q SimilarQuery) ([]Question, error)
	Tags(ctx context.Context, q TagQuery) (storage.Page[Tagged], error)
	Synonyms(ctx context.Context, tags []string) ([]Synonym, error)           // from these tags, or all for nil; by From
	Offers(ctx context.Context, id QuestionID) ([]auth.UserID, error)         // who is offered it, by id
	From(ctx context.Context, o Origin, reach auth.Reach) ([]Question, error) // made from it, neither removed nor merged; by id
	Votes(ctx context.Context, user auth.UserID) ([]CastVote, error)          // not None; by post
	Written(ctx context.Context, q WrittenQuery) (storage.Page[Place], error) // without Vote
}
