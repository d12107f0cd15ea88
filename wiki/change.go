// SPDX-License-Identifier: BSD-3-Clause

package wiki

import (
	"time"

	"github.com/copis-it/copis/auth"
)

// What becomes of the rows of pages, for [Store.Apply]. "Update" replaces every
// field but the ID, the Area, By and CreatedAt, if the object is still at the Version
// that the new value carries (ErrConflict), and moves it to the next.
type (
	// InsertPage and UpdatePage also record what the page is found by: its
	// tags, its themes, its origin. They are ErrNotFound without the parent.
	InsertPage struct{ Page Page }
	UpdatePage struct{ Page Page }

	// PageAt changes nothing: it holds what is applied with it to a page that
	// is still at Version (ErrConflict).
	PageAt struct {
		Page    PageID
		Version int
	}

	// PutName keeps a name in place of what is there, if that is still at the
	// Version that the new value carries (0: there is none; ErrConflict
	// otherwise), and moves it to the next. It is ErrNotFound without the page.
	PutName struct{ Name Name }

	// DropNames forgets the names of a page; none is no error.
	DropNames struct{ Page PageID }

	// InsertRevision is ErrExists if the page has one of this number, and
	// ErrNotFound without the page or, among its blobs, the frame.
	InsertRevision struct {
		Revision Revision
		Blob     Blob
	}

	// UpdateRevision replaces all that is kept of a revision but Page, N, Base,
	// By and At, and its text, which is none where the Blob has no N. Whoever
	// takes a frame away puts what hangs on it elsewhere in the same Apply.
	// ErrNotFound without the revision.
	UpdateRevision struct {
		Revision Revision
		Blob     Blob
	}

	// SetRemoval replaces the Removal of a revision; ErrNotFound without it.
	SetRemoval struct {
		Page    PageID
		N       int
		Removal Removal
	}

	// DropRevisions forgets the texts, titles, summaries and credits of a
	// page's revisions, which become Purged, and who is mentioned; who made them
	// and when stays.
	DropRevisions struct{ Page PageID }

	// SetLinks replaces what a page links to.
	SetLinks struct {
		Page  PageID
		Links []Link // none twice by Key
	}

	// Relink lets the links to a name, from whatever page of the area, that
	// lead to From lead to To. Either may be zero, for nowhere.
	Relink struct {
		Area     auth.AreaID
		Key      string
		From, To PageID
	}

	// MoveChildren gives the pages directly below From to To, zero for the
	// top; each moves to its next Version.
	MoveChildren struct{ From, To PageID }

	// AddMentions notes who a text of a page mentions, besides those who were
	// noted before. ErrNotFound without the page.
	AddMentions struct {
		Page  PageID
		Users []auth.UserID
	}

	// SetWatch says whether a person watches a page; ErrNotFound without it.
	SetWatch struct {
		Page PageID
		User auth.UserID
		On   bool
		At   time.Time
	}

	// PutDraft keeps a draft that is new (Version 1) or still at Version-1
	// (ErrConflict). Of its author's drafts beyond Most the oldest are dropped,
	// and never the one that is put.
	PutDraft struct {
		Draft Draft
		Most  int
	}
	DropDraft struct { // none is no error
		User  auth.UserID
		Draft DraftID
	}

	// InsertAttachment is ErrExists if the page has one of this Key and N, and
	// ErrNotFound without the page.
	InsertAttachment struct{ Attachment Attachment }
	UpdateAttachment struct{ Attachment Attachment } // not its page, Key, N nor Blob

	// EraseUser empties the identifier of a person wherever the rows of pages
	// hold it, but for bodies: bylines become zero, which moves the Version of
	// what has one; mentions, watches and drafts are forgotten.
	EraseUser struct{ User auth.UserID }
)

func (InsertPage) Change() string       { return "wiki.InsertPage" }
func (UpdatePage) Change() string       { return "wiki.UpdatePage" }
func (PageAt) Change() string           { return "wiki.PageAt" }
func (PutName) Change() string          { return "wiki.PutName" }
func (DropNames) Change() string        { return "wiki.DropNames" }
func (InsertRevision) Change() string   { return "wiki.InsertRevision" }
func (UpdateRevision) Change() string   { return "wiki.UpdateRevision" }
func (SetRemoval) Change() string       { return "wiki.SetRemoval" }
func (DropRevisions) Change() string    { return "wiki.DropRevisions" }
func (SetLinks) Change() string         { return "wiki.SetLinks" }
func (Relink) Change() string           { return "wiki.Relink" }
func (MoveChildren) Change() string     { return "wiki.MoveChildren" }
func (AddMentions) Change() string      { return "wiki.AddMentions" }
func (SetWatch) Change() string         { return "wiki.SetWatch" }
func (PutDraft) Change() string         { return "wiki.PutDraft" }
func (DropDraft) Change() string        { return "wiki.DropDraft" }
func (InsertAttachment) Change() string { return "wiki.InsertAttachment" }
func (UpdateAttachment) Change() string { return "wiki.UpdateAttachment" }
func (EraseUser) Change() string        { return "wiki.EraseUser" }
