// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"context"
	"strings"

	"github.com/google/uuid"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/storage"
)

// A person is somebody of the sample. There are no accounts yet: whoever opens
// the portal may be any of them.
type person struct {
	ID    auth.UserID
	Login string // also the name after an @
	Name  string
	Org   *org // on whose behalf they act; nil: for themselves
	Role  auth.Role
	Areas map[auth.AreaID]auth.Role
}

// Actor returns the person as the community knows them.
func (x *person) Actor() auth.Actor {
	who := auth.Actor{User: x.ID}
	if x.Org != nil {
		who.For = x.Org.ID
	}
	return who
}

// An org is an administration or another body.
type org struct {
	ID   auth.OrgID
	Name string
}

// An area is the commons or a working group with members of its own.
type area struct {
	ID          auth.AreaID
	Key         string // in the sample's files
	Name        string
	Description string
}

// A directory knows the people, bodies and areas of the portal. It never
// changes, so it is safe for concurrent use. A host has its own, over its
// users' table.
type directory struct {
	Areas []area // the commons first

	people []*person
	login  map[string]*person
	byID   map[auth.UserID]*person
	orgs   map[auth.OrgID]string
}

var (
	_ community.Standings = (*directory)(nil)
	_ auth.People         = (*directory)(nil)
)

func newDirectory(areas []area, people []*person) *directory {
	d := &directory{
		Areas: areas, people: people,
		login: map[string]*person{}, byID: map[auth.UserID]*person{}, orgs: map[auth.OrgID]string{},
	}
	for _, x := range people {
		d.login[x.Login] = x
		d.byID[x.ID] = x
		if x.Org != nil {
			d.orgs[x.Org.ID] = x.Org.Name
		}
	}
	return d
}

// Members returns everybody, in the order of the sample.
func (d *directory) Members() []*person { return d.people }

// Login returns the person of that name, or nil.
func (d *directory) Login(name string) *person { return d.login[name] }

// Standing implements [community.Standings].
func (d *directory) Standing(_ context.Context, who auth.Actor) (community.Standing, error) {
	x := d.byID[who.User]
	if x == nil {
		return community.Standing{}, nil
	}
	st := community.Standing{Role: x.Role, Areas: x.Areas}
	if x.Org != nil {
		st.Orgs = []auth.OrgID{x.Org.ID}
	}
	return st, nil
}

// Named implements [auth.People].
func (d *directory) Named(_ context.Context, names []string) (map[string]auth.UserID, error) {
	out := map[string]auth.UserID{}
	for _, name := range names {
		if x := d.login[strings.ToLower(name)]; x != nil {
			out[name] = x.ID
		}
	}
	return out, nil
}

// Names implements [auth.People].
func (d *directory) Names(_ context.Context, ids []auth.UserID) (map[auth.UserID]string, error) {
	out := map[auth.UserID]string{}
	for _, id := range ids {
		if x := d.byID[id]; x != nil {
			out[id] = x.Name
		}
	}
	return out, nil
}

// typed returns a stored text as its author would type it: mentions by name.
func (d *directory) typed(body string) string {
	return auth.ShowMentions(body, func(id auth.UserID) string {
		if x := d.byID[id]; x != nil {
			return "@" + x.Login
		}
		return auth.Mention(id)
	})
}

// sampleID returns the same id for the same name whenever the sample is made.
func sampleID[T any](name string) storage.ID[T] {
	return storage.MakeID[T](uuid.NewSHA1(uuid.NameSpaceURL, []byte("https://github.com/copis-it/copis/examples/portal#"+name)))
}
