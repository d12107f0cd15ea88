// SPDX-License-Identifier: BSD-3-Clause

package forum

import (
	"context"
	"errors"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// NewBoard is what a coordinator says to open a board.
type NewBoard struct {
	Key         string // optional idempotency key
	Area        auth.AreaID
	Parent      BoardID // optional
	Audience    auth.Audience
	Promise     auth.Audience // default: as Audience
	Posting     Posting
	Name        string
	Description string // optional
	Position    int
	SlowMode    time.Duration
	CloseAfter  time.Duration
}

// BoardEdit changes a board; fields that are nil stay as they are. Topics
// keep the audience and the pace they were started with.
type BoardEdit struct {
	Board       BoardID
	Version     int // of the board that was shown
	Parent      *BoardID
	Audience    *auth.Audience
	Promise     *auth.Audience
	Posting     *Posting
	Name        *string
	Description *string
	Position    *int
	SlowMode    *time.Duration
	CloseAfter  *time.Duration
	Archived    *bool
}

// Codes of [storage.Invalid] that are the forum's own.
const (
	CodeWider    = "wider"    // an audience wider than what it stands in
	CodeCycle    = "cycle"    // a board below itself
	CodeNegative = "negative" // a duration
	CodePromise  = "promise"  // would be shown to people it was not promised to
	CodeArea     = "area"     // in another area
)

// OpenBoard makes a board. With a Key that was used before, it returns the
// board that was made then.
func (s *Service) OpenBoard(ctx context.Context, who auth.Actor, in NewBoard) (Board, error) {
	const op = "forum.OpenBoard"
	s, err := s.enter(ctx, op, "", who, Manage)
	if err != nil {
		return Board{}, err
	}
	if in.Promise == 0 {
		in.Promise = in.Audience
	}
	b := Board{
		ID: storage.NewID[Board](), Area: in.Area, Parent: in.Parent,
		Audience: in.Audience, Promise: in.Promise, Posting: in.Posting,
		Name: in.Name, Description: in.Description, Position: in.Position,
		SlowMode: in.SlowMode, CloseAfter: in.CloseAfter,
		CreatedAt: s.cfg.Clock.Now(), Version: 1,
	}
	if err := b.check(); err != nil {
		return Board{}, storage.Refuse(op, "", err)
	}
	if err := s.cfg.Auth.Authorize(ctx, who, Manage, auth.Scope{Area: in.Area}); err != nil {
		return Board{}, storage.Refuse(op, "", err)
	}
	once, err := storage.OnceFor(who.User.Bytes(), op, in.Key, b.ID.Bytes(), b.CreatedAt, s.cfg.KeepKeys)
	if err != nil {
		return Board{}, storage.Refuse(op, "", err)
	}
	err = storage.Decide(ctx, func() error {
		guards, err := s.lineage(ctx, b)
		if err != nil {
			return err
		}
		all := append(guards, InsertBoard{b}, s.event(EventBoardOpened, b.CreatedAt, b.scope(), Event{By: who.By(), Board: b.ID}))
		return s.cfg.Store.Apply(ctx, append(all, once...)...)
	})
	if made, ok := storage.Made(ctx, s.cfg.Store, who.User.Bytes(), op, in.Key, err); ok {
		return s.Board(ctx, who, storage.MakeID[Board](made))
	}
	if err != nil {
		return Board{}, storage.Refuse(op, "", err)
	}
	return b, nil
}

// EditBoard changes a board. If it is no longer at the version that was shown,
// the error is a [storage.Conflict] with the Board as it is.
func (s *Service) EditBoard(ctx context.Context, who auth.Actor, in BoardEdit) (Board, error) {
	const op = "forum.EditBoard"
	object := "board " + in.Board.String()
	s, err := s.enter(ctx, op, object, who, Manage)
	if err != nil {
		return Board{}, err
	}
	var b Board
	err = storage.Decide(ctx, func() error {
		var err error
		if b, err = s.board(ctx, who, in.Board); err != nil {
			return err
		}
		if err := s.cfg.Auth.Authorize(ctx, who, Manage, b.scope()); err != nil {
			return err
		}
		if b.Version != in.Version {
			return &storage.Conflict{Base: in.Version, Current: b}
		}
		moved := in.Parent != nil && *in.Parent != b.Parent
		set(&b.Parent, in.Parent)
		set(&b.Audience, in.Audience)
		set(&b.Promise, in.Promise)
		set(&b.Posting, in.Posting)
		set(&b.Name, in.Name)
		set(&b.Description, in.Description)
		set(&b.Position, in.Position)
		set(&b.SlowMode, in.SlowMode)
		set(&b.CloseAfter, in.CloseAfter)
		set(&b.Archived, in.Archived)
		if err := b.check(); err != nil {
			return err
		}
		var guards []storage.Change
		if moved {
			if guards, err = s.rehung(ctx, b); err != nil {
				return err
			}
		}
		return s.cfg.Store.Apply(ctx, append(guards, UpdateBoard{b},
			s.event(EventBoardEdited, s.cfg.Clock.Now(), b.scope(), Event{By: who.By(), Board: b.ID}))...)
	})
	if err != nil {
		return Board{}, storage.Refuse(op, object, err)
	}
	b.Version++
	return b, nil
}

// Board returns a board that the actor may see. Below one that they may not
// see, it stands at the top.
func (s *Service) Board(ctx context.Context, who auth.Actor, id BoardID) (Board, error) {
	s, err := s.enter(ctx, "forum.Board", "board "+id.String(), who, See)
	if err != nil {
		return Board{}, err
	}
	b, err := s.board(ctx, who, id)
	if err == nil && !b.Parent.IsZero() {
		if _, err = s.board(ctx, who, b.Parent); errors.Is(err, storage.ErrNotFound) {
			b.Parent, err = BoardID{}, nil
		}
	}
	if err != nil {
		return Board{}, storage.Refuse("forum.Board", "board "+id.String(), err)
	}
	return b, nil
}

// Boards lists the boards of an area that the actor may see, parents before
// children, with counts of what the actor may open. Below a board that they may
// not see, a board stands at the top. An area that the actor does not reach has
// none.
func (s *Service) Boards(ctx context.Context, who auth.Actor, area auth.AreaID) ([]BoardListed, error) {
	const op = "forum.Boards"
	s, err := s.enter(ctx, op, "", who, See)
	if err != nil {
		return nil, err
	}
	see, err := s.cfg.Auth.Reach(ctx, who, See)
	if err != nil {
		return nil, storage.Refuse(op, "", err)
	}
	read, err := s.cfg.Auth.Reach(ctx, who, Read)
	if err != nil {
		return nil, storage.Refuse(op, "", err)
	}
	boards, err := s.cfg.Store.Boards(ctx, BoardQuery{Area: area, See: see, Read: read, Reader: who.User})
	if err != nil {
		return nil, storage.Refuse(op, "", err)
	}
	seen := map[BoardID]bool{}
	for i, b := range boards {
		seen[b.ID] = true
		if !seen[b.Parent] {
			boards[i].Parent = BoardID{}
		}
	}
	return boards, nil
}

// board returns a board if the actor may see it.
func (s *Service) board(ctx context.Context, who auth.Actor, id BoardID) (Board, error) {
	b, err := s.cfg.Store.Board(ctx, id)
	if err != nil {
		return Board{}, err
	}
	return b, auth.Hide(s.cfg.Auth.Authorize(ctx, who, See, b.scope()))
}

// lineage checks that a board stands below boards of its own area and never
// below itself, and returns the guards that hold its ancestors where they are.
func (s *Service) lineage(ctx context.Context, b Board) ([]storage.Change, error) {
	var guards []storage.Change
	for at := b.Parent; !at.IsZero(); {
		if len(guards) == MaxBoardLevels {
			return nil, tooDeep()
		}
		if at == b.ID {
			return nil, &storage.Invalid{Field: "parent", Code: CodeCycle}
		}
		p, err := s.cfg.Store.Board(ctx, at)
		if err == nil && p.Area != b.Area {
			err = storage.ErrNotFound
		}
		if err != nil {
			return nil, auth.Unknown("parent", err)
		}
		guards = append(guards, BoardAt{p.ID, p.Version})
		at = p.Parent
	}
	return guards, nil
}

// rehung is lineage for a board that is hung elsewhere, with all that is below
// it.
func (s *Service) rehung(ctx context.Context, b Board) ([]storage.Change, error) {
	guards, err := s.lineage(ctx, b)
	if err != nil {
		return nil, err
	}
	all, err := s.cfg.Store.Boards(ctx, BoardQuery{Area: b.Area, See: auth.Everything})
	if err != nil {
		return nil, err
	}
	above := map[BoardID]int{b.ID: len(guards)}
	for _, l := range all { // parents come before what is below them
		n, below := above[l.Parent]
		switch {
		case below && n == MaxBoardLevels:
			return nil, tooDeep()
		case below:
			above[l.ID] = n + 1
		}
	}
	return guards, nil
}

func tooDeep() error {
	return &storage.Invalid{Field: "parent", Code: storage.CodeTooMany, Params: map[string]any{"max": MaxBoardLevels}}
}

// check validates what a coordinator wrote, and puts it in normal form.
func (b *Board) check() (err error) {
	if b.Name, err = storage.Line("name", b.Name, MaxName); err != nil {
		return err
	}
	if b.Description, err = storage.Optional(storage.Text, "description", b.Description, MaxDescription); err != nil {
		return err
	}
	switch {
	case b.Area.IsZero():
		return &storage.Invalid{Field: "area", Code: storage.CodeMissing}
	case !b.Audience.Valid():
		return &storage.Invalid{Field: "audience", Code: storage.CodeUnknown}
	case !b.Promise.Valid():
		return &storage.Invalid{Field: "promise", Code: storage.CodeUnknown}
	case b.Promise > b.Audience:
		return &storage.Invalid{Field: "promise", Code: CodeWider}
	case b.Posting > NobodyPosts:
		return &storage.Invalid{Field: "posting", Code: storage.CodeUnknown}
	case b.SlowMode < 0:
		return &storage.Invalid{Field: "slowMode", Code: CodeNegative}
	case b.CloseAfter < 0:
		return &storage.Invalid{Field: "closeAfter", Code: CodeNegative}
	}
	return nil
}

// takes refuses an action that puts a topic on a board that holds none.
func (b Board) takes(do auth.Action) error {
	if b.Archived || b.Posting == NobodyPosts {
		return &auth.Denied{Action: do, Reason: auth.ReasonClosed}
	}
	return nil
}

func (b Board) scope() auth.Scope { return auth.Scope{Area: b.Area, Audience: b.Audience} }

// set replaces *to unless with is nil.
func set[T any](to *T, with *T) {
	if with != nil {
		*to = *with
	}
}
