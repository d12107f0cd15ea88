// SPDX-License-Identifier: BSD-3-Clause

package wiki

import (
	"context"
	"slices"

	"golang.org/x/text/cases"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// tag returns a tag in normal form: one line, in small letters.
func tag(s string) (string, error) {
	s, err := storage.Line("tags", s, MaxTag)
	if err != nil {
		return "", err
	}
	return storage.Line("tags", cases.Fold().String(s), 3*MaxTag) // which may make letters more
}

// tags returns tags in normal form, as written, none twice.
func (s *Service) tags(in []string) ([]string, error) {
	var out []string
	for _, t := range in {
		t, err := tag(t)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(out, t) {
			out = append(out, t)
		}
		if len(out) > MaxTags {
			return nil, &storage.Invalid{Field: "tags", Code: storage.CodeTooMany, Params: map[string]any{"max": MaxTags}}
		}
	}
	return out, nil
}

// themes checks themes and returns them in ascending order, none twice.
func (s *Service) themes(ctx context.Context, in []ThemeID) ([]ThemeID, error) {
	out := slices.Clone(in)
	slices.SortFunc(out, ThemeID.Compare)
	out = slices.Compact(out)
	switch {
	case len(out) == 0:
		return nil, nil
	case len(out) > MaxThemes:
		return nil, &storage.Invalid{Field: "themes", Code: storage.CodeTooMany, Params: map[string]any{"max": MaxThemes}}
	case s.cfg.Themes == nil:
		return out, nil
	}
	unknown, err := s.cfg.Themes(ctx, out)
	if err == nil && len(unknown) > 0 {
		err = &storage.Invalid{Field: "themes", Code: storage.CodeUnknown}
	}
	return out, err
}

// Label gives a page other tags and themes. A page that is not at the version
// any more is a [*storage.Conflict] with it.
func (s *Service) Label(ctx context.Context, who auth.Actor, id PageID, version int, tags []string, themes []ThemeID) (Page, error) {
	return s.changes(ctx, "wiki.Label", who, id, version, Amend, func(ctx context.Context, s *Service, p *Page) ([]storage.Change, error) {
		if err := s.mayEdit(ctx, who, *p); err != nil {
			return nil, err
		}
		tags, err := s.tags(tags)
		if err != nil {
			return nil, err
		}
		themes, err := s.themes(ctx, themes)
		if err != nil {
			return nil, err
		}
		if slices.Equal(tags, p.Tags) && slices.Equal(themes, p.Themes) {
			return nil, nil
		}
		p.Tags, p.Themes = tags, themes
		return []storage.Change{UpdatePage{*p}, s.event(EventLabelled, s.cfg.Clock.Now(), *p, Event{By: who.By()})}, nil
	})
}

// changes looks at a page that is still at a version, if one is asked for,
// decides, and writes what was decided; nothing, where that is nothing. It
// returns the page as it is then.
func (s *Service) changes(ctx context.Context, op string, who auth.Actor, id PageID, version int, do auth.Action,
	decide func(context.Context, *Service, *Page) ([]storage.Change, error),
) (Page, error) {
	s, err := s.enter(ctx, op, object(id), who, do)
	if err != nil {
		return Page{}, err
	}
	var p Page
	err = storage.Decide(ctx, func() (err error) {
		if version == anyVersion {
			p, err = s.look(ctx, who, id)
		} else {
			p, err = s.lookAt(ctx, who, id, version)
		}
		if err != nil {
			return err
		}
		changes, err := decide(ctx, s, &p)
		if err != nil || len(changes) == 0 {
			return err
		}
		for _, c := range changes {
			if u, ok := c.(UpdatePage); ok && u.Page.ID == p.ID {
				p.Version = u.Page.Version + 1
			}
		}
		return s.cfg.Store.Apply(ctx, changes...)
	})
	if err != nil {
		return Page{}, storage.Refuse(op, object(id), err)
	}
	return p, nil
}

// anyVersion is that of a change that does not depend on what was shown.
const anyVersion = -1
