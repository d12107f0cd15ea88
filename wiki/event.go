// SPDX-License-Identifier: BSD-3-Clause

package wiki

import "github.com/copis-it/copis/auth"

// Names of the events of pages. The payload of each is an [Event].
const (
	EventCreated   = "wiki.created"
	EventSaved     = "wiki.saved" // a revision more; readers see it where it is Stable
	EventPublished = "wiki.published"
	EventDeclined  = "wiki.declined"
	EventRenamed   = "wiki.renamed"
	EventMoved     = "wiki.moved" // has another place in the tree
	EventLabelled  = "wiki.labelled"
	EventProtected = "wiki.protected" // a page or a title, or no longer
	EventChecked   = "wiki.checked"   // still valid, or when to look again
	EventDeleted   = "wiki.deleted"
	EventRestored  = "wiki.restored"
	EventPurged    = "wiki.purged"
	EventHidden    = "wiki.revision_hidden"
	EventShown     = "wiki.revision_shown"
	EventAttached  = "wiki.attached"
	EventDetached  = "wiki.detached" // or attached again
	EventWidened   = "wiki.widened"
	EventRecheck   = "wiki.recheck" // what the page was made from has changed
	EventRechecked = "wiki.rechecked"
)

// Event is the payload of every event of pages. It names objects and holds
// none of their text, so that whoever handles it reads what is there then, with
// the rights that are held then.
type Event struct {
	By         auth.By       `json:"by"`
	Page       PageID        `json:"page,omitzero"`
	Revision   int           `json:"revision,omitzero"`
	Stable     bool          `json:"stable,omitzero"` // readers see the revision
	Minor      bool          `json:"minor,omitzero"`
	Attachment AttachmentID  `json:"attachment,omitzero"`
	Mentions   []auth.UserID `json:"mentions,omitempty"`
	Why        string        `json:"why,omitempty"`

	FromAudience auth.Audience `json:"fromAudience,omitzero"`
	Audience     auth.Audience `json:"audience,omitzero"`
}
