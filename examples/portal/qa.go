// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"cmp"
	"html/template"
	"net/http"
	"slices"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/wiki"
)

// The times of questions: when a moderator may accept in the asker's stead, how
// long a vote may be changed, and how long a comment may be edited.
const (
	acceptAfter = 14 * 24 * time.Hour
	voteTime    = 24 * time.Hour
	remarkTime  = 15 * time.Minute
)

// questions is how the portal has questions.
func questions() qa.Config {
	return qa.Config{AcceptAfter: acceptAfter, VoteWindow: voteTime, RemarkTime: remarkTime, MaxBody: forum.MaxBody}
}

// questionPages are the pages of questions.
func (p *portal) questionPages() map[string]func(*visit) error {
	pages := map[string]func(*visit) error{
		"GET questions":                         p.questions,
		"GET questions/tags":                    p.tags,
		"GET questions/new":                     p.askPage,
		"POST questions/new":                    p.askQuestion,
		"GET questions/{question}":              p.question,
		"GET questions/{question}/answer":       p.answerPage,
		"POST questions/{question}/answer":      p.answer,
		"POST questions/{question}/unaccept":    p.unaccept,
		"POST questions/{question}/reopen":      p.reopen,
		"POST questions/{question}/checked":     p.checked,
		"POST questions/{question}/turn-down":   p.turnDown,
		"GET questions/{question}/close":        p.closePage,
		"POST questions/{question}/close":       p.closeQuestion,
		"GET questions/{question}/merge":        p.mergeQuestionPage,
		"POST questions/{question}/merge":       p.mergeQuestion,
		"GET questions/{question}/delegate":     p.delegatePage,
		"POST questions/{question}/delegate":    p.delegate,
		"GET answers/{answer}":                  p.qaPermalink,
		"POST answers/{answer}/accept":          p.accept,
		"POST answers/{answer}/also":            p.alsoUseful,
		"GET suggestions":                       p.mine(p.suggestions),
		"GET suggestions/{suggestion}":          p.suggestion,
		"POST suggestions/{suggestion}/approve": p.approveSuggestion,
		"POST suggestions/{suggestion}/decline": p.declineSuggestion,
		"POST suggestions/{suggestion}/retract": p.retractSuggestion,
		"GET topics/{topic}/question":           p.convertPage,
		"POST topics/{topic}/question":          p.convert,
	}
	for _, post := range []string{"questions/{question}", "answers/{answer}"} {
		pages["POST "+post+"/vote"] = p.vote
		pages["GET "+post+"/comments"] = p.comments
		pages["GET "+post+"/comment"] = p.commentPage
		pages["POST "+post+"/comment"] = p.comment
		pages["GET "+post+"/suggest"] = p.suggestPage
		pages["POST "+post+"/suggest"] = p.suggest
		pages["GET "+post+"/suggestions"] = p.suggestionsTo
		pages["GET "+post+"/comments/{comment}"] = p.qaPermalink
		for _, any := range []string{post, post + "/comments/{comment}"} {
			pages["GET "+any+"/edit"] = p.qaEditPage
			pages["POST "+any+"/edit"] = p.qaEdit
			pages["GET "+any+"/history"] = p.qaHistory
			pages["POST "+any+"/rollback"] = p.rollback
			pages["POST "+any+"/delete"] = p.qaDelete
			pages["POST "+any+"/restore"] = p.qaRestore
			pages["GET "+any+"/hide"] = p.qaHidePage
			pages["POST "+any+"/hide"] = p.qaHide
			pages["GET "+any+"/purge"] = p.qaPurgePage
			pages["POST "+any+"/purge"] = p.qaPurge
		}
	}
	return pages
}

// qaRights are what the reader may do in a question. They only choose what a
// page offers; the service decides again.
type qaRights struct {
	keys
	Reply, Remark, Cast, Propose, Settle bool
}

func (p *portal) qaRights(v *visit, q qa.Question) qaRights {
	if v.me == nil {
		return qaRights{}
	}
	at := auth.Scope{Area: q.Area, Audience: q.Audience, Author: q.By.User}
	can := qaRights{
		keys:  p.keys(v, at, qa.Amend, qa.Moderate, qa.Purge),
		Reply: p.may(v, qa.Reply, at), Remark: p.may(v, qa.Remark, at), Cast: p.may(v, qa.Cast, at), Propose: p.may(v, qa.Propose, at),
	}
	can.Settle = p.may(v, qa.Settle, at) && p.settles(v, q, can.Moderate)
	return can
}

// settles reports whether the reader may say which answer is the right one, as
// far as their role lets them: the asker, their delegate, or after a while a
// moderator.
func (p *portal) settles(v *visit, q qa.Question, moderates bool) bool {
	if !q.MergedInto.IsZero() || q.Removal.State != qa.Visible || q.Closing.Reason != 0 && !moderates {
		return false
	}
	spoken := q.CreatedAt
	if a := q.Acceptance; !a.Answer.IsZero() && a.Capacity != qa.Caretaker {
		spoken = a.At
	}
	return q.By.User == v.who.User || q.Delegate == v.who.User || moderates && !p.clock.Now().Before(spoken.Add(acceptAfter))
}

// A qaPost is a question, an answer or a comment as a page shows it.
type qaPost struct {
	Post     qa.Post
	Path     string // of its pages: "answers/018f…"
	Anchor   string
	Label    string // what it is, in words
	By       byline
	At       time.Time
	Text     qa.TextState
	Edited   byline // by whom
	Removal  qa.Removal
	HTML     template.HTML
	After    storage.Cursor // the page that it is on, to come back to
	Votes    qa.Tally
	Vote     qa.Value // the reader's
	Accepted bool
	Modified bool // since it was accepted
	Useful   bool // besides the accepted one
	Official bool
	Acceptor byline // who accepted it
	As       qa.Capacity
	AcceptAt time.Time

	Comments []qaPost
	More     int // comments that are not here

	MayVote, MayRemark, MayAccept, MayUnaccept, MayUseful, MaySuggest, SeesSuggestions bool
	deeds
}

// Shown reports whether there is a text to show.
func (x qaPost) Shown() bool { return x.Removal.State == qa.Visible || x.HTML != "" }

// Gone names the state of a post that others do not see; empty: they do.
func (x qaPost) Gone() string { return stateNames[forum.State(x.Removal.State)] }

// Score is the votes for the post less those against it.
func (x qaPost) Score() int { return x.Votes.Score() }

// Acts reports whether there is anything to do below the post but to vote.
func (x qaPost) Acts() bool {
	return x.MayAccept || x.MayUnaccept || x.MayUseful || x.MaySuggest || x.SeesSuggestions || x.deeds.Any()
}

// qaPath returns the address of the pages of a post.
func qaPath(at qa.Post) string {
	path := "questions/" + at.Question.String()
	if !at.Answer.IsZero() {
		path = "answers/" + at.Answer.String()
	}
	if !at.Comment.IsZero() {
		path += "/comments/" + at.Comment.String()
	}
	return path
}

// qaAnchor names a post within its page.
func qaAnchor(at qa.Post) string {
	switch {
	case !at.Comment.IsZero():
		return "c-" + at.Comment.String()
	case !at.Answer.IsZero():
		return "a-" + at.Answer.String()
	}
	return "question"
}

// show makes a post of a question as the reader may see it.
func (p *portal) showPost(v *visit, q qa.Question, at qa.Post, e qa.Entry, can qaRights) qaPost {
	x := qaPost{
		Post: at, Path: qaPath(at), Anchor: qaAnchor(at), By: p.byline(v, e.By), At: e.CreatedAt, Text: e.Text, Edited: p.byline(v, e.Text.EditedBy),
		Removal: e.Removal, HTML: p.html(v, e.Body), After: v.cursor(),
	}
	if e.Body == "" {
		x.HTML = ""
	}
	state, mine, comment := e.Removal.State, !v.who.User.IsZero() && e.By.User == v.who.User, !at.Comment.IsZero()
	visible, shown := state == qa.Visible, q.Removal.State == qa.Visible
	inTime := !comment || !p.clock.Now().After(e.CreatedAt.Add(remarkTime))
	x.MayVote = visible && shown && !comment && !mine && can.Cast && q.MergedInto.IsZero()
	x.MayRemark = visible && shown && !comment && can.Remark
	x.deeds = can.deeds(forum.State(state), mine, inTime, comment || !at.Answer.IsZero() || q.Answers == 0)
	x.MayEdit = x.MayEdit && shown
	x.MaySuggest = visible && shown && !comment && !x.MayEdit && can.Propose
	x.SeesSuggestions = visible && !comment && (mine || can.Moderate || x.MaySuggest) && v.me != nil
	return x
}

func (p *portal) showAnswer(v *visit, q qa.Question, a qa.Answer, can qaRights) qaPost {
	x := p.showPost(v, q, qa.Post{Question: q.ID, Answer: a.ID}, a.Entry, can)
	x.Label, x.Votes, x.Useful, x.Official = p.t(v, "qa.answer.of", "Name", x.By.Name), a.Votes, a.Useful, a.Official
	asker := q.By.User == v.who.User || q.Delegate == v.who.User
	settles := can.Settle && x.Removal.State == qa.Visible && (asker || a.By.User != v.who.User)
	if acc := q.Acceptance; acc.Answer == a.ID {
		x.Accepted, x.Modified = true, a.Text.Substance > acc.Revision
		x.Acceptor, x.As, x.AcceptAt = p.byline(v, acc.By), acc.Capacity, acc.At
		x.MayUnaccept, x.MayAccept = can.Settle, settles && x.Modified
	} else {
		x.MayAccept, x.MayUseful = settles, settles
	}
	return x
}

// questionView is a question's page.
type questionView struct {
	Question qa.Question
	Title    string
	Area     area
	Post     qaPost
	Answers  []qaPost
	Here     string
	Next     storage.Cursor
	Start    bool // this is the first page
	Closed   byline
	Original *qa.Question // what it is a duplicate of, or was merged into
	Linked   []qa.Question
	Origin   *way        // the topic that it was made from
	Pages    []wiki.Page // that were made from its accepted answer
	Delegate byline
	Bucket   int
	Can      qaRights

	MayClose, MayReopen, MayDelegate, MayCheck, MayMerge, MayDistil bool

	Form qaForm // to answer
}

// MayAnswer reports whether the page has a form to answer.
func (x questionView) MayAnswer() bool {
	return x.Can.Reply && x.Question.Closing.Reason == 0 && x.Question.MergedInto.IsZero() && x.Question.Removal.State == qa.Visible
}

// Merged reports whether the answers stand with another question.
func (x questionView) Merged() bool { return !x.Question.MergedInto.IsZero() }

func (p *portal) question(v *visit) error {
	id, err := v.questionID()
	if err != nil {
		return err
	}
	page, err := p.c.QA.Page(v.ctx(), v.who, qa.QuestionPage{Question: id, After: v.cursor()})
	if err != nil {
		return err
	}
	view, err := p.questionView(v, page)
	if err != nil {
		return err
	}
	return p.show(v, "question", view.Title, view)
}

// questionView makes the page of a question out of what is kept of it.
func (p *portal) questionView(v *visit, page qa.Page) (view questionView, err error) {
	q := page.Question
	p.learn(v, namedInPage(page)...)
	view = questionView{
		Question: q, Title: cmp.Or(q.Title, p.t(v, "qa.untitled")), Area: p.area(q.Area), Here: p.url("questions", q.ID), Next: page.Answers.Next, Start: v.cursor() == "",
		Closed: p.byline(v, q.Closing.By), Delegate: p.byline(v, auth.By{User: q.Delegate}), Linked: page.Linked, Bucket: p.c.QA.Bucket(q), Can: p.qaRights(v, q),
	}
	if !page.Original.ID.IsZero() {
		view.Original = &page.Original
	}
	mine, visible := v.me != nil && q.By.User == v.who.User, q.Removal.State == qa.Visible
	amends := func(mine bool) bool { return visible && (mine && view.Can.Change || view.Can.Moderate) }
	merged := view.Merged()
	view.MayClose = amends(mine) && !merged && q.Closing.Reason == 0
	view.MayReopen = q.Closing.Reason != 0 && !merged && v.me != nil && amends(q.Closing.By.User == v.who.User)
	view.MayMerge = visible && view.Can.Moderate && !merged
	view.MayDelegate = mine && visible && view.Can.Settle && !merged
	view.MayCheck = amends(mine) && !q.RecheckAt.IsZero()
	view.Post = p.showPost(v, q, qa.Post{Question: q.ID}, q.Entry, view.Can)
	view.Post.Label, view.Post.Votes = p.t(v, "qa.question"), q.Votes
	p.complete(v, &view.Post, page, q.Comments, view.Can)
	for _, a := range page.Answers.Items {
		x := p.showAnswer(v, q, a, view.Can)
		p.complete(v, &x, page, a.Comments, view.Can)
		view.Answers = append(view.Answers, x)
	}
	if q.Origin.Kind == community.FromTopic {
		if view.Origin, err = p.topicOf(v, q.Origin); err != nil {
			return view, err
		}
	}
	if view.Pages, err = p.pagesOf(v, q); err != nil {
		return view, err
	}
	view.MayDistil = visible && !q.Acceptance.Answer.IsZero() && v.me != nil && p.may(v, wiki.Write, auth.Scope{Area: q.Area, Audience: q.Audience})
	view.Form = p.answerForm(v, q)
	return view, nil
}

// complete adds to a post what a page says of it: its votes and comments.
func (p *portal) complete(v *visit, x *qaPost, page qa.Page, comments int, can qaRights) {
	vote := page.Votes[x.Post]
	x.Vote = vote.Value
	x.MayVote = x.MayVote && (x.Vote == qa.None || x.Text.EditedAt.After(vote.At) || !p.clock.Now().After(vote.At.Add(voteTime)))
	visible := 0
	for _, c := range page.Comments[x.Post] {
		x.Comments = append(x.Comments, p.showComment(v, page.Question, c, can))
		if c.Removal.State == qa.Visible {
			visible++
		}
	}
	if x.More = comments - visible; x.More <= 0 && len(page.Comments[x.Post]) == qa.CommentsHere {
		x.More = 0
	}
}

func (p *portal) showComment(v *visit, q qa.Question, c qa.Comment, can qaRights) qaPost {
	x := p.showPost(v, q, qa.Post{Question: c.Question, Answer: c.Answer, Comment: c.ID}, c.Entry, can)
	x.Label = p.t(v, "qa.comment.of", "Name", x.By.Name)
	return x
}

// namedInPage returns who is named on the page of a question.
func namedInPage(page qa.Page) []auth.By {
	entry := func(e qa.Entry) []auth.By {
		return append(byUsers(auth.Mentions(e.Body)), e.By, e.Text.EditedBy)
	}
	q := page.Question
	out := append(entry(q.Entry), q.Closing.By, q.Acceptance.By, auth.By{User: q.Delegate})
	for _, a := range page.Answers.Items {
		out = append(out, entry(a.Entry)...)
	}
	for _, some := range page.Comments {
		for _, c := range some {
			out = append(out, entry(c.Entry)...)
		}
	}
	return out
}

// topicOf returns the topic that a question was made from, or none if the
// reader may not open it.
func (p *portal) topicOf(v *visit, o qa.Origin) (*way, error) {
	id := storage.MakeID[forum.Topic](o.ID)
	pl, err := p.c.Forum.Look(v.ctx(), v.who, forum.Post{Topic: id})
	if status, _ := failure(err); err != nil && status < http.StatusInternalServerError {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &way{p.url("topics", id), cmp.Or(pl.Topic.Title, p.t(v, "topic.untitled"))}, nil
}

func (v *visit) questionID() (qa.QuestionID, error) { return pathID[qa.Question](v, "question") }

// ---- lists

// A questionRow is a question in a list.
type questionRow struct {
	qa.Question
	Asker byline
	Age   int // the bucket of an unanswered one
}

func (p *portal) questionRows(v *visit, list []qa.Question) []questionRow {
	bys := make([]auth.By, len(list))
	for i, q := range list {
		bys[i] = q.By
	}
	p.learn(v, bys...)
	out := make([]questionRow, len(list))
	for i, q := range list {
		out[i] = questionRow{q, p.byline(v, q.By), p.c.QA.Bucket(q)}
	}
	return out
}

// A tab is one of several lists of the same things.
type tab struct {
	Href, Label string
	Current     bool
}

// questionsView is a list of questions.
type questionsView struct {
	Tabs    []tab
	Pending pending
	Tag     string
	Rows    []questionRow
	Here    string
	Next    storage.Cursor
	First   bool // page
	MayAsk  bool
	Offered bool // they may be turned down
}

// Lists of questions, as the parameter show names them; the messages are
// "qa.list.NAME".
var questionLists = []string{"newest", "active", "voted", "unanswered", "offered", "removed"}

var questionOrders = map[string]qa.Order{"active": qa.Active, "voted": qa.Voted}

func (p *portal) questions(v *visit) error {
	asked := v.r.URL.Query()
	list, tag := cmp.Or(asked.Get("show"), "newest"), asked.Get("tag")
	if !slices.Contains(questionLists, list) {
		return storage.ErrNotFound
	}
	view := questionsView{Tag: tag, First: v.cursor() == "", MayAsk: p.mayAsk(v), Offered: list == "offered"}
	for _, name := range questionLists {
		if name == "offered" && v.me == nil || name == "removed" && len(p.areasFor(v, qa.Moderate)) == 0 {
			continue
		}
		show := name
		if name == "newest" {
			show = ""
		}
		x := tab{query(p.url("questions"), "show", show), p.t(v, "qa.list."+name), name == list && tag == ""}
		if name == list {
			view.Here = query(x.Href, "tag", tag)
		}
		view.Tabs = append(view.Tabs, x)
	}
	var page storage.Page[qa.Question]
	var err error
	if view.Offered {
		page, err = p.c.QA.Offered(v.ctx(), v.who, qa.OfferPage{After: v.cursor()})
	} else {
		page, err = p.c.QA.Questions(v.ctx(), v.who, qa.QuestionFilter{
			Tag: tag, Order: questionOrders[list], Unanswered: list == "unanswered", Removed: list == "removed", After: v.cursor(),
		})
	}
	if err != nil {
		return err
	}
	view.Rows, view.Next = p.questionRows(v, page.Items), page.Next
	if view.Pending, err = p.pending(v, nil, func(x qa.Place) bool { return x.Answer.ID.IsZero() && x.Comment.ID.IsZero() }); err != nil {
		return err
	}
	title := p.t(v, "qa.title")
	if tag != "" {
		title = p.t(v, "qa.tagged", "Tag", tag)
	}
	return p.show(v, "questions", title, view)
}

// mayAsk reports whether the reader may ask a question anywhere.
func (p *portal) mayAsk(v *visit) bool { return v.me != nil && len(p.areasFor(v, qa.Start)) > 0 }

func (p *portal) turnDown(v *visit) error {
	id, err := v.questionID()
	if err != nil {
		return err
	}
	if err := p.c.QA.TurnDown(v.ctx(), v.who, id); err != nil {
		return err
	}
	return p.redirect(v, query(p.url("questions"), "show", "offered", "done", "turned_down"))
}

// tagsView is a list of tags.
type tagsView struct {
	Form  fields
	Tags  []qa.Tagged
	Here  string
	Next  storage.Cursor
	First bool // page
}

func (p *portal) tags(v *visit) error {
	prefix := v.r.URL.Query().Get("prefix")
	page, err := p.c.QA.Tags(v.ctx(), v.who, qa.TagFilter{Prefix: prefix, After: v.cursor()})
	if err != nil {
		return err
	}
	return p.show(v, "tags", p.t(v, "qa.tags"), tagsView{
		Form: fields{Value: map[string]string{"prefix": prefix}}, Tags: page.Items, Here: query(p.url("questions/tags"), "prefix", prefix), Next: page.Next, First: v.cursor() == "",
	})
}

// How many questions stand on the home page, of each kind.
const homeQuestions = 5

// homeShelf returns questions for the home page; nothing if the phase lets
// nobody read any.
func (p *portal) homeShelf(v *visit, in qa.QuestionFilter) ([]questionRow, error) {
	in.Limit = homeQuestions
	page, err := p.c.QA.Questions(v.ctx(), v.who, in)
	if kind(auth.ErrDenied)(err) {
		return nil, nil
	}
	return p.questionRows(v, page.Items), err
}
