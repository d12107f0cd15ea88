// SPDX-License-Identifier: BSD-3-Clause

package membership

import (
	"time"

	"github.com/copis-it/copis/auth"
)

// What becomes of the rows of membership, for [Store.Apply]. "Update" replaces
// every field but the ID (or the User) and the time it was made, if the object
// is still at the Version that the new value carries (ErrConflict), and moves
// it to the next.
type (
	InsertOrg struct{ Org Org } // ErrExists if its ID or Code is there
	UpdateOrg struct{ Org Org } // ErrExists if another has the Code

	InsertMember struct{ Member Member } // ErrExists if the person is one, whatever their State
	UpdateMember struct{ Member Member } // but Joined

	// HoldCoordinators is for whatever takes an active coordinator of an area
	// away, such as the commons: of two that count them at once the second is
	// ErrConflict. It moves the count of such changes there from Seen to the
	// next.
	HoldCoordinators struct {
		Area auth.AreaID
		Seen int
	}

	SetAreaRole struct{ AreaRole AreaRole } // Outsider: none any more

	InsertMandate struct{ Mandate Mandate } // ErrNotFound without its Org
	UpdateMandate struct{ Mandate Mandate } // likewise

	InsertApplication struct{ Application Application } // ErrExists if the person has one that is Applied
	UpdateApplication struct{ Application Application } // likewise

	InsertInvitation struct{ Invitation Invitation } // ErrExists if its Hash is there, or its Mailbox in one that is neither used up nor revoked
	UpdateInvitation struct{ Invitation Invitation } // but Uses; likewise
	// UseInvitation counts a use, and is no update: ErrConflict if it has had
	// Most, is revoked or over at At, so that of many who use it at once Most
	// succeed.
	UseInvitation struct {
		ID InvitationID
		At time.Time
	}

	InsertSanction struct{ Sanction Sanction }
	UpdateSanction struct{ Sanction Sanction }

	// InsertTurn is ErrConflict unless its N is the next.
	InsertTurn struct{ Turn Turn }

	// EraseUser empties the identifier of a person wherever the rows hold it:
	// membership, roles, mandates, applications, sanctions and invitations for
	// their Mailboxes are dropped, and bylines become zero. What had such a
	// byline moves to its next Version: what was read before is not written
	// back. The zero User is nobody, and so is the zero Mailbox.
	EraseUser struct {
		User      auth.UserID
		Mailboxes [][16]byte
	}
)

func (InsertOrg) Change() string         { return "membership.InsertOrg" }
func (UpdateOrg) Change() string         { return "membership.UpdateOrg" }
func (InsertMember) Change() string      { return "membership.InsertMember" }
func (UpdateMember) Change() string      { return "membership.UpdateMember" }
func (HoldCoordinators) Change() string  { return "membership.HoldCoordinators" }
func (SetAreaRole) Change() string       { return "membership.SetAreaRole" }
func (InsertMandate) Change() string     { return "membership.InsertMandate" }
func (UpdateMandate) Change() string     { return "membership.UpdateMandate" }
func (InsertApplication) Change() string { return "membership.InsertApplication" }
func (UpdateApplication) Change() string { return "membership.UpdateApplication" }
func (InsertInvitation) Change() string  { return "membership.InsertInvitation" }
func (UpdateInvitation) Change() string  { return "membership.UpdateInvitation" }
func (UseInvitation) Change() string     { return "membership.UseInvitation" }
func (InsertSanction) Change() string    { return "membership.InsertSanction" }
func (UpdateSanction) Change() string    { return "membership.UpdateSanction" }
func (InsertTurn) Change() string        { return "membership.InsertTurn" }
func (EraseUser) Change() string         { return "membership.EraseUser" }
