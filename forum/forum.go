// SPDX-License-Identifier: BSD-3-Clause

// Package forum is the community's talk: boards, topics on a board, and
// replies in threads below a topic.
//
// This file has the words: types, actions, errors, limits, queries and the
// Store. The rules are in service.go and, one concept a file, beside it.
package forum

import (
	"context"
	"errors"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// Identifiers of what a forum keeps.
type (
	BoardID = storage.ID[Board]
	TopicID = storage.ID[Topic]
	ReplyID = storage.ID[Reply]
)

// A Board gathers topics. Boards of an area form a tree.
//
// To see a board, to read in it and to post on it are three rights: the
// board's Audience and the action [See] say who learns that it exists, the
// audience stamped on its topics and the action [Read] who may open them, and
// Posting and the action [Start] who may begin one.
type Board struct {
	ID          BoardID
	Area        auth.AreaID
	Parent      BoardID       // zero at the top
	Audience    auth.Audience // who sees that the board exists
	Promise     auth.Audience // what new topics are promised; never wider than Audience
	Posting     Posting
	Name        string
	Description string
	Position    int           // among its siblings, ascending; then by name
	SlowMode    time.Duration // least time between two posts of one person in a topic; 0: none
	CloseAfter  time.Duration // topics close when nothing happened for so long; 0: never
	Archived    bool          // readable, but nothing is written any more
	CreatedAt   time.Time
	Version     int // 1, and one more with every update
}

// Posting says who may start topics on a board, among those with [Start].
type Posting uint8

// Who may post.
const (
	MembersPost    Posting = iota // whoever may Start and Say
	ModeratorsPost                // only moderators start; all may reply: announcements
	NobodyPosts                   // a board that only holds other boards
)

// A Topic opens a discussion. Its Title and Body are the first post.
type Topic struct {
	ID        TopicID
	Board     BoardID
	Area      auth.AreaID   // that of the board
	Audience  auth.Audience // one of the circles, promised when the topic was started; a move may narrow it, never widen
	By        auth.By
	Title     string
	Body      string // Markdown, mentions by id; empty in lists
	CreatedAt time.Time
	Text      TextState

	Removal    Removal
	Pin        Pin
	Locked     bool          // by a moderator
	CloseAfter time.Duration // see Board; copied when the topic is started
	SlowMode   time.Duration // likewise
	MergedInto TopicID       // not zero: an empty husk that only leads there
	Version    int           // 1, and one more with every update but those of the counters below

	// Counters, kept by the store with the rows they count.
	Seq      int       // number of the last reply ever written here; see Reply.Seq
	Replies  int       // replies that are not removed
	Useful   int       // reactions to the first post
	ActiveAt time.Time // of the last reply, or of the topic itself
	LastBy   auth.By   // who wrote the last reply, or the topic
}

// A Reply answers a topic, or another reply in it.
type Reply struct {
	ID        ReplyID
	Topic     TopicID
	Parent    ReplyID // as written; zero for an answer to the first post
	Depth     int     // 1 for an answer to the first post, as deep as written
	Path      Path    // where it stands in its topic's thread
	Seq       int     // 1, 2, … in the order of arrival in the topic; never given twice
	By        auth.By
	Body      string // Markdown, mentions by id
	CreatedAt time.Time
	Text      TextState
	Removal   Removal
	FromStaff bool // written in a locked topic by a moderator
	Useful    int  // reactions
	Version   int  // 1, and one more with every update
}

// TextState tells how the text of a post came to be what it is.
type TextState struct {
	Revision     int       // 1 as first written; revisions before it are kept
	EditedAt     time.Time // zero if never edited
	EditedBy     auth.By
	Why          string // reason of the last edit, may be empty
	AfterReplies bool   // edited when somebody had already answered
}

// Removal tells whether a post has been taken away, by whom and why. A removed
// reply keeps its place and its children; its text is shown only to those who
// may see it.
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

// Pin says where a topic stands first.
type Pin uint8

// The pins.
const (
	NotPinned Pin = iota
	Pinned        // first on its board
	Announced     // first on its board, and in the announcements of its area
)

// A Post is a topic's first post (Reply zero) or one of its replies.
type Post struct {
	Topic TopicID
	Reply ReplyID
}

// A Revision is a text that a post had.
type Revision struct {
	Post  Post
	N     int // 1 as first written
	Title string
	Body  string
	By    auth.By
	At    time.Time
	Why   string
}

// A Mark is what one person has to do with one topic. There is none until
// they open it, follow it, are mentioned in it or write in it.
type Mark struct {
	User     auth.UserID
	Topic    TopicID
	Opened   bool // has read the first post
	Read     int  // has read every reply up to this Seq; never goes back
	Follow   Follow
	Reason   Reason    // why Follow is what it is
	PostedAt time.Time // of their last post here; see Board.SlowMode
}

// Follow says whether somebody is told of what happens in a topic.
type Follow uint8

// What a person may be to a topic.
const (
	Unasked   Follow = iota // neither
	Following               // is told of replies
	Ignoring                // is not told, whatever happens: chosen by hand
)

// Reason says why somebody follows.
type Reason uint8

// The reasons, each stronger than those before it: an automatic reason never
// replaces a choice by hand.
const (
	NoReason Reason = iota
	Mentioned
	Replied
	Author
	ByHand
)

// A Draft is a text that is not posted yet. It is its author's alone.
type Draft struct {
	User    auth.UserID
	Place   string // what it will be, chosen by the host: "topic:018f…"; one draft each
	Title   string
	Body    string
	At      time.Time
	Version int // 1, and one more with every save
}

// What can be done here.
const (
	See      auth.Action = "forum.see"      // learn that a board exists
	Read     auth.Action = "forum.read"     // open topics
	Start    auth.Action = "forum.start"    // start a topic
	Say      auth.Action = "forum.reply"    // reply
	Edit     auth.Action = "forum.edit"     // change or delete what one wrote
	React    auth.Action = "forum.react"    // find a post useful
	Watch    auth.Action = "forum.follow"   // follow topics, keep what one has read
	Moderate auth.Action = "forum.moderate" // hide, lock, pin, move, split, merge, edit others' posts
	Purge    auth.Action = "forum.purge"    // remove for good
	Disclose auth.Action = "forum.widen"    // promise topics to more people, see Service.Widen
	Manage   auth.Action = "forum.manage"   // make and change boards
)

// Actions are all of the above, in order.
var Actions = []auth.Action{See, Read, Start, Say, Edit, React, Watch, Moderate, Purge, Disclose, Manage}

// What the forum refuses for reasons of its own.
var (
	ErrLocked   = errors.New("topic is closed")             // by a moderator, by time, or with its board
	ErrTooLate  = errors.New("edit window is over")         // see Config.EditWindow
	ErrAnswered = errors.New("others have already replied") // an author deletes a topic
	ErrRemoved  = errors.New("post has been removed")       // and cannot be answered, edited or found useful
	ErrHeld     = errors.New("post waits for a moderator")  // likewise; see Config.Hold
	ErrOwn      = errors.New("post is one's own")           // and cannot be found useful, or let through
)

// Limits on what members write, in runes; Config may lower those of title and body.
const (
	MaxTitle       = 200
	MaxBody        = 20_000
	MaxWhy         = 500 // reason of an edit or of a removal
	MaxName        = 100 // of a board
	MaxDescription = 1_000
	MaxPlace       = 100 // of a draft
	MaxDrafts      = 100 // a person
	MaxBoardLevels = 8   // boards above a board
	MaxSplit       = 100 // replies named in one split; their subtrees come along
	MaxWiden       = 100 // topics widened at once
)

// Where counts shown in lists stop: 1000 means "1000 or more".
const (
	TopicsCap = 1000
	UnreadCap = 100
)

// BoardQuery selects the boards of an area, depth first: right after each board
// come those below it, siblings by position, name (its bytes) and id. A board
// whose parent is not among them stands at the top.
type BoardQuery struct {
	Area   auth.AreaID
	See    auth.Reach
	Read   auth.Reach  // what is counted
	Reader auth.UserID // whose unread topics are counted; zero: none
}

// BoardListed is a board in a list.
type BoardListed struct {
	Board
	Topics   int       // visible topics within Read, up to TopicsCap
	Unread   int       // how many of the UnreadCap last active of them are New to the reader
	ActiveAt time.Time // of the last active of them
}

// TopicQuery selects topics that are not removed, most recently active first.
// Zero fields select all.
type TopicQuery struct {
	Reach     auth.Reach
	Board     BoardID     // pinned ones come first
	Area      auth.AreaID // one area
	Author    auth.UserID
	Announced bool        // only announcements
	Reader    auth.UserID // for Mark and Unread
	Following bool        // only those the Reader follows
	Unread    bool        // only those with something unread by the Reader
	Removed   bool        // only those removed, for moderators; husks of merges never, nor what is Held
	After     storage.Cursor
	Limit     int
}

// Listed is a topic in a list, without its body.
//
// A reply is unread by a reader when it is visible, somebody else's, beyond
// Mark.Read and written after the instant of their last [MarkAllRead].
type Listed struct {
	Topic
	Mark   Mark
	Unread int  // unread replies, up to UnreadCap; 0 without a reader
	New    bool // Unread is not 0, or the topic was never opened, is somebody else's and was started after the last MarkAllRead
}

// ThreadQuery selects one topic and a page of its replies in thread order. Of
// those that are Unseen it selects the Reader's own, and all where the Reader
// may Moderate; without a Reader none.
type ThreadQuery struct {
	Topic    TopicID
	Reader   auth.UserID // for Mark and Useful
	Moderate auth.Reach
	Newest   bool // the latest first instead of thread order
	After    storage.Cursor
	Limit    int
}

// HeldQuery selects the posts that are Held in topics within reach, oldest
// first, then by their ids.
type HeldQuery struct {
	Reach auth.Reach
	By    auth.UserID // whose: all that waits is looked through; zero: anybody's
	After storage.Cursor
	Limit int
}

// Thread is a topic with a page of its replies.
type Thread struct {
	Topic   Topic
	Mark    Mark // the reader's
	Replies storage.Page[Reply]
	Useful  map[Post]bool // which of these posts the reader found useful
}

// PlaceQuery selects a post and what one person has to do with it.
type PlaceQuery struct {
	Post
	Reader auth.UserID
}

// Place is a post in its topic.
type Place struct {
	Board  Board
	Topic  Topic
	Reply  Reply // zero if the post is the topic's first
	Mark   Mark  // the reader's
	Useful bool  // the reader found it useful
}

// WrittenQuery selects what one person wrote or is mentioned in, by the ids of
// topics and in a topic by those of replies, its first post first.
type WrittenQuery struct {
	User  auth.UserID
	After storage.Cursor
	Limit int
}

// Written is a post that a person wrote, edited, removed or is mentioned in.
type Written struct {
	Topic Topic
	Reply Reply // zero if the post is the topic's first
}

// Store is what the forum keeps. Package storage says what Atomic, Apply and
// the errors promise; package storetest checks it. A store decides nothing.
type Store interface {
	Atomic(ctx context.Context, fn func(ctx context.Context, tx Store) error) error

	storage.Writer

	// InsertReply gives r the next Seq of its topic and its Path below the
	// parent (at parent, a Path; empty for an answer to the first post),
	// counts it in the topic and applies the changes that go with it, all or
	// nothing. It returns r as it was inserted: what the changes that go with
	// it make of it is to be read. It is ErrNotFound without its Topic and its
	// Parent, ErrConflict if the topic is no longer at version seen, ErrExists
	// if there is a reply with this ID.
	InsertReply(ctx context.Context, r Reply, parent Path, seen int, with ...storage.Change) (Reply, error)

	Board(ctx context.Context, id BoardID) (Board, error)
	Boards(ctx context.Context, q BoardQuery) ([]BoardListed, error)
	Topic(ctx context.Context, id TopicID) (Topic, error) // a root: locked in a unit
	Topics(ctx context.Context, q TopicQuery) (storage.Page[Listed], error)
	Reply(ctx context.Context, id ReplyID) (Reply, error)
	Thread(ctx context.Context, q ThreadQuery) (Thread, error)

	// Place returns a post with its topic, its board and the reader's part in
	// it, in one read. It is ErrNotFound unless the reply is the topic's. In
	// a unit the topic is locked.
	Place(ctx context.Context, q PlaceQuery) (Place, error)

	// Held returns posts that wait for a moderator, without Mark and Useful.
	Held(ctx context.Context, q HeldQuery) (storage.Page[Place], error)

	// Subtree returns the replies at and below a path in thread order, those
	// of the whole topic for the empty path.
	Subtree(ctx context.Context, topic TopicID, at Path) ([]Reply, error)

	Revisions(ctx context.Context, p Post) ([]Revision, error)                                  // oldest first
	Followers(ctx context.Context, t TopicID, after storage.Cursor) (storage.Page[Mark], error) // all marks, by user, MaxLimit a page
	ReadAll(ctx context.Context, user auth.UserID) (time.Time, error)                           // of their last MarkAllRead; zero if never
	Draft(ctx context.Context, user auth.UserID, place string) (Draft, error)
	Drafts(ctx context.Context, user auth.UserID) ([]Draft, error)   // latest first, then by place
	Reactions(ctx context.Context, user auth.UserID) ([]Post, error) // latest first, then by post
	Marks(ctx context.Context, user auth.UserID) ([]Mark, error)     // by topic
	Written(ctx context.Context, q WrittenQuery) (storage.Page[Written], error)
}
