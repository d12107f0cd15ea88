// SPDX-License-Identifier: BSD-3-Clause

package storetest

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
)

// What is read equals what was written.
var valuePromises = []promise{
	{"Value/Board", "every field of a board is read as it was inserted, and as it was updated", false, boardValues},
	{"Value/Topic", "every field of a topic is read as it was inserted, and as it was updated but for ID, CreatedAt and counters", false, topicValues},
	{"Value/Reply", "every field of a reply is read as it was inserted, and as it was updated but for its place, CreatedAt and counter", false, replyValues},
	{"Value/Revision", "every field of a revision is read as it was inserted", false, revisionValues},
	{"Value/Draft", "every field of a draft is read as it was put", false, draftValues},
	{"Value/Zero", "zero fields are read as zero", false, zeroValues},
	{"Value/Times", "times are read in UTC, to the microsecond, from the year 1 to 9999, and the zero time as zero", false, timeValues},
	{"Value/Numbers", "numbers are read as they were written, negative and large ones too", false, numberValues},
	{"Value/Versions", "a version that never was is ErrConflict, and a reading mark goes as far as it says, however large or small the number", false, versionValues},
	{"Value/IDs", "identifiers of any bytes are kept", false, idValues},
	{"Value/LongTexts", "texts of the greatest length are kept", false, longTexts},
}

// filledBoard returns a board with every field filled, below another of its
// area.
func (d *desk) filledBoard(seed int) forum.Board {
	d.Helper()
	b := fill[forum.Board](d.T, seed)
	above := d.newBoard(b.Area, forum.BoardID{})
	d.do(forum.InsertBoard{Board: above})
	b.Parent = above.ID
	return b
}

// filledTopic returns a topic on the desk's board with every field filled.
func (d *desk) filledTopic(seed int) forum.Topic {
	t := fill[forum.Topic](d.T, seed)
	t.Board = d.board.ID
	t.MergedInto = d.start().ID
	return t
}

func boardValues(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	for seed := range seeds {
		b := d.filledBoard(seed)
		d.do(forum.InsertBoard{Board: b})
		same(t, got(d.f.Board(ctx, b.ID))(t), b)
		same(t, d.place(d.topicOn(b)).Board, b)

		next := d.filledBoard(seed + 1)
		next.ID, next.Version = b.ID, b.Version
		d.do(forum.UpdateBoard{Board: next})
		next.CreatedAt = b.CreatedAt
		next.Version++
		same(t, got(d.f.Board(ctx, b.ID))(t), next)
		listed := got(d.f.Boards(ctx, everyBoard(next.Area)))(t)
		same(t, len(listed), 2)
		same(t, listed[1].Board, next)
	}
}

// topicOn starts a topic on a board.
func (d *desk) topicOn(b forum.Board) forum.Topic {
	d.Helper()
	topic := d.newTopic()
	topic.Board, topic.Area = b.ID, b.Area
	d.do(forum.InsertTopic{Topic: topic})
	return topic
}

func (d *desk) place(t forum.Topic) forum.Place {
	d.Helper()
	return got(d.f.Place(ctx, forum.PlaceQuery{Post: first(t.ID)}))(d.T)
}

func topicValues(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	everywhere := func(want forum.Topic) {
		t.Helper()
		same(t, d.topic(want.ID), want)
		same(t, got(d.f.Thread(ctx, forum.ThreadQuery{Topic: want.ID}))(t).Topic, want)
		same(t, d.place(want).Topic, want)
		same(t, got(d.f.Written(ctx, forum.WrittenQuery{User: want.By.User}))(t).Items[0].Topic.ID, want.ID)
	}
	for seed := range seeds {
		topic := d.filledTopic(seed)
		d.do(forum.InsertTopic{Topic: topic})
		everywhere(topic)

		next := d.filledTopic(seed + 1)
		next.ID, next.Version = topic.ID, topic.Version
		d.do(forum.UpdateTopic{Topic: next})
		next.CreatedAt = topic.CreatedAt
		next.Seq, next.Replies, next.Useful, next.ActiveAt, next.LastBy = topic.Seq, topic.Replies, topic.Useful, topic.ActiveAt, topic.LastBy
		next.Version++
		everywhere(next)

		// Lists have all but the body. What is removed or merged is not on the
		// common one.
		next.MergedInto, next.Removal, next.Area, next.Audience = forum.TopicID{}, forum.Removal{}, newArea(), auth.Public
		d.do(forum.UpdateTopic{Topic: next})
		next.Version++
		everywhere(next)
		next.Body = ""
		page := got(d.f.Topics(ctx, forum.TopicQuery{Reach: everything, Area: next.Area}))(t)
		same(t, len(page.Items), 1)
		same(t, page.Items[0].Topic, next)
	}
}

func replyValues(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	topic := d.start()
	parent := d.reply(topic.ID, forum.Reply{})
	everywhere := func(want forum.Reply) {
		t.Helper()
		same(t, d.getReply(want.ID), want)
		same(t, got(d.f.Place(ctx, forum.PlaceQuery{Post: post(want)}))(t).Reply, want)
		same(t, got(d.f.Subtree(ctx, topic.ID, want.Path))(t), []forum.Reply{want})
		same(t, got(d.f.Written(ctx, forum.WrittenQuery{User: want.By.User}))(t).Items[0].Reply, want)
		for _, newest := range []bool{false, true} {
			all := got(d.f.Thread(ctx, forum.ThreadQuery{Topic: topic.ID, Newest: newest, Limit: 100}))(t).Replies.Items
			i := slices.IndexFunc(all, func(r forum.Reply) bool { return r.ID == want.ID })
			if i < 0 {
				t.Fatalf("reply %v is not in its thread", want.ID)
			}
			same(t, all[i], want)
		}
	}
	for seed := range seeds {
		r := fill[forum.Reply](t, seed)
		r.Topic, r.Parent = topic.ID, parent.ID
		if seed%2 == 0 {
			r.Removal.State = forum.Visible
		}
		before := d.topic(topic.ID)
		given := d.insert(r, parent)
		want := r
		want.Seq, want.Path = before.Seq+1, parent.Path.Below(before.Seq+1)
		same(t, given, want)
		everywhere(want)
		after := before
		after.Seq++
		if r.Removal.State == forum.Visible { // an import may bring others
			after.Replies, after.ActiveAt, after.LastBy = before.Replies+1, r.CreatedAt, r.By
		}
		same(t, d.topic(topic.ID), after)

		next := fill[forum.Reply](t, seed+1)
		next.ID, next.Version = r.ID, r.Version
		d.do(forum.UpdateReply{Reply: next})
		next.CreatedAt, next.Useful = want.CreatedAt, want.Useful
		next.Topic, next.Parent, next.Depth, next.Path, next.Seq = want.Topic, want.Parent, want.Depth, want.Path, want.Seq
		next.Version++
		everywhere(next)
		same(t, d.topic(topic.ID), after) // counted only by whoever says so
	}
}

func revisionValues(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	topic := d.start()
	r := d.reply(topic.ID, forum.Reply{})
	for _, of := range []forum.Post{first(topic.ID), post(r)} {
		var want []forum.Revision
		for seed := range seeds {
			v := fill[forum.Revision](t, seed)
			v.Post = of
			d.do(forum.InsertRevision{Revision: v})
			want = append(want, v) // N grows with the seed
		}
		same(t, got(d.f.Revisions(ctx, of))(t), want)
	}
}

func draftValues(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	for seed := range seeds {
		v := fill[forum.Draft](t, seed)
		v.Version = 1
		d.do(forum.PutDraft{Draft: v})
		same(t, got(d.f.Draft(ctx, v.User, v.Place))(t), v)
		next := fill[forum.Draft](t, seed+1)
		next.User, next.Place, next.Version = v.User, v.Place, 2
		d.do(forum.PutDraft{Draft: next})
		same(t, got(d.f.Drafts(ctx, v.User))(t), []forum.Draft{next})
	}
}

func zeroValues(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	b := forum.Board{ID: storage.NewID[forum.Board](), Audience: 1, Promise: 1, CreatedAt: at(1), Version: 1}
	d.do(forum.InsertBoard{Board: b})
	same(t, got(d.f.Board(ctx, b.ID))(t), b)
	topic := forum.Topic{ID: storage.NewID[forum.Topic](), Board: b.ID, Audience: 1, CreatedAt: at(1), ActiveAt: at(1), Version: 1}
	d.do(forum.InsertTopic{Topic: topic})
	same(t, d.topic(topic.ID), topic)
	r := forum.Reply{ID: storage.NewID[forum.Reply](), Topic: topic.ID, CreatedAt: at(2), Version: 1}
	given := d.insert(r, forum.Reply{})
	r.Seq, r.Path = 1, forum.Path("").Below(1)
	same(t, given, r)
	same(t, d.getReply(r.ID), r)
	v := forum.Revision{Post: first(topic.ID), N: 1, At: at(1)}
	d.do(forum.InsertRevision{Revision: v})
	same(t, got(d.f.Revisions(ctx, first(topic.ID)))(t), []forum.Revision{v})
	draft := forum.Draft{User: newUser(), At: at(1), Version: 1}
	d.do(forum.PutDraft{Draft: draft})
	same(t, got(d.f.Draft(ctx, draft.User, ""))(t), draft)
	e := storage.Event{ID: storage.NewID[storage.Event](), At: at(1), Data: []byte("null")}
	d.do(e)
	same(t, claims(t, s)[0].Event, e)
}

func timeValues(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	rome := time.FixedZone("CET", 3600)
	for _, given := range []time.Time{
		at(0), at(0).Add(999_999 * time.Microsecond), at(0).Add(1999 * time.Nanosecond), at(0).In(rome),
		time.Unix(0, 0).UTC(), time.Unix(0, 1000).UTC(), time.Date(1969, 12, 31, 23, 59, 59, 999999000, time.UTC),
		time.Date(1900, 1, 1, 0, 0, 0, 1000, rome), time.Date(1, 1, 1, 0, 0, 0, 1000, time.UTC),
		time.Date(9999, 12, 31, 23, 59, 59, 999999000, time.UTC), time.Date(2026, 3, 29, 2, 30, 0, 0, rome),
	} {
		topic, user := d.newTopic(), newUser()
		topic.CreatedAt, topic.Text.EditedAt, topic.Removal.At, topic.ActiveAt = given, given, given, given
		want := topic
		kept := given.UTC().Truncate(time.Microsecond)
		want.CreatedAt, want.Text.EditedAt, want.Removal.At, want.ActiveAt = kept, kept, kept, kept
		d.do(forum.InsertTopic{Topic: topic}, forum.Wrote{User: user, Topic: topic.ID, At: given}, forum.MarkAllRead{User: user, At: given},
			forum.PutDraft{Draft: forum.Draft{User: user, Place: "p", At: given, Version: 1}},
			forum.InsertRevision{Revision: forum.Revision{Post: first(topic.ID), N: 1, At: given}})
		same(t, d.topic(topic.ID), want)
		same(t, d.mark(user, topic.ID).PostedAt, kept)
		same(t, got(d.f.ReadAll(ctx, user))(t), kept)
		same(t, got(d.f.Draft(ctx, user, "p"))(t).At, kept)
		same(t, got(d.f.Revisions(ctx, first(topic.ID)))(t)[0].At, kept)
		r := d.newReply(topic.ID, forum.Reply{})
		r.CreatedAt = given
		r = d.insert(r, forum.Reply{})
		same(t, r.CreatedAt, kept)
		same(t, d.getReply(r.ID).CreatedAt, kept)
		same(t, d.topic(topic.ID).ActiveAt, kept)
		r.Text.EditedAt, r.Removal.At, topic.Text.EditedAt, topic.Removal.At = given, given, given, given
		d.do(forum.UpdateReply{Reply: r}, forum.UpdateTopic{Topic: topic}, forum.Wrote{User: user, Topic: topic.ID, At: at(1), Last: given})
		same(t, d.getReply(r.ID).Text.EditedAt, kept)
		same(t, d.getReply(r.ID).Removal.At, kept)
		same(t, d.topic(topic.ID).Text.EditedAt, kept)
		same(t, d.topic(topic.ID).Removal.At, kept)
	}
	same(t, got(d.f.ReadAll(ctx, newUser()))(t), time.Time{})
}

func numberValues(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	for _, n := range []int{-1, 1, 255, 256, 65536, math.MaxInt32, math.MinInt32} {
		b := d.newBoard(newArea(), forum.BoardID{})
		b.Position = n
		for _, span := range []time.Duration{0, time.Microsecond, time.Second, 36*time.Hour + 5*time.Microsecond, 100 * 365 * 24 * time.Hour} {
			b.ID, b.SlowMode, b.CloseAfter = storage.NewID[forum.Board](), span, span+time.Hour
			d.do(forum.InsertBoard{Board: b})
			same(t, got(d.f.Board(ctx, b.ID))(t), b)
		}
	}
	for _, seq := range []int{126, 127, 128, 254, 255, 256, 65534, 65535, 65536, 1 << 24, math.MaxInt32 - 3} {
		topic := d.newTopic()
		topic.Seq = seq // as an import might leave it
		d.do(forum.InsertTopic{Topic: topic})
		a := d.reply(topic.ID, forum.Reply{})
		b := d.reply(topic.ID, a)
		same(t, a.Seq, seq+1)
		same(t, b.Path, forum.Path("").Below(seq+1).Below(seq+2))
		same(t, got(d.f.Subtree(ctx, topic.ID, a.Path))(t), []forum.Reply{a, b})
		same(t, got(d.f.Subtree(ctx, topic.ID, b.Path))(t), []forum.Reply{b})
	}
}

func versionValues(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	topic, drafter := d.start(), newUser()
	r := d.reply(topic.ID, forum.Reply{})
	draft := forum.Draft{User: drafter, Place: "p", At: at(1), Version: 1}
	d.do(forum.PutDraft{Draft: draft})
	for _, n := range []int{-1, math.MaxInt32, math.MaxInt32 + 1, 1 << 40, math.MaxInt, math.MinInt32 - 1, math.MinInt} {
		b, now, reply, save := d.board, topic, r, draft
		b.Version, now.Version, reply.Version, save.Version = n, n, n, n
		for _, c := range []storage.Change{
			forum.UpdateBoard{Board: b}, forum.BoardAt{Board: b.ID, Version: n}, forum.UpdateTopic{Topic: now},
			forum.UpdateReply{Reply: reply}, forum.PutDraft{Draft: save},
		} {
			d.fails(storage.ErrConflict, c)
			d.fails(storage.ErrConflict, event(1), c)
		}
		_, err := d.f.InsertReply(ctx, d.newReply(topic.ID, forum.Reply{}), "", n)
		is(t, err, storage.ErrConflict)
		user := newUser()
		d.do(forum.ReadTo{User: user, Topic: topic.ID, Seq: n})
		same(t, d.mark(user, topic.ID).Read, max(n, 0))
		same(t, got(d.f.Topics(ctx, forum.TopicQuery{Reach: everything, Reader: user}))(t).Items[0].Unread, map[bool]int{true: 0, false: 1}[n > 0])
	}
	same(t, len(claims(t, s)), 0)
}

func idValues(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	for _, id := range []uuid.UUID{{1}, {15: 1}, uuid.Max, uuid.New(), uuid.MustParse("00000000-0000-7000-8000-000000000000"), {0: 0x7f, 8: 0xff}} {
		topic := d.newTopic()
		topic.ID, topic.By = storage.MakeID[forum.Topic](id), auth.By{User: storage.MakeID[auth.User](id), For: storage.MakeID[auth.Org](id)}
		topic.Area = storage.MakeID[auth.Area](id)
		d.do(forum.InsertTopic{Topic: topic})
		same(t, d.topic(topic.ID), topic)
		r := d.newReply(topic.ID, forum.Reply{})
		r.ID = storage.MakeID[forum.Reply](id)
		r = d.insert(r, forum.Reply{})
		same(t, d.getReply(r.ID), r)
		d.do(forum.ReadTo{User: topic.By.User, Topic: topic.ID, Seq: 1}, forum.InsertReaction{Post: post(r), User: topic.By.User, At: at(1)})
		same(t, got(d.f.Reactions(ctx, topic.By.User))(t), []forum.Post{post(r)})
	}
}

func longTexts(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	for _, letter := range []string{"a", "è", "𝕏"} {
		topic, user := d.newTopic(), newUser()
		topic.Title = strings.Repeat(letter, forum.MaxTitle)
		topic.Body = strings.Repeat(letter, forum.MaxBody)
		topic.Text.Why = strings.Repeat(letter, forum.MaxWhy)
		topic.Removal.Why = topic.Text.Why
		draft := forum.Draft{User: user, Place: strings.Repeat(letter, forum.MaxPlace), Title: topic.Title, Body: topic.Body, At: at(1), Version: 1}
		d.do(forum.InsertTopic{Topic: topic}, forum.PutDraft{Draft: draft})
		same(t, d.topic(topic.ID), topic)
		same(t, got(d.f.Draft(ctx, user, draft.Place))(t), draft)
	}
}

// Texts are what they were, whatever they look like.
var textPromises = []promise{
	{"Text/Columns", "every text is kept as it is in every column of text, however hostile", false, func(t *testing.T, s community.Store) {
		Texts(t, s, hostile)
	}},
	{"Text/Key", "a text finds nothing but itself", false, textIsNoPattern},
	{"Text/Refused", "what is not UTF-8 or has a NUL is ErrInvalid where it is written, with all that goes with it, and ErrNotFound where it is asked for", false, textRefused},
}

// hostile are texts of the suite's own that tools have stumbled over.
var hostile = []string{
	"", " ", "\t\n", "'", "''", `"`, "`", `\`, `\\`, "\\'", "%", "_", "?", "$1", ":name", "@p1", "--", "/*", "*/", ";", "NULL", "null", "0", "-1", "1e308",
	"'; DROP TABLE copis_topics; --", "1' OR '1'='1", "{}", "[]", "{\"a\":1}", "\\N", "\\x00", "\\u0000", "E'\\101'", "$$", "$a$x$a$",
	"é", "e\u0301", "ß", "İ", "ı", "ﬁ", "Å", "\u212b", "\u200b", "\u200d", "\ufeff", "\ufffd", "\uffff", "\u2028", "\u202e", "\U0010ffff", "👩‍⚖️", "a\r\nb", "a\rb", "\x01\x1f\x7f", "\u0085",
	strings.Repeat("😀", 24),
}

// Texts writes texts into every column of text and checks that they come back
// as they were. What no service lets through (not UTF-8, or with a NUL) is left
// out.
func Texts(t *testing.T, s community.Store, texts []string) {
	d := newDesk(t, s)
	texts = slices.DeleteFunc(slices.Clone(texts), func(text string) bool {
		return !utf8.ValidString(text) || strings.Contains(text, "\x00")
	})
	slices.Sort(texts)
	for some := range slices.Chunk(slices.Compact(texts), 50) {
		keepSome(d, some)
	}
}

// keepSome writes each of some texts into every column in few writes, and
// reads them back.
func keepSome(d *desk, texts []string) {
	owner, user := uuid.New(), newUser()
	var changes []storage.Change
	var boards []forum.Board
	var topics []forum.Topic
	var drafts []forum.Draft
	var revisions []forum.Revision
	var events []storage.Event
	for i, text := range texts {
		b := d.newBoard(newArea(), forum.BoardID{})
		b.Name, b.Description = text, text
		topic := d.newTopic()
		topic.Title, topic.Body, topic.Text.Why, topic.Removal.Why = text, text, text, text
		e := event(i)
		e.Name = text
		boards, topics, events = append(boards, b), append(topics, topic), append(events, e)
		drafts = append(drafts, forum.Draft{User: user, Place: text, Title: text, Body: text, At: at(i), Version: 1})
		revisions = append(revisions, forum.Revision{Post: first(topic.ID), N: 1, Title: text, Body: text, At: at(i), Why: text})
		changes = append(changes, forum.InsertBoard{Board: b}, forum.InsertTopic{Topic: topic}, forum.PutDraft{Draft: drafts[i]},
			forum.InsertRevision{Revision: revisions[i]}, e)
		if len(text) <= storage.MaxKey {
			changes = append(changes, storage.Once{Owner: owner, Key: text, Object: topic.ID.Bytes(), At: at(i)})
		}
	}
	d.do(changes...)
	batch := got(d.Claim(ctx, at(1000), time.Hour, 1000))(d.T)
	same(d.T, len(batch), len(texts))
	changes = nil
	for i, delivery := range batch {
		same(d.T, delivery.Event, events[i])
		changes = append(changes, community.Settle{Event: delivery.Event.ID, Left: []string{texts[i], fmt.Sprint(i)}, Due: at(2000)})
	}
	d.do(changes...)
	for i, delivery := range got(d.Claim(ctx, at(2000), time.Hour, 1000))(d.T) {
		same(d.T, delivery.Left, []string{texts[i], fmt.Sprint(i)})
		d.do(community.Settle{Event: delivery.Event.ID})
	}
	for i, text := range texts {
		same(d.T, got(d.f.Board(ctx, boards[i].ID))(d.T), boards[i])
		same(d.T, d.topic(topics[i].ID), topics[i])
		same(d.T, got(d.f.Draft(ctx, user, text))(d.T), drafts[i])
		same(d.T, got(d.f.Revisions(ctx, first(topics[i].ID)))(d.T), revisions[i:i+1])
		if len(text) <= storage.MaxKey {
			same(d.T, got(d.Done(ctx, owner, text))(d.T), uuid.UUID(topics[i].ID.Bytes()))
		}
		r := d.newReply(topics[i].ID, forum.Reply{})
		r.Body, r.Text.Why, r.Removal.Why = text, text, text
		r = d.insert(r, forum.Reply{})
		same(d.T, d.getReply(r.ID), r)
		r.Body, r.Text.Why, r.Removal.Why = text+"!", text+"?", "."+text
		d.do(forum.UpdateReply{Reply: r})
		r.Version++
		same(d.T, d.getReply(r.ID), r)
	}
}

func textIsNoPattern(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	user := newUser()
	d.do(forum.PutDraft{Draft: forum.Draft{User: user, Place: "topic", At: at(1), Version: 1}}, storage.Once{Owner: user.Bytes(), Key: "topic", At: at(1)})
	for _, like := range []string{"", "Topic", "TOPIC", "topi_", "topi%", "%", "topi*", "topic ", " topic", "topic' OR 'a'='a", "ţopic"} {
		_, err := d.f.Draft(ctx, user, like)
		_, err2 := s.Done(ctx, user.Bytes(), like)
		is(t, err, storage.ErrNotFound)
		is(t, err2, storage.ErrNotFound)
	}
}

func textRefused(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	topic, user := d.start(), newUser()
	reply := d.reply(topic.ID, forum.Reply{})
	for _, bad := range []string{"\x00", "a\x00b", "\xff", "a\xc3", "\xed\xa0\x80", "\xf4\x90\x80\x80", strings.Repeat("a", 10_000) + "\x00"} {
		var all []storage.Change
		for i := range 2 {
			b, now, next := d.newBoard(auth.Commons, forum.BoardID{}), d.board, forum.Draft{User: user, Place: "p", At: at(1), Version: 1}
			*[]*string{&b.Name, &b.Description}[i], *[]*string{&now.Name, &now.Description}[i] = bad, bad
			*[]*string{&next.Title, &next.Body}[i] = bad
			all = append(all, forum.InsertBoard{Board: b}, forum.UpdateBoard{Board: now}, forum.PutDraft{Draft: next})
		}
		for i := range 4 {
			fresh, now := d.newTopic(), topic
			*[]*string{&fresh.Title, &fresh.Body, &fresh.Text.Why, &fresh.Removal.Why}[i] = bad
			*[]*string{&now.Title, &now.Body, &now.Text.Why, &now.Removal.Why}[i] = bad
			all = append(all, forum.InsertTopic{Topic: fresh}, forum.UpdateTopic{Topic: now})
		}
		for i := range 3 {
			r, now, v := d.newReply(topic.ID, forum.Reply{}), reply, forum.Revision{Post: first(topic.ID), N: 1, At: at(1)}
			*[]*string{&r.Body, &r.Text.Why, &r.Removal.Why}[i], *[]*string{&now.Body, &now.Text.Why, &now.Removal.Why}[i] = bad, bad
			*[]*string{&v.Title, &v.Body, &v.Why}[i] = bad
			all = append(all, forum.UpdateReply{Reply: now}, forum.InsertRevision{Revision: v})
			_, err := d.f.InsertReply(ctx, r, "", 1, event(1))
			is(t, err, storage.ErrInvalid)
			names(t, err, "forum.InsertReply")
		}
		named, told := event(1), event(1)
		named.Name, told.Data = bad, []byte(`"`+bad+`"`)
		all = append(all, named, told, forum.PutDraft{Draft: forum.Draft{User: user, Place: bad, At: at(1), Version: 1}},
			forum.DeleteDraft{User: user, Place: bad}, storage.Once{Owner: user.Bytes(), Key: bad, At: at(1)})
		for _, c := range all {
			d.fails(storage.ErrInvalid, c)
			d.fails(storage.ErrInvalid, event(1), c)
		}
		_, err := d.f.Draft(ctx, user, bad)
		is(t, err, storage.ErrNotFound)
		_, err = s.Done(ctx, user.Bytes(), bad)
		is(t, err, storage.ErrNotFound)
	}
	same(t, d.boards(everyBoard(auth.Commons))[0].Board, d.board)
	same(t, d.topic(topic.ID).Version, 1)
	same(t, got(d.f.Subtree(ctx, topic.ID, ""))(t), []forum.Reply{reply})
	same(t, len(got(d.f.Drafts(ctx, user))(t)), 0)
	same(t, len(claims(t, s)), 0)
}
