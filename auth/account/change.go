// SPDX-License-Identifier: BSD-3-Clause

package account

import (
	"time"

	"github.com/copis-it/copis/auth"
)

// What becomes of the rows of accounts, for [Store.Apply]. Whatever gives
// something to a person is ErrNotFound if they have no account.
type (
	// InsertAccount is ErrExists if there is an account of this User, or with
	// this Mailbox, unless that is zero. A name is claimed with TakeName.
	InsertAccount struct{ Account Account }
	// UpdateAccount replaces every field but User and Made, if the account is
	// still at the Version that the new value carries (ErrConflict), and moves
	// it to the next. ErrExists: another account has the Mailbox.
	UpdateAccount struct{ Account Account }

	// TakeName gives a handle to a person as that of their present name; the
	// one they had stays theirs, so that nobody else can take it. ErrExists:
	// somebody else has or had it.
	TakeName struct {
		User   auth.UserID
		Handle Handle
	}

	// Unchanged changes nothing. It is ErrConflict unless the account is at this
	// Version, and keeps it there until the Apply it rides in is over; ErrNotFound
	// without an account.
	Unchanged struct {
		User    auth.UserID
		Version int
	}

	// PutToken gives a token, in place of what the User holds for the same
	// Purpose. Tokens for a SecondStep, and those of the zero User, stand beside
	// each other. ErrExists: another has the ID.
	PutToken struct{ Token Token }
	// UseToken takes a token away: ErrNotFound if it is not there, so that of
	// many who use it at once one succeeds.
	UseToken struct{ ID [16]byte }
	// DropTokens takes away what a person holds for these purposes; none is no error.
	DropTokens struct {
		User     auth.UserID
		Purposes []Purpose
	}

	PutFactor struct{ Factor Factor } // inserts or replaces
	// TakeStep accepts a time step: ErrConflict unless it is beyond Factor.Step,
	// ErrNotFound without a factor.
	TakeStep struct {
		User auth.UserID
		Step int64
	}
	DropFactor struct{ User auth.UserID } // and the recovery codes; none is no error

	// PutRecovery replaces a person's recovery codes, kept as SHA-256.
	PutRecovery struct {
		User   auth.UserID
		Hashes [][32]byte
	}
	// UseRecovery takes one of them away: ErrNotFound if it is not there.
	UseRecovery struct {
		User auth.UserID
		Hash [32]byte
	}

	InsertIdentity struct{ Identity Identity } // ErrExists if the Issuer's Subject is linked already
	// UseIdentity says that the person signed in with it; neither Level nor Used
	// goes back. ErrNotFound if they have no such identity.
	UseIdentity struct {
		User            auth.UserID
		Issuer, Subject string
		Level           Level
		At              time.Time
	}
	// DropIdentity is ErrNotFound if the person has no such identity.
	DropIdentity struct {
		User            auth.UserID
		Issuer, Subject string
	}

	InsertConsent struct{ Consent Consent } // agreed to already: nothing

	// PutAttempts replaces the count of its Key, if that is still Seen
	// (ErrConflict); a key that is not there counts 0.
	PutAttempts struct {
		Attempts Attempts
		Seen     int
	}
	DropAttempts struct{ Keys [][16]byte } // none is no error

	// Forget drops tokens that were over before an instant, and attempts that
	// were made before another.
	Forget struct{ Before, Tried time.Time }

	// EraseUser drops all there is of a person but their handles, which stay
	// taken and belong to nobody.
	EraseUser struct{ User auth.UserID }
)

func (InsertAccount) Change() string  { return "account.InsertAccount" }
func (UpdateAccount) Change() string  { return "account.UpdateAccount" }
func (TakeName) Change() string       { return "account.TakeName" }
func (Unchanged) Change() string      { return "account.Unchanged" }
func (PutToken) Change() string       { return "account.PutToken" }
func (UseToken) Change() string       { return "account.UseToken" }
func (DropTokens) Change() string     { return "account.DropTokens" }
func (PutFactor) Change() string      { return "account.PutFactor" }
func (TakeStep) Change() string       { return "account.TakeStep" }
func (DropFactor) Change() string     { return "account.DropFactor" }
func (PutRecovery) Change() string    { return "account.PutRecovery" }
func (UseRecovery) Change() string    { return "account.UseRecovery" }
func (InsertIdentity) Change() string { return "account.InsertIdentity" }
func (UseIdentity) Change() string    { return "account.UseIdentity" }
func (DropIdentity) Change() string   { return "account.DropIdentity" }
func (InsertConsent) Change() string  { return "account.InsertConsent" }
func (PutAttempts) Change() string    { return "account.PutAttempts" }
func (DropAttempts) Change() string   { return "account.DropAttempts" }
func (Forget) Change() string         { return "account.Forget" }
func (EraseUser) Change() string      { return "account.EraseUser" }
