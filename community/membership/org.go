// SPDX-License-Identifier: BSD-3-Clause

package membership

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// uriPrefix is before the code of an organisation in its URI.
const uriPrefix = "urn:x-italian-pa:"

// URI returns the name of an organisation outside of Co.PIS:
// "urn:x-italian-pa:c_f205".
func (o Org) URI() string { return uriPrefix + o.Code }

// Code returns the normal form of an organisation's code, or of its URI: codes
// are letters, digits, "_", "-" and ".", and compared without case. Anything
// else is Invalid in the field "code".
func Code(s string) (string, error) {
	s = strings.TrimSpace(s)
	if len(s) > len(uriPrefix) && strings.EqualFold(s[:len(uriPrefix)], uriPrefix) {
		s = s[len(uriPrefix):]
	}
	switch {
	case s == "":
		return "", &storage.Invalid{Field: "code", Code: storage.CodeMissing}
	case len(s) > MaxCode:
		return "", &storage.Invalid{Field: "code", Code: storage.CodeTooLong, Params: map[string]any{"max": MaxCode}}
	case strings.Trim(s, codeChars) != "" || strings.Trim(s, "_-.") == "":
		return "", &storage.Invalid{Field: "code", Code: storage.CodeMalformed}
	}
	return strings.ToLower(s), nil
}

const codeChars = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-."

// NewOrg is an organisation to be added to the register.
type NewOrg struct {
	Code string
	Name string
	Kind string // optional
	Site string // optional
}

// OrgEdit changes an organisation; fields that are nil stay as they are. Its
// code stays what it is.
type OrgEdit struct {
	Org      auth.OrgID
	Version  int // of the organisation that was shown
	Name     *string
	Kind     *string
	Site     *string
	Inactive *bool
}

// OrgFilter selects organisations.
type OrgFilter struct {
	Words    string // as somebody types them: of the name, or the code; empty: all
	Inactive bool   // those too
	After    storage.Cursor
	Limit    int
}

// Org returns an organisation. The register is public, as the one it comes
// from is: nobody's leave is asked to read it.
func (s *Service) Org(ctx context.Context, id auth.OrgID) (Org, error) {
	o, err := s.cfg.Store.Org(ctx, id)
	return o, refuse("membership.Org", "org "+id.String(), err)
}

// OrgByCode returns the organisation with a code or URI, in whichever case.
func (s *Service) OrgByCode(ctx context.Context, code string) (Org, error) {
	const op = "membership.OrgByCode"
	code, err := Code(code)
	if err != nil {
		return Org{}, refuse(op, "", err)
	}
	found, err := s.cfg.Store.OrgsByCode(ctx, []string{code})
	o, there := found[code]
	if err == nil && !there {
		err = storage.ErrNotFound
	}
	return o, refuse(op, "", err)
}

// OrgsByID returns the organisations that are there, of at most
// [storage.MaxLimit] ids; the others are not looked for (Invalid).
func (s *Service) OrgsByID(ctx context.Context, ids []auth.OrgID) (map[auth.OrgID]Org, error) {
	const op = "membership.OrgsByID"
	if err := few("ids", len(ids)); err != nil {
		return nil, refuse(op, "", err)
	}
	found, err := s.cfg.Store.OrgsByID(ctx, ids)
	return found, refuse(op, "", err)
}

// Orgs lists organisations by name.
func (s *Service) Orgs(ctx context.Context, f OrgFilter) (storage.Page[Org], error) {
	const op = "membership.Orgs"
	if len(f.Words) > 4*MaxOrgName {
		return storage.Page[Org]{}, refuse(op, "", &storage.Invalid{Field: "words", Code: storage.CodeTooLong, Params: map[string]any{"max": MaxOrgName}})
	}
	w := words(f.Words)
	if len(w) == 0 && strings.TrimSpace(f.Words) != "" {
		return storage.Page[Org]{}, nil // of what was typed nothing can be found
	}
	page, err := s.cfg.Store.Orgs(ctx, OrgQuery{Words: w, Inactive: f.Inactive, After: f.After, Limit: f.Limit})
	return page, refuse(op, "", err)
}

// AddOrg adds an organisation. If one has the code, it is [ErrCode].
func (s *Service) AddOrg(ctx context.Context, who auth.Actor, in NewOrg) (Org, error) {
	const op = "membership.AddOrg"
	now := s.cfg.Clock.Now()
	o := Org{ID: storage.NewID[auth.Org](), Code: in.Code, Name: in.Name, Kind: in.Kind, Site: in.Site, Made: now, Version: 1}
	err := s.may(ctx, who, Decide)
	if err == nil {
		err = o.check()
	}
	if err == nil {
		err = s.cfg.Store.Apply(ctx, InsertOrg{o}, general(EventOrgAdded, now, Event{By: who.By(), Org: o.ID}))
		if errors.Is(err, storage.ErrExists) {
			err = ErrCode
		}
	}
	if err != nil {
		return Org{}, refuse(op, "", err)
	}
	return o, nil
}

// EditOrg changes an organisation. If it is no longer at the version that was
// shown, the error is a [storage.Conflict] with the Org as it is.
func (s *Service) EditOrg(ctx context.Context, who auth.Actor, in OrgEdit) (Org, error) {
	var o Org
	err := s.decide(ctx, func(now time.Time) (err error) {
		if err := s.may(ctx, who, Decide); err != nil {
			return err
		}
		if o, err = s.cfg.Store.Org(ctx, in.Org); err != nil {
			return err
		}
		if o.Version != in.Version {
			return &storage.Conflict{Base: in.Version, Current: o}
		}
		set(&o.Name, in.Name)
		set(&o.Kind, in.Kind)
		set(&o.Site, in.Site)
		set(&o.Inactive, in.Inactive)
		if err := o.check(); err != nil {
			return err
		}
		return s.cfg.Store.Apply(ctx, UpdateOrg{o}, general(EventOrgEdited, now, Event{By: who.By(), Org: o.ID}))
	})
	if err != nil {
		return Org{}, refuse("membership.EditOrg", "org "+in.Org.String(), err)
	}
	o.Version++
	return o, nil
}

// check validates an organisation and puts it in normal form.
func (o *Org) check() (err error) {
	if o.Code, err = Code(o.Code); err != nil {
		return err
	}
	if o.Name, err = storage.Line("name", o.Name, MaxOrgName); err != nil {
		return err
	}
	if o.Kind, err = storage.Optional(storage.Line, "kind", o.Kind, MaxOrgName); err != nil {
		return err
	}
	o.Site, err = site(o.Site)
	return err
}

// site checks the address of a web site: absolute, of http or https.
func site(s string) (string, error) {
	s = strings.TrimSpace(s)
	switch u, err := url.Parse(s); {
	case s == "":
		return "", nil
	case len(s) > MaxSite:
		return "", &storage.Invalid{Field: "site", Code: storage.CodeTooLong, Params: map[string]any{"max": MaxSite}}
	case err != nil, u.Scheme != "https" && u.Scheme != "http", u.Host == "", u.User != nil:
		return "", &storage.Invalid{Field: "site", Code: storage.CodeMalformed}
	}
	return storage.Line("site", s, MaxSite)
}

// active returns an organisation that somebody may begin to act for, or says
// that the field names none.
func (s *Service) active(ctx context.Context, id auth.OrgID) (Org, error) {
	o, err := s.cfg.Store.Org(ctx, id)
	if err == nil && o.Inactive {
		err = storage.ErrNotFound
	}
	return o, unknown("org", err)
}

// few refuses more things at once than a page has.
func few(field string, n int) error {
	if n > storage.MaxLimit {
		return &storage.Invalid{Field: field, Code: storage.CodeTooMany, Params: map[string]any{"max": storage.MaxLimit}}
	}
	return nil
}

// invalid returns what is wrong with a field, if that is what an error says.
func invalid(err error) (in *storage.Invalid, is bool) {
	return in, errors.As(err, &in)
}
