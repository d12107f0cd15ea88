// SPDX-License-Identifier: BSD-3-Clause

package forum

import (
	"github.com/copis-it/copis/auth"
)

// Names of the forum's events. The payload of each is an [Event].
const (
	EventBoardOpened = "forum.board_opened"
	EventBoardEdited = "forum.board_edited"
	EventStarted     = "forum.started"
	EventReplied     = "forum.replied"
	EventHeld        = "forum.held" // written, and waits for a moderator; started or replied when it is let through
	EventEdited      = "forum.edited"
	EventRemoved     = "forum.removed" // deleted by its author or hidden by a moderator
	EventRestored    = "forum.restored"
	EventPurged      = "forum.purged"
	EventPinned      = "forum.pinned"
	EventLocked      = "forum.locked"
	EventUnlocked    = "forum.unlocked"
	EventMoved       = "forum.moved"
	EventSplit       = "forum.split"
	EventMerged      = "forum.merged"
	EventWidened     = "forum.widened"
)

// Event is the payload of every event of the forum. It names objects and
// holds none of their text, so that whoever handles it reads what is there
// then, with the rights that are held then.
type Event struct {
	By       auth.By       `json:"by"`
	Board    BoardID       `json:"board,omitzero"`
	Topic    TopicID       `json:"topic,omitzero"`
	Reply    ReplyID       `json:"reply,omitzero"`
	From     TopicID       `json:"from,omitzero"`     // where a merge or split took it from
	FromArea auth.AreaID   `json:"fromArea,omitzero"` // where a move took it from
	Mentions []auth.UserID `json:"mentions,omitempty"`
	Why      string        `json:"why,omitempty"`

	FromAudience auth.Audience `json:"fromAudience,omitzero"` // what it was promised before it was widened
	Audience     auth.Audience `json:"audience,omitzero"`     // and is now
}
