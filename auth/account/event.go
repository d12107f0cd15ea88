// SPDX-License-Identifier: BSD-3-Clause

package account

import (
	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// What is asked of the [auth.Authorizer], and named in refusals.
const (
	ActDisable auth.Action = "account.disable"
	ActEnable  auth.Action = "account.enable"
	ActSignIn  auth.Action = "account.sign_in" // only ever limited
	ActSignUp  auth.Action = "account.sign_up"
	ActMail    auth.Action = "account.mail"   // having a message sent
	ActAct     auth.Action = "account.act"    // anything at all
	ActFactor  auth.Action = "account.factor" // having a second factor
)

// Reasons of [auth.Denied] besides those of package auth.
const (
	ReasonDisabled = "disabled" // the account is, or is gone
	ReasonNoKey    = "no_key"   // the host configured none
	ReasonStale    = "stale"    // signed in too long ago: they sign in again
)

// Names of the events of accounts. The payload of each is an [Event]; their
// area is the commons and their audience nobody.
const (
	EventCreated         = "account.created"
	EventRenamed         = "account.renamed"
	EventPasswordChanged = "account.password_changed"
	EventAddressVerified = "account.address_verified"
	EventAddressChanged  = "account.address_changed"
	EventFactorSet       = "account.factor_set"
	EventFactorRemoved   = "account.factor_removed"
	EventRecoveryUsed    = "account.recovery_used" // a recovery code in place of the factor
	EventRecoveryRenewed = "account.recovery_renewed"
	EventLinked          = "account.linked"
	EventUnlinked        = "account.unlinked"
	EventAgreed          = "account.agreed" // to terms
	EventDisabled        = "account.disabled"
	EventEnabled         = "account.enabled"
)

// Event is the payload of every event of accounts. It names people and holds
// nothing else of them.
type Event struct {
	User auth.UserID `json:"user"`
	By   auth.UserID `json:"by"` // who did it; zero: whoever held the link that was sent
}

func (s *Service) event(name string, user auth.UserID, who auth.Actor) storage.Event {
	return auth.NewEvent(name, s.cfg.Clock.Now(), auth.Commons, 0, Event{user, who.User})
}
