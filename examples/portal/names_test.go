// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"net/http"
	"testing"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community/membership"
)

// A byline leads to the page of the person, for whoever is told anything of
// them, and to none that is not there.
func TestBylinesLead(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	topic := "/topics/" + s.topic("Innovazione sociale").ID.String()
	author := s.topic("Innovazione sociale").By.User
	link := `<a class="by" href="/members/` + author.String() + `">`
	check := func(outside bool) {
		t.Helper()
		for login, leads := range map[string]bool{"": outside, "gemma.torrisi": outside, "ettore.brighi": true, "tecla.bassani": true, "nereo.galvani": true} {
			b := s.browser(login)
			if a := b.get(topic).is(http.StatusOK); leads {
				checkPage(t, a.has(link))
				b.get("/members/" + author.String()).is(http.StatusOK)
			} else {
				a.hasNot("/members/" + author.String())
				b.get("/members/" + author.String()).is(http.StatusNotFound)
			}
		}
	}
	check(true) // of the sample, all tell everybody their names
	is, err := s.p.c.Membership.Me(t.Context(), auth.Actor{User: author})
	if err != nil {
		t.Fatal(err)
	}
	untold := &membership.Field{}
	if _, err := s.p.c.Membership.EditProfile(t.Context(), auth.Actor{User: author}, membership.ProfileEdit{Version: is.Version, Name: untold, Headline: untold}); err != nil {
		t.Fatal(err)
	}
	check(false)
	// Who has left has no page, but for whoever decides on members.
	if err := s.p.c.Membership.Leave(t.Context(), auth.Actor{User: author}); err != nil {
		t.Fatal(err)
	}
	s.browser("tecla.bassani").get(topic).hasNot(link)
}
