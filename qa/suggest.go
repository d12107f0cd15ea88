// SPDX-License-Identifier: BSD-3-Clause

package qa

import (
	"context"
	"errors"
	"iter"
	"slices"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// SuggestionPage asks for suggestions.
type SuggestionPage struct {
	Post    Post // zero: of all that the actor may moderate
	Mine    bool // those of the actor
	Pending bool
	After   storage.Cursor
	Limit   int
}

// CodeSame is that of a suggestion that changes nothing.
const CodeSame = "same"

// Suggest proposes an edit of a question or an answer. The text stays as it
// is, and may be edited meanwhile: nobody is kept from it. Names in it are
// looked up when it is approved. If the post is no longer at the version that
// was shown, the error is a [storage.Conflict] with the Revision as it is.
func (s *Service) Suggest(ctx context.Context, who auth.Actor, in PostEdit) (Suggestion, error) {
	const op = "qa.Suggest"
	s, err := s.enter(ctx, op, in.Post.String(), who, Propose)
	if err != nil {
		return Suggestion{}, err
	}
	sg, err := s.suggest(ctx, who, in)
	if err != nil {
		return Suggestion{}, storage.Refuse(op, in.Post.String(), err)
	}
	return sg, nil
}

func (s *Service) suggest(ctx context.Context, who auth.Actor, in PostEdit) (sg Suggestion, err error) {
	if in.Post.kind() == aComment {
		return Suggestion{}, &storage.Invalid{Field: "post", Code: storage.CodeMalformed}
	}
	if in, err = s.wording(in); err != nil {
		return Suggestion{}, err
	}
	counted := false
	err = storage.Decide(ctx, func() error {
		pl, err := s.look(ctx, who, in.Post)
		if err != nil {
			return err
		}
		if err := s.cfg.Auth.Authorize(ctx, who, Propose, pl.scope()); err != nil {
			return err
		}
		if err := auth.SignedIn(who, Propose); err != nil { // it is somebody's, who may take it back
			return err
		}
		if err := pl.gone(); err != nil {
			return err
		}
		now := pl.text()
		if pl.entry().Version != in.Version {
			return &storage.Conflict{Base: in.Version, Current: now}
		}
		sg = Suggestion{
			ID: storage.NewID[Suggestion](), Post: pl.Post(), Base: now.N, Title: in.Title, Body: in.Body,
			By: who.By(), Why: in.Why, At: s.cfg.Clock.Now(), Version: 1,
		}
		if err := known(in.Body, now.Body); err != nil {
			return err
		}
		if pl.kind() == aQuestion {
			if sg.Tags, err = s.tags(ctx, in.Tags); err != nil {
				return err
			}
			if sg.Themes, err = s.themes(ctx, in.Themes); err != nil {
				return err
			}
		}
		if same(now, sg.text()) {
			return &storage.Invalid{Field: "body", Code: CodeSame}
		}
		if !counted {
			if err := auth.Count(ctx, s.cfg.Limit, who, Propose); err != nil {
				return err
			}
			counted = true
		}
		err = s.cfg.Store.Apply(ctx, append(pl.at(), InsertSuggestion{sg, MaxPending}, s.decided(EventSuggested, pl, sg, who.By(), sg.At))...)
		var refused *storage.Error
		if errors.Is(err, storage.ErrConflict) && errors.As(err, &refused) && refused.Op == (InsertSuggestion{}).Change() {
			return &storage.Invalid{Code: storage.CodeTooMany, Params: map[string]any{"max": MaxPending}}
		}
		return err
	})
	return sg, err
}

// known refuses a text that mentions by their ids people whom the text it is
// made from does not: an erasure finds them by that.
func known(text, from string) error {
	was := auth.Mentions(from)
	for _, id := range auth.Mentions(text) {
		if !slices.Contains(was, id) {
			return &storage.Invalid{Field: "body", Code: storage.CodeUnknown}
		}
	}
	return nil
}

// text is what a post would say by the suggestion.
func (sg Suggestion) text() Revision {
	return Revision{Post: sg.Post, Title: sg.Title, Body: sg.Body, Tags: sg.Tags, Themes: sg.Themes, By: sg.By, At: sg.At, Why: sg.Why}
}

// decided is the event that reports what became of a suggestion to a post.
func (s *Service) decided(name string, pl Place, sg Suggestion, by auth.By, now time.Time) storage.Event {
	payload := pl.event(by)
	payload.Suggestion, payload.Decision = sg.ID, sg.State
	return s.event(name, now, pl.Question, payload)
}

// Suggestion returns a suggestion to whoever made it, to the author of the
// post, and to moderators. To others it is not there.
func (s *Service) Suggestion(ctx context.Context, who auth.Actor, id SuggestionID) (Suggestion, error) {
	const op = "qa.Suggestion"
	s, err := s.enter(ctx, op, suggestionName(id), who, Read)
	if err != nil {
		return Suggestion{}, err
	}
	sg, _, err := s.suggestion(ctx, who, id)
	if err != nil {
		return Suggestion{}, storage.Refuse(op, suggestionName(id), err)
	}
	return sg, nil
}

func suggestionName(id SuggestionID) string { return "suggestion " + id.String() }

// suggestion returns a suggestion that the actor may see, and its post.
func (s *Service) suggestion(ctx context.Context, who auth.Actor, id SuggestionID) (Suggestion, Place, error) {
	sg, err := s.cfg.Store.Suggestion(ctx, id)
	if err != nil {
		return Suggestion{}, Place{}, err
	}
	pl, err := s.look(ctx, who, sg.Post)
	if err != nil {
		return Suggestion{}, Place{}, err
	}
	if !wrote(who, sg.By) && !wrote(who, pl.entry().By) {
		err = auth.Hide(s.cfg.Auth.Authorize(ctx, who, Moderate, pl.scope()))
	}
	sg.Post = pl.Post()
	return sg, pl, err
}

// Suggestions lists suggestions, the newest first: to a post, all of them for
// its author and for moderators, and their own for others; of every post, those
// that the actor made, or may moderate.
func (s *Service) Suggestions(ctx context.Context, who auth.Actor, in SuggestionPage) (storage.Page[Suggestion], error) {
	const op = "qa.Suggestions"
	object := ""
	if in.Post != (Post{}) {
		object = in.Post.String()
	}
	s, err := s.enter(ctx, op, object, who, Read)
	if err != nil {
		return storage.Page[Suggestion]{}, err
	}
	page, err := s.suggestions(ctx, who, in)
	if err != nil {
		return storage.Page[Suggestion]{}, storage.Refuse(op, object, err)
	}
	return page, nil
}

func (s *Service) suggestions(ctx context.Context, who auth.Actor, in SuggestionPage) (page storage.Page[Suggestion], err error) {
	q := SuggestionQuery{Pending: in.Pending, After: in.After, Limit: in.Limit}
	switch {
	case in.Post != (Post{}):
		pl, err := s.look(ctx, who, in.Post)
		if err != nil {
			return page, err
		}
		q.Post, q.Reach = pl.Post(), auth.Everything // it may be read
		if !wrote(who, pl.entry().By) {
			staff, err := s.may(ctx, who, Moderate, pl.Question)
			if err != nil {
				return page, err
			}
			in.Mine = in.Mine || !staff
		}
	case in.Mine:
		q.Reach, err = s.cfg.Auth.Reach(ctx, who, Read)
	default:
		q.Reach, err = s.moderates(ctx, who)
	}
	if err != nil || in.Mine && who.User.IsZero() { // a zero By would be everybody's
		return page, err
	}
	if in.Mine {
		q.By = who.User
	}
	return s.cfg.Store.Suggestions(ctx, q)
}

// Approve makes the text that was suggested the present one, with the byline
// of whoever suggested it. That decides the author of the post, while they may
// edit it, or a moderator; nobody on their own suggestion to another's post
// ([ErrOwn]). If the text was edited since, the error is a [storage.Conflict]
// with the Revision as it is.
func (s *Service) Approve(ctx context.Context, who auth.Actor, id SuggestionID) (Place, error) {
	const op = "qa.Approve"
	s, err := s.enter(ctx, op, suggestionName(id), who, Amend)
	if err != nil {
		return Place{}, err
	}
	pl, err := s.approve(ctx, who, id)
	if err != nil {
		return Place{}, storage.Refuse(op, suggestionName(id), err)
	}
	return pl, nil
}

func (s *Service) approve(ctx context.Context, who auth.Actor, id SuggestionID) (pl Place, err error) {
	err = storage.Decide(ctx, func() error {
		var sg Suggestion
		if sg, pl, err = s.suggestion(ctx, who, id); err != nil {
			return err
		}
		now := s.cfg.Clock.Now()
		if err := s.mayEdit(ctx, who, pl, now); err != nil {
			return err
		}
		if wrote(who, sg.By) && !wrote(who, pl.entry().By) {
			return ErrOwn
		}
		if sg.State != Pending {
			return ErrDecided
		}
		if at := pl.text(); at.N != sg.Base {
			return &storage.Conflict{Base: sg.Base, Current: at}
		}
		in := PostEdit{Title: sg.Title, Body: sg.Body, Tags: sg.Tags, Themes: sg.Themes, Why: sg.Why}
		to, told, err := s.toRevision(ctx, who, pl, in, now)
		if err != nil {
			return err
		}
		to.By = sg.By
		changes, err := s.revise(ctx, &pl, to, told, sg.By)
		if err != nil {
			return err
		}
		sg.State, sg.Decided, sg.EndedAt = Approved, who.By(), now
		return s.cfg.Store.Apply(ctx, append(changes, UpdateSuggestion{sg}, s.decided(EventDecided, pl, sg, who.By(), now))...)
	})
	if err == nil {
		err = s.veil(ctx, who, &pl.Question)
	}
	return pl, err
}

// Decline leaves the text as it is, for an optional reason that whoever
// suggested another is told. It is the author's of the post, or a moderator's.
func (s *Service) Decline(ctx context.Context, who auth.Actor, id SuggestionID, why string) error {
	const op = "qa.Decline"
	s, err := s.enter(ctx, op, suggestionName(id), who, Amend)
	if err != nil {
		return err
	}
	why, err = storage.Optional(storage.Line, "why", why, MaxWhy)
	if err == nil {
		err = s.end(ctx, who, id, func(pl Place, sg *Suggestion) error {
			sg.State, sg.Reason = Declined, why
			do := Moderate
			if wrote(who, pl.entry().By) {
				do = Amend
			}
			return s.cfg.Auth.Authorize(ctx, who, do, pl.scope())
		})
	}
	if err != nil {
		return storage.Refuse(op, suggestionName(id), err)
	}
	return nil
}

// Retract takes a suggestion back that the actor made.
func (s *Service) Retract(ctx context.Context, who auth.Actor, id SuggestionID) error {
	const op = "qa.Retract"
	s, err := s.enter(ctx, op, suggestionName(id), who, Propose)
	if err != nil {
		return err
	}
	err = s.end(ctx, who, id, func(_ Place, sg *Suggestion) error {
		sg.State = Retracted
		if !wrote(who, sg.By) {
			return &auth.Denied{Action: Propose, Reason: auth.ReasonRole}
		}
		return nil
	})
	if err != nil {
		return storage.Refuse(op, suggestionName(id), err)
	}
	return nil
}

// end decides on a suggestion, which to makes what it becomes, without any
// change of the post.
func (s *Service) end(ctx context.Context, who auth.Actor, id SuggestionID, to func(Place, *Suggestion) error) error {
	return storage.Decide(ctx, func() error {
		sg, pl, err := s.suggestion(ctx, who, id)
		if err != nil {
			return err
		}
		was := sg.State
		if err := to(pl, &sg); err != nil {
			return err
		}
		switch was {
		case Pending:
		case sg.State: // it is done
			return nil
		default:
			return ErrDecided
		}
		sg.Decided, sg.EndedAt = who.By(), s.cfg.Clock.Now()
		return s.cfg.Store.Apply(ctx, append(pl.at(), UpdateSuggestion{sg}, s.decided(EventDecided, pl, sg, who.By(), sg.EndedAt))...)
	})
}

// suggestionsTo yields all suggestions to a post.
func suggestionsTo(ctx context.Context, from Store, p Post) iter.Seq2[Suggestion, error] {
	if p.kind() == aComment {
		return func(func(Suggestion, error) bool) {}
	}
	return suggestions(ctx, from, SuggestionQuery{Reach: auth.Everything, Post: p})
}

func suggestions(ctx context.Context, from Store, q SuggestionQuery) iter.Seq2[Suggestion, error] {
	return storage.All(ctx, func(c storage.Cursor) (storage.Page[Suggestion], error) {
		q.After = c
		return from.Suggestions(ctx, q)
	})
}
