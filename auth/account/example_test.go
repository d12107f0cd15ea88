// SPDX-License-Identifier: BSD-3-Clause

package account_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/auth/account"
	"github.com/copis-it/copis/auth/password"
	"github.com/copis-it/copis/auth/session"
	"github.com/copis-it/copis/storage/memory"
)

// Somebody signs up, proves that the address is theirs, and signs in.
func Example() {
	ctx, store := context.Background(), memory.New()
	letters := make(chan account.Message, 10) // a host's own queue
	accounts := account.New(account.Config{
		Store:     store.Accounts(),
		Passwords: password.New(password.Config{}),
		Ends:      session.Ends,
		Send:      func(_ context.Context, m account.Message) { letters <- m },
		Terms:     []account.Document{{Name: "terms", Edition: "2026-09"}},
	})
	maria, err := accounts.SignUp(ctx, account.NewAccount{
		Name: "Maria.Rossi", Address: "maria.rossi@comune.example", Password: "tre gatti sul tetto", Agreed: accounts.Terms(),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	letter := <-letters
	_, err = accounts.Verify(ctx, auth.Actor{User: maria}, letter.Secret) // from the link
	fmt.Println(letter.To, err)

	entry, err := accounts.SignIn(ctx, account.Credentials{Name: "maria.rossi", Password: "tre gatti sul tetto", Source: "192.0.2.1"})
	fmt.Println(entry.User == maria, err)
	_, err = accounts.SignIn(ctx, account.Credentials{Name: "maria.rossi", Password: "tre gatti in cantina", Source: "192.0.2.1"})
	fmt.Println(err)
	// Output:
	// maria.rossi@comune.example <nil>
	// true <nil>
	// account.SignIn: name or password is not right
}

// newAccounts are accounts over memory with a queue of what is sent.
func newAccounts() (*account.Service, <-chan account.Message) {
	letters := make(chan account.Message, 10)
	return account.New(account.Config{
		Store:     memory.New().Accounts(),
		Passwords: password.New(password.Config{MemoryKiB: 64, Time: 1}), // for examples only
		Ends:      session.Ends,
		Send:      func(_ context.Context, m account.Message) { letters <- m },
	}), letters
}

// join signs somebody up who has proved an address.
func join(ctx context.Context, accounts *account.Service, letters <-chan account.Message, name string) auth.Actor {
	id, err := accounts.SignUp(ctx, account.NewAccount{Name: name, Address: name + "@comune.example", Password: "tre gatti sul tetto"})
	if err != nil {
		panic(err)
	}
	if _, err := accounts.Verify(ctx, auth.Actor{User: id}, (<-letters).Secret); err != nil {
		panic(err)
	}
	return auth.Actor{User: id}
}

// A forgotten password is replaced by a link that is good once.
func ExampleService_Reset() {
	ctx := context.Background()
	accounts, letters := newAccounts()
	join(ctx, accounts, letters, "maria.rossi")

	fmt.Println(accounts.RequestReset(ctx, "maria.rossi@comune.example", "192.0.2.1"))
	letter := <-letters
	fmt.Println(accounts.Reset(ctx, account.NewPassword{Secret: letter.Secret, Password: "due cani nel cortile"}))
	fmt.Println(accounts.Reset(ctx, account.NewPassword{Secret: letter.Secret, Password: "due cani nel giardino"}))
	fmt.Println(accounts.RequestReset(ctx, "nobody@comune.example", "192.0.2.1"))
	// Output:
	// <nil>
	// <nil>
	// account.Reset: link is no longer good
	// <nil>
}

// Somebody whom SPID knows and the community does not either signs up, or signs
// in here as well and links the identity.
func ExampleService_LinkIdentity() {
	ctx := context.Background()
	accounts, letters := newAccounts()
	maria := join(ctx, accounts, letters, "maria.rossi") // signed in with her password
	identity := account.ExternalIdentity{Issuer: "https://spid.example", Subject: "_5f1c", Level: auth.LevelSubstantial}

	entry, _ := accounts.SignInExternal(ctx, identity)
	fmt.Println(entry.User.IsZero(), entry.Pending != "")
	_, err := accounts.LinkIdentity(ctx, maria, account.NewIdentity{Pending: entry.Pending, Proof: account.Proof{Password: "tre gatti sul tetto"}})
	fmt.Println(err)
	entry, _ = accounts.SignInExternal(ctx, identity)
	fmt.Println(entry.User == maria.User, entry.Level == auth.LevelSubstantial)
	// Output:
	// true true
	// <nil>
	// true true
}

// Tries are counted before they are made: whoever must wait learns nothing.
func ExampleService_SignIn() {
	ctx := context.Background()
	accounts, letters := newAccounts()
	join(ctx, accounts, letters, "maria.rossi")
	for range 5 {
		_, _ = accounts.SignIn(ctx, account.Credentials{Name: "maria.rossi", Password: "wrong"})
	}
	_, err := accounts.SignIn(ctx, account.Credentials{Name: "maria.rossi", Password: "tre gatti sul tetto"})
	fmt.Println(errors.Is(err, auth.ErrLimited))
	_, err = accounts.SignIn(ctx, account.Credentials{Name: "nobody.here", Password: "tre gatti sul tetto"})
	fmt.Println(err)
	// Output:
	// true
	// account.SignIn: name or password is not right
}
