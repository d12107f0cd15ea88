// SPDX-License-Identifier: BSD-3-Clause

package wiki

import (
	"context"
	"slices"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// NewPage is a page to be.
type NewPage struct {
	Draft    DraftID // dropped when the page is created
	Key      string  // optional idempotency key
	Area     auth.AreaID
	Audience auth.Audience // default: the widest that Config.Promise lets; may only be narrower
	Parent   PageID        // in the same area; zero: none
	Title    string
	Body     string
	Template string // the key of one, optional; its Body is what an empty Body stands for
	Tags     []string
	Themes   []ThemeID
	Origin   Origin    // what it is made from; not for what members type
	Credit   []auth.By // whose words it holds besides the actor's; likewise
	Why      string    // summary of the first revision, optional
}

// CodeWider is that of an audience wider than anything may be promised to.
const CodeWider = "wider"

// Create begins a page, which its creator watches. It may wait for a review,
// see Config.Hold: then only its creator sees it, and those who may Publish. A
// title that another page has is Invalid ("title", taken); one that only leads
// to another page leads to the new one from then on. With a Key that was used
// before, it returns the page that was created then, as it is now, and writes
// nothing. Where it is refused, the text is kept: see [Kept].
func (s *Service) Create(ctx context.Context, who auth.Actor, in NewPage) (Page, error) {
	const op = "wiki.Create"
	object := "area " + in.Area.String()
	call, err := s.enter(ctx, op, object, who, Write)
	var p Page
	if err == nil {
		p, err = call.create(ctx, op, who, in)
		if made, ok := storage.Made(ctx, s.cfg.Store, who.User.Bytes(), op, in.Key, err); ok {
			if p, lerr := call.look(ctx, who, storage.MakeID[Page](made)); lerr == nil {
				return p, nil
			}
		}
	}
	if err != nil {
		return Page{}, s.keep(ctx, op, object, who, Draft{ID: in.Draft, Area: in.Area, Title: in.Title, Body: in.Body, Why: in.Why}, err)
	}
	return p, nil
}

func (s *Service) create(ctx context.Context, op string, who auth.Actor, in NewPage) (p Page, err error) {
	if in, err = s.asked(in); err != nil {
		return Page{}, err
	}
	title, key, err := s.title(in.Title)
	if err != nil {
		return Page{}, err
	}
	counted := false
	err = storage.Decide(ctx, func() error {
		most, err := s.most(ctx)
		if err != nil {
			return err
		}
		if in.Audience > most {
			return &storage.Invalid{Field: "audience", Code: CodeWider}
		}
		now := s.cfg.Clock.Now()
		p = Page{
			ID: storage.NewID[Page](), Area: in.Area, Audience: most, Title: title, Key: key, Parent: in.Parent, Template: in.Template,
			Current: 1, By: who.By(), CreatedAt: now, Origin: in.Origin, Version: 1,
		}
		if in.Audience != 0 {
			p.Audience = in.Audience
		}
		if err := s.cfg.Auth.Authorize(ctx, who, Write, p.scope()); err != nil {
			return err
		}
		if p.Tags, err = s.tags(in.Tags); err != nil {
			return err
		}
		if p.Themes, err = s.themes(ctx, in.Themes); err != nil {
			return err
		}
		held, err := s.under(ctx, who, p)
		if err != nil {
			return err
		}
		names, err := s.take(ctx, who, Write, p.scope(), Name{Area: p.Area, Key: key, Title: title, Page: p.ID})
		if err != nil {
			return err
		}
		body, err := s.address(ctx, in.Body)
		if err != nil {
			return err
		}
		waits, err := s.waits(ctx, who, p, Write)
		if err != nil {
			return err
		}
		if err := s.count(ctx, who, Write, &counted); err != nil {
			return err
		}
		once, err := storage.OnceFor(who.User.Bytes(), op, in.Key, p.ID.Bytes(), now, s.cfg.KeepKeys)
		if err != nil {
			return err
		}
		rev := Revision{Page: p.ID, N: 1, Title: title, By: who.By(), At: now, Why: in.Why, Size: len(body), Grown: len(body), Credit: in.Credit}
		with, err := s.shows(ctx, &p, "", body, rev, !waits)
		if err != nil {
			return err
		}
		changes := slices.Concat(held, []storage.Change{InsertPage{p}}, names, []storage.Change{InsertRevision{rev, keyframe(1, body)}}, with, once)
		if !who.User.IsZero() {
			changes = append(changes, SetWatch{p.ID, who.User, true, now}, DropDraft{who.User, in.Draft})
		}
		told, err := s.announced(ctx, p, "", body, !waits)
		if err != nil {
			return err
		}
		changes = append(changes, s.event(EventCreated, now, p, Event{By: who.By(), Revision: 1, Stable: !waits, Mentions: told}))
		return s.cfg.Store.Apply(ctx, changes...)
	})
	return p, err
}

// asked checks what of a page to be asks for no look at the store.
func (s *Service) asked(in NewPage) (_ NewPage, err error) {
	if in.Area.IsZero() {
		return in, &storage.Invalid{Field: "area", Code: storage.CodeMissing}
	}
	if in.Template != "" {
		i := slices.IndexFunc(s.cfg.Templates, func(t Template) bool { return t.Key == in.Template })
		if i < 0 {
			return in, &storage.Invalid{Field: "template", Code: storage.CodeUnknown}
		}
		if in.Body == "" {
			in.Body = s.cfg.Templates[i].Body
		}
	}
	if in.Body, err = s.text(in.Body); err != nil {
		return in, err
	}
	if in.Why, err = storage.Optional(storage.Line, "why", in.Why, MaxWhy); err != nil {
		return in, err
	}
	if len(in.Credit) > MaxCredit {
		return in, &storage.Invalid{Field: "credit", Code: storage.CodeTooMany, Params: map[string]any{"max": MaxCredit}}
	}
	in.Credit = slices.Clone(in.Credit)
	in.Origin, err = origin(in.Origin)
	return in, err
}

// under returns the changes that hold a new page's place below its parent, or
// says why it may not stand there.
func (s *Service) under(ctx context.Context, who auth.Actor, p Page) ([]storage.Change, error) {
	if p.Parent.IsZero() {
		return nil, nil
	}
	parent, err := s.look(ctx, who, p.Parent)
	if notFound(err) || err == nil && (parent.Area != p.Area || parent.Removal.State != Visible) {
		return nil, &storage.Invalid{Field: "parent", Code: storage.CodeUnknown}
	}
	if err != nil {
		return nil, err
	}
	path, err := s.cfg.Store.Path(ctx, p.Parent)
	if err == nil && len(path) > MaxDepth {
		err = ErrDeep
	}
	return []storage.Change{PageAt{parent.ID, parent.Version}}, err
}

// count counts what the actor does against their rate, once for all tries.
func (s *Service) count(ctx context.Context, who auth.Actor, do auth.Action, counted *bool) error {
	if s.cfg.Limit == nil || *counted {
		return nil
	}
	err := s.cfg.Limit.Allow(ctx, who, do)
	*counted = err == nil
	return err
}

// shows puts a revision before the eyes of readers, if it is published: the
// page shows it, and links to where it does. It returns the changes of what
// hangs on the text.
func (s *Service) shows(ctx context.Context, p *Page, earlier, text string, rev Revision, publishes bool) ([]storage.Change, error) {
	changes := noted(p.ID, text)
	if !publishes {
		return changes, nil
	}
	p.Stable, p.Body, p.EditedBy, p.EditedAt = rev.N, text, rev.By, rev.At
	links, err := s.links(ctx, p.Area, text)
	if err != nil {
		return nil, err
	}
	if len(links) > 0 || len(s.cfg.Links(earlier)) > 0 {
		changes = append(changes, SetLinks{p.ID, links})
	}
	return changes, nil
}

// announced returns who is told that a text mentions them: nobody, as long as
// it waits.
func (s *Service) announced(ctx context.Context, p Page, earlier, text string, publishes bool) ([]auth.UserID, error) {
	if !publishes {
		return nil, nil
	}
	return s.told(ctx, p, earlier, text)
}

// origin checks what a page is made from.
func origin(o Origin) (Origin, error) {
	switch {
	case o.IsZero():
		return o, nil
	case o.Kind == "" || o.ID == [16]byte{}:
		return Origin{}, &storage.Invalid{Field: "origin", Code: storage.CodeMissing}
	case len(o.Kind) > MaxKind:
		return Origin{}, &storage.Invalid{Field: "origin", Code: storage.CodeTooLong, Params: map[string]any{"max": MaxKind}}
	}
	kind, err := storage.Line("origin", o.Kind, MaxKind)
	if err == nil && (kind != o.Kind || o.Revision < 0) {
		err = &storage.Invalid{Field: "origin", Code: storage.CodeMalformed}
	}
	return o, err
}
