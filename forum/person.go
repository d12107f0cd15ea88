// SPDX-License-Identifier: BSD-3-Clause

package forum

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

// Exported is one thing that the forum holds of a person. The texts are those
// that they wrote; of others' topics there is the title, if they may read it.
type Exported struct {
	Kind   string     `json:"kind"` // "topic", "reply", "revision", "removal", "mark", "read", "draft", "reaction"
	Topic  TopicID    `json:"topic,omitzero"`
	Reply  ReplyID    `json:"reply,omitzero"`
	Place  string     `json:"place,omitempty"`
	For    auth.OrgID `json:"for,omitzero"`
	Title  string     `json:"title,omitempty"`
	Body   string     `json:"body,omitempty"`
	Why    string     `json:"why,omitempty"` // of an edit or a removal, as they gave it
	N      int        `json:"n,omitempty"`   // of a revision
	Read   int        `json:"read,omitempty"`
	Follow Follow     `json:"follow,omitempty"` // of a mark
	Reason Reason     `json:"reason,omitempty"` // why
	At     time.Time  `json:"at,omitzero"`
}

// Export yields everything that the forum holds of a person: what they wrote,
// every revision of it, what they removed, read and follow, their drafts and
// reactions.
// It asks no one's leave: the host gives it to the person, and to nobody else.
func (s *Service) Export(ctx context.Context, user auth.UserID) iter.Seq2[Exported, error] {
	return func(yield func(Exported, error) bool) {
		give := func(e Exported) error {
			if !yield(e, nil) {
				return errStop
			}
			return nil
		}
		if user.IsZero() { // which is the byline of whoever was erased
			yield(Exported{}, storage.Refuse("forum.Export", "", &storage.Invalid{Field: "user", Code: storage.CodeMissing}))
			return
		}
		for _, part := range []func(context.Context, auth.UserID, func(Exported) error) error{s.exportWritten, s.exportKept} {
			if err := part(ctx, user, give); errors.Is(err, errStop) {
				return
			} else if err != nil {
				yield(Exported{}, storage.Refuse("forum.Export", "", err))
				return
			}
		}
	}
}

// errStop ends an export whose reader has had enough.
var errStop = errors.New("stop")

// exportWritten gives the posts of a person and the revisions they made.
func (s *Service) exportWritten(ctx context.Context, user auth.UserID, give func(Exported) error) error {
	for w, err := range s.written(ctx, user) {
		if err != nil {
			return err
		}
		pl := Place{Topic: w.Topic, Reply: w.Reply}
		title := ""
		if pl.first() && pl.by().User == user {
			title = w.Topic.Title
		} else if err := s.readable(ctx, auth.Actor{User: user}, w.Topic); err == nil {
			title = w.Topic.Title
		}
		if now := pl.text(); now.By.User == user || pl.by().User == user {
			e := Exported{Kind: "reply", Topic: w.Topic.ID, Reply: w.Reply.ID, For: now.By.For, Title: title, At: now.At, N: now.N}
			if pl.first() {
				e.Kind = "topic"
			}
			if now.By.User == user {
				e.Body, e.Why = now.Body, now.Why
			}
			if err := give(e); err != nil {
				return err
			}
		}
		if r := pl.removal(); r.By.User == user {
			if err := give(Exported{Kind: "removal", Topic: w.Topic.ID, Reply: w.Reply.ID, For: r.By.For, Title: title, Why: r.Why, At: r.At}); err != nil {
				return err
			}
		}
		revisions, err := s.cfg.Store.Revisions(ctx, pl.Post())
		if err != nil {
			return err
		}
		for _, r := range revisions {
			if r.By.User == user {
				if err := give(Exported{Kind: "revision", Topic: w.Topic.ID, Reply: w.Reply.ID, For: r.By.For, Title: r.Title, Body: r.Body, Why: r.Why, N: r.N, At: r.At}); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// exportKept gives the marks, drafts and reactions of a person.
func (s *Service) exportKept(ctx context.Context, user auth.UserID, give func(Exported) error) error {
	marks, err := s.cfg.Store.Marks(ctx, user)
	if err != nil {
		return err
	}
	readAll, err := s.cfg.Store.ReadAll(ctx, user)
	if err != nil {
		return err
	}
	drafts, err := s.cfg.Store.Drafts(ctx, user)
	if err != nil {
		return err
	}
	reactions, err := s.cfg.Store.Reactions(ctx, user)
	if err != nil {
		return err
	}
	var all []Exported
	for _, m := range marks {
		all = append(all, Exported{Kind: "mark", Topic: m.Topic, Read: m.Read, Follow: m.Follow, Reason: m.Reason, At: m.PostedAt})
	}
	if !readAll.IsZero() {
		all = append(all, Exported{Kind: "read", At: readAll})
	}
	for _, d := range drafts {
		all = append(all, Exported{Kind: "draft", Place: d.Place, Title: d.Title, Body: d.Body, At: d.At})
	}
	for _, p := range reactions {
		all = append(all, Exported{Kind: "reaction", Topic: p.Topic, Reply: p.Reply})
	}
	for _, e := range all {
		if err := give(e); err != nil {
			return err
		}
	}
	return nil
}

// Erase empties a person out of the forum. Their topics and replies stay in
// their places, without them. It may be run again after it was cut off, and
// again finds nothing to do. The host ends the person's account first, so that
// nothing is written meanwhile, and decides who may ask for it.
func (s *Service) Erase(ctx context.Context, user auth.UserID, mode auth.EraseMode) error {
	const op = "forum.Erase"
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
	if err == nil {
		err = s.cfg.Store.Apply(ctx, EraseUser{user})
	}
	if err != nil {
		return storage.Refuse(op, "", err)
	}
	return nil
}

// erasePosts goes once through the posts of a person, and says whether there
// was anything to do.
func (s *Service) erasePosts(ctx context.Context, user auth.UserID, mode auth.EraseMode) (found bool, err error) {
	for w, err := range s.written(ctx, user) {
		if err != nil {
			return false, err
		}
		p := Place{Topic: w.Topic, Reply: w.Reply}.Post()
		err := storage.Decide(ctx, func() error {
			did, err := s.erasePost(ctx, p, user, mode)
			found = found || did
			return err
		})
		switch {
		case errors.Is(err, storage.ErrNotFound):
			found = true // in another topic now
		case err != nil:
			return false, err
		}
	}
	return found, nil
}

// erasePost takes a person's identifier, or their words, out of the text of
// one post and of its revisions, and says whether there were any.
func (s *Service) erasePost(ctx context.Context, p Post, user auth.UserID, mode auth.EraseMode) (found bool, err error) {
	err = s.cfg.Store.Atomic(ctx, func(ctx context.Context, tx Store) error {
		pl, err := tx.Place(ctx, PlaceQuery{Post: p})
		if err != nil {
			return err
		}
		if mode == auth.Redact && pl.by().User == user {
			found, err = s.redact(ctx, tx, pl, user)
			return err
		}
		revisions, err := tx.Revisions(ctx, p)
		if err != nil {
			return err
		}
		token, nobody := auth.Mention(user), auth.Mention(auth.UserID{})
		changes := []storage.Change{DeleteRevisions{p}}
		found = strings.Contains(pl.text().Body, token)
		for _, r := range revisions {
			was := r
			r.Body = strings.ReplaceAll(r.Body, token, nobody)
			if mode == auth.Redact && r.By.User == user {
				r.Title, r.Body, r.Why = "", "", ""
			}
			found = found || r != was
			changes = append(changes, InsertRevision{r})
		}
		now, why := pl.text(), pl.text().Why
		if mode == auth.Redact && now.By.User == user {
			found, why = found || why != "", ""
		}
		if !found {
			return nil
		}
		pl.reword(now.Title, strings.ReplaceAll(now.Body, token, nobody), why)
		return tx.Apply(ctx, append(changes, pl.update())...)
	})
	return found, err
}

// redact removes the words of a person's post, and with a topic that nobody
// else replied to its title, and says whether there were any.
func (s *Service) redact(ctx context.Context, tx Store, pl Place, user auth.UserID) (found bool, err error) {
	title := ""
	if pl.first() {
		below, err := tx.Subtree(ctx, pl.Topic.ID, "")
		if err != nil {
			return false, err
		}
		if slices.ContainsFunc(below, func(r Reply) bool { return r.Removal.State == Visible && r.By.User != user }) {
			title = pl.Topic.Title
		}
	}
	was := pl.text()
	if was.Title == title && was.Body+was.Why == "" && (title != "" || pl.removal().State == Purged) {
		return false, nil
	}
	if title == "" {
		pl.remove(Removal{State: Purged, At: s.cfg.Clock.Now()})
	}
	pl.reword(title, "", "")
	return true, tx.Apply(ctx, pl.update(), Recount{pl.Topic.ID}, DeleteRevisions{pl.Post()}, SetMentions{Post: pl.Post()})
}

// reword gives the post another text, and another reason of its last edit,
// without making it an edit.
func (pl *Place) reword(title, body, why string) {
	if pl.first() {
		pl.Topic.Title, pl.Topic.Body, pl.Topic.Text.Why = title, body, why
		return
	}
	pl.Reply.Body, pl.Reply.Text.Why = body, why
}

// written yields the posts that a person wrote, changed or is mentioned in.
func (s *Service) written(ctx context.Context, user auth.UserID) iter.Seq2[Written, error] {
	return storage.All(ctx, func(c storage.Cursor) (storage.Page[Written], error) {
		return s.cfg.Store.Written(ctx, WrittenQuery{User: user, After: c})
	})
}
