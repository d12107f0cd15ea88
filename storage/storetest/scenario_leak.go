// SPDX-License-Identifier: BSD-3-Clause

package storetest

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
)

// Attacks that read what is reserved, by the numbers of the catalogue of
// attack scenarios.
var leakScenarios = []promise{
	{"S02", "who has left a group is told nothing of it any more, though mentioned and subscribed, and finds it nowhere", false, s02},
	{"S03", "two worlds that differ only in what is hidden give equal answers to outsiders", false, s03},
	{"S04", "a filter on something that the reader cannot see is as one on something that never was", false, s04},
	{"S05", "feeds pass through the same rights as the pages", false, s05},
	{"S06", "a permalink to what is reserved says nothing, wherever the post has gone", false, s06},
	{"S07", "a title goes nowhere that its topic does not", false, s07},
	{"S08", "to be mentioned where one may not read is not to be told", false, s08},
	{"S09", "an export holds what its person wrote, and titles of what they may read: nothing else", false, s09},
	{"S10", "what is hidden and what never was are refused alike, to everybody, whatever is asked", false, s10},
	{"S17", "a text that was taken away is nowhere, at once", false, s17},
}

func s02(t *testing.T, s community.Store) {
	w := newWorld(t, s)
	topic := w.starts(w.colleague, forum.NewTopic{Board: w.reserved.ID, Title: "Bozza di gara", Body: "@member, @outsider"})
	r := w.replies(w.member, forum.NewReply{Topic: topic.ID})
	must(t, w.forum.Follow(ctx, w.member, topic.ID, forum.Following))
	w.replies(w.colleague, forum.NewReply{Topic: topic.ID, Body: "@member, un'ultima cosa"})
	same(t, w.told(forum.EventStarted), map[auth.UserID]forum.Reason{w.member.User: forum.Mentioned})
	same(t, w.told(forum.EventReplied), map[auth.UserID]forum.Reason{w.member.User: forum.Mentioned})
	same(t, len(w.list(w.member, forum.TopicFilter{Following: true})), 1)
	w.leaves(w.member)
	same(t, w.told(forum.EventStarted), map[auth.UserID]forum.Reason{})
	same(t, w.told(forum.EventReplied), map[auth.UserID]forum.Reason{})
	w.replies(w.colleague, forum.NewReply{Topic: topic.ID, Body: "@member, ci sei?"})
	same(t, w.told(forum.EventReplied), map[auth.UserID]forum.Reason{})
	same(t, len(w.list(w.member, forum.TopicFilter{Following: true})), 0)
	same(t, len(w.list(w.member, forum.TopicFilter{Unread: true})), 0)
	w.alike(w.member, target{w.reserved.ID, topic.ID, r.ID})
	for _, e := range w.export(w.member) {
		if e.Title != "" {
			t.Errorf("%s: the title is given", e.Kind)
		}
	}
	if text := fmt.Sprint(w.export(w.member)); !strings.Contains(text, r.Body) {
		t.Error("what they wrote is theirs, and is not given")
	}
}

func s03(t *testing.T, s community.Store) {
	w := newWorld(t, s)
	shown := w.starts(w.member, forum.NewTopic{Board: w.open.ID})
	r := w.replies(w.outsider, forum.NewReply{Topic: shown.ID})
	before := map[string]string{}
	for name, who := range w.outsiders() {
		before[name] = w.answers(who)
	}
	// Everything that can be done in the reserved area is done.
	topic := w.starts(w.member, forum.NewTopic{Board: w.reserved.ID, Body: "@outsider @observer @keeper @stranger"})
	mine := w.replies(w.member, forum.NewReply{Topic: topic.ID})
	must(t, w.forum.Useful(ctx, w.colleague, post(mine), true))
	must(t, w.forum.Pin(ctx, w.moderator, topic.ID, forum.Announced))
	must(t, w.forum.Lock(ctx, w.moderator, topic.ID, true))
	got(w.forum.Split(ctx, w.moderator, forum.Split{
		Topic: topic.ID, Version: w.topic(topic.ID).Version, Replies: []forum.ReplyID{mine.ID}, Title: "Altro", Body: "Continua qui",
	}))(t)
	other := w.starts(w.colleague, forum.NewTopic{Board: w.reserved.ID})
	must(t, w.forum.Merge(ctx, w.moderator, other.ID, topic.ID))
	gone := w.starts(w.member, forum.NewTopic{Board: w.reserved.ID})
	must(t, w.forum.Hide(ctx, w.moderator, first(gone.ID), "Prova"))
	must(t, w.forum.ReadAll(ctx, w.member))
	for name, who := range w.outsiders() {
		equal(t, name, w.answers(who), before[name])
	}
	same(t, w.kept(r.ID), r)
}

func s04(t *testing.T, s community.Store) {
	w := newWorld(t, s)
	w.starts(w.colleague, forum.NewTopic{Board: w.open.ID})
	secret := w.starts(w.member, forum.NewTopic{Board: w.reserved.ID}) // all that the member wrote
	must(t, w.forum.Pin(ctx, w.moderator, secret.ID, forum.Announced))
	cursor := got(w.forum.Topics(ctx, w.moderator, forum.TopicFilter{Limit: 1}))(t).Next
	for name, who := range w.outsiders() {
		for filter, pair := range map[string][2]forum.TopicFilter{
			"board":  {{Board: w.reserved.ID}, {Board: storage.NewID[forum.Board]()}},
			"area":   {{Area: w.group}, {Area: newArea()}},
			"author": {{Author: w.member.User}, {Author: newUser()}},
			"cursor": {{Author: w.member.User, After: cursor}, {Author: newUser(), After: cursor}},
		} {
			for _, vary := range []func(*forum.TopicFilter){
				func(*forum.TopicFilter) {}, func(f *forum.TopicFilter) { f.Announced = true }, func(f *forum.TopicFilter) { f.Unread = true },
				func(f *forum.TopicFilter) { f.Following = true }, func(f *forum.TopicFilter) { f.Removed = true },
			} {
				vary(&pair[0])
				vary(&pair[1])
				secret, absent := got(w.forum.Topics(ctx, who, pair[0]))(t), got(w.forum.Topics(ctx, who, pair[1]))(t)
				equal(t, name+" by "+filter, fmt.Sprintf("%+v", secret), fmt.Sprintf("%+v", absent))
			}
		}
		same(t, got(w.forum.Boards(ctx, who, w.group))(t), got(w.forum.Boards(ctx, who, newArea()))(t))
	}
}

func s05(t *testing.T, s community.Store) {
	w := newWorld(t, s)
	shown := w.starts(w.member, forum.NewTopic{Board: w.open.ID, Title: "Aperto a tutti"})
	w.starts(w.member, forum.NewTopic{Board: w.open.ID, Audience: auth.CommunityMembers, Title: "Soltanto per i membri"})
	secret := w.starts(w.member, forum.NewTopic{Board: w.reserved.ID, Title: "Riservatissimo"})
	hidden := w.replies(w.colleague, forum.NewReply{Topic: shown.ID, Body: "Un insulto"})
	must(t, w.forum.Hide(ctx, w.keeper, post(hidden), "Insulti"))
	for name, who := range w.everybody() {
		feed := fmt.Sprintf("%+v", got(w.forum.Feed(ctx, who, forum.FeedPage{Board: w.open.ID}))(t))
		if strings.Contains(feed, "Soltanto per i membri") == (name == "visitor" || name == "stranger") {
			t.Errorf("%s is given %s", name, feed)
		}
		feed = fmt.Sprintf("%+v", got(w.forum.Feed(ctx, who, forum.FeedPage{Topic: shown.ID}))(t))
		if !strings.Contains(feed, "Aperto a tutti") || strings.Contains(feed, "insulto") {
			t.Errorf("%s is given %s", name, feed)
		}
	}
	absent := nowhere()
	for name, who := range w.outsiders() {
		for _, pair := range [][2]forum.FeedPage{
			{{Board: w.reserved.ID}, {Board: absent.board}}, {{Topic: secret.ID}, {Topic: absent.topic}},
		} {
			feed, err := w.forum.Feed(ctx, who, pair[0])
			is(t, err, storage.ErrNotFound)
			same(t, feed, forum.Feed{})
			_, never := w.forum.Feed(ctx, who, pair[1])
			equal(t, name, disguise(err, target{w.reserved.ID, secret.ID, forum.ReplyID{}}), disguise(never, absent))
		}
	}
	_, err := w.forum.Feed(ctx, w.member, forum.FeedPage{})
	is(t, err, storage.ErrInvalid)
	_, err = w.forum.Feed(ctx, w.member, forum.FeedPage{Board: w.open.ID, Topic: shown.ID})
	is(t, err, storage.ErrInvalid)
}

func s06(t *testing.T, s community.Store) {
	w := newWorld(t, s)
	moved := w.starts(w.member, forum.NewTopic{Board: w.open.ID, Title: "Fuga di notizie"})
	reply := w.replies(w.colleague, forum.NewReply{Topic: moved.ID})
	merged := w.starts(w.member, forum.NewTopic{Board: w.open.ID, Title: "Altra fuga"})
	below := w.replies(w.outsider, forum.NewReply{Topic: merged.ID})
	w.moves(moved, w.reserved)
	must(t, w.forum.Merge(ctx, w.moderator, merged.ID, moved.ID))
	for _, who := range w.outsiders() {
		w.alike(who, target{w.reserved.ID, moved.ID, reply.ID})
		w.alike(who, target{w.reserved.ID, merged.ID, below.ID}) // also who wrote there
	}
	// For members the old addresses lead on, with no title in them.
	for _, p := range []forum.Post{first(merged.ID), {Topic: merged.ID, Reply: below.ID}, {Topic: moved.ID, Reply: below.ID}} {
		where := got(w.forum.Find(ctx, w.member, p))(t)
		same(t, where.Post.Topic, moved.ID)
		page := got(w.forum.Thread(ctx, w.member, forum.ThreadPage{Topic: where.Post.Topic, After: where.After, Limit: 1}))(t)
		same(t, page.Replies.Items[0].ID, where.Post.Reply)
	}
	husk := got(w.forum.Thread(ctx, w.member, forum.ThreadPage{Topic: merged.ID}))(t)
	same(t, husk, forum.Thread{Topic: forum.Topic{ID: merged.ID, MergedInto: moved.ID}})
}

func s07(t *testing.T, s community.Store) {
	w := newWorld(t, s)
	const title, text = "Titolo segreto", "testo segreto"
	topic := w.starts(w.member, forum.NewTopic{Board: w.open.ID, Title: title, Body: text})
	r := w.replies(w.outsider, forum.NewReply{Topic: topic.ID, Key: "k", Body: "Mio"})
	must(t, w.forum.Useful(ctx, w.outsider, first(topic.ID), true))
	got(w.forum.SaveDraft(ctx, w.outsider, forum.DraftSave{Place: "reply:" + topic.ID.String(), Body: "Mia bozza"}))(t)
	must(t, w.forum.ReadTo(ctx, w.outsider, topic.ID, 1))
	w.moves(topic, w.reserved)
	got(w.forum.EditPost(ctx, w.moderator, forum.PostEdit{Post: first(topic.ID), Version: w.topic(topic.ID).Version, Title: title, Body: text + ", ora", Why: "refuso"}))(t)
	other := w.starts(w.member, forum.NewTopic{Board: w.reserved.ID, Title: title + " due", Body: text})
	must(t, w.forum.Merge(ctx, w.moderator, topic.ID, other.ID))
	same(t, w.kept(r.ID).Topic, other.ID)
	for name, who := range w.outsiders() {
		said := w.answers(who)
		for _, c := range w.calls() {
			for _, x := range []target{{w.reserved.ID, topic.ID, r.ID}, {w.open.ID, other.ID, r.ID}, {w.open.ID, other.ID, storage.MakeID[forum.Reply](topic.ID.Bytes())}} {
				if c.name == "StartTopic" {
					continue // on the open board: others' rights
				}
				v, err := c.do(w.forum, who, x)
				said += fmt.Sprintf("%s: %+v %v\n", c.name, v, err)
			}
		}
		for line := range strings.Lines(said) {
			if strings.Contains(line, title) || strings.Contains(line, text) {
				t.Errorf("%s is told: %s", name, line)
			}
		}
	}
	for _, d := range claims(t, s) { // whoever handles an event asks for the text, with the rights of then
		if bytes.Contains(d.Event.Data, []byte(title)) || bytes.Contains(d.Event.Data, []byte(text)) {
			t.Errorf("%s carries a text: %s", d.Event.Name, d.Event.Data)
		}
	}
}

func s08(t *testing.T, s community.Store) {
	w := newWorld(t, s)
	body := "@outsider, @observer, @stranger, @keeper, @colleague, @nessuno: guardate"
	told := map[auth.UserID]forum.Reason{w.colleague.User: forum.Mentioned}
	topic := w.starts(w.member, forum.NewTopic{Board: w.reserved.ID, Body: body})
	same(t, w.told(forum.EventStarted), told)
	r := w.replies(w.member, forum.NewReply{Topic: topic.ID, Body: body})
	same(t, w.told(forum.EventReplied), told)
	w.clock.pass(time.Hour)
	got(w.forum.EditPost(ctx, w.member, forum.PostEdit{Post: post(r), Version: r.Version, Body: body + " @moderator"}))(t)
	same(t, w.told(forum.EventEdited), map[auth.UserID]forum.Reason{w.moderator.User: forum.Mentioned}) // the others were told before
	for _, who := range []auth.Actor{w.outsider, w.observer, w.stranger, w.keeper} {
		same(t, got(s.Forum().Marks(ctx, who.User))(t), nil)
		for _, d := range claims(t, s) {
			if bytes.Contains(d.Event.Data, []byte(who.User.String())) {
				t.Errorf("%s names somebody who may not read: %s", d.Event.Name, d.Event.Data)
			}
		}
	}
	if !strings.Contains(topic.Body, auth.Mention(w.outsider.User)) || !strings.Contains(topic.Body, "@nessuno") {
		t.Errorf("stored as %q", topic.Body) // that somebody is named is the text's own affair
	}
}

func s09(t *testing.T, s community.Store) {
	w := newWorld(t, s)
	topic := w.starts(w.member, forum.NewTopic{Board: w.open.ID, Title: "Titolo del membro", Body: "Testo del membro"})
	r := w.replies(w.outsider, forum.NewReply{Topic: topic.ID, Body: "Parole mie"})
	w.replies(w.colleague, forum.NewReply{Topic: topic.ID, Parent: r.ID, Body: "Parole del collega per @outsider"})
	w.clock.pass(time.Hour)
	r = got(w.forum.EditPost(ctx, w.outsider, forum.PostEdit{Post: post(r), Version: r.Version, Body: "Parole mie, riviste"}))(t).Reply
	got(w.forum.EditPost(ctx, w.keeper, forum.PostEdit{Post: post(r), Version: r.Version, Body: "Parole del custode", Why: "toni"}))(t)
	got(w.forum.SaveDraft(ctx, w.outsider, forum.DraftSave{Place: "qui", Body: "Bozza mia"}))(t)
	got(w.forum.SaveDraft(ctx, w.member, forum.DraftSave{Place: "qui", Body: "Bozza del membro"}))(t)
	must(t, w.forum.Useful(ctx, w.outsider, first(topic.ID), true))
	must(t, w.forum.Useful(ctx, w.member, post(r), true))
	says := func(want []string, not []string) {
		t.Helper()
		text := fmt.Sprintf("%+v", w.export(w.outsider))
		for _, s := range want {
			if !strings.Contains(text, s) {
				t.Errorf("%q is not in the export: %s", s, text)
			}
		}
		for _, s := range append(not, "membro}", "Testo del membro", "collega", "custode", "Bozza del membro", w.member.User.String(), w.keeper.User.String()) {
			if strings.Contains(text, s) {
				t.Errorf("%q is in the export: %s", s, text)
			}
		}
	}
	mine := []string{"Parole mie", "Parole mie, riviste", "Bozza mia", "reaction"}
	says(append(mine, "Titolo del membro"), nil)
	w.moves(topic, w.reserved)
	says(mine, []string{"Titolo"})
	same(t, w.export(w.stranger), nil)
}

func s10(t *testing.T, s community.Store) {
	w := newWorld(t, s)
	secret := w.starts(w.member, forum.NewTopic{Board: w.reserved.ID})
	reply := w.replies(w.colleague, forum.NewReply{Topic: secret.ID})
	narrow := w.starts(w.member, forum.NewTopic{Board: w.open.ID, Audience: auth.CommunityMembers})
	under := w.replies(w.colleague, forum.NewReply{Topic: narrow.ID})
	gone := w.starts(w.member, forum.NewTopic{Board: w.open.ID, Title: "Da togliere"})
	last := w.replies(w.colleague, forum.NewReply{Topic: gone.ID})
	for _, who := range w.outsiders() {
		w.alike(who, target{w.reserved.ID, secret.ID, reply.ID})
	}
	for _, who := range []auth.Actor{w.visitor, w.stranger} { // the board may be seen
		w.alike(who, target{w.reserved.ID, narrow.ID, under.ID})
	}
	must(t, w.forum.Hide(ctx, w.keeper, first(gone.ID), "Prova"))
	for _, who := range []auth.Actor{w.visitor, w.stranger, w.observer, w.outsider, w.colleague} {
		w.alike(who, target{w.reserved.ID, gone.ID, last.ID}.seenBy(w, who))
	}
	must(t, w.forum.Purge(ctx, w.coordinator, first(gone.ID), "Prova"))
	for _, who := range []auth.Actor{w.visitor, w.stranger, w.observer, w.outsider, w.colleague} {
		w.alike(who, target{w.reserved.ID, gone.ID, last.ID}.seenBy(w, who))
	}
}

// seenBy leaves out of a target the board that somebody may see.
func (x target) seenBy(w *world, who auth.Actor) target {
	if _, err := w.forum.Board(ctx, who, x.board); err == nil {
		x.board = storage.NewID[forum.Board]()
	}
	return x
}

func s17(t *testing.T, s community.Store) {
	w := newWorld(t, s)
	topic := w.starts(w.member, forum.NewTopic{Board: w.open.ID})
	r := w.replies(w.colleague, forum.NewReply{Topic: topic.ID, Body: "Il mio numero è tel:555"})
	w.clock.pass(time.Hour)
	r = got(w.forum.EditPost(ctx, w.colleague, forum.PostEdit{Post: post(r), Version: r.Version, Body: "Il mio numero è tel:666"}))(t).Reply
	read := func(who auth.Actor) string {
		var b strings.Builder
		for _, newest := range []bool{false, true} {
			fmt.Fprintln(&b, w.thread(who, forum.ThreadPage{Topic: topic.ID, Newest: newest}))
		}
		feed, err := w.forum.Feed(ctx, who, forum.FeedPage{Topic: topic.ID})
		fmt.Fprintln(&b, feed, err)
		old, err := w.forum.Revisions(ctx, who, post(r))
		fmt.Fprintln(&b, old, err)
		return b.String()
	}
	steps := []struct {
		do  func() error
		who func(name string) bool // still reads the text
	}{
		{func() error { return nil }, func(string) bool { return true }},
		{func() error { return w.forum.Hide(ctx, w.keeper, post(r), "Dati personali") }, func(name string) bool {
			return name == "keeper" || name == "moderator" || name == "coordinator"
		}},
		{func() error { return w.forum.Restore(ctx, w.keeper, post(r)) }, func(string) bool { return true }},
		{func() error { return w.forum.Delete(ctx, w.colleague, post(r)) }, func(name string) bool {
			return name == "keeper" || name == "moderator" || name == "coordinator"
		}},
		{func() error { return w.forum.Purge(ctx, w.coordinator, post(r), "Dati personali") }, func(string) bool { return false }},
	}
	for n, step := range steps {
		must(t, step.do())
		for name, who := range w.everybody() {
			text := read(who)
			if reads := strings.Contains(text, "tel:666"); reads != step.who(name) || reads != strings.Contains(text, "tel:555") {
				t.Errorf("step %d: %s reads %s", n, name, text)
			}
		}
	}
	is(t, failure(w.forum.Revisions(ctx, w.coordinator, post(r))), forum.ErrRemoved)
	same(t, got(s.Forum().Revisions(ctx, post(r)))(t), nil)
	must(t, w.forum.Purge(ctx, w.coordinator, first(topic.ID), "Dati personali"))
	same(t, w.topic(topic.ID).Title+w.topic(topic.ID).Body, "")
}

// failure is the error of a call whose value does not matter.
func failure[V any](_ V, err error) error { return err }
