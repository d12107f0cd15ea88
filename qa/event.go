// SPDX-License-Identifier: BSD-3-Clause

package qa

import "github.com/copis-it/copis/auth"

// Names of the events of questions. The payload of each is an [Event]. There
// is none of a vote: who voted is nobody's business.
const (
	EventAsked      = "qa.asked"
	EventAnswered   = "qa.answered"
	EventCommented  = "qa.commented"
	EventHeld       = "qa.held" // written, and waits for a moderator
	EventEdited     = "qa.edited"
	EventRemoved    = "qa.removed" // deleted by its author or hidden by a moderator
	EventRestored   = "qa.restored"
	EventPurged     = "qa.purged"
	EventAccepted   = "qa.accepted"
	EventUnaccepted = "qa.unaccepted"
	EventModified   = "qa.accepted_modified" // once after an acceptance: the answer no longer says what was accepted
	EventUseful     = "qa.useful"            // an answer is also useful, or no longer
	EventClosed     = "qa.closed"
	EventReopened   = "qa.reopened"
	EventMerged     = "qa.merged"
	EventSuggested  = "qa.suggested"
	EventDecided    = "qa.suggestion_decided"
	EventDelegated  = "qa.delegated"
	EventAttributed = "qa.attributed" // a post was given another byline
	EventWidened    = "qa.widened"
	EventRecheck    = "qa.recheck" // what the question was made from has changed
	EventChecked    = "qa.checked"
	EventSynonym    = "qa.synonym" // of a tag, made or dropped
)

// Event is the payload of every event of questions. It names objects and holds
// none of their text, so that whoever handles it reads what is there then, with
// the rights that are held then.
type Event struct {
	By         auth.By       `json:"by"`
	Question   QuestionID    `json:"question,omitzero"`
	Answer     AnswerID      `json:"answer,omitzero"`
	Comment    CommentID     `json:"comment,omitzero"`
	Suggestion SuggestionID  `json:"suggestion,omitzero"`
	From       QuestionID    `json:"from,omitzero"`     // that was merged
	Capacity   Capacity      `json:"capacity,omitzero"` // of an acceptance
	Reason     Reason        `json:"reason,omitzero"`   // of a closing
	Decision   Decision      `json:"decision,omitzero"`
	Users      []auth.UserID `json:"users,omitempty"` // who is delegated, or had written it and has now
	Mentions   []auth.UserID `json:"mentions,omitempty"`
	Synonym    Synonym       `json:"synonym,omitzero"` // that was made, or dropped: then without To
	Why        string        `json:"why,omitempty"`

	FromAudience auth.Audience `json:"fromAudience,omitzero"`
	Audience     auth.Audience `json:"audience,omitzero"`
}
