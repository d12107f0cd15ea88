// SPDX-License-Identifier: BSD-3-Clause

package ipa_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/community/membership"
	"github.com/copis-it/copis/community/membership/ipa"
	"github.com/copis-it/copis/internal/shared"
	"github.com/copis-it/copis/storage"
)

const head = "codice_ipa,denominazione,tipologia,url\n"

type read struct {
	rows    []membership.OrgRow
	refused map[int]string // row and code
	err     error
}

func rows(r io.Reader) read {
	out := read{refused: map[int]string{}}
	for row, err := range ipa.Rows(r) {
		var in *storage.Invalid
		switch {
		case err == nil:
			out.rows = append(out.rows, row)
		case errors.As(err, &in):
			out.refused[row.N] = in.Code
		default:
			out.err = err
		}
	}
	return out
}

func TestRows(t *testing.T) {
	t.Parallel()
	got := rows(strings.NewReader("\ufeff" + head +
		"c_f205,Comune di Milano,Comuni,https://www.comune.milano.it\r\n" +
		"\n" +
		`C14,"Ordini, Collegi e ""Consigli""",Federazioni,` + "\n" +
		"senza,campi\n" +
		"con,un,campo,di,troppo\n" +
		`aperta,"Comune di,Comuni,` + "\n" +
		"dopo,Comune dopo,Comuni,\n" +
		`dentro,Comune "detto" così,Comuni,` + "\n" +
		"lunga," + strings.Repeat("x", ipa.MaxLine) + ",Comuni,\n" +
		"ultima,Senza a capo,Comuni,"))
	require.NoError(t, got.err)
	assert.Equal(t, []membership.OrgRow{
		{N: 2, Code: "c_f205", Name: "Comune di Milano", Kind: "Comuni", Site: "https://www.comune.milano.it"},
		{N: 4, Code: "C14", Name: `Ordini, Collegi e "Consigli"`, Kind: "Federazioni"},
		{N: 8, Code: "dopo", Name: "Comune dopo", Kind: "Comuni"},
		{N: 11, Code: "ultima", Name: "Senza a capo", Kind: "Comuni"},
	}, got.rows)
	assert.Equal(t, map[int]string{5: ipa.CodeFields, 6: ipa.CodeFields, 7: ipa.CodeQuotes, 9: ipa.CodeQuotes, 10: storage.CodeTooLong}, got.refused)
}

// The header says where the fields are, whichever file it is.
func TestRowsByHeader(t *testing.T) {
	t.Parallel()
	got := rows(strings.NewReader(`"Sito_istituzionale","Codice_IPA","Denominazione_ente"` + "\nhttps://x.it,A,Ente\n"))
	require.NoError(t, got.err)
	assert.Equal(t, []membership.OrgRow{{N: 2, Code: "A", Name: "Ente", Site: "https://x.it"}}, got.rows)
	for _, bad := range []string{"", "\n\n", "codice_ipa,url\n", "a,b\nc,d\n", `"open` + "\n", strings.Repeat("x", ipa.MaxLine+1) + "\n"} {
		assert.ErrorIs(t, rows(strings.NewReader(bad)).err, ipa.ErrHeader)
	}
}

// A file that breaks off is not a file that ended (S77).
func TestRowsThatBreakOff_S77(t *testing.T) {
	t.Parallel()
	got := rows(io.MultiReader(strings.NewReader(head+"a,A,,\nb,B"), iotest.ErrReader(errors.ErrUnsupported)))
	require.ErrorIs(t, got.err, errors.ErrUnsupported)
	assert.Len(t, got.rows, 1)
	require.ErrorIs(t, rows(iotest.ErrReader(errors.ErrUnsupported)).err, errors.ErrUnsupported)
	long := strings.NewReader(head + strings.Repeat("x", 3*ipa.MaxLine))
	require.ErrorIs(t, rows(io.MultiReader(long, iotest.ErrReader(errors.ErrUnsupported))).err, errors.ErrUnsupported)
}

// endless is a line that never ends, for as long as it is read.
type endless struct{ n int64 }

func (e *endless) Read(p []byte) (int, error) {
	if e.n <= 0 {
		return 0, io.EOF
	}
	for i := range p {
		p[i] = 'x'
	}
	e.n -= int64(len(p))
	return len(p), nil
}

// A line of 64 MiB is refused, and the one after it is read (S67).
func TestHugeLine_S67(t *testing.T) {
	t.Parallel()
	in := io.MultiReader(strings.NewReader(head), &endless{64 << 20}, strings.NewReader("\nb,B,,\n"))
	got := rows(in)
	assert.Equal(t, map[int]string{2: storage.CodeTooLong}, got.refused)
	assert.Len(t, got.rows, 1)
}

func TestRowsStop(t *testing.T) {
	t.Parallel()
	n := 0
	for range ipa.Rows(strings.NewReader(head + "a,A,,\nb,B,,\n")) {
		n++
		break
	}
	assert.Equal(t, 1, n)
}

// The whole index: every row is an organisation.
func TestIndex(t *testing.T) {
	t.Parallel()
	got := rows(shared.Open(t, "data/orgs/enti-ipa.csv"))
	require.NoError(t, got.err)
	assert.Len(t, got.rows, 23558)
	assert.Empty(t, got.refused)
	for _, r := range got.rows {
		if r.Code == "" || r.Name == "" || r.Kind == "" {
			t.Fatalf("row %d: %+v", r.N, r)
		}
	}
}

func FuzzRows(f *testing.F) {
	for _, s := range []string{"", head, head + "a,b,c,d", head + `a,"b` + "\nc,d,e,f\n", head + "\"\"\",\r\n", "\ufeff" + head + "\x00,\xff,,\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		last, lines := 1, strings.Count(s, "\n")+1
		for row, err := range ipa.Rows(strings.NewReader(s)) {
			if err != nil && !errors.Is(err, storage.ErrInvalid) {
				if !errors.Is(err, ipa.ErrHeader) {
					t.Fatal(err)
				}
				return
			}
			if row.N <= last || row.N > lines {
				t.Fatalf("row %d after %d of %d lines", row.N, last, lines)
			}
			last = row.N
		}
	})
}
