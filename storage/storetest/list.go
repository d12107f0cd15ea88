// SPDX-License-Identifier: BSD-3-Clause

package storetest

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
)

var listPromises = []promise{
	{"Topics/Filters", "a list has what its query selects, all of it, in order, and nothing else, whatever the page's size", false, topicFilters},
	{"Topics/Reach", "a list of topics has those within reach and no other", false, topicReach},
	{"Topics/Reach300", "a reach of 300 areas is no more than one of 3", false, topicReachMany},
	{"Topics/Limits", "a list gives 20 unless asked otherwise, and never more than 100", false, topicLimits},
	{"Topics/Ties", "topics active at the same moment are each listed once", false, topicTies},
	{"Topics/Moves", "a topic that has moved up is listed once, in its new place", false, topicMoves},
	{"Topics/PagesStable", "pages that are read while topics move up hold every topic that did not, once", false, topicPagesStable},
	{"Topics/Unread", "what is unread is what somebody else has written since one read, up to the cap", false, topicUnread},
	{"Topics/New", "a topic is new with something unread, or never opened and somebody else's since all was read", false, topicNew},
	{"Topics/Husks", "the husk of a merge is on no list", false, topicHusks},
}

// A shelf is a forum with topics of every kind, and a model of its lists: what
// a query selects, worked out in the plainest way.
type shelf struct {
	*desk
	here, there auth.AreaID
	boards      []forum.Board
	authors     []auth.UserID
	reader      auth.UserID
	allRead     time.Time
	topics      []forum.TopicID
}

func newShelf(t *testing.T, s community.Store) *shelf {
	t.Helper()
	d := newDesk(t, s)
	sh := &shelf{desk: d, here: newArea(), there: newArea(), reader: newUser(), allRead: at(150)}
	for i := range 3 {
		b := d.newBoard([]auth.AreaID{sh.here, sh.here, sh.there}[i], forum.BoardID{})
		d.do(forum.InsertBoard{Board: b})
		sh.boards = append(sh.boards, b)
	}
	sh.authors = []auth.UserID{newUser(), newUser(), sh.reader}
	d.do(forum.MarkAllRead{User: sh.reader, At: sh.allRead})
	for i := range 60 {
		topic := d.newTopic()
		b := sh.boards[i%3]
		topic.Board, topic.Area = b.ID, b.Area
		topic.Audience = auth.Audience(i/2%3 + 1)
		topic.By.User = sh.authors[i/3%3]
		topic.CreatedAt = at(100 + i*2)
		topic.ActiveAt = topic.CreatedAt
		switch i % 11 {
		case 3:
			topic.Pin = forum.Pinned
		case 7:
			topic.Pin = forum.Announced
		case 5:
			topic.Removal.State = []forum.State{forum.Deleted, forum.Held, forum.Purged, forum.Hidden, forum.Rejected}[i/11%5]
		case 9:
			topic.MergedInto = sh.topics[0]
			topic.Removal.State = forum.State(i % 2)
		}
		d.do(forum.InsertTopic{Topic: topic})
		sh.topics = append(sh.topics, topic.ID)
		for j := range i * 5 % 7 {
			r := d.newReply(topic.ID, forum.Reply{})
			r.By.User = sh.authors[(i+j)%3]
			r.CreatedAt = at(100 + i*2 + j*9 - j*9%5) // many of them at the same moments as others
			if j%3 == 2 {
				r.Removal.State = forum.Hidden
			}
			d.insert(r, forum.Reply{})
		}
		switch i % 5 {
		case 1:
			d.do(forum.ReadTo{User: sh.reader, Topic: topic.ID})
		case 2:
			d.do(forum.ReadTo{User: sh.reader, Topic: topic.ID, Seq: i % 4})
		case 3:
			d.do(forum.SetFollow{User: sh.reader, Topic: topic.ID, Follow: forum.Follow(i % 3), Reason: forum.ByHand})
		}
		d.do(forum.ReadTo{User: sh.authors[0], Topic: topic.ID, Seq: 100}, forum.SetFollow{User: sh.authors[0], Topic: topic.ID, Follow: forum.Following, Reason: forum.ByHand})
	}
	return sh
}

// model works out a list from single reads.
func (sh *shelf) model(q forum.TopicQuery) []forum.Listed {
	sh.Helper()
	var all []forum.Listed
	for _, id := range sh.topics {
		l := forum.Listed{Topic: sh.topic(id)}
		if !q.Reader.IsZero() {
			l.Mark = sh.mark(q.Reader, id)
			since := got(sh.f.ReadAll(ctx, q.Reader))(sh.T)
			for _, r := range got(sh.f.Subtree(ctx, id, ""))(sh.T) {
				if r.Removal.State == forum.Visible && r.By.User != q.Reader && r.Seq > l.Mark.Read && r.CreatedAt.After(since) {
					l.Unread++
				}
			}
			l.Unread = min(l.Unread, forum.UnreadCap)
			l.New = l.Unread > 0 || !l.Mark.Opened && l.By.User != q.Reader && l.CreatedAt.After(since)
		}
		l.Body = ""
		if q.Reach.Covers(l.Area, l.Audience) && l.MergedInto.IsZero() && l.Removal.State != forum.Held && (l.Removal.State != forum.Visible) == q.Removed &&
			(q.Board.IsZero() || l.Board == q.Board) && (q.Area.IsZero() || l.Area == q.Area) && (q.Author.IsZero() || l.By.User == q.Author) &&
			(!q.Announced || l.Pin == forum.Announced) && (!q.Following || l.Mark.Follow == forum.Following) && (!q.Unread || l.New) {
			all = append(all, l)
		}
	}
	first := func(l forum.Listed) int {
		if !q.Board.IsZero() && l.Pin != forum.NotPinned {
			return 0
		}
		return 1
	}
	slices.SortFunc(all, func(a, b forum.Listed) int {
		return cmp.Or(cmp.Compare(first(a), first(b)), b.ActiveAt.Compare(a.ActiveAt), b.ID.Compare(a.ID))
	})
	return all
}

// walk reads a whole list in pages.
func (d *desk) walk(q forum.TopicQuery) []forum.Listed {
	d.Helper()
	var all []forum.Listed
	for {
		page := got(d.f.Topics(ctx, q))(d.T)
		if len(page.Items) > storage.Limit(q.Limit) || page.Next != "" && len(page.Items) < storage.Limit(q.Limit) {
			d.Errorf("limit %d: a page of %d, more to come: %v", q.Limit, len(page.Items), page.Next != "")
		}
		all = append(all, page.Items...)
		if q.After = page.Next; q.After == "" || len(all) > 10_000 {
			return all
		}
	}
}

func topicFilters(t *testing.T, s community.Store) {
	sh := newShelf(t, s)
	some := auth.Reach{Floor: auth.CommunityMembers, Areas: []auth.AreaID{sh.there}}
	queries := map[string]forum.TopicQuery{
		"all":              {},
		"some":             {Reach: some},
		"reader":           {Reader: sh.reader},
		"reader new here":  {Reader: newUser()},
		"reader read all":  {Reader: sh.authors[0]},
		"board":            {Board: sh.boards[0].ID},
		"board some":       {Board: sh.boards[1].ID, Reach: some, Reader: sh.reader},
		"board there":      {Board: sh.boards[2].ID, Reader: sh.reader},
		"no such board":    {Board: storage.NewID[forum.Board]()},
		"area":             {Area: sh.here},
		"area some":        {Area: sh.there, Reach: some},
		"no such area":     {Area: newArea()},
		"board elsewhere":  {Board: sh.boards[0].ID, Area: sh.there},
		"author":           {Author: sh.authors[1]},
		"author board":     {Author: sh.authors[1], Board: sh.boards[1].ID, Reader: sh.reader},
		"no such author":   {Author: newUser()},
		"announced":        {Announced: true},
		"announced area":   {Announced: true, Area: sh.here, Reader: sh.reader},
		"announced board":  {Announced: true, Board: sh.boards[1].ID},
		"following":        {Reader: sh.reader, Following: true},
		"following some":   {Reader: sh.reader, Following: true, Reach: some},
		"following board":  {Reader: sh.reader, Following: true, Board: sh.boards[0].ID},
		"following all":    {Reader: sh.authors[0], Following: true},
		"following none":   {Reader: newUser(), Following: true},
		"following nobody": {Following: true},
		"unread by nobody": {Unread: true},
		"unread":           {Reader: sh.reader, Unread: true},
		"unread some":      {Reader: sh.reader, Unread: true, Reach: some},
		"unread board":     {Reader: sh.reader, Unread: true, Board: sh.boards[1].ID},
		"unread by new":    {Reader: newUser(), Unread: true},
		"unread followed":  {Reader: sh.reader, Unread: true, Following: true},
		"removed":          {Removed: true},
		"removed some":     {Removed: true, Reach: some, Reader: sh.reader},
		"removed board":    {Removed: true, Board: sh.boards[1].ID},
		"removed author":   {Removed: true, Author: sh.authors[1], Area: sh.here},
		"everything":       {Area: sh.here, Author: sh.authors[0], Reader: sh.reader, Unread: true, Reach: some, Board: sh.boards[0].ID},
	}
	found := 0
	for name, q := range queries {
		if q.Reach.Floor == 0 && q.Reach.Areas == nil {
			q.Reach = everything
		}
		t.Run(name, func(t *testing.T) {
			sh.T = t
			want := sh.model(q)
			found += len(want)
			for _, limit := range []int{1, 2, 7, 50, 100} {
				q.Limit = limit
				same(t, sh.walk(q), want)
			}
		})
	}
	sh.T = t
	if found < 300 {
		t.Errorf("all these queries select %d topics: the suite's own shelf is bare", found)
	}
}

func topicReach(t *testing.T, s community.Store) {
	sh := newShelf(t, s)
	for i, reach := range reaches(sh.here, sh.there) {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			sh.T = t
			for _, q := range []forum.TopicQuery{{Reach: reach, Limit: 9}, {Reach: reach, Board: sh.boards[0].ID, Limit: 4}, {Reach: reach, Reader: sh.reader, Unread: true, Limit: 100}} {
				same(t, sh.walk(q), sh.model(q))
			}
		})
	}
}

func topicReachMany(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	var areas []auth.AreaID
	var changes []storage.Change
	for range 300 {
		topic := d.newTopic()
		topic.Area, topic.Audience = newArea(), auth.AreaMembers
		hidden := d.newTopic()
		hidden.Area, hidden.Audience = newArea(), auth.AreaMembers
		areas = append(areas, topic.Area)
		changes = append(changes, forum.InsertTopic{Topic: topic}, forum.InsertTopic{Topic: hidden})
	}
	d.do(changes...)
	reach := auth.Reach{Floor: auth.Public, Areas: areas}
	all := d.walk(forum.TopicQuery{Reach: reach, Limit: 100})
	same(t, len(all), 300)
	for _, l := range all {
		if !slices.Contains(areas, l.Area) {
			t.Fatalf("topic %v is out of reach", l.ID)
		}
	}
	same(t, d.boards(forum.BoardQuery{Area: d.board.Area, See: reach, Read: reach})[0].Topics, 300)
}

func topicLimits(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	var changes []storage.Change
	for range storage.MaxLimit + 5 {
		changes = append(changes, forum.InsertTopic{Topic: d.newTopic()})
	}
	d.do(changes...)
	for limit, want := range map[int]int{0: 20, -1: 20, -1 << 60: 20, 1: 1, 99: 99, 100: 100, 101: 100, 1 << 60: 100} {
		page := got(d.f.Topics(ctx, forum.TopicQuery{Reach: everything, Limit: limit}))(t)
		if len(page.Items) != want || page.Next == "" {
			t.Errorf("limit %d: a page of %d, want %d; more to come: %v", limit, len(page.Items), want, page.Next != "")
		}
	}
}

func topicTies(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	areas := []auth.AreaID{newArea(), newArea(), newArea()}
	author := newBy()
	var want []forum.TopicID
	for i := range 55 {
		topic := d.newTopic()
		topic.ActiveAt, topic.Area, topic.Audience, topic.By = at(i/20), areas[i%3], auth.Audience(1+i%2), author
		d.do(forum.InsertTopic{Topic: topic})
		want = append(want, topic.ID)
	}
	slices.Reverse(want) // the latest id first
	for _, q := range []forum.TopicQuery{
		{Reach: everything}, {Reach: auth.Reach{Areas: areas}}, {Reach: auth.Reach{Floor: auth.CommunityMembers, Areas: areas}},
		{Reach: everything, Board: d.board.ID}, {Reach: auth.Reach{Areas: areas}, Board: d.board.ID},
		{Reach: everything, Author: author.User}, {Reach: auth.Reach{Floor: auth.Public, Areas: areas}, Author: author.User},
	} {
		for _, q.Limit = range []int{1, 7, 11, 44, 55, 100} {
			same(t, d.listedIDs(q), want)
		}
	}
}

func (d *desk) listedIDs(q forum.TopicQuery) (ids []forum.TopicID) {
	d.Helper()
	for _, l := range d.walk(q) {
		ids = append(ids, l.ID)
	}
	return ids
}

func topicMoves(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	a, b, c := d.start().ID, d.start().ID, d.start().ID
	q := forum.TopicQuery{Reach: everything, Limit: 2}
	onBoard := q
	onBoard.Board = d.board.ID
	check := func(want ...forum.TopicID) {
		t.Helper()
		same(t, d.listedIDs(q), want)
	}
	check(c, b, a)
	d.reply(a, forum.Reply{})
	check(a, c, b)
	r := d.reply(b, forum.Reply{})
	check(b, a, c)
	r.Removal.State = forum.Hidden
	d.do(forum.UpdateReply{Reply: r}, forum.Recount{Topic: b})
	check(a, c, b)
	topic := d.topic(c)
	topic.Pin = forum.Pinned
	d.do(forum.UpdateTopic{Topic: topic})
	check(a, c, b)
	same(t, d.listedIDs(onBoard), []forum.TopicID{c, a, b})
	topic = d.topic(a)
	topic.Removal.State = forum.Deleted
	d.do(forum.UpdateTopic{Topic: topic})
	check(c, b)
	elsewhere := d.newBoard(newArea(), forum.BoardID{})
	topic = d.topic(c)
	topic.Board, topic.Area = elsewhere.ID, elsewhere.Area
	d.do(forum.InsertBoard{Board: elsewhere}, forum.UpdateTopic{Topic: topic})
	check(c, b)
	same(t, d.listedIDs(onBoard), []forum.TopicID{b})
	onBoard.Board = elsewhere.ID
	same(t, d.listedIDs(onBoard), []forum.TopicID{c})
}

func topicPagesStable(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	var topics []forum.TopicID
	for range 30 {
		topics = append(topics, d.start().ID)
	}
	seen := map[forum.TopicID]int{}
	q := forum.TopicQuery{Reach: everything, Limit: 4}
	moved := map[forum.TopicID]bool{}
	for n := 0; ; n++ {
		page := got(d.f.Topics(ctx, q))(t)
		for _, l := range page.Items {
			seen[l.ID]++
		}
		if q.After = page.Next; q.After == "" {
			break
		}
		up := topics[n*13%len(topics)] // one moves up, one begins
		moved[up] = true
		d.reply(up, forum.Reply{})
		d.start()
	}
	for _, id := range topics {
		if seen[id] > 1 || seen[id] == 0 && !moved[id] {
			t.Errorf("topic %v, moved %v, was listed %d times", id, moved[id], seen[id])
		}
	}
}

func topicUnread(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	topic, me, other := d.start(), newUser(), newUser()
	check := func(what string, want int) {
		t.Helper()
		l := got(d.f.Topics(ctx, forum.TopicQuery{Reach: everything, Reader: me}))(t).Items[0]
		if l.Unread != want {
			t.Errorf("%s: %d unread, want %d", what, l.Unread, want)
		}
	}
	say := func(by auth.UserID) forum.Reply {
		r := d.newReply(topic.ID, forum.Reply{})
		r.By.User = by
		return d.insert(r, forum.Reply{})
	}
	check("no reply", 0)
	say(other)
	hidden := say(other)
	say(me)
	check("somebody else's two", 2)
	hidden.Removal.State = forum.Hidden
	d.do(forum.UpdateReply{Reply: hidden})
	check("one removed", 1)
	d.do(forum.ReadTo{User: me, Topic: topic.ID, Seq: 3})
	check("all read", 0)
	last := say(other)
	say(other)
	check("two more", 2)
	d.do(forum.MarkAllRead{User: me, At: last.CreatedAt})
	check("read up to the moment of the first", 1)
	d.do(forum.MarkAllRead{User: me, At: d.tick()})
	check("all marked as read", 0)
	for range forum.UnreadCap - 1 {
		say(other)
	}
	check("one less than the cap", forum.UnreadCap-1)
	say(other)
	check("the cap", forum.UnreadCap)
	say(other)
	check("beyond", forum.UnreadCap)
	say(auth.UserID{}) // of somebody who was erased
	d.do(forum.ReadTo{User: me, Topic: topic.ID, Seq: d.topic(topic.ID).Seq - 1})
	check("nobody's counts as somebody else's", 1)
	l := got(d.f.Topics(ctx, forum.TopicQuery{Reach: everything}))(t).Items[0]
	same(t, l.Unread, 0)
	same(t, l.New, false)
	same(t, l.Mark, forum.Mark{})
}

func topicNew(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	me := newUser()
	mine := d.newTopic()
	mine.By.User = me
	before := d.start()
	onTheDot := d.start()
	d.do(forum.InsertTopic{Topic: mine}, forum.MarkAllRead{User: me, At: onTheDot.CreatedAt})
	fresh, opened, followed := d.start(), d.start(), d.start()
	d.do(forum.ReadTo{User: me, Topic: opened.ID}, forum.SetFollow{User: me, Topic: followed.ID, Follow: forum.Following, Reason: forum.Mentioned})
	state := func() map[forum.TopicID]bool {
		all := map[forum.TopicID]bool{}
		for _, l := range d.walk(forum.TopicQuery{Reach: everything, Reader: me}) {
			all[l.ID] = l.New
		}
		return all
	}
	want := map[forum.TopicID]bool{mine.ID: false, before.ID: false, onTheDot.ID: false, fresh.ID: true, opened.ID: false, followed.ID: true}
	same(t, state(), want)
	for _, id := range []forum.TopicID{mine.ID, before.ID, opened.ID} {
		d.reply(id, forum.Reply{})
		want[id] = true
	}
	same(t, state(), want)
	d.do(forum.MarkAllRead{User: me, At: d.tick()})
	for id := range want {
		want[id] = false
	}
	same(t, state(), want)
}

func topicHusks(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	into := d.start()
	for state := forum.Visible; state <= forum.Purged; state++ {
		husk := d.newTopic()
		husk.MergedInto, husk.Removal.State, husk.Pin = into.ID, state, forum.Announced
		d.do(forum.InsertTopic{Topic: husk})
		same(t, d.topic(husk.ID), husk)
	}
	for _, q := range []forum.TopicQuery{{}, {Board: d.board.ID}, {Announced: true}, {Removed: true}, {Removed: true, Board: d.board.ID}} {
		q.Reach = everything
		for _, l := range d.walk(q) {
			same(t, l.ID, into.ID)
		}
	}
	same(t, d.boards(everyBoard(d.board.Area))[0].Topics, 1)
}
