// SPDX-License-Identifier: BSD-3-Clause

package qa_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/storage"
)

// A scene is what everybody tries their hand at: a question of the author's
// with an answer and a comment of the author's, and one that nobody answered.
type scene struct {
	area       auth.AreaID
	audience   auth.Audience
	question   qa.Question
	answer     qa.Answer
	comment    qa.Comment // on the answer
	away       qa.Answer  // was deleted
	alone      qa.Question
	held       qa.Question   // waits for a moderator, where a test says so
	suggestion qa.Suggestion // to the answer, by somebody who is not among everybody
	origin     qa.Origin     // of the question
}

var forum = storage.NewID[qa.Question]().Bytes() // stands for a topic that a question was made from

// setScene puts somewhere what everybody tries their hand at.
func (w *world) setScene(area auth.AreaID) scene {
	x := scene{area: area, audience: auth.Public, origin: qa.Origin{Kind: "forum.topic", ID: forum}}
	if area == w.group {
		x.audience = auth.AreaMembers
	}
	w.joins("scout", auth.Member, auth.Member)
	scout := auth.Actor{User: w.people.names["scout"]}
	x.question = w.asks(w.author, qa.NewQuestion{Area: area, Audience: x.audience, Tags: []string{"soglie"}, Origin: x.origin})
	x.alone = w.asks(w.author, qa.NewQuestion{Area: area, Audience: x.audience, Title: "Altro?"})
	x.answer = w.answers(w.author, x.question.ID)
	x.comment = w.comments(w.author, ofAnswer(x.answer))
	x.away = w.answers(w.author, x.question.ID)
	require.NoError(w, w.qa.Delete(w.ctx, w.author, ofAnswer(x.away)))
	x.away = w.answer(x.away.ID)
	x.suggestion = w.suggests(scout, ofAnswer(x.answer), "Sono 221.000 euro dal 2024, @member.")
	return x
}

// may is the table of rights: who may call each exported method, for a question
// promised to everybody and for one of a reserved area. The columns are
//
//	visitor stranger observer outsider member author keeper moderator coordinator
//
// and say: y done, d denied, n not found (the same as what never was), o one's
// own post, r has been removed, - nothing is there.
var may = []struct {
	method   string
	open     string
	reserved string
	call     func(w *world, who auth.Actor, x scene) error
}{
	{"Questions", "yyyyyy yyy", "----yy -yy", func(w *world, who auth.Actor, x scene) error {
		page, err := w.qa.Questions(w.ctx, who, qa.QuestionFilter{Author: x.question.By.User, Area: x.area})
		return orNothing(len(page.Items), err)
	}},
	{"Page", "yyyyyy yyy", "nnnnyy nyy", func(w *world, who auth.Actor, x scene) error {
		return failure(w.qa.Page(w.ctx, who, qa.QuestionPage{Question: x.question.ID}))
	}},
	{"Find", "yyyyyy yyy", "nnnnyy nyy", func(w *world, who auth.Actor, x scene) error {
		return failure(w.qa.Find(w.ctx, who, ofComment(x.comment)))
	}},
	{"FindAnswer", "yyyyyy yyy", "nnnnyy nyy", func(w *world, who auth.Actor, x scene) error {
		return failure(w.qa.FindAnswer(w.ctx, who, x.answer.ID))
	}},
	{"Look", "yyyyyy yyy", "nnnnyy nyy", func(w *world, who auth.Actor, x scene) error {
		return failure(w.qa.Look(w.ctx, who, ofComment(x.comment)))
	}},
	{"Look at what is removed", "rrrrry yyy", "nnnnry nyy", func(w *world, who auth.Actor, x scene) error {
		return failure(w.qa.Look(w.ctx, who, ofAnswer(x.away)))
	}},
	{"Comments", "yyyyyy yyy", "nnnnyy nyy", func(w *world, who auth.Actor, x scene) error {
		return failure(w.qa.Comments(w.ctx, who, qa.CommentPage{Post: ofAnswer(x.answer)}))
	}},
	{"Comments on what is removed", "rrrrry yyy", "nnnnry nyy", func(w *world, who auth.Actor, x scene) error {
		return failure(w.qa.Comments(w.ctx, who, qa.CommentPage{Post: ofAnswer(x.away)}))
	}},
	{"Revisions", "yyyyyy yyy", "nnnnyy nyy", func(w *world, who auth.Actor, x scene) error {
		return failure(w.qa.Revisions(w.ctx, who, ofAnswer(x.answer)))
	}},
	{"Revisions of what is removed", "rrrrry yyy", "nnnnry nyy", func(w *world, who auth.Actor, x scene) error {
		return failure(w.qa.Revisions(w.ctx, who, ofAnswer(x.away)))
	}},
	{"Ask", "dddyyy yyy", "ddddyy dyy", func(w *world, who auth.Actor, x scene) error {
		return failure(w.qa.Ask(w.ctx, who, qa.NewQuestion{Area: x.area, Audience: x.audience, Title: "Titolo", Body: "Testo"}))
	}},
	{"Answer", "dddyyy yyy", "nnnnyy nyy", func(w *world, who auth.Actor, x scene) error {
		return failure(w.qa.Answer(w.ctx, who, qa.NewAnswer{Question: x.question.ID, Body: "Testo"}))
	}},
	{"Answer for an organisation", "dddyyy yyy", "dnnnyy nyy", func(w *world, who auth.Actor, x scene) error {
		who.For = storage.NewID[auth.Org]()
		return failure(w.qa.Answer(w.ctx, who, qa.NewAnswer{Question: x.question.ID, Body: "Testo", Official: true}))
	}},
	{"Comment", "dddyyy yyy", "nnnnyy nyy", func(w *world, who auth.Actor, x scene) error {
		return failure(w.qa.Comment(w.ctx, who, qa.NewComment{Post: ofAnswer(x.answer), Body: "Testo"}))
	}},
	{"Edit", "dddddy yyy", "nnnndy nyy", func(w *world, who auth.Actor, x scene) error {
		return failure(w.qa.Edit(w.ctx, who, qa.PostEdit{Post: ofAnswer(x.answer), Version: x.answer.Version, Body: "Altro"}))
	}},
	{"Edit of question", "dddddy yyy", "nnnndy nyy", func(w *world, who auth.Actor, x scene) error {
		return failure(w.qa.Edit(w.ctx, who, qa.PostEdit{Post: ofQuestion(x.question), Version: x.question.Version, Title: "Altro", Body: "Altro"}))
	}},
	{"Edit of comment", "dddddy yyy", "nnnndy nyy", func(w *world, who auth.Actor, x scene) error {
		return failure(w.qa.Edit(w.ctx, who, qa.PostEdit{Post: ofComment(x.comment), Version: x.comment.Version, Body: "Altro"}))
	}},
	{"Rollback", "dddddy yyy", "nnnndy nyy", func(w *world, who auth.Actor, x scene) error {
		return failure(w.qa.Rollback(w.ctx, who, ofAnswer(x.answer), x.answer.Version, 1))
	}},
	{"Suggest", "dddyyy yyy", "nnnnyy nyy", func(w *world, who auth.Actor, x scene) error {
		return failure(w.qa.Suggest(w.ctx, who, qa.PostEdit{Post: ofAnswer(x.answer), Version: x.answer.Version, Body: "Altro"}))
	}},
	{"Suggestion", "nnnnny yyy", "nnnnny nyy", func(w *world, who auth.Actor, x scene) error {
		return failure(w.qa.Suggestion(w.ctx, who, x.suggestion.ID))
	}},
	{"Suggestions", "------ yyy", "------ -yy", func(w *world, who auth.Actor, x scene) error {
		page, err := w.qa.Suggestions(w.ctx, who, qa.SuggestionPage{})
		return orNothing(len(page.Items), err)
	}},
	{"Suggestions to a post", "-----y yyy", "nnnn-y nyy", func(w *world, who auth.Actor, x scene) error {
		page, err := w.qa.Suggestions(w.ctx, who, qa.SuggestionPage{Post: ofAnswer(x.answer)})
		return orNothing(len(page.Items), err)
	}},
	{"Approve", "nnnnny yyy", "nnnnny nyy", func(w *world, who auth.Actor, x scene) error {
		return failure(w.qa.Approve(w.ctx, who, x.suggestion.ID))
	}},
	{"Decline", "nnnnny yyy", "nnnnny nyy", func(w *world, who auth.Actor, x scene) error {
		return w.qa.Decline(w.ctx, who, x.suggestion.ID, "Motivo")
	}},
	{"Retract", "nnnnnd ddd", "nnnnnd ndd", func(w *world, who auth.Actor, x scene) error { return w.qa.Retract(w.ctx, who, x.suggestion.ID) }},
	{"Vote", "dddyyo yyy", "dnnnyo nyy", func(w *world, who auth.Actor, x scene) error {
		return failure(w.qa.Vote(w.ctx, who, ofAnswer(x.answer), qa.For))
	}},
	{"Accept", "dddddy yyy", "dnnndy nyy", func(w *world, who auth.Actor, x scene) error { return w.qa.Accept(w.ctx, who, x.answer.ID) }},
	{"Unaccept", "dddddy yyy", "dnnndy nyy", func(w *world, who auth.Actor, x scene) error { return w.qa.Unaccept(w.ctx, who, x.question.ID) }},
	{"MarkUseful", "dddddy yyy", "dnnndy nyy", func(w *world, who auth.Actor, x scene) error {
		return w.qa.MarkUseful(w.ctx, who, x.answer.ID, true)
	}},
	{"SetDelegate", "dddddy ddd", "dnnndy ndd", func(w *world, who auth.Actor, x scene) error {
		return w.qa.SetDelegate(w.ctx, who, x.question.ID, w.member.User)
	}},
	{"Close", "dddddy yyy", "nnnndy nyy", func(w *world, who auth.Actor, x scene) error {
		return w.qa.Close(w.ctx, who, qa.Closure{Question: x.question.ID, Reason: qa.OffTopic})
	}},
	{"Reopen", "dddddy yyy", "nnnndy nyy", func(w *world, who auth.Actor, x scene) error { return w.qa.Reopen(w.ctx, who, x.question.ID, "") }},
	{"Merge", "dddddd yyy", "nnnndd nyy", func(w *world, who auth.Actor, x scene) error {
		return w.qa.Merge(w.ctx, who, qa.Merge{From: x.question.ID, Into: x.alone.ID})
	}},
	{"Delete", "dddddy ddd", "nnnndy ndd", func(w *world, who auth.Actor, x scene) error { return w.qa.Delete(w.ctx, who, ofAnswer(x.answer)) }},
	{"Delete of question", "dddddy ddd", "nnnndy ndd", func(w *world, who auth.Actor, x scene) error { return w.qa.Delete(w.ctx, who, ofQuestion(x.alone)) }},
	{"Delete of comment", "dddddy ddd", "nnnndy ndd", func(w *world, who auth.Actor, x scene) error { return w.qa.Delete(w.ctx, who, ofComment(x.comment)) }},
	{"Hide", "dddddd yyy", "nnnndd nyy", func(w *world, who auth.Actor, x scene) error {
		return w.qa.Hide(w.ctx, who, ofAnswer(x.answer), "Fuori tema")
	}},
	{"Restore", "dddddy yyy", "nnnndy nyy", func(w *world, who auth.Actor, x scene) error { return w.qa.Restore(w.ctx, who, ofAnswer(x.away)) }},
	{"Purge", "dddddd ddy", "nnnndd ndy", func(w *world, who auth.Actor, x scene) error {
		return w.qa.Purge(w.ctx, who, ofAnswer(x.answer), "Dati personali")
	}},
	{"Waiting", "------ yyy", "------ -yy", func(w *world, who auth.Actor, x scene) error {
		waits := qa.Question{
			ID: storage.NewID[qa.Question](), Area: x.area, Audience: x.audience, Title: "Di chi non è più qui", ActiveAt: w.now,
			Entry: qa.Entry{CreatedAt: w.now, Removal: qa.Removal{State: qa.Held}, Text: qa.TextState{Revision: 1, Substance: 1}, Version: 1},
		}
		if x.question.Title != "" { // it is there
			_ = w.store.Apply(context.WithoutCancel(w.ctx), qa.InsertQuestion{Question: waits})
		}
		page, err := w.qa.Waiting(w.ctx, who, qa.WaitingPage{})
		return orNothing(len(page.Items), err)
	}},
	{"Widen", "dddddd ddy", "nnnndd ndy", func(w *world, who auth.Actor, x scene) error {
		return w.qa.Widen(w.ctx, who, qa.Widen{Questions: []qa.QuestionID{x.question.ID}, Audience: x.audience, Why: "Interessa a tutti"})
	}},
	{"Attribute", "dddddd ddy", "nnnndd ndy", func(w *world, who auth.Actor, x scene) error {
		return w.qa.Attribute(w.ctx, who, ofAnswer(x.answer), w.member.By(), "L'ha scritto lui")
	}},
	{"Similar", "yyyyyy yyy", "----yy -yy", func(w *world, who auth.Actor, x scene) error {
		found, err := w.qa.Similar(w.ctx, who, qa.Asking{Title: x.question.Title, Tags: []string{"soglie"}})
		return orNothing(len(found), err)
	}},
	{"Tags", "yyyyyy yyy", "----yy -yy", func(w *world, who auth.Actor, x scene) error {
		page, err := w.qa.Tags(w.ctx, who, qa.TagFilter{Prefix: "sog"})
		return orNothing(len(page.Items), err)
	}},
	{"Synonyms", "ddyyyy yyy", "ddyyyy yyy", func(w *world, who auth.Actor, x scene) error { return failure(w.qa.Synonyms(w.ctx, who)) }},
	{"PutSynonym", "dddddd ddy", "dddddd ddy", func(w *world, who auth.Actor, x scene) error {
		return w.qa.PutSynonym(w.ctx, who, qa.Synonym{From: "limiti", To: "soglie"})
	}},
	{"DropSynonym", "dddddd ddn", "dddddd ddn", func(w *world, who auth.Actor, x scene) error { return w.qa.DropSynonym(w.ctx, who, "limiti") }},
	{"Offered", "yyyyyy yyy", "yyyyyy yyy", func(w *world, who auth.Actor, x scene) error {
		return failure(w.qa.Offered(w.ctx, who, qa.OfferPage{}))
	}},
	{"TurnDown", "dyyyyy yyy", "dnnnyy nyy", func(w *world, who auth.Actor, x scene) error { return w.qa.TurnDown(w.ctx, who, x.question.ID) }},
	{"MadeFrom", "yyyyyy yyy", "----yy -yy", func(w *world, who auth.Actor, x scene) error {
		found, err := w.qa.MadeFrom(w.ctx, who, x.origin)
		return orNothing(len(found), err)
	}},
	{"Checked", "dddddy yyy", "nnnndy nyy", func(w *world, who auth.Actor, x scene) error { return w.qa.Checked(w.ctx, who, x.question.ID) }},
}

// unasked are the methods that ask for nobody's leave: they are the host's.
var unasked = []string{"Recheck", "Bucket", "Export", "Erase"}

var errNothing = errors.New("nothing is there")

func orNothing(n int, err error) error {
	if err == nil && n == 0 {
		return errNothing
	}
	return err
}

// verdicts are what the letters of the table say.
var verdicts = map[byte]error{
	'y': nil, 'd': auth.ErrDenied, 'n': storage.ErrNotFound, 'o': qa.ErrOwn, 'r': qa.ErrRemoved, '-': errNothing,
}

// atOnce lets caretakers accept without having to wait.
func atOnce(c *qa.Config) { c.AcceptAfter = -1 }

func TestWhoMay(t *testing.T) {
	t.Parallel()
	for _, row := range may {
		for place, want := range map[string]string{"open": row.open, "reserved": row.reserved} {
			t.Run(row.method+"/"+place, func(t *testing.T) {
				t.Parallel()
				want := strings.ReplaceAll(want, " ", "")
				for i, name := range new(world).everybody() {
					w := newWorld(t, atOnce)
					area := auth.Commons
					if place == "reserved" {
						area = w.group
					}
					x := w.setScene(area)
					before := w.dump()
					err := row.call(w, w.everybody()[i].Actor, x)
					require.True(t, errors.Is(err, verdicts[want[i]]), "%s: %v, want %v", name.name, err, verdicts[want[i]])
					if err != nil && row.method != "Waiting" {
						require.Equal(t, before, w.dump(), "%s was refused and something is changed", name.name)
					}
				}
				require.Len(t, want, len(new(world).everybody()))
			})
		}
	}
}

// verbs are the actions that each method asks for, of somebody who may do all
// that it takes.
var verbs = map[string]struct {
	by    func(*world) auth.Actor
	needs []auth.Action
}{
	"Questions":                    {(*world).writes, []auth.Action{qa.Read}},
	"Page":                         {(*world).writes, []auth.Action{qa.Read}},
	"Find":                         {(*world).writes, []auth.Action{qa.Read}},
	"FindAnswer":                   {(*world).writes, []auth.Action{qa.Read}},
	"Look":                         {(*world).writes, []auth.Action{qa.Read}},
	"Look at what is removed":      {(*world).moderates, []auth.Action{qa.Read, qa.Moderate}},
	"Comments":                     {(*world).writes, []auth.Action{qa.Read}},
	"Comments on what is removed":  {(*world).moderates, []auth.Action{qa.Read, qa.Moderate}},
	"Revisions":                    {(*world).writes, []auth.Action{qa.Read}},
	"Revisions of what is removed": {(*world).moderates, []auth.Action{qa.Read, qa.Moderate}},
	"Ask":                          {(*world).writes, []auth.Action{qa.Start}},
	"Answer":                       {(*world).writes, []auth.Action{qa.Read, qa.Reply}},
	"Answer for an organisation":   {(*world).writes, []auth.Action{qa.Read, qa.Reply, qa.Speak}},
	"Comment":                      {(*world).writes, []auth.Action{qa.Read, qa.Remark}},
	"Edit":                         {(*world).writes, []auth.Action{qa.Read, qa.Amend}},
	"Edit of question":             {(*world).moderates, []auth.Action{qa.Read, qa.Moderate}},
	"Edit of comment":              {(*world).writes, []auth.Action{qa.Read, qa.Amend}},
	"Rollback":                     {(*world).moderates, []auth.Action{qa.Read, qa.Moderate}},
	"Suggest":                      {(*world).writes, []auth.Action{qa.Read, qa.Propose}},
	"Suggestion":                   {(*world).moderates, []auth.Action{qa.Read, qa.Moderate}},
	"Suggestions":                  {(*world).moderates, []auth.Action{qa.Read, qa.Moderate}},
	"Suggestions to a post":        {(*world).writes, []auth.Action{qa.Read}},
	"Approve":                      {(*world).writes, []auth.Action{qa.Read, qa.Amend}},
	"Decline":                      {(*world).moderates, []auth.Action{qa.Read, qa.Moderate}},
	"Vote":                         {(*world).moderates, []auth.Action{qa.Read, qa.Cast}},
	"Accept":                       {(*world).writes, []auth.Action{qa.Read, qa.Settle}},
	"Unaccept":                     {(*world).moderates, []auth.Action{qa.Read, qa.Settle, qa.Moderate}},
	"MarkUseful":                   {(*world).writes, []auth.Action{qa.Read, qa.Settle}},
	"SetDelegate":                  {(*world).writes, []auth.Action{qa.Read, qa.Settle}},
	"Close":                        {(*world).writes, []auth.Action{qa.Read, qa.Amend}},
	"Reopen":                       {(*world).moderates, []auth.Action{qa.Read, qa.Moderate}},
	"Merge":                        {(*world).moderates, []auth.Action{qa.Read, qa.Moderate}},
	"Delete":                       {(*world).writes, []auth.Action{qa.Read, qa.Amend}},
	"Delete of question":           {(*world).writes, []auth.Action{qa.Read, qa.Amend}},
	"Delete of comment":            {(*world).writes, []auth.Action{qa.Read, qa.Amend}},
	"Hide":                         {(*world).moderates, []auth.Action{qa.Read, qa.Moderate}},
	"Restore":                      {(*world).writes, []auth.Action{qa.Read, qa.Amend}},
	"Purge":                        {(*world).coordinates, []auth.Action{qa.Read, qa.Purge}},
	"Waiting":                      {(*world).moderates, []auth.Action{qa.Read, qa.Moderate}},
	"Widen":                        {(*world).coordinates, []auth.Action{qa.Read, qa.Disclose}},
	"Attribute":                    {(*world).coordinates, []auth.Action{qa.Read, qa.Manage}},
	"Similar":                      {(*world).writes, []auth.Action{qa.Read}},
	"Tags":                         {(*world).writes, []auth.Action{qa.Read}},
	"Synonyms":                     {(*world).writes, []auth.Action{qa.Read}},
	"PutSynonym":                   {(*world).coordinates, []auth.Action{qa.Manage}},
	"Offered":                      {(*world).writes, nil}, // without Read it is empty
	"TurnDown":                     {(*world).writes, []auth.Action{qa.Read}},
	"MadeFrom":                     {(*world).writes, []auth.Action{qa.Read}},
	"Checked":                      {(*world).writes, []auth.Action{qa.Read, qa.Amend}},
}

// Every method asks for its own actions and for no others: whoever lacks one of
// them is refused, and whoever lacks any other is not.
func TestVerbs(t *testing.T) {
	t.Parallel()
	for _, row := range may {
		if row.method == "Retract" || row.method == "DropSynonym" {
			continue // they are refused to all, or there is none
		}
		v, known := verbs[row.method]
		require.True(t, known, row.method)
		for _, do := range qa.Actions {
			w := newWorld(t, atOnce)
			x := w.setScene(w.group)
			w.qa = w.without(do, v.by(w))
			err := row.call(w, v.by(w), x)
			require.Equal(t, slices.Contains(v.needs, do), err != nil, "%s without %s: %v", row.method, do, err)
			if err != nil {
				require.True(t, errors.Is(err, auth.ErrDenied) || errors.Is(err, storage.ErrNotFound) || errors.Is(err, errNothing) ||
					errors.Is(err, qa.ErrRemoved), "%s without %s: %v", row.method, do, err)
			}
		}
	}
}

// without is the world's service where one person may not do one thing.
func (w *world) without(do auth.Action, who auth.Actor) *qa.Service {
	cfg := w.config
	cfg.Auth = without{cfg.Auth, do, who}
	return qa.New(cfg)
}

type without struct {
	auth.Authorizer
	do  auth.Action
	who auth.Actor
}

func (a without) Authorize(ctx context.Context, who auth.Actor, do auth.Action, at auth.Scope) error {
	if do == a.do && who.User == a.who.User {
		return &auth.Denied{Action: do, Reason: auth.ReasonRole}
	}
	return a.Authorizer.Authorize(ctx, who, do, at)
}

func (a without) Reach(ctx context.Context, who auth.Actor, do auth.Action) (auth.Reach, error) {
	if do == a.do && who.User == a.who.User {
		return auth.Reach{}, nil
	}
	return a.Authorizer.Reach(ctx, who, do)
}

// Rights are those of the place: a moderator of the commons is a member among
// others in a group, and a group's moderator moderates there.
func TestRightsAreOfThePlace(t *testing.T) {
	t.Parallel()
	for _, row := range may {
		want := strings.ReplaceAll(row.reserved, " ", "")
		for _, c := range []struct {
			there, here auth.Role
			as          byte
		}{{auth.Moderator, auth.Member, want[4]}, {auth.Member, auth.Moderator, want[7]}} {
			w := newWorld(t, atOnce)
			x := w.setScene(w.group)
			w.stands(w.keeper, c.there, c.here)
			err := row.call(w, w.keeper, x)
			require.True(t, errors.Is(err, verdicts[c.as]), "%s: %v, want %v", row.method, err, verdicts[c.as])
		}
	}
}

func TestWhoMayIsComplete(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for _, name := range unasked {
		known[name] = true
	}
	for _, row := range may {
		known[strings.Fields(row.method)[0]] = true
	}
	for typ, i := reflect.TypeFor[*qa.Service](), 0; i < typ.NumMethod(); i++ {
		assert.True(t, known[typ.Method(i).Name], "the table of rights lacks %s", typ.Method(i).Name)
	}
}

// What a member may change is in the input types, and nothing else: no byline,
// no time, no counter, no role.
func TestS22InputsHoldNothingElse(t *testing.T) {
	t.Parallel()
	for _, in := range []any{
		qa.NewQuestion{}, qa.NewAnswer{}, qa.NewComment{}, qa.PostEdit{}, qa.Closure{}, qa.Merge{}, qa.Widen{}, qa.Asking{},
		qa.QuestionFilter{}, qa.QuestionPage{}, qa.CommentPage{}, qa.SuggestionPage{}, qa.TagFilter{}, qa.OfferPage{},
	} {
		for _, f := range reflect.VisibleFields(reflect.TypeOf(in)) {
			for _, forbidden := range []string{"By", "At", "CreatedAt", "Removal", "State", "Votes", "Useful", "Acceptance", "Reach", "Reader", "User", "Delegate"} {
				assert.NotEqual(t, forbidden, f.Name, fmt.Sprintf("%T", in))
			}
		}
	}
}

// To whoever may not read it, what is reserved is refused in the same words as
// what never was, whatever is asked.
func TestS10HiddenIsAsWhatNeverWas(t *testing.T) {
	t.Parallel()
	for _, row := range may {
		for i, column := range strings.ReplaceAll(row.reserved, " ", "") {
			if column != 'n' || row.method == "DropSynonym" {
				continue
			}
			w := newWorld(t, atOnce)
			x := w.setScene(w.group)
			absent := x.never()
			who := w.everybody()[i]
			hidden, never := row.call(w, who.Actor, x), row.call(w, who.Actor, absent)
			require.Error(t, never, "%s by %s", row.method, who.name)
			require.Equal(t, absent.words(never), x.words(hidden), "%s by %s", row.method, who.name)
		}
	}
}

// never is a scene like this one that never was.
func (x scene) never() scene {
	x.question.ID, x.alone.ID = storage.NewID[qa.Question](), storage.NewID[qa.Question]()
	x.answer.ID, x.away.ID = storage.NewID[qa.Answer](), storage.NewID[qa.Answer]()
	x.answer.Question, x.away.Question = x.question.ID, x.question.ID
	x.comment.ID, x.comment.Question, x.comment.Answer = storage.NewID[qa.Comment](), x.question.ID, x.answer.ID
	x.suggestion.ID = storage.NewID[qa.Suggestion]()
	x.question.Title = ""
	return x
}

// words are an error's, without the ids that were asked for.
func (x scene) words(err error) string {
	text := err.Error()
	for _, id := range []string{
		x.question.ID.String(), x.alone.ID.String(), x.answer.ID.String(), x.away.ID.String(), x.comment.ID.String(), x.suggestion.ID.String(),
	} {
		text = strings.ReplaceAll(text, id, "id")
	}
	return text
}

// Two worlds that differ only in what somebody may not see answer them byte for
// byte alike.
func TestAnOutsiderLearnsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, atOnce)
	open := w.setScene(auth.Commons)
	duplicate := w.asks(w.author, qa.NewQuestion{Title: "Doppia"})
	linked := w.asks(w.author, qa.NewQuestion{Title: "Seconda"})
	w.pass(time.Hour)
	hers := func(who auth.Actor) string {
		var said []any
		say := func(v any, err error) {
			if err != nil {
				v = err.Error()
			}
			said = append(said, v)
		}
		for _, filter := range []qa.QuestionFilter{
			{}, {Order: qa.Active}, {Order: qa.Voted}, {Tag: "soglie"}, {Tag: "segreto"}, {Author: w.author.User}, {Area: w.group}, {Unanswered: true}, {Removed: true}, {Limit: 1},
		} {
			say(w.qa.Questions(w.ctx, who, filter))
		}
		for _, q := range []qa.QuestionID{open.question.ID, duplicate.ID, linked.ID} {
			say(w.qa.Page(w.ctx, who, qa.QuestionPage{Question: q}))
			say(w.qa.Look(w.ctx, who, qa.Post{Question: q}))
			say(w.qa.Comments(w.ctx, who, qa.CommentPage{Post: qa.Post{Question: q}}))
			say(w.qa.Revisions(w.ctx, who, qa.Post{Question: q}))
		}
		for _, a := range []qa.Answer{open.answer, open.away} {
			say(w.qa.FindAnswer(w.ctx, who, a.ID))
			say(w.qa.Look(w.ctx, who, ofAnswer(a)))
			say(w.qa.Comments(w.ctx, who, qa.CommentPage{Post: ofAnswer(a)}))
		}
		say(w.qa.Suggestions(w.ctx, who, qa.SuggestionPage{}))
		say(w.qa.Suggestions(w.ctx, who, qa.SuggestionPage{Mine: true}))
		say(w.qa.Waiting(w.ctx, who, qa.WaitingPage{}))
		say(w.qa.Tags(w.ctx, who, qa.TagFilter{}))
		say(w.qa.Similar(w.ctx, who, qa.Asking{Title: "Soglie segrete del 2026?", Tags: []string{"soglie", "segreto"}}))
		say(w.qa.MadeFrom(w.ctx, who, open.origin))
		return fmt.Sprintf("%+v", said)
	}
	// That they were closed is told to everybody, and whose duplicates they are
	// only to those who may read that.
	elsewhere := w.asks(w.coordinator, qa.NewQuestion{Title: "Da nascondere", Area: w.group, Audience: auth.CommunityMembers})
	w.closes(duplicate.ID, qa.Duplicate, elsewhere.ID)
	w.now = w.now.Add(time.Hour)
	noon := w.now
	outside := []named{{"visitor", w.visitor}, {"stranger", w.stranger}, {"outsider", w.outsider}, {"keeper", w.keeper}}
	require.NoError(t, w.qa.Hide(w.ctx, w.coordinator, ofQuestion(elsewhere), "Via"))
	before := map[string]string{}
	for _, who := range outside {
		before[who.name] = hers(who.Actor)
		require.NotContains(t, before[who.name], elsewhere.ID.String(), who.name)
	}
	// Now much happens that none of them sees.
	secret := w.reserves(w.author, qa.NewQuestion{Title: "Soglie segrete del 2026?", Tags: []string{"soglie", "segreto"}, Origin: open.origin})
	a := w.answers(w.member, secret.ID, "In segreto")
	w.comments(w.member, ofAnswer(a))
	w.accepts(w.author, a.ID)
	w.suggests(w.member, ofQuestion(secret), "Altro segreto")
	w.votes(w.coordinator, ofAnswer(a), qa.For)
	w.closes(secret.ID, qa.Duplicate, linked.ID)
	w.now = noon
	for _, who := range outside {
		require.Equal(t, before[who.name], hers(who.Actor), who.name)
	}
}

// A cursor opens nothing: with another person's, one goes on in one's own list.
func TestS61CursorOfAnother(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 3 {
		w.asks(w.author, qa.NewQuestion{Title: "Aperto", Tags: []string{"soglie"}})
		w.reserves(w.author, qa.NewQuestion{Title: "Riservato", Tags: []string{"soglie"}})
	}
	for _, filter := range []qa.QuestionFilter{{}, {Area: w.group}, {Author: w.author.User}, {Tag: "soglie"}, {Unanswered: true}, {Order: qa.Voted}} {
		filter.Limit = 1
		mine, theirs := filter, filter
		for range 5 {
			page, err := w.qa.Questions(w.ctx, w.coordinator, theirs)
			require.NoError(t, err)
			mine.After, theirs.After = page.Next, page.Next
			seen, err := w.qa.Questions(w.ctx, w.outsider, mine)
			require.NoError(t, err)
			for _, q := range seen.Items {
				require.Equal(t, "Aperto", q.Title)
			}
		}
	}
	secret := w.reserves(w.author, qa.NewQuestion{})
	a := w.answers(w.author, secret.ID)
	where, err := w.qa.FindAnswer(w.ctx, w.member, a.ID)
	require.NoError(t, err)
	for _, after := range []storage.Cursor{where.After, "guasto"} {
		_, err := w.qa.Page(w.ctx, w.outsider, qa.QuestionPage{Question: secret.ID, After: after})
		require.ErrorIs(t, err, storage.ErrNotFound)
		require.NotErrorIs(t, err, storage.ErrInvalid)
	}
	_, err = w.qa.Page(w.ctx, w.member, qa.QuestionPage{Question: secret.ID, After: "guasto"})
	require.ErrorIs(t, err, storage.ErrInvalid)
}

// From how a text is refused, nobody who may not write it learns who has a
// name here.
func TestS12NamesAreNotGuessed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.setScene(auth.Commons)
	for name, call := range map[string]func(who auth.Actor, body string) error{
		"ask": func(who auth.Actor, body string) error {
			return failure(w.qa.Ask(w.ctx, who, qa.NewQuestion{Area: auth.Commons, Title: "Titolo", Body: body}))
		},
		"answer": func(who auth.Actor, body string) error {
			return failure(w.qa.Answer(w.ctx, who, qa.NewAnswer{Question: x.question.ID, Body: body}))
		},
		"comment": func(who auth.Actor, body string) error {
			return failure(w.qa.Comment(w.ctx, who, qa.NewComment{Post: ofAnswer(x.answer), Body: body}))
		},
		"edit": func(who auth.Actor, body string) error {
			return failure(w.qa.Edit(w.ctx, who, qa.PostEdit{Post: ofAnswer(x.answer), Version: 1, Body: body}))
		},
	} {
		for _, who := range []auth.Actor{w.visitor, w.stranger, w.observer} {
			known, unknown := call(who, strings.Repeat("@member ", 101)), call(who, strings.Repeat("@nessuno ", 101))
			require.ErrorIs(t, known, auth.ErrDenied, name)
			require.Equal(t, unknown.Error(), known.Error(), name)
		}
		require.ErrorIs(t, call(w.coordinator, strings.Repeat("@member ", 101)), storage.ErrInvalid, name)
	}
}

// Who wrote what was taken away, who took it away and why, is in nothing that
// others are given.
func TestS14NamesBehindWhatIsRemoved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	q := w.asks(w.author, qa.NewQuestion{})
	a := w.answers(w.outsider, q.ID, "Insulto")
	c := w.comments(w.outsider, ofQuestion(q), "Insulto")
	below := w.comments(w.author, ofAnswer(a), "Sotto")
	w.edits(w.outsider, ofAnswer(a), "Insulto peggiore")
	gone := w.asks(w.outsider, qa.NewQuestion{Title: "Insulto"})
	posts := []qa.Post{ofAnswer(a), ofComment(c), ofQuestion(gone)}
	for _, p := range posts {
		require.NoError(t, w.qa.Hide(w.ctx, w.keeper, p, "Motivo"))
	}
	for _, who := range []auth.Actor{w.visitor, w.stranger, w.observer, w.member, w.author} {
		var said []any
		say := func(v any, _ error) { said = append(said, v) }
		for _, filter := range []qa.QuestionFilter{{}, {Author: w.outsider.User}, {Removed: true}} {
			say(w.list(who, filter), nil)
		}
		for _, p := range append(posts, ofQuestion(q), ofComment(below)) {
			say(w.qa.Page(w.ctx, who, qa.QuestionPage{Question: p.Question}))
			say(w.qa.Comments(w.ctx, who, qa.CommentPage{Post: p}))
			say(w.qa.Revisions(w.ctx, who, p))
			say(w.qa.Look(w.ctx, who, p))
			say(w.qa.Find(w.ctx, who, p))
		}
		text := fmt.Sprintf("%+v", said)
		for _, secret := range []string{w.outsider.User.String(), w.keeper.User.String(), "Insulto", "Motivo", "correzione"} {
			require.NotContains(t, text, secret)
		}
	}
}
