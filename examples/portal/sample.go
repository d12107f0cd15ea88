// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"context"
	"fmt"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/auth/account"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/community/membership"
	"github.com/copis-it/copis/forum"
)

// sampleTerms are what members agree to; their text is among the messages.
var sampleTerms = []account.Document{{Name: "terms", Edition: "2026-05"}}

// scopes are what tokens of programs may be given: to read feeds.
var scopes = []auth.Action{forum.See, forum.Read}

// plan is how the sample's community opens: first the funded administrations
// of the sample, then the network, then everybody.
func plan() membership.Plan {
	var funded []string
	for _, o := range sampleOrgs {
		if o.Funded {
			funded = append(funded, o.Code)
		}
	}
	plan := community.CoPIS(funded...)
	// What members tell everybody of themselves is shown to everybody.
	open := &plan[len(plan)-1]
	open.Allows[""] = append(open.Allows[""], membership.SeeMembers)
	return plan
}

// A sampleOrg is an organisation of the sample. All of them are invented, and
// so are their codes.
type sampleOrg struct {
	Key    string
	Funded bool // on the allow-list of the first phase
	membership.NewOrg
}

var sampleOrgs = []sampleOrg{
	{"secretariat", false, membership.NewOrg{Code: "segr_copis", Name: "Segreteria della comunità", Kind: "Ufficio di progetto"}},
	{"town", true, membership.NewOrg{Code: "c_rocca", Name: "Comune di Roccachiara", Kind: "Comuni e loro Consorzi e Associazioni", Site: "https://comune.roccachiara.example"}},
	{"union", true, membership.NewOrg{Code: "uc_vgra", Name: "Unione dei Comuni della Valle Grande", Kind: "Unioni di Comuni e loro Consorzi e Associazioni"}},
	{"metro", true, membership.NewOrg{Code: "cm_port", Name: "Città metropolitana di Portoalto", Kind: "Città Metropolitane", Site: "https://cittametropolitana.portoalto.example"}},
	{"university", false, membership.NewOrg{Code: "un_mont", Name: "Università di Montesole", Kind: "Università e Istituti di Istruzione Universitaria Pubblici"}},
	{"coop", false, membership.NewOrg{Code: "ets_filo", Name: "Cooperativa sociale Il Filo", Kind: "Ente del terzo settore"}},
}

// A samplePerson is somebody of the sample. All of them are invented.
type samplePerson struct {
	Login     string
	Name      string
	Headline  string
	Org       string // key of the organisation that they act for
	Category  membership.Category
	Role      auth.Role // in the community; outsider: no member yet
	Group     auth.Role // in the working group
	Expertise []string
	Joins     string // how: "found", "invite", "apply", "open", "wait"
	Days      float64
}

var samplePeople = []samplePerson{
	{"marta.colonna", "Marta Colonna", "Facilita la comunità", "secretariat", membership.Partner, auth.Coordinator, auth.Coordinator, []string{"facilitazione", "coprogettazione"}, "found", 60},
	{"bruna.maltesi", "Bruna Maltesi", "Facilita la comunità", "secretariat", membership.Partner, auth.Coordinator, 0, []string{"facilitazione"}, "invite", 59},
	{"nereo.galvani", "Nereo Galvani", "Modera le discussioni", "secretariat", membership.Partner, auth.Moderator, 0, []string{"contratti pubblici"}, "invite", 58},
	{"tecla.bassani", "Tecla Bassani", "Servizi per il lavoro", "town", membership.Beneficiary, auth.Member, auth.Member, []string{"capitolati", "politiche del lavoro"}, "apply", 56},
	{"osvaldo.renzi", "Osvaldo Renzi", "Ufficio ragioneria", "union", membership.Beneficiary, auth.Member, 0, []string{"contabilità pubblica"}, "apply", 55},
	{"fulvia.sanna", "Fulvia Sanna", "Appalti per l’innovazione", "metro", membership.Beneficiary, auth.Member, auth.Member, []string{"appalti innovativi"}, "apply", 54},
	{"dario.pellegri", "Dario Pellegri", "Operatore sul campo", "coop", membership.Partner, auth.Member, 0, []string{"raccolta dati", "educativa di strada"}, "invite", 53},
	{"ilenia.corsaro", "Ilenia Corsaro", "Valuta politiche sociali", "university", membership.University, auth.Member, auth.Moderator, []string{"valutazione", "statistica"}, "apply", 44},
	{"ettore.brighi", "Ettore Brighi", "Cittadino interessato", "", membership.Citizen, auth.Observer, 0, nil, "open", 36},
	{"gemma.torrisi", "Gemma Torrisi", "", "", membership.Expert, auth.Outsider, 0, nil, "wait", 2},
}

// When the sample's phases were turned, in days before now.
const (
	networkDays = 45
	openDays    = 37
)

// people makes the sample's people and organisations, from the first day on.
func (s *seeding) people(ctx context.Context) error {
	for _, step := range []struct {
		days float64
		do   func(context.Context) error
	}{
		{networkDays, s.turn(0, 1, "I progetti finanziati sono tutti avviati: la comunità si apre alla rete.")},
		{openDays, s.turn(1, 2, "Le sezioni di base sono pronte: può leggere e iscriversi chiunque.")},
		{35, s.group},
		{1, s.claim},
	} {
		for _, x := range samplePeople {
			if _, in := s.actors[x.Login]; !in && x.Days > step.days {
				if err := s.join(ctx, x); err != nil {
					return fmt.Errorf("%s: %w", x.Login, err)
				}
			}
		}
		s.days(step.days)
		if err := step.do(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (s *seeding) turn(from, to int, why string) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := s.c.Membership.Advance(ctx, s.actors["marta.colonna"], membership.NewTurn{Seen: from, To: to, Why: why})
		return err
	}
}

// join signs a person up and has them admitted.
func (s *seeding) join(ctx context.Context, x samplePerson) error {
	s.days(x.Days)
	user, err := s.c.Accounts.SignUp(ctx, account.NewAccount{
		Name: x.Login, Address: x.Login + "@example.org", Password: s.password, Agreed: s.c.Accounts.Terms(),
	})
	if err != nil {
		return err
	}
	who := auth.Actor{User: user}
	if _, err := s.c.Accounts.Verify(ctx, who, s.link); err != nil {
		return err
	}
	s.actors[x.Login] = who
	if err := s.admit(ctx, who, x); err != nil || x.Role == auth.Outsider {
		return err
	}
	return s.introduce(ctx, who, x)
}

// admit has a person admitted in their way.
func (s *seeding) admit(ctx context.Context, who auth.Actor, x samplePerson) error {
	m, host := s.c.Membership, auth.Actor{User: s.actors["marta.colonna"].User}
	switch x.Joins {
	case "found":
		if _, err := m.Found(ctx, who.User, x.Category); err != nil {
			return err
		}
		for _, o := range sampleOrgs {
			made, err := m.AddOrg(ctx, who, o.NewOrg)
			if err != nil {
				return err
			}
			s.orgs[o.Key] = made.ID
		}
		_, err := m.Claim(ctx, who, membership.NewMandate{Org: s.orgs[x.Org], Title: x.Headline})
		return err
	case "invite":
		_, secret, err := m.Invite(ctx, host, membership.NewInvitation{Category: x.Category, Org: s.orgs[x.Org], Role: x.Role})
		if err != nil {
			return err
		}
		if _, err = m.Redeem(ctx, who, secret); err != nil || x.Role != auth.Coordinator {
			return err
		}
		return s.vouch(ctx, who, "marta.colonna")
	}
	asked, err := m.Apply(ctx, who, membership.NewApplication{Category: x.Category, Org: s.orgs[x.Org], Title: x.Headline, Text: sampleReason})
	if err != nil || x.Joins == "wait" {
		return err
	}
	if x.Joins == "apply" {
		_, err = m.Decide(ctx, host, membership.Decision{Application: asked.ID, Approve: true})
		return err
	}
	return m.Grant(ctx, host, membership.NewRole{User: who.User, Role: x.Role})
}

const sampleReason = "Seguo un progetto di innovazione sociale e vorrei confrontarmi con chi ci lavora da più tempo."

// vouch verifies what somebody claims: nobody does that for themselves.
func (s *seeding) vouch(ctx context.Context, who auth.Actor, login string) error {
	claims, err := s.c.Membership.Mandates(ctx, who, s.actors[login].User)
	if err != nil {
		return err
	}
	for _, x := range claims {
		if err := s.c.Membership.Verify(ctx, who, x.ID); err != nil {
			return err
		}
	}
	return nil
}

// introduce fills in a profile. From then on the person acts for their
// organisation.
func (s *seeding) introduce(ctx context.Context, who auth.Actor, x samplePerson) error {
	told := func(text string) *membership.Field { return &membership.Field{Text: text, Audience: auth.Public} }
	is, err := s.c.Membership.Me(ctx, who)
	if err != nil {
		return err
	}
	listed := true
	_, err = s.c.Membership.EditProfile(ctx, who, membership.ProfileEdit{
		Version: is.Version, Name: told(x.Name), Headline: told(x.Headline), Expertise: &x.Expertise, Listed: &listed,
	})
	who.For = s.orgs[x.Org]
	s.actors[x.Login] = who
	return err
}

// group gives the working group its members. Whoever makes an area says who
// runs it: that is the host's to say, and nobody else's leave is asked.
func (s *seeding) group(ctx context.Context) error {
	marta := s.actors["marta.colonna"]
	for _, x := range samplePeople {
		if x.Group == auth.Outsider {
			continue
		}
		grant := s.c.Membership.Grant
		if x.Login == "marta.colonna" {
			grant = s.host.Grant
		}
		if err := grant(ctx, marta, membership.NewRole{User: s.actors[x.Login].User, Area: s.areas[1].ID, Role: x.Group}); err != nil {
			return err
		}
	}
	return nil
}

// claim has something wait for the coordinators.
func (s *seeding) claim(ctx context.Context) error {
	_, err := s.c.Membership.Claim(ctx, auth.Actor{User: s.actors["fulvia.sanna"].User}, membership.NewMandate{Org: s.orgs["union"], Title: "Referente per la gestione associata"})
	return err
}
