// SPDX-License-Identifier: BSD-3-Clause

package storetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/storage"
)

var qaRowPromises = []promise{
	{"QA/Values", "every field is read as it was inserted, and as it was updated but for the ID, CreatedAt, the acceptance and the counters, wherever it is read", false, qaValues},
	{"QA/Values/Lists", "lists have every field of a question but its body", false, qaListValues},
	{"QA/Values/Revision", "every field of a revision is read as it was inserted", false, qaRevisionValues},
	{"QA/Values/Acceptance", "every field of an acceptance is read as it was set", false, qaAcceptanceValues},
	{"QA/Zero", "zero fields are read as zero", false, qaZero},
	{"QA/Times", "times are read in UTC, to the microsecond, from the year 1 to 9999, and the zero time as zero", false, qaTimes},
	{"QA/IDs", "identifiers of any bytes are kept", false, qaIDs},
	{"QA/Numbers", "numbers are read as they were written, large ones too", false, qaNumbers},
	{"QA/LongTexts", "texts of the greatest length, and as many tags and themes as may be, are kept", false, qaLongTexts},
	{"QA/Versions", "an update of any version but the present one is ErrConflict, and of what is not there ErrNotFound; what goes with it is not made", false, qaVersions},
	{"QA/Exists", "an insert of what is there is ErrExists, and what goes with it is not made", false, qaExists},
	{"QA/Texts", "every text is kept as it is, however hostile", false, qaTexts},
	{"QA/Texts/Loose", "so are those of revisions, synonyms, origins, tags and words", false, qaLooseTexts},
	{"QA/Refused", "what is not UTF-8 or has a NUL is ErrInvalid where it is written", false, qaRefused},
	{"QA/Refused/Asked", "where it is asked for it is ErrInvalid, or found nowhere", false, qaRefusedAsked},
	{"QA/Copies", "what the caller does to values given or taken changes nothing in the store", false, qaCopies},
}

func qaValues(t *testing.T, s community.Store) {
	eachHelpdesk(t, s, func(h *helpdesk, k anyKeeper) { k.values(h.roster) })
}

func qaListValues(t *testing.T, s community.Store) {
	h := newHelpdesk(t, s)
	for seed := range seeds {
		v := filledQuestion(h.roster, seed)
		v.Removal, v.MergedInto, v.Audience = qa.Removal{}, qa.QuestionID{}, auth.Public
		h.do(qa.InsertQuestion{Question: v, Words: []string{v.Title}}, qa.SetOffers{Question: v.ID, Users: []auth.UserID{v.By.User}})
		original := v.Closing.Of
		v.Body = ""
		first := func(p storage.Page[qa.Question], err error) qa.Question { return one(h.roster, p.Items, err) }
		for name, read := range map[string]func() qa.Question{
			"area": func() qa.Question {
				return first(h.q.Questions(ctx, qa.QuestionQuery{Reach: everything, Area: v.Area}))
			},
			"author": func() qa.Question {
				return first(h.q.Questions(ctx, qa.QuestionQuery{Reach: everything, Author: v.By.User}))
			},
			"tag": func() qa.Question {
				return first(h.q.Questions(ctx, qa.QuestionQuery{Reach: everything, Tag: v.Tags[1], Area: v.Area}))
			},
			"theme": func() qa.Question {
				return first(h.q.Questions(ctx, qa.QuestionQuery{Reach: everything, Theme: v.Themes[0]}))
			},
			"offered": func() qa.Question {
				return first(h.q.Questions(ctx, qa.QuestionQuery{Reach: everything, Offered: v.By.User}))
			},
			"voted": func() qa.Question {
				return first(h.q.Questions(ctx, qa.QuestionQuery{Reach: everything, Area: v.Area, Order: qa.Voted}))
			},
			"active": func() qa.Question {
				return first(h.q.Questions(ctx, qa.QuestionQuery{Reach: everything, Area: v.Area, Order: qa.Active}))
			},
			"similar": func() qa.Question {
				all, err := h.q.Similar(ctx, qa.SimilarQuery{Reach: everything, Words: []string{v.Title}, Limit: 5})
				return one(h.roster, all, err)
			},
			"linked": func() qa.Question {
				return one(h.roster, h.page(qa.PageQuery{Question: original, Reach: everything}).Linked, nil)
			},
		} {
			t.Run(name, func(t *testing.T) { h.T = t; same(t, read(), v) })
		}
		h.T = t
		gone := h.question(v.ID)
		gone.Removal = qa.Removal{State: qa.Hidden, At: at(5), By: newBy(), Why: "motivo"}
		h.do(qa.UpdateQuestion{Question: gone})
		gone.Body, gone.Version = "", gone.Version+1
		same(t, first(h.q.Questions(ctx, qa.QuestionQuery{Reach: everything, Removed: true, Area: v.Area})), gone)
	}
}

func qaRevisionValues(t *testing.T, s community.Store) {
	h := newHelpdesk(t, s)
	q := h.asks(nil)
	a := h.answers(q, nil)
	for _, of := range []qa.Post{ofQuestion(q), ofAnswer(a), ofComment(h.remarks(ofQuestion(q), nil)), ofComment(h.remarks(ofAnswer(a), nil))} {
		var want []qa.Revision
		for seed := range seeds {
			v := fill[qa.Revision](t, seed)
			v.Post = of
			h.do(qa.InsertRevision{Revision: v})
			want = append(want, v) // N grows with the seed
		}
		same(t, got(h.q.Revisions(ctx, of))(t), want)
	}
}

func qaAcceptanceValues(t *testing.T, s community.Store) {
	h := newHelpdesk(t, s)
	q := h.asks(nil)
	a := h.answers(q, nil)
	for seed := range seeds {
		v := fill[qa.Acceptance](t, seed)
		v.Answer = a.ID
		h.do(qa.Accept{Question: q.ID, Version: h.question(q.ID).Version, Acceptance: v})
		same(t, h.question(q.ID).Acceptance, v)
		same(t, h.page(qa.PageQuery{Question: q.ID}).Question.Acceptance, v)
		same(t, h.place(ofAnswer(a), auth.UserID{}).Question.Acceptance, v)
		same(t, got(h.q.Questions(ctx, qa.QuestionQuery{Reach: everything}))(t).Items[0].Acceptance, v)
	}
}

func qaZero(t *testing.T, s community.Store) {
	eachHelpdesk(t, s, func(h *helpdesk, k anyKeeper) { k.zero(h.roster) })
	h := newHelpdesk(t, s)
	q := qa.Question{ID: storage.NewID[qa.Question](), Area: newArea(), Audience: auth.Public, Entry: qa.Entry{CreatedAt: at(1), Version: 1}, ActiveAt: at(1)}
	a := qa.Answer{ID: storage.NewID[qa.Answer](), Question: q.ID, Entry: qa.Entry{CreatedAt: at(1), Version: 1}}
	c := qa.Comment{ID: storage.NewID[qa.Comment](), Question: q.ID, Entry: qa.Entry{CreatedAt: at(1), Version: 1}}
	v := qa.Revision{Post: ofQuestion(q), N: 1, At: at(1)}
	h.do(qa.InsertQuestion{Question: q}, qa.InsertAnswer{Answer: a}, qa.InsertComment{Comment: c}, qa.InsertRevision{Revision: v})
	same(t, got(h.q.Revisions(ctx, ofQuestion(q)))(t), []qa.Revision{v})
	same(t, h.place(ofComment(c), auth.UserID{}).Comment, c)
	same(t, h.answer(a.ID), a)
	q.Answers, q.Comments = 1, 1
	same(t, h.question(q.ID), q)
	same(t, h.place(ofQuestion(q), newUser()).Vote, qa.Vote{})
}

func qaTimes(t *testing.T, s community.Store) {
	eachHelpdesk(t, s, func(h *helpdesk, k anyKeeper) { k.keepsTimes(h.roster) })
	h := newHelpdesk(t, s)
	rome := time.FixedZone("CET", 3600)
	for _, given := range []time.Time{
		at(0), at(0).Add(1999 * time.Nanosecond), at(0).In(rome), time.Unix(0, 1000).UTC(), time.Date(1969, 12, 31, 23, 59, 59, 999999000, time.UTC),
		time.Date(1, 1, 1, 0, 0, 0, 1000, time.UTC), time.Date(9999, 12, 31, 23, 59, 59, 999999000, time.UTC), time.Date(2026, 3, 29, 2, 30, 0, 0, rome),
	} {
		kept := given.UTC().Truncate(time.Microsecond)
		q := h.asks(func(q *qa.Question) { q.CreatedAt, q.Area = given, newArea() })
		same(t, h.question(q.ID).CreatedAt, kept)
		same(t, h.question(q.ID).ActiveAt, kept)
		a := h.answers(q, func(a *qa.Answer) { a.CreatedAt = given })
		same(t, h.question(q.ID).ActiveAt, kept)
		user := newUser()
		h.do(qa.Accept{Question: q.ID, Version: 1, Acceptance: qa.Acceptance{Answer: a.ID, Revision: 1, Capacity: qa.Asker, At: given}},
			qa.SetVote{Post: ofAnswer(a), User: user, To: qa.For, At: given},
			qa.InsertRevision{Revision: qa.Revision{Post: ofAnswer(a), N: 1, At: given}})
		same(t, h.question(q.ID).Acceptance.At, kept)
		same(t, h.place(ofAnswer(a), user).Vote.At, kept)
		same(t, got(h.q.Votes(ctx, user))(t)[0].At, kept)
		same(t, got(h.q.Revisions(ctx, ofAnswer(a)))(t)[0].At, kept)
		same(t, len(got(h.q.Questions(ctx, qa.QuestionQuery{Reach: everything, Area: q.Area, Before: given}))(t).Items), 0)
		same(t, len(got(h.q.Questions(ctx, qa.QuestionQuery{Reach: everything, Area: q.Area, Before: kept.Add(time.Microsecond)}))(t).Items), 1)
	}
}

func qaIDs(t *testing.T, s community.Store) {
	h := newHelpdesk(t, s)
	for _, id := range []uuid.UUID{{1}, {15: 1}, uuid.Max, uuid.New(), uuid.MustParse("00000000-0000-7000-8000-000000000000"), {0: 0x7f, 8: 0xff}} {
		by := auth.By{User: storage.MakeID[auth.User](id), For: storage.MakeID[auth.Org](id)}
		q := h.asks(func(q *qa.Question) {
			q.ID, q.By, q.Area = storage.MakeID[qa.Question](id), by, storage.MakeID[auth.Area](id)
			q.Themes, q.Delegate, q.Origin = []qa.ThemeID{storage.MakeID[qa.Theme](id)}, by.User, qa.Origin{Kind: "k", ID: id}
		})
		a := h.answers(q, func(a *qa.Answer) { a.ID, a.By = storage.MakeID[qa.Answer](id), by })
		c := h.remarks(ofAnswer(a), func(c *qa.Comment) { c.ID, c.By = storage.MakeID[qa.Comment](id), by })
		h.casts(by.User, ofAnswer(a), qa.For)
		pl := h.place(ofComment(c), by.User)
		same(t, pl.Question.Themes, q.Themes)
		same(t, pl.Comment, c)
		same(t, pl.Answer.Votes, qa.Tally{Up: 1})
		same(t, questionIDs(got(h.q.From(ctx, q.Origin, everything))(t)), []qa.QuestionID{q.ID})
		same(t, questionIDs(got(h.q.Questions(ctx, qa.QuestionQuery{Reach: auth.Reach{Areas: []auth.AreaID{q.Area}}, Theme: q.Themes[0]}))(t).Items), []qa.QuestionID{q.ID})
		v := h.suggests(ofAnswer(a), func(v *qa.Suggestion) { v.ID, v.By = storage.MakeID[qa.Suggestion](id), by })
		same(t, got(h.q.Suggestion(ctx, v.ID))(t), v)
	}
}

func qaNumbers(t *testing.T, s community.Store) {
	h := newHelpdesk(t, s)
	const most = 1<<31 - 2
	q := h.asks(func(q *qa.Question) { q.Version, q.Text.Revision, q.Text.Substance = most, most, most })
	same(t, h.question(q.ID), q)
	a := h.answers(q, func(a *qa.Answer) { a.Version, a.Text.Revision, a.Text.Substance = most, most, most })
	same(t, h.answer(a.ID), a)
	h.do(qa.Accept{Question: q.ID, Version: most, Acceptance: qa.Acceptance{Answer: a.ID, Revision: most, Capacity: qa.Caretaker, At: at(1)}})
	same(t, h.question(q.ID).Acceptance.Revision, most)
	same(t, h.question(q.ID).Version, most+1)
	for _, version := range []int{0, -1, most, 1 << 40, -1 << 62, 1<<62 + 1} {
		q.Version, a.Version = version, version+1
		h.fails(storage.ErrConflict, qa.UpdateQuestion{Question: q})
		h.fails(storage.ErrConflict, qa.UpdateAnswer{Answer: a})
		h.fails(storage.ErrConflict, qa.Accept{Question: q.ID, Version: version})
		h.fails(storage.ErrConflict, qa.QuestionAt{Question: q.ID, Version: version})
		h.fails(storage.ErrConflict, qa.AnsweredAt{Question: q.ID, Version: most + 1, Answers: version})
		h.fails(storage.ErrConflict, qa.SetAuthor{Post: ofQuestion(q), Version: version, By: newBy()})
	}
}

func qaLongTexts(t *testing.T, s community.Store) {
	h := newHelpdesk(t, s)
	for _, letter := range []string{"a", "è", "𝕏"} {
		q := h.asks(func(q *qa.Question) {
			q.Title, q.Body = strings.Repeat(letter, qa.MaxTitle), strings.Repeat(letter, qa.MaxBody)
			q.Text.Why, q.Removal.Why, q.Closing.Why = strings.Repeat(letter, qa.MaxWhy), strings.Repeat(letter, qa.MaxWhy), strings.Repeat(letter, qa.MaxWhy)
			q.Origin.Kind = strings.Repeat("k", qa.MaxKind)
			for i := range qa.MaxTags {
				q.Tags = append(q.Tags, strings.Repeat(letter, qa.MaxTag-1)+fmt.Sprint(i))
			}
			for range qa.MaxThemes {
				q.Themes = append(q.Themes, storage.NewID[qa.Theme]())
			}
		}, manyWords(letter)...)
		same(t, h.question(q.ID), q)
		same(t, len(got(h.q.Tags(ctx, qa.TagQuery{Reach: everything, Prefix: strings.Repeat(letter, qa.MaxTag-1)}))(t).Items), qa.MaxTags)
		same(t, questionIDs(got(h.q.Similar(ctx, qa.SimilarQuery{Reach: everything, Words: manyWords(letter), Limit: 1}))(t)), []qa.QuestionID{q.ID})
		c := h.remarks(ofQuestion(q), func(c *qa.Comment) { c.Body = strings.Repeat(letter, qa.MaxComment) })
		same(t, h.place(ofComment(c), auth.UserID{}).Comment, c)
	}
}

// manyWords are as many as a question may be found by, of some length.
func manyWords(of string) (words []string) {
	for i := range qa.MaxWords {
		words = append(words, strings.Repeat(of, 40)+fmt.Sprint(i))
	}
	return words
}

func qaVersions(t *testing.T, s community.Store) {
	eachHelpdesk(t, s, func(h *helpdesk, k anyKeeper) { k.versions(h.roster) })
}

func qaExists(t *testing.T, s community.Store) {
	eachHelpdesk(t, s, func(h *helpdesk, k anyKeeper) { k.exists(h.roster) })
	h := newHelpdesk(t, s)
	q := h.asks(nil)
	a, c := h.answers(q, nil), h.remarks(ofQuestion(q), nil)
	h.fails(storage.ErrExists, qa.InsertAnswer{Answer: a})
	h.fails(storage.ErrExists, qa.InsertComment{Comment: c})
	same(t, h.question(q.ID).Answers, 1)
	same(t, h.question(q.ID).Comments, 1)
	nowhere := storage.NewID[qa.Question]() // what an insert needs is looked for before itself
	a.Question, c.Question = nowhere, nowhere
	sug := h.newSuggestion(ofQuestion(q))
	must(t, s.Apply(ctx, qa.InsertSuggestion{Suggestion: sug}))
	sug.Post = qa.Post{Question: nowhere}
	for _, change := range []storage.Change{qa.InsertAnswer{Answer: a}, qa.InsertComment{Comment: c}, qa.InsertSuggestion{Suggestion: sug}} {
		h.fails(storage.ErrNotFound, change)
	}
}

func qaTexts(t *testing.T, s community.Store) {
	eachHelpdesk(t, s, func(h *helpdesk, k anyKeeper) { k.keepsTexts(h.roster) })
}

func qaLooseTexts(t *testing.T, s community.Store) {
	h := newHelpdesk(t, s)
	h.area = newArea()
	var want []qa.Synonym
	all := slices.DeleteFunc(slices.Clone(hostile), func(text string) bool { return text == "" || text == "\U0010ffff" }) // which no tag is
	for i, text := range all {
		id := uuid.New()
		q := h.asks(func(q *qa.Question) { q.Tags, q.Origin = []string{text}, qa.Origin{Kind: "k" + text, ID: id} }, text)
		v := qa.Revision{Post: ofQuestion(q), N: 1, Title: text, Body: text, Tags: []string{text, "b"}, At: at(i), Why: text}
		h.do(qa.InsertRevision{Revision: v}, qa.PutSynonym{Synonym: qa.Synonym{From: text, To: text + "!"}})
		same(t, got(h.q.Revisions(ctx, ofQuestion(q)))(t), []qa.Revision{v})
		same(t, got(h.q.Synonyms(ctx, []string{text}))(t), []qa.Synonym{{From: text, To: text + "!"}})
		want = append(want, qa.Synonym{From: text, To: text + "!"})
		same(t, questionIDs(got(h.q.From(ctx, q.Origin, everything))(t)), []qa.QuestionID{q.ID})
		same(t, questionIDs(got(h.q.Similar(ctx, qa.SimilarQuery{Reach: everything, Words: []string{text}, Limit: 5}))(t)), []qa.QuestionID{q.ID})
		same(t, questionIDs(got(h.q.Questions(ctx, qa.QuestionQuery{Reach: everything, Tag: text}))(t).Items), []qa.QuestionID{q.ID})
		found := h.tags(qa.TagQuery{Reach: everything, Prefix: text})
		same(t, found[0], qa.Tagged{Tag: text, Questions: 1})
		for _, tag := range found {
			if !strings.HasPrefix(tag.Tag, text) {
				t.Errorf("%q is found by %q", tag.Tag, text)
			}
		}
	}
	slices.SortFunc(want, func(a, b qa.Synonym) int { return strings.Compare(a.From, b.From) })
	same(t, got(h.q.Synonyms(ctx, nil))(t), want)
	slices.Sort(all)
	var tags []string
	for _, tag := range h.tags(qa.TagQuery{Reach: everything}) {
		tags = append(tags, tag.Tag)
	}
	same(t, tags, all)
}

func qaRefused(t *testing.T, s community.Store) {
	eachHelpdesk(t, s, func(h *helpdesk, k anyKeeper) { k.refuses(h.roster) })
	h := newHelpdesk(t, s)
	q := h.asks(nil)
	for _, bad := range []string{"\x00", "a\x00b", "\xff", "a\xc3", "\xed\xa0\x80"} {
		tagged, worded := h.newQuestion(), h.newQuestion()
		tagged.Tags = []string{"buono", bad}
		next := q
		next.Tags = []string{bad}
		for _, c := range []storage.Change{
			qa.InsertQuestion{Question: tagged}, qa.UpdateQuestion{Question: next},
			qa.InsertQuestion{Question: worded, Words: []string{"gara", bad}}, qa.UpdateQuestion{Question: q, Words: []string{bad}},
			qa.InsertRevision{Revision: qa.Revision{Post: ofQuestion(q), N: 1, Title: bad, At: at(1)}},
			qa.InsertRevision{Revision: qa.Revision{Post: ofQuestion(q), N: 1, Body: bad, At: at(1)}},
			qa.InsertRevision{Revision: qa.Revision{Post: ofQuestion(q), N: 1, Why: bad, At: at(1)}},
			qa.InsertRevision{Revision: qa.Revision{Post: ofQuestion(q), N: 1, Tags: []string{bad}, At: at(1)}},
			qa.PutSynonym{Synonym: qa.Synonym{From: bad, To: "a"}}, qa.PutSynonym{Synonym: qa.Synonym{From: "a", To: bad}},
		} {
			h.fails(storage.ErrInvalid, event(1), c)
		}
	}
	same(t, h.question(q.ID), q)
	same(t, len(got(h.q.Synonyms(ctx, nil))(t)), 0)
	same(t, len(claims(t, s)), 0)
}

func qaRefusedAsked(t *testing.T, s community.Store) {
	h := newHelpdesk(t, s)
	q := h.asks(func(q *qa.Question) { q.Tags = []string{"a"} }, "a")
	h.do(qa.PutSynonym{Synonym: qa.Synonym{From: "a", To: "b"}})
	for _, bad := range []string{"\x00", "a\x00", "a\xff"} {
		for name, ask := range map[string]func() (int, error){
			"tag": func() (int, error) {
				p, err := h.q.Questions(ctx, qa.QuestionQuery{Reach: everything, Tag: bad})
				return len(p.Items), err
			},
			"prefix": func() (int, error) {
				p, err := h.q.Tags(ctx, qa.TagQuery{Reach: everything, Prefix: bad})
				return len(p.Items), err
			},
			"word": func() (int, error) {
				p, err := h.q.Similar(ctx, qa.SimilarQuery{Reach: everything, Words: []string{bad}, Limit: 3})
				return len(p), err
			},
			"synonym": func() (int, error) { p, err := h.q.Synonyms(ctx, []string{bad}); return len(p), err },
			"origin": func() (int, error) {
				p, err := h.q.From(ctx, qa.Origin{Kind: bad, ID: q.ID.Bytes()}, everything)
				return len(p), err
			},
		} {
			n, err := ask()
			if err != nil {
				is(t, err, storage.ErrInvalid)
			}
			if n > 0 {
				t.Errorf("%s %q finds %d", name, bad, n)
			}
		}
	}
	h.fails(storage.ErrNotFound, qa.DropSynonym{From: "z"})
}

func qaCopies(t *testing.T, s community.Store) {
	h := newHelpdesk(t, s)
	tags, themes, words := []string{"a", "b"}, []qa.ThemeID{storage.NewID[qa.Theme](), storage.NewID[qa.Theme]()}, []string{"gara"}
	user := newUser()
	offered, mentioned := []auth.UserID{user}, []auth.UserID{user}
	q := h.newQuestion()
	q.Tags, q.Themes = tags, themes
	v := qa.Revision{Post: ofQuestion(q), N: 1, Tags: tags, Themes: themes, At: at(1)}
	sug := h.newSuggestion(ofQuestion(q))
	sug.Tags, sug.Themes = tags, themes
	want := [2][]string{slices.Clone(tags), nil}
	wantThemes := slices.Clone(themes)
	h.do(qa.InsertQuestion{Question: q, Words: words}, qa.InsertRevision{Revision: v}, qa.InsertSuggestion{Suggestion: sug},
		qa.SetOffers{Question: q.ID, Users: offered}, qa.SetMentions{Post: ofQuestion(q), Users: mentioned})
	tags[0], themes[0], words[0], offered[0], mentioned[0] = "X", storage.NewID[qa.Theme](), "X", newUser(), newUser()
	a := h.answers(q, nil) // something else, so that a late copy would be taken
	h.remarks(ofQuestion(q), nil)
	h.casts(user, ofAnswer(a), qa.For)
	for range 2 { // the second time after what was read has been spoilt
		now := h.question(q.ID)
		same(t, now.Tags, want[0])
		same(t, now.Themes, wantThemes)
		now.Tags[0], now.Themes[0] = "Y", storage.NewID[qa.Theme]()
		revisions := got(h.q.Revisions(ctx, ofQuestion(q)))(t)
		same(t, revisions[0].Tags, want[0])
		revisions[0].Tags[0], revisions[0].Themes[0] = "Y", storage.NewID[qa.Theme]()
		held := got(h.q.Suggestion(ctx, sug.ID))(t)
		same(t, held.Tags, want[0])
		same(t, held.Themes, wantThemes)
		held.Tags[0], held.Themes[0] = "Y", storage.NewID[qa.Theme]()
		listed := got(h.q.Questions(ctx, qa.QuestionQuery{Reach: everything, Tag: "a"}))(t).Items
		same(t, listed[0].Tags, want[0])
		listed[0].Tags[0] = "Y"
		found := got(h.q.Similar(ctx, qa.SimilarQuery{Reach: everything, Words: []string{"gara"}, Limit: 1}))(t)
		same(t, found[0].Tags, want[0])
		found[0].Tags[1] = "Y"
		page := h.page(qa.PageQuery{Question: q.ID, Reader: user})
		same(t, page.Question.Tags, want[0])
		same(t, answerIDs(page.Answers.Items), []qa.AnswerID{a.ID})
		same(t, len(page.Comments[ofQuestion(q)]), 1)
		same(t, page.Votes[ofAnswer(a)].Value, qa.For)
		page.Question.Tags[0], page.Answers.Items[0] = "Y", qa.Answer{}
		clear(page.Comments)
		clear(page.Votes)
		same(t, got(h.q.Offers(ctx, q.ID))(t), []auth.UserID{user})
		got(h.q.Offers(ctx, q.ID))(t)[0] = newUser()
		same(t, len(h.written(user)), 1)
	}
}
