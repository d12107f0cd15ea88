// SPDX-License-Identifier: BSD-3-Clause

package stackexchange

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/copis-it/copis/qa"
)

// event is one thing that happened on the site.
type event struct {
	key  string // of the row it comes from
	at   time.Time
	does does
	post int64 // that it happened to

	user int64 // who did it; 0: see name
	name string

	texts          // of what was written or changed
	why   string   // summary of an edit
	value qa.Value // of a vote
	kind  string   // of a closing: its number
	of    []int64  // of a closing as a duplicate: the other questions
	skip  string   // why the row is left out
}

// texts are those that a history row, or several of one change, give a post.
type texts struct{ title, body, tags *string }

// and returns the texts with what another row of the same change gives.
func (t texts) and(u texts) texts {
	for _, f := range []struct{ to, from **string }{{&t.title, &u.title}, {&t.body, &u.body}, {&t.tags, &u.tags}} {
		if *f.from != nil {
			*f.to = *f.from
		}
	}
	return t
}

// does says what an event does.
type does uint8

const (
	nothing does = iota // it is only counted as left out
	writes
	revises
	remarks
	votes
	accepts
	closes
	reopens
	deletes
	undeletes
)

// stream gives the events of all files in the order of their time, as far as
// each file is in order: what happened to a post before it was written, by the
// files, waits for it.
type stream []*source

// source is a file's events, with the next one read ahead.
type source struct {
	read func() (event, bool)
	next event
	more bool
}

func (d *files) events(posts map[int64]*post) (stream, error) {
	history, err := d.table("PostHistory.xml", false)
	if err != nil {
		return nil, err
	}
	comments, err := d.table("Comments.xml", true)
	if err != nil {
		return nil, err
	}
	ballots, err := d.table("Votes.xml", true)
	if err != nil {
		return nil, err
	}
	h := &changes{rows: history, posts: posts, begun: map[int64]event{}}
	s := stream{{read: h.event}, {read: comments.comment}, {read: ballots.vote}}
	for _, src := range s {
		src.next, src.more = src.read()
	}
	return s, nil
}

// next returns the earliest event of those that the files have next.
func (s stream) next() (event, bool) {
	var first *source
	for _, src := range s {
		if src.more && (first == nil || src.next.at.Before(first.next.at)) {
			first = src
		}
	}
	if first == nil {
		return event{}, false
	}
	e := first.next
	first.next, first.more = first.read()
	return e, true
}

// comment returns the next row of a table of comments.
func (t *table) comment() (event, bool) {
	r := t.next()
	if r == nil {
		return event{}, false
	}
	body := r["Text"]
	return event{
		key: "comment " + r["Id"], at: r.time("CreationDate"), does: remarks, post: r.number("PostId"),
		user: r.number("UserId"), name: r["UserDisplayName"], texts: texts{body: &body},
	}, true
}

// Of the many kinds of votes these are said by members about a post, and to be
// brought in. The last are what history tells better, or nothing of ours.
var voteKinds = map[int64]string{
	4: "flag: offensive", 5: "favourite", 6: "vote to close", 7: "vote to reopen", 8: "bounty", 9: "bounty", 10: "vote to delete",
	11: "vote to undelete", 12: "flag: spam", 13: "flag: moderator", 15: "review by a moderator", 16: "approval of a suggested edit",
}

// vote returns the next row of a table of votes. They are dated by the day.
func (t *table) vote() (event, bool) {
	r := t.next()
	if r == nil {
		return event{}, false
	}
	e := event{key: "vote " + r["Id"], post: r.number("PostId")}
	if e.at = r.time("CreationDate"); !e.at.IsZero() {
		e.at = e.at.AddDate(0, 0, 1).Add(-time.Microsecond)
	}
	switch kind := r.number("VoteTypeId"); kind {
	case 1:
		e.does = accepts
	case 2:
		e.does, e.value = votes, qa.For
	case 3:
		e.does, e.value = votes, qa.Against
	default:
		e.skip = voteKinds[kind]
		if e.skip == "" {
			e.skip = "vote of an unknown kind"
		}
	}
	return e, true
}

// changes are a table of history, whose rows say one thing each: a title, a
// body or tags. Those that were changed at once have one GUID, and stand
// together.
type changes struct {
	rows  *table
	posts map[int64]*post
	ahead row             // read, and of the next change
	begun map[int64]event // posts of which the body is there and not yet the rest
}

// Of the kinds of history, these are left out.
var historyKinds = map[int64]string{
	14: "locked", 15: "unlocked", 16: "community owned", 17: "migrated", 18: "merged", 19: "protected", 20: "unprotected",
	21: "disassociated", 22: "unmerged", 24: "note that a suggested edit was applied", 25: "tweeted", 31: "discussion moved", 33: "notice added",
	34: "notice removed", 35: "migrated", 36: "migrated", 37: "merged", 38: "merged", 50: "bumped", 52: "became hot", 53: "no longer hot",
}

// event returns the next change.
func (c *changes) event() (event, bool) {
	for {
		if c.ahead == nil {
			if c.ahead = c.rows.next(); c.ahead == nil {
				return event{}, false
			}
		}
		r := c.ahead
		c.ahead = nil
		e := c.of(r)
		for e.does == writes || e.does == revises { // its other rows
			if c.ahead = c.rows.next(); c.ahead == nil || c.ahead["RevisionGUID"] != r["RevisionGUID"] || c.ahead["PostId"] != r["PostId"] {
				break
			}
			with := c.of(c.ahead)
			if with.does != writes && with.does != revises {
				break
			}
			e.texts, c.ahead = e.texts.and(with.texts), nil
		}
		if e.does == writes && !c.whole(&e) {
			continue
		}
		return e, true
	}
}

// whole reports whether a post has all that it begins with, now that these
// rows are there, too.
func (c *changes) whole(e *event) bool {
	p := c.posts[e.post]
	if p == nil {
		e.does, e.skip = nothing, "history of no question or answer"
		return true
	}
	if begun, ok := c.begun[e.post]; ok {
		e.texts, e.key = begun.texts.and(e.texts), begun.key
	}
	if e.body == nil || p.parent == 0 && (e.title == nil || e.tags == nil) {
		c.begun[e.post] = *e
		return false
	}
	delete(c.begun, e.post)
	if !p.created.IsZero() {
		e.at = p.created
	}
	return true
}

// of returns what a row of history says.
func (c *changes) of(r row) event {
	e := event{
		key: "history " + r["Id"], at: r.time("CreationDate"), post: r.number("PostId"),
		user: r.number("UserId"), name: r["UserDisplayName"], why: r["Comment"],
	}
	text := r["Text"]
	switch kind := r.number("PostHistoryTypeId"); kind {
	case 1, 2, 3:
		e.does, e.why = writes, ""
		*[...]**string{&e.title, &e.body, &e.tags}[kind-1] = &text
	case 4, 5, 6, 7, 8, 9:
		e.does = revises
		*[...]**string{&e.title, &e.body, &e.tags}[(kind-1)%3] = &text
	case 10:
		var closing struct{ OriginalQuestionIds []int64 }
		_ = json.Unmarshal([]byte(text), &closing) // older dumps say nothing there
		e.does, e.kind, e.of, e.why = closes, r["Comment"], closing.OriginalQuestionIds, ""
	case 11:
		e.does = reopens
	case 12:
		e.does = deletes
	case 13:
		e.does = undeletes
	default:
		e.skip = historyKinds[kind]
		if e.skip == "" {
			e.skip = "history of an unknown kind"
		}
	}
	if e.does != nothing && c.posts[e.post] == nil {
		e.does, e.skip = nothing, "history of no question or answer"
	}
	return e
}

// reasons are those of closing, by the numbers of the site: old ones and new.
var reasons = map[string]qa.Reason{
	"1": qa.Duplicate, "101": qa.Duplicate, "2": qa.OffTopic, "102": qa.OffTopic, "3": qa.Opinion, "105": qa.Opinion,
	"4": qa.Unclear, "103": qa.Unclear, "104": qa.TooBroad, "7": qa.TooBroad, "10": qa.Obsolete, "20": qa.Obsolete,
}

// oneLine makes a summary fit: those of the site may have several lines.
func oneLine(s string, most int) string {
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "")), " ")
	if r := []rune(s); len(r) > most {
		s = string(r[:most-1]) + "…"
	}
	return s
}

// rowKey is the key under which a post is remembered.
func rowKey(id int64) string { return "post " + strconv.FormatInt(id, 10) }
