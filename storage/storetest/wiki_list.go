// SPDX-License-Identifier: BSD-3-Clause

package storetest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/wiki"
)

var wikiListPromises = []promise{
	{"Wiki/Pages/Filters", "a list has what its query selects, all of it, in order, and nothing else, whatever the page's size", false, wikiFilters},
	{"Wiki/Pages/Reach300", "a reach of 300 areas is no more than one of 3", false, wikiReachMany},
	{"Wiki/Pages/Limits", "a list gives 20 unless asked otherwise, and never more than 100; the last page has no cursor", false, wikiLimits},
	{"Wiki/Pages/Ties", "pages of one key, one moment or one position are each listed once, by id", false, wikiTies},
	{"Wiki/Pages/Moves", "a page is listed where it stands now: by its tags, themes, area, place, state, title and dates", false, wikiMoves},
	{"Wiki/Hidden", "two worlds that differ only in what is hidden are equal in every list, count and cursor", false, wikiHiddenWorld},
}

// A pageShelf is a scriptorium with pages of every kind, and a model of its lists.
type pageShelf struct {
	*scriptorium
	here, there auth.AreaID
	people      []auth.UserID
	themes      []wiki.ThemeID
	pages       []wiki.Page
}

func newPageShelf(t *testing.T, s community.Store) *pageShelf {
	t.Helper()
	l := &pageShelf{scriptorium: newScriptorium(t, s), here: newArea(), there: newArea()}
	for range 3 {
		l.people = append(l.people, newUser())
		l.themes = append(l.themes, storage.NewID[wiki.Theme]())
	}
	tags, keys := []string{"gara", "gare", "à", "rup", "Rup"}, []string{"gara", "gare", "ga_a", "ga%", "zona", "à", "\uffff", "𝕏", "gar", "Gara", "b"}
	for i := range 66 {
		p := l.newPage()
		p.Area = []auth.AreaID{l.here, l.here, l.there}[i%3]
		p.Audience = auth.Audience(i/2%3 + 1)
		p.By.User = l.people[i/3%3]
		p.Key = fmt.Sprint(keys[i%11], i/22) // keys come more than once
		p.EditedAt = at(1000 + i*7%30)
		p.Position = int64(i%5 - 3)
		p.Template = []string{"", "practice", "story"}[i%3]
		for j := range i % 4 {
			p.Tags = append(p.Tags, tags[(i+j*2)%5])
		}
		if i%4 > 0 {
			p.Themes = slices.SortedFunc(slices.Values([]wiki.ThemeID{l.themes[i%3], l.themes[(i+1)%3]}), wiki.ThemeID.Compare)[:1+i%2]
		}
		if i%2 == 1 {
			p.Check.Due = at(3000 + i*5%40)
		}
		if len(l.pages) > 3 && i%5 < 3 {
			p.Parent = l.pages[i%3].ID
		}
		switch i % 7 {
		case 2:
			p.Current, p.Stable, p.EditedAt, p.EditedBy, p.Body = 2, 0, time.Time{}, auth.By{}, ""
		case 4:
			p.Current, p.Stable = 3, 2
		}
		switch i % 9 {
		case 5:
			p.Removal.State = wiki.Deleted
		case 8:
			p.Removal.State = wiki.Purged
		}
		l.do(wiki.InsertPage{Page: p})
		l.pages = append(l.pages, p)
	}
	return l
}

// picks says whether a query selects a page.
func picks(q wiki.PageQuery, p wiki.Page) bool {
	state := wiki.Visible
	if q.Removed {
		state = wiki.Deleted
	}
	return q.Reach.Covers(p.Area, p.Audience) && p.Removal.State == state &&
		(p.Stable > 0 || q.Pending || q.Removed || !q.Author.IsZero()) && (!q.Pending || p.Current != p.Stable) &&
		(q.Area.IsZero() || q.Area == p.Area) && (q.Parent.IsZero() || q.Parent == p.Parent) && (!q.Top || p.Parent.IsZero()) &&
		strings.HasPrefix(p.Key, q.Prefix) && (q.Tag == "" || slices.Contains(p.Tags, q.Tag)) &&
		(q.Theme.IsZero() || slices.Contains(p.Themes, q.Theme)) && (q.Template == "" || q.Template == p.Template) &&
		(q.Author.IsZero() || q.Author == p.By.User) && (q.Due.IsZero() || !p.Check.Due.IsZero() && !p.Check.Due.After(q.Due))
}

// ordered compares pages as a list does.
func ordered(order wiki.Order) func(a, b wiki.Page) int {
	return func(a, b wiki.Page) int {
		switch order {
		case wiki.Newest:
			return cmp.Or(b.EditedAt.Compare(a.EditedAt), b.ID.Compare(a.ID))
		case wiki.ByDue:
			return cmp.Or(a.Check.Due.Compare(b.Check.Due), a.ID.Compare(b.ID))
		case wiki.Tree:
			return cmp.Or(cmp.Compare(a.Position, b.Position), strings.Compare(a.Key, b.Key), a.ID.Compare(b.ID))
		}
		return cmp.Or(strings.Compare(a.Key, b.Key), a.ID.Compare(b.ID))
	}
}

// picked is what a query selects, in order.
func (l *pageShelf) picked(q wiki.PageQuery) []wiki.Page {
	all := []wiki.Page{}
	for _, p := range l.pages {
		if picks(q, p) {
			all = append(all, bare(p))
		}
	}
	slices.SortFunc(all, ordered(q.Order))
	return all
}

// pageQueries are lists of a shelf, but for their reach.
func (l *pageShelf) pageQueries() map[string]wiki.PageQuery {
	root := l.pages[0].ID
	return map[string]wiki.PageQuery{
		"all":                {},
		"newest":             {Order: wiki.Newest},
		"area":               {Area: l.here},
		"area newest":        {Area: l.there, Order: wiki.Newest},
		"no such area":       {Area: newArea()},
		"parent":             {Parent: root},
		"parent tree":        {Parent: root, Order: wiki.Tree},
		"parent newest":      {Parent: l.pages[1].ID, Order: wiki.Newest},
		"parent area tag":    {Parent: l.pages[2].ID, Area: l.there, Tag: "gara"},
		"parent pending":     {Parent: root, Pending: true, Order: wiki.Tree},
		"no such parent":     {Parent: storage.NewID[wiki.Page](), Order: wiki.Tree},
		"top":                {Top: true},
		"top tree":           {Top: true, Area: l.here, Order: wiki.Tree},
		"top newest":         {Top: true, Order: wiki.Newest},
		"prefix":             {Prefix: "gar"},
		"prefix newest":      {Prefix: "gar", Order: wiki.Newest},
		"prefix, no pattern": {Prefix: "ga_"},
		"prefix, percent":    {Prefix: "ga%"},
		"prefix accent":      {Prefix: "à"},
		"prefix letter":      {Prefix: "G"},
		"prefix last":        {Prefix: "\uffff"},
		"prefix astral":      {Prefix: "𝕏"},
		"prefix area tag":    {Prefix: "g", Area: l.here, Tag: "rup"},
		"no such prefix":     {Prefix: "x"},
		"tag":                {Tag: "gara"},
		"tag newest":         {Tag: "gare", Order: wiki.Newest},
		"tag area":           {Tag: "à", Area: l.here},
		"tag to the letter":  {Tag: "rup"},
		"tag, other letter":  {Tag: "Rup"},
		"tag half":           {Tag: "gar"},
		"tag theme":          {Tag: "gara", Theme: l.themes[0]},
		"theme":              {Theme: l.themes[0]},
		"theme newest":       {Theme: l.themes[1], Order: wiki.Newest},
		"theme area top":     {Theme: l.themes[2], Area: l.here, Top: true},
		"no such theme":      {Theme: storage.NewID[wiki.Theme]()},
		"template":           {Template: "practice"},
		"template newest":    {Template: "story", Order: wiki.Newest},
		"no such template":   {Template: "stor"},
		"author":             {Author: l.people[0]},
		"author newest":      {Author: l.people[1], Order: wiki.Newest},
		"author pending":     {Author: l.people[2], Pending: true},
		"author removed":     {Author: l.people[2], Removed: true},
		"author tag":         {Author: l.people[0], Tag: "gara"},
		"author theme":       {Author: l.people[0], Theme: l.themes[1], Order: wiki.Newest},
		"author tree":        {Author: l.people[1], Parent: root, Order: wiki.Tree},
		"no such author":     {Author: newUser()},
		"due":                {Due: at(3020), Order: wiki.ByDue},
		"due to the moment":  {Due: at(3015), Order: wiki.ByDue},
		"due by title":       {Due: at(3020)},
		"due newest":         {Due: at(4000), Order: wiki.Newest},
		"due area":           {Due: at(3030), Area: l.here, Order: wiki.ByDue},
		"due author":         {Due: at(4000), Author: l.people[0], Order: wiki.ByDue},
		"due tag":            {Due: at(4000), Tag: "gara", Order: wiki.ByDue},
		"due to nobody yet":  {Due: at(1), Order: wiki.ByDue},
		"pending":            {Pending: true},
		"pending newest":     {Pending: true, Order: wiki.Newest},
		"pending area":       {Pending: true, Area: l.there},
		"pending removed":    {Pending: true, Removed: true},
		"removed":            {Removed: true},
		"removed newest":     {Removed: true, Order: wiki.Newest},
		"removed area":       {Removed: true, Area: l.here},
		"removed tag":        {Removed: true, Tag: "gara"},
		"removed theme":      {Removed: true, Theme: l.themes[0]},
		"everything":         {Area: l.here, Parent: root, Prefix: "g", Tag: "gara", Author: l.people[0], Due: at(4000), Order: wiki.Newest},
	}
}

func wikiFilters(t *testing.T, s community.Store) {
	l := newPageShelf(t, s)
	found := 0
	for how, reach := range map[string]auth.Reach{
		"": everything, ", some": {Floor: auth.CommunityMembers, Areas: []auth.AreaID{l.there}}, ", public": {Floor: auth.Public}, ", there": {Areas: []auth.AreaID{newArea(), l.there}}, ", none": {},
	} {
		for name, query := range l.pageQueries() {
			query.Reach = reach
			want := l.picked(query)
			found += len(want)
			l.lists(name+how, query, want)
		}
	}
	if found < 1000 {
		t.Errorf("these queries select %d pages: they say nothing", found)
	}
}

func wikiReachMany(t *testing.T, s community.Store) {
	l := newPageShelf(t, s)
	var many auth.Reach
	for range 300 {
		many.Areas = append(many.Areas, newArea())
	}
	many.Areas = append(many.Areas, l.there, l.there) // the same twice changes nothing
	for name, query := range l.pageQueries() {
		query.Reach = many
		l.lists(name, query, l.picked(query))
	}
}

func wikiLimits(t *testing.T, s community.Store) {
	h := newScriptorium(t, s)
	for range 101 {
		h.writes(nil)
	}
	for _, ask := range []struct{ limit, want int }{{0, 20}, {-1, 20}, {1, 1}, {20, 20}, {100, 100}, {101, 100}, {1 << 30, 100}, {-1 << 31, 20}} {
		for _, order := range []wiki.Order{wiki.ByTitle, wiki.Newest} {
			page := got(h.w.Pages(ctx, wiki.PageQuery{Reach: everything, Order: order, Limit: ask.limit}))(t)
			same(t, len(page.Items), ask.want)
			same(t, page.Next != "", true)
		}
	}
	h.do(wiki.DropNames{})
	h.changes(h.list(wiki.PageQuery{Reach: everything, Limit: 100})[50].ID, func(p *wiki.Page) { p.Removal.State = wiki.Deleted })
	page := got(h.w.Pages(ctx, wiki.PageQuery{Reach: everything, Limit: 100}))(t)
	same(t, len(page.Items), 100)
	same(t, page.Next, "")
}

func wikiTies(t *testing.T, s community.Store) {
	h := newScriptorium(t, s)
	h.area = newArea()
	parent := h.writes(nil)
	var want []wiki.Page
	for range 15 {
		want = append(want, bare(h.writes(func(p *wiki.Page) {
			p.Key, p.Parent, p.Area, p.EditedAt, p.Check.Due, p.Position = "k", parent.ID, newArea(), at(5), at(5), -3
			p.ID = storage.MakeID[wiki.Page](newRandom())
		})))
	}
	slices.SortFunc(want, func(a, b wiki.Page) int { return a.ID.Compare(b.ID) })
	for _, order := range []wiki.Order{wiki.ByTitle, wiki.Tree, wiki.ByDue} {
		h.lists(fmt.Sprint("order ", order), wiki.PageQuery{Reach: everything, Parent: parent.ID, Order: order, Due: at(9)}, want)
	}
	slices.Reverse(want)
	h.lists("newest", wiki.PageQuery{Reach: everything, Parent: parent.ID, Order: wiki.Newest}, want)
}

func wikiMoves(t *testing.T, s community.Store) {
	l := newPageShelf(t, s)
	for i := range l.pages {
		if i%4 == 3 {
			continue
		}
		next := l.pages[(i*5+7)%len(l.pages)]
		now := &l.pages[i]
		*now = l.changes(now.ID, func(p *wiki.Page) {
			p.Tags, p.Themes, p.Template, p.Key = next.Tags, next.Themes, next.Template, next.Key+"b"
			p.Area, p.Audience, p.Position, p.Removal = next.Area, next.Audience, next.Position-2, next.Removal
			p.Current, p.Stable, p.EditedAt, p.Check = next.Current, next.Stable, next.EditedAt, next.Check
			if p.ID != next.Parent && i > 3 {
				p.Parent = next.Parent
			}
		})
	}
	some := auth.Reach{Floor: auth.CommunityMembers, Areas: []auth.AreaID{l.there}}
	for name, query := range l.pageQueries() {
		for _, query.Reach = range []auth.Reach{everything, some} {
			l.lists(name, query, l.picked(query))
		}
	}
}

// wikiHiddenWorld compares all that a reader of little reach is told before and
// after others have written what it does not see.
func wikiHiddenWorld(t *testing.T, s community.Store) {
	h := newScriptorium(t, s)
	tag, theme, origin := "gara", storage.NewID[wiki.Theme](), wiki.Origin{Kind: "k", ID: newUser().Bytes()}
	root := h.writes(nil)
	reach := auth.Reach{Floor: auth.Public}
	for range 6 {
		p := h.writes(func(p *wiki.Page) {
			p.Tags, p.Themes, p.Parent, p.Origin = []string{tag}, []wiki.ThemeID{theme}, root.ID, origin
		})
		h.revises(p, 1, nil)
		h.links(p, map[string]wiki.PageID{"root": root.ID, "manca": {}})
	}
	tells := func() string {
		t.Helper()
		out := fmt.Sprintf("%+v\n", h.view(wiki.ViewQuery{Page: root.ID, Reach: reach}))
		for _, q := range []wiki.PageQuery{{}, {Order: wiki.Newest}, {Tag: tag}, {Theme: theme}, {Parent: root.ID, Order: wiki.Tree}, {Area: h.area}, {Prefix: "pagina"}, {Removed: true}, {Pending: true}} {
			q.Reach, q.Limit = reach, 3
			out += fmt.Sprintf("%+v\n", got(h.w.Pages(ctx, q))(t))
		}
		out += fmt.Sprintf("%+v\n", got(h.w.Revisions(ctx, wiki.RevisionQuery{Reach: reach, Limit: 3}))(t))
		out += fmt.Sprintf("%+v\n", got(h.w.Backlinks(ctx, wiki.LinkQuery{To: root.ID, Reach: reach, Limit: 3}))(t))
		out += fmt.Sprintf("%+v\n", got(h.w.Wanted(ctx, wiki.WantedQuery{Area: h.area, Reach: reach, Limit: 3}))(t))
		return out + fmt.Sprintf("%+v\n", got(h.w.From(ctx, origin, reach))(t))
	}
	before := tells()
	for i := range 12 {
		p := h.writes(func(p *wiki.Page) {
			p.Tags, p.Themes, p.Parent, p.Origin, p.Key = []string{tag}, []wiki.ThemeID{theme}, root.ID, origin, "pagina"
			p.Audience = auth.Audience(i%2 + 1)
		})
		h.revises(p, 1, nil)
		h.links(p, map[string]wiki.PageID{"root": root.ID, "manca": {}, fmt.Sprint("anche ", i): {}})
		h.named(wiki.Name{Area: h.area, Key: fmt.Sprint("nome ", i), Page: p.ID})
		h.attaches(p, nil)
	}
	equal(t, "what is told", tells(), before)
}
