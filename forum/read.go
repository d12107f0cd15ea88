// SPDX-License-Identifier: BSD-3-Clause

package forum

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// TopicFilter selects topics to list, most recently active first. Zero fields
// select all.
type TopicFilter struct {
	Board     BoardID // pinned ones come first
	Area      auth.AreaID
	Author    auth.UserID
	Announced bool // only announcements
	Following bool // only those that the actor follows
	Unread    bool // only those with something unread
	Removed   bool // only those removed; nothing but for moderators
	After     storage.Cursor
	Limit     int
}

// ThreadPage asks for one topic and a page of its replies.
type ThreadPage struct {
	Topic  TopicID
	Newest bool // the latest first instead of thread order
	After  storage.Cursor
	Limit  int
}

// Where says where a permalink leads now.
type Where struct {
	Post  Post
	After storage.Cursor // of the page of the thread that begins with the reply
}

// Topics lists the topics that the actor may read. What the actor may not
// read, or may not ask for, is not there: no error, no gap in a page.
func (s *Service) Topics(ctx context.Context, who auth.Actor, in TopicFilter) (storage.Page[Listed], error) {
	const op = "forum.Topics"
	s, err := s.enter(ctx, op, "", who, Read)
	if err != nil {
		return storage.Page[Listed]{}, err
	}
	if who.User.IsZero() && (in.Following || in.Unread) {
		return storage.Page[Listed]{}, nil
	}
	var reach auth.Reach
	if in.Removed {
		reach, err = s.moderates(ctx, who)
	} else {
		reach, err = s.cfg.Auth.Reach(ctx, who, Read)
	}
	if err != nil {
		return storage.Page[Listed]{}, storage.Refuse(op, "", err)
	}
	page, err := s.cfg.Store.Topics(ctx, TopicQuery{
		Reach: reach, Board: in.Board, Area: in.Area, Author: in.Author,
		Announced: in.Announced, Reader: who.User, Following: in.Following,
		Unread: in.Unread, Removed: in.Removed, After: in.After, Limit: in.Limit,
	})
	if err != nil {
		return storage.Page[Listed]{}, storage.Refuse(op, "", err)
	}
	return page, nil
}

// Thread returns a topic with a page of its replies and the actor's part in
// it. Removed replies keep their place; their text and byline are there only
// for their author and for moderators.
//
// A topic that was merged into another is answered with nothing but its ID
// and MergedInto, to whoever may read the other.
func (s *Service) Thread(ctx context.Context, who auth.Actor, in ThreadPage) (Thread, error) {
	const op = "forum.Thread"
	s, err := s.enter(ctx, op, "topic "+in.Topic.String(), who, Read)
	if err != nil {
		return Thread{}, err
	}
	moderated, err := s.cfg.Auth.Reach(ctx, who, Moderate)
	if err != nil {
		return Thread{}, storage.Refuse(op, "topic "+in.Topic.String(), err)
	}
	t, err := s.cfg.Store.Thread(ctx, ThreadQuery{
		Topic: in.Topic, Reader: who.User, Moderate: moderated, Newest: in.Newest, After: in.After, Limit: in.Limit,
	})
	if errors.Is(err, storage.ErrInvalid) { // that a cursor is no good is told only to whoever may read the topic
		if _, unread := s.look(ctx, who, Post{Topic: in.Topic}); unread != nil {
			err = unread
		}
	}
	if err == nil && !t.Topic.MergedInto.IsZero() {
		if _, err = s.look(ctx, who, Post{Topic: t.Topic.MergedInto}); err == nil {
			return Thread{Topic: Topic{ID: t.Topic.ID, MergedInto: t.Topic.MergedInto}}, nil
		}
	}
	if err == nil {
		err = s.readable(ctx, who, t.Topic)
	}
	if err == nil {
		err = s.mask(ctx, who, t.Topic, t.Replies.Items)
	}
	if err != nil {
		return Thread{}, storage.Refuse(op, "topic "+in.Topic.String(), err)
	}
	return t, nil
}

// Find says where a permalink to a post leads now, also after a merge.
func (s *Service) Find(ctx context.Context, who auth.Actor, p Post) (Where, error) {
	s, err := s.enter(ctx, "forum.Find", p.String(), who, Read)
	if err != nil {
		return Where{}, err
	}
	pl, err := s.look(ctx, who, p)
	if err != nil {
		return Where{}, storage.Refuse("forum.Find", p.String(), err)
	}
	return pl.where(), nil
}

// FindReply says where a permalink to a reply leads now, into whatever topic
// it was moved.
func (s *Service) FindReply(ctx context.Context, who auth.Actor, id ReplyID) (Where, error) {
	s, err := s.enter(ctx, "forum.FindReply", Post{Reply: id}.String(), who, Read)
	if err != nil {
		return Where{}, err
	}
	r, err := s.cfg.Store.Reply(ctx, id)
	var pl Place
	if err == nil {
		pl, err = s.look(ctx, who, Post{r.Topic, id})
	}
	if err != nil {
		return Where{}, storage.Refuse("forum.FindReply", Post{Reply: id}.String(), err)
	}
	return pl.where(), nil
}

// Look returns one post where it stands, as the actor may see it, wherever a
// merge has taken it: for what is done with a single post. One that was removed
// is [ErrRemoved] to whoever may not see its text.
func (s *Service) Look(ctx context.Context, who auth.Actor, p Post) (Place, error) {
	const op = "forum.Look"
	s, err := s.enter(ctx, op, p.String(), who, Read)
	if err != nil {
		return Place{}, err
	}
	pl, err := s.look(ctx, who, p)
	if err == nil {
		err = s.shown(ctx, who, pl)
	}
	if err != nil {
		return Place{}, storage.Refuse(op, p.String(), err)
	}
	return pl, nil
}

// Revisions returns every text that a post had, oldest first; the last is the
// present one.
func (s *Service) Revisions(ctx context.Context, who auth.Actor, p Post) ([]Revision, error) {
	const op = "forum.Revisions"
	s, err := s.enter(ctx, op, p.String(), who, Read)
	if err != nil {
		return nil, err
	}
	pl, err := s.look(ctx, who, p)
	if err == nil {
		err = s.shown(ctx, who, pl)
	}
	var all []Revision
	if err == nil {
		all, err = s.cfg.Store.Revisions(ctx, pl.Post())
	}
	if err != nil {
		return nil, storage.Refuse(op, p.String(), err)
	}
	now := pl.text()
	all = slices.DeleteFunc(all, func(r Revision) bool { return r.N >= now.N }) // it was edited meanwhile
	return append(all, now), nil
}

// look returns a post in its topic if the actor may read the topic, wherever
// a merge has taken it.
func (s *Service) look(ctx context.Context, who auth.Actor, p Post) (Place, error) {
	pl, err := s.cfg.Store.Place(ctx, PlaceQuery{p, who.User})
	if errors.Is(err, storage.ErrNotFound) && !p.Reply.IsZero() {
		t, terr := s.cfg.Store.Topic(ctx, p.Topic)
		if terr == nil && !t.MergedInto.IsZero() {
			return s.look(ctx, who, Post{t.MergedInto, p.Reply})
		}
	}
	if err != nil {
		return Place{}, err
	}
	if !pl.Topic.MergedInto.IsZero() {
		r, err := s.cfg.Store.Reply(ctx, asReply(pl.Topic.ID)) // which may have been taken further since
		if err != nil {
			return Place{}, err
		}
		return s.look(ctx, who, Post{r.Topic, r.ID})
	}
	if err := s.readable(ctx, who, pl.Topic); err != nil || !pl.Reply.Removal.State.Unseen() || wrote(who, pl.Reply.By) {
		return pl, err
	}
	return pl, auth.Hide(s.cfg.Auth.Authorize(ctx, who, Moderate, pl.Topic.scope()))
}

// topic is look for what is done to a topic as a whole: a husk is not there.
func (s *Service) topic(ctx context.Context, who auth.Actor, id TopicID) (Place, error) {
	pl, err := s.cfg.Store.Place(ctx, PlaceQuery{Post{Topic: id}, who.User})
	switch {
	case err != nil:
		return Place{}, err
	case !pl.Topic.MergedInto.IsZero():
		return Place{}, storage.ErrNotFound
	}
	return pl, s.readable(ctx, who, pl.Topic)
}

// readable returns ErrNotFound unless the actor may open the topic.
func (s *Service) readable(ctx context.Context, who auth.Actor, t Topic) error {
	if err := s.cfg.Auth.Authorize(ctx, who, Read, t.scope()); err != nil {
		return auth.Hide(err)
	}
	if t.Removal.State == Visible || wrote(who, t.By) {
		return nil
	}
	return auth.Hide(s.cfg.Auth.Authorize(ctx, who, Moderate, t.scope()))
}

// shown returns ErrRemoved unless the actor may see the text of the post.
func (s *Service) shown(ctx context.Context, who auth.Actor, pl Place) error {
	switch removal := pl.removal(); {
	case removal.State == Visible:
		return nil
	case removal.State == Purged:
		return ErrRemoved
	case wrote(who, pl.by()):
		return nil
	}
	may, err := auth.Can(ctx, s.cfg.Auth, who, Moderate, pl.Topic.scope())
	if err == nil && !may {
		err = ErrRemoved
	}
	return err
}

// mask empties the removed replies that the actor may not see.
func (s *Service) mask(ctx context.Context, who auth.Actor, t Topic, replies []Reply) error {
	staff, asked := false, false
	for i, r := range replies {
		if r.Removal.State == Visible || wrote(who, r.By) {
			continue
		}
		if !asked {
			var err error
			if staff, err = auth.Can(ctx, s.cfg.Auth, who, Moderate, t.scope()); err != nil {
				return err
			}
			asked = true
		}
		if !staff {
			replies[i] = Reply{
				ID: r.ID, Topic: r.Topic, Parent: r.Parent, Depth: r.Depth, Path: r.Path, Seq: r.Seq,
				CreatedAt: r.CreatedAt, Version: r.Version, Removal: Removal{State: r.Removal.State, At: r.Removal.At},
			}
		}
	}
	return nil
}

// wrote says whether the actor is the person of a byline.
func wrote(who auth.Actor, by auth.By) bool { return !who.User.IsZero() && who.User == by.User }

// asReply returns the ID that a topic's first post has as a reply, once the
// topic is merged into another.
func asReply(id TopicID) ReplyID { return storage.MakeID[Reply](id.Bytes()) }

func (t Topic) scope() auth.Scope {
	return auth.Scope{Area: t.Area, Audience: t.Audience, Author: t.By.User}
}

// closed says whether nothing is written in the topic any more.
func (pl Place) closed(now time.Time) bool {
	t := pl.Topic
	return t.Locked || pl.Board.Archived || t.CloseAfter > 0 && !now.Before(t.ActiveAt.Add(t.CloseAfter))
}

// String names the post for an error.
func (p Post) String() string {
	if p.Reply.IsZero() {
		return "topic " + p.Topic.String()
	}
	return "reply " + p.Reply.String()
}

// Post returns which post the place is.
func (pl Place) Post() Post { return Post{pl.Topic.ID, pl.Reply.ID} }

func (pl Place) first() bool { return pl.Reply.ID.IsZero() }

func (pl Place) by() auth.By {
	if pl.first() {
		return pl.Topic.By
	}
	return pl.Reply.By
}

func (pl Place) removal() Removal {
	if pl.first() {
		return pl.Topic.Removal
	}
	return pl.Reply.Removal
}

// gone says why the post is not there for all who read the topic: it has been
// removed, or waits, by itself or with its topic.
func (pl Place) gone() error {
	switch state := cmp.Or(pl.Topic.Removal.State, pl.removal().State); state {
	case Visible:
		return nil
	case Held:
		return ErrHeld
	default:
		return ErrRemoved
	}
}

func (pl Place) createdAt() time.Time {
	if pl.first() {
		return pl.Topic.CreatedAt
	}
	return pl.Reply.CreatedAt
}

// scope is that of the topic, with the author of the post.
func (pl Place) scope() auth.Scope {
	sc := pl.Topic.scope()
	sc.Author = pl.by().User
	return sc
}

func (pl Place) where() Where {
	w := Where{Post: pl.Post()}
	if !pl.first() {
		w.After = ThreadCursor(pl.Topic.ID, pl.Reply.Path.before())
	}
	return w
}

// text returns the present text of the post as a revision.
func (pl Place) text() Revision {
	r := Revision{Post: pl.Post(), Title: pl.Topic.Title, Body: pl.Topic.Body}
	state, by, at := pl.Topic.Text, pl.Topic.By, pl.Topic.CreatedAt
	if !pl.first() {
		r.Title, r.Body = "", pl.Reply.Body
		state, by, at = pl.Reply.Text, pl.Reply.By, pl.Reply.CreatedAt
	}
	if !state.EditedAt.IsZero() {
		by, at = state.EditedBy, state.EditedAt
	}
	r.N, r.By, r.At, r.Why = state.Revision, by, at, state.Why
	return r
}
