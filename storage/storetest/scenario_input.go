// SPDX-License-Identifier: BSD-3-Clause

package storetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
)

// Attacks by what is written.
var inputScenarios = []promise{
	{"S54", "every text comes back as the text that it is, whatever it would mean elsewhere", false, s54},
	{"S61", "a cursor that was changed, or of another list, is an error and nothing else", false, s61},
	{"S61/Forged", "a forged cursor gives nothing that its reader may not read", false, s61forged},
	{"S63", "no error repeats what somebody wrote", false, s63},
	{"S67", "every field and every list of a person's has a cap, and says so", false, s67},
	{"S68", "pages are as long as asked for, but never too long", false, s68},
	{"S71", "one post mentions few, and tells no more", false, s71},
	{"S77", "what is refused is an error and leaves nothing; what goes on says so", false, s77},
}

// loaded texts mean something to a browser, a database, a template, a shell,
// a spreadsheet or a format string.
var loaded = []string{
	`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `javascript:alert(1)`, `{{.}} ${7*7} <%= 7*7 %>`, `&lt;b&gt;`,
	`'; DROP TABLE forum_topics; --`, `" OR ""="`, `%s %n %d $1 ?1 :x @y`, `100% _ \ \\ \n`, `=1+1`, `NULL`, `null`, `undefined`, `true`,
	`../../etc/passwd`, `$(touch x)`, "`touch x`", `{"a":"b"}`, `[]`, `\x00 \u0000 %00`, "a\u202eb\u2066c", "\ufeffa\u200bb", "𝔸👩‍⚖️", "a\u0301", "ﷺ",
}

// fields are all the texts that people write, each by a call that writes it
// and gives it back as it is read.
func (w *world) fields() []field {
	topic := w.starts(w.member, forum.NewTopic{Board: w.open.ID})
	r := w.replies(w.member, forum.NewReply{Topic: topic.ID})
	other := w.replies(w.member, forum.NewReply{Topic: topic.ID})
	away := w.starts(w.member, forum.NewTopic{Board: w.open.ID})
	board := w.open
	edit := func(in forum.PostEdit) (forum.Place, error) {
		in.Post, in.Version = first(topic.ID), w.topic(topic.ID).Version
		in.Title, in.Body = orElse(in.Title, topic.Title), orElse(in.Body, fmt.Sprint("Testo ", in.Version))
		return w.forum.EditPost(ctx, w.moderator, in)
	}
	renamed := func(in forum.BoardEdit) (forum.Board, error) {
		in.Board, in.Version = board.ID, got(w.store.Forum().Board(ctx, board.ID))(w.T).Version
		if _, err := w.forum.EditBoard(ctx, w.coordinator, in); err != nil {
			return forum.Board{}, err
		}
		return w.forum.Board(ctx, w.visitor, board.ID)
	}
	opened := func(in forum.NewBoard) (forum.Board, error) {
		in.Area, in.Audience, in.Name = auth.Commons, auth.Public, orElse(in.Name, "Nome")
		b, err := w.forum.OpenBoard(ctx, w.coordinator, in)
		if err != nil {
			return b, err
		}
		return w.forum.Board(ctx, w.visitor, b.ID)
	}
	started := func(in forum.NewTopic) (forum.Topic, error) {
		in.Board, in.Title, in.Body = w.open.ID, orElse(in.Title, "Titolo"), orElse(in.Body, "Testo")
		one, err := w.forum.StartTopic(ctx, w.member, in)
		if err != nil {
			return one, err
		}
		th, err := w.forum.Thread(ctx, w.visitor, forum.ThreadPage{Topic: one.ID})
		return th.Topic, err
	}
	drafted := func(in forum.DraftSave) (forum.Draft, error) {
		in.Place = orElse(in.Place, "qui")
		must(w.T, w.forum.DropDraft(ctx, w.member, "qui"))
		d, err := w.forum.SaveDraft(ctx, w.member, in)
		if err != nil {
			return d, err
		}
		d, err = w.forum.Draft(ctx, w.member, in.Place)
		must(w.T, w.forum.DropDraft(ctx, w.member, in.Place))
		return d, err
	}
	return []field{
		{"name", forum.MaxName, true, func(s string) (string, error) { b, err := opened(forum.NewBoard{Name: s}); return b.Name, err }},
		{"name", forum.MaxName, true, func(s string) (string, error) { b, err := renamed(forum.BoardEdit{Name: &s}); return b.Name, err }},
		{"description", forum.MaxDescription, false, func(s string) (string, error) {
			b, err := opened(forum.NewBoard{Description: s})
			return b.Description, err
		}},
		{"description", forum.MaxDescription, false, func(s string) (string, error) {
			b, err := renamed(forum.BoardEdit{Description: &s})
			return b.Description, err
		}},
		{"title", forum.MaxTitle, true, func(s string) (string, error) { t, err := started(forum.NewTopic{Title: s}); return t.Title, err }},
		{"title", forum.MaxTitle, true, func(s string) (string, error) { pl, err := edit(forum.PostEdit{Title: s}); return pl.Topic.Title, err }},
		{"title", forum.MaxTitle, true, func(s string) (string, error) { d, err := drafted(forum.DraftSave{Title: s}); return d.Title, err }},
		{"title", forum.MaxTitle, true, func(s string) (string, error) {
			again := w.replies(w.member, forum.NewReply{Topic: away.ID})
			t, err := w.forum.Split(ctx, w.moderator, forum.Split{
				Topic: away.ID, Version: w.topic(away.ID).Version, Replies: []forum.ReplyID{again.ID}, Title: s, Body: "Testo",
			})
			return t.Title, err
		}},
		{"body", forum.MaxBody, false, func(s string) (string, error) { t, err := started(forum.NewTopic{Body: s}); return t.Body, err }},
		{"body", forum.MaxBody, false, func(s string) (string, error) { pl, err := edit(forum.PostEdit{Body: s}); return pl.Topic.Body, err }},
		{"body", forum.MaxBody, false, func(s string) (string, error) { d, err := drafted(forum.DraftSave{Body: s}); return d.Body, err }},
		{"body", forum.MaxBody, false, func(s string) (string, error) {
			one, err := w.forum.Reply(ctx, w.member, forum.NewReply{Topic: topic.ID, Body: s})
			if err != nil {
				return "", err
			}
			return w.kept(one.ID).Body, nil
		}},
		{"why", forum.MaxWhy, true, func(s string) (string, error) { pl, err := edit(forum.PostEdit{Why: s}); return pl.Topic.Text.Why, err }},
		{"why", forum.MaxWhy, true, func(s string) (string, error) {
			if err := w.forum.Hide(ctx, w.moderator, post(r), s); err != nil {
				return "", err
			}
			why := w.kept(r.ID).Removal.Why
			return why, w.forum.Restore(ctx, w.moderator, post(r))
		}},
		{"why", forum.MaxWhy, true, func(s string) (string, error) {
			err := w.forum.Purge(ctx, w.coordinator, post(other), s)
			why := w.kept(other.ID).Removal.Why
			other = w.replies(w.member, forum.NewReply{Topic: topic.ID})
			return why, err
		}},
		{"why", forum.MaxWhy, true, func(s string) (string, error) {
			to := w.reserved.ID
			if w.topic(away.ID).Board == to {
				to = w.open.ID
			}
			if err := w.forum.Move(ctx, w.moderator, forum.Move{Topic: away.ID, To: to, Why: s, Widen: true}); err != nil {
				return "", err
			}
			return w.lastMove().Why, nil // only the event has it
		}},
		{"place", forum.MaxPlace, true, func(s string) (string, error) {
			d, err := drafted(forum.DraftSave{Place: s, Body: "Testo"})
			return d.Place, err
		}},
	}
}

// lastMove is the payload of the event of the last move.
func (w *world) lastMove() (e forum.Event) {
	for _, d := range claims(w.T, w.store) {
		if d.Event.Name == forum.EventMoved {
			must(w.T, json.Unmarshal(d.Event.Data, &e))
		}
	}
	return e
}

// A field is a text that is written, at most max runes long, and read again.
type field struct {
	name  string
	max   int
	line  bool // has no line ends
	write func(string) (string, error)
}

func s54(t *testing.T, s community.Store) {
	w := newWorld(t, s)
	for _, f := range w.fields() {
		for _, text := range loaded {
			if read, err := f.write(text); err != nil || read != normal(text) {
				t.Errorf("%s: %q was read as %q, %v", f.name, text, read, err)
			}
		}
	}
}

// normal is the normal form NFC of the suite's texts.
func normal(s string) string { return strings.ReplaceAll(s, "a\u0301", "á") }

// paged are lists with more than one page, by what they are, as a reader sees
// them.
func (w *world) paged() map[string]func(storage.Cursor) (any, storage.Cursor, error) {
	w.Helper()
	for i := range 3 {
		topic := w.starts(w.member, forum.NewTopic{Board: w.open.ID})
		for range 3 {
			w.replies(w.colleague, forum.NewReply{Topic: topic.ID})
		}
		must(w.T, w.forum.Follow(ctx, w.outsider, topic.ID, forum.Following))
		must(w.T, w.forum.Pin(ctx, w.moderator, topic.ID, forum.Announced))
		gone := w.starts(w.member, forum.NewTopic{Board: w.open.ID, Title: fmt.Sprint("Tolto ", i)})
		must(w.T, w.forum.Hide(ctx, w.keeper, first(gone.ID), "Prova"))
	}
	lists := map[string]func(storage.Cursor) (any, storage.Cursor, error){}
	for name, in := range map[string]forum.TopicFilter{
		"all": {}, "board": {Board: w.open.ID}, "area": {Area: auth.Commons}, "author": {Author: w.member.User}, "announced": {Announced: true},
		"following": {Following: true}, "unread": {Unread: true}, "removed": {Removed: true},
	} {
		who := w.outsider
		if in.Removed {
			who = w.keeper
		}
		lists[name] = func(c storage.Cursor) (any, storage.Cursor, error) {
			in.After, in.Limit = c, 1
			page, err := w.forum.Topics(ctx, who, in)
			return page, page.Next, err
		}
	}
	for i, l := range w.list(w.outsider, forum.TopicFilter{Limit: 2})[:2] {
		for _, newest := range []bool{false, true} {
			lists[fmt.Sprintf("thread %d, newest %v", i, newest)] = func(c storage.Cursor) (any, storage.Cursor, error) {
				th, err := w.forum.Thread(ctx, w.outsider, forum.ThreadPage{Topic: l.ID, Newest: newest, After: c, Limit: 1})
				return th, th.Replies.Next, err
			}
		}
	}
	return lists
}

func s61(t *testing.T, s community.Store) {
	w := newWorld(t, s)
	lists := w.paged()
	cursors := map[string]storage.Cursor{}
	for name, list := range lists {
		_, next, err := list("")
		must(t, err)
		if next == "" {
			t.Fatalf("%s has one page: the test says nothing", name)
		}
		cursors[name] = next
	}
	tried := 0
	for name, list := range lists {
		refuse := func(c storage.Cursor) {
			t.Helper()
			tried++
			page, next, err := list(c)
			if !errors.Is(err, storage.ErrInvalid) || next != "" || c == cursors[name] {
				t.Errorf("%s with cursor %.50q: %+v, %v", name, c, page, err)
			}
		}
		mine := cursors[name]
		for i := range len(mine) {
			for bit := range 8 {
				flipped := []byte(mine)
				flipped[i] ^= 1 << bit
				refuse(storage.Cursor(flipped))
			}
			if i > 0 {
				refuse(mine[:i])
			}
			refuse(mine[:i] + mine[i+1:])
		}
		for other, c := range cursors {
			if strings.HasPrefix(name, "thread") != strings.HasPrefix(other, "thread") || strings.HasPrefix(name, "thread") && other != name {
				refuse(c) // of another list
			}
		}
		for _, c := range append(loaded, " ", "\x00", "\xff", string(mine)+"=", string(mine)+"\n", strings.Repeat("A", 1<<16), "AAAA", "AAAAAAAA") {
			refuse(storage.Cursor(c))
		}
	}
	t.Logf("%d lists, %d cursors refused", len(lists), tried)
}

func s61forged(t *testing.T, s community.Store) {
	w := newWorld(t, s)
	lists := w.paged()
	shown := w.list(w.outsider, forum.TopicFilter{})[0]
	secret := w.starts(w.member, forum.NewTopic{Board: w.reserved.ID, Title: "Riservatissimo"})
	r := w.replies(w.member, forum.NewReply{Topic: secret.ID, Body: "Riservatissimo"})
	inside := got(w.forum.Topics(ctx, w.member, forum.TopicFilter{Limit: 1}))(t).Next // stands at the secret topic
	for name, list := range lists {
		var forged []storage.Cursor
		if !strings.HasPrefix(name, "thread") {
			forged = append(forged, inside)
			for _, key := range []any{nil, 1, "x", []int{1}, map[string]any{"At": "x"}, map[string]any{"At": math.MaxInt64, "ID": secret.ID, "P": true}, map[string]any{"At": math.MinInt64}, map[string]any{"At": 1e300}} {
				for _, list := range []string{"forum.topics", "forum.topics/" + w.open.ID.String()} {
					forged = append(forged, storage.EncodeCursor(list, key))
				}
			}
		}
		for _, c := range forged {
			page, _, err := list(c)
			if err != nil && !errors.Is(err, storage.ErrInvalid) {
				t.Errorf("%s: %v", name, err)
			}
			if strings.Contains(fmt.Sprintf("%+v", page), "Riservatissimo") {
				t.Errorf("%s gives %+v", name, page)
			}
		}
	}
	for _, path := range []forum.Path{"", "\x00", "\x00\x00\x00", r.Path, "' OR ''='", forum.Path(strings.Repeat("\xff", 1000))} {
		c := forum.ThreadCursor(shown.ID, path)
		if _, err := w.forum.Thread(ctx, w.outsider, forum.ThreadPage{Topic: shown.ID, After: c}); err != nil && !errors.Is(err, storage.ErrInvalid) {
			t.Errorf("path %q: %v", path, err)
		}
		_, err := w.forum.Thread(ctx, w.outsider, forum.ThreadPage{Topic: secret.ID, After: forum.ThreadCursor(secret.ID, path)})
		is(t, err, storage.ErrNotFound)
	}
}

func s63(t *testing.T, s community.Store) {
	w := newWorld(t, s)
	const mark = "Zyzzyva"
	quiet := func(what string, err error) {
		t.Helper()
		if err == nil {
			t.Errorf("%s was taken", what)
			return
		}
		for e := err; e != nil; e = errors.Unwrap(e) {
			if text := fmt.Sprintf("%v", e); strings.Contains(text, mark) || strings.ContainsFunc(text, unicode.IsControl) {
				t.Errorf("%s: the error says %q", what, text)
			}
		}
	}
	bad := []string{mark + "\x1b[31m", mark + "\xff", mark + "\x00", mark + "\r", strings.Repeat(mark, 4000)}
	for _, f := range w.fields() {
		for _, text := range bad {
			_, err := f.write(text)
			quiet(f.name, err)
		}
	}
	topic := w.starts(w.member, forum.NewTopic{Board: w.open.ID, Title: mark, Body: mark})
	r := w.replies(w.member, forum.NewReply{Topic: topic.ID, Body: mark})
	for _, key := range []string{mark + "\xff", mark + "\x00", strings.Repeat(mark, 40)} {
		quiet("key", failure(w.forum.Reply(ctx, w.member, forum.NewReply{Topic: topic.ID, Body: "Testo", Key: key})))
	}
	for _, text := range bad {
		quiet("cursor", failure(w.forum.Topics(ctx, w.member, forum.TopicFilter{After: storage.Cursor(text)})))
		quiet("draft", failure(w.forum.Draft(ctx, w.member, text)))
	}
	quiet("conflict", failure(w.forum.EditPost(ctx, w.member, forum.PostEdit{Post: post(r), Version: 99, Body: mark + mark})))
	got(w.forum.SaveDraft(ctx, w.member, forum.DraftSave{Place: mark, Body: mark}))(t)
	quiet("stale draft", failure(w.forum.SaveDraft(ctx, w.member, forum.DraftSave{Place: mark, Body: mark + mark})))
	quiet("no draft", failure(w.forum.Draft(ctx, w.member, mark+mark)))
	must(t, w.forum.Hide(ctx, w.keeper, post(r), mark))
	secret := w.starts(w.member, forum.NewTopic{Board: w.reserved.ID, Title: mark, Body: mark})
	inside := w.replies(w.member, forum.NewReply{Topic: secret.ID, Body: mark})
	for _, c := range w.calls() {
		if _, err := c.do(w.forum, w.outsider, target{w.reserved.ID, topic.ID, r.ID}); err != nil {
			quiet(c.name, err)
		}
		_, err := c.do(w.forum, w.visitor, target{w.reserved.ID, secret.ID, inside.ID})
		quiet(c.name, err)
	}
}

func s67(t *testing.T, s community.Store) {
	w := newWorld(t, s)
	full := func(max int) string { return strings.Repeat("𝔸", max-1) + "è" } // in runes, whatever they take in bytes
	for _, f := range w.fields() {
		if read, err := f.write(full(f.max)); err != nil || read != full(f.max) {
			t.Errorf("%s of %d runes: %d came back, %v", f.name, f.max, len([]rune(read)), err)
		}
		for _, text := range []string{full(f.max + 1), full(f.max) + " ", strings.Repeat("e\u0301", f.max+1), strings.Repeat("x", 1<<20)} {
			_, err := f.write(text)
			var in *storage.Invalid
			if !errors.As(err, &in) || in.Field != f.name || in.Code != storage.CodeTooLong || in.Params["max"] != f.max {
				t.Errorf("%s of %d runes: %v", f.name, len([]rune(text)), err)
			}
		}
	}

	topic := w.starts(w.member, forum.NewTopic{Board: w.open.ID})
	key := strings.Repeat("k", storage.MaxKey)
	r := w.replies(w.member, forum.NewReply{Topic: topic.ID, Key: key})
	same(t, w.replies(w.member, forum.NewReply{Topic: topic.ID, Key: key}).ID, r.ID)
	for _, bad := range []string{key + "k", "\xff", "a\x00b"} {
		invalid(t, failure(w.forum.Reply(ctx, w.member, forum.NewReply{Topic: topic.ID, Key: bad, Body: "Testo"})), "key")
		invalid(t, failure(w.forum.StartTopic(ctx, w.member, forum.NewTopic{Board: w.open.ID, Key: bad, Title: "Titolo", Body: "Testo"})), "key")
		invalid(t, failure(w.forum.OpenBoard(ctx, w.coordinator, forum.NewBoard{Area: auth.Commons, Audience: auth.Public, Key: bad, Name: "Nome"})), "key")
	}

	for i := range forum.MaxDrafts {
		got(w.forum.SaveDraft(ctx, w.member, forum.DraftSave{Place: fmt.Sprint(i), Body: "Testo"}))(t)
	}
	invalid(t, failure(w.forum.SaveDraft(ctx, w.member, forum.DraftSave{Place: "uno di troppo", Body: "Testo"})), "")
	got(w.forum.SaveDraft(ctx, w.member, forum.DraftSave{Place: "7", Version: 1, Body: "Si può ancora"}))(t)
	same(t, len(got(w.forum.Drafts(ctx, w.member))(t)), forum.MaxDrafts)

	many := make([]forum.ReplyID, forum.MaxSplit+1)
	version := w.topic(topic.ID).Version
	invalid(t, failure(w.forum.Split(ctx, w.moderator, forum.Split{Topic: topic.ID, Version: version, Replies: many, Title: "Titolo", Body: "Testo"})), "replies")
	invalid(t, failure(w.forum.Split(ctx, w.moderator, forum.Split{Topic: topic.ID, Version: version, Title: "Titolo", Body: "Testo"})), "replies")

	var parent forum.BoardID
	for range forum.MaxBoardLevels + 1 {
		parent = w.board(forum.NewBoard{Area: auth.Commons, Parent: parent, Audience: auth.Public, Name: "Sotto"}).ID
	}
	invalid(t, failure(w.forum.OpenBoard(ctx, w.coordinator, forum.NewBoard{Area: auth.Commons, Parent: parent, Audience: auth.Public, Name: "Sotto"})), "parent")

	// Numbers are kept as they are, or refused.
	for _, n := range []int{math.MaxInt32, math.MaxInt32 + 1, math.MinInt32 - 1, math.MaxInt, math.MinInt} {
		b, err := w.forum.OpenBoard(ctx, w.coordinator, forum.NewBoard{Area: auth.Commons, Audience: auth.Public, Name: "Nome", Position: n, SlowMode: time.Duration(max(n, 0)), CloseAfter: math.MaxInt64})
		if err != nil {
			is(t, err, storage.ErrInvalid)
			continue
		}
		same(t, got(w.forum.Board(ctx, w.visitor, b.ID))(t), b)
	}
}

func s68(t *testing.T, s community.Store) {
	w := newWorld(t, s)
	topic := w.starts(w.member, forum.NewTopic{Board: w.open.ID})
	w.bush(topic.ID, storage.MaxLimit+1)
	for range storage.MaxLimit {
		w.starts(w.member, forum.NewTopic{Board: w.open.ID})
	}
	for limit, want := range map[int]int{0: storage.DefaultLimit, -1: storage.DefaultLimit, math.MinInt: storage.DefaultLimit, 1: 1, 20: 20, 100: 100, 101: 100, 1e9: 100, math.MaxInt: 100} {
		page := got(w.forum.Topics(ctx, w.outsider, forum.TopicFilter{Limit: limit}))(t)
		same(t, [2]bool{len(page.Items) == want, page.Next != ""}, [2]bool{true, true})
		for _, newest := range []bool{false, true} {
			th := got(w.forum.Thread(ctx, w.outsider, forum.ThreadPage{Topic: topic.ID, Newest: newest, Limit: limit}))(t)
			same(t, [2]bool{len(th.Replies.Items) == want, th.Replies.Next != ""}, [2]bool{true, true})
		}
		for _, in := range []forum.FeedPage{{Board: w.open.ID, Limit: limit}, {Topic: topic.ID, Limit: limit}} {
			same(t, len(got(w.forum.Feed(ctx, w.outsider, in))(t).Entries), want)
		}
	}
}

func s71(t *testing.T, s community.Store) {
	w := newWorld(t, s)
	topic := w.starts(w.member, forum.NewTopic{Board: w.open.ID})
	mention := func(n int) string {
		var b strings.Builder
		for i := range n {
			name := fmt.Sprintf("m%d", i)
			if _, ok := w.people.names[name]; !ok {
				who := auth.Actor{User: newUser()}
				w.people.names[name] = who.User
				w.people.put(who, community.Standing{Role: auth.Member})
			}
			b.WriteString("@" + name + " ")
		}
		return b.String()
	}
	w.replies(w.member, forum.NewReply{Topic: topic.ID, Body: strings.Repeat(mention(auth.MaxMentions), 3) + "@all @everyone @here @tutti @ @@ @."})
	same(t, len(w.told(forum.EventReplied)), auth.MaxMentions)
	before := len(got(s.Forum().Followers(ctx, topic.ID, ""))(t).Items)
	for _, n := range []int{auth.MaxMentions + 1, 100, 101, 2500} {
		body := mention(n)
		for _, err := range []error{
			failure(w.forum.Reply(ctx, w.member, forum.NewReply{Topic: topic.ID, Body: body})),
			failure(w.forum.StartTopic(ctx, w.member, forum.NewTopic{Board: w.open.ID, Title: "Titolo", Body: body})),
			failure(w.forum.EditPost(ctx, w.member, forum.PostEdit{Post: first(topic.ID), Version: topic.Version, Title: "Titolo", Body: body})),
		} {
			invalid(t, err, "body")
		}
	}
	same(t, len(got(s.Forum().Followers(ctx, topic.ID, ""))(t).Items), before)
	same(t, w.events(), map[string]int{forum.EventBoardOpened: 2, forum.EventStarted: 1, forum.EventReplied: 1})
}

func s77(t *testing.T, s community.Store) {
	w := newWorld(t, s)
	topic := w.starts(w.member, forum.NewTopic{Board: w.open.ID})
	r := w.replies(w.member, forum.NewReply{Topic: topic.ID})
	got(w.forum.SaveDraft(ctx, w.member, forum.DraftSave{Place: "qui", Body: "Bozza"}))(t)
	state := func() string {
		return fmt.Sprintf("%+v\n%+v\n%+v\n%+v", w.topic(topic.ID), w.thread(w.coordinator, forum.ThreadPage{Topic: topic.ID}), w.export(w.member), w.events())
	}
	before := state()
	long := strings.Repeat("x", forum.MaxBody+1)
	for what, err := range map[string]error{
		"reply":   failure(w.forum.Reply(ctx, w.member, forum.NewReply{Topic: topic.ID, Body: long, Draft: "qui"})),
		"start":   failure(w.forum.StartTopic(ctx, w.member, forum.NewTopic{Board: w.open.ID, Title: "Titolo", Body: long, Draft: "qui"})),
		"edit":    failure(w.forum.EditPost(ctx, w.member, forum.PostEdit{Post: post(r), Version: r.Version, Body: long})),
		"titled":  failure(w.forum.EditPost(ctx, w.member, forum.PostEdit{Post: post(r), Version: r.Version, Title: "Titolo", Body: "Testo"})),
		"draft":   failure(w.forum.SaveDraft(ctx, w.member, forum.DraftSave{Place: "qui", Version: 1, Body: long})),
		"why":     w.forum.Hide(ctx, w.moderator, post(r), ""),
		"no why":  w.forum.Purge(ctx, w.coordinator, post(r), " "),
		"follow":  w.forum.Follow(ctx, w.member, topic.ID, forum.Ignoring+1),
		"pin":     w.forum.Pin(ctx, w.moderator, topic.ID, forum.Announced+1),
		"erase":   w.forum.Erase(ctx, w.member.User, auth.Redact+1),
		"nobody":  w.forum.Erase(ctx, auth.UserID{}, auth.Redact),
		"feed":    failure(w.forum.Feed(ctx, w.member, forum.FeedPage{})),
		"wider":   failure(w.forum.StartTopic(ctx, w.member, forum.NewTopic{Board: w.reserved.ID, Audience: auth.Public, Title: "Titolo", Body: "Testo"})),
		"promise": failure(w.forum.OpenBoard(ctx, w.coordinator, forum.NewBoard{Area: auth.Commons, Audience: auth.AreaMembers, Promise: auth.Public, Name: "Nome"})),
	} {
		if !errors.Is(err, storage.ErrInvalid) {
			t.Errorf("%s: error = %v, want invalid", what, err)
		}
	}
	equal(t, "after refusals", state(), before)

	// What has more pages says so, and what has none is whole.
	for range storage.MaxLimit + 5 {
		follower := auth.Actor{User: newUser()}
		w.people.put(follower, community.Standing{Role: auth.Member})
		must(t, w.forum.Follow(ctx, follower, topic.ID, forum.Following))
	}
	w.replies(w.colleague, forum.NewReply{Topic: topic.ID})
	same(t, len(w.told(forum.EventReplied)), storage.MaxLimit+6)
	for range storage.MaxLimit + 1 {
		w.replies(w.member, forum.NewReply{Topic: topic.ID})
	}
	replies := 0
	for _, e := range w.export(w.member) {
		if e.Kind == "reply" {
			replies++
		}
	}
	same(t, replies, storage.MaxLimit+2)
	count := 0
	for _, err := range w.forum.Export(ctx, w.member.User) { // whoever has enough may stop
		must(t, err)
		if count++; count == 3 {
			break
		}
	}
	same(t, count, 3)
}
