// SPDX-License-Identifier: BSD-3-Clause

// Package wiki is the community's pages: written by many, in numbered
// revisions that never change, merged where two write at once, and linked by
// their titles.
//
// This file has the words: types, actions, errors, limits, queries and the
// Store. The rules are in service.go and, one concept a file, beside it.
package wiki

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// Identifiers of what is kept here. A revision is named by its page and number.
type (
	PageID       = storage.ID[Page]
	DraftID      = storage.ID[Draft]
	AttachmentID = storage.ID[Attachment]
	BlobID       = storage.ID[Blobs]
	ThemeID      = storage.ID[Theme]
)

// Theme names the type of [ThemeID]. Themes are the host's, or the
// community's; here they are only ids.
type Theme struct{}

// A Page is what its revisions have made of it. Readers see the Stable one;
// the Current one is the newest, and is beyond it while it waits for a review.
type Page struct {
	ID       PageID
	Area     auth.AreaID
	Audience auth.Audience // one of the circles, promised when it was created; widened only by [Service.Widen]
	Title    string        // unique in its area by its Key
	Key      string        // see [Key]
	Parent   PageID        // in the same area; zero: it stands at the top
	Position int64         // among the pages of its parent, the lowest first, then by Key, then by id; below zero where [Service.Move] gave it one
	Tags     []string      // 0 to MaxTags, in normal form, none twice, as written
	Themes   []ThemeID     // 0 to MaxThemes, none twice, ascending
	Template string        // the key of the [Template] it was begun from; empty: none

	Current int    // the number of the newest revision, from 1
	Stable  int    // that of the one readers see; 0: none was published
	Body    string // text of the Stable revision, Markdown; empty in lists

	By        auth.By // who created it
	CreatedAt time.Time
	EditedBy  auth.By   // of the Stable revision; zero while there is none
	EditedAt  time.Time // likewise

	Protection Protection
	Check      Check
	Origin     Origin    // what it was made from; zero: it was written here
	RecheckAt  time.Time // when its origin changed, if nobody has looked at it since
	Removal    Removal
	Version    int // 1, and one more with every update
}

// Protection keeps a page, or a title that no page has, for those who may
// Protect. It covers a page's text, tags and attachments (Edit), and its title
// and place (Move). With Review, what others save waits until somebody who may
// Publish has seen it.
type Protection struct {
	Edit, Move, Review bool
	Until              time.Time // over by itself then; zero: never
	Why                string
	By                 auth.By
	At                 time.Time
}

// Check says when somebody is to look whether a page is still valid, and who
// did so last.
type Check struct {
	Due time.Time // zero: nobody needs to
	By  auth.By
	At  time.Time
}

// Removal tells whether a page, a revision or an attachment has been taken
// away, by whom and why.
type Removal struct {
	State State
	At    time.Time
	By    auth.By
	Why   string
}

// State of a page, a revision or an attachment.
type State uint8

// The states. What is Deleted or Hidden is there for those who may Moderate,
// who undo it; what is Purged has no text left.
const (
	Visible State = iota
	Deleted       // a page or an attachment
	Hidden        // a revision: personal data, libel
	Purged        // for good
)

// Origin says what a page was made from: its kind, such as "qa.answer", its id
// and its revision there.
type Origin struct {
	Kind     string
	ID       [16]byte
	Revision int
}

// IsZero reports whether the page was made from nothing else.
func (o Origin) IsZero() bool { return o == Origin{} }

// A Revision says who made what of a page, and when. Numbers begin with 1 and
// have no gaps.
type Revision struct {
	Page    PageID
	N       int
	Base    int // the revision its author began from; less than N-1: it was merged with what came between
	Reverts int // the revision whose text it gives back; zero: none
	Title   string
	By      auth.By
	At      time.Time
	Why     string // summary, optional
	Minor   bool
	Size    int       // of its text, in bytes
	Grown   int       // by how many bytes, may be negative
	Credit  []auth.By // others whose words it holds, where it was made from them; at most MaxCredit
	Removal Removal
}

// A Blob is how the text of a revision is kept: as the difference from that of
// its Frame, or whole, where the Frame is the revision itself. See package
// wiki/diff for Data.
type Blob struct {
	N      int
	Frame  int
	Weight int // bytes of all Data since the Frame, this one's included; 0 of a frame
	Data   []byte
}

// A Name leads to a page: it is its title, or an alias that an earlier title
// left. Names are unique in their area by Key.
type Name struct {
	Area       auth.AreaID
	Key        string
	Title      string // as written
	Page       PageID // zero: it leads nowhere, and is only protected
	Alias      bool
	Protection Protection // of a name that is no page's title: Edit says that only those who may Protect make it one
	Version    int        // 1, and one more with every PutName
}

// A Link is a name in a text, and where it led when the text was saved.
type Link struct {
	Key   string // in the area of the page that holds it
	Title string // as written
	To    PageID // zero: to no page yet
}

// A Draft is a text that its author has not saved, or could not.
type Draft struct {
	ID      DraftID
	User    auth.UserID
	Page    PageID // zero: of a page that is not there yet
	Area    auth.AreaID
	Base    int // the revision it was begun from
	Title   string
	Body    string
	Why     string
	At      time.Time
	Version int
}

// An Attachment is one revision of a file that belongs to a page. Its name is
// a label: nothing is looked for by it but beside its page.
type Attachment struct {
	ID      AttachmentID
	Page    PageID
	Name    string // unique on the page by Key, but for its revisions
	Key     string
	N       int    // from 1
	Type    string // media type, as the host found it
	Size    int64
	Sum     [32]byte // SHA-256
	Blob    BlobID
	By      auth.By
	At      time.Time
	Why     string
	Removal Removal
	Version int
}

// A Template is a text that pages begin from, such as that of a good practice.
type Template struct {
	Key   string // "practice"
	Title string
	Body  string
}

// What can be done here.
const (
	Read     auth.Action = "wiki.read"
	Write    auth.Action = "wiki.create"
	Amend    auth.Action = "wiki.edit"     // save, roll back, tag, attach
	Shift    auth.Action = "wiki.move"     // rename, and give another place in the tree
	Publish  auth.Action = "wiki.publish"  // review what waits; see it
	Confirm  auth.Action = "wiki.confirm"  // say that a page is still valid, and when to look again
	Protect  auth.Action = "wiki.protect"  // protect, and write what is protected
	Moderate auth.Action = "wiki.moderate" // delete, restore, hide revisions; see them
	Purge    auth.Action = "wiki.purge"    // remove for good
	Disclose auth.Action = "wiki.widen"    // promise pages to more people
)

// Actions are all of the above, in order.
var Actions = []auth.Action{Read, Write, Amend, Shift, Publish, Confirm, Protect, Moderate, Purge, Disclose}

// What is refused for reasons of its own.
var (
	ErrDeleted   = errors.New("page is deleted")              // and must be restored before it is written
	ErrHidden    = errors.New("revision is hidden")           // and is neither shown nor compared
	ErrPublished = errors.New("revision is what readers see") // and is not hidden: first give the page another text
	ErrCycle     = errors.New("page would stand below itself")
	ErrDeep      = errors.New("page would stand too deep")
	ErrNoBlobs   = errors.New("attachments are not kept here") // Config.Blobs is nil
)

// Limits on what members write, in runes unless they say otherwise; Config may
// lower those of title and body.
const (
	MaxTitle       = 200
	MaxBody        = 500_000
	MaxWhy         = 500
	MaxTag         = 35
	MaxTags        = 10
	MaxThemes      = 5
	MaxKind        = 50 // of an origin, in bytes
	MaxDepth       = 16 // pages above a page
	MaxLinks       = 2_000
	MaxDrafts      = 100 // of one person; the oldest go first
	MaxCredit      = 50
	MaxAliases     = 200      // of one page; older ones go on leading to it, and it is no more renamed
	MaxFile        = 20 << 20 // bytes of an attachment
	MaxFileName    = 150
	MaxAttachments = 100 // of one page, revisions not counted
	MaxWiden       = 100
)

// Order of a list of pages.
type Order uint8

// The orders.
const (
	ByTitle Order = iota // by Key, then by id
	Tree                 // of a Parent: by Position, then by Key, then by id
	Newest               // by EditedAt, the latest first, then by id, the highest first
	ByDue                // by Check.Due, the earliest first, then by id
)

// PageQuery selects pages within reach that are published and not removed.
// Zero fields select all.
type PageQuery struct {
	Reach    auth.Reach
	Area     auth.AreaID
	Parent   PageID
	Top      bool   // only those without a parent
	Prefix   string // of their Key
	Tag      string
	Theme    ThemeID
	Template string
	Author   auth.UserID // who created it; then also what was never published
	Due      time.Time   // only those whose Check is due by then
	Pending  bool        // only those whose Current revision is not Stable, published before or not
	Removed  bool        // only those deleted
	Order    Order
	After    storage.Cursor
	Limit    int
}

// ViewQuery selects what one reader is shown with a page.
type ViewQuery struct {
	Page   PageID
	Reader auth.UserID
	Reach  auth.Reach // of the pages it leads to, and stands below
}

// View is a page as it is shown. Of the pages that it leads to, or stands
// below, it has those within Reach, published and not removed, and no body of any.
type View struct {
	Page     Page
	Path     []Page // above it, the highest first; those that the reader may not see are left out
	Links    []Leads
	Children int  // pages that stand directly below it, likewise
	Watching bool // by the Reader
}

// Leads is a link of a page and where it leads now.
type Leads struct {
	Link
	To Page // zero: nowhere that the reader may see
}

// EditQuery selects what is needed to change a page.
type EditQuery struct {
	Page   PageID
	Reader auth.UserID
}

// Edit is a page with the text of its Current revision, as it is kept.
type Edit struct {
	Page     Page
	Latest   Revision // the Current one
	Blob     Blob     // of it
	Frame    Blob     // of Blob.Frame, if that is another
	Watching bool
}

// RevisionQuery selects the revisions of a page, or of all pages within reach,
// that are published, neither hidden nor on a page that is removed: the newest
// first, of a page by number, of all by At, then by page, the highest first, then by number.
type RevisionQuery struct {
	Page     PageID // zero: of all pages
	Reach    auth.Reach
	Area     auth.AreaID
	Author   auth.UserID // of this person; zero: of all
	Reader   auth.UserID // whose own are there, published or not, hidden or not
	Pending  auth.Reach  // where those not published are there too
	Moderate auth.Reach  // where those hidden, or of a page that is removed, are there too
	After    storage.Cursor
	Limit    int
}

// Changed is a revision with its page, whose Body is empty.
type Changed struct {
	Revision Revision
	Page     Page
}

// LinkQuery selects the pages that link to a page, within reach, published and
// not removed: by Key, then by id.
type LinkQuery struct {
	To    PageID
	Reach auth.Reach
	After storage.Cursor
	Limit int
}

// WantedQuery selects the names that pages within reach, published and not
// removed, link to, and that lead to no page, or to one that is removed: by
// Key.
type WantedQuery struct {
	Reach auth.Reach
	Area  auth.AreaID // required: names are those of an area
	After storage.Cursor
	Limit int
}

// Wanted is such a name, with how many of these pages link to it.
type Wanted struct {
	Key   string
	Title string // as the lowest of these pages, by id, writes it
	Pages int
}

// AttachmentQuery selects the attachments of a page by Key: of each the newest
// revision that is selected, or all of one, newest first.
type AttachmentQuery struct {
	Page    PageID
	Key     string // only this one, with all its revisions
	Removed bool   // also revisions that are removed
}

// WrittenQuery selects the pages that name one person: as creator, editor,
// remover, protector, checker, in a revision's byline, credit or removal, in an
// attachment, or by a mention; by id.
type WrittenQuery struct {
	User  auth.UserID
	After storage.Cursor
	Limit int
}

// Store is what is kept of pages. Package storage says what Atomic, Apply and
// the errors promise; package storetest checks it. A store decides nothing.
type Store interface {
	Atomic(ctx context.Context, fn func(ctx context.Context, tx Store) error) error

	storage.Writer

	Page(ctx context.Context, id PageID) (Page, error)   // a root: locked in a unit
	Edit(ctx context.Context, q EditQuery) (Edit, error) // in one read; in a unit the page is locked
	View(ctx context.Context, q ViewQuery) (View, error) // in one read
	Path(ctx context.Context, id PageID) ([]Page, error) // the page and those above it, the nearest first, without bodies, whatever their state
	Height(ctx context.Context, id PageID) (int, error)  // how many levels of pages stand below it, whatever their state
	Pages(ctx context.Context, q PageQuery) (storage.Page[Page], error)

	Name(ctx context.Context, area auth.AreaID, key string) (Name, error)
	Names(ctx context.Context, area auth.AreaID, keys []string) ([]Name, error) // those there are, by Key
	Aliases(ctx context.Context, id PageID) ([]Name, error)                     // all names of a page, by area, then by Key

	Revision(ctx context.Context, id PageID, n int) (Revision, error)
	Blobs(ctx context.Context, id PageID, n ...int) ([]Blob, error) // of these revisions and of their frames, by N, in one read; ErrNotFound if one is not there
	Revisions(ctx context.Context, q RevisionQuery) (storage.Page[Changed], error)

	Backlinks(ctx context.Context, q LinkQuery) (storage.Page[Page], error)
	Wanted(ctx context.Context, q WantedQuery) (storage.Page[Wanted], error)
	From(ctx context.Context, o Origin, reach auth.Reach) ([]Page, error) // made from it, whatever its Revision; published or not, not removed; by id

	Attachment(ctx context.Context, id AttachmentID) (Attachment, error)
	Attachments(ctx context.Context, q AttachmentQuery) ([]Attachment, error)

	Draft(ctx context.Context, id DraftID) (Draft, error)
	Drafts(ctx context.Context, user auth.UserID) ([]Draft, error) // latest first, then by id, the highest first

	Watchers(ctx context.Context, id PageID, after auth.UserID, limit int) ([]auth.UserID, error) // by id, beyond after
	Watched(ctx context.Context, user auth.UserID) ([]PageID, error)                              // by id

	Written(ctx context.Context, q WrittenQuery) (storage.Page[Page], error)
}

// Blobs keeps the bytes of attachments, apart from the Store: in memory, in a
// folder, in a database, or wherever a host likes.
type Blobs interface {
	// Put keeps what r gives until its end under an id that is new. Where it
	// fails nothing is kept.
	Put(ctx context.Context, id BlobID, r io.Reader) error

	// Open returns the bytes from their beginning, or storage.ErrNotFound.
	Open(ctx context.Context, id BlobID) (io.ReadCloser, error)

	// Drop forgets them; that there are none is no error.
	Drop(ctx context.Context, id BlobID) error
}
