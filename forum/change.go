// SPDX-License-Identifier: BSD-3-Clause

package forum

import (
	"time"

	"github.com/copis-it/copis/auth"
)

// What becomes of the forum's rows, for [Store.Apply]. "Update" replaces every
// field but the ID, CreatedAt and the counters, if the object is still at the
// Version that the new value carries (ErrConflict), and moves it to the next.
type (
	InsertBoard struct{ Board Board } // ErrNotFound without its Parent
	UpdateBoard struct{ Board Board } // likewise

	// BoardAt changes nothing: it holds what is applied with it to a board
	// that is still at Version (ErrConflict).
	BoardAt struct {
		Board   BoardID
		Version int
	}

	// TopicAt and ReplyAt are BoardAt for a topic and for a reply. The replies
	// and reactions of a topic go on meanwhile: they do not move its Version.
	TopicAt struct {
		Topic   TopicID
		Version int
	}
	ReplyAt struct {
		Reply   ReplyID
		Version int
	}

	// ThreadAt is TopicAt for a topic whose replies do not go on either: none
	// was written, removed or restored since there were these.
	ThreadAt struct {
		Topic        TopicID
		Version      int
		Seq, Replies int
	}

	InsertTopic struct{ Topic Topic } // ErrNotFound without its Board
	UpdateTopic struct{ Topic Topic } // likewise

	UpdateReply struct{ Reply Reply } // not its Topic, Parent, Depth, Path and Seq

	// PlaceReply moves a reply to another place or topic: Topic, Parent, Depth,
	// Path and Seq become these, and its Version the next. Revisions, mentions
	// and reactions come along. Counters are left to Recount. It is ErrNotFound
	// without the reply, the Topic and the Parent, and ErrExists if another
	// reply of the topic stands at the Path or has the Seq.
	PlaceReply struct {
		ID     ReplyID
		Topic  TopicID
		Parent ReplyID
		Depth  int
		Path   Path
		Seq    int
	}

	// Recount sets a topic's counters from its replies as they are now: Seq
	// (never lowered), Replies, and ActiveAt and LastBy from the visible one
	// with the highest Seq, or from the topic itself if there is none.
	Recount struct{ Topic TopicID }

	// MovePost gives the revisions, mentions and reactions of one post to
	// another, with the count of the reactions. Who is mentioned in both, or
	// reacted to both, is so in the one, since they reacted to To. A revision
	// of the same number in both is ErrExists.
	MovePost struct{ From, To Post }

	InsertRevision  struct{ Revision Revision }
	DeleteRevisions struct{ Post Post } // all of the post's; none is no error

	// ReadTo says that a person has opened a topic and read every reply up to
	// Seq. It never goes back.
	ReadTo struct {
		User  auth.UserID
		Topic TopicID
		Seq   int
	}
	// MarkAllRead says that a person has read whatever was written up to At,
	// everywhere. It never goes back.
	MarkAllRead struct {
		User auth.UserID
		At   time.Time
	}
	// SetFollow sets Follow and Reason of a mark, unless what is there has a
	// stronger Reason.
	SetFollow struct {
		User   auth.UserID
		Topic  TopicID
		Follow Follow
		Reason Reason
	}
	// Wrote says that a person posted in a topic: PostedAt becomes At, if it is
	// still Last (ErrConflict), and they follow for the Reason, as by SetFollow.
	Wrote struct {
		User   auth.UserID
		Topic  TopicID
		At     time.Time
		Last   time.Time // PostedAt as it was seen; zero for none
		Reason Reason
	}
	// DropMark forgets what a person has to do with a topic; none is no error.
	DropMark struct {
		User  auth.UserID
		Topic TopicID
	}
	// MoveMarks gives the marks of one topic to another, where the person has
	// none there yet, with nothing read of it. Those of From are dropped, unless
	// it is To.
	MoveMarks struct{ From, To TopicID }

	// SetMentions replaces who is mentioned in a post.
	SetMentions struct {
		Post  Post
		Users []auth.UserID
	}

	InsertReaction struct { // counted in the post; ErrExists if it is there
		Post Post
		User auth.UserID
		At   time.Time
	}
	DeleteReaction struct { // counted in the post; ErrNotFound if it is not there
		Post Post
		User auth.UserID
	}
	DeleteReactions struct{ Post Post } // all of the post's, and its count; none is no error

	// PutDraft inserts a draft of Version 1, and replaces one that is still at
	// Version-1 (ErrConflict). It is ErrConflict too if a draft were inserted
	// for somebody who has Most, however many are inserted at once.
	PutDraft struct {
		Draft Draft
		Most  int // zero: as many as they like
	}
	DeleteDraft struct { // none is no error
		User  auth.UserID
		Place string
	}

	// EraseUser empties the identifier of a person wherever the forum's rows
	// hold it, but for the bodies of posts: bylines become zero, marks, drafts
	// and reactions are dropped (the counts stay), mentions forgotten. A post
	// that named them so, but as a topic's LastBy, moves to its next Version:
	// what was read before is not written back.
	EraseUser struct{ User auth.UserID }
)

func (InsertBoard) Change() string     { return "forum.InsertBoard" }
func (UpdateBoard) Change() string     { return "forum.UpdateBoard" }
func (BoardAt) Change() string         { return "forum.BoardAt" }
func (TopicAt) Change() string         { return "forum.TopicAt" }
func (ThreadAt) Change() string        { return "forum.ThreadAt" }
func (ReplyAt) Change() string         { return "forum.ReplyAt" }
func (InsertTopic) Change() string     { return "forum.InsertTopic" }
func (UpdateTopic) Change() string     { return "forum.UpdateTopic" }
func (UpdateReply) Change() string     { return "forum.UpdateReply" }
func (PlaceReply) Change() string      { return "forum.PlaceReply" }
func (Recount) Change() string         { return "forum.Recount" }
func (MovePost) Change() string        { return "forum.MovePost" }
func (InsertRevision) Change() string  { return "forum.InsertRevision" }
func (DeleteRevisions) Change() string { return "forum.DeleteRevisions" }
func (ReadTo) Change() string          { return "forum.ReadTo" }
func (MarkAllRead) Change() string     { return "forum.MarkAllRead" }
func (SetFollow) Change() string       { return "forum.SetFollow" }
func (Wrote) Change() string           { return "forum.Wrote" }
func (DropMark) Change() string        { return "forum.DropMark" }
func (MoveMarks) Change() string       { return "forum.MoveMarks" }
func (SetMentions) Change() string     { return "forum.SetMentions" }
func (InsertReaction) Change() string  { return "forum.InsertReaction" }
func (DeleteReaction) Change() string  { return "forum.DeleteReaction" }
func (DeleteReactions) Change() string { return "forum.DeleteReactions" }
func (PutDraft) Change() string        { return "forum.PutDraft" }
func (DeleteDraft) Change() string     { return "forum.DeleteDraft" }
func (EraseUser) Change() string       { return "forum.EraseUser" }
