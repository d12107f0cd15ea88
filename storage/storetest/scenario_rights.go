// SPDX-License-Identifier: BSD-3-Clause

package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
)

// Attacks that do what one has no right to.
var rightsScenarios = []promise{
	{"S18", "a reply is found in its own topic only, whoever asks and for whatever", false, s18},
	{"S19", "to move, split and merge, one needs the right at both ends, and the right to see both", false, s19},
	{"S20", "whoever is told of an event is chosen when it is delivered, by the rights of then", false, s20},
	{"S21", "an edit passes through every check that the first writing passed", false, s21},
	{"S23", "one reply too many in a list refuses the whole list", false, s23},
	{"S24", "rights that were taken away are gone with the next call, whatever it is", false, s24},
	{"S26", "the right to moderate opens nothing that one may not read", false, s26},
	{"S27", "what is missing denies: no authorizer, no rights, no audience, no first post", false, s27},
	{"S28/S29", "a list has exactly what may be opened one by one: all actors, areas, audiences and states", false, s29},
}

func s18(t *testing.T, s community.Store) {
	w := newWorld(t, s)
	mine := w.starts(w.member, forum.NewTopic{Board: w.open.ID})
	secret := w.starts(w.colleague, forum.NewTopic{Board: w.reserved.ID})
	inside := w.replies(w.colleague, forum.NewReply{Topic: secret.ID})
	other := w.starts(w.outsider, forum.NewTopic{Board: w.open.ID})
	elsewhere := w.replies(w.outsider, forum.NewReply{Topic: other.ID})
	absent := nowhere()
	for name, r := range map[string]forum.Reply{"of a reserved topic": inside, "of an open topic": elsewhere} {
		for who, actor := range map[string]auth.Actor{"outsider": w.outsider, "keeper": w.keeper, "coordinator": w.coordinator} {
			for _, c := range w.calls() {
				if c.name != "Find reply" && c.name != "Reply to reply" && c.name != "EditPost of reply" && c.name != "Useful" &&
					c.name != "Delete reply" && c.name != "Hide" && c.name != "Restore" && c.name != "Purge" && c.name != "Revisions" && c.name != "Split" {
					continue // asks for no reply of a topic
				}
				x, never := target{w.open.ID, mine.ID, r.ID}, target{w.open.ID, mine.ID, absent.reply}
				_, err := c.do(w.forum, actor, x)
				if who == "coordinator" || c.name != "Split" {
					is(t, err, storage.ErrNotFound)
				}
				_, nothing := c.do(w.forum, actor, never)
				equal(t, c.name+" "+name+" by "+who, disguise(err, x), disguise(nothing, never))
			}
		}
		same(t, w.kept(r.ID), r)
	}
	same(t, w.topic(mine.ID), mine)
}

func s19(t *testing.T, s community.Store) {
	w := newWorld(t, s)
	warden := auth.Actor{User: newUser()} // moderates the group, and is a member of the community
	w.people.put(warden, community.Standing{Role: auth.Member, Areas: map[auth.AreaID]auth.Role{w.group: auth.Moderator}})
	here := w.starts(w.member, forum.NewTopic{Board: w.open.ID})
	there := w.starts(w.member, forum.NewTopic{Board: w.reserved.ID})
	reply := w.replies(w.colleague, forum.NewReply{Topic: here.ID})
	inside := w.replies(w.colleague, forum.NewReply{Topic: there.ID})
	here, there = w.topic(here.ID), w.topic(there.ID)
	absent := nowhere()
	move := func(who auth.Actor, topic forum.TopicID, to forum.BoardID) error {
		return w.forum.Move(ctx, who, forum.Move{Topic: topic, To: to, Widen: true})
	}
	split := func(who auth.Actor, topic forum.Topic, r forum.ReplyID, to forum.BoardID) error {
		return failure(w.forum.Split(ctx, who, forum.Split{
			Topic: topic.ID, Version: topic.Version, Replies: []forum.ReplyID{r}, Board: to, Title: "Titolo", Body: "Testo",
		}))
	}
	for name, who := range map[string]auth.Actor{
		"keeper": w.keeper, "warden": warden, "member": w.member, "outsider": w.outsider, "observer": w.observer, "visitor": w.visitor,
	} {
		for what, err := range map[string]error{
			"move in":           move(who, here.ID, w.reserved.ID),
			"move out":          move(who, there.ID, w.open.ID),
			"merge in":          w.forum.Merge(ctx, who, here.ID, there.ID),
			"merge out":         w.forum.Merge(ctx, who, there.ID, here.ID),
			"split across":      split(who, here, reply.ID, w.reserved.ID),
			"split across, out": split(who, there, inside.ID, w.open.ID),
		} {
			if err == nil {
				t.Errorf("%s by the %s was done", what, name)
			}
		}
	}
	// An end that one may not see is as one that never was.
	x := target{w.reserved.ID, there.ID, inside.ID}
	for what, pair := range map[string][2]error{
		"move":  {move(w.keeper, here.ID, w.reserved.ID), move(w.keeper, here.ID, absent.board)},
		"merge": {w.forum.Merge(ctx, w.keeper, here.ID, there.ID), w.forum.Merge(ctx, w.keeper, here.ID, absent.topic)},
		"split": {split(w.keeper, here, reply.ID, w.reserved.ID), split(w.keeper, here, reply.ID, absent.board)},
	} {
		equal(t, what, disguise(pair[0], x), disguise(pair[1], absent))
	}
	is(t, split(w.moderator, here, reply.ID, w.reserved.ID), storage.ErrInvalid) // both ends, but another area
	same(t, w.topic(here.ID), here)
	same(t, w.topic(there.ID), there)
	same(t, w.kept(reply.ID), reply)
	must(t, move(w.moderator, here.ID, w.reserved.ID))
	must(t, w.forum.Merge(ctx, w.moderator, here.ID, there.ID))
	same(t, w.topic(there.ID).Replies, 3)
}

func s20(t *testing.T, s community.Store) {
	w := newWorld(t, s)
	topic := w.starts(w.colleague, forum.NewTopic{Board: w.reserved.ID})
	w.replies(w.member, forum.NewReply{Topic: topic.ID})
	r := w.replies(w.colleague, forum.NewReply{Topic: topic.ID, Body: "@outsider, @observer"})
	same(t, w.told(forum.EventReplied), map[auth.UserID]forum.Reason{w.member.User: forum.Replied})
	w.leaves(w.member)
	same(t, w.told(forum.EventReplied), map[auth.UserID]forum.Reason{})
	w.people.put(w.outsider, community.Standing{Role: auth.Member, Areas: map[auth.AreaID]auth.Role{w.group: auth.Member}})
	same(t, w.told(forum.EventReplied), map[auth.UserID]forum.Reason{}) // who could not be told then is not told later
	w.people.put(w.member, community.Standing{Role: auth.Member, Areas: map[auth.AreaID]auth.Role{w.group: auth.Member}})
	same(t, w.told(forum.EventReplied), map[auth.UserID]forum.Reason{w.member.User: forum.Replied})
	must(t, w.forum.Follow(ctx, w.member, topic.ID, forum.Ignoring))
	same(t, w.told(forum.EventReplied), map[auth.UserID]forum.Reason{})
	must(t, w.forum.Follow(ctx, w.member, topic.ID, forum.Following))
	same(t, w.told(forum.EventReplied), map[auth.UserID]forum.Reason{w.member.User: forum.ByHand})
	must(t, w.forum.Hide(ctx, w.moderator, post(r), "Prova"))
	same(t, w.told(forum.EventReplied), map[auth.UserID]forum.Reason{})
	must(t, w.forum.Restore(ctx, w.moderator, post(r)))
	must(t, w.forum.Hide(ctx, w.moderator, first(topic.ID), "Prova"))
	same(t, w.told(forum.EventReplied), map[auth.UserID]forum.Reason{})
	must(t, w.forum.Purge(ctx, w.coordinator, first(topic.ID), "Prova"))
	same(t, w.told(forum.EventReplied), map[auth.UserID]forum.Reason{})
}

func s21(t *testing.T, s community.Store) {
	w := newWorld(t, s)
	f := forum.New(forum.Config{Store: s.Forum(), Auth: w.policy, Clock: w.clock.Now, People: w.people, EditWindow: time.Hour, MaxTitle: 20, MaxBody: 100})
	long := string(slices.Repeat([]rune{'è'}, 101))
	topic := w.starts(w.member, forum.NewTopic{Board: w.open.ID})
	r := w.replies(w.member, forum.NewReply{Topic: topic.ID})
	crowd := ""
	for i := range auth.MaxMentions + 1 {
		name := fmt.Sprintf("membro%d", i)
		w.people.names[name] = newUser()
		crowd += "@" + name + " "
	}
	for _, bad := range []struct{ field, title, body, why string }{
		{"title", "", "Testo", ""}, {"title", long, "Testo", ""}, {"title", "due\nrighe", "Testo", ""}, {"title", "\xff", "Testo", ""},
		{"body", "Titolo", "", ""}, {"body", "Titolo", long, ""}, {"body", "Titolo", "a\x00b", ""}, {"body", "Titolo", "\xff", ""}, {"body", "Titolo", " \n ", ""},
		{"body", "Titolo", crowd, ""}, {"why", "Titolo", "Testo", "due\nrighe"}, {"why", "Titolo", "Testo", fmt.Sprintf("%0501d", 0)},
	} {
		_, err := f.EditPost(ctx, w.member, forum.PostEdit{Post: first(topic.ID), Version: topic.Version, Title: bad.title, Body: bad.body, Why: bad.why})
		invalid(t, err, bad.field)
		if bad.field != "title" {
			_, err := f.EditPost(ctx, w.member, forum.PostEdit{Post: post(r), Version: r.Version, Body: bad.body, Why: bad.why})
			invalid(t, err, bad.field)
		}
		if bad.why == "" {
			_, err := f.StartTopic(ctx, w.member, forum.NewTopic{Board: w.open.ID, Title: bad.title, Body: bad.body})
			invalid(t, err, bad.field)
		}
	}
	_, err := f.EditPost(ctx, w.member, forum.PostEdit{Post: post(r), Version: r.Version, Title: "Titolo", Body: "Testo"})
	invalid(t, err, "title") // a reply has none

	refused := func(who auth.Actor, want error) {
		t.Helper()
		_, err := f.EditPost(ctx, who, forum.PostEdit{Post: first(topic.ID), Version: 99, Title: "Titolo", Body: "Testo"})
		is(t, err, want)
		_, err = f.EditPost(ctx, who, forum.PostEdit{Post: post(r), Version: 99, Body: "Testo"})
		is(t, err, want)
	}
	refused(w.member, storage.ErrConflict) // may edit, but not that version
	refused(w.moderator, storage.ErrConflict)
	refused(w.colleague, auth.ErrDenied)
	w.people.put(w.member, community.Standing{Role: auth.Observer})
	refused(w.member, auth.ErrDenied) // their own, when they may not write any more
	w.people.put(w.member, community.Standing{Role: auth.Member})
	w.clock.pass(2 * time.Hour)
	refused(w.member, forum.ErrTooLate)
	refused(w.moderator, storage.ErrConflict)
	same(t, w.topic(topic.ID).Version, topic.Version)
	same(t, w.kept(r.ID), r)
}

// invalid checks that an error says which field is at fault.
func invalid(t *testing.T, err error, field string) {
	t.Helper()
	var in *storage.Invalid
	if !errors.As(err, &in) || in.Field != field {
		t.Errorf("error = %v, want the field %q invalid", err, field)
	}
}

func s23(t *testing.T, s community.Store) {
	w := newWorld(t, s)
	topic := w.starts(w.member, forum.NewTopic{Board: w.open.ID})
	r := w.replies(w.colleague, forum.NewReply{Topic: topic.ID})
	other := w.replies(w.colleague, forum.NewReply{Topic: w.starts(w.member, forum.NewTopic{Board: w.reserved.ID}).ID})
	version := w.topic(topic.ID).Version
	for name, list := range map[string][]forum.ReplyID{
		"of another topic": {r.ID, other.ID}, "never was": {storage.NewID[forum.Reply](), r.ID}, "zero": {r.ID, {}}, "first post": {storage.MakeID[forum.Reply](topic.ID.Bytes())},
	} {
		for _, who := range []auth.Actor{w.keeper, w.coordinator} {
			_, err := w.forum.Split(ctx, who, forum.Split{Topic: topic.ID, Version: version, Replies: list, Title: "Titolo", Body: "Testo"})
			is(t, err, storage.ErrNotFound)
			same(t, w.kept(r.ID).Topic, topic.ID)
			same(t, len(w.list(w.coordinator, forum.TopicFilter{Board: w.open.ID})), 1)
			if t.Failed() {
				t.Fatal(name)
			}
		}
	}
	for _, text := range []string{"", "[]", `["` + topic.ID.String() + `"]`, topic.ID.String() + " ", "{" + topic.ID.String() + "}", "urn:uuid:" + topic.ID.String(), topic.ID.String()[:35], "1"} {
		if _, err := storage.ParseID[forum.Topic](text); !errors.Is(err, storage.ErrInvalid) {
			t.Errorf("%q is taken for an ID: %v", text, err)
		}
	}
}

func s24(t *testing.T, s community.Store) {
	w := newWorld(t, s)
	topic := w.starts(w.member, forum.NewTopic{Board: w.reserved.ID})
	r := w.replies(w.member, forum.NewReply{Topic: topic.ID})
	page := forum.TopicFilter{Limit: 1}
	w.starts(w.member, forum.NewTopic{Board: w.reserved.ID})
	first := got(w.forum.Topics(ctx, w.member, page))(t)
	for _, who := range []auth.Actor{w.member, w.moderator, w.coordinator} {
		w.leaves(who)
		w.alike(who, target{w.reserved.ID, topic.ID, r.ID}) // of what they wrote, and of what they ran
	}
	page.After = first.Next // held since before
	same(t, len(got(w.forum.Topics(ctx, w.member, page))(t).Items), 0)
	_, err := w.forum.OpenBoard(ctx, w.coordinator, forum.NewBoard{Area: w.group, Audience: auth.AreaMembers, Name: "Altra"})
	is(t, err, auth.ErrDenied)

	shown := w.starts(w.outsider, forum.NewTopic{Board: w.open.ID})
	mine := w.replies(w.outsider, forum.NewReply{Topic: shown.ID})
	w.people.put(w.outsider, community.Standing{Role: auth.Observer}) // suspended from writing
	for _, c := range w.calls() {
		_, err := c.do(w.forum, w.outsider, target{w.open.ID, shown.ID, mine.ID})
		switch c.name {
		case "Board", "Feed", "Feed of board", "Thread", "Thread, newest", "Find", "Find reply", "FindReply", "Revisions", "ReadTo", "Follow":
			must(t, err)
		case "Thread, bad cursor":
			is(t, err, storage.ErrInvalid)
		default:
			is(t, err, auth.ErrDenied)
		}
	}
}

// judge lets some actions be done everywhere, and no others.
type judge map[auth.Action]bool

func (j judge) Authorize(_ context.Context, _ auth.Actor, do auth.Action, _ auth.Scope) error {
	if j[do] {
		return nil
	}
	return &auth.Denied{Action: do, Reason: auth.ReasonRole}
}

func (j judge) Reach(_ context.Context, _ auth.Actor, do auth.Action) (auth.Reach, error) {
	if j[do] {
		return auth.Everything, nil
	}
	return auth.Reach{}, nil
}

func (j judge) Explain(context.Context, auth.Actor, auth.Action, auth.Scope) (auth.Explanation, error) {
	return auth.Explanation{}, nil
}

func s26(t *testing.T, s community.Store) {
	w := newWorld(t, s)
	topic := w.starts(w.member, forum.NewTopic{Board: w.open.ID})
	r := w.replies(w.member, forum.NewReply{Topic: topic.ID})
	everything := judge{}
	for _, do := range forum.Actions {
		everything[do] = do != forum.Read
	}
	w.forum = forum.New(forum.Config{Store: s.Forum(), Auth: everything, Clock: w.clock.Now})
	absent := nowhere()
	for _, c := range w.calls() {
		if c.name == "Board" || c.name == "EditBoard" || c.name == "StartTopic" || c.name == "Feed of board" {
			continue // of a board, which may be seen
		}
		_, err := c.do(w.forum, w.keeper, target{w.open.ID, topic.ID, r.ID})
		is(t, err, storage.ErrNotFound)
		_, never := c.do(w.forum, w.keeper, absent)
		equal(t, c.name, disguise(err, target{w.open.ID, topic.ID, r.ID}), disguise(never, absent))
	}
	same(t, len(w.list(w.keeper, forum.TopicFilter{})), 0)
	same(t, len(w.list(w.keeper, forum.TopicFilter{Removed: true})), 0)
	same(t, got(w.forum.Boards(ctx, w.keeper, auth.Commons))(t)[0].Topics, 0)
	same(t, w.topic(topic.ID).Version, topic.Version)
}

func s27(t *testing.T, s community.Store) {
	w := newWorld(t, s)
	topic := w.starts(w.member, forum.NewTopic{Board: w.open.ID})
	r := w.replies(w.member, forum.NewReply{Topic: topic.ID})
	x := target{w.open.ID, topic.ID, r.ID}
	right := w.forum
	for name, denying := range map[string]auth.Authorizer{
		"nil": nil, "deny all": auth.DenyAll{}, "no standings": community.Policy{Rights: community.Rights{}},
		"no rights":    community.Policy{Standings: w.people},
		"empty rights": community.Policy{Standings: w.people, Rights: community.Rights{}},
		"zero roles":   community.Policy{Standings: w.people, Rights: community.Rights{forum.Read: 0, forum.See: 0, forum.Moderate: 0}},
	} {
		w.forum = forum.New(forum.Config{Store: s.Forum(), Auth: denying, Clock: w.clock.Now})
		for _, who := range []auth.Actor{w.visitor, w.member, w.coordinator} {
			w.alike(who, x)
			same(t, len(got(w.forum.Boards(ctx, who, auth.Commons))(t)), 0)
			same(t, len(w.list(who, forum.TopicFilter{})), 0)
			same(t, len(w.list(who, forum.TopicFilter{Removed: true})), 0)
		}
		_, err := w.forum.OpenBoard(ctx, w.coordinator, forum.NewBoard{Area: auth.Commons, Audience: auth.Public, Name: name})
		is(t, err, auth.ErrDenied)
		same(t, w.told(forum.EventReplied), map[auth.UserID]forum.Reason{})
	}
	w.forum = right

	// A topic promised to nobody is nobody's but its area's members'.
	lost := w.topic(topic.ID)
	lost.ID, lost.Audience, lost.Area = storage.NewID[forum.Topic](), 0, newArea()
	must(t, s.Apply(ctx, forum.InsertTopic{Topic: lost}))
	for _, who := range w.everybody() {
		w.alike(who, target{w.reserved.ID, lost.ID, storage.NewID[forum.Reply]()}.seenBy(w, who))
		for _, l := range w.list(who, forum.TopicFilter{}) {
			if l.ID == lost.ID {
				t.Error("a topic promised to nobody is listed")
			}
		}
	}

	// The first post taken away takes its replies along, and nothing is said below it.
	must(t, w.forum.Hide(ctx, w.keeper, first(topic.ID), "Prova"))
	for name, who := range w.everybody() {
		_, err := w.forum.Reply(ctx, who, forum.NewReply{Topic: topic.ID, Parent: r.ID, Body: "Testo"})
		switch name {
		case "member", "keeper", "moderator", "coordinator": // its author, and moderators
			is(t, err, forum.ErrRemoved)
		default:
			is(t, err, storage.ErrNotFound)
		}
	}
	same(t, w.topic(topic.ID).Replies, 1)
}

// s29 builds every topic of a small world and asks for each, as everybody, by
// list and one by one.
func s29(t *testing.T, s community.Store) {
	w := newWorld(t, s)
	type made struct {
		topic forum.TopicID
		board forum.BoardID
		gone  bool
	}
	var topics []made
	var boards []forum.BoardID
	other := newArea() // a group that nobody here belongs to
	warden := auth.Actor{User: newUser()}
	w.people.put(warden, community.Standing{Role: auth.Outsider, Areas: map[auth.AreaID]auth.Role{w.group: auth.Moderator}})
	build := forum.New(forum.Config{Store: s.Forum(), Auth: auth.AllowAll{}, Clock: w.clock.Now})
	for _, area := range []auth.AreaID{auth.Commons, w.group, other} {
		for _, audience := range []auth.Audience{auth.AreaMembers, auth.CommunityMembers, auth.Public} {
			board := got(build.OpenBoard(ctx, w.coordinator, forum.NewBoard{Area: area, Audience: audience, Name: "Bacheca"}))(t)
			boards = append(boards, board.ID)
			for promised := auth.AreaMembers; promised <= audience; promised++ {
				for state, remove := range map[forum.State]func(p forum.Post) error{
					forum.Visible: func(forum.Post) error { return nil },
					forum.Deleted: func(p forum.Post) error { return build.Delete(ctx, w.member, p) },
					forum.Hidden:  func(p forum.Post) error { return build.Hide(ctx, w.keeper, p, "Prova") },
					forum.Purged:  func(p forum.Post) error { return build.Purge(ctx, w.keeper, p, "Prova") },
				} {
					topic := got(build.StartTopic(ctx, w.member, forum.NewTopic{Board: board.ID, Audience: promised, Title: "Titolo", Body: "Testo"}))(t)
					must(t, remove(first(topic.ID)))
					topics = append(topics, made{topic.ID, board.ID, state != forum.Visible})
				}
			}
		}
	}
	actors := w.everybody()
	actors["warden"] = warden
	asked := 0
	for name, who := range actors {
		seen := map[forum.BoardID]int{}
		for _, area := range []auth.AreaID{auth.Commons, w.group, other} {
			for _, b := range got(w.forum.Boards(ctx, who, area))(t) {
				seen[b.ID] = b.Topics
			}
		}
		for _, b := range boards {
			_, err := w.forum.Board(ctx, who, b)
			if _, listed := seen[b]; listed != (err == nil) {
				t.Errorf("%s: board listed %v, opened: %v", name, listed, err)
			}
			count := len(w.list(who, forum.TopicFilter{Board: b}))
			if listed, ok := seen[b]; ok && listed != count {
				t.Errorf("%s: %d topics are counted, %d are listed", name, listed, count)
			}
			asked++
		}
		for _, removed := range []bool{false, true} {
			listed := map[forum.TopicID]int{} // bits: which lists it is in
			for bit, in := range []forum.TopicFilter{{}, {Author: w.member.User}} {
				in.Removed, in.Limit = removed, 7
				for _, l := range w.list(who, in) {
					listed[l.ID] |= 1 << bit
				}
			}
			for _, area := range []auth.AreaID{auth.Commons, w.group, other} {
				for _, l := range w.list(who, forum.TopicFilter{Area: area, Removed: removed}) {
					listed[l.ID] |= 1 << 2
				}
			}
			for _, b := range boards {
				for _, l := range w.list(who, forum.TopicFilter{Board: b, Removed: removed, Limit: 2}) {
					listed[l.ID] |= 1 << 3
				}
			}
			for _, m := range topics {
				want := 0
				_, err := w.forum.Thread(ctx, who, forum.ThreadPage{Topic: m.topic})
				opens := err == nil
				if m.gone && opens && name == "member" { // their own, though they moderate nothing
					opens = false
				}
				if m.gone == removed && opens {
					want = 1<<4 - 1
				}
				if listed[m.topic] != want {
					t.Errorf("%s, removed %v: a topic is in lists %04b, opened one by one: %v", name, removed, listed[m.topic], err)
				}
				if err != nil {
					is(t, err, storage.ErrNotFound)
				}
				asked++
			}
		}
	}
	t.Logf("%d actors, %d boards, %d topics: %d comparisons", len(actors), len(boards), len(topics), asked)
}
