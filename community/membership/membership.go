// SPDX-License-Identifier: BSD-3-Clause

// Package membership says who belongs to the community: which organisations,
// who acts for them, who was admitted in which phase, as what, and who may not
// take part for a while.
//
// This file has the words: types, actions, errors and limits; store.go has the
// queries and the Store, plan.go the phases. The rules are in service.go and,
// one concept a file, beside it.
package membership

import (
	"errors"
	"fmt"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// Identifiers of what is kept here.
type (
	MandateID     = storage.ID[Mandate]
	ApplicationID = storage.ID[Application]
	InvitationID  = storage.ID[Invitation]
	SanctionID    = storage.ID[Sanction]
)

// A Category is the kind of member somebody is, for the phases. A host may
// name its own; the zero Category is that of whoever is not a member.
type Category string

// The categories of Co.PIS.
const (
	Beneficiary Category = "beneficiary" // an administration funded by the programme
	Partner     Category = "partner"     // of such an administration
	University  Category = "university"
	Research    Category = "research"
	PublicBody  Category = "public_body"
	PrivateBody Category = "private_body"
	Expert      Category = "expert"
	Citizen     Category = "citizen"
)

var categories = []Category{Beneficiary, Partner, University, Research, PublicBody, PrivateBody, Expert, Citizen}

// An Org is an organisation. Neither its name nor the domain of its e-mail
// says which it is: its Code does.
type Org struct {
	ID       auth.OrgID
	Code     string // codice IPA in lower case, or another code of the host's; unique, at most MaxCode bytes
	Name     string
	Kind     string // as its register calls it: "Comuni e loro Consorzi e Associazioni"
	Site     string // web address; may be empty
	Inactive bool   // closed or merged: nobody begins to act for it
	Made     time.Time
	Version  int // 1, and one more with every update
}

// A Mandate lets a person act for an organisation while it runs.
type Mandate struct {
	ID       MandateID   `json:"id"`
	User     auth.UserID `json:"user"`
	Org      auth.OrgID  `json:"org"`
	Title    string      `json:"title,omitempty"`   // what they are there: "responsabile del progetto"
	From     time.Time   `json:"from"`              // included
	Until    time.Time   `json:"until,omitzero"`    // not included; zero: open
	Verified time.Time   `json:"verified,omitzero"` // zero: only claimed
	By       auth.By     `json:"by,omitzero"`       // who verified it
	Made     time.Time   `json:"made"`
	Version  int         `json:"version"` // 1, and one more with every update
}

// Runs reports whether the person may act for the organisation at an instant.
func (m Mandate) Runs(now time.Time) bool {
	return !m.Verified.IsZero() && !now.Before(m.From) && (m.Until.IsZero() || now.Before(m.Until))
}

// A Member is a person who was admitted. What they hold in the community is
// theirs while they are Active.
type Member struct {
	User     auth.UserID `json:"user"`
	State    MemberState `json:"state"`
	Role     auth.Role   `json:"role"` // in the community
	Category Category    `json:"category"`
	Org      auth.OrgID  `json:"org,omitzero"` // through which they were admitted; may be zero
	Joined   time.Time   `json:"joined"`       // the first time
	Since    time.Time   `json:"since"`        // of State
	Profile  Profile     `json:"profile"`
	Version  int         `json:"version"` // 1, and one more with every update
}

// MemberState says whether a member takes part.
type MemberState uint8

// The states. What somebody wrote stays in all of them.
const (
	Active MemberState = iota + 1
	Away               // deactivated by themselves for a while; coming back asks nobody
	Left               // coming back is joining again
)

// A Profile is what a member tells of themselves, field by field to whom:
// the zero audience of a field is nobody but the member and coordinators.
type Profile struct {
	Name      Field    `json:"name,omitzero"`       // what they are called; shown beside what they write if it is told
	Headline  Field    `json:"headline,omitzero"`   // "assistente sociale, Comune di …"
	About     Field    `json:"about,omitzero"`      // Markdown
	Contact   Field    `json:"contact,omitzero"`    // how to reach them
	Expertise []string `json:"expertise,omitempty"` // what they know, for the directory; at most MaxExpertise
	Listed    bool     `json:"listed"`              // found in the directory by other members
}

// A Field of a profile, and who may read it: CommunityMembers or Public, or
// nobody else.
type Field struct {
	Text     string        `json:"text"`
	Audience auth.Audience `json:"audience,omitzero"`
}

// An AreaRole is what a person is in an area other than the commons.
type AreaRole struct {
	User auth.UserID `json:"user"`
	Area auth.AreaID `json:"area"`
	Role auth.Role   `json:"role"`
}

// An Application asks to be admitted.
type Application struct {
	ID       ApplicationID `json:"id"`
	User     auth.UserID   `json:"user"`
	Category Category      `json:"category"`
	Org      auth.OrgID    `json:"org,omitzero"`    // may be zero
	Title    string        `json:"title,omitempty"` // what they are there
	Text     string        `json:"text,omitempty"`  // why they ask
	State    AppState      `json:"state"`
	Made     time.Time     `json:"made"`
	Decided  time.Time     `json:"decided,omitzero"`
	By       auth.By       `json:"by,omitzero"`   // who decided
	Why      string        `json:"why,omitempty"` // told to the applicant; never empty when declined
	Version  int           `json:"version"`       // 1, and one more with every update
}

// AppState is where an application stands.
type AppState uint8

// The states. Only Applied waits for anything, and an application that has
// waited too long is Expired when it is read.
const (
	Applied AppState = iota + 1
	Approved
	Declined
	Withdrawn
	Expired
)

// An Invitation admits whoever holds its secret, while the phase admits the
// Category by invitation, as often as Most says.
type Invitation struct {
	ID       InvitationID `json:"id"`
	Hash     [32]byte     `json:"-"` // SHA-256 of its secret
	Category Category     `json:"category"`
	Org      auth.OrgID   `json:"org,omitzero"` // admits for it, with a verified mandate; may be zero
	Role     auth.Role    `json:"role"`         // never above the inviter's
	Mailbox  [16]byte     `json:"-"`            // hash of the only address that it is for; zero: whoever holds it
	Most     int          `json:"most"`         // uses, 1 to MaxUses
	Uses     int          `json:"uses"`         // so far, kept by the store
	By       auth.By      `json:"by,omitzero"`
	Made     time.Time    `json:"made"`
	Ends     time.Time    `json:"ends"`
	Revoked  time.Time    `json:"revoked,omitzero"`
	Version  int          `json:"version"` // 1, and one more with every update but a use
}

// A Sanction restrains a person for a while.
type Sanction struct {
	ID      SanctionID   `json:"id"`
	User    auth.UserID  `json:"user"`
	Area    auth.AreaID  `json:"area"` // the commons: the whole community
	Kind    SanctionKind `json:"kind"`
	Why     string       `json:"why"` // told to the person
	From    time.Time    `json:"from"`
	Until   time.Time    `json:"until,omitzero"` // zero: until it is lifted
	By      auth.By      `json:"by,omitzero"`
	Lifted  time.Time    `json:"lifted,omitzero"`
	Appeal  Appeal       `json:"appeal,omitzero"`
	Version int          `json:"version"` // 1, and one more with every update
}

// SanctionKind is how much a sanction restrains.
type SanctionKind uint8

// The kinds, from the lightest.
const (
	Warning    SanctionKind = iota + 1 // nothing but the word
	ReadOnly                           // reads and does nothing else
	Suspension                         // is not let in
)

var sanctionNames = [...]string{"none", "warning", "read_only", "suspension"}

func (k SanctionKind) String() string {
	if int(k) < len(sanctionNames) {
		return sanctionNames[k]
	}
	return "unknown"
}

// Holds reports whether a sanction restrains at an instant.
func (s Sanction) Holds(now time.Time) bool {
	return s.Lifted.IsZero() && !now.Before(s.From) && (s.Until.IsZero() || now.Before(s.Until))
}

// An Appeal asks somebody else than whoever imposed a sanction to look again.
type Appeal struct {
	Text    string    `json:"text,omitempty"`
	At      time.Time `json:"at,omitzero"`
	Decided time.Time `json:"decided,omitzero"`
	By      auth.By   `json:"by,omitzero"`
	Upheld  bool      `json:"upheld,omitzero"` // the sanction stays
	Why     string    `json:"why,omitempty"`
}

// What can be done here.
const (
	SeeMembers auth.Action = "membership.see"      // the directory, and what profiles tell members
	Invite     auth.Action = "membership.invite"   // and revoke what one has invited
	Decide     auth.Action = "membership.decide"   // applications, mandates, organisations
	Grant      auth.Action = "membership.grant"    // roles, never above one's own
	Restrain   auth.Action = "membership.restrain" // sanctions
	Review     auth.Action = "membership.review"   // appeals against sanctions of others
	Steer      auth.Action = "membership.steer"    // phases
)

// Actions are all of the above, in order.
var Actions = []auth.Action{SeeMembers, Invite, Decide, Grant, Restrain, Review, Steer}

// Join is what somebody does who applies or uses an invitation. No authorizer
// is asked for it: the phase decides. It names refusals and rates.
const Join auth.Action = "membership.join"

// Reasons of [auth.Denied] besides those of package auth.
const (
	ReasonPhase    = "phase_closed" // the category may not do it in this phase; Opens says when, if that is known
	ReasonMandate  = "mandate"      // does not act for that organisation now
	ReasonSanction = "sanction"     // restrained; Opens says until when, if that is known
	ReasonAway     = "away"         // has left or is deactivated
	ReasonLevel    = "level"        // is not known surely enough
	ReasonSelf     = "self"         // not on one's own behalf: one's own application, mandate, sanction, appeal
	ReasonAbove    = "above"        // a role above the actor's own, or a person who has one
	ReasonCoolDown = "cool_down"    // was declined not long ago; Opens says until when
)

// What is refused for reasons of its own.
var (
	ErrMember     = errors.New("is a member already")
	ErrNotMember  = errors.New("is not a member")
	ErrLast       = errors.New("is the last active coordinator") // of the community, or of an area
	ErrInvitation = errors.New("invitation is no longer good")   // never was, was used up, revoked, is over, is for another address, whoever gave it may no more
	ErrAppealed   = errors.New("has been appealed already")
)

// What is there already: each is a [storage.ErrExists].
var (
	ErrApplied = fmt.Errorf("has another application that waits: %w", storage.ErrExists)
	ErrInvited = fmt.Errorf("the address has an invitation: %w", storage.ErrExists)
	ErrCode    = fmt.Errorf("another organisation has the code: %w", storage.ErrExists)
	ErrFounded = fmt.Errorf("has a coordinator who can act: %w", storage.ErrExists)
)

// Limits on what is written, in runes unless they say otherwise.
const (
	MaxOrgName   = 400
	MaxCode      = 40  // bytes
	MaxSite      = 255 // bytes
	MaxTitle     = 120
	MaxText      = 4_000
	MaxWhy       = 1_000
	MaxField     = 200 // of a profile, but for About
	MaxAbout     = 4_000
	MaxExpertise = 10 // entries of a profile
	MaxTerm      = 50 // an entry
	MaxUses      = 1_000
	MaxMandates  = 20     // a person, ended ones included
	MaxRow       = 10_000 // rows of one bulk invitation
)

// A Standing is all that decides what a person may do, as it is at one instant.
type Standing struct {
	Phase     int         // in force; see [Plan.At]
	Member    Member      // zero: none
	Newcomer  bool        // joined less than Config.Newcomer ago
	Waiting   Application // that asks to be admitted and may still be; zero: none
	Decidable bool        // the phase in force lets Waiting be decided
	Opens     time.Time   // if not, when one will, if that is known
	Areas     map[auth.AreaID]auth.Role
	Mandates  []Mandate  // those that run
	Sanctions []Sanction // those that hold
}
