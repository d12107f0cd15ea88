// SPDX-License-Identifier: BSD-3-Clause

package forum_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
)

// outline writes down a thread: each reply by its body, indented by its depth,
// with its number.
func (w *world) outline(who auth.Actor, t forum.TopicID) string {
	w.Helper()
	var b strings.Builder
	parents := map[forum.ReplyID]forum.Reply{}
	for _, r := range w.thread(who, t) {
		require.Equal(w, t, r.Topic)
		parent := parents[r.Parent]
		require.True(w, r.Parent.IsZero() || !parent.ID.IsZero(), "%s stands before its parent", r.Body)
		require.Equal(w, parent.Depth+1, r.Depth, r.Body)
		require.Equal(w, parent.Path.Below(r.Seq), r.Path, r.Body)
		parents[r.ID] = r
		b.WriteString(strings.Repeat("  ", r.Depth-1) + r.Body + " " + string(rune('0'+r.Seq)) + "\n")
	}
	return b.String()
}

// branches answers a topic so:
//
//	a 1
//	  aa 3
//	    aaa 5
//	  ab 6
//	b 2
//	  ba 4
func (w *world) branches(t forum.TopicID) map[string]forum.Reply {
	out := map[string]forum.Reply{}
	for _, name := range []string{"a", "b", "aa", "ba", "aaa", "ab"} {
		who := []auth.Actor{w.member, w.author, w.outsider}[len(out)%3]
		out[name] = w.replies(who, forum.NewReply{Topic: t, Parent: out[name[:len(name)-1]].ID, Body: name})
	}
	return out
}

func TestSplit(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		take      []string
		left, new string
	}{
		"a leaf":             {[]string{"ab"}, "a 1\n  aa 3\n    aaa 5\nb 2\n  ba 4\n", "ab 1\n"},
		"a subtree":          {[]string{"aa"}, "a 1\n  ab 6\nb 2\n  ba 4\n", "aa 1\n  aaa 2\n"},
		"from the top":       {[]string{"a"}, "b 2\n  ba 4\n", "a 1\n  aa 2\n    aaa 3\n  ab 4\n"},
		"two in any order":   {[]string{"ab", "b"}, "a 1\n  aa 3\n    aaa 5\n", "b 1\n  ba 2\nab 3\n"},
		"parent and child":   {[]string{"aaa", "aa", "aaa"}, "a 1\n  ab 6\nb 2\n  ba 4\n", "aa 1\n  aaa 2\n"},
		"everything":         {[]string{"a", "b"}, "", "a 1\n  aa 3\n    aaa 5\n  ab 6\nb 2\n  ba 4\n"},
		"arrival, not place": {[]string{"aaa", "ba"}, "a 1\n  aa 3\n  ab 6\nb 2\n", "ba 1\naaa 2\n"},
	} {
		w := newWorld(t)
		topic := w.starts(w.author, forum.NewTopic{})
		branches := w.branches(topic.ID)
		var take []forum.Reply
		for _, name := range c.take {
			take = append(take, branches[name])
		}
		before := w.topic(topic.ID)
		split := w.splits(topic.ID, take...)
		require.Equal(t, c.left, w.outline(w.visitor, topic.ID), name)
		require.Equal(t, c.new, w.outline(w.visitor, split.ID), name)
		require.Equal(t, w.topic(split.ID), split, name)
		now := w.topic(topic.ID)
		require.Equal(t, []int{before.Seq, before.Version + 1}, []int{now.Seq, now.Version}, "a number is never given twice")
		require.Equal(t, strings.Count(c.left, "\n"), now.Replies, name)
		require.Equal(t, strings.Count(c.new, "\n"), split.Replies, name)
		require.Equal(t, []any{w.open.ID, auth.Commons, auth.Public, w.moderator.By(), "A parte", "Continua qui"},
			[]any{split.Board, split.Area, split.Audience, split.By, split.Title, split.Body}, name)
		for _, r := range w.thread(w.visitor, split.ID) {
			old := branches[r.Body]
			require.Equal(t, []any{old.ID, old.By, old.CreatedAt}, []any{r.ID, r.By, r.CreatedAt})
			where, err := w.forum.FindReply(w.ctx, w.visitor, old.ID) // the permalink
			require.NoError(t, err)
			require.Equal(t, post(r), where.Post)
			_, err = w.forum.Find(w.ctx, w.visitor, post(old))
			require.ErrorIs(t, err, storage.ErrNotFound, "it is no reply of that topic any more")
			require.Equal(t, forum.Following, w.mark(auth.Actor{User: old.By.User, For: old.By.For}, split.ID).Follow, "its author follows")
		}
		require.Equal(t, forum.Author, w.mark(w.moderator, split.ID).Reason)
	}
}

// A reply that arrives below what is taken, at the last moment, goes along.
func TestSplitTakesLateReplies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	topic := w.starts(w.author, forum.NewTopic{})
	branches := w.branches(topic.ID)
	cfg := w.config
	cfg.Store = late{cfg.Store, new(sync.Once), func() {
		w.replies(w.member, forum.NewReply{Topic: topic.ID, Parent: branches["aaa"].ID, Body: "tardi"})
	}}
	split, err := forum.New(cfg).Split(w.ctx, w.moderator, forum.Split{
		Topic: topic.ID, Version: 1, Replies: []forum.ReplyID{branches["aa"].ID}, Title: "Titolo", Body: "Testo",
	})
	require.NoError(t, err)
	require.Equal(t, "aa 1\n  aaa 2\n    tardi 3\n", w.outline(w.visitor, split.ID))
}

// late is a store in which something happens, once, after a look at a subtree.
type late struct {
	forum.Store
	once *sync.Once
	do   func()
}

func (l late) Subtree(ctx context.Context, topic forum.TopicID, at forum.Path) ([]forum.Reply, error) {
	defer l.once.Do(l.do)
	return l.Store.Subtree(ctx, topic, at)
}

// Nothing is left of a merged topic's words but in the reply that they are: to
// purge that is to purge them.
func TestPurgeWhatWasMerged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	from := w.starts(w.author, forum.NewTopic{Title: "Zyzzyva", Body: "Parole di Zyzzyva"})
	w.edits(w.moderator, first(from.ID), "Altre parole di Zyzzyva")
	w.merges(from.ID, w.starts(w.member, forum.NewTopic{}).ID)
	require.Zero(t, w.topic(from.ID).Title+w.topic(from.ID).Body)
	require.Equal(t, "Zyzzyva", w.revisions(first(from.ID))[1].Title)
	require.NoError(t, w.forum.Purge(w.ctx, w.coordinator, first(from.ID), "Dati personali"))
	require.NotContains(t, w.dump(), "Zyzzyva")
}

func TestSplitKeepsPromises(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	narrow := w.opens(forum.NewBoard{Area: auth.Commons, Audience: auth.Public, Promise: auth.AreaMembers, SlowMode: time.Minute, CloseAfter: time.Hour})
	w.pass(time.Hour)
	topic := w.starts(w.author, forum.NewTopic{Audience: auth.CommunityMembers})
	mine, other := w.replies(w.outsider, forum.NewReply{Topic: topic.ID}), w.replies(w.member, forum.NewReply{Topic: topic.ID})
	w.stands(w.outsider, auth.Outsider, auth.Outsider) // left
	in := forum.Split{Topic: topic.ID, Version: 1, Replies: []forum.ReplyID{mine.ID}, Board: narrow.ID, Title: "Titolo", Body: "@member @stranger"}
	split, err := w.forum.Split(w.ctx, w.keeper, in)
	require.NoError(t, err)
	require.Equal(t, []any{narrow.ID, auth.AreaMembers, time.Minute, time.Hour}, []any{split.Board, split.Audience, split.SlowMode, split.CloseAfter})
	require.Equal(t, map[auth.UserID]forum.Reason{w.member.User: forum.Mentioned}, w.told(), "the opening words tell whom they mention")
	require.Zero(t, w.mark(w.outsider, split.ID), "authors who may not read it do not follow it")
	in = forum.Split{Topic: topic.ID, Version: 2, Replies: []forum.ReplyID{other.ID}, Title: "Titolo", Body: "Testo"}
	split, err = w.forum.Split(w.ctx, w.keeper, in)
	require.NoError(t, err)
	require.Equal(t, auth.CommunityMembers, split.Audience, "no wider than where it was taken from")

	in.Version = 2
	_, err = w.forum.Split(w.ctx, w.keeper, in)
	var conflict *storage.Conflict
	require.ErrorAs(t, err, &conflict)
	require.Equal(t, storage.Conflict{Base: 2, Current: w.topic(topic.ID)}, *conflict)
	_, err = w.forum.Split(w.ctx, w.moderator, forum.Split{Topic: topic.ID, Version: 3, Replies: []forum.ReplyID{other.ID}, Board: w.reserved.ID, Title: "Titolo", Body: "Testo"})
	invalid(t, err, "board", forum.CodeArea)
}

func TestMerge(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	from := w.starts(w.author, forum.NewTopic{Title: "Doppione", Body: "Prima @member"})
	branches := w.branches(from.ID)
	into := w.starts(w.member, forum.NewTopic{Title: "Originale"})
	w.replies(w.observer2(), forum.NewReply{Topic: into.ID, Body: "z"})
	for _, p := range []forum.Post{first(from.ID), post(branches["a"])} { // what hangs on posts comes along
		require.NoError(t, w.forum.Useful(w.ctx, w.keeper, p, true))
	}
	w.pass(time.Hour)
	w.edits(w.author, first(from.ID), "Prima, rivista @member")
	require.NoError(t, w.forum.Hide(w.ctx, w.keeper, post(branches["ab"]), "Prova"))
	revisions := w.revisions(first(from.ID))
	require.NoError(t, w.forum.ReadTo(w.ctx, w.keeper, into.ID, 1))
	require.NoError(t, w.forum.ReadTo(w.ctx, w.stays(), from.ID, 6))
	w.merges(from.ID, into.ID)

	asReply := storage.MakeID[forum.Reply](from.ID.Bytes())
	text := auth.Mention(w.member.User)
	require.Equal(t, "z 1\nPrima, rivista "+text+" 2\n  a 3\n    aa 5\n      aaa 7\n    ab 8\n  b 4\n    ba 6\n", w.outline(w.moderator, into.ID))
	now := w.topic(into.ID)
	require.Equal(t, []any{8, 7, "Originale", into.By, into.Version + 1}, []any{now.Seq, now.Replies, now.Title, now.By, now.Version})
	opening := w.reply(asReply)
	require.Equal(t, []any{from.By, from.CreatedAt, 1}, []any{opening.By, opening.CreatedAt, opening.Useful})
	untitled := revisions[1] // the present text: the same, without a title
	untitled.N, untitled.Title = 3, ""
	for i, r := range append(revisions, untitled) {
		r.Post = forum.Post{Topic: into.ID, Reply: asReply}
		require.Equal(t, r, w.revisions(r.Post)[i])
	}
	th, err := w.forum.Thread(w.ctx, w.keeper, forum.ThreadPage{Topic: into.ID})
	require.NoError(t, err)
	require.Equal(t, map[forum.Post]bool{{Topic: into.ID, Reply: asReply}: true, {Topic: into.ID, Reply: branches["a"].ID}: true}, th.Useful)
	require.Equal(t, 1, th.Mark.Read, "where one had read is not moved on")
	require.Equal(t, 0, w.mark(w.stays(), into.ID).Read, "and the other's numbers are not taken for these")
	require.Equal(t, forum.Author, w.mark(w.author, into.ID).Reason, "who followed the one follows the other")

	// Permalinks lead on, and the husk says nothing.
	for _, p := range []forum.Post{first(from.ID), {Topic: from.ID, Reply: branches["aaa"].ID}, {Topic: from.ID, Reply: branches["ab"].ID}} {
		where, err := w.forum.Find(w.ctx, w.visitor, p)
		require.NoError(t, err)
		require.Equal(t, into.ID, where.Post.Topic)
		page, err := w.forum.Thread(w.ctx, w.visitor, forum.ThreadPage{Topic: into.ID, After: where.After, Limit: 1})
		require.NoError(t, err)
		require.Equal(t, where.Post.Reply, page.Replies.Items[0].ID)
	}
	husk, err := w.forum.Thread(w.ctx, w.visitor, forum.ThreadPage{Topic: from.ID})
	require.NoError(t, err)
	require.Equal(t, forum.Thread{Topic: forum.Topic{ID: from.ID, MergedInto: into.ID}}, husk)
	require.NotContains(t, titles(w.list(w.coordinator, forum.TopicFilter{})), "Doppione")
	require.NotContains(t, titles(w.list(w.coordinator, forum.TopicFilter{Removed: true})), "Doppione")

	// Whoever had the form of the topic open edits what they saw, or is told.
	_, err = w.forum.EditPost(w.ctx, w.author, forum.PostEdit{Post: first(from.ID), Version: 1, Title: "Doppione", Body: "Vecchia scheda"})
	var conflict *storage.Conflict
	require.ErrorAs(t, err, &conflict)
	_, err = w.forum.EditPost(w.ctx, w.author, forum.PostEdit{Post: first(from.ID), Version: 2, Title: "Doppione", Body: "Ultima scheda"})
	require.NoError(t, err)

	// What is done at the old address is done where it leads, to posts; to the
	// topic as a whole nothing is done any more.
	r := w.replies(w.member, forum.NewReply{Topic: from.ID, Body: "sotto"})
	require.Equal(t, []any{into.ID, asReply, 2}, []any{r.Topic, r.Parent, r.Depth})
	require.NoError(t, w.forum.Follow(w.ctx, w.stays(), from.ID, forum.Following))
	require.Equal(t, forum.ByHand, w.mark(w.stays(), into.ID).Reason)
	require.ErrorIs(t, w.forum.ReadTo(w.ctx, w.keeper, from.ID, 5), storage.ErrNotFound, "numbers are a topic's own")
	require.Equal(t, 1, w.mark(w.keeper, into.ID).Read)
	for name, err := range map[string]error{
		"pin":        w.forum.Pin(w.ctx, w.coordinator, from.ID, forum.Pinned),
		"lock":       w.forum.Lock(w.ctx, w.coordinator, from.ID, true),
		"move":       w.forum.Move(w.ctx, w.coordinator, forum.Move{Topic: from.ID, To: w.reserved.ID}),
		"split":      failure(w.forum.Split(w.ctx, w.coordinator, forum.Split{Topic: from.ID, Version: 1, Replies: []forum.ReplyID{asReply}, Title: "x", Body: "x"})),
		"merge away": w.forum.Merge(w.ctx, w.coordinator, from.ID, w.starts(w.author, forum.NewTopic{}).ID),
	} {
		require.ErrorIs(t, err, storage.ErrNotFound, name)
	}
	invalid(t, w.forum.Merge(w.ctx, w.coordinator, into.ID, from.ID), "into", storage.CodeUnknown)
	require.NoError(t, w.forum.Delete(w.ctx, w.author, first(from.ID)), "the author takes back what they wrote, there")
	require.Equal(t, forum.Deleted, w.reply(asReply).Removal.State)
}

// observer2 and stays are two more members of the community.
func (w *world) observer2() auth.Actor { return w.extra("observer2") }
func (w *world) stays() auth.Actor     { return w.extra("stays") }

func (w *world) extra(name string) auth.Actor {
	if id, ok := w.people.names[name]; ok {
		return auth.Actor{User: id}
	}
	return w.joins(name, auth.Member, auth.Outsider)
}

// Permalinks survive whatever follows: further merges, and being split off.
func TestChainsOfMerges(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	chain := []forum.Topic{w.starts(w.author, forum.NewTopic{Body: "0"})}
	deep := w.replies(w.author, forum.NewReply{Topic: chain[0].ID, Body: "sotto 0"})
	for range 4 {
		next := w.starts(w.author, forum.NewTopic{})
		w.merges(chain[len(chain)-1].ID, next.ID)
		chain = append(chain, next)
	}
	last := chain[len(chain)-1]
	find := func(p forum.Post) forum.Post {
		t.Helper()
		where, err := w.forum.Find(w.ctx, w.visitor, p)
		require.NoError(t, err)
		return where.Post
	}
	for _, old := range chain[:4] {
		asReply := storage.MakeID[forum.Reply](old.ID.Bytes())
		require.Equal(t, forum.Post{Topic: last.ID, Reply: asReply}, find(first(old.ID)))
		require.Equal(t, forum.Post{Topic: last.ID, Reply: deep.ID}, find(forum.Post{Topic: old.ID, Reply: deep.ID}))
		th, err := w.forum.Thread(w.ctx, w.visitor, forum.ThreadPage{Topic: old.ID})
		require.NoError(t, err)
		require.False(t, th.Topic.MergedInto.IsZero())
	}
	asReply := storage.MakeID[forum.Reply](chain[0].ID.Bytes())
	apart := w.splits(last.ID, w.reply(asReply))
	require.Equal(t, forum.Post{Topic: apart.ID, Reply: asReply}, find(first(chain[0].ID)), "split off again")
	require.Equal(t, last.ID, find(first(chain[1].ID)).Topic)

	// Once it is where somebody may not read, it never was.
	require.NoError(t, w.forum.Move(w.ctx, w.moderator, forum.Move{Topic: apart.ID, To: w.reserved.ID}))
	_, err := w.forum.Find(w.ctx, w.outsider, first(chain[0].ID))
	require.ErrorIs(t, err, storage.ErrNotFound)
	require.Equal(t, asReply, func() forum.ReplyID {
		where, err := w.forum.Find(w.ctx, w.member, first(chain[0].ID))
		require.NoError(t, err)
		return where.Post.Reply
	}())
}

func TestMergeKeepsPromises(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	shown := w.starts(w.author, forum.NewTopic{})
	members := w.starts(w.author, forum.NewTopic{Audience: auth.CommunityMembers})
	secret := w.starts(w.author, forum.NewTopic{Board: w.reserved.ID})
	gone := w.starts(w.author, forum.NewTopic{})
	require.NoError(t, w.forum.Hide(w.ctx, w.keeper, first(gone.ID), "Prova"))
	before := w.dump()
	for name, c := range map[string]struct {
		from, into forum.TopicID
		code       string
	}{
		"members' into public":   {members.ID, shown.ID, forum.CodePromise},
		"reserved into public":   {secret.ID, shown.ID, forum.CodePromise},
		"reserved into members'": {secret.ID, members.ID, forum.CodePromise},
		"into itself":            {shown.ID, shown.ID, forum.CodeCycle},
		"into nothing":           {shown.ID, storage.NewID[forum.Topic](), storage.CodeUnknown},
	} {
		err := w.forum.Merge(w.ctx, w.moderator, c.from, c.into)
		invalid(t, err, "into", c.code)
		require.Equal(t, before, w.dump(), name)
	}
	for _, pair := range [][2]forum.TopicID{{gone.ID, shown.ID}, {shown.ID, gone.ID}} {
		require.ErrorIs(t, w.forum.Merge(w.ctx, w.moderator, pair[0], pair[1]), forum.ErrRemoved)
	}
	require.Equal(t, before, w.dump())
	w.merges(shown.ID, members.ID)
	w.merges(members.ID, secret.ID)
	require.Equal(t, []any{w.group.Bytes(), uint8(auth.AreaMembers)}, []any{[16]byte(w.last().Area), w.last().Audience}, "told to those who read the other")
	require.Len(t, w.thread(w.member, secret.ID), 2)
}

// Two merges of the same topics, each into the other, at once: one is done.
func TestMergesRace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 20 {
		a, b := w.starts(w.author, forum.NewTopic{}), w.starts(w.author, forum.NewTopic{})
		w.replies(w.member, forum.NewReply{Topic: a.ID})
		pair := [][2]forum.TopicID{{a.ID, b.ID}, {b.ID, a.ID}}
		errs := together(2, func(i int) error { return w.forum.Merge(w.ctx, w.moderator, pair[i][0], pair[i][1]) })
		require.True(t, (errs[0] == nil) != (errs[1] == nil), "%v", errs)
		replies := w.topic(a.ID).Replies + w.topic(b.ID).Replies
		require.Equal(t, 2, replies)
	}
}

// Nothing is put on an archived board any more, nor on one that only holds
// other boards: neither what is split off nor, on the former, what is merged.
func TestFullBoardsTakeNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.opens(forum.NewBoard{})
	topic, other := w.starts(w.author, forum.NewTopic{Board: b.ID}), w.starts(w.author, forum.NewTopic{})
	r := w.replies(w.author, forum.NewReply{Topic: topic.ID})
	split := func(to forum.BoardID) error {
		return failure(w.forum.Split(w.ctx, w.keeper, forum.Split{Topic: topic.ID, Version: 1, Replies: []forum.ReplyID{r.ID}, Board: to, Title: "Titolo", Body: "Testo"}))
	}
	w.rules(b.ID, forum.BoardEdit{Posting: ptr(forum.NobodyPosts)})
	for _, to := range []forum.BoardID{{}, b.ID} {
		require.ErrorIs(t, split(to), auth.ErrDenied)
	}
	w.rules(b.ID, forum.BoardEdit{Posting: ptr(forum.MembersPost), Archived: ptr(true)})
	before := w.dump()
	for _, to := range []forum.BoardID{{}, b.ID} {
		require.ErrorIs(t, split(to), auth.ErrDenied)
	}
	require.ErrorIs(t, w.forum.Merge(w.ctx, w.keeper, other.ID, topic.ID), forum.ErrLocked)
	require.Equal(t, before, w.dump())
	require.NoError(t, split(w.open.ID), "but out of it")
	require.NoError(t, w.forum.Merge(w.ctx, w.keeper, topic.ID, other.ID))
}

// Into a topic that one reads and does not moderate nothing is merged; that is
// told as of one that never was.
func TestMergeIntoOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.stands(w.keeper, auth.Moderator, auth.Member)
	from, into := w.starts(w.author, forum.NewTopic{}), w.starts(w.author, forum.NewTopic{Board: w.reserved.ID})
	invalid(t, w.forum.Merge(w.ctx, w.keeper, from.ID, into.ID), "into", storage.CodeUnknown)
}
