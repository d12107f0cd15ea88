// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community/membership"
	"github.com/copis-it/copis/storage"
)

// asked returns a form with these fields, and with what is asked for in the
// address of a page.
func asked(v *visit, names ...string) fields {
	f := fields{Names: names, Value: map[string]string{}, Error: map[string]string{}}
	q := v.r.URL.Query()
	for _, name := range names {
		if !secretFields[name] {
			f.Value[name] = q.Get(name)
		}
	}
	return f
}

// An orgPicker finds organisations by words and lets one be chosen: the fields
// "words" and "org" of a form. Its button asks for the form's page again, with
// all that was typed, by GET.
type orgPicker struct {
	Action string // the form's page
	Words  string
	Chosen string
	Orgs   []membership.Org // to choose from: first the one that is chosen
	Found  int              // of them, by words
	Asked  bool             // words were looked for
	More   bool             // than are shown
	Error  string
}

// pickOrg fills a picker with what a form holds. A choice that is none any more
// is dropped.
func (p *portal) pickOrg(v *visit, action string, f fields) (orgPicker, error) {
	x := orgPicker{Action: action, Words: f.Value["words"], Error: f.Error["org"]}
	chosen, err := storage.ParseID[auth.Org](f.Value["org"])
	if err == nil {
		found, err := p.c.Membership.OrgsByID(v.ctx(), []auth.OrgID{chosen})
		if err != nil {
			return x, err
		}
		if o, ok := found[chosen]; ok {
			x.Orgs, x.Chosen = append(x.Orgs, o), o.ID.String()
		}
	}
	if x.Words == "" {
		return x, nil
	}
	x.Asked = true
	found, err := p.c.Membership.Orgs(v.ctx(), membership.OrgFilter{Words: x.Words})
	if err != nil {
		return x, err
	}
	x.More, x.Found = found.Next != "", len(found.Items)
	for _, o := range found.Items {
		if o.ID.String() != x.Chosen {
			x.Orgs = append(x.Orgs, o)
		}
	}
	return x, nil
}

// orgField returns the organisation that was chosen in a form; zero: none.
func orgField(v *visit) (auth.OrgID, error) {
	s := v.field("org")
	if s == "" {
		return auth.OrgID{}, nil
	}
	id, err := storage.ParseID[auth.Org](s)
	if err != nil {
		return id, &storage.Invalid{Field: "org", Code: storage.CodeUnknown}
	}
	return id, nil
}

// lastDay returns the end of the day that was typed into a field, in Italian
// time; zero: nothing was.
func (p *portal) lastDay(v *visit, field string) (time.Time, error) {
	s := v.field(field)
	if s == "" {
		return time.Time{}, nil
	}
	day, err := time.ParseInLocation(time.DateOnly, s, p.views.zone)
	if err != nil {
		return time.Time{}, &storage.Invalid{Field: field, Code: "date"}
	}
	return day.AddDate(0, 0, 1), nil
}

// userNamed returns the person whose username was typed into a field.
func (p *portal) userNamed(v *visit, field string) (auth.UserID, error) {
	name := v.field(field)
	if name == "" {
		return auth.UserID{}, &storage.Invalid{Field: field, Code: storage.CodeMissing}
	}
	found, err := p.c.Accounts.Named(v.ctx(), []string{name})
	if err == nil && found[name].IsZero() {
		err = &storage.Invalid{Field: field, Code: "nobody"}
	}
	return found[name], err
}

// categoryChoices are the categories that a form offers, each with how it comes
// in now.
func (p *portal) categoryChoices(v *visit, empty string) ([]choice, error) {
	in, err := p.c.Membership.Phase(v.ctx())
	if err != nil {
		return nil, err
	}
	now := p.c.Membership.Plan()[in.Phase]
	out := []choice{{Value: "", Label: empty}}
	for _, c := range categories {
		out = append(out, choice{Value: string(c), Label: p.categoryName(v, c) + ": " + p.admissionName(v, now.Admits[c])})
	}
	return out, nil
}
