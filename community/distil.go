// SPDX-License-Identifier: BSD-3-Clause

package community

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/wiki"
)

// FromAnswer is the kind of the origin of a page that was made from an
// accepted answer.
const FromAnswer = "qa.answer"

// Distil says which question becomes a page, and which page it becomes.
type Distil struct {
	Key      string // optional idempotency key, of whoever distils
	Question qa.QuestionID
	Title    string      // default: the question's
	Parent   wiki.PageID // default: none
	Tags     []string
	Why      string // summary of the first revision
}

// Distil makes a page of the answer that was accepted for a question, in the
// words of the revision that was accepted, for everybody to write on: in the
// question's area, and promised to whom the question is. The actor creates the
// page; its first revision gives credit to everybody who wrote the answer up to
// then, and to who asked. The page leads back to the answer by its Origin, and
// is marked for a look when the answer changes or is the accepted one no more,
// see [wiki.Service.Recheck].
//
// The actor may read the question, and create pages where it stands. Without
// an accepted answer it is [storage.Invalid] (question, "unaccepted"); an
// answer that was taken away is [qa.ErrRemoved].
func (c *Community) Distil(ctx context.Context, who auth.Actor, in Distil) (wiki.Page, error) {
	made, err := c.distil(ctx, who, in)
	if err != nil {
		return wiki.Page{}, storage.Refuse("community.Distil", "question "+in.Question.String(), err)
	}
	return made, nil
}

func (c *Community) distil(ctx context.Context, who auth.Actor, in Distil) (wiki.Page, error) {
	asked, err := c.QA.Look(ctx, who, qa.Post{Question: in.Question})
	if err != nil {
		return wiki.Page{}, err
	}
	q := asked.Question
	if q.Acceptance.Answer.IsZero() {
		return wiki.Page{}, &storage.Invalid{Field: "question", Code: "unaccepted"}
	}
	at := qa.Post{Question: q.ID, Answer: q.Acceptance.Answer}
	answered, err := c.QA.Look(ctx, who, at)
	if err != nil {
		return wiki.Page{}, err
	}
	if q.Removal.State != qa.Visible || answered.Answer.Removal.State != qa.Visible {
		return wiki.Page{}, qa.ErrRemoved
	}
	all, err := c.QA.Revisions(ctx, who, at)
	if err != nil {
		return wiki.Page{}, err
	}
	body, credit := "", []auth.By{answered.Answer.By}
	for _, r := range all {
		if r.N > q.Acceptance.Revision {
			break
		}
		body, credit = r.Body, append(credit, r.By)
	}
	if in.Title == "" {
		in.Title = q.Title
	}
	return c.Wiki.Create(ctx, who, wiki.NewPage{
		Key: in.Key, Area: q.Area, Audience: q.Audience, Parent: in.Parent, Title: in.Title, Body: body, Tags: in.Tags, Why: in.Why,
		Origin: wiki.Origin{Kind: FromAnswer, ID: at.Answer.Bytes(), Revision: q.Acceptance.Revision},
		Credit: people(append(credit, q.By)),
	})
}

// people returns bylines that are somebody's, none twice, in order, and no
// more than a page gives credit to.
func people(all []auth.By) []auth.By {
	var out []auth.By
	for _, by := range all {
		if !by.User.IsZero() && !slices.Contains(out, by) && len(out) < wiki.MaxCredit {
			out = append(out, by)
		}
	}
	return out
}

// recheckPages is the handler that marks the pages that were made from an
// answer when it is no more what it was.
func (c *Community) recheckPages(ctx context.Context, e storage.Event) error {
	switch e.Name {
	case qa.EventEdited, qa.EventRemoved, qa.EventPurged, qa.EventAccepted, qa.EventUnaccepted:
	default:
		return nil
	}
	var what qa.Event
	if err := json.Unmarshal(e.Data, &what); err != nil {
		return err
	}
	if what.Answer.IsZero() || !what.Comment.IsZero() {
		return nil
	}
	// The event may come late: what counts is what the answer is now. Pages made
	// from its present text say what it says.
	o := wiki.Origin{Kind: FromAnswer, ID: what.Answer.Bytes()}
	pl, err := c.qaFor().Look(ctx, auth.Visitor, qa.Post{Question: what.Question, Answer: what.Answer})
	if err == nil && pl.Answer.Removal.State == qa.Visible && pl.Question.Acceptance.Answer == what.Answer {
		o.Revision = pl.Answer.Text.Revision
	}
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return err
	}
	return c.Wiki.Recheck(ctx, o)
}
