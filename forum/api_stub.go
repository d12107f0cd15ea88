// SPDX-License-Identifier: BSD-3-Clause

package forum

import (
	"context"
	"io"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// ---- boards (board.go)

// NewBoard is what a coordinator says to open a board.
type NewBoard struct {
	Key         string // optional idempotency key
	Area        auth.AreaID
	Parent      BoardID
	Audience    auth.Audience
	Promise     auth.Audience // zero: as Audience
	Posting     Posting
	Name        string
	Description string
	Position    int
	SlowMode    time.Duration
	CloseAfter  time.Duration
}

// BoardEdit changes a board; nil fields stay as they are.
type BoardEdit struct {
	Board       BoardID
	Version     int // of the board that was shown
	Parent      *BoardID
	Audience    *auth.Audience // only narrower
	Promise     *auth.Audience
	Posting     *Posting
	Name        *string
	Description *string
	Position    *int
	SlowMode    *time.Duration
	CloseAfter  *time.Duration
	Archived    *bool
}

func (s *Service) OpenBoard(ctx context.Context, who auth.Actor, in NewBoard) (Board, error) {
	panic(1)
}
func (s *Service) EditBoard(ctx context.Context, who auth.Actor, in BoardEdit) (Board, error) {
	panic(1)
}
func (s *Service) Board(ctx context.Context, who auth.Actor, id BoardID) (Board, error) { panic(1) }
func (s *Service) Boards(ctx context.Context, who auth.Actor, area auth.AreaID) ([]BoardListed, error) {
	panic(1)
}

// ---- reading (read.go)

// TopicFilter selects topics to list, most recently active first. Zero fields
// select all.
type TopicFilter struct {
	Board     BoardID // pinned ones come first
	Area      auth.AreaID
	Author    auth.UserID
	Announced bool // only announcements
	Following bool // only those that who asks follows
	Unread    bool // only those with something unread
	Removed   bool // only those removed; for moderators
	After     storage.Cursor
	Limit     int
}

// ThreadPage asks for one topic and a page of its replies.
type ThreadPage struct {
	Topic  TopicID
	Newest bool // the latest first instead of thread order
	After  storage.Cursor
	Limit  int
}

// Where tells where a permalink leads now.
type Where struct {
	Post  Post
	After storage.Cursor // of the thread page that begins with the post; "" for a first post
}

func (s *Service) Topics(ctx context.Context, who auth.Actor, in TopicFilter) (storage.Page[Listed], error) {
	panic(1)
}

// A merged topic's husk is answered with its MergedInto set (and nothing else) to who may read both.
func (s *Service) Thread(ctx context.Context, who auth.Actor, in ThreadPage) (Thread, error) {
	panic(1)
}

// Find says where a permalink leads: a topic's id, or a reply's wherever it went.
func (s *Service) Find(ctx context.Context, who auth.Actor, p Post) (Where, error) { panic(1) }
func (s *Service) FindReply(ctx context.Context, who auth.Actor, id ReplyID) (Where, error) {
	panic(1)
}

// ---- writing (write.go)

type NewTopic struct {
	Key      string // optional idempotency key
	Board    BoardID
	Title    string
	Body     string
	Audience auth.Audience // zero: the board's promise; may only be narrower
}
type NewReply struct {
	Key    string
	Topic  TopicID
	Parent ReplyID
	Body   string
}

// PostEdit changes the text of a post. Version is that of the topic or reply shown to the editor.
type PostEdit struct {
	Post
	Version int
	Title   string // of a topic; must be empty for a reply
	Body    string
	Why     string
}

func (s *Service) StartTopic(ctx context.Context, who auth.Actor, in NewTopic) (Topic, error) {
	panic(1)
}
func (s *Service) Reply(ctx context.Context, who auth.Actor, in NewReply) (Reply, error) { panic(1) }
func (s *Service) EditPost(ctx context.Context, who auth.Actor, in PostEdit) (Place, error) {
	panic(1)
}

// Revisions: all that were, oldest first, the current text last.
func (s *Service) Revisions(ctx context.Context, who auth.Actor, p Post) ([]Revision, error) {
	panic(1)
}

// ---- removing (remove.go)

// Delete is the author's own; Hide is a moderator's and needs a reason.
func (s *Service) Delete(ctx context.Context, who auth.Actor, p Post) error           { panic(1) }
func (s *Service) Hide(ctx context.Context, who auth.Actor, p Post, why string) error { panic(1) }

// Restore undoes Delete or Hide.
func (s *Service) Restore(ctx context.Context, who auth.Actor, p Post) error           { panic(1) }
func (s *Service) Purge(ctx context.Context, who auth.Actor, p Post, why string) error { panic(1) }

// ---- moderating (moderate.go)

func (s *Service) Pin(ctx context.Context, who auth.Actor, id TopicID, pin Pin) error      { panic(1) }
func (s *Service) Lock(ctx context.Context, who auth.Actor, id TopicID, locked bool) error { panic(1) }
func (s *Service) Move(ctx context.Context, who auth.Actor, id TopicID, to BoardID) error  { panic(1) }

type Split struct {
	Topic   TopicID
	Version int       // of the topic as shown
	Replies []ReplyID // with all below them
	Board   BoardID   // zero: the same
	Title   string
	Body    string // the moderator's opening words
}

func (s *Service) Split(ctx context.Context, who auth.Actor, in Split) (Topic, error)  { panic(1) }
func (s *Service) Merge(ctx context.Context, who auth.Actor, from, into TopicID) error { panic(1) }

// ---- reading marks, following, finding useful (mark.go)

func (s *Service) ReadTo(ctx context.Context, who auth.Actor, id TopicID, seq int) error  { panic(1) }
func (s *Service) ReadAll(ctx context.Context, who auth.Actor) error                      { panic(1) }
func (s *Service) Follow(ctx context.Context, who auth.Actor, id TopicID, f Follow) error { panic(1) }
func (s *Service) Useful(ctx context.Context, who auth.Actor, p Post, useful bool) error  { panic(1) }

// Recipients returns who is to be told of an event now: followers and mentioned people who may read it, without its author.
func (s *Service) Recipients(ctx context.Context, e storage.Event) ([]Recipient, error) { panic(1) }

type Recipient struct {
	User   auth.UserID
	Reason Reason
}

// ---- drafts (draft.go)

type DraftSave struct {
	Place   string
	Version int // of the draft shown; 0 for a new one
	Title   string
	Body    string
}

func (s *Service) SaveDraft(ctx context.Context, who auth.Actor, in DraftSave) (Draft, error) {
	panic(1)
}                                                                                         // *storage.Conflict with Current Draft when stale
func (s *Service) Draft(ctx context.Context, who auth.Actor, place string) (Draft, error) { panic(1) }
func (s *Service) Drafts(ctx context.Context, who auth.Actor) ([]Draft, error)            { panic(1) }
func (s *Service) DropDraft(ctx context.Context, who auth.Actor, place string) error      { panic(1) }

// ---- feeds (feed.go)

type FeedPage struct {
	Board BoardID // one of the two
	Topic TopicID
	Limit int
}
type Feed struct {
	Title   string
	Updated time.Time
	Entries []FeedEntry
}
type FeedEntry struct {
	Post    Post
	Title   string
	Body    string
	By      auth.By
	At      time.Time
	Updated time.Time
}

func (s *Service) Feed(ctx context.Context, who auth.Actor, in FeedPage) (Feed, error) { panic(1) }

// FeedLinks is what the host adds to a feed.
type FeedLinks struct {
	ID   string // permanent IRI of the feed
	Self string
	Page string
	Link func(Post) string
	Name func(auth.By) string
	HTML func(body string) string // safe HTML of a body
}

func (f Feed) WriteAtom(w io.Writer, l FeedLinks) error { panic(1) }

// ---- personal data (person.go)

// EraseMode says what becomes of a person's posts.
type EraseMode uint8

const (
	Anonymise EraseMode = iota // bylines are emptied, so that posts are not linkable to one another
	Redact                     // and their texts removed
	PurgeAll                   // and revisions, titles
)

// Export yields everything the forum holds of a person: Kind "forum.topic", "forum.reply", "forum.revision", "forum.mark", "forum.draft", "forum.reaction".
func (s *Service) Export(ctx context.Context, user auth.UserID, yield func(kind string, v any) error) error {
	panic(1)
}
func (s *Service) Erase(ctx context.Context, user auth.UserID, mode EraseMode) error { panic(1) }
