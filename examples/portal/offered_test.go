// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/community/membership"
)

// errUndone ends a unit whose work is to leave no trace.
var errUndone = errors.New("undone")

// press sends a form as a browser would and undoes what came of it.
func (s *stage) press(b *browser, method, address string, form url.Values) *shown {
	b.t.Helper()
	var a *shown
	err := s.p.store.Atomic(b.t.Context(), func(_ context.Context, tx community.Store) error {
		p := *s.p
		p.c, p.store = s.p.c.On(tx), tx
		p.pages = p.routes()
		once := *b
		once.h, once.cookies = p.handler(), maps.Clone(b.cookies)
		if method == http.MethodPost {
			a = once.do(method, address, form.Encode())
		} else {
			a = once.get(query(address) + "?" + form.Encode())
		}
		return errUndone
	})
	if !errors.Is(err, errUndone) {
		b.t.Fatal(err)
	}
	return a
}

// A button is one way to send a form of a page.
type button struct {
	method, address string
	form            url.Values
}

func (x button) String() string { return x.method + " " + x.address + " " + x.form.Encode() }

// buttons returns the ways to send the forms of a page, filled in as somebody
// would who means it.
func (a *shown) buttons(fill func(field string) string) []button {
	a.t.Helper()
	var out []button
	for _, f := range a.all(func(n *html.Node) bool { return n.Data == "form" }) {
		form := url.Values{}
		var ways []*html.Node
		for n := range f.Descendants() {
			name := attr(n, "name")
			switch {
			case n.Type != html.ElementNode:
			case n.Data == "button":
				ways = append(ways, n)
			case n.Data == "textarea":
				form.Set(name, cmp.Or(words(n), fill(name)))
			case n.Data == "select":
				form.Set(name, chosenIn(n))
			case n.Data != "input" || (attr(n, "type") == "radio" || attr(n, "type") == "checkbox") && !has(n, "checked") && !has(n, "required"):
			case attr(n, "type") == "hidden":
				form.Set(name, attr(n, "value"))
			default:
				form.Add(name, cmp.Or(attr(n, "value"), fill(name)))
			}
		}
		for _, w := range ways {
			x := button{strings.ToUpper(cmp.Or(attr(f, "method"), "get")), attr(f, "action"), maps.Clone(form)}
			if name := attr(w, "name"); name != "" {
				x.form.Set(name, attr(w, "value"))
			}
			out = append(out, x)
		}
	}
	return out
}

// chosenIn returns what is chosen in a list, or the first choice that is one.
func chosenIn(list *html.Node) string {
	value := ""
	for n := range list.Descendants() {
		if n.Data != "option" {
			continue
		}
		if has(n, "selected") && attr(n, "value") != "" {
			return attr(n, "value")
		}
		value = cmp.Or(value, attr(n, "value"))
	}
	return value
}

// A cast is a community in which everybody has something of their own, in every
// state that it may be in.
func newCast(t *testing.T) *stage {
	t.Helper()
	s, gemma := newcomer(t)
	nereo := s.browser("nereo.galvani")
	topic := "/topics/" + s.topic("Innovazione sociale").ID.String()
	board := "/boards/" + s.board("Programmazione 2021-2027").ID.String()
	question := "/questions/" + s.asked("Coprogettazione: serve un avviso").ID.String()
	write := func(address string, pairs ...string) (path string) {
		to := gemma.post(address, append(pairs, "do", "anyway")...).is(http.StatusSeeOther).to()
		page, hash, _ := strings.Cut(to, "#")
		page, _, _ = strings.Cut(page, "?")
		switch {
		case strings.HasPrefix(hash, "r-"):
			return "/replies/" + hash[2:]
		case strings.HasPrefix(hash, "a-"):
			return "/answers/" + hash[2:]
		case strings.HasPrefix(hash, "c-"):
			return strings.TrimSuffix(page, "/comments") + "/comments/" + hash[2:]
		}
		return page
	}
	for i, pass := range []func(path string){
		func(string) {}, // it waits
		func(path string) { nereo.post(path + "/restore").is(http.StatusSeeOther) },
		func(path string) { nereo.post(path+"/hide", "why", "Fuori tema.").is(http.StatusSeeOther) },
		func(path string) { gemma.post(path + "/delete").is(http.StatusSeeOther) },
	} {
		n := fmt.Sprint("Prova numero ", i)
		pass(write(topic+"/reply", "body", n))
		pass(write(board+"/new", "title", n, "body", n))
		pass(write(question+"/answer", "body", n))
		pass(write(question+"/comment", "body", n))
		pass(write("/questions/new", "title", "Domanda di prova "+n, "body", n, "area", auth.Commons.String(), "tags", "fse"))
	}
	marta := s.actor("marta.colonna")
	for login, kind := range map[string]membership.SanctionKind{"osvaldo.renzi": membership.ReadOnly, "dario.pellegri": membership.Suspension} {
		if _, err := s.p.c.Membership.Restrain(t.Context(), marta, membership.NewSanction{User: s.actor(login).User, Area: auth.Commons, Kind: kind, Why: "Per prova."}); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// Whatever a page offers, its reader may do: every link leads somewhere, and no
// form that is sent is refused for who they are or for what it is about. So in
// every phase, for everybody.
func TestWhatIsOfferedIsAllowed(t *testing.T) {
	t.Parallel()
	for phase := range plan() {
		s := newCast(t)
		if phase < len(plan())-1 {
			if _, err := s.p.c.Membership.Advance(t.Context(), s.actor("marta.colonna"), membership.NewTurn{Seen: len(plan()) - 1, To: phase, Why: "Per prova."}); err != nil {
				t.Fatal(err)
			}
		}
		other := s.asked("Coprogettazione: serve un avviso").ID.String()
		for login, is := range map[string]string{
			"": "visitor", "gemma.torrisi": "newcomer", "tecla.bassani": "member", "ilenia.corsaro": "member of another category", "ettore.brighi": "observer",
			"osvaldo.renzi": "restrained to reading", "dario.pellegri": "suspended", "nereo.galvani": "moderator", "marta.colonna": "coordinator",
		} {
			t.Run(fmt.Sprintf("%s in phase %d", is, phase+1), func(t *testing.T) {
				t.Parallel()
				fill := func(field string) string {
					switch field {
					case "of", "into":
						return other
					case "user":
						return "fulvia.sanna"
					}
					return "Un testo di prova"
				}
				b := s.browser(login)
				b.t = t
				pressed := map[string]bool{}
				pages := b.walk("/")
				alike := map[string]int{}
				addresses := slices.Sorted(maps.Keys(pages))
				slices.Reverse(addresses) // what newCast made comes first
				for _, address := range addresses {
					a := pages[address]
					if a.status != http.StatusOK && a.status != http.StatusSeeOther {
						t.Errorf("%s: status %d: %s", a.asked, a.status, heading(a))
					}
					if a.status != http.StatusOK || !strings.HasPrefix(a.header.Get("Content-Type"), "text/html") {
						continue
					}
					for _, x := range a.buttons(fill) {
						key := x.String()
						if x.form.Has("key") || x.form.Has("back") { // a new one on every page
							key = x.method + x.address + x.form.Get("do") + x.form.Get("for")
						}
						like := anyID.ReplaceAllString(key, "")
						if pressed[key] || alike[like] == mostAlike {
							continue
						}
						pressed[key] = true
						alike[like]++
						switch got := s.press(b, x.method, x.address, x.form); got.status {
						case http.StatusOK, http.StatusSeeOther, http.StatusUnprocessableEntity:
						case http.StatusConflict:
							if heading(got) != "Serve qualcuno che faciliti" { // whoever is the last is told when they go
								t.Errorf("%s: %s: status %d: %s", a.asked, x, got.status, heading(got))
							}
						default:
							t.Errorf("%s: %s: status %d: %s", a.asked, x, got.status, heading(got))
						}
					}
				}
				t.Logf("%d pages, %d buttons", len(pages), len(pressed))
			})
		}
	}
}

// mostAlike bounds how many buttons are pressed that differ by what they are for
// alone: some of each state.
const mostAlike = 16

// anyID finds ids, and numbers by which the sample's texts differ.
var anyID = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9]+`)

// heading returns what a page says it is.
func heading(a *shown) string {
	for _, n := range a.all(func(n *html.Node) bool { return n.Data == "h1" }) {
		return strings.Join(strings.Fields(words(n)), " ")
	}
	return ""
}
