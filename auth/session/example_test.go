// SPDX-License-Identifier: BSD-3-Clause

package session_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/auth/session"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/storage/memory"
)

// mayAct is the host's own answer: everybody it knows may.
func mayAct(context.Context, auth.UserID) error { return nil }

// A host starts a session for whoever has signed in, and asks at every request
// whose it is.
func ExampleService_Check() {
	ctx := context.Background()
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	sessions := session.New(session.Config{Store: memory.New().Sessions(), MayAct: mayAct, Clock: func() time.Time { return now }})

	giulia := storage.NewID[auth.User]()
	cookie, _, err := sessions.Start(ctx, session.NewSession{User: giulia, Label: "Firefox, Linux"})
	if err != nil {
		fmt.Println(err)
	}

	request := func() {
		s, fresh, err := sessions.Check(ctx, cookie)
		if errors.Is(err, session.ErrSession) {
			fmt.Println("please sign in")
			return
		}
		if fresh != "" {
			cookie = fresh // with Set-Cookie
		}
		fmt.Println(s.User == giulia, s.Label, "new secret:", fresh != "")
	}
	request()
	now = now.Add(20 * time.Minute)
	request()
	now = now.Add(15 * time.Hour)
	request()

	// Output:
	// true Firefox, Linux new secret: false
	// true Firefox, Linux new secret: true
	// please sign in
}

// A program acts for a person within what its token was given.
func ExampleService_Issue() {
	ctx := context.Background()
	sessions := session.New(session.Config{Store: memory.New().Sessions(), MayAct: mayAct, Scopes: []auth.Action{"forum.read", "forum.reply"}})

	giulia := auth.Actor{User: storage.NewID[auth.User]()}
	secret, _, err := sessions.Issue(ctx, giulia, session.NewToken{
		Name: "Bacheca dell'ufficio", Scopes: []auth.Action{"forum.read"}, Ends: time.Now().AddDate(0, 3, 0),
	})
	if err != nil {
		fmt.Println(err)
	}

	token, err := sessions.CheckToken(ctx, secret)
	if err != nil {
		fmt.Println(err)
	}
	authorizer := auth.Only(auth.AllowAll{}, token.Scopes...)
	program := auth.Actor{User: token.User}
	fmt.Println(authorizer.Authorize(ctx, program, "forum.read", auth.Scope{Area: auth.Commons}))
	fmt.Println(authorizer.Authorize(ctx, program, "forum.reply", auth.Scope{Area: auth.Commons}))

	// Output:
	// <nil>
	// forum.reply denied: scope
}

// What ends the sessions of a person goes in one Apply with its reason.
func ExampleEnds() {
	ctx, store := context.Background(), memory.New()
	sessions := session.New(session.Config{Store: store.Sessions(), MayAct: mayAct})

	giulia := storage.NewID[auth.User]()
	cookie, _, err := sessions.Start(ctx, session.NewSession{User: giulia})
	if err != nil {
		fmt.Println(err)
	}
	changes := session.Ends(giulia) // and, say, the new password
	if err := store.Apply(ctx, changes...); err != nil {
		fmt.Println(err)
	}
	_, _, err = sessions.Check(ctx, cookie)
	fmt.Println(err)

	// Output:
	// session.Check: not signed in
}
