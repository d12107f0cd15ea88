// SPDX-License-Identifier: BSD-3-Clause

package sqlstore

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/copis-it/copis/auth"
)

// circles are the part of a list that is within reach. Topics and questions
// stand in circles (see the migration of each).
//
// Whoever may read little must not make the database look through much. So a
// list is not one walk through an index with a filter, but one for each circle
// that is within reach, and one for each area, in the order of the list; the
// database merges them until a page is full.
type circles struct {
	open    int  // circles from here up are within reach
	areas   bool // and the others in some areas
	removed bool // what was removed is listed, and nothing else
}

// circlesOf returns those of a reach, in one area or, if it is zero, in all.
func circlesOf(r auth.Reach, area auth.AreaID, removed bool) circles {
	c := circles{open: min(floor(r), 4), areas: len(r.Areas) > 0, removed: removed}
	if !area.IsZero() && slices.Contains(r.Areas, area) {
		c.open = 1
	}
	if c.open == 1 || !area.IsZero() && !slices.Contains(r.Areas, area) {
		c.areas = false
	}
	return c
}

// A path is how the rows t of a list are walked through.
type path struct {
	from string // where they are, "{topics} t", with what is joined to them
	by   string // the column that orders them, the highest first; then by id
	many bool   // they lie in order also within each area
	held string // the condition that what was removed was shown before; may be empty
}

// walk is one query of a list.
func (p path) walk(conditions ...string) string {
	return p.keys() + " FROM " + p.from + where(conditions...)
}

// keys begins a walk.
func (p path) keys() string { return "SELECT {keys " + p.by + "}" }

// order ends a query of one walk.
func (p path) order() string { return " ORDER BY t." + p.by + " DESC, t.id DESC LIMIT :limit" }

// after is the condition that a row comes after the place of a cursor.
func (p path) after() string { return "(t." + p.by + ", t.id) < (:at, :id)" }

const inAreas = "t.area IN {ids :areas}"

// walks are those of a list: source is what bounds the rows that are looked
// at, besides their circle.
func (c circles) walks(d *Dialect, p path, source string, only ...string) (all []string) {
	for n := 3; n >= 1; n-- {
		circle := fmt.Sprintf("t.circle = %d", n)
		if c.removed {
			circle = fmt.Sprintf("t.circle = -%d", n)
			if p.held != "" {
				circle += " AND " + p.held
			}
		}
		conditions := append([]string{source, circle}, only...)
		switch {
		case n >= c.open:
			all = append(all, p.walk(conditions...))
		case !c.areas:
		case !p.many:
			all = append(all, p.walk(append(conditions, inAreas)...))
		default:
			table := strings.Fields(p.from)[0]
			all = append(all, p.keys()+" FROM {ids :areas} a "+d.each(table, p.walk(append(conditions, "t.area = a.item")...)+p.order()))
		}
	}
	return all
}

// merge is the query of what walks find together, in order; empty without any.
func (p path) merge(walks []string) string {
	switch len(walks) {
	case 0:
		return ""
	case 1:
		return walks[0] + p.order()
	}
	end := "{) " + p.by + " :limit}"
	return "{(}" + strings.Join(walks, end+" UNION ALL {(}") + end + " ORDER BY " + p.by + " DESC, id DESC LIMIT :limit"
}

// within is the condition that a row is to be listed and within reach. The
// sign keeps the database from looking for it in an index of circles.
func (c circles) within(p path) string {
	circle, also := "+t.circle", ""
	if c.removed {
		if circle = "-t.circle"; p.held != "" {
			also = " AND " + p.held
		}
	}
	if !c.areas {
		return fmt.Sprintf("%s >= %d", circle, c.open) + also
	}
	return fmt.Sprintf("(%s >= %d OR %s > 0 AND %s)", circle, c.open, circle, inAreas) + also
}

func where(conditions ...string) string {
	conditions = slices.DeleteFunc(slices.Clone(conditions), func(c string) bool { return c == "" })
	return " WHERE " + strings.Join(conditions, " AND ")
}

// A form is a text whose arguments have names, :area, and what fits it.
type form struct {
	query string
	args  []string // their names, in order
}

var argName = regexp.MustCompile(`:[a-z]+`)

// formOf numbers the arguments of a text. The limit is said and no argument:
// PostgreSQL takes an unknown one for a tenth of all there is, and then plans
// every call anew.
func formOf(text string, limit int) form {
	var f form
	f.query = argName.ReplaceAllStringFunc(strings.ReplaceAll(text, ":limit", strconv.Itoa(limit)), func(name string) string {
		i := slices.Index(f.args, name)
		if i < 0 {
			i = len(f.args)
			f.args = append(f.args, name)
		}
		return "$" + strconv.Itoa(i+1)
	})
	return f
}

// formed returns the form under a key, which says all that its text depends
// on.
func (x *texts) formed(key any, limit int, text func() string) *form {
	if f, ok := x.memo.Load(key); ok {
		return f.(*form)
	}
	f := formOf(text(), limit)
	kept, _ := x.memo.LoadOrStore(key, &f)
	return kept.(*form)
}
