// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"cmp"
	"net/http"

	"github.com/google/uuid"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/wiki"
)

// distilling is the form that makes a page of the answer that was accepted for
// the question of the address.
func (p *portal) distilling(v *visit) (plainForm, qa.Question, error) {
	id, err := v.questionID()
	if err != nil {
		return plainForm{}, qa.Question{}, err
	}
	pl, err := p.c.QA.Look(v.ctx(), v.who, qa.Post{Question: id})
	q := pl.Question
	if err != nil {
		return plainForm{}, q, err
	}
	if q.Acceptance.Answer.IsZero() {
		return plainForm{}, q, storage.ErrNotFound
	}
	err = p.c.Auth.Authorize(v.ctx(), v.who, wiki.Write, auth.Scope{Area: q.Area, Audience: q.Audience})
	return plainForm{
		Title: p.t(v, "wiki.distil.title"), Intro: p.t(v, "wiki.distil.intro"), Action: p.url("questions", q.ID, "page"), Button: p.t(v, "wiki.distil.do"), Back: p.url("questions", q.ID),
		Fields: []plainField{{Name: "title", Label: p.t(v, "field.title"), Type: "text"}},
		Token:  uuid.NewString(),
		Form:   fields{Value: map[string]string{"title": q.Title}},
	}, q, err
}

func (p *portal) distilPage(v *visit) error {
	f, _, err := p.distilling(v)
	if err != nil {
		return err
	}
	return p.show(v, "plain", f.Title, f)
}

func (p *portal) distil(v *visit) error {
	f, q, err := p.distilling(v)
	if err != nil {
		return err
	}
	f.Token = cmp.Or(v.field("token"), f.Token)
	made, err := p.c.Distil(v.ctx(), v.who, community.Distil{Key: f.Token, Question: q.ID, Title: v.field("title"), Tags: q.Tags})
	if err != nil {
		return p.plainAgain(v, f, err)
	}
	return p.redirect(v, query(p.url("pages", made.ID), "done", savedAs(made)))
}

// pagesOf lists the pages that were made from the accepted answer of a
// question.
func (p *portal) pagesOf(v *visit, q qa.Question) ([]wiki.Page, error) {
	if q.Acceptance.Answer.IsZero() {
		return nil, nil
	}
	all, err := p.c.Wiki.MadeFrom(v.ctx(), v.who, wiki.Origin{Kind: community.FromAnswer, ID: q.Acceptance.Answer.Bytes()})
	if status, _ := failure(err); err != nil && status < http.StatusInternalServerError {
		return nil, nil // in this phase nobody reads pages
	}
	return all, err
}
