// SPDX-License-Identifier: BSD-3-Clause

package qa

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// Exported is one thing that is held of a person. The texts are those that they
// wrote; of others' questions there is the title, if they may read it.
type Exported struct {
	Kind       string       `json:"kind"` // "question", "answer", "comment", "revision", "removal", "closing", "acceptance", "delegate", "suggestion", "vote", "offer"
	Question   QuestionID   `json:"question,omitzero"`
	Answer     AnswerID     `json:"answer,omitzero"`
	Comment    CommentID    `json:"comment,omitzero"`
	Suggestion SuggestionID `json:"suggestion,omitzero"`
	For        auth.OrgID   `json:"for,omitzero"`
	Title      string       `json:"title,omitempty"`
	Body       string       `json:"body,omitempty"`
	Tags       []string     `json:"tags,omitempty"`
	Themes     []ThemeID    `json:"themes,omitempty"`
	Why        string       `json:"why,omitempty"`   // as they gave it
	N          int          `json:"n,omitempty"`     // of a revision
	Value      Value        `json:"value,omitempty"` // of a vote
	Capacity   Capacity     `json:"capacity,omitempty"`
	Reason     Reason       `json:"reason,omitempty"`
	Decision   Decision     `json:"decision,omitempty"`
	At         time.Time    `json:"at,omitzero"`
}

// Export yields everything that is held of a person: what they wrote, every
// revision of it, what they removed, closed and accepted, their suggestions and
// votes, and what they are offered. It asks no one's leave: the host gives it to
// the person, and to nobody else.
func (s *Service) Export(ctx context.Context, user auth.UserID) iter.Seq2[Exported, error] {
	return func(yield func(Exported, error) bool) {
		give := func(e Exported) error {
			if !yield(e, nil) {
				return errStop
			}
			return nil
		}
		if user.IsZero() { // which is the byline of whoever was erased
			yield(Exported{}, storage.Refuse("qa.Export", "", &storage.Invalid{Field: "user", Code: storage.CodeMissing}))
			return
		}
		for _, part := range []func(context.Context, auth.UserID, func(Exported) error) error{
			s.exportWritten, s.exportSuggested, s.exportVotes, s.exportOffers,
		} {
			if err := part(ctx, user, give); errors.Is(err, errStop) {
				return
			} else if err != nil {
				yield(Exported{}, storage.Refuse("qa.Export", "", err))
				return
			}
		}
	}
}

// errStop ends an export whose reader has had enough.
var errStop = errors.New("stop")

// exportWritten gives the posts of a person, the revisions they made, and what
// they did to posts.
func (s *Service) exportWritten(ctx context.Context, user auth.UserID, give func(Exported) error) error {
	for pl, err := range s.written(ctx, user) {
		if err != nil {
			return err
		}
		of, err := s.exported(ctx, user, pl)
		if err != nil {
			return err
		}
		for _, e := range of {
			if err := give(e); err != nil {
				return err
			}
		}
	}
	return nil
}

// exported is what a post holds of a person.
func (s *Service) exported(ctx context.Context, user auth.UserID, pl Place) (out []Exported, err error) {
	about := Exported{Question: pl.Question.ID, Answer: pl.Answer.ID, Comment: pl.Comment.ID}
	may := pl.Question.By.User == user
	if !may {
		err := s.readable(ctx, auth.Actor{User: user}, pl.Question)
		if may = err == nil; !may && !errors.Is(err, storage.ErrNotFound) {
			return nil, err
		}
	}
	if may {
		about.Title = pl.Question.Title
	}
	add := func(kind string, by auth.By, at time.Time, why string, more func(*Exported)) {
		if by.User != user {
			return
		}
		e := about
		e.Kind, e.For, e.At, e.Why = kind, by.For, at, why
		if more != nil {
			more(&e)
		}
		out = append(out, e)
	}
	now, entry := pl.text(), pl.entry()
	if now.By.User == user || entry.By.User == user {
		kind := [...]string{aQuestion: "question", anAnswer: "answer", aComment: "comment"}[pl.kind()]
		add(kind, auth.By{User: user, For: now.By.For}, now.At, "", func(e *Exported) {
			if e.N = now.N; now.By.User == user {
				e.Body, e.Tags, e.Themes, e.Why = now.Body, now.Tags, now.Themes, now.Why
			}
		})
	}
	add("removal", entry.Removal.By, entry.Removal.At, entry.Removal.Why, nil)
	if q := pl.Question; pl.kind() == aQuestion {
		add("closing", q.Closing.By, q.Closing.At, q.Closing.Why, func(e *Exported) { e.Reason = q.Closing.Reason })
		add("acceptance", q.Acceptance.By, q.Acceptance.At, "", func(e *Exported) { e.Answer, e.Capacity = q.Acceptance.Answer, q.Acceptance.Capacity })
		add("delegate", auth.By{User: q.Delegate}, time.Time{}, "", nil)
	}
	revisions, err := s.cfg.Store.Revisions(ctx, pl.Post())
	for _, r := range revisions {
		add("revision", r.By, r.At, r.Why, func(e *Exported) {
			e.Title, e.Body, e.Tags, e.Themes, e.N = r.Title, r.Body, r.Tags, r.Themes, r.N
		})
	}
	return out, err
}

func (s *Service) exportSuggested(ctx context.Context, user auth.UserID, give func(Exported) error) error {
	for sg, err := range suggestions(ctx, s.cfg.Store, SuggestionQuery{Reach: auth.Everything, By: user}) {
		if err != nil {
			return err
		}
		if err := give(Exported{
			Kind: "suggestion", Question: sg.Post.Question, Answer: sg.Post.Answer, Suggestion: sg.ID, For: sg.By.For,
			Title: sg.Title, Body: sg.Body, Tags: sg.Tags, Themes: sg.Themes, Why: sg.Why, Decision: sg.State, At: sg.At,
		}); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) exportVotes(ctx context.Context, user auth.UserID, give func(Exported) error) error {
	votes, err := s.cfg.Store.Votes(ctx, user)
	if err != nil {
		return err
	}
	for _, v := range votes {
		if err := give(Exported{Kind: "vote", Question: v.Post.Question, Answer: v.Post.Answer, Value: v.Value, At: v.At}); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) exportOffers(ctx context.Context, user auth.UserID, give func(Exported) error) error {
	for q, err := range storage.All(ctx, func(c storage.Cursor) (storage.Page[Question], error) {
		return s.cfg.Store.Questions(ctx, QuestionQuery{Reach: auth.Everything, Offered: user, After: c})
	}) {
		if err != nil {
			return err
		}
		if err := give(Exported{Kind: "offer", Question: q.ID}); err != nil {
			return err
		}
	}
	return nil
}

// Erase empties a person out of questions and what stands below them. Their
// posts stay in their places, without them, and their votes are counted on. It
// may be run again after it was cut off, and again finds nothing to do. The
// host ends the person's account first, so that nothing is written meanwhile,
// and decides who may ask for it.
func (s *Service) Erase(ctx context.Context, user auth.UserID, mode auth.EraseMode) error {
	const op = "qa.Erase"
	switch {
	case user.IsZero():
		return storage.Refuse(op, "", &storage.Invalid{Field: "user", Code: storage.CodeMissing})
	case !mode.Valid():
		return storage.Refuse(op, "", &storage.Invalid{Field: "mode", Code: storage.CodeUnknown})
	}
	err := storage.Decide(ctx, func() error { // until nothing is found, also where posts were taken meanwhile
		found, err := s.erasePosts(ctx, user, mode)
		if err == nil && found {
			err = storage.ErrConflict
		}
		return err
	})
	if err == nil && mode == auth.Redact {
		err = s.redactSuggestions(ctx, user)
	}
	if err == nil {
		err = s.cfg.Store.Apply(ctx, EraseUser{user})
	}
	if err != nil {
		return storage.Refuse(op, "", err)
	}
	return nil
}

// erasePosts goes once through the posts that name a person, and says whether
// there was anything to do.
func (s *Service) erasePosts(ctx context.Context, user auth.UserID, mode auth.EraseMode) (found bool, err error) {
	for w, err := range s.written(ctx, user) {
		if err != nil {
			return false, err
		}
		err := storage.Decide(ctx, func() error {
			did, err := s.erasePost(ctx, w.Post(), user, mode)
			found = found || did
			return err
		})
		switch {
		case errors.Is(err, storage.ErrNotFound):
			found = true // below another question now
		case err != nil:
			return false, err
		}
	}
	return found, nil
}

// erasePost takes a person's identifier, or their words, out of the text of
// one post, of its revisions and of what is suggested to it, and says whether
// there were any.
func (s *Service) erasePost(ctx context.Context, p Post, user auth.UserID, mode auth.EraseMode) (found bool, err error) {
	err = s.cfg.Store.Atomic(ctx, func(ctx context.Context, tx Store) error {
		pl, err := tx.Place(ctx, PlaceQuery{Post: p})
		if err != nil {
			return err
		}
		var changes []storage.Change
		if mode == auth.Redact && pl.entry().By.User == user {
			changes, err = s.redact(ctx, tx, &pl, user)
		} else {
			changes, err = unname(ctx, tx, &pl, user, mode)
		}
		if err != nil {
			return err
		}
		if found = len(changes) > 0; !found {
			return nil
		}
		return tx.Apply(ctx, changes...)
	})
	return found, err
}

// unname returns the changes that take a person out of a post that is not
// theirs, or stays, in a unit that holds its question.
func unname(ctx context.Context, tx Store, pl *Place, user auth.UserID, mode auth.EraseMode) ([]storage.Change, error) {
	token, nobody := auth.Mention(user), auth.Mention(auth.UserID{})
	without := func(body string) string { return strings.ReplaceAll(body, token, nobody) }
	revisions, err := tx.Revisions(ctx, pl.Post())
	if err != nil {
		return nil, err
	}
	found := false
	kept := []storage.Change{DeleteRevisions{pl.Post()}}
	for _, r := range revisions {
		was := r
		r.Body = without(r.Body)
		if mode == auth.Redact && r.By.User == user {
			r.Title, r.Body, r.Why, r.Tags, r.Themes = "", "", "", nil, nil
		}
		found = found || !same(r, was) || r.Why != was.Why
		kept = append(kept, InsertRevision{r})
	}
	var changes []storage.Change
	if found {
		changes = kept
	}
	for sg, err := range suggestionsTo(ctx, tx, pl.Post()) {
		if err != nil {
			return nil, err
		}
		if body := without(sg.Body); body != sg.Body {
			sg.Body = body
			changes = append(changes, UpdateSuggestion{sg})
		}
	}
	now := pl.text()
	pl.entry().Body = without(now.Body)
	said := mode == auth.Redact && pl.unsay(user)
	if said || pl.entry().Body != now.Body {
		changes = append(changes, pl.update())
	}
	return changes, nil
}

// unsay empties the reasons that a person gave for what they did to a post, and
// says whether there were any.
func (pl *Place) unsay(user auth.UserID) (found bool) {
	e, closing := pl.entry(), &pl.Question.Closing
	for _, said := range []struct {
		by  auth.By
		why *string
	}{{e.Text.EditedBy, &e.Text.Why}, {e.Removal.By, &e.Removal.Why}, {closing.By, &closing.Why}} {
		if said.by.User == user && *said.why != "" && (said.why != &closing.Why || pl.kind() == aQuestion) {
			*said.why, found = "", true
		}
	}
	return found
}

// redact returns the changes that remove the words of a person's post: all of
// them, and of a question below which others' answers stand all but the title.
func (s *Service) redact(ctx context.Context, tx Store, pl *Place, user auth.UserID) ([]storage.Change, error) {
	was := pl.text()
	var title Revision
	if pl.kind() == aQuestion {
		answers, _, err := tx.Below(ctx, pl.Question.ID)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(answers, func(a Answer) bool { return a.Removal.State == Visible && a.By.User != user }) {
			title = Revision{Title: was.Title, Tags: was.Tags, Themes: was.Themes}
		}
	}
	said := pl.unsay(user)
	if same(was, title) && was.Why == "" && !said && (title.Title != "" || pl.entry().Removal.State == Purged) {
		return nil, nil
	}
	now := s.cfg.Clock.Now()
	var changes []storage.Change
	if title.Title == "" {
		pl.entry().Removal = Removal{State: Purged, At: now}
		changes = s.unaccept(pl, auth.By{}, now)
	}
	emptied, err := s.empty(ctx, tx, pl, title, auth.By{}, now)
	return append(changes, emptied...), err
}

// redactSuggestions empties what a person suggested.
func (s *Service) redactSuggestions(ctx context.Context, user auth.UserID) error {
	for sg, err := range suggestions(ctx, s.cfg.Store, SuggestionQuery{Reach: auth.Everything, By: user}) {
		if err != nil {
			return err
		}
		err := storage.Decide(ctx, func() error {
			now, err := s.cfg.Store.Suggestion(ctx, sg.ID)
			if err != nil {
				return err
			}
			return s.cfg.Store.Apply(ctx, UpdateSuggestion{now.emptied()})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// written yields the posts that name a person.
func (s *Service) written(ctx context.Context, user auth.UserID) iter.Seq2[Place, error] {
	return storage.All(ctx, func(c storage.Cursor) (storage.Page[Place], error) {
		return s.cfg.Store.Written(ctx, WrittenQuery{User: user, After: c})
	})
}
