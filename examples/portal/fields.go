// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"errors"
	"fmt"
	"slices"

	"github.com/copis-it/copis/storage"
)

// fields are the plain fields of a form: what was typed into them, and what is
// wrong with it. The templates input, textarea and choice show one.
type fields struct {
	Names   []string
	Value   map[string]string // never of a secret field
	Error   map[string]string // by field
	Problem string            // with all of it
	Faults  []fault           // of single fields
}

// A fault leads from the top of a page to a field that is wrong.
type fault struct{ At, Text string }

// elsewhere are the elements that stand for fields of other names.
var elsewhere = map[string]string{"org": "words", "scopes": "scope-0", "replies": "replies-error", "answers": "answers-error"}

// fault says what is wrong with a field and where that is.
func (p *portal) fault(v *visit, e *storage.Invalid) fault {
	f := fault{e.Field, p.fieldError(v, e)}
	if at, ok := elsewhere[e.Field]; ok {
		f.At = at
	}
	if label := "field." + e.Field; p.views.keys[label] {
		f.Text = p.t(v, label) + ": " + f.Text
	}
	return f
}

// secretFields are never shown again: a page is not where a password is kept.
var secretFields = map[string]bool{"password": true, "current": true, "otp": true, "token": true}

// ask returns a form with these fields, and with what was typed into them.
func ask(v *visit, names ...string) fields {
	f := fields{Names: names, Value: map[string]string{}, Error: map[string]string{}}
	for _, name := range names {
		if !secretFields[name] {
			f.Value[name] = v.field(name)
		}
	}
	return f
}

// refuse says in a form why it was not accepted, and returns the status of the
// answer that shows it again. If it is not worth showing again, that is the
// error.
func (p *portal) refuse(v *visit, f *fields, err error) (status int, _ error) {
	if !retryable(err) {
		return 0, err
	}
	var invalid *storage.Invalid
	if errors.As(err, &invalid) && slices.Contains(f.Names, invalid.Field) {
		f.Error[invalid.Field] = p.fieldError(v, invalid)
		f.Problem, f.Faults = p.t(v, "form.fix"), []fault{p.fault(v, invalid)}
	} else {
		f.Problem = p.explain(v, err)
	}
	retryAfter(v, err)
	status, _ = failure(err)
	return status, nil
}

// An input is one field of a form as a template shows it.
type input struct {
	ID, Name, Label, Value, Error, Hint string

	Type         string // of an <input>
	Autocomplete string
	Required     bool
	Rows         int      // of a <textarea>
	Choices      []choice // of a <select>
}

// A choice is one of those that a <select> offers.
type choice struct {
	Value, Label string
	Chosen       bool
}

// Describes returns the ids of what describes the field.
func (in input) Describes() string {
	s := ""
	if in.Hint != "" {
		s = in.ID + "-hint"
	}
	if in.Error != "" {
		s += " " + in.ID + "-error"
	}
	return s
}

// newInput makes an input of a form's field and of pairs of names and values:
// "type", "autocomplete", "hint", "id", "rows", "choices", "required".
func newInput(f fields, name, label string, pairs ...any) (input, error) {
	in := input{ID: name, Name: name, Label: label, Value: f.Value[name], Error: f.Error[name], Type: "text", Rows: 6}
	for i := 0; i+1 < len(pairs); i += 2 {
		ok := false
		switch pairs[i] {
		case "id":
			in.ID, ok = pairs[i+1].(string)
		case "type":
			in.Type, ok = pairs[i+1].(string)
		case "autocomplete":
			in.Autocomplete, ok = pairs[i+1].(string)
		case "hint":
			in.Hint, ok = pairs[i+1].(string)
		case "required":
			in.Required, ok = pairs[i+1].(bool)
		case "rows":
			in.Rows, ok = pairs[i+1].(int)
		case "choices":
			in.Choices, ok = pairs[i+1].([]choice)
			for j, c := range in.Choices {
				in.Choices[j].Chosen = c.Value == in.Value
			}
		}
		if !ok {
			return in, fmt.Errorf("input %s: %v=%v", name, pairs[i], pairs[i+1])
		}
	}
	return in, nil
}
