// SPDX-License-Identifier: BSD-3-Clause

package storetest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/storage"
)

// Attacks on questions, votes and acceptance, by the numbers that they have in
// the list of attacks.
var qaAttacks = []promise{
	{"S03/QA", "two worlds that differ only in what is hidden give equal answers to outsiders: lists, counts, tags, what is similar", false, qaS03},
	{"S04/QA", "a filter on what the reader cannot see is as one on what never was", false, qaS04},
	{"S06/QA", "a permalink to what is reserved says nothing, wherever the post has gone", false, qaS06},
	{"S10/QA", "what is hidden and what never was are refused alike, to everybody, whatever is asked", false, qaS10},
	{"S17/QA", "a text that was taken away is nowhere, at once", false, qaS17},
	{"S18/QA", "an answer is found in its own question only, and a comment on its own post, whoever asks and for whatever", false, qaS18},
	{"S19/QA", "to merge, one needs the right at both ends", false, qaS19},
	{"S21/QA", "an edit, a rollback and a suggestion that is approved pass through every check that the first writing passed", false, qaS21},
	{"S22/QA", "no input has a field that its caller may not set", false, qaS22},
	{"S24/QA", "rights that were taken away are gone with the next call, whatever it is", false, qaS24},
	{"S25", "who cannot see a question, does not own it or may not settle it accepts nothing there, nor takes it back", false, qaS25},
	{"S26/QA", "the right to moderate opens nothing that one may not read", false, qaS26},
	{"S28/S29/QA", "a list has exactly what may be opened one by one: all actors, areas, audiences and states", false, qaS29},
	{"S47/QA", "somebody's vote counts once, however often they send it at once, flip it and take it back", true, qaS47},
	{"S49/QA", "of many edits of one version, one is made; the others are shown what is there now", true, qaS49},
	{"S67/QA", "every field and every list of a question has a cap, and says so", false, qaS67},
	{"S68/QA", "pages are as long as asked for, but never too long", false, qaS68},
}

// tells is everything that questions tell somebody who does not know what to
// ask for.
func (p *panel) tells(who auth.Actor) string {
	p.Helper()
	var b strings.Builder
	say := func(what string, v any, err error) { fmt.Fprintf(&b, "%s: %+v %v\n", what, v, err) }
	for _, in := range []qa.QuestionFilter{
		{}, {Order: qa.Active}, {Order: qa.Voted}, {Area: auth.Commons}, {Area: p.group}, {Tag: "gara"}, {Tag: "segreto"}, {Author: p.member.User},
		{Unanswered: true}, {Unanswered: true, Bucket: 1}, {Removed: true}, {Tag: "gara", Unanswered: true},
	} {
		in.Limit = 2
		for {
			page, err := p.q.Questions(ctx, who, in)
			say(fmt.Sprintf("questions %+v", in), page, err)
			if in.After = page.Next; in.After == "" {
				break
			}
		}
	}
	for _, prefix := range []string{"", "g", "s"} {
		tags, err := p.q.Tags(ctx, who, qa.TagFilter{Prefix: prefix})
		say("tags", tags, err)
	}
	for _, title := range []string{"Dialogo competitivo", "Fuga di notizie"} {
		heads, err := p.q.Similar(ctx, who, qa.Asking{Title: title, Tags: []string{"gara", "segreto"}})
		say("similar", heads, err)
	}
	offered, err := p.q.Offered(ctx, who, qa.OfferPage{})
	say("offered", offered, err)
	waiting, err := p.q.Waiting(ctx, who, qa.WaitingPage{})
	say("waiting", waiting, err)
	from, err := p.q.MadeFrom(ctx, who, qa.Origin{Kind: "forum.topic", ID: [16]byte{1}})
	say("made from", from, err)
	for _, mine := range []bool{false, true} {
		suggestions, err := p.q.Suggestions(ctx, who, qa.SuggestionPage{Mine: mine})
		say("suggestions", suggestions, err)
	}
	for e, err := range p.q.Export(ctx, who.User) {
		say("export", e, err)
	}
	return b.String()
}

// settled is a little that everybody may read.
func (p *panel) settled() qa.Question {
	p.Helper()
	q := p.asks(p.outsider, qa.NewQuestion{Title: "Dialogo competitivo", Tags: []string{"gara"}})
	a := p.says(p.member, q)
	p.remarks(p.outsider, ofAnswer(a))
	p.votes(p.outsider, ofAnswer(a), qa.For)
	p.asks(p.member, qa.NewQuestion{Title: "Altro dialogo", Tags: []string{"gara", "rup"}})
	return q
}

func qaS03(t *testing.T, s community.Store) {
	p := newPanel(t, s, func(c *qa.Config) { c.Experts = nil })
	open := p.settled()
	told := func() map[string]string {
		out := map[string]string{}
		for name, who := range p.outsiders() {
			out[name] = p.tells(who) + fmt.Sprintf("%+v", p.page(who, open.ID))
		}
		return out
	}
	before := told()
	for i := range 4 {
		q := p.reserves(p.member, qa.NewQuestion{
			Title: "Fuga di notizie", Body: "Chi è stato?", Tags: []string{"gara", "segreto"}, Origin: qa.Origin{Kind: "forum.topic", ID: [16]byte{1}},
		})
		a := p.says(p.colleague, q)
		p.remarks(p.member, ofAnswer(a))
		p.votes(p.member, ofAnswer(a), qa.For)
		p.votes(p.colleague, ofQuestion(q), qa.Against)
		p.accepts(p.member, a.ID)
		if i == 1 {
			must(t, p.q.Close(ctx, p.member, qa.Closure{Question: q.ID, Reason: qa.Duplicate, Of: open.ID}))
		}
		if i == 2 {
			must(t, p.q.Hide(ctx, p.moderator, ofQuestion(q), "Fuori tema"))
		}
		if i != 2 { // of what is hidden the colleague learns nothing
			got(p.q.Suggest(ctx, p.colleague, qa.PostEdit{Post: ofAnswer(a), Version: 1, Body: "Meglio"}))(t)
		}
	}
	after := told()
	for name := range before {
		equal(t, name, after[name], before[name])
	}
	if p.tells(p.member) == before["outsider"] {
		t.Fatal("nobody sees it: the test says nothing")
	}
}

func qaS04(t *testing.T, s community.Store) {
	p := newPanel(t, s)
	p.settled()
	theme := storage.NewID[qa.Theme]()
	p.reserves(p.colleague, qa.NewQuestion{Title: "Fuga di notizie", Tags: []string{"segreto"}, Themes: []qa.ThemeID{theme}})
	for name, who := range p.outsiders() {
		for _, c := range []struct{ hidden, absent qa.QuestionFilter }{
			{qa.QuestionFilter{Tag: "segreto"}, qa.QuestionFilter{Tag: "niente"}},
			{qa.QuestionFilter{Theme: theme}, qa.QuestionFilter{Theme: storage.NewID[qa.Theme]()}},
			{qa.QuestionFilter{Author: p.colleague.User}, qa.QuestionFilter{Author: newUser()}},
			{qa.QuestionFilter{Area: p.group}, qa.QuestionFilter{Area: newArea()}},
		} {
			page, err := p.q.Questions(ctx, who, c.hidden)
			absent, aerr := p.q.Questions(ctx, who, c.absent)
			equal(t, name, fmt.Sprintf("%+v %v", page, err), fmt.Sprintf("%+v %v", absent, aerr))
			same(t, len(page.Items), 0)
		}
		same(t, len(got(p.q.Tags(ctx, who, qa.TagFilter{Prefix: "seg"}))(t).Items), 0)
		same(t, len(got(p.q.Similar(ctx, who, qa.Asking{Title: "Fuga notizie"}))(t)), 0)
	}
}

// An aim is what calls about questions are made on.
type aim struct {
	question   qa.QuestionID
	answer     qa.AnswerID
	comment    qa.CommentID
	suggestion qa.SuggestionID
}

func aimless() aim {
	return aim{storage.NewID[qa.Question](), storage.NewID[qa.Answer](), storage.NewID[qa.Comment](), storage.NewID[qa.Suggestion]()}
}

func (x aim) disguise(err error) string {
	var b strings.Builder
	for ; err != nil; err = errors.Unwrap(err) {
		fmt.Fprintf(&b, "%T %v\n", err, err)
	}
	return strings.NewReplacer(x.question.String(), "QUESTION", x.answer.String(), "ANSWER", x.comment.String(), "COMMENT",
		x.suggestion.String(), "SUGGESTION").Replace(b.String())
}

// A qaCall asks one thing about what is aimed at.
type qaCall struct {
	name string
	do   func(q *qa.Service, who auth.Actor, x aim) error
}

// calls are all that can be asked about an object of questions by its ID.
func (p *panel) calls() []qaCall {
	tell := func(_ any, err error) error { return err }
	posts := []struct {
		name string
		of   func(x aim) qa.Post
	}{
		{"question", func(x aim) qa.Post { return qa.Post{Question: x.question} }},
		{"answer", func(x aim) qa.Post { return qa.Post{Question: x.question, Answer: x.answer} }},
		{"comment", func(x aim) qa.Post { return qa.Post{Question: x.question, Answer: x.answer, Comment: x.comment} }},
	}
	all := []qaCall{
		{"Page", func(q *qa.Service, who auth.Actor, x aim) error {
			return tell(q.Page(ctx, who, qa.QuestionPage{Question: x.question}))
		}},
		{"Page, bad cursor", func(q *qa.Service, who auth.Actor, x aim) error {
			return tell(q.Page(ctx, who, qa.QuestionPage{Question: x.question, After: "x"}))
		}},
		{"FindAnswer", func(q *qa.Service, who auth.Actor, x aim) error { return tell(q.FindAnswer(ctx, who, x.answer)) }},
		{"Answer", func(q *qa.Service, who auth.Actor, x aim) error {
			return tell(q.Answer(ctx, who, qa.NewAnswer{Question: x.question, Body: "Testo"}))
		}},
		{"Accept", func(q *qa.Service, who auth.Actor, x aim) error { return q.Accept(ctx, who, x.answer) }},
		{"Unaccept", func(q *qa.Service, who auth.Actor, x aim) error { return q.Unaccept(ctx, who, x.question) }},
		{"MarkUseful", func(q *qa.Service, who auth.Actor, x aim) error { return q.MarkUseful(ctx, who, x.answer, true) }},
		{"SetDelegate", func(q *qa.Service, who auth.Actor, x aim) error {
			return q.SetDelegate(ctx, who, x.question, p.member.User)
		}},
		{"Close", func(q *qa.Service, who auth.Actor, x aim) error {
			return q.Close(ctx, who, qa.Closure{Question: x.question, Reason: qa.Unclear})
		}},
		{"Reopen", func(q *qa.Service, who auth.Actor, x aim) error { return q.Reopen(ctx, who, x.question, "") }},
		{"Merge", func(q *qa.Service, who auth.Actor, x aim) error {
			return q.Merge(ctx, who, qa.Merge{From: x.question, Into: storage.NewID[qa.Question]()})
		}},
		{"Widen", func(q *qa.Service, who auth.Actor, x aim) error {
			return q.Widen(ctx, who, qa.Widen{Questions: []qa.QuestionID{x.question}, Audience: auth.Public, Why: "Interessa a tutti"})
		}},
		{"TurnDown", func(q *qa.Service, who auth.Actor, x aim) error { return q.TurnDown(ctx, who, x.question) }},
		{"Checked", func(q *qa.Service, who auth.Actor, x aim) error { return q.Checked(ctx, who, x.question) }},
		{"Suggestion", func(q *qa.Service, who auth.Actor, x aim) error { return tell(q.Suggestion(ctx, who, x.suggestion)) }},
		{"Approve", func(q *qa.Service, who auth.Actor, x aim) error { return tell(q.Approve(ctx, who, x.suggestion)) }},
		{"Decline", func(q *qa.Service, who auth.Actor, x aim) error { return q.Decline(ctx, who, x.suggestion, "") }},
		{"Retract", func(q *qa.Service, who auth.Actor, x aim) error { return q.Retract(ctx, who, x.suggestion) }},
	}
	for _, post := range posts {
		add := func(name string, do func(q *qa.Service, who auth.Actor, on qa.Post) error) {
			all = append(all, qaCall{name + " " + post.name, func(q *qa.Service, who auth.Actor, x aim) error { return do(q, who, post.of(x)) }})
		}
		edit := func(on qa.Post) qa.PostEdit {
			in := qa.PostEdit{Post: on, Version: 1, Body: "Testo"}
			if on.Answer.IsZero() && on.Comment.IsZero() {
				in.Title = "Titolo"
			}
			return in
		}
		add("Find", func(q *qa.Service, who auth.Actor, on qa.Post) error { return tell(q.Find(ctx, who, on)) })
		add("Look", func(q *qa.Service, who auth.Actor, on qa.Post) error { return tell(q.Look(ctx, who, on)) })
		add("Revisions", func(q *qa.Service, who auth.Actor, on qa.Post) error { return tell(q.Revisions(ctx, who, on)) })
		add("Edit", func(q *qa.Service, who auth.Actor, on qa.Post) error { return tell(q.Edit(ctx, who, edit(on))) })
		add("Rollback", func(q *qa.Service, who auth.Actor, on qa.Post) error { return tell(q.Rollback(ctx, who, on, 1, 1)) })
		add("Delete", func(q *qa.Service, who auth.Actor, on qa.Post) error { return q.Delete(ctx, who, on) })
		add("Hide", func(q *qa.Service, who auth.Actor, on qa.Post) error { return q.Hide(ctx, who, on, "Fuori tema") })
		add("Restore", func(q *qa.Service, who auth.Actor, on qa.Post) error { return q.Restore(ctx, who, on) })
		add("Purge", func(q *qa.Service, who auth.Actor, on qa.Post) error { return q.Purge(ctx, who, on, "Dati personali") })
		add("Attribute", func(q *qa.Service, who auth.Actor, on qa.Post) error {
			return q.Attribute(ctx, who, on, p.member.By(), "È suo")
		})
		if post.name == "comment" {
			continue
		}
		add("Comment", func(q *qa.Service, who auth.Actor, on qa.Post) error {
			return tell(q.Comment(ctx, who, qa.NewComment{Post: on, Body: "Testo"}))
		})
		add("Comments", func(q *qa.Service, who auth.Actor, on qa.Post) error {
			return tell(q.Comments(ctx, who, qa.CommentPage{Post: on}))
		})
		add("Vote", func(q *qa.Service, who auth.Actor, on qa.Post) error { return tell(q.Vote(ctx, who, on, qa.For)) })
		add("Suggest", func(q *qa.Service, who auth.Actor, on qa.Post) error { return tell(q.Suggest(ctx, who, edit(on))) })
		add("Suggestions", func(q *qa.Service, who auth.Actor, on qa.Post) error {
			return tell(q.Suggestions(ctx, who, qa.SuggestionPage{Post: on}))
		})
	}
	return all
}

// refusesAlike checks that each call about what is hidden is refused just as
// one about what never was.
func (p *panel) refusesAlike(name string, who auth.Actor, hidden aim) {
	p.Helper()
	absent := aimless()
	for _, c := range p.calls() {
		gotErr, wantErr := c.do(p.q, who, hidden), c.do(p.q, who, absent)
		if gotErr == nil {
			p.Errorf("%s: %s of what is hidden was answered", name, c.name)
			continue
		}
		equal(p.T, name+": "+c.name, hidden.disguise(gotErr), absent.disguise(wantErr))
	}
}

// secret is a reserved question with all that may stand below one.
func (p *panel) secret() aim {
	p.Helper()
	q := p.reserves(p.member, qa.NewQuestion{Title: "Fuga di notizie", Body: "Chi è stato?", Tags: []string{"segreto"}})
	a := p.says(p.colleague, q, "Il RUP")
	c := p.remarks(p.member, ofAnswer(a))
	v := got(p.q.Suggest(ctx, p.member, qa.PostEdit{Post: ofAnswer(a), Version: 1, Body: "Il DEC"}))(p.T)
	return aim{q.ID, a.ID, c.ID, v.ID}
}

func qaS06(t *testing.T, s community.Store) {
	p := newPanel(t, s)
	hidden := p.secret()
	open := p.asks(p.member, qa.NewQuestion{Title: "Nome in chiaro"})
	moved := p.says(p.colleague, open, "Parole in chiaro")
	remark := p.remarks(p.member, ofAnswer(moved))
	v := got(p.q.Suggest(ctx, p.member, qa.PostEdit{Post: ofAnswer(moved), Version: 1, Body: "Altre"}))(t)
	must(t, p.q.Merge(ctx, p.moderator, qa.Merge{From: open.ID, Into: hidden.question}))
	now := qa.Post{Question: hidden.question, Answer: moved.ID}
	for name, who := range p.outsiders() {
		for _, on := range []qa.Post{{Question: hidden.question}, {Question: hidden.question, Answer: hidden.answer}, now, ofAnswer(moved), ofComment(remark)} {
			absent := qa.Post{Question: on.Question, Answer: storage.NewID[qa.Answer](), Comment: on.Comment}
			if on.Answer.IsZero() {
				absent = qa.Post{Question: storage.NewID[qa.Question]()}
			}
			where, err := p.q.Find(ctx, who, on)
			_, aerr := p.q.Find(ctx, who, absent)
			is(t, err, storage.ErrNotFound)
			same(t, where, qa.Where{})
			x := aim{on.Question, on.Answer, on.Comment, v.ID}
			y := aim{absent.Question, absent.Answer, absent.Comment, v.ID}
			equal(t, name, x.disguise(err), y.disguise(aerr))
		}
		_, err := p.q.FindAnswer(ctx, who, moved.ID)
		is(t, err, storage.ErrNotFound)
	}
	for _, who := range []auth.Actor{p.member, p.moderator} {
		same(t, got(p.q.Find(ctx, who, ofAnswer(moved)))(t).Post, now)
	}
}

func qaS10(t *testing.T, s community.Store) {
	p := newPanel(t, s)
	p.settled()
	hidden := p.secret()
	for name, who := range p.outsiders() {
		p.refusesAlike(name, who, hidden)
	}
	// What was never shown is known to its author and to moderators alone.
	waits := newPanel(t, s, func(c *qa.Config) {
		c.Hold = func(_ context.Context, who auth.Actor, _ auth.Scope, _ auth.Action) (bool, error) {
			return who.For != auth.OrgID{}, nil // of this test
		}
	})
	held := waits.outsider
	held.For = storage.NewID[auth.Org]()
	q := waits.asks(held, qa.NewQuestion{Title: "In attesa"})
	x := aimless()
	x.question = q.ID
	for _, who := range []auth.Actor{waits.visitor, waits.stranger, waits.observer, waits.member} {
		waits.refusesAlike("held", who, x)
	}
	same(t, waits.page(waits.moderator, q.ID).Question.Title, "In attesa")
	same(t, waits.page(waits.outsider, q.ID).Question.Title, "In attesa")
}

func qaS17(t *testing.T, s community.Store) {
	for name, remove := range map[string]func(p *panel, on qa.Post) error{
		"hidden":  func(p *panel, on qa.Post) error { return p.q.Hide(ctx, p.moderator, on, "Fuori tema") },
		"purged":  func(p *panel, on qa.Post) error { return p.q.Purge(ctx, p.coordinator, on, "Dati personali") },
		"deleted": func(p *panel, on qa.Post) error { return p.q.Delete(ctx, p.member, on) },
	} {
		t.Run(name, func(t *testing.T) {
			p := newPanel(t, s)
			q := p.asks(p.outsider, qa.NewQuestion{})
			a := p.says(p.member, q, "Parola segretissima")
			c := got(p.q.Comment(ctx, p.member, qa.NewComment{Post: ofAnswer(a), Body: "Nota segretissima"}))(t)
			mine := p.asks(p.member, qa.NewQuestion{Title: "Titolo segretissimo", Body: "Cosa segretissima", Tags: []string{"segretissimo" + name}})
			p.edits(p.member, ofAnswer(a), "Altra parola segretissima")
			p.edits(p.member, ofQuestion(mine), "Altra cosa segretissima")
			p.accepts(p.outsider, a.ID)
			for _, on := range []qa.Post{ofComment(c), ofAnswer(a), ofQuestion(mine)} {
				must(t, remove(p, on))
			}
			for reader, who := range map[string]auth.Actor{"visitor": p.visitor, "observer": p.observer, "outsider": p.outsider, "colleague": p.colleague} {
				var b strings.Builder
				say := func(v any, err error) { fmt.Fprintf(&b, "%+v %v\n", v, err) }
				say(p.tells(who), nil)
				say(p.q.Page(ctx, who, qa.QuestionPage{Question: q.ID}))
				say(p.q.Page(ctx, who, qa.QuestionPage{Question: mine.ID}))
				for _, on := range []qa.Post{ofComment(c), ofAnswer(a), ofQuestion(mine)} {
					say(p.q.Look(ctx, who, on))
					say(p.q.Revisions(ctx, who, on))
					say(p.q.Comments(ctx, who, qa.CommentPage{Post: qa.Post{Question: on.Question, Answer: on.Answer}}))
				}
				if i := strings.Index(strings.ToLower(b.String()), "segretissim"); i >= 0 {
					t.Errorf("%s: %s", reader, b.String()[max(0, i-200):i+20])
				}
			}
		})
	}
}

func qaS18(t *testing.T, s community.Store) {
	p := newPanel(t, s)
	hidden := p.secret()
	q := p.asks(p.outsider, qa.NewQuestion{})
	a := p.says(p.outsider, q)
	c := p.remarks(p.outsider, ofAnswer(a))
	for name, on := range map[string]qa.Post{
		"another's answer":               {Question: q.ID, Answer: hidden.answer},
		"another's comment":              {Question: q.ID, Comment: hidden.comment},
		"another's comment, its answer":  {Question: q.ID, Answer: hidden.answer, Comment: hidden.comment},
		"a comment below another answer": {Question: q.ID, Answer: a.ID, Comment: hidden.comment},
		"a comment on the question":      {Question: q.ID, Comment: c.ID},
	} {
		t.Run(name, func(t *testing.T) {
			for _, who := range []auth.Actor{p.outsider, p.keeper, p.moderator, p.coordinator} {
				for _, c := range p.calls() {
					if strings.HasSuffix(c.name, " comment") != !on.Comment.IsZero() || strings.HasSuffix(c.name, " answer") != (on.Comment.IsZero() && !on.Answer.IsZero()) {
						continue
					}
					x := aim{on.Question, on.Answer, on.Comment, storage.NewID[qa.Suggestion]()}
					if err := c.do(p.q, who, x); !errors.Is(err, storage.ErrNotFound) && !errors.Is(err, auth.ErrDenied) {
						t.Errorf("%s: %v", c.name, err)
					}
				}
			}
		})
	}
	same(t, p.answer(hidden.answer).Version, 1)
	same(t, p.answer(hidden.answer).Removal, qa.Removal{})
}

func qaS19(t *testing.T, s community.Store) {
	p := newPanel(t, s)
	hidden := p.secret()
	open, other := p.asks(p.outsider, qa.NewQuestion{}), p.asks(p.outsider, qa.NewQuestion{})
	a := p.says(p.member, open)
	for name, c := range map[string]struct {
		who  auth.Actor
		in   qa.Merge
		want error
	}{
		"neither":              {p.member, qa.Merge{From: open.ID, Into: other.ID}, auth.ErrDenied},
		"their own":            {p.outsider, qa.Merge{From: open.ID, Into: other.ID}, auth.ErrDenied},
		"into what is hidden":  {p.keeper, qa.Merge{From: open.ID, Into: hidden.question}, storage.ErrInvalid},
		"from what is hidden":  {p.keeper, qa.Merge{From: hidden.question, Into: open.ID}, storage.ErrNotFound},
		"reads, not moderates": {p.member, qa.Merge{From: hidden.question, Into: open.ID}, auth.ErrDenied},
		"to more people":       {p.moderator, qa.Merge{From: hidden.question, Into: open.ID}, storage.ErrInvalid},
		"into itself":          {p.moderator, qa.Merge{From: open.ID, Into: open.ID}, storage.ErrInvalid},
	} {
		t.Run(name, func(t *testing.T) { is(t, p.q.Merge(ctx, c.who, c.in), c.want) })
	}
	same(t, p.answer(a.ID).Question, open.ID)
	same(t, p.question(open.ID).MergedInto, qa.QuestionID{})
	must(t, p.q.Merge(ctx, p.keeper, qa.Merge{From: open.ID, Into: other.ID})) // who moderates both
}

func qaS21(t *testing.T, s community.Store) {
	p := newPanel(t, s, func(c *qa.Config) { c.EditWindow = time.Hour })
	q := p.asks(p.outsider, qa.NewQuestion{Tags: []string{"gara"}})
	a := p.says(p.member, q)
	edit := func(who auth.Actor, in qa.PostEdit) error {
		t.Helper()
		_, err := p.q.Edit(ctx, who, in)
		return err
	}
	question := func(set func(*qa.PostEdit)) qa.PostEdit {
		in := qa.PostEdit{Post: ofQuestion(q), Version: 1, Title: "Titolo", Body: "Testo", Tags: []string{"gara"}}
		set(&in)
		return in
	}
	for name, in := range map[string]qa.PostEdit{
		"no title":           question(func(in *qa.PostEdit) { in.Title = " " }),
		"long title":         question(func(in *qa.PostEdit) { in.Title = strings.Repeat("a", qa.MaxTitle+1) }),
		"no body":            question(func(in *qa.PostEdit) { in.Body = "\n" }),
		"long body":          question(func(in *qa.PostEdit) { in.Body = strings.Repeat("a", qa.MaxBody+1) }),
		"long why":           question(func(in *qa.PostEdit) { in.Why = strings.Repeat("a", qa.MaxWhy+1) }),
		"many tags":          question(func(in *qa.PostEdit) { in.Tags = []string{"a", "b", "c", "d", "e", "f"} }),
		"bad tag":            question(func(in *qa.PostEdit) { in.Tags = []string{"<b>"} }),
		"tags on an answer":  {Post: ofAnswer(a), Version: 1, Body: "Testo", Tags: []string{"gara"}},
		"title of an answer": {Post: ofAnswer(a), Version: 1, Title: "Titolo", Body: "Testo"},
	} {
		t.Run(name, func(t *testing.T) {
			is(t, edit(p.moderator, in), storage.ErrInvalid)
			_, err := p.q.Suggest(ctx, p.colleague, in)
			is(t, err, storage.ErrInvalid)
		})
	}
	is(t, edit(p.colleague, question(func(*qa.PostEdit) {})), auth.ErrDenied)
	is(t, edit(p.observer, question(func(*qa.PostEdit) {})), auth.ErrDenied)
	v := got(p.q.Suggest(ctx, p.colleague, qa.PostEdit{Post: ofAnswer(a), Version: 1, Body: "Meglio"}))(t)
	for _, who := range []auth.Actor{p.colleague, p.outsider} { // nobody approves their own, nor another's answer
		_, err := p.q.Approve(ctx, who, v.ID)
		if !errors.Is(err, auth.ErrDenied) && !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("approved: %v", err)
		}
	}
	p.clock.pass(2 * time.Hour)
	is(t, edit(p.outsider, question(func(*qa.PostEdit) {})), qa.ErrTooLate)
	_, err := p.q.Rollback(ctx, p.member, ofAnswer(a), 1, 1)
	is(t, err, qa.ErrTooLate)
	_, err = p.q.Approve(ctx, p.member, v.ID)
	is(t, err, qa.ErrTooLate)
	must(t, p.q.Hide(ctx, p.moderator, ofAnswer(a), "Fuori tema"))
	_, err = p.q.Approve(ctx, p.moderator, v.ID)
	is(t, err, qa.ErrRemoved)
	same(t, p.answer(a.ID).Body, a.Body)
}

func qaS22(t *testing.T, _ community.Store) {
	known := map[string][]string{
		"NewQuestion": {"Key", "Area", "Audience", "Title", "Body", "Tags", "Themes", "Origin"},
		"NewAnswer":   {"Key", "Question", "Body", "Official"},
		"NewComment":  {"Key", "Post", "Body"},
		"PostEdit":    {"Post", "Version", "Title", "Body", "Tags", "Themes", "Why"},
		"Closure":     {"Question", "Reason", "Of", "Why"},
		"Merge":       {"From", "Into", "Why"},
		"Widen":       {"Questions", "Audience", "Why"},
	}
	for _, in := range []any{qa.NewQuestion{}, qa.NewAnswer{}, qa.NewComment{}, qa.PostEdit{}, qa.Closure{}, qa.Merge{}, qa.Widen{}} {
		typ := reflect.TypeOf(in)
		var fields []string
		for i := range typ.NumField() {
			fields = append(fields, typ.Field(i).Name)
		}
		same(t, fields, known[typ.Name()]) // who adds one says here who may set it
	}
}

func qaS24(t *testing.T, s community.Store) {
	p := newPanel(t, s)
	q := p.reserves(p.member, qa.NewQuestion{})
	a := p.says(p.colleague, q)
	c := p.remarks(p.member, ofAnswer(a))
	v := got(p.q.Suggest(ctx, p.member, qa.PostEdit{Post: ofAnswer(a), Version: 1, Body: "Meglio"}))(t)
	p.votes(p.member, ofAnswer(a), qa.For)
	must(t, p.q.SetDelegate(ctx, p.member, q.ID, p.colleague.User))
	got(p.q.Page(ctx, p.member, qa.QuestionPage{Question: q.ID}))(t)
	p.leaves(p.member)
	p.refusesAlike("who wrote it", p.member, aim{q.ID, a.ID, c.ID, v.ID})
	same(t, len(got(p.q.Suggestions(ctx, p.member, qa.SuggestionPage{Mine: true}))(t).Items), 0)
	p.leaves(p.colleague)
	p.refusesAlike("the delegate", p.colleague, aim{q.ID, a.ID, c.ID, v.ID})
	p.leaves(p.moderator)
	p.refusesAlike("a moderator", p.moderator, aim{q.ID, a.ID, c.ID, v.ID})
	same(t, p.answer(a.ID).Votes, qa.Tally{Up: 1})
	same(t, p.question(q.ID).Acceptance, qa.Acceptance{})
}

func qaS25(t *testing.T, s community.Store) {
	p := newPanel(t, s)
	q, other := p.asks(p.outsider, qa.NewQuestion{}), p.asks(p.member, qa.NewQuestion{})
	hidden := p.secret()
	a, b := p.says(p.member, q), p.says(p.colleague, q)
	p.accepts(p.outsider, a.ID)
	for name, who := range map[string]auth.Actor{
		"visitor": p.visitor, "stranger": p.stranger, "observer": p.observer, "author of the answer": p.member, "of another": p.colleague,
	} {
		t.Run(name, func(t *testing.T) {
			for _, err := range []error{
				p.q.Accept(ctx, who, b.ID), p.q.Unaccept(ctx, who, q.ID), p.q.MarkUseful(ctx, who, b.ID, true), p.q.SetDelegate(ctx, who, q.ID, who.User),
			} {
				is(t, err, auth.ErrDenied)
			}
		})
	}
	for _, who := range []auth.Actor{p.outsider, p.keeper} {
		is(t, p.q.Accept(ctx, who, hidden.answer), storage.ErrNotFound)
		is(t, p.q.Unaccept(ctx, who, hidden.question), storage.ErrNotFound)
	}
	is(t, p.q.Accept(ctx, p.moderator, hidden.answer), qa.ErrTooEarly)
	is(t, p.q.SetDelegate(ctx, p.moderator, q.ID, p.moderator.User), auth.ErrDenied)            // nor make themselves somebody who may
	is(t, p.q.SetDelegate(ctx, p.member, hidden.question, p.outsider.User), storage.ErrInvalid) // who cannot read it
	same(t, p.question(q.ID).Acceptance.Answer, a.ID)
	must(t, p.q.Close(ctx, p.moderator, qa.Closure{Question: q.ID, Reason: qa.Obsolete}))
	is(t, p.q.Accept(ctx, p.outsider, b.ID), qa.ErrClosed)
	is(t, p.q.Unaccept(ctx, p.outsider, q.ID), qa.ErrClosed)
	must(t, p.q.Hide(ctx, p.moderator, ofQuestion(other), "Fuori tema"))
	is(t, p.q.Unaccept(ctx, p.member, other.ID), qa.ErrRemoved)
	same(t, p.question(q.ID).Acceptance.Answer, a.ID)
	same(t, p.question(hidden.question).Acceptance, qa.Acceptance{})
}

func qaS26(t *testing.T, s community.Store) {
	p := newPanel(t, s)
	hidden := p.secret()
	p.refusesAlike("a moderator of the commons", p.keeper, hidden)
	p.people.put(p.keeper, community.Standing{Role: auth.Coordinator}) // nor does it when they rise there
	p.refusesAlike("a coordinator of the commons", p.keeper, hidden)
	same(t, len(got(p.q.Suggestions(ctx, p.keeper, qa.SuggestionPage{}))(t).Items), 0)
	same(t, len(got(p.q.Waiting(ctx, p.keeper, qa.WaitingPage{}))(t).Items), 0)
	same(t, len(got(p.q.Suggestions(ctx, p.moderator, qa.SuggestionPage{}))(t).Items), 1)
}

func qaS29(t *testing.T, s community.Store) {
	p := newPanel(t, s)
	var all []qa.Question
	for i := range 2 * 3 * len(states) {
		state := states[i%len(states)]
		q := p.newQuestionOf([]auth.AreaID{auth.Commons, p.group}[i/len(states)%2], auth.Audience(i/len(states)/2+1), []auth.Actor{p.outsider, p.member}[i%2])
		q.Removal.State = state
		must(t, p.c.Store.Apply(ctx, qa.InsertQuestion{Question: q, Words: []string{"dialogo"}}))
		all = append(all, q)
	}
	for name, who := range p.everybody() {
		for _, removed := range []bool{false, true} {
			listed := map[qa.QuestionID]bool{}
			in := qa.QuestionFilter{Removed: removed, Limit: 4}
			for {
				page := got(p.q.Questions(ctx, who, in))(t)
				for _, q := range page.Items {
					if listed[q.ID] {
						t.Errorf("%s: %v is listed twice", name, q.ID)
					}
					listed[q.ID] = true
				}
				if in.After = page.Next; in.After == "" {
					break
				}
			}
			for _, q := range all {
				_, err := p.q.Page(ctx, who, qa.QuestionPage{Question: q.ID})
				opens := err == nil
				want := opens && q.Removal.State == qa.Visible
				if removed {
					may := p.policy.Authorize(ctx, who, qa.Moderate, auth.Scope{Area: q.Area, Audience: q.Audience}) == nil
					want = opens && may && q.Removal.State != qa.Visible && q.Removal.State != qa.Held
				}
				if listed[q.ID] != want {
					t.Errorf("%s: area %v, audience %d, state %d: listed %v, removed %v, opened %v", name, q.Area, q.Audience, q.Removal.State, listed[q.ID], removed, err)
				}
			}
		}
	}
}

// newQuestionOf is a question as the store keeps one.
func (p *panel) newQuestionOf(area auth.AreaID, audience auth.Audience, by auth.Actor) qa.Question {
	p.clock.pass(time.Minute)
	now := p.clock.Now()
	return qa.Question{
		ID: storage.NewID[qa.Question](), Area: area, Audience: audience, Title: "Dialogo", ActiveAt: now, LastBy: by.By(),
		Entry: qa.Entry{By: by.By(), Body: "Testo", CreatedAt: now, Text: qa.TextState{Revision: 1, Substance: 1}, Version: 1},
	}
}

func qaS47(t *testing.T, s community.Store) {
	p := newPanel(t, s)
	q := p.asks(p.outsider, qa.NewQuestion{})
	a := p.says(p.outsider, q)
	sorted(t, together(64, func(int) error { _, err := p.q.Vote(ctx, p.member, ofAnswer(a), qa.For); return err }), storage.ErrConflict)
	same(t, p.answer(a.ID).Votes, qa.Tally{Up: 1})
	voters := []auth.Actor{p.member, p.colleague, p.moderator}
	sorted(t, together(96, func(i int) error {
		_, err := p.q.Vote(ctx, voters[i%3], ofAnswer(a), qa.Value(i/3%3-1))
		return err
	}), storage.ErrConflict)
	var sum qa.Tally
	for _, who := range voters {
		for _, v := range got(p.c.Store.Votes(ctx, who.User))(t) {
			if v.Value == qa.For {
				sum.Up++
			} else {
				sum.Down++
			}
		}
	}
	same(t, p.answer(a.ID).Votes, sum)
	for _, who := range voters {
		p.votes(who, ofAnswer(a), qa.None)
	}
	same(t, p.answer(a.ID).Votes, qa.Tally{})
}

func qaS49(t *testing.T, s community.Store) {
	p := newPanel(t, s)
	q := p.asks(p.outsider, qa.NewQuestion{})
	a := p.says(p.outsider, q)
	errs := together(16, func(i int) error {
		_, err := p.q.Edit(ctx, []auth.Actor{p.outsider, p.moderator}[i%2], qa.PostEdit{Post: ofAnswer(a), Version: 1, Body: fmt.Sprint("Testo ", i)})
		return err
	})
	won, lost := sorted(t, errs, storage.ErrConflict)
	same(t, [2]int{won, lost}, [2]int{1, 15})
	now := p.answer(a.ID)
	for _, err := range errs {
		var c *storage.Conflict
		if err != nil && (!errors.As(err, &c) || c.Current.(qa.Revision).Body != now.Body) {
			t.Errorf("%v shows %+v", err, c)
		}
	}
	same(t, len(got(p.q.Revisions(ctx, p.outsider, ofAnswer(a)))(t)), 2)
}

func qaS67(t *testing.T, s community.Store) {
	p := newPanel(t, s)
	q := p.asks(p.outsider, qa.NewQuestion{})
	a := p.says(p.member, q)
	long := func(n int) string { return strings.Repeat("è", n+1) }
	tell := func(_ any, err error) error { return err }
	ask := func(set func(*qa.NewQuestion)) error {
		in := qa.NewQuestion{Area: auth.Commons, Title: "Titolo", Body: "Testo"}
		set(&in)
		return tell(p.q.Ask(ctx, p.outsider, in))
	}
	var themes []qa.ThemeID
	for range qa.MaxThemes + 1 {
		themes = append(themes, storage.NewID[qa.Theme]())
	}
	for name, err := range map[string]error{
		"title":  ask(func(in *qa.NewQuestion) { in.Title = long(qa.MaxTitle) }),
		"body":   ask(func(in *qa.NewQuestion) { in.Body = long(qa.MaxBody) }),
		"tag":    ask(func(in *qa.NewQuestion) { in.Tags = []string{long(qa.MaxTag)} }),
		"tags":   ask(func(in *qa.NewQuestion) { in.Tags = []string{"a", "b", "c", "d", "e", "f"} }),
		"themes": ask(func(in *qa.NewQuestion) { in.Themes = themes }),
		"origin": ask(func(in *qa.NewQuestion) {
			in.Origin = qa.Origin{Kind: strings.Repeat("k", qa.MaxKind+1), ID: [16]byte{1}}
		}),
		"key":            ask(func(in *qa.NewQuestion) { in.Key = strings.Repeat("k", storage.MaxKey+1) }),
		"answer":         tell(p.q.Answer(ctx, p.member, qa.NewAnswer{Question: q.ID, Body: long(qa.MaxBody)})),
		"comment":        tell(p.q.Comment(ctx, p.member, qa.NewComment{Post: ofQuestion(q), Body: long(qa.MaxComment)})),
		"why of a hide":  p.q.Hide(ctx, p.moderator, ofAnswer(a), long(qa.MaxWhy)),
		"why of a close": p.q.Close(ctx, p.moderator, qa.Closure{Question: q.ID, Reason: qa.Unclear, Why: long(qa.MaxWhy)}),
		"why of a merge": p.q.Merge(ctx, p.moderator, qa.Merge{From: q.ID, Into: q.ID, Why: long(qa.MaxWhy)}),
	} {
		t.Run(name, func(t *testing.T) { is(t, err, storage.ErrInvalid) })
	}
	same(t, p.question(q.ID).Answers, 1)
	for i := range qa.MaxPending {
		got(p.q.Suggest(ctx, p.colleague, qa.PostEdit{Post: ofAnswer(a), Version: 1, Body: fmt.Sprint("Meglio ", i)}))(t)
	}
	_, err := p.q.Suggest(ctx, p.colleague, qa.PostEdit{Post: ofAnswer(a), Version: 1, Body: "Una di troppo"})
	is(t, err, storage.ErrInvalid)
}

func qaS68(t *testing.T, s community.Store) {
	p := newPanel(t, s)
	q := p.asks(p.outsider, qa.NewQuestion{})
	var changes []storage.Change
	for range storage.MaxLimit + 3 {
		next := p.newQuestionOf(auth.Commons, auth.Public, p.member)
		entry := next.Entry
		changes = append(changes, qa.InsertQuestion{Question: next}, qa.InsertAnswer{Answer: qa.Answer{ID: storage.NewID[qa.Answer](), Question: q.ID, Entry: entry}},
			qa.InsertComment{Comment: qa.Comment{ID: storage.NewID[qa.Comment](), Question: q.ID, Entry: entry}})
	}
	must(t, p.c.Store.Apply(ctx, changes...))
	for limit, want := range map[int]int{0: 20, -5: 20, 1: 1, 100: 100, 1 << 40: 100} {
		same(t, len(got(p.q.Questions(ctx, p.observer, qa.QuestionFilter{Limit: limit}))(t).Items), want)
		same(t, len(got(p.q.Page(ctx, p.observer, qa.QuestionPage{Question: q.ID, Limit: limit}))(t).Answers.Items), want)
		same(t, len(got(p.q.Comments(ctx, p.observer, qa.CommentPage{Post: ofQuestion(q), Limit: limit}))(t).Items), want)
	}
	same(t, len(p.page(p.observer, q.ID).Comments[ofQuestion(q)]), qa.CommentsHere)
}
