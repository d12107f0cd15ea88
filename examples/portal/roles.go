// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community/membership"
	"github.com/copis-it/copis/storage"
)

// A rolesView says who is what in the areas where the reader may say so, and
// has the form to say it.
type rolesView struct {
	Areas   []areaRoles
	Form    fields
	Choices []choice // of areas
	Roles   []choice
	Sure    bool // ask whether they really give up their own role
}

// areaRoles are the people of an area who have a role in it.
type areaRoles struct {
	Name   string
	People []roleView // the highest first
	Part   bool       // only those who are in the directory
}

type roleView struct {
	Person byline
	Role   auth.Role
}

var roleFields = []string{"user", "area", "role"}

func (p *portal) rolesView(v *visit, f fields) (rolesView, error) {
	areas := p.areasFor(v, membership.Grant)
	view := rolesView{Form: f, Choices: p.areaChoices(areas)}
	for r := auth.Observer; r <= auth.Coordinator; r++ {
		view.Roles = append(view.Roles, choice{Value: strconv.Itoa(int(r)), Label: p.t(v, "role."+r.String())})
	}
	view.Roles = append(view.Roles, choice{Value: "0", Label: p.t(v, "role.none")})
	f.Value["role"] = cmp.Or(f.Value["role"], strconv.Itoa(int(auth.Member)))
	for _, a := range areas {
		x := areaRoles{Name: a.Name, Part: a.ID == auth.Commons && !p.decides(v)}
		have, err := p.rolesIn(v, a.ID)
		if err != nil {
			return view, err
		}
		for _, r := range have {
			x.People = append(x.People, roleView{p.byline(v, auth.By{User: r.User}), r.Role})
		}
		slices.SortStableFunc(x.People, func(a, b roleView) int {
			return cmp.Or(cmp.Compare(b.Role, a.Role), cmp.Compare(a.Person.Name, b.Person.Name))
		})
		view.Areas = append(view.Areas, x)
	}
	return view, nil
}

// rolesIn returns who is what in an area. In the commons everybody is
// something: of them, those who keep order or run the place.
func (p *portal) rolesIn(v *visit, id auth.AreaID) ([]membership.AreaRole, error) {
	var out []membership.AreaRole
	var users []auth.UserID
	if id != auth.Commons {
		var err error
		if out, err = p.c.Membership.RolesIn(v.ctx(), v.who, id); err != nil {
			return nil, err
		}
	} else {
		for x, err := range storage.All(v.ctx(), func(c storage.Cursor) (storage.Page[membership.Person], error) {
			return p.c.Membership.Directory(v.ctx(), v.who, membership.DirectoryFilter{Role: auth.Moderator, Unlisted: p.decides(v), After: c, Limit: storage.MaxLimit})
		}) {
			if err != nil {
				return nil, err
			}
			out = append(out, membership.AreaRole{User: x.User, Area: id, Role: x.Role})
		}
	}
	for _, r := range out {
		users = append(users, r.User)
	}
	p.learn(v, byUsers(users)...)
	return out, nil
}

func (p *portal) roles(v *visit) error {
	view, err := p.rolesView(v, asked(v, roleFields...))
	if err != nil {
		return err
	}
	return p.show(v, "roles", p.t(v, "roles.title"), view)
}

// grant gives somebody a role. Whoever gives up their own is asked once more:
// they cannot take it back.
func (p *portal) grant(v *visit) error {
	in := membership.NewRole{}
	var err error
	if in.User, err = p.userNamed(v, "user"); err == nil {
		in.Area, err = areaField(v)
	}
	sure := true
	if err == nil {
		role, perr := strconv.ParseUint(v.field("role"), 10, 8)
		if perr != nil {
			err = &storage.Invalid{Field: "role", Code: storage.CodeUnknown}
		}
		in.Role = auth.Role(role)
		sure = in.User != v.who.User || in.Role >= v.me.Standing.RoleIn(in.Area) || v.field("sure") != ""
	}
	if err == nil && !sure {
		err = &storage.Invalid{Field: "sure", Code: "sure"}
	}
	if err == nil {
		err = p.c.Membership.Grant(v.ctx(), v.who, in)
	}
	if err != nil {
		f := ask(v, append(roleFields, "sure")...)
		status, err := p.refuse(v, &f, err)
		if err != nil {
			return err
		}
		view, err := p.rolesView(v, f)
		if err != nil {
			return err
		}
		view.Sure = !sure
		return p.again(v, status, "roles", p.t(v, "roles.title"), view)
	}
	to := p.url("desk/roles")
	if in.User == v.who.User { // who may not be let in there any more
		to = p.url("membership")
	}
	return p.redirect(v, query(to, "done", "granted"))
}
