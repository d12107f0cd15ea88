// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"net/http"
	"slices"

	"github.com/google/uuid"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/storage"
)

// convertView asks which replies of a topic answer the question that is made of
// it.
type convertView struct {
	Topic   forum.Topic
	Form    qaForm
	Replies []postView
	Chosen  map[string]bool // by Path
	Next    storage.Cursor
}

// converting is the form that makes a question of the topic of the address.
func (p *portal) converting(v *visit) (convertView, error) {
	t, err := p.moderated(v)
	if err != nil {
		return convertView{}, err
	}
	if err := p.c.Auth.Authorize(v.ctx(), v.who, qa.Moderate, auth.Scope{Area: t.Area, Audience: t.Audience}); err != nil {
		return convertView{}, err
	}
	if err := notThere(t.Removal); err != nil {
		return convertView{}, err
	}
	th, err := p.c.Forum.Thread(v.ctx(), v.who, forum.ThreadPage{Topic: t.ID, After: v.cursor(), Limit: storage.MaxLimit})
	if err != nil {
		return convertView{}, err
	}
	view := convertView{Topic: t, Next: th.Replies.Next, Chosen: map[string]bool{}, Form: qaForm{
		Title: p.t(v, "qa.convert.title"), Action: query(p.url("topics", t.ID, "question"), "after", v.cursor()), Back: p.url("topics", t.ID),
		Form: fields{Value: map[string]string{"title": t.Title}}, Key: uuid.NewString(),
	}}
	p.learn(v, namedIn(t, th.Replies.Items)...)
	for _, r := range th.Replies.Items {
		if r.Removal.State == forum.Visible {
			view.Replies = append(view.Replies, p.bare(v, t, r))
		}
	}
	return view, nil
}

func (p *portal) convertPage(v *visit) error {
	view, err := p.converting(v)
	if err != nil {
		return err
	}
	return p.show(v, "convert", view.Form.Title, view)
}

func (p *portal) convert(v *visit) error {
	view, err := p.converting(v)
	if err != nil {
		return err
	}
	view.Form.typed(v)
	in := community.Convert{Key: view.Form.Key, Topic: view.Topic.ID, Title: view.Form.Form.Value["title"], Tags: view.Form.tags()}
	for _, s := range v.r.PostForm["reply"] {
		id, err := storage.ParseID[forum.Reply](s)
		if err != nil {
			return errMalformed
		}
		in.Answers = append(in.Answers, id)
		view.Chosen["replies/"+id.String()] = true
	}
	q, err := p.c.ConvertTopic(v.ctx(), v.who, in)
	if err != nil {
		view.Form.Form.Names = slices.Concat(view.Form.Form.Names, []string{"answers"})
		status, err := p.refuse(v, &view.Form.Form, err)
		if err != nil {
			return err
		}
		return p.render(v, status, "convert", page{Title: view.Form.Title, Data: view})
	}
	return p.goToQA(v, qa.Post{Question: q.ID}, "converted")
}

// madeFrom lists the questions that were made from a topic.
func (p *portal) madeFrom(v *visit, t forum.TopicID) ([]qa.Question, error) {
	all, err := p.c.QA.MadeFrom(v.ctx(), v.who, qa.Origin{Kind: community.FromTopic, ID: t.Bytes()})
	if status, _ := failure(err); err != nil && status < http.StatusInternalServerError {
		return nil, nil // in this phase nobody reads questions
	}
	return all, err
}
