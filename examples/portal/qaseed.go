// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/qa"
)

// asking is where a file of the sample's questions has got to.
type asking struct {
	question qa.Question
	answers  []qa.AnswerID
	asked    map[string]qa.QuestionID // by the names of the files' questions
}

// post returns the post that a block means: 0 the question, 1 the first answer.
func (a *asking) post(b block) (qa.Post, error) {
	at := qa.Post{Question: a.question.ID}
	n, err := strconv.Atoi("0" + b.value["of"])
	if err != nil || n > len(a.answers) {
		return at, fmt.Errorf("no post of=%q", b.value["of"])
	}
	if n > 0 {
		at.Answer = a.answers[n-1]
	}
	return at, nil
}

var seedReasons = map[string]qa.Reason{"duplicate": qa.Duplicate, "unclear": qa.Unclear, "obsolete": qa.Obsolete}

// playQuestion does what a block of a file of questions says.
func (s *seeding) playQuestion(ctx context.Context, a *asking, key string, b block) error {
	if err := s.move(b); err != nil {
		return err
	}
	who, err := s.named(b.value["by"])
	if err != nil {
		return err
	}
	if org := b.value["for"]; org != "" {
		who[0].For = s.orgs[org]
	}
	of, err := a.post(b)
	if err != nil {
		return err
	}
	key = "sample/" + key
	switch b.verb {
	case "question":
		in := qa.NewQuestion{Key: key, Area: auth.Commons, Audience: seedAudience[b.value["audience"]], Title: b.title, Body: b.body, Tags: strings.Split(b.value["tags"], ",")}
		for _, x := range s.areas {
			if x.Key == b.value["area"] {
				in.Area = x.ID
			}
		}
		a.question, err = s.c.QA.Ask(ctx, who[0], in)
		a.answers, a.asked[b.value["key"]] = nil, a.question.ID
		return err
	case "answer":
		x, err := s.c.QA.Answer(ctx, who[0], qa.NewAnswer{Key: key, Question: a.question.ID, Body: b.body, Official: b.value["official"] == "1"})
		a.answers = append(a.answers, x.ID)
		return err
	case "comment":
		_, err := s.c.QA.Comment(ctx, who[0], qa.NewComment{Key: key, Post: of, Body: b.body})
		return err
	case "up", "down":
		for _, x := range who {
			if _, err := s.c.QA.Vote(ctx, x, of, map[string]qa.Value{"up": qa.For, "down": qa.Against}[b.verb]); err != nil {
				return err
			}
		}
		return nil
	case "accept":
		return s.c.QA.Accept(ctx, who[0], of.Answer)
	case "also":
		return s.c.QA.MarkUseful(ctx, who[0], of.Answer, true)
	case "edit", "suggest":
		pl, err := s.c.QA.Look(ctx, who[0], of)
		if err != nil {
			return err
		}
		in := qa.PostEdit{Post: of, Version: entryOf(pl).Version, Title: b.title, Body: b.body, Why: b.value["why"]}
		if of.Answer.IsZero() {
			in.Tags = pl.Question.Tags
		}
		if b.verb == "edit" {
			_, err = s.c.QA.Edit(ctx, who[0], in)
		} else {
			_, err = s.c.QA.Suggest(ctx, who[0], in)
		}
		return err
	case "close":
		return s.c.QA.Close(ctx, who[0], qa.Closure{Question: a.question.ID, Reason: seedReasons[b.value["reason"]], Of: a.asked[b.value["as"]], Why: b.body})
	}
	return fmt.Errorf("unknown verb %q", b.verb)
}
