// SPDX-License-Identifier: BSD-3-Clause

package qa

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// PostEdit changes the text of a post.
type PostEdit struct {
	Post
	Version int    // of the question, answer or comment that was shown to the editor
	Title   string // of a question; otherwise empty
	Body    string
	Tags    []string  // of a question
	Themes  []ThemeID // of a question
	Why     string    // summary, optional
}

// Edit changes the text of a post: its author within Config.EditWindow, or for
// a comment Config.RemarkTime, also where the question is closed; moderators at
// any time. The position of an organisation is changed by its author only while
// they act for it, and may Speak. What the text was before is kept as a
// revision. A text that is the same changes nothing. If the post is no longer at
// the version that was shown, the error is a [storage.Conflict] with the
// Revision as it is.
//
// The first edit that changes a word or a figure of an accepted answer is told
// of with [EventModified].
func (s *Service) Edit(ctx context.Context, who auth.Actor, in PostEdit) (Place, error) {
	const op = "qa.Edit"
	s, err := s.enter(ctx, op, in.Post.String(), who, Amend)
	if err != nil {
		return Place{}, err
	}
	pl, err := s.edit(ctx, who, in)
	if err != nil {
		return Place{}, storage.Refuse(op, in.Post.String(), err)
	}
	return pl, nil
}

func (s *Service) edit(ctx context.Context, who auth.Actor, in PostEdit) (pl Place, err error) {
	if in, err = s.wording(in); err != nil {
		return Place{}, err
	}
	err = storage.Decide(ctx, func() error {
		now := s.cfg.Clock.Now()
		if pl, err = s.edited(ctx, who, in.Post, in.Version, now); err != nil {
			return err
		}
		to, told, err := s.toRevision(ctx, who, pl, in, now)
		if err != nil {
			return err
		}
		changes, err := s.revise(ctx, &pl, to, told, who.By())
		if err != nil || len(changes) == 0 {
			return err
		}
		return s.cfg.Store.Apply(ctx, changes...)
	})
	if err == nil {
		err = s.veil(ctx, who, &pl.Question)
	}
	return pl, err
}

// wording checks the form of an edit.
func (s *Service) wording(in PostEdit) (_ PostEdit, err error) {
	most := s.cfg.MaxBody
	switch in.Post.kind() {
	case aQuestion:
		if in.Title, err = storage.Line("title", in.Title, s.cfg.MaxTitle); err != nil {
			return in, err
		}
	case aComment:
		most = MaxComment
		fallthrough
	default:
		for field, given := range map[string]bool{"title": in.Title != "", "tags": len(in.Tags) > 0, "themes": len(in.Themes) > 0} {
			if given {
				return in, &storage.Invalid{Field: field, Code: storage.CodeMalformed}
			}
		}
	}
	if in.Why, err = storage.Optional(storage.Line, "why", in.Why, MaxWhy); err != nil {
		return in, err
	}
	in.Body, err = storage.Text("body", in.Body, most)
	return in, err
}

// edited returns a post that the actor may edit, and that is as it was shown.
func (s *Service) edited(ctx context.Context, who auth.Actor, p Post, version int, now time.Time) (Place, error) {
	pl, err := s.look(ctx, who, p)
	if err != nil {
		return Place{}, err
	}
	if err := s.mayEdit(ctx, who, pl, now); err != nil {
		return Place{}, err
	}
	if pl.entry().Version != version {
		return Place{}, &storage.Conflict{Base: version, Current: pl.text()}
	}
	return pl, nil
}

// toRevision makes an edit of the actor's a revision, in stored form, and says
// who is told that they are mentioned in it.
func (s *Service) toRevision(ctx context.Context, who auth.Actor, pl Place, in PostEdit, now time.Time) (to Revision, told []auth.UserID, err error) {
	to = Revision{Title: in.Title, By: who.By(), At: now, Why: in.Why}
	if pl.kind() == aQuestion {
		if to.Tags, err = s.tags(ctx, in.Tags); err != nil {
			return to, nil, err
		}
		if to.Themes, err = s.themes(ctx, in.Themes); err != nil {
			return to, nil, err
		}
	}
	to.Body, _, told, err = s.address(ctx, pl.Question, in.Body)
	was := auth.Mentions(pl.entry().Body)
	told = slices.DeleteFunc(told, func(id auth.UserID) bool { return slices.Contains(was, id) })
	return to, told, err
}

// mayEdit decides whether the actor may change the text of the post. That its
// question is closed does not stop its author.
func (s *Service) mayEdit(ctx context.Context, who auth.Actor, pl Place, now time.Time) error {
	if err := pl.gone(); err != nil {
		return err
	}
	var refused error
	if wrote(who, pl.entry().By) {
		window := s.cfg.EditWindow
		if pl.kind() == aComment {
			window = s.cfg.RemarkTime
		}
		held, err := s.hold(ctx, who, pl.scope(), Amend, now)
		if err != nil {
			return err
		}
		switch err := s.mayRephrase(ctx, who, pl); {
		case errors.Is(err, auth.ErrDenied):
			refused = err
		case err != nil:
			return err
		case held.State == Held:
			refused = ErrHeld
		case window != 0 && now.After(pl.entry().CreatedAt.Add(window)):
			refused = ErrTooLate
		default:
			return nil
		}
	}
	err := s.cfg.Auth.Authorize(ctx, who, Moderate, pl.scope())
	if err != nil && refused != nil {
		return refused
	}
	return err
}

// mayRephrase decides whether the author of a post may change what they say in
// it: in the position of an organisation while they may give it.
func (s *Service) mayRephrase(ctx context.Context, who auth.Actor, pl Place) error {
	err := s.cfg.Auth.Authorize(ctx, who, Amend, pl.scope())
	if err != nil || !pl.Answer.Official || pl.kind() != anAnswer {
		return err
	}
	if who.For != pl.Answer.By.For {
		return &auth.Denied{Action: Speak, Reason: auth.ReasonRole}
	}
	return s.cfg.Auth.Authorize(ctx, who, Speak, pl.scope())
}

// revise gives a post another text, whose By, At and Why are those of the edit.
// It returns the changes that go with it, and none if the text is the same; by
// is whoever does it, who told of them. The place becomes what it then is.
func (s *Service) revise(ctx context.Context, pl *Place, to Revision, told []auth.UserID, by auth.By) ([]storage.Change, error) {
	old := pl.text()
	if same(old, to) {
		return nil, nil
	}
	kept, err := s.cfg.Store.Revisions(ctx, pl.Post())
	if err != nil {
		return nil, err
	}
	changes := pl.at()
	rethemed := !slices.Equal(old.Themes, to.Themes)
	pl.retext(to)
	text := &pl.entry().Text
	text.Revision, text.EditedAt, text.EditedBy, text.Why = old.N+1, to.At, to.By, to.Why
	was := text.Substance
	if substantive(old, to) {
		text.Substance = text.Revision
	}
	payload := pl.event(by)
	payload.Mentions = told
	changes = append(changes, pl.update(), InsertRevision{old},
		SetMentions{pl.Post(), named(auth.Mentions(to.Body), append(kept, old))}, s.event(EventEdited, to.At, pl.Question, payload))
	if of := pl.Question.Acceptance; pl.kind() == anAnswer && of.Answer == pl.Answer.ID && was <= of.Revision && text.Substance > of.Revision {
		changes = append(changes, s.event(EventModified, to.At, pl.Question, pl.event(by)))
	}
	if rethemed {
		offers, err := s.offers(ctx, pl.Question)
		if err != nil {
			return nil, err
		}
		if len(offers) == 0 { // its themes are no longer those of whoever was offered it
			offers = []storage.Change{SetOffers{Question: pl.Question.ID}}
		}
		changes = append(changes, offers...)
	}
	pl.updated()
	return changes, nil
}

// Rollback makes the text of revision n the present one, as a new revision;
// it is as an Edit to that text, by whoever may edit it.
func (s *Service) Rollback(ctx context.Context, who auth.Actor, p Post, version, n int) (Place, error) {
	const op = "qa.Rollback"
	s, err := s.enter(ctx, op, p.String(), who, Amend)
	if err != nil {
		return Place{}, err
	}
	pl, err := s.rollback(ctx, who, p, version, n)
	if err != nil {
		return Place{}, storage.Refuse(op, p.String(), err)
	}
	return pl, nil
}

func (s *Service) rollback(ctx context.Context, who auth.Actor, p Post, version, n int) (pl Place, err error) {
	err = storage.Decide(ctx, func() error {
		now := s.cfg.Clock.Now()
		if pl, err = s.edited(ctx, who, p, version, now); err != nil {
			return err
		}
		kept, err := s.cfg.Store.Revisions(ctx, pl.Post())
		if err != nil {
			return err
		}
		kept = append(kept, pl.text())
		i := slices.IndexFunc(kept, func(r Revision) bool { return r.N == n })
		switch {
		case i < 0:
			return &storage.Invalid{Field: "revision", Code: storage.CodeUnknown}
		case kept[i].Body == "": // an erasure took it
			return ErrRemoved
		}
		to := kept[i]
		to.By, to.At, to.Why = who.By(), now, ""
		if pl.kind() == aQuestion {
			if to.Tags, err = s.tags(ctx, to.Tags); err != nil { // that may have become synonyms
				return err
			}
			if to.Themes, err = s.themes(ctx, to.Themes); err != nil { // that may be none any more
				return err
			}
		}
		changes, err := s.revise(ctx, &pl, to, nil, who.By())
		if err != nil || len(changes) == 0 {
			return err
		}
		return s.cfg.Store.Apply(ctx, changes...)
	})
	if err == nil {
		err = s.veil(ctx, who, &pl.Question)
	}
	return pl, err
}
