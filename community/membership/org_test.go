// SPDX-License-Identifier: BSD-3-Clause

package membership_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community/membership"
	"github.com/copis-it/copis/community/membership/ipa"
	"github.com/copis-it/copis/internal/shared"
	"github.com/copis-it/copis/storage"
)

func TestCode(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"c_f205": "c_f205", "C_F205": "c_f205", " C ": "c", "URN:x-italian-pa:C_F205": "c_f205", "istsc_AGIC82200R": "istsc_agic82200r", "a-1.b": "a-1.b",
	} {
		got, err := membership.Code(in)
		require.NoError(t, err, in)
		assert.Equal(t, want, got)
	}
	for in, code := range map[string]string{
		"": storage.CodeMissing, "  ": storage.CodeMissing, "a b": storage.CodeMalformed, "è": storage.CodeMalformed, "\u212a": storage.CodeMalformed, // the sign of kelvin
		"urn:x-italian-pa:": storage.CodeMalformed, "a/b": storage.CodeMalformed, "a\x00": storage.CodeMalformed, "__": storage.CodeMalformed, strings.Repeat("a", 41): storage.CodeTooLong,
	} {
		_, err := membership.Code(in)
		require.Error(t, err, "%q", in)
		wrong(t, err, "code", code)
	}
}

func TestOrgs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.org("ASL_1", "Unità Sanitaria Locale Umbria 1")
	w.org("asl_2", "UNITA' SANITARIA LOCALE UMBRIA 2")
	w.org("c_l736", "Comune di Venezia")
	find := func(words string) (codes []string) {
		page, err := w.members.Orgs(w.ctx, membership.OrgFilter{Words: words})
		require.NoError(t, err)
		for _, o := range page.Items {
			codes = append(codes, o.Code)
		}
		return codes
	}
	assert.Equal(t, []string{"asl_1", "asl_2"}, find("unità sanitaria"))
	assert.Equal(t, []string{"asl_1", "asl_2"}, find("SANITARIA unita'"))
	assert.Equal(t, []string{"asl_2"}, find("umbria 2"))
	assert.Equal(t, []string{"c_f205", "c_l219", "c_l736"}, find("comune"), "by name")
	assert.Equal(t, []string{"c_f205"}, find("C_F205"))
	assert.Equal(t, []string{"unitn"}, find("UNITN"))
	assert.Len(t, find(""), 6)
	assert.Empty(t, find("'"), "nothing can be found of it")
	assert.Empty(t, find("%"))
	assert.Empty(t, find("comune'; drop table"))
	_, err := w.members.Orgs(w.ctx, membership.OrgFilter{Words: strings.Repeat("a ", 4000)})
	wrong(t, err, "words", storage.CodeTooLong)

	o, err := w.members.OrgByCode(w.ctx, "URN:X-ITALIAN-PA:C_F205")
	require.NoError(t, err)
	assert.Equal(t, w.milan, o)
	assert.Equal(t, "urn:x-italian-pa:c_f205", o.URI())
	_, err = w.members.OrgByCode(w.ctx, "c_x")
	require.ErrorIs(t, err, storage.ErrNotFound)
	_, err = w.members.Org(w.ctx, storage.NewID[auth.Org]())
	require.ErrorIs(t, err, storage.ErrNotFound)
	some, err := w.members.OrgsByID(w.ctx, []auth.OrgID{w.milan.ID, w.turin.ID, storage.NewID[auth.Org]()})
	require.NoError(t, err)
	assert.Len(t, some, 2)
	_, err = w.members.OrgsByID(w.ctx, make([]auth.OrgID, 101))
	wrong(t, err, "ids", storage.CodeTooMany)
}

// S68: a page has a hundred at most, whatever is asked for.
func TestPagesAreBounded_S68(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 120 {
		w.org(fmt.Sprintf("ente_%03d", i), fmt.Sprintf("Ente %03d", i))
	}
	for limit, want := range map[int]int{0: storage.DefaultLimit, -1: storage.DefaultLimit, 1e9: storage.MaxLimit} {
		page, err := w.members.Orgs(w.ctx, membership.OrgFilter{Limit: limit})
		require.NoError(t, err)
		assert.Len(t, page.Items, want)
	}
	n := 0
	for _, err := range storage.All(w.ctx, func(c storage.Cursor) (storage.Page[membership.Org], error) {
		return w.members.Orgs(w.ctx, membership.OrgFilter{After: c, Limit: 7})
	}) {
		require.NoError(t, err)
		n++
	}
	assert.Equal(t, 123, n)
	_, err := w.members.Orgs(w.ctx, membership.OrgFilter{After: "altro"})
	require.ErrorIs(t, err, storage.ErrInvalid)
}

func TestAddAndEditOrg(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, c := range map[string]struct {
		in          membership.NewOrg
		field, code string
	}{
		"no code":       {membership.NewOrg{Name: "x"}, "code", storage.CodeMissing},
		"no name":       {membership.NewOrg{Code: "x"}, "name", storage.CodeMissing},
		"a long name":   {membership.NewOrg{Code: "x", Name: strings.Repeat("è", 401)}, "name", storage.CodeTooLong},
		"two lines":     {membership.NewOrg{Code: "x", Name: "a\nb"}, "name", storage.CodeControl},
		"a long kind":   {membership.NewOrg{Code: "x", Name: "x", Kind: strings.Repeat("è", 401)}, "kind", storage.CodeTooLong},
		"a script":      {membership.NewOrg{Code: "x", Name: "x", Site: "javascript:alert(1)"}, "site", storage.CodeMalformed},
		"no host":       {membership.NewOrg{Code: "x", Name: "x", Site: "https:///a"}, "site", storage.CodeMalformed},
		"relative":      {membership.NewOrg{Code: "x", Name: "x", Site: "//x.it"}, "site", storage.CodeMalformed},
		"a password":    {membership.NewOrg{Code: "x", Name: "x", Site: "https://x.it@evil.example"}, "site", storage.CodeMalformed},
		"a line end":    {membership.NewOrg{Code: "x", Name: "x", Site: "https://x.it/\r\nX: y"}, "site", storage.CodeMalformed},
		"a long site":   {membership.NewOrg{Code: "x", Name: "x", Site: "https://x.it/" + strings.Repeat("a", 255)}, "site", storage.CodeTooLong},
		"not UTF-8":     {membership.NewOrg{Code: "x", Name: "x", Site: "https://x.it/\xff"}, "site", storage.CodeMalformed},
		"not an escape": {membership.NewOrg{Code: "x", Name: "x", Site: "https://x.it/%zz"}, "site", storage.CodeMalformed},
	} {
		_, err := w.members.AddOrg(w.ctx, w.chief, c.in)
		require.Error(t, err, name)
		wrong(t, err, c.field, c.code)
	}
	_, err := w.members.AddOrg(w.ctx, w.chief, membership.NewOrg{Code: "C_F205", Name: "Un'altra Milano"})
	require.ErrorIs(t, err, storage.ErrExists, "codes are compared without case")
	name, site, inactive := "Comune di Milano, sede", "https://www.comune.milano.it/", true
	o, err := w.members.EditOrg(w.ctx, w.chief, membership.OrgEdit{Org: w.milan.ID, Version: 1, Name: &name, Site: &site, Inactive: &inactive})
	require.NoError(t, err)
	kept, err := w.members.Org(w.ctx, w.milan.ID)
	require.NoError(t, err)
	assert.Equal(t, kept, o)
	page, err := w.members.Orgs(w.ctx, membership.OrgFilter{Words: "milano"})
	require.NoError(t, err)
	assert.Empty(t, page.Items, "a closed one is not proposed")
	page, err = w.members.Orgs(w.ctx, membership.OrgFilter{Words: "milano", Inactive: true})
	require.NoError(t, err)
	assert.Len(t, page.Items, 1)
	_, err = w.members.EditOrg(w.ctx, w.chief, membership.OrgEdit{Org: w.milan.ID, Version: 1, Name: &name})
	var c *storage.Conflict
	require.ErrorAs(t, err, &c)
	assert.Equal(t, kept, c.Current)
	for _, who := range []auth.Actor{auth.Visitor, w.stranger, w.moderator} {
		_, err = w.members.AddOrg(w.ctx, who, membership.NewOrg{Code: "x", Name: "x"})
		require.ErrorIs(t, err, auth.ErrDenied)
		_, there := w.members.EditOrg(w.ctx, who, membership.OrgEdit{Org: w.milan.ID, Version: 2})
		require.ErrorIs(t, there, auth.ErrDenied)
		_, err = w.members.ImportOrgs(w.ctx, who, rowsOf([]membership.OrgRow{{Code: "x", Name: "x"}}), nil)
		require.ErrorIs(t, err, auth.ErrDenied)
	}
}

// An import says of each row what became of it, in order, and again writes
// nothing.
func TestImportOrgs_S77(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rows := []membership.OrgRow{
		{N: 2, Code: "C_F205", Name: "Comune di Milano"},                                    // is there
		{N: 3, Code: "c_l219", Name: "Città di Torino "},                                    // by another name
		{N: 4, Code: "c_l736", Name: "Comune di Venezia", Site: "https://www.comune.ve.it"}, // new
		{N: 5, Code: "", Name: "Senza codice"},
		{N: 6, Code: "x_1", Name: ""},
		{N: 7, Code: "C_L736", Name: "Venezia, di nuovo"},
		{N: 8, Code: "x_2", Name: "Con un sito che non è", Site: "ftp://x"},
		{N: 9, Code: "x_3", Name: "Con un sito lungo", Site: "https://x.it/" + strings.Repeat("a", 300)},
	}
	run := func() (membership.Imported, []membership.OrgResult) {
		var all []membership.OrgResult
		done, err := w.members.ImportOrgs(w.ctx, w.chief, rowsOf(rows), func(r membership.OrgResult) { all = append(all, r) })
		require.NoError(t, err)
		return done, all
	}
	done, got := run()
	assert.Equal(t, membership.Imported{Rows: 8, Added: 3, Changed: 1, Same: 1, Refused: 3}, done)
	for i, want := range []membership.Outcome{membership.Same, membership.Changed, membership.Added, membership.Refused, membership.Refused, membership.Refused, membership.Added, membership.Added} {
		assert.Equal(t, rows[i].N, got[i].N)
		assert.Equal(t, want, got[i].Did, "row %d: %v", got[i].N, got[i].Err)
	}
	wrong(t, got[3].Err, "code", storage.CodeMissing)
	wrong(t, got[4].Err, "name", storage.CodeMissing)
	wrong(t, got[5].Err, "code", membership.CodeRepeated)
	assert.Equal(t, "c_l736", got[5].Code)
	wrong(t, got[6].Err, "site", storage.CodeMalformed) // taken, and what was left out is said
	wrong(t, got[7].Err, "site", storage.CodeTooLong)
	assert.NoError(t, got[2].Err)
	turin, err := w.members.Org(w.ctx, w.turin.ID)
	require.NoError(t, err)
	assert.Equal(t, "Città di Torino", turin.Name)
	assert.Equal(t, w.turin.ID, turin.ID)
	before := w.events()
	assert.Equal(t, 1, before[membership.EventOrgsImported])
	done, _ = run()
	assert.Equal(t, membership.Imported{Rows: 8, Same: 5, Refused: 3}, done)
	assert.Equal(t, before, w.events())
}

// S20: an import takes its time, and stops when whoever began it may no more;
// S77: a file that breaks off is no file that ended, and what was read stays.
func TestImportStops_S20_S77(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := 0
	rows := func(yield func(membership.OrgRow, error) bool) {
		for n = 1; n < 2000 && yield(membership.OrgRow{N: n, Code: fmt.Sprint("ente_", n), Name: "Ente"}, nil); n++ {
			if n == 700 {
				require.NoError(t, w.members.Grant(w.ctx, w.chief, membership.NewRole{User: w.second.User, Role: auth.Member}))
			}
		}
	}
	told := 0
	done, err := w.members.ImportOrgs(w.ctx, w.second, rows, func(membership.OrgResult) { told++ })
	require.ErrorIs(t, err, auth.ErrDenied)
	assert.Equal(t, membership.Imported{Rows: 500, Added: 500}, done)
	assert.Equal(t, 500, told)
	assert.Equal(t, 1000, n)

	broken := func(yield func(membership.OrgRow, error) bool) {
		_ = yield(membership.OrgRow{N: 1, Code: "ultimo", Name: "Ultimo"}, nil) &&
			yield(membership.OrgRow{N: 2}, &storage.Invalid{Field: "row", Code: "fields"}) &&
			yield(membership.OrgRow{N: 3}, errors.ErrUnsupported)
	}
	done, err = w.members.ImportOrgs(w.ctx, w.chief, broken, nil)
	require.ErrorIs(t, err, errors.ErrUnsupported)
	assert.Equal(t, membership.Imported{Rows: 2, Added: 1, Refused: 1}, done)
	_, err = w.members.OrgByCode(w.ctx, "ultimo")
	require.NoError(t, err)
}

// Two imports of the same at once add each organisation once.
func TestImportTwiceAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var rows []membership.OrgRow
	for i := range 1200 {
		rows = append(rows, membership.OrgRow{N: i, Code: fmt.Sprint("ente_", i), Name: fmt.Sprint("Ente ", i)})
	}
	added := make([]int, 4)
	together(t, 4, nil, func(i int) error {
		done, err := w.members.ImportOrgs(w.ctx, w.chief, rowsOf(rows), nil)
		added[i] = done.Added
		return err
	})
	assert.Equal(t, 1200, added[0]+added[1]+added[2]+added[3])
}

// The whole index of public bodies, twice.
func TestImportIndex(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var left []string
	began := time.Now()
	done, err := w.members.ImportOrgs(w.ctx, w.chief, ipa.Rows(shared.Open(t, "data/orgs/enti-ipa.csv")), func(r membership.OrgResult) {
		if r.Err != nil {
			left = append(left, fmt.Sprintf("%d %s: %v", r.N, r.Did, r.Err))
		}
	})
	require.NoError(t, err)
	t.Logf("%d rows in %s", done.Rows, time.Since(began).Round(time.Millisecond))
	assert.Equal(t, membership.Imported{Rows: 23558, Added: 23556, Changed: 2}, done, "Milano and Torino were there")
	assert.Len(t, left, 8, "sites that are longer than a site is: %v", left)
	for _, l := range left {
		assert.Contains(t, l, "added: site too_long")
	}
	again, err := w.members.ImportOrgs(w.ctx, w.chief, ipa.Rows(shared.Open(t, "data/orgs/enti-ipa.csv")), nil)
	require.NoError(t, err)
	assert.Equal(t, membership.Imported{Rows: 23558, Same: 23558}, again)
	for words, code := range map[string]string{"C_H501": "c_h501", "citta' metropolitana ROMA capitale": "cmrc", "abbe prosper duc": "isapdcao"} {
		page, err := w.members.Orgs(w.ctx, membership.OrgFilter{Words: words})
		require.NoError(t, err)
		require.NotEmpty(t, page.Items, words)
		assert.Equal(t, code, page.Items[0].Code)
	}
}

// The 18 administrations of the second call are the allow-list of the first
// phase: a member of each is admitted, and of no other until the second.
func TestAllowListOfTheProgramme(t *testing.T) {
	t.Parallel()
	var rows []membership.OrgRow
	p := plan()
	p[implementers].Orgs = nil
	for row, err := range ipa.Rows(shared.Open(t, "data/orgs/fis-intervento-II.csv")) {
		require.NoError(t, err)
		rows = append(rows, row)
		p[implementers].Orgs = append(p[implementers].Orgs, strings.ToUpper(row.Code))
	}
	require.Len(t, rows, 18)
	w := newWorld(t, func(c *membership.Config) { c.Plan = p })
	_, err := w.members.ImportOrgs(w.ctx, w.chief, rowsOf(rows), nil)
	require.NoError(t, err)
	others := []membership.Org{w.elsewhere, w.org("c_l736", "Comune di Venezia"), w.org("cmrc", "Città metropolitana di Roma Capitale")}
	ask := func(o membership.Org) (auth.Actor, error) {
		who := person()
		a := w.applies(who, membership.NewApplication{Category: membership.Beneficiary, Org: o.ID, Title: "referente"})
		_, err := w.members.Decide(w.ctx, w.chief, membership.Decision{Application: a.ID, Approve: true})
		return who, err
	}
	for _, row := range rows {
		o, err := w.members.OrgByCode(w.ctx, row.Code)
		require.NoError(t, err)
		who, err := ask(o)
		require.NoError(t, err, row.Name)
		st := w.standing(who)
		assert.Equal(t, membership.Active, st.Member.State)
		assert.Equal(t, o.ID, st.Mandates[0].Org)
	}
	var waiting []auth.Actor
	for _, o := range others {
		who, err := ask(o)
		assert.Equal(t, opens, denied(t, err, membership.ReasonPhase).Opens, o.Name)
		waiting = append(waiting, who)
	}
	w.at(opens)
	for _, who := range waiting {
		mine, err := w.members.Mine(w.ctx, who)
		require.NoError(t, err)
		_, err = w.members.Decide(w.ctx, w.chief, membership.Decision{Application: mine.ID, Approve: true})
		require.NoError(t, err)
		assert.True(t, w.is(who))
	}
}
