// SPDX-License-Identifier: BSD-3-Clause

package membership

import (
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// Names of the events of membership. The payload of each is an [Event].
//
// What concerns one person has no audience: it is for those who have a right
// in the area, and for the notices that the person gets. What concerns all is
// for the members of the community.
const (
	EventOrgAdded     = "membership.org_added"     // for members
	EventOrgEdited    = "membership.org_edited"    // for members
	EventOrgsImported = "membership.orgs_imported" // for members; one for each batch
	EventTurned       = "membership.turned"        // for members: another phase, by hand

	EventClaimed       = "membership.claimed"
	EventVerified      = "membership.verified"
	EventMandateEnded  = "membership.mandate_ended"
	EventApplied       = "membership.applied"
	EventApproved      = "membership.approved"
	EventDeclined      = "membership.declined"
	EventWithdrawn     = "membership.withdrawn"
	EventJoined        = "membership.joined" // whichever way
	EventInvited       = "membership.invited"
	EventRevoked       = "membership.revoked"
	EventGranted       = "membership.granted"
	EventRestrained    = "membership.restrained"
	EventLifted        = "membership.lifted"
	EventAppealed      = "membership.appealed"
	EventReviewed      = "membership.reviewed"
	EventProfileEdited = "membership.profile_edited"
	EventLeft          = "membership.left"
	EventDeactivated   = "membership.deactivated"
	EventCameBack      = "membership.came_back"
	EventFounded       = "membership.founded" // by the host; or an area
)

// Event is the payload of every event of membership. It names objects and
// holds none of their text, so that whoever handles it reads what is there
// then, with the rights that are held then.
type Event struct {
	By          auth.By       `json:"by"`
	User        auth.UserID   `json:"user,omitzero"` // whom it concerns
	Org         auth.OrgID    `json:"org,omitzero"`
	Mandate     MandateID     `json:"mandate,omitzero"`
	Application ApplicationID `json:"application,omitzero"`
	Invitation  InvitationID  `json:"invitation,omitzero"`
	Sanction    SanctionID    `json:"sanction,omitzero"`
	Area        auth.AreaID   `json:"area,omitzero"`
	Role        auth.Role     `json:"role,omitempty"`  // granted
	Phase       int           `json:"phase,omitempty"` // in force now
	Orgs        int           `json:"orgs,omitempty"`  // added or changed by a batch
}

// personal makes an event that concerns one person.
func personal(name string, at time.Time, e Event) storage.Event {
	area := auth.Commons
	if !e.Area.IsZero() {
		area = e.Area
	}
	return auth.NewEvent(name, at, area, 0, e)
}

// general makes an event that concerns all members.
func general(name string, at time.Time, e Event) storage.Event {
	return auth.NewEvent(name, at, auth.Commons, auth.CommunityMembers, e)
}
