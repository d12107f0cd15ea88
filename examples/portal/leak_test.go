// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/copis-it/copis/community/membership"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
)

// hiddenFrom are, for who may not read it, the ids of a topic, its first
// reply and its board.
func hiddenFrom(s *stage, login string) (topic, reply, board string) {
	t := s.topic("Prima bozza degli indicatori")
	if login == "" {
		t = s.topic("Pagamento a risultato")
	}
	return t.ID.String(), s.replies(t.ID, "marta.colonna")[1].ID.String(), t.Board.String()
}

// S06, S10: what is hidden answers like what never was, byte for byte, on
// every address, whatever is asked, and before any redirect.
func TestHiddenIsAbsent(t *testing.T) {
	t.Parallel()
	for _, login := range []string{"", "osvaldo.renzi", "nereo.galvani", "ettore.brighi"} {
		t.Run("as "+login, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			b := s.browser(login)
			topic, reply, board := hiddenFrom(s, login)
			nowhere := map[string]string{
				topic: storage.NewID[forum.Topic]().String(), reply: storage.NewID[forum.Reply]().String(), board: storage.NewID[forum.Board]().String(),
			}
			requests := []struct {
				address string
				form    []string // nil: a GET
			}{
				{"/boards/" + board, nil}, {"/boards/" + board + "?after=x", nil}, {"/boards/" + board + "/new", nil}, {"/boards/" + board + "/feed.atom", nil},
				{"/boards/" + board + "/new", []string{"title", "t", "body", "b", "do", "post"}},
				{"/boards/" + board + "/new", []string{"do", "preview"}},
				{"/boards/" + board + "/new", []string{"do", "draft", "body", "b"}},
				{"/topics/" + topic, nil}, {"/topics/" + topic + "?after=x", nil}, {"/topics/" + topic + "?order=newest", nil},
				{"/topics/" + topic + "/unread", nil}, {"/topics/" + topic + "/feed.atom", nil},
				{"/topics/" + topic + "/reply", nil}, {"/topics/" + topic + "/reply?parent=" + reply + "&quote=1", nil}, {"/topics/" + topic + "/reply?parent=x", nil},
				{"/topics/" + topic + "/reply", []string{"body", "b", "do", "post"}},
				{"/topics/" + topic + "/read", []string{"seq", "1"}},
				{"/topics/" + topic + "/follow", []string{"do", "follow"}},
				{"/topics/" + topic + "/pin", []string{"pin", "1"}},
				{"/topics/" + topic + "/lock", []string{"locked", "1"}},
				{"/topics/" + topic + "/move", nil}, {"/topics/" + topic + "/merge", nil}, {"/topics/" + topic + "/split", nil},
				{"/topics/" + topic + "/move", []string{"board", board}},
				{"/topics/" + topic + "/merge", []string{"into", topic}},
				{"/topics/" + topic + "/split", []string{"reply", reply, "title", "t", "body", "b", "version", "1"}},
				{"/replies/" + reply, nil},
			}
			for _, post := range []string{"/topics/" + topic, "/replies/" + reply} {
				for _, page := range []string{"edit", "history", "hide", "purge"} {
					requests = append(requests, struct {
						address string
						form    []string
					}{post + "/" + page, nil})
				}
				for _, do := range []string{"edit", "hide", "purge", "delete", "restore", "useful"} {
					requests = append(requests, struct {
						address string
						form    []string
					}{post + "/" + do, []string{"title", "t", "body", "b", "why", "w", "useful", "1", "version", "1"}})
				}
			}
			ask := func(address string, form []string) *shown {
				if form == nil {
					return b.get(address)
				}
				return b.post(address, form...)
			}
			for _, r := range requests {
				absentAddress, absentForm := r.address, append([]string(nil), r.form...)
				for id, none := range nowhere {
					absentAddress = strings.ReplaceAll(absentAddress, id, none)
					for i := range absentForm {
						absentForm[i] = strings.ReplaceAll(absentForm[i], id, none)
					}
				}
				if r.form == nil {
					absentForm = nil
				}
				hidden, absent := ask(r.address, r.form), ask(absentAddress, absentForm)
				if hidden.status < 400 || r.form == nil && hidden.status != http.StatusNotFound {
					t.Errorf("%s: status %d", hidden.asked, hidden.status)
				}
				asked := hidden.body // where a visitor is led back to after signing in is what they asked for
				for id, none := range nowhere {
					asked = strings.ReplaceAll(asked, id, none)
				}
				if hidden.status != absent.status || asked != absent.body || !reflect.DeepEqual(hidden.header, absent.header) {
					t.Errorf("%s: %d differs from %d\n%s", hidden.asked, hidden.status, absent.status, text(hidden.body))
				}
			}
		})
	}
}

// A form of who may moderate does not tell what another topic or board is.
func TestHiddenTarget(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	b := s.browser("nereo.galvani") // a moderator, and no member of the group
	mine := s.topic("Sessanta partecipanti").ID.String()
	topic, _, board := hiddenFrom(s, "nereo.galvani")
	for _, c := range []struct{ address, field, hidden, absent string }{
		{"/topics/" + mine + "/merge", "into", topic, storage.NewID[forum.Topic]().String()},
		{"/topics/" + mine + "/move", "board", board, storage.NewID[forum.Board]().String()},
	} {
		hidden, absent := b.post(c.address, c.field, c.hidden), b.post(c.address, c.field, c.absent)
		hidden.is(http.StatusUnprocessableEntity)
		if strings.ReplaceAll(hidden.body, c.hidden, c.absent) != absent.body {
			t.Errorf("%s: differs\n%s", c.address, text(hidden.body))
		}
	}
}

// A reply that was hidden keeps its place, and nothing of it is shown to
// others; its author sees it, with the reason.
func TestHiddenReply(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	topic := s.topic("Un questionario breve")
	const secret, why = "corso completo sui questionari", "Messaggio promozionale"
	reply := s.replies(topic.ID, "nereo.galvani")[3].ID.String()
	for login, sees := range map[string]bool{"": false, "tecla.bassani": false, "osvaldo.renzi": true, "nereo.galvani": true} {
		b := s.browser(login)
		for _, a := range []*shown{b.get("/topics/" + topic.ID.String()), b.get("/topics/" + topic.ID.String() + "/reply?parent=" + reply + "&quote=1")} {
			if sees && a.status == http.StatusOK {
				a.has(secret, why)
			} else {
				a.hasNot(secret, why, "Osvaldo Renzi</span>")
			}
		}
		b.get("/topics/" + topic.ID.String()).is(http.StatusOK).has("Messaggio nascosto dalla moderazione")
		b.get("/topics/"+topic.ID.String()+"/feed.atom").is(http.StatusOK).hasNot(secret, why)
		history := b.get("/replies/" + reply + "/history")
		if sees {
			history.is(http.StatusOK)
		} else {
			history.is(http.StatusConflict).hasNot(secret)
		}
	}
}

// A draft is its author's alone, and says nothing of a place that was closed
// to them (S07).
func TestDraftsTellNothing(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	b := s.browser("tecla.bassani")
	topic := s.topic("Prima bozza degli indicatori")
	b.follow(b.post("/topics/"+topic.ID.String()+"/reply", "do", "draft", "body", "Il valore del costo orario", "draft", "0")).
		is(http.StatusOK).has("Il valore del costo orario").hasNot("Prima bozza")
	s.browser("fulvia.sanna").get("/drafts").is(http.StatusOK).hasNot("Il valore del costo orario")
	s.browser("").get("/drafts").is(http.StatusSeeOther).hasNot("Il valore del costo orario")

	if err := s.p.c.Membership.Grant(t.Context(), s.actor("marta.colonna"), membership.NewRole{User: s.actor("tecla.bassani").User, Area: topic.Area}); err != nil {
		t.Fatal(err)
	}
	b.get("/drafts").is(http.StatusOK).has("Il valore del costo orario").hasNot("Prima bozza")
	b.get("/topics/" + topic.ID.String() + "/reply").is(http.StatusNotFound)
}

// Feeds pass through the same rights as pages (S05) and name absolute addresses.
func TestFeeds(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(o *options) { o.Base, o.Origin = "/comunita/", "https://comunita.example" })
	topic := s.topic("Sessanta partecipanti").ID.String()
	board := s.board("Misurazione e valutazione degli outcome").ID.String()
	a := s.browser("").get("/comunita/topics/" + topic + "/feed.atom").is(http.StatusOK)
	a.has("https://comunita.example/comunita/topics/"+topic, "https://comunita.example/comunita/replies/", "Ilenia Corsaro", "<id>urn:uuid:"+topic)
	if got := a.header.Get("Content-Type"); got != "application/atom+xml; charset=utf-8" {
		t.Error(got)
	}
	s.browser("").get("/comunita/boards/" + board + "/feed.atom").is(http.StatusOK).has("Sessanta partecipanti")
	reserved := s.topic("Prima bozza").ID.String()
	s.browser("").get("/comunita/topics/" + reserved + "/feed.atom").is(http.StatusNotFound)
	s.browser("tecla.bassani").get("/comunita/topics/" + reserved + "/feed.atom").is(http.StatusOK).has("Prima bozza")
	if fmt.Sprint(a.header["Cache-Control"]) != "[private, no-cache]" {
		t.Error(a.header["Cache-Control"])
	}
}
