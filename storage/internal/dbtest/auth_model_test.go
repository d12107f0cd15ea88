// SPDX-License-Identifier: BSD-3-Clause

package dbtest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/auth/account"
	"github.com/copis-it/copis/auth/session"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/storage/memory"
)

// TestModelAuth is [TestModel] of accounts and sessions.
func TestModelAuth(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(testing.TB) community.Store{"SQLite": SQLite, "PostgreSQL": Postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			database, model := open(t), community.Store(memory.New())
			rapid.Check(t, func(t *rapid.T) {
				m := newAuthMachine(t)
				for range rapid.IntRange(1, 40).Draw(t, "steps") {
					op := m.step()
					got, want := op.run(context.Background(), database), op.run(context.Background(), model)
					if got != want {
						t.Fatalf("%s\n%s says %s\nmemory says %s", op.name, name, got, want)
					}
				}
				got, want := m.dump(database), m.dump(model)
				for i := range max(len(got), len(want)) {
					if i >= len(got) || i >= len(want) || got[i] != want[i] {
						t.Fatalf("in the end, line %d\n%s has %s\nmemory has %s", i, name, line(got, i), line(want, i))
					}
				}
			})
		})
	}
}

// An authMachine makes changes out of few people, keys and secrets, so that
// they meet.
type authMachine struct {
	*machine
	keys     [][16]byte // of handles, mailboxes, tokens and attempts
	hashes   [][32]byte // of recovery codes and fiscal codes
	sessions []session.ID
	tokens   []session.TokenID
}

func newAuthMachine(t *rapid.T) *authMachine {
	m := &authMachine{machine: newMachine(t), sessions: ids[session.Session](3), tokens: ids[session.Token](3)}
	for range 3 {
		key := storage.NewID[struct{}]().Bytes()
		m.keys = append(m.keys, key)
		m.hashes = append(m.hashes, [32]byte{0: key[15], 1: key[14], 2: key[13], 3: key[12], 31: 1})
	}
	return m
}

func (m *authMachine) user() auth.UserID { return pick(m.machine, "user", m.users) }
func (m *authMachine) key() [16]byte     { return pick(m.machine, "key", m.keys) }
func (m *authMachine) hash() [32]byte    { return pick(m.machine, "hash", m.hashes) }

// issuer is one that no other round has.
func (m *authMachine) issuer() string {
	return m.users[0].String() + pick(m.machine, "issuer", m.places)
}

// secret returns one of the few secrets of one session or token.
func (m *authMachine) secret(of [16]byte) session.Hash {
	var h session.Hash
	copy(h[:], of[:])
	h[31] = byte(1 + m.number("secret", 2))
	return h
}

func (m *authMachine) account() account.Account {
	a := account.Account{
		User: m.user(), Name: m.text(), NamedAt: m.tick(), Address: m.text(), Password: m.text(), Short: m.yes("short"), Disabled: m.yes("disabled"),
		Made: m.tick(), Version: 1 + m.number("version", 2),
	}
	if m.yes("mailbox") {
		a.Mailbox = m.key()
	}
	return a
}

func (m *authMachine) session() session.Session {
	id := pick(m.machine, "session", m.sessions)
	s := session.Session{
		ID: id, User: m.user(), Selector: m.secret(id.Bytes()), Hash: m.secret(id.Bytes()), Turned: m.tick(), Proved: m.tick(), Level: auth.Level(m.number("level", 3)), Label: m.text(),
		Made: m.now, Seen: m.tick(), Ends: m.tick(), Version: 1 + m.number("version", 2),
	}
	if m.yes("turned") {
		s.Before = m.secret(id.Bytes())
	}
	return s
}

// change draws one of all the changes of accounts and sessions.
func (m *authMachine) change() storage.Change {
	purpose := func() account.Purpose {
		return []account.Purpose{account.VerifyAddress, account.ChangeAddress, account.SecondStep}[m.number("purpose", 2)]
	}
	past := func() time.Time { return m.now.Add(-time.Duration(m.number("ago", 60)) * time.Second) }
	return pick(m.machine, "change", []func() storage.Change{
		func() storage.Change { return account.InsertAccount{Account: m.account()} },
		func() storage.Change { return account.InsertAccount{Account: m.account()} },
		func() storage.Change { return account.InsertAccount{Account: m.account()} },
		func() storage.Change { return account.UpdateAccount{Account: m.account()} },
		func() storage.Change { return account.TakeName{User: m.user(), Handle: m.key()} },
		func() storage.Change {
			tok := account.Token{ID: m.key(), Hash: m.hash(), User: m.user(), Purpose: purpose(), Address: m.text(), Ends: m.tick()}
			if m.number("loose", 2) == 0 {
				tok.User = auth.UserID{}
			}
			return account.PutToken{Token: tok}
		},
		func() storage.Change { return account.UseToken{ID: m.key()} },
		func() storage.Change { return account.Unchanged{User: m.user(), Version: 1 + m.number("version", 2)} },
		func() storage.Change { return session.HoldSession{ID: pick(m.machine, "session", m.sessions)} },
		func() storage.Change {
			return account.DropTokens{User: m.user(), Purposes: []account.Purpose{purpose(), purpose()}}
		},
		func() storage.Change {
			return account.PutFactor{Factor: account.Factor{User: m.user(), Sealed: []byte(m.text() + "x"), Confirmed: m.tick(), Step: int64(m.number("step", 3))}}
		},
		func() storage.Change { return account.TakeStep{User: m.user(), Step: int64(m.number("step", 5))} },
		func() storage.Change { return account.DropFactor{User: m.user()} },
		func() storage.Change {
			return account.PutRecovery{User: m.user(), Hashes: [][32]byte{m.hash(), m.hash()}}
		},
		func() storage.Change { return account.UseRecovery{User: m.user(), Hash: m.hash()} },
		func() storage.Change {
			i := account.Identity{Issuer: m.issuer(), Subject: m.text(), User: m.user(), Level: auth.Level(m.number("level", 3)), Linked: m.tick(), Used: m.tick()}
			if m.yes("fiscal") {
				i.Fiscal = m.hash()
			}
			return account.InsertIdentity{Identity: i}
		},
		func() storage.Change {
			return account.UseIdentity{User: m.user(), Issuer: m.issuer(), Subject: m.text(), Level: auth.Level(m.number("level", 3)), At: past()}
		},
		func() storage.Change {
			return account.DropIdentity{User: m.user(), Issuer: m.issuer(), Subject: m.text()}
		},
		func() storage.Change {
			return account.InsertConsent{Consent: account.Consent{User: m.user(), Document: m.text(), Edition: m.text(), At: past()}}
		},
		func() storage.Change {
			return account.PutAttempts{Attempts: account.Attempts{Key: m.key(), Count: m.number("count", 2), At: past()}, Seen: m.number("seen", 2)}
		},
		func() storage.Change { return account.DropAttempts{Keys: [][16]byte{m.key(), m.key()}} },
		func() storage.Change {
			if m.number("erase", 3) > 0 { // seldom, or there is never much
				return account.InsertAccount{Account: m.account()}
			}
			return account.EraseUser{User: m.user()}
		},
		func() storage.Change { return session.InsertSession{Session: m.session()} },
		func() storage.Change { return session.InsertSession{Session: m.session()} },
		func() storage.Change { return session.UpdateSession{Session: m.session()} },
		func() storage.Change { return session.EndSession{ID: pick(m.machine, "session", m.sessions)} },
		func() storage.Change {
			return session.EndSessions{User: m.user(), But: pick(m.machine, "but", append(m.sessions, session.ID{}))}
		},
		func() storage.Change { return session.TrimSessions{User: m.user(), Most: m.number("most", 2)} },
		func() storage.Change {
			id := pick(m.machine, "token", m.tokens)
			return session.InsertToken{Token: session.Token{ID: id, User: m.user(), Hash: m.secret(id.Bytes()), Name: m.text(), Scopes: []auth.Action{"forum.read"}, Made: m.tick(), Ends: m.tick()}}
		},
		func() storage.Change { return session.UseToken{ID: pick(m.machine, "token", m.tokens), At: past()} },
		func() storage.Change { return session.EndToken{ID: pick(m.machine, "token", m.tokens)} },
		func() storage.Change { return session.EndTokens{User: m.user()} },
		func() storage.Change { return session.Forget{Before: past(), Idle: past()} },
		func() storage.Change { return account.Forget{Before: past(), Tried: past()} },
	})()
}

// step draws the next action: some changes together, or in a unit that is
// undone now and then.
func (m *authMachine) step() action {
	var changes []storage.Change
	for range rapid.IntRange(1, 3).Draw(m.t, "changes") {
		changes = append(changes, m.change())
	}
	if m.number("unit", 3) > 0 {
		return action{fmt.Sprintf("Apply %+v", changes), func(ctx context.Context, s community.Store) string {
			return outcome("done", s.Accounts().Apply(ctx, changes...))
		}}
	}
	user, undo := m.user(), m.yes("undo")
	return action{fmt.Sprintf("unit of %v, undone %v: %+v", user, undo, changes), func(ctx context.Context, s community.Store) string {
		var said string
		err := s.Sessions().Atomic(ctx, func(ctx context.Context, tx session.Store) error {
			said = ""
			for _, c := range changes {
				said += outcome("done", tx.Apply(ctx, c)) + ", " // and goes on
			}
			said += outcome(tx.Sessions(ctx, user))
			if undo {
				return errUndo
			}
			return nil
		})
		if errors.Is(err, errUndo) {
			err = nil
		}
		return outcome(said, err)
	}}
}

// dump puts all that there is of this round in words.
func (m *authMachine) dump(s community.Store) []string {
	ctx, a, f := context.Background(), s.Accounts(), s.Sessions()
	var all []string
	add := func(what string, said string) { all = append(all, what+" "+said) }
	for _, user := range m.users {
		add("account", outcome(a.Account(ctx, user)))
		add("factor", outcome(a.Factor(ctx, user)))
		add("recovery", outcome(a.Recovery(ctx, user)))
		add("identities", outcome(a.Identities(ctx, user)))
		add("consents", outcome(a.Consents(ctx, user)))
		add("sessions", outcome(f.Sessions(ctx, user)))
		add("tokens", sorted(f.Tokens(ctx, user)))
	}
	add("names", outcome(a.Names(ctx, m.users)))
	var handles []account.Handle
	for _, k := range m.keys {
		handles = append(handles, k)
		add("handle", outcome(a.Handle(ctx, k)))
		add("mailbox", outcome(a.Mailbox(ctx, k)))
		add("token", outcome(a.Token(ctx, k)))
	}
	add("handles", outcome(a.Handles(ctx, handles)))
	add("attempts", sorted(a.Attempts(ctx, m.keys)))
	for _, h := range m.hashes {
		add("fiscal", outcome(a.Fiscal(ctx, h)))
	}
	for n := range 3 {
		for secret := byte(1); secret <= 3; secret++ {
			var h, p session.Hash
			id, tok := m.sessions[n].Bytes(), m.tokens[n].Bytes()
			copy(h[:], id[:])
			copy(p[:], tok[:])
			h[31], p[31] = secret, secret
			add("session", outcome(f.Session(ctx, h)))
			add("program", outcome(f.Token(ctx, p)))
		}
	}
	return all
}
