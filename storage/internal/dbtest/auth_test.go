// SPDX-License-Identifier: BSD-3-Clause

package dbtest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/auth/account"
	"github.com/copis-it/copis/auth/session"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/storage/sqlstore"
)

// authGrow are the tables of accounts and sessions.
var authGrow = []string{"accounts", "handles", "account_tokens", "factors", "recovery", "identities", "consents", "attempts", "sessions", "session_tokens"}

// An authSpot is what there is of a person in accounts and sessions, all of
// it made of their identifier.
type authSpot struct {
	who  auth.UserID
	key  [16]byte
	hash [32]byte
	now  time.Time
}

func newAuthSpot(who auth.UserID, now time.Time) authSpot {
	key := who.Bytes()
	return authSpot{who, key, sha256.Sum256(key[:]), now}
}

func (sp authSpot) account() account.Account {
	return account.Account{User: sp.who, Name: "n", Mailbox: sp.key, Made: sp.now, Version: 1}
}

func (sp authSpot) token() account.Token {
	return account.Token{ID: sp.key, User: sp.who, Purpose: account.ResetPassword, Ends: sp.now.Add(time.Hour)}
}

func (sp authSpot) identity() account.Identity {
	return account.Identity{Issuer: "i", Subject: sp.who.String(), User: sp.who, Fiscal: sp.hash, Linked: sp.now, Used: sp.now}
}

func (sp authSpot) session() session.Session {
	before := sp.hash
	before[0]++
	return session.Session{ID: storage.MakeID[session.Session](sp.key), User: sp.who, Selector: sp.hash, Hash: sp.hash, Before: before, Turned: sp.now, Proved: sp.now, Made: sp.now, Seen: sp.now, Ends: sp.now.Add(time.Hour), Version: 1}
}

func (sp authSpot) pass() session.Token {
	return session.Token{ID: storage.MakeID[session.Token](sp.key), User: sp.who, Hash: sp.hash, Name: "n", Scopes: []auth.Action{"forum.read"}, Made: sp.now, Ends: sp.now.Add(time.Hour)}
}

// changes make a bit of everything.
func (sp authSpot) changes() []storage.Change {
	return []storage.Change{
		account.InsertAccount{Account: sp.account()}, account.TakeName{User: sp.who, Handle: sp.key},
		account.PutToken{Token: sp.token()}, account.PutFactor{Factor: account.Factor{User: sp.who}},
		account.PutRecovery{User: sp.who, Hashes: [][32]byte{sp.hash}}, account.InsertIdentity{Identity: sp.identity()},
		account.InsertConsent{Consent: account.Consent{User: sp.who, Document: "terms", At: sp.now}},
		account.PutAttempts{Attempts: account.Attempts{Key: sp.key, Count: 1, At: sp.now}},
		session.InsertSession{Session: sp.session()}, session.InsertToken{Token: sp.pass()},
	}
}

// authLooks are the reads of accounts and sessions, and their changes, which
// search for what they change.
func authLooks() []look {
	tell := func(_ any, err error) error { return err }
	var all []look
	a := func(name string, read func(ctx context.Context, a account.Store, sp authSpot) error) {
		all = append(all, look{"Accounts " + name, func(ctx context.Context, s community.Store, sp spot) error {
			return read(ctx, s.Accounts(), newAuthSpot(sp.who, sp.now))
		}})
	}
	f := func(name string, read func(ctx context.Context, s session.Store, sp authSpot) error) {
		all = append(all, look{"Sessions " + name, func(ctx context.Context, s community.Store, sp spot) error {
			return read(ctx, s.Sessions(), newAuthSpot(sp.who, sp.now))
		}})
	}
	a("Account", func(ctx context.Context, a account.Store, sp authSpot) error { return tell(a.Account(ctx, sp.who)) })
	a("Handle", func(ctx context.Context, a account.Store, sp authSpot) error { return tell(a.Handle(ctx, sp.key)) })
	a("Mailbox", func(ctx context.Context, a account.Store, sp authSpot) error { return tell(a.Mailbox(ctx, sp.key)) })
	a("Handles", func(ctx context.Context, a account.Store, sp authSpot) error {
		return tell(a.Handles(ctx, []account.Handle{sp.key, {1}}))
	})
	a("Names", func(ctx context.Context, a account.Store, sp authSpot) error {
		return tell(a.Names(ctx, []auth.UserID{sp.who, {}}))
	})
	a("Token", func(ctx context.Context, a account.Store, sp authSpot) error { return tell(a.Token(ctx, sp.key)) })
	a("Factor", func(ctx context.Context, a account.Store, sp authSpot) error { return tell(a.Factor(ctx, sp.who)) })
	a("Recovery", func(ctx context.Context, a account.Store, sp authSpot) error { return tell(a.Recovery(ctx, sp.who)) })
	a("Identity", func(ctx context.Context, a account.Store, sp authSpot) error {
		return tell(a.Identity(ctx, "i", sp.who.String()))
	})
	a("Identities", func(ctx context.Context, a account.Store, sp authSpot) error { return tell(a.Identities(ctx, sp.who)) })
	a("Fiscal", func(ctx context.Context, a account.Store, sp authSpot) error { return tell(a.Fiscal(ctx, sp.hash)) })
	a("Consents", func(ctx context.Context, a account.Store, sp authSpot) error { return tell(a.Consents(ctx, sp.who)) })
	a("Attempts", func(ctx context.Context, a account.Store, sp authSpot) error {
		return tell(a.Attempts(ctx, [][16]byte{sp.key, {1}}))
	})
	f("Session", func(ctx context.Context, s session.Store, sp authSpot) error {
		return tell(s.Session(ctx, sp.session().Selector))
	})
	f("Sessions", func(ctx context.Context, s session.Store, sp authSpot) error { return tell(s.Sessions(ctx, sp.who)) })
	f("Token", func(ctx context.Context, s session.Store, sp authSpot) error { return tell(s.Token(ctx, sp.hash)) })
	f("Tokens", func(ctx context.Context, s session.Store, sp authSpot) error { return tell(s.Tokens(ctx, sp.who)) })

	errUndo := errors.New("undo")
	long := 100 * 365 * 24 * time.Hour // ago
	for _, change := range []func(sp authSpot) storage.Change{
		func(sp authSpot) storage.Change { return account.UpdateAccount{Account: sp.account()} },
		func(sp authSpot) storage.Change { return account.TakeName{User: sp.who, Handle: sp.key} },
		func(sp authSpot) storage.Change { return account.Unchanged{User: sp.who, Version: 1} },
		func(sp authSpot) storage.Change { return account.PutToken{Token: sp.token()} },
		func(sp authSpot) storage.Change {
			tok := sp.token()
			tok.ID, tok.Purpose = storage.NewID[struct{}]().Bytes(), account.SecondStep
			return account.PutToken{Token: tok}
		},
		func(sp authSpot) storage.Change { return account.UseToken{ID: sp.key} },
		func(sp authSpot) storage.Change {
			return account.DropTokens{User: sp.who, Purposes: []account.Purpose{account.ResetPassword}}
		},
		func(sp authSpot) storage.Change { return account.PutFactor{Factor: account.Factor{User: sp.who}} },
		func(sp authSpot) storage.Change { return account.TakeStep{User: sp.who, Step: 7} },
		func(sp authSpot) storage.Change { return account.DropFactor{User: sp.who} },
		func(sp authSpot) storage.Change { return account.PutRecovery{User: sp.who} },
		func(sp authSpot) storage.Change { return account.UseRecovery{User: sp.who, Hash: sp.hash} },
		func(sp authSpot) storage.Change {
			return account.UseIdentity{User: sp.who, Issuer: "i", Subject: sp.who.String(), At: sp.now}
		},
		func(sp authSpot) storage.Change {
			return account.DropIdentity{User: sp.who, Issuer: "i", Subject: sp.who.String()}
		},
		func(sp authSpot) storage.Change {
			return account.InsertConsent{Consent: account.Consent{User: sp.who, Document: "terms", At: sp.now}}
		},
		func(sp authSpot) storage.Change {
			return account.PutAttempts{Attempts: account.Attempts{Key: sp.key, Count: 2, At: sp.now}, Seen: 1}
		},
		func(sp authSpot) storage.Change { return account.DropAttempts{Keys: [][16]byte{sp.key}} },
		func(sp authSpot) storage.Change { return account.EraseUser{User: sp.who} },
		func(sp authSpot) storage.Change { return session.UpdateSession{Session: sp.session()} },
		func(sp authSpot) storage.Change { return session.HoldSession{ID: sp.session().ID} },
		func(sp authSpot) storage.Change { return session.EndSession{ID: sp.session().ID} },
		func(sp authSpot) storage.Change { return session.EndSessions{User: sp.who} },
		func(sp authSpot) storage.Change { return session.TrimSessions{User: sp.who, Most: 0} },
		func(sp authSpot) storage.Change { return session.UseToken{ID: sp.pass().ID, At: sp.now} },
		func(sp authSpot) storage.Change { return session.EndToken{ID: sp.pass().ID} },
		func(sp authSpot) storage.Change { return session.EndTokens{User: sp.who} },
		// What is forgotten is oldest: nothing here. The session shows that
		// something was looked at.
		func(sp authSpot) storage.Change {
			return account.Forget{Before: sp.now.Add(-long), Tried: sp.now.Add(-long)}
		},
		func(sp authSpot) storage.Change {
			return session.Forget{Before: sp.now.Add(-long), Idle: sp.now.Add(-long)}
		},
	} {
		all = append(all, look{change(authSpot{}).Change(), func(ctx context.Context, s community.Store, sp spot) error {
			err := s.Atomic(ctx, func(ctx context.Context, tx community.Store) error {
				at := newAuthSpot(sp.who, sp.now)
				if err := tx.Apply(ctx, change(at), session.TrimSessions{User: sp.who}); err != nil {
					return err
				}
				return errUndo
			})
			if errors.Is(err, errUndo) {
				return nil
			}
			return err
		}})
	}
	return all
}

// No column of any table has anything of a person who was erased, but the
// hashes of the names they had.
func TestErased(t *testing.T) {
	t.Parallel()
	for _, b := range bare {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			ctx, db := t.Context(), b.open(t)()
			if err := sqlstore.Migrate(ctx, db, b.dialect); err != nil {
				t.Fatal(err)
			}
			s := sqlstore.Open(db, b.dialect)
			t.Cleanup(s.Close)
			sp := newAuthSpot(storage.NewID[auth.User](), time.Now())
			other := newAuthSpot(storage.NewID[auth.User](), time.Now())
			apply := func(changes ...storage.Change) {
				t.Helper()
				if err := s.Apply(ctx, changes...); err != nil {
					t.Fatal(err)
				}
			}
			apply(append(sp.changes(), other.changes()...)...)
			past := account.Handle(sp.hash[:16])
			apply(account.TakeName{User: sp.who, Handle: past}, auth.NewEvent("account.renamed", time.Now(), auth.Commons, auth.CommunityMembers, struct{ User auth.UserID }{sp.who}))
			known := func(who authSpot) map[string]bool {
				found := map[string]bool{}
				for table, cells := range dump(t, db) {
					for _, cell := range cells {
						if bytes.Contains(cell, who.key[:]) || bytes.Contains(cell, who.hash[:]) || strings.Contains(string(cell), who.who.String()) {
							found[table] = true
						}
					}
				}
				return found
			}
			all := append([]string{"events"}, authGrow...)
			for _, table := range all {
				if !known(sp)["copis_"+table] {
					t.Errorf("nothing of the person is in %s: this says nothing", table)
				}
			}
			apply(append(session.Ends(sp.who), account.DropAttempts{Keys: [][16]byte{sp.key}}, account.EraseUser{User: sp.who}, storage.EraseUser{User: sp.who.Bytes()})...)
			// The name was made of the identifier only here.
			if found := known(sp); len(found) != 1 || !found["copis_handles"] {
				t.Errorf("there is something of the person in %v", found)
			}
			if found := known(other); len(found) != len(authGrow) {
				t.Errorf("of another there is something only in %v", found)
			}
		})
	}
}

// dump returns all values of all tables, as bytes.
func dump(t *testing.T, db *sql.DB) map[string][][]byte {
	t.Helper()
	list := `SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'copis_%'`
	if _, err := db.Exec(list + " LIMIT 0"); err != nil {
		list = `SELECT tablename FROM pg_tables WHERE schemaname = current_schema()`
	}
	var tables []string
	scan := func(query string, each func(*sql.Rows)) {
		t.Helper()
		rows, err := db.Query(query)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		for rows.Next() {
			each(rows)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
	}
	scan(list, func(rows *sql.Rows) {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		tables = append(tables, name)
	})
	out := map[string][][]byte{}
	for _, table := range tables {
		scan("SELECT * FROM "+table, func(rows *sql.Rows) {
			columns, err := rows.Columns()
			if err != nil {
				t.Fatal(err)
			}
			values, into := make([]any, len(columns)), make([]any, len(columns))
			for i := range values {
				into[i] = &values[i]
			}
			if err := rows.Scan(into...); err != nil {
				t.Fatal(err)
			}
			for _, v := range values {
				if b, ok := v.([]byte); ok {
					out[table] = append(out[table], b)
				} else {
					out[table] = append(out[table], fmt.Append(nil, v))
				}
			}
		})
	}
	return out
}
