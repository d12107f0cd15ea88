// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"github.com/google/uuid"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// An area is the commons or a working group with members of its own. Who they
// are, the membership knows.
type area struct {
	ID          auth.AreaID
	Key         string // in the sample's files
	Name        string
	Description string
}

// sampleAreas are the areas of the portal, the commons first.
func sampleAreas() []area {
	return []area{
		{auth.Commons, "commons", "Spazio comune", ""},
		{sampleID[auth.Area]("area/outcome"), "outcome", "Gruppo di lavoro sugli outcome", "Area riservata a chi fa parte del gruppo."},
	}
}

// area returns the area with an id. One that the portal does not know has no
// name.
func (p *portal) area(id auth.AreaID) area {
	for _, a := range p.areas {
		if a.ID == id {
			return a
		}
	}
	return area{ID: id}
}

// sampleID returns the same id for the same name whenever the sample is made.
func sampleID[T any](name string) storage.ID[T] {
	return storage.MakeID[T](uuid.NewSHA1(uuid.NameSpaceURL, []byte("https://github.com/copis-it/copis/examples/portal#"+name)))
}
