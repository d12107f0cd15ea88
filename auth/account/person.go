// SPDX-License-Identifier: BSD-3-Clause

package account

import (
	"context"
	"errors"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

var _ auth.People = (*Service)(nil)

// MayAct is nil for a person whose account is there and not disabled, and
// otherwise Denied: the one gate for sessions, tokens of programs and whatever
// else somebody may hold. It reads afresh.
func (s *Service) MayAct(ctx context.Context, user auth.UserID) error {
	a, err := s.account(ctx, user)
	if err == nil {
		err = a.mayAct()
	}
	return refuse("account.MayAct", err)
}

// Disable keeps a person out, at once and by every way in, until Enable. The
// actor must be allowed ActDisable, and Config.Guard must have nothing against
// it. ErrNotFound for an account that is not there.
func (s *Service) Disable(ctx context.Context, who auth.Actor, user auth.UserID) error {
	return s.setDisabled(ctx, "account.Disable", ActDisable, EventDisabled, who, user, true)
}

// Enable takes Disable back. Sessions and links that were ended stay so.
func (s *Service) Enable(ctx context.Context, who auth.Actor, user auth.UserID) error {
	return s.setDisabled(ctx, "account.Enable", ActEnable, EventEnabled, who, user, false)
}

func (s *Service) setDisabled(ctx context.Context, op string, do auth.Action, event string, who auth.Actor, user auth.UserID, disabled bool) error {
	if err := s.cfg.Auth.Authorize(ctx, who, do, auth.Scope{Area: auth.Commons, Author: user}); err != nil {
		return refuse(op, err)
	}
	return refuse(op, s.decide(ctx, func() error {
		a, err := s.cfg.Store.Account(ctx, user)
		if err != nil || a.Disabled == disabled {
			return err
		}
		a.Disabled = disabled
		changes := []storage.Change{UpdateAccount{a}, s.event(event, user, who)}
		if disabled {
			guard, err := s.cfg.Guard(ctx, who, user)
			if err != nil {
				return err
			}
			changes = append(changes, guard...)
			changes = append(append(changes, DropTokens{user, sent}), s.cfg.Ends(user)...)
		}
		return s.cfg.Store.Apply(ctx, changes...)
	}))
}

// Named implements [auth.People]: whoever has a name that looks like it.
func (s *Service) Named(ctx context.Context, names []string) (map[string]auth.UserID, error) {
	of := make(map[string]Handle, len(names))
	handles := make([]Handle, 0, len(names))
	for _, n := range names {
		of[n] = handle(n)
		handles = append(handles, of[n])
	}
	have, err := s.cfg.Store.Handles(ctx, handles)
	if err != nil {
		return nil, refuse("account.Named", err)
	}
	out := make(map[string]auth.UserID, len(have))
	for n, h := range of {
		if id, ok := have[h]; ok {
			out[n] = id
		}
	}
	return out, nil
}

// Names implements [auth.People].
func (s *Service) Names(ctx context.Context, ids []auth.UserID) (map[auth.UserID]string, error) {
	names, err := s.cfg.Store.Names(ctx, ids)
	return names, refuse("account.Names", err)
}

// Exported is all that is kept of a person here, but for what opens anything:
// of secrets it says only that there are some.
type Exported struct {
	User       auth.UserID `json:"user"`
	Name       string      `json:"name"`
	NamedAt    time.Time   `json:"namedAt"`
	Address    string      `json:"address,omitempty"`
	Verified   bool        `json:"verified"` // the address
	Password   bool        `json:"password"` // there is one
	Disabled   bool        `json:"disabled"`
	Made       time.Time   `json:"made"`
	Factor     FactorState `json:"factor"`
	Identities []Linked    `json:"identities,omitempty"`
	Consents   []Agreed    `json:"consents,omitempty"`
}

// Linked is an identity as it is exported.
type Linked struct {
	Issuer  string    `json:"issuer"`
	Subject string    `json:"subject"`
	Level   Level     `json:"level"`
	Fiscal  bool      `json:"fiscal"` // a hash of the fiscal code is kept
	Linked  time.Time `json:"linked"`
	Used    time.Time `json:"used"`
}

// Agreed is a consent as it is exported.
type Agreed struct {
	Document string    `json:"document"`
	Edition  string    `json:"edition"`
	At       time.Time `json:"at"`
}

// Export returns all that is kept of a person. It asks no one's leave: the host
// gives it to the person, and to nobody else. ErrNotFound without an account.
func (s *Service) Export(ctx context.Context, user auth.UserID) (Exported, error) {
	const op = "account.Export"
	a, err := s.cfg.Store.Account(ctx, user)
	if err != nil {
		return Exported{}, refuse(op, err)
	}
	factor, err := s.factorState(ctx, user)
	if err != nil {
		return Exported{}, refuse(op, err)
	}
	identities, err := s.cfg.Store.Identities(ctx, user)
	if err != nil {
		return Exported{}, refuse(op, err)
	}
	consents, err := s.cfg.Store.Consents(ctx, user)
	if err != nil {
		return Exported{}, refuse(op, err)
	}
	out := Exported{
		User: a.User, Name: a.Name, NamedAt: a.NamedAt, Address: a.Address, Verified: a.Mailbox != Mailbox{},
		Password: a.Password != "", Disabled: a.Disabled, Made: a.Made, Factor: factor,
	}
	for _, i := range identities {
		out.Identities = append(out.Identities, Linked{i.Issuer, i.Subject, i.Level, i.Fiscal != [32]byte{}, i.Linked, i.Used})
	}
	for _, c := range consents {
		out.Consents = append(out.Consents, Agreed{c.Document, c.Edition, c.At})
	}
	return out, nil
}

// Erase drops all that is kept of a person and ends their sessions. Their names
// stay taken, so that nobody follows them under one. Who is not there is no
// error.
func (s *Service) Erase(ctx context.Context, user auth.UserID) error {
	// The sessions last: one that is begun at the same moment goes with them.
	err := s.cfg.Store.Apply(ctx, append([]storage.Change{EraseUser{user}}, s.cfg.Ends(user)...)...)
	if errors.Is(err, storage.ErrNotFound) {
		err = nil
	}
	return refuse("account.Erase", err)
}

// Forget drops what no longer counts: tokens and tries of long ago. Nothing
// that is over opens or keeps out anybody, so it may be called as seldom as a
// host likes.
func (s *Service) Forget(ctx context.Context) error {
	now := s.cfg.Clock.Now()
	return refuse("account.Forget", s.cfg.Store.Apply(ctx, Forget{Before: now, Tried: now.Add(-remembered)}))
}
