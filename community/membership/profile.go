// SPDX-License-Identifier: BSD-3-Clause

package membership

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// ProfileEdit changes the actor's profile; fields that are nil stay as they are.
type ProfileEdit struct {
	Version   int // of the Member that was shown
	Name      *Field
	Headline  *Field
	About     *Field
	Contact   *Field
	Expertise *[]string
	Listed    *bool
}

// A Person is what a member tells of themselves to whoever asks.
type Person struct {
	User      auth.UserID
	State     MemberState
	Role      auth.Role
	Category  Category
	Org       auth.OrgID // through which they were admitted, while they act for it
	Joined    time.Time
	Name      string // empty, as all that follows, if it is not told to whoever asks
	Headline  string
	About     string // Markdown
	Contact   string
	Expertise []string
}

// EditProfile changes what the actor tells of themselves. If it is no longer at
// the version that was shown, the error is a [storage.Conflict] with the Member
// as they are. Whoever is Away comes back first (auth.Denied, ReasonAway).
func (s *Service) EditProfile(ctx context.Context, who auth.Actor, in ProfileEdit) (Member, error) {
	var m Member
	err := signedIn(who, SeeMembers)
	if err == nil {
		err = s.decide(ctx, func(now time.Time) error {
			st, changes, err := s.person(ctx, who.User, now)
			if err != nil {
				return err
			}
			if m = st.Member; !m.belongs() {
				return ErrNotMember
			}
			if err := st.restrained(SeeMembers, ReadOnly); err != nil { // what others read is not for them to write
				return err
			}
			if m.State == Away {
				return &auth.Denied{Action: SeeMembers, Reason: ReasonAway}
			}
			if m.Version != in.Version {
				return &storage.Conflict{Base: in.Version, Current: m}
			}
			set(&m.Profile.Name, in.Name)
			set(&m.Profile.Headline, in.Headline)
			set(&m.Profile.About, in.About)
			set(&m.Profile.Contact, in.Contact)
			set(&m.Profile.Expertise, in.Expertise)
			set(&m.Profile.Listed, in.Listed)
			if err := m.Profile.check(); err != nil {
				return err
			}
			return s.cfg.Store.Apply(ctx, append(changes, UpdateMember{m}, personal(EventProfileEdited, now, Event{By: self(who), User: who.User}))...)
		})
	}
	if err != nil {
		return Member{}, refuse("membership.EditProfile", "", err)
	}
	m.Version++
	return m, nil
}

// Me returns the actor's own membership, with all of their profile.
func (s *Service) Me(ctx context.Context, who auth.Actor) (Member, error) {
	const op = "membership.Me"
	if err := signedIn(who, SeeMembers); err != nil {
		return Member{}, refuse(op, "", err)
	}
	st, _, err := s.person(ctx, who.User, s.cfg.Clock.Now())
	if err == nil && st.Member.User.IsZero() {
		err = ErrNotMember
	}
	if err != nil {
		return Member{}, refuse(op, "", err)
	}
	return st.Member, nil
}

// Profile returns what a member tells the actor of themselves. Whoever may not
// see members, and is told nothing by this one, gets what they would get for
// nobody at all; so does everybody of a member who has left, but for whoever
// may decide on members.
func (s *Service) Profile(ctx context.Context, who auth.Actor, user auth.UserID) (Person, error) {
	p, err := s.profile(ctx, who, user)
	if err != nil {
		return Person{}, refuse("membership.Profile", "user "+user.String(), err)
	}
	return p, nil
}

func (s *Service) profile(ctx context.Context, who auth.Actor, user auth.UserID) (Person, error) {
	e, err := s.eye(ctx, who)
	if err != nil {
		return Person{}, err
	}
	st, err := s.standing(ctx, user, s.cfg.Clock.Now())
	if err != nil {
		return Person{}, err
	}
	p, seen := e.sees(st.Member, st.actsFor(st.Member.Org))
	if !seen || user.IsZero() {
		return Person{}, storage.ErrNotFound
	}
	return p, nil
}

// An eye is what somebody may see of members: the one rule for all ways to
// look them up.
type eye struct {
	who   auth.UserID
	reach auth.Reach // of SeeMembers
	all   bool
}

func (s *Service) eye(ctx context.Context, who auth.Actor) (eye, error) {
	once := &Service{s.cfg}
	var err error // two questions, one look at who it is
	if once.cfg.Auth, err = auth.Enter(ctx, s.cfg.Auth, who, SeeMembers); err != nil {
		if errors.Is(err, auth.ErrDenied) {
			err = nil // who sees nobody is told what anybody tells of themselves to them
		}
		return eye{who: who.User}, err
	}
	reach, err := once.cfg.Auth.Reach(ctx, who, SeeMembers)
	if err != nil {
		return eye{}, err
	}
	all, err := once.can(ctx, who, Decide)
	return eye{who.User, reach, all}, err
}

// members reports whether the eye is a member's.
func (e eye) members() bool { return e.all || e.reach.Covers(auth.Commons, auth.CommunityMembers) }

// reads returns the text of a member's field, if it is told.
func (e eye) reads(m Member, f Field) string {
	if e.all || e.who == m.User && !m.User.IsZero() || f.Audience.Valid() && e.reach.Covers(auth.Commons, f.Audience) {
		return f.Text
	}
	return ""
}

// sees returns what the eye sees of a member, who acts for the organisation
// that they were admitted through or does not, and whether it is anything.
func (e eye) sees(m Member, acts bool) (Person, bool) {
	own := e.who == m.User && !m.User.IsZero()
	if !acts {
		m.Org = auth.OrgID{}
	}
	p := Person{
		User: m.User, State: m.State, Role: m.Role, Category: m.Category, Org: m.Org, Joined: m.Joined,
		Name: e.reads(m, m.Profile.Name), Headline: e.reads(m, m.Profile.Headline),
		About: e.reads(m, m.Profile.About), Contact: e.reads(m, m.Profile.Contact),
	}
	told := p.Name+p.Headline+p.About+p.Contact != ""
	if own || e.members() {
		p.Expertise = slices.Clone(m.Profile.Expertise)
		told = true
	} else {
		p.Role, p.Category, p.Org, p.Joined = 0, "", auth.OrgID{}, time.Time{} // for members
	}
	return p, told && !m.User.IsZero() && (m.belongs() || own || e.all)
}

// DirectoryFilter selects who is found in the directory.
type DirectoryFilter struct {
	Expertise string     // one of theirs, however it is written; empty: all
	Org       auth.OrgID // who act for it now; zero: all
	Category  Category   // zero: all
	Role      auth.Role  // at least; zero: all
	Unlisted  bool       // also active members who do not want to be found, for whoever may decide
	After     storage.Cursor
	Limit     int
}

// Directory lists the members who want to be found, to whoever may see members.
func (s *Service) Directory(ctx context.Context, who auth.Actor, in DirectoryFilter) (storage.Page[Person], error) {
	const op = "membership.Directory"
	err := s.cfg.Auth.Authorize(ctx, who, SeeMembers, auth.Scope{Area: auth.Commons, Audience: auth.CommunityMembers})
	if err == nil && len(in.Expertise) > 12*MaxTerm {
		err = &storage.Invalid{Field: "expertise", Code: storage.CodeTooLong, Params: map[string]any{"max": MaxTerm}}
	}
	var e eye
	if err == nil {
		e, err = s.eye(ctx, who)
	}
	if err == nil && in.Unlisted && !e.all {
		err = s.may(ctx, who, Decide)
	}
	if err != nil {
		return storage.Page[Person]{}, refuse(op, "", err)
	}
	expertise := Fold(in.Expertise)
	if expertise == "" && strings.TrimSpace(in.Expertise) != "" {
		return storage.Page[Person]{}, nil // of what was typed nothing can be found
	}
	q := MemberQuery{
		Listed: !in.Unlisted, Role: in.Role, Category: in.Category, Org: in.Org, Expertise: expertise,
		Now: s.cfg.Clock.Now(), After: in.After, Limit: in.Limit,
	}
	if in.Unlisted {
		q.State = Active
	}
	page, err := s.cfg.Store.Members(ctx, q)
	if err != nil {
		return storage.Page[Person]{}, refuse(op, "", err)
	}
	acting, err := s.acting(ctx, page.Items, q.Now)
	if err != nil {
		return storage.Page[Person]{}, refuse(op, "", err)
	}
	out := storage.Page[Person]{Next: page.Next}
	for _, m := range page.Items {
		p, _ := e.sees(m, slices.Contains(acting[m.User], m.Org))
		out.Items = append(out.Items, p)
	}
	return out, nil
}

// acting returns for which organisations those of these members act who were
// admitted through one.
func (s *Service) acting(ctx context.Context, members []Member, now time.Time) (map[auth.UserID][]auth.OrgID, error) {
	var users []auth.UserID
	for _, m := range members {
		if !m.Org.IsZero() {
			users = append(users, m.User)
		}
	}
	if len(users) == 0 {
		return nil, nil
	}
	return s.cfg.Store.Acting(ctx, users, now)
}

// Names returns what members are called, of at most [storage.MaxLimit] ids, for
// showing beside what they wrote, also after they have left. Those who do not
// tell the actor are left out, as are those who are not there.
func (s *Service) Names(ctx context.Context, who auth.Actor, ids []auth.UserID) (map[auth.UserID]string, error) {
	names := map[auth.UserID]string{}
	err := s.eachOf(ctx, who, ids, func(e eye, m Member) {
		if name := e.reads(m, m.Profile.Name); name != "" {
			names[m.User] = name
		}
	})
	if err != nil {
		return nil, refuse("membership.Names", "", err)
	}
	return names, nil
}

// Seen says of which members, of at most [storage.MaxLimit] ids, the actor is
// told anything at all: whose [Service.Profile] is there for them.
func (s *Service) Seen(ctx context.Context, who auth.Actor, ids []auth.UserID) (map[auth.UserID]bool, error) {
	seen := map[auth.UserID]bool{}
	err := s.eachOf(ctx, who, ids, func(e eye, m Member) {
		if _, is := e.sees(m, false); is {
			seen[m.User] = true
		}
	})
	if err != nil {
		return nil, refuse("membership.Seen", "", err)
	}
	return seen, nil
}

// eachOf looks at those of a few people who are members, or were.
func (s *Service) eachOf(ctx context.Context, who auth.Actor, ids []auth.UserID, look func(eye, Member)) error {
	if err := few("ids", len(ids)); err != nil {
		return err
	}
	e, err := s.eye(ctx, who)
	if err != nil {
		return err
	}
	found, err := s.cfg.Store.MembersByID(ctx, ids)
	for _, m := range found {
		look(e, m)
	}
	return err
}

// check validates a profile and puts it in normal form.
func (p *Profile) check() (err error) {
	for _, f := range []struct {
		name string
		*Field
		form func(field, s string, max int) (string, error)
		max  int
	}{
		{"name", &p.Name, storage.Line, MaxField},
		{"headline", &p.Headline, storage.Line, MaxField},
		{"about", &p.About, storage.Text, MaxAbout},
		{"contact", &p.Contact, storage.Line, MaxField},
	} {
		if f.Text, err = storage.Optional(f.form, f.name, f.Text, f.max); err != nil {
			return err
		}
		if a := f.Audience; a != 0 && a != auth.CommunityMembers && a != auth.Public {
			return &storage.Invalid{Field: f.name, Code: CodeAudience}
		}
	}
	if len(p.Expertise) > MaxExpertise {
		return &storage.Invalid{Field: "expertise", Code: storage.CodeTooMany, Params: map[string]any{"max": MaxExpertise}}
	}
	var terms []string
	seen := map[string]bool{}
	for _, term := range p.Expertise {
		if term, err = storage.Line("expertise", term, MaxTerm); err != nil {
			return err
		}
		if folded := Fold(term); folded == "" {
			return &storage.Invalid{Field: "expertise", Code: storage.CodeMissing}
		} else if !seen[folded] {
			seen[folded] = true
			terms = append(terms, term)
		}
	}
	p.Expertise = terms
	return nil
}
