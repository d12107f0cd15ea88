// SPDX-License-Identifier: BSD-3-Clause

package memory

import (
	"cmp"
	"context"
	"slices"

	"github.com/google/uuid"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/storage"
)

// sign notes that a post names a person.
func (st *state) sign(user auth.UserID, p qa.Post) {
	k := signatureOf(idOf(user), p)
	if !user.IsZero() && !st.signed.has(k) {
		st.signed.put(st.era, k, p)
	}
}

func (st *state) signEntry(p qa.Post, e *qa.Entry) {
	for _, by := range [...]*auth.By{&e.By, &e.Text.EditedBy, &e.Removal.By} {
		st.sign(by.User, p)
	}
}

// signedIn returns everybody that a post names, some perhaps twice.
func (st *state) signedIn(p qa.Post) []id {
	s, ok := st.placeOf(p)
	if !ok {
		return nil
	}
	var out []id
	e := s.entry()
	add := func(users ...auth.UserID) {
		for _, u := range users {
			out = append(out, idOf(u))
		}
	}
	add(e.By.User, e.Text.EditedBy.User, e.Removal.By.User)
	if s.answer == nil && s.comment == nil {
		q := s.question
		add(q.Closing.By.User, q.Acceptance.By.User, q.Delegate, q.LastBy.User)
	}
	for _, k := range partsOfEntry(st.qaRevisions, entryOf(p)) {
		r, _ := st.qaRevisions.get(k)
		add(r.By.User)
	}
	for _, k := range partsOfEntry(st.qaMentions, entryOf(p)) {
		out = append(out, k.of)
	}
	return out
}

func comparePosts(a, b qa.Post) int {
	return cmp.Or(a.Question.Compare(b.Question), a.Answer.Compare(b.Answer), a.Comment.Compare(b.Comment))
}

// postCursor is the place of a post among those that name a person.
type postCursor struct {
	Q qa.QuestionID
	P uuid.UUID // zero for the question itself
}

func signedList(user auth.UserID) string { return "qa.written/" + user.String() }

// Written implements [qa.Store].
func (f qaStore) Written(ctx context.Context, q qa.WrittenQuery) (storage.Page[qa.Place], error) {
	return read(ctx, f.s, "qa.Written", func(st *state) (page storage.Page[qa.Place], err error) {
		user, limit := idOf(q.User), storage.Limit(q.Limit)
		after := signature{user: user}
		if q.After != "" {
			var c postCursor
			if err := storage.DecodeCursor(signedList(q.User), q.After, &c); err != nil {
				return page, err
			}
			after.question, after.entry = idOf(c.Q), entry{words(c.P), anyKind}
		}
		var end signature
		for k, p := range st.signed.from(after) {
			if k.user != user {
				break
			}
			if !slices.Contains(st.signedIn(p), user) {
				continue
			}
			if len(page.Items) == limit {
				at := postCursor{Q: storageID[qa.Question](end.question)}
				if end.entry != (entry{}) {
					at.P = end.entry.id.uuid()
				}
				page.Next = storage.EncodeCursor(signedList(q.User), at)
				break
			}
			s, _ := st.placeOf(p)
			page.Items = append(page.Items, s.value())
			end = k
		}
		return page, nil
	})
}

// eraseFromQA does what [qa.EraseUser] says.
func (st *state) eraseFromQA(who auth.UserID) {
	if who.IsZero() {
		return
	}
	user := idOf(who)
	var posts []qa.Post
	for k, p := range st.signed.from(signature{user: user}) {
		if k.user != user {
			break
		}
		posts = append(posts, p)
	}
	// Questions after what stands below them, so that they may be last to write
	// no more.
	slices.Reverse(posts)
	for _, p := range posts {
		st.eraseFromEntry(who, p)
		st.signed.drop(st.era, signatureOf(user, p))
	}
	for _, k := range st.ballotsOf(who) {
		st.votes.drop(st.era, k) // and stays counted
	}
	for _, q := range below(st.offersTo, user) {
		st.dropOffer(q, user)
	}
	st.eraseFromSuggestions(who)
}

// erase empties the bylines of a person, and tells whether there were any.
func erase(who auth.UserID, bys ...*auth.By) (any bool) {
	for _, by := range bys {
		if by.User == who {
			*by, any = auth.By{}, true
		}
	}
	return any
}

func (st *state) eraseFromEntry(who auth.UserID, p qa.Post) {
	of := entryOf(p)
	s, ok := st.placeOf(p)
	if !ok {
		return
	}
	named := st.qaMentions.has(ofEntry{of, idOf(who)})
	st.qaMentions.drop(st.era, ofEntry{of, idOf(who)})
	for _, k := range partsOfEntry(st.qaRevisions, of) {
		if r, _ := row(st.qaRevisions, k); erase(who, &r.By) {
			st.qaRevisions.put(st.era, k, &r)
			named = true
		}
	}
	if of.kind == aQuestion {
		st.eraseFromQuestion(who, s.question, named)
		return
	}
	e := *s.entry()
	if erase(who, &e.By, &e.Text.EditedBy, &e.Removal.By) || named {
		e.Version++
		st.changeEntry(p, func(now *qa.Entry) { *now = e })
	}
}

// eraseFromQuestion empties the bylines of a question that names a person
// elsewhere, or not.
func (st *state) eraseFromQuestion(who auth.UserID, was *question, named bool) {
	q := *was
	named = erase(who, &q.By, &q.Text.EditedBy, &q.Removal.By, &q.Closing.By, &q.Acceptance.By) || named
	if q.Delegate == who {
		q.Delegate, named = auth.UserID{}, true
	}
	if named {
		q.Version++
	}
	if erase(who, &q.LastBy) || named {
		st.setQuestion(was, &q)
	}
}
