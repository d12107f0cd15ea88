// SPDX-License-Identifier: BSD-3-Clause

package forum_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
)

// A scene is what everybody tries their hand at: a topic of the author's with
// a reply of the author's, and a topic that nobody answered.
type scene struct {
	board forum.Board
	other forum.Board // of the same area
	topic forum.Topic
	reply forum.Reply
	alone forum.Topic
	away  forum.Reply // a reply of the author's that was deleted by them
}

// may is the table of rights: who may call each exported method, on a board
// promised to everybody and in a reserved area. The columns are
//
//	visitor stranger observer outsider member author keeper moderator coordinator
//
// and say: y done, d denied, n not found (the same as what never was), i the
// field is invalid (the same as for what never was), o one's own post, r has
// been removed, - nothing is there.
var may = []struct {
	method   string
	open     string
	reserved string
	call     func(w *world, who auth.Actor, x scene) error
}{
	{"OpenBoard", "dddddd ddy", "dddddd ddy", func(w *world, who auth.Actor, x scene) error {
		return failure(w.forum.OpenBoard(w.ctx, who, forum.NewBoard{Area: x.board.Area, Audience: auth.AreaMembers, Name: "Nuova"}))
	}},
	{"EditBoard", "dddddd ddy", "nnnndd ndy", func(w *world, who auth.Actor, x scene) error {
		return failure(w.forum.EditBoard(w.ctx, who, forum.BoardEdit{Board: x.board.ID, Version: x.board.Version, Name: &x.other.Name}))
	}},
	{"Board", "yyyyyy yyy", "nnnnyy nyy", func(w *world, who auth.Actor, x scene) error {
		return failure(w.forum.Board(w.ctx, who, x.board.ID))
	}},
	{"Boards", "yyyyyy yyy", "----yy -yy", func(w *world, who auth.Actor, x scene) error {
		boards, err := w.forum.Boards(w.ctx, who, x.board.Area)
		return orNothing(len(boards), err)
	}},
	{"Topics", "yyyyyy yyy", "----yy -yy", func(w *world, who auth.Actor, x scene) error {
		page, err := w.forum.Topics(w.ctx, who, forum.TopicFilter{Board: x.board.ID})
		return orNothing(len(page.Items), err)
	}},
	{"Thread", "yyyyyy yyy", "nnnnyy nyy", func(w *world, who auth.Actor, x scene) error {
		return failure(w.forum.Thread(w.ctx, who, forum.ThreadPage{Topic: x.topic.ID}))
	}},
	{"Find", "yyyyyy yyy", "nnnnyy nyy", func(w *world, who auth.Actor, x scene) error {
		return failure(w.forum.Find(w.ctx, who, post(x.reply)))
	}},
	{"FindReply", "yyyyyy yyy", "nnnnyy nyy", func(w *world, who auth.Actor, x scene) error {
		return failure(w.forum.FindReply(w.ctx, who, x.reply.ID))
	}},
	{"Look", "yyyyyy yyy", "nnnnyy nyy", func(w *world, who auth.Actor, x scene) error {
		return failure(w.forum.Look(w.ctx, who, post(x.reply)))
	}},
	{"Look at what is removed", "rrrrry yyy", "nnnnry nyy", func(w *world, who auth.Actor, x scene) error {
		return failure(w.forum.Look(w.ctx, who, post(x.away)))
	}},
	{"Revisions", "yyyyyy yyy", "nnnnyy nyy", func(w *world, who auth.Actor, x scene) error {
		return failure(w.forum.Revisions(w.ctx, who, post(x.reply)))
	}},
	{"Revisions of what is removed", "rrrrry yyy", "nnnnry nyy", func(w *world, who auth.Actor, x scene) error {
		return failure(w.forum.Revisions(w.ctx, who, post(x.away)))
	}},
	{"StartTopic", "dddyyy yyy", "nnnnyy nyy", func(w *world, who auth.Actor, x scene) error {
		return failure(w.forum.StartTopic(w.ctx, who, forum.NewTopic{Board: x.board.ID, Title: "Titolo", Body: "Testo"}))
	}},
	{"Reply", "dddyyy yyy", "nnnnyy nyy", func(w *world, who auth.Actor, x scene) error {
		return failure(w.forum.Reply(w.ctx, who, forum.NewReply{Topic: x.topic.ID, Parent: x.reply.ID, Body: "Testo"}))
	}},
	{"EditPost", "dddddy yyy", "nnnndy nyy", func(w *world, who auth.Actor, x scene) error {
		return failure(w.forum.EditPost(w.ctx, who, forum.PostEdit{Post: post(x.reply), Version: x.reply.Version, Body: "Altro"}))
	}},
	{"EditPost of topic", "dddddy yyy", "nnnndy nyy", func(w *world, who auth.Actor, x scene) error {
		return failure(w.forum.EditPost(w.ctx, who, forum.PostEdit{Post: first(x.topic.ID), Version: x.topic.Version, Title: "Altro", Body: "Altro"}))
	}},
	{"Delete", "dddddy ddd", "nnnndy ndd", func(w *world, who auth.Actor, x scene) error {
		return w.forum.Delete(w.ctx, who, post(x.reply))
	}},
	{"Delete of topic", "dddddy ddd", "nnnndy ndd", func(w *world, who auth.Actor, x scene) error {
		return w.forum.Delete(w.ctx, who, first(x.alone.ID))
	}},
	{"Hide", "dddddd yyy", "nnnndd nyy", func(w *world, who auth.Actor, x scene) error {
		return w.forum.Hide(w.ctx, who, post(x.reply), "Fuori tema")
	}},
	{"Restore", "dddddy yyy", "nnnndy nyy", func(w *world, who auth.Actor, x scene) error {
		return w.forum.Restore(w.ctx, who, post(x.away))
	}},
	{"Purge", "dddddd ddy", "nnnndd ndy", func(w *world, who auth.Actor, x scene) error {
		return w.forum.Purge(w.ctx, who, post(x.reply), "Dati personali")
	}},
	{"Waiting", "------ yyy", "------ -yy", func(w *world, who auth.Actor, x scene) error {
		waits := forum.Topic{
			ID: storage.NewID[forum.Topic](), Board: x.board.ID, Area: x.board.Area, Audience: x.board.Promise, Title: "Di chi non è più qui",
			CreatedAt: w.now, Removal: forum.Removal{State: forum.Held}, Version: 1, ActiveAt: w.now,
		}
		_ = w.store.Apply(w.ctx, forum.InsertTopic{Topic: waits}) // on a board that never was there is none
		page, err := w.forum.Waiting(w.ctx, who, forum.WaitingPage{})
		return orNothing(len(page.Items), err)
	}},
	{"Widen", "dddddd ddy", "nnnndd ndy", func(w *world, who auth.Actor, x scene) error {
		return w.forum.Widen(w.ctx, who, forum.Widen{Topics: []forum.TopicID{x.topic.ID}, Audience: x.topic.Audience, Why: "Interessa a tutti"})
	}},
	{"Pin", "dddddd yyy", "nnnndd nyy", func(w *world, who auth.Actor, x scene) error {
		return w.forum.Pin(w.ctx, who, x.topic.ID, forum.Announced)
	}},
	{"Lock", "dddddd yyy", "nnnndd nyy", func(w *world, who auth.Actor, x scene) error {
		return w.forum.Lock(w.ctx, who, x.topic.ID, true)
	}},
	{"Move", "dddddd yyy", "nnnndd nyy", func(w *world, who auth.Actor, x scene) error {
		return w.forum.Move(w.ctx, who, forum.Move{Topic: x.topic.ID, To: x.other.ID})
	}},
	{"Move to another area", "dddddd iyy", "nnnndd nyy", func(w *world, who auth.Actor, x scene) error {
		to := w.reserved.ID
		if x.board.ID == to {
			to = w.open.ID
		}
		return w.forum.Move(w.ctx, who, forum.Move{Topic: x.topic.ID, To: to, Widen: true})
	}},
	{"Split", "dddddd yyy", "nnnndd nyy", func(w *world, who auth.Actor, x scene) error {
		return failure(w.forum.Split(w.ctx, who, forum.Split{
			Topic: x.topic.ID, Version: x.topic.Version, Replies: []forum.ReplyID{x.reply.ID}, Title: "Titolo", Body: "Testo",
		}))
	}},
	{"Merge", "dddddd yyy", "nnnndd nyy", func(w *world, who auth.Actor, x scene) error {
		return w.forum.Merge(w.ctx, who, x.alone.ID, x.topic.ID)
	}},
	{"ReadTo", "dyyyyy yyy", "dnnnyy nyy", func(w *world, who auth.Actor, x scene) error {
		return w.forum.ReadTo(w.ctx, who, x.topic.ID, 1)
	}},
	{"ReadAll", "dyyyyy yyy", "dyyyyy yyy", func(w *world, who auth.Actor, _ scene) error { return w.forum.ReadAll(w.ctx, who) }},
	{"Follow", "dyyyyy yyy", "dnnnyy nyy", func(w *world, who auth.Actor, x scene) error {
		return w.forum.Follow(w.ctx, who, x.topic.ID, forum.Following)
	}},
	{"Useful", "dddyyo yyy", "dnnnyo nyy", func(w *world, who auth.Actor, x scene) error {
		return w.forum.Useful(w.ctx, who, post(x.reply), true)
	}},
	{"SaveDraft", "dyyyyy yyy", "dyyyyy yyy", func(w *world, who auth.Actor, _ scene) error {
		return failure(w.forum.SaveDraft(w.ctx, who, forum.DraftSave{Place: "qui", Body: "Testo"}))
	}},
	{"Draft", "dnnnnn nnn", "dnnnnn nnn", func(w *world, who auth.Actor, _ scene) error { return failure(w.forum.Draft(w.ctx, who, "qui")) }},
	{"Drafts", "dyyyyy yyy", "dyyyyy yyy", func(w *world, who auth.Actor, _ scene) error { return failure(w.forum.Drafts(w.ctx, who)) }},
	{"DropDraft", "dyyyyy yyy", "dyyyyy yyy", func(w *world, who auth.Actor, _ scene) error { return w.forum.DropDraft(w.ctx, who, "qui") }},
	{"Feed", "yyyyyy yyy", "nnnnyy nyy", func(w *world, who auth.Actor, x scene) error {
		return failure(w.forum.Feed(w.ctx, who, forum.FeedPage{Topic: x.topic.ID}))
	}},
	{"Feed of board", "yyyyyy yyy", "nnnnyy nyy", func(w *world, who auth.Actor, x scene) error {
		return failure(w.forum.Feed(w.ctx, who, forum.FeedPage{Board: x.board.ID}))
	}},
}

// unasked are the methods that ask for nobody's leave: they are the host's.
var unasked = []string{"Recipients", "Export", "Erase"}

var errNothing = errors.New("nothing is there")

func orNothing(n int, err error) error {
	if err == nil && n == 0 {
		return errNothing
	}
	return err
}

// setScene puts on a board what everybody tries their hand at.
func (w *world) setScene(b forum.Board) scene {
	x := scene{board: b, other: w.opens(forum.NewBoard{Area: b.Area, Audience: b.Audience, Name: "Altra"})}
	x.topic = w.starts(w.author, forum.NewTopic{Board: b.ID})
	x.reply = w.replies(w.author, forum.NewReply{Topic: x.topic.ID})
	x.away = w.replies(w.author, forum.NewReply{Topic: x.topic.ID})
	require.NoError(w, w.forum.Delete(w.ctx, w.author, post(x.away)))
	x.alone = w.starts(w.author, forum.NewTopic{Board: b.ID})
	return x
}

// verdicts are what the letters of the table say.
var verdicts = map[byte]error{
	'y': nil, 'd': auth.ErrDenied, 'n': storage.ErrNotFound, 'i': storage.ErrInvalid, 'o': forum.ErrOwn, 'r': forum.ErrRemoved, '-': errNothing,
}

func TestWhoMay(t *testing.T) {
	t.Parallel()
	for _, row := range may {
		for place, want := range map[string]string{"open": row.open, "reserved": row.reserved} {
			t.Run(row.method+"/"+place, func(t *testing.T) {
				t.Parallel()
				want := strings.ReplaceAll(want, " ", "")
				for i, name := range new(world).everybody() {
					w := newWorld(t)
					board := w.open
					if place == "reserved" {
						board = w.reserved
					}
					x := w.setScene(board)
					before := w.dump()
					err := row.call(w, w.everybody()[i].Actor, x)
					require.True(t, errors.Is(err, verdicts[want[i]]), "%s: %v, want %v", name.name, err, verdicts[want[i]])
					if err != nil {
						require.Equal(t, before, w.dump(), "%s was refused and something is changed", name.name)
					}
				}
				require.Len(t, want, len(new(world).everybody()))
			})
		}
	}
}

// verbs are the actions that each method asks for, of somebody who may do all
// that it takes.
var verbs = map[string]struct {
	by    func(*world) auth.Actor
	needs []auth.Action
}{
	"OpenBoard":                    {(*world).coordinates, []auth.Action{forum.Manage}},
	"EditBoard":                    {(*world).coordinates, []auth.Action{forum.See, forum.Manage}},
	"Board":                        {(*world).writes, []auth.Action{forum.See}},
	"Boards":                       {(*world).writes, []auth.Action{forum.See}},
	"Topics":                       {(*world).writes, []auth.Action{forum.Read}},
	"Thread":                       {(*world).writes, []auth.Action{forum.Read}},
	"Find":                         {(*world).writes, []auth.Action{forum.Read}},
	"FindReply":                    {(*world).writes, []auth.Action{forum.Read}},
	"Revisions":                    {(*world).writes, []auth.Action{forum.Read}},
	"StartTopic":                   {(*world).writes, []auth.Action{forum.See, forum.Start}},
	"Reply":                        {(*world).writes, []auth.Action{forum.Read, forum.Say}},
	"EditPost":                     {(*world).writes, []auth.Action{forum.Read, forum.Edit}},
	"EditPost of topic":            {(*world).moderates, []auth.Action{forum.Read, forum.Moderate}},
	"Delete":                       {(*world).writes, []auth.Action{forum.Read, forum.Edit}},
	"Delete of topic":              {(*world).writes, []auth.Action{forum.Read, forum.Edit}},
	"Hide":                         {(*world).moderates, []auth.Action{forum.Read, forum.Moderate}},
	"Restore":                      {(*world).writes, []auth.Action{forum.Read, forum.Edit}},
	"Purge":                        {(*world).coordinates, []auth.Action{forum.Read, forum.Purge}},
	"Waiting":                      {(*world).moderates, []auth.Action{forum.Read, forum.Moderate}},
	"Widen":                        {(*world).coordinates, []auth.Action{forum.Read, forum.Disclose}},
	"Pin":                          {(*world).moderates, []auth.Action{forum.Read, forum.Moderate}},
	"Lock":                         {(*world).moderates, []auth.Action{forum.Read, forum.Moderate}},
	"Move":                         {(*world).moderates, []auth.Action{forum.See, forum.Read, forum.Moderate}},
	"Move to another area":         {(*world).moderates, []auth.Action{forum.See, forum.Read, forum.Moderate}},
	"Split":                        {(*world).moderates, []auth.Action{forum.Read, forum.Moderate}},
	"Merge":                        {(*world).moderates, []auth.Action{forum.Read, forum.Moderate}},
	"ReadTo":                       {(*world).writes, []auth.Action{forum.Read, forum.Watch}},
	"ReadAll":                      {(*world).writes, nil},
	"Follow":                       {(*world).writes, []auth.Action{forum.Read, forum.Watch}},
	"Useful":                       {(*world).moderates, []auth.Action{forum.Read, forum.React}},
	"SaveDraft":                    {(*world).writes, nil},
	"Drafts":                       {(*world).writes, nil},
	"DropDraft":                    {(*world).writes, nil},
	"Feed":                         {(*world).writes, []auth.Action{forum.Read}},
	"Feed of board":                {(*world).writes, []auth.Action{forum.See}}, // without Read it is empty
	"Look":                         {(*world).writes, []auth.Action{forum.Read}},
	"Look at what is removed":      {(*world).moderates, []auth.Action{forum.Read, forum.Moderate}},
	"Revisions of what is removed": {(*world).moderates, []auth.Action{forum.Read, forum.Moderate}},
}

// Every method asks for its own actions and for no others: whoever lacks one of
// them is refused, and whoever lacks any other is not.
func TestVerbs(t *testing.T) {
	t.Parallel()
	for _, row := range may {
		v, known := verbs[row.method]
		if row.method == "Draft" {
			continue // nobody has one
		}
		require.True(t, known, row.method)
		for _, do := range forum.Actions {
			w := newWorld(t)
			x := w.setScene(w.reserved)
			w.forum = w.without(do, v.by(w))
			err := row.call(w, v.by(w), x)
			require.Equal(t, slices.Contains(v.needs, do), err != nil, "%s without %s: %v", row.method, do, err)
			if err != nil {
				require.True(t, errors.Is(err, auth.ErrDenied) || errors.Is(err, storage.ErrNotFound) || errors.Is(err, errNothing) ||
					errors.Is(err, storage.ErrInvalid) || errors.Is(err, forum.ErrRemoved), "%s without %s: %v", row.method, do, err)
			}
		}
	}
}

// without is the world's forum where one person may not do one thing.
func (w *world) without(do auth.Action, who auth.Actor) *forum.Service {
	cfg := w.config
	cfg.Auth = without{cfg.Auth, do, who, func(auth.Scope) bool { return true }}
	return forum.New(cfg)
}

type without struct {
	auth.Authorizer
	do  auth.Action
	who auth.Actor
	at  func(auth.Scope) bool
}

func (a without) Authorize(ctx context.Context, who auth.Actor, do auth.Action, at auth.Scope) error {
	if do == a.do && who.User == a.who.User && a.at(at) {
		return &auth.Denied{Action: do, Reason: auth.ReasonRole}
	}
	return a.Authorizer.Authorize(ctx, who, do, at)
}

func (a without) Reach(ctx context.Context, who auth.Actor, do auth.Action) (auth.Reach, error) {
	if do == a.do && who.User == a.who.User {
		return auth.Reach{}, nil
	}
	return a.Authorizer.Reach(ctx, who, do)
}

// Rights are those of the place: a moderator of the commons is a member among
// others in a group, and a group's moderator moderates there.
func TestRightsAreOfThePlace(t *testing.T) {
	t.Parallel()
	for _, row := range may {
		if row.method == "Move to another area" {
			continue // takes the right at both ends
		}
		want := strings.ReplaceAll(row.reserved, " ", "")
		for _, c := range []struct {
			there, here auth.Role
			as          byte
		}{{auth.Moderator, auth.Member, want[4]}, {auth.Member, auth.Moderator, want[7]}} {
			w := newWorld(t)
			x := w.setScene(w.reserved)
			w.stands(w.keeper, c.there, c.here)
			err := row.call(w, w.keeper, x)
			require.True(t, errors.Is(err, verdicts[c.as]), "%s: %v, want %v", row.method, err, verdicts[c.as])
		}
	}
}

func TestWhoMayIsComplete(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for _, name := range unasked {
		known[name] = true
	}
	for _, row := range may {
		known[strings.Fields(row.method)[0]] = true
	}
	for typ, i := reflect.TypeFor[*forum.Service](), 0; i < typ.NumMethod(); i++ {
		assert.True(t, known[typ.Method(i).Name], "the table of rights lacks %s", typ.Method(i).Name)
	}
}

// What a member may change is in the input types, and nothing else: no byline,
// no time, no counter, no role.
func TestS22InputsHoldNothingElse(t *testing.T) {
	t.Parallel()
	for _, in := range []any{
		forum.NewBoard{}, forum.BoardEdit{}, forum.NewTopic{}, forum.NewReply{}, forum.PostEdit{}, forum.Move{}, forum.Split{}, forum.Widen{},
		forum.DraftSave{}, forum.TopicFilter{}, forum.ThreadPage{}, forum.FeedPage{}, forum.WaitingPage{},
	} {
		for _, f := range reflect.VisibleFields(reflect.TypeOf(in)) {
			for _, forbidden := range []string{"By", "At", "CreatedAt", "Removal", "State", "Seq", "Useful", "Reach", "Reader", "User", "Locked", "Pin"} {
				assert.NotEqual(t, forbidden, f.Name, fmt.Sprintf("%T", in))
			}
		}
	}
}
