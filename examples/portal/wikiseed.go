// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/wiki"
)

// playPage does what a block of a file of pages says. Pages and questions go by
// the keys that the files give them.
func (s *seeding) playPage(ctx context.Context, a *asking, key string, b block) error {
	if err := s.move(b); err != nil {
		return err
	}
	who, err := s.named(b.value["by"])
	if err != nil {
		return err
	}
	key = "sample/" + key
	of, known := s.pages[b.value["of"]]
	switch b.verb {
	case "page", "distil":
	default:
		if !known {
			return fmt.Errorf("no page of=%q", b.value["of"])
		}
	}
	switch b.verb {
	case "page":
		in := wiki.NewPage{
			Key: key, Area: auth.Commons, Audience: seedAudience[b.value["audience"]], Parent: s.pages[b.value["parent"]],
			Title: b.title, Body: b.body, Template: b.value["template"], Tags: commaed(b.value["tags"]),
		}
		made, err := s.c.Wiki.Create(ctx, who[0], in)
		s.pages[b.value["key"]] = made.ID
		return err
	case "distil":
		made, err := s.c.Distil(ctx, who[0], community.Distil{Key: key, Question: a.asked[b.value["question"]], Title: b.title})
		s.pages[b.value["key"]] = made.ID
		return err
	case "edit":
		x, rev, err := s.c.Wiki.Source(ctx, who[0], of)
		if err != nil {
			return err
		}
		_, err = s.c.Wiki.Save(ctx, who[0], wiki.PageSave{Key: key, Page: x.ID, Base: rev.N, Body: b.body, Why: b.value["why"], Minor: b.value["minor"] == "1"})
		return err
	case "rename":
		x, _, err := s.c.Wiki.Source(ctx, who[0], of)
		if err != nil {
			return err
		}
		_, err = s.c.Wiki.Rename(ctx, who[0], of, x.Version, b.title, b.value["why"])
		return err
	case "protect":
		x, _, err := s.c.Wiki.Source(ctx, who[0], of)
		if err != nil {
			return err
		}
		keep := b.value["keep"]
		_, err = s.c.Wiki.Protect(ctx, who[0], of, x.Version, wiki.Rules{
			Edit: strings.Contains(keep, "edit"), Move: strings.Contains(keep, "move"), Review: strings.Contains(keep, "review"), Why: b.value["why"],
		})
		return err
	case "watch":
		return s.c.Wiki.Watch(ctx, who[0], of, true)
	}
	return fmt.Errorf("unknown verb %q", b.verb)
}
