// SPDX-License-Identifier: BSD-3-Clause

package membership

import (
	"context"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// OrgQuery selects organisations by name.
type OrgQuery struct {
	Words    []string // folded, see [Fold]: each stands somewhere in the folded name or is the Code; none: all
	Inactive bool     // those too
	After    storage.Cursor
	Limit    int
}

// MemberQuery selects members, by id.
type MemberQuery struct {
	Listed    bool        // only active ones who want to be found
	State     MemberState // zero: all
	Role      auth.Role   // at least
	Category  Category    // zero: all
	Org       auth.OrgID  // who have a mandate of it that runs at Now
	Expertise string      // folded, see [Fold]: one of theirs, folded, is this; zero: all
	Now       time.Time
	After     storage.Cursor
	Limit     int
}

// ApplicationQuery selects applications, oldest first (by ID, as fresh ones are
// in the order of their making; so are all lists here that go by age).
type ApplicationQuery struct {
	State      AppState // as kept: Applied ones may be Expired when read; zero: all
	User       auth.UserID
	Categories []Category // any of these; none: all
	After      storage.Cursor
	Limit      int
}

// ClaimQuery selects mandates that wait for somebody to verify them, oldest first.
type ClaimQuery struct {
	Now   time.Time // those whose Until is after it, or open
	After storage.Cursor
	Limit int
}

// InvitationQuery selects invitations, newest first.
type InvitationQuery struct {
	By    auth.UserID // zero: everybody's
	After storage.Cursor
	Limit int
}

// SanctionQuery selects sanctions, newest first.
type SanctionQuery struct {
	User     auth.UserID // zero: everybody's
	Areas    auth.Reach  // of the Area, as of an item promised to its members
	Appealed bool        // only those with an appeal that is not decided
	After    storage.Cursor
	Limit    int
}

// Tally counts active members by category.
type Tally map[Category]int

// Store is what membership is kept in. Package storage says what Atomic, Apply
// and the errors promise; package storetest checks it. A store decides nothing.
type Store interface {
	Atomic(ctx context.Context, fn func(ctx context.Context, tx Store) error) error

	storage.Writer

	// Standing reads in one go what there is of a person: their membership,
	// the application that is Applied with its organisation's code, roles in areas, mandates with neither
	// From after nor Until at or before now, verified or not, sanctions that
	// hold at now, both newest first, and the last turn of the phase. A person
	// of whom there is nothing has the zero Facts but for Last.
	Standing(ctx context.Context, user auth.UserID, now time.Time) (Facts, error)

	Turns(ctx context.Context) ([]Turn, error) // all, oldest first

	Org(ctx context.Context, id auth.OrgID) (Org, error)
	OrgsByID(ctx context.Context, ids []auth.OrgID) (map[auth.OrgID]Org, error) // those that are there
	OrgsByCode(ctx context.Context, codes []string) (map[string]Org, error)     // likewise
	Orgs(ctx context.Context, q OrgQuery) (storage.Page[Org], error)            // by the [SortKey] of the folded name, then code

	Member(ctx context.Context, user auth.UserID) (Member, error)                         // a root: locked in a unit
	MembersByID(ctx context.Context, users []auth.UserID) (map[auth.UserID]Member, error) // those that are there
	Members(ctx context.Context, q MemberQuery) (storage.Page[Member], error)
	Tally(ctx context.Context) (Tally, error)

	// Coordinators returns the active members who are coordinators of an area
	// and whom no ReadOnly or Suspension there or in the commons holds back at
	// now, by id, and what HoldCoordinators asks to have been seen.
	Coordinators(ctx context.Context, area auth.AreaID, now time.Time) (who []auth.UserID, seen int, err error)
	AreaRoles(ctx context.Context, area auth.AreaID) ([]AreaRole, error) // by user

	Mandate(ctx context.Context, id MandateID) (Mandate, error)
	Mandates(ctx context.Context, user auth.UserID) ([]Mandate, error) // newest first
	// Acting returns for which organisations people act at now: those of their
	// mandates that run, in the order of their ids, each once. Who acts for none
	// is left out.
	Acting(ctx context.Context, users []auth.UserID, now time.Time) (map[auth.UserID][]auth.OrgID, error)
	Claims(ctx context.Context, q ClaimQuery) (storage.Page[Mandate], error)

	Application(ctx context.Context, id ApplicationID) (Application, error)
	Applications(ctx context.Context, q ApplicationQuery) (storage.Page[Application], error)

	Invitation(ctx context.Context, hash [32]byte) (Invitation, error)
	InvitationOf(ctx context.Context, id InvitationID) (Invitation, error)
	InvitationFor(ctx context.Context, mailbox [16]byte) (Invitation, error) // neither used up nor revoked: there is one at most
	Invitations(ctx context.Context, q InvitationQuery) (storage.Page[Invitation], error)

	Sanction(ctx context.Context, id SanctionID) (Sanction, error)
	Sanctions(ctx context.Context, q SanctionQuery) (storage.Page[Sanction], error)
}

// Facts are what a store knows of a person for a [Standing].
type Facts struct {
	Standing        // without Phase, Newcomer, Decidable and Opens; Mandates also those not verified
	Last     Turn   // of the phase; zero: never turned by hand
	Code     string // of the organisation of Waiting; empty: it has none
}
