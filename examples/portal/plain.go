// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"errors"

	"github.com/copis-it/copis/auth/account"
	"github.com/copis-it/copis/storage"
)

// A plainForm is a page with a form of a few fields.
type plainForm struct {
	Title  string
	Intro  string
	Action string // where it is sent
	Button string
	Back   string // where not sending it leads
	Fields []plainField
	Token  string // of the link that led here; it is sent along
	Form   fields
}

// A plainField is one field of a plainForm.
type plainField struct{ Name, Label, Type, Autocomplete, Hint string }

// Inputs are the fields as the template shows them. None of them may be empty.
func (f plainForm) Inputs() []input {
	out := make([]input, len(f.Fields))
	for i, x := range f.Fields {
		out[i] = input{
			ID: x.Name, Name: x.Name, Label: x.Label, Type: x.Type, Autocomplete: x.Autocomplete, Hint: x.Hint, Required: true,
			Value: f.Form.Value[x.Name], Error: f.Form.Error[x.Name],
		}
	}
	return out
}

// names returns the names of the form's fields.
func (f plainForm) names() []string {
	out := make([]string, len(f.Fields))
	for i, x := range f.Fields {
		out[i] = x.Name
	}
	return out
}

func (p *portal) plainPage(v *visit, f plainForm) error {
	f.Form = ask(v, f.names()...)
	return p.show(v, "plain", f.Title, f)
}

// plainAgain shows a form again, with what was typed and why it was refused.
func (p *portal) plainAgain(v *visit, f plainForm, err error) error {
	f.Form = ask(v, f.names()...)
	status, err := p.refuse(v, &f.Form, err)
	if err != nil {
		return err
	}
	return p.again(v, status, "plain", f.Title, f)
}

// The fields of forms that several pages have.

func (p *portal) nameField(v *visit) plainField {
	return plainField{"name", p.t(v, "field.name"), "text", "username", p.t(v, "field.name.hint", "Min", account.MinName, "Max", account.MaxName)}
}

func (p *portal) addressField(v *visit) plainField {
	return plainField{"address", p.t(v, "field.address"), "email", "email", ""}
}

func (p *portal) newPasswordField(v *visit) plainField {
	hint := p.t(v, "field.password.hint", "Min", account.MinAlone, "Least", account.MinWithFactor)
	return plainField{"password", p.t(v, "field.password.new"), "password", "new-password", hint}
}

func (p *portal) currentField(v *visit) plainField {
	return plainField{"current", p.t(v, "field.password.current"), "password", "current-password", ""}
}

func (p *portal) codeField(v *visit) plainField {
	return plainField{"otp", p.t(v, "field.code"), "text", "one-time-code", p.t(v, "code.hint")}
}

// notProven turns the refusal of whoever shows once more who they are into one
// of the field where they did.
func notProven(err error, field string) error {
	if errors.Is(err, account.ErrSignIn) {
		return &storage.Invalid{Field: field, Code: "wrong"}
	}
	return err
}

// mine is a page for people who are signed in. Others sign in first.
func (p *portal) mine(page func(*visit) error) func(*visit) error {
	return func(v *visit) error {
		if v.me == nil {
			return errSignIn
		}
		return page(v)
	}
}

// discreet keeps the address of a page, in which there is a token, from being
// told to others or kept.
func discreet(page func(*visit) error) func(*visit) error {
	return func(v *visit) error {
		v.w.Header().Set("Referrer-Policy", "no-referrer")
		v.w.Header().Set("Cache-Control", "no-store")
		return page(v)
	}
}
