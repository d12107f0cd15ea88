// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"net/http"
	"testing"

	"github.com/copis-it/copis/auth"
)

// A byline leads to the page of the person, for whoever may look at members,
// and to none that is not there.
func TestBylinesLead(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	topic := "/topics/" + s.topic("Innovazione sociale").ID.String()
	author := s.topic("Innovazione sociale").By.User
	link := `<a class="by" href="/members/` + author.String() + `">`
	for login, leads := range map[string]bool{"": false, "gemma.torrisi": false, "ettore.brighi": true, "tecla.bassani": true, "nereo.galvani": true} {
		b := s.browser(login)
		if a := b.get(topic).is(http.StatusOK); leads {
			checkPage(t, a.has(link))
			b.get("/members/" + author.String()).is(http.StatusOK)
		} else {
			a.hasNot(`class="by" href`, "/members/"+author.String())
		}
	}
	// Who has left has no page, but for whoever decides on members.
	if err := s.p.c.Membership.Leave(t.Context(), auth.Actor{User: author}); err != nil {
		t.Fatal(err)
	}
	s.browser("tecla.bassani").get(topic).hasNot(link)
}
