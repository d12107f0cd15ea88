// SPDX-License-Identifier: BSD-3-Clause

package diff_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/copis-it/copis/wiki/diff"
)

// shown writes the rows of a diff: "=" equal, "~" changed, with [-words-] and
// {+words+}, "-" and "+", and "s" behind those that change whitespace alone.
func shown(hunks []diff.Hunk) string {
	var b strings.Builder
	line := func(segments []diff.Segment) {
		for _, s := range segments {
			form := map[diff.Kind]string{diff.Equal: "%s", diff.Deleted: "[-%s-]", diff.Inserted: "{+%s+}"}[s.Kind]
			fmt.Fprintf(&b, form, strings.ReplaceAll(s.Text, "\n", "/"))
		}
	}
	for _, h := range hunks {
		for _, r := range h.Rows {
			b.WriteString(map[diff.Kind]string{diff.Equal: "=", diff.Changed: "~", diff.Deleted: "-", diff.Inserted: "+"}[r.Kind])
			if r.Space {
				b.WriteString("s")
			}
			b.WriteString(" ")
			line(r.Left)
			if r.Kind == diff.Changed {
				b.WriteString(" → ")
			}
			if r.Kind != diff.Equal {
				line(r.Right)
			}
			b.WriteString("\n")
		}
	}
	return b.String()
}

func TestWords(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, old, new, want string
	}{
		{"a word", "Il software si riusa.\n", "Il programma si riusa.\n",
			"~ Il [-software-] si riusa./ → Il {+programma+} si riusa./\n"},
		{"an added word", "si riusa\n", "si riusa bene\n", "~ si riusa/ → si riusa{+ bene+}/\n"},
		{"two words are one change", "uno due tre quattro\n", "uno 2 3 quattro\n",
			"~ uno [-due tre-] quattro/ → uno {+2 3+} quattro/\n"},
		{"nothing in common", "uno\n", "due\n", "- [-uno/-]\n+ {+due/+}\n"},
		{"a line more, beside the one it is like", "il gatto dorme\n", "nuova riga\nil gatto grigio dorme\n",
			"+ {+nuova riga/+}\n~ il gatto dorme/ → il gatto {+grigio +}dorme/\n"},
		{"lines that swap are not crossed", "alfa beta\ngamma delta\nx\n", "gamma delta!\nalfa beta!\nx\n",
			"- [-alfa beta/-]\n~ gamma delta/ → gamma delta{+!+}/\n+ {+alfa beta!/+}\n= x/\n"},
		{"a blank line is like no other", "\nparole\n", "altro testo\nparole\n", "-s [-/-]\n+ {+altro testo/+}\n= parole/\n"},
		{"whitespace in a line", "a b\n", "a  b \n", "~s a[- -]b/ → a{+  +}b{+ +}/\n"},
		{"line ending", "a\r\n", "a\n", "~s a[-\r-]/ → a/\n"},
		{"final newline", "a", "a\n", "~s a → a{+/+}\n"},
		{"a blank line", "a\n", "a\n\n", "= a/\n+s {+/+}\n"},
		{"wrapped otherwise", "uno due tre\nquattro\n", "uno due\ntre quattro\n",
			"~s uno due[- tre-]/ → uno due/\n~s quattro/ → {+tre +}quattro/\n"},
		{"invalid UTF-8", "caffè \xff\n", "caffè \xfe\n", "~ caffè [-\xff-]/ → caffè {+\xfe+}/\n"},
		{"marks belong to letters", "perche\u0301 no\n", "perche no\n", "~ [-perche\u0301-] no/ → {+perche+} no/\n"},
		{"punctuation", "- [ ] da fare\n", "- [x] da fare\n", "~ - [[- -]] da fare/ → - [{+x+}] da fare/\n"},
	} {
		if got := shown(diff.Lines(c.old, c.new).Hunks(1)); got != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", c.name, got, c.want)
		}
	}
}

func TestHunks(t *testing.T) {
	t.Parallel()
	old := "1\n2\n3\n4\n5\n6\n7\n8\n9\n"
	new := "1\n2\n3x\n4\n5\n6\n7\n8\n"
	for context, want := range map[int]string{
		0:       "3,1 3,1; 9,1 8,0; ",
		1:       "2,3 2,3; 8,2 8,1; ",
		2:       "1,5 1,5; 7,3 7,2; ",
		3:       "1,9 1,8; ",
		1 << 62: "1,9 1,8; ",
		-1:      "1,9 1,8; ",
	} {
		got := ""
		for _, h := range diff.Lines(old, new).Hunks(context) {
			got += fmt.Sprintf("%d,%d %d,%d; ", h.OldLine, h.OldLines, h.NewLine, h.NewLines)
		}
		if got != want {
			t.Errorf("context %d: %s, want %s", context, got, want)
		}
	}
	if hunks := diff.Lines(old, old).Hunks(3); len(hunks) != 0 {
		t.Errorf("same: %+v", hunks)
	}
	if hunks := diff.Lines(old, old).Hunks(-1); len(hunks) != 1 || len(hunks[0].Rows) != 9 || hunks[0].Space {
		t.Errorf("same, whole: %+v", hunks)
	}
}

// Whoever changed more than is looked through for words is shown lines.
func TestHunksOfMuch(t *testing.T) {
	t.Parallel()
	old, new := strings.Repeat("alfa beta gamma\n", 10_000), strings.Repeat("alfa beta delta\n", 10_000)
	if rows := diff.Lines(old, new).Hunks(0)[0].Rows; len(rows) != 20_000 || rows[0].Kind != diff.Deleted {
		t.Errorf("%d rows, the first %+v", len(rows), rows[0])
	}
}

func ExampleDiff_Hunks() {
	d := diff.Lines("# Agenda\n\nRiunione alle 10.\n", "# Agenda\n\nRiunione alle 11.\n")
	for _, h := range d.Hunks(0) {
		out, err := json.Marshal(h)
		fmt.Println(string(out), err)
	}
	// Output:
	// {"oldLine":3,"oldLines":1,"newLine":3,"newLines":1,"rows":[{"kind":"changed","old":3,"new":3,"left":[{"kind":"equal","text":"Riunione alle "},{"kind":"deleted","text":"10"},{"kind":"equal","text":".\n"}],"right":[{"kind":"equal","text":"Riunione alle "},{"kind":"inserted","text":"11"},{"kind":"equal","text":".\n"}]}]} <nil>
}

func ExampleDiff_Unified() {
	d := diff.Lines("# Agenda\nSala A.\nRiunione alle 10.\n", "# Agenda\nSala A.\nRiunione alle 11.\nFine.")
	fmt.Print(d.Unified("r3", "r4", 1))
	// Output:
	// --- r3
	// +++ r4
	// @@ -2,2 +2,3 @@
	//  Sala A.
	// -Riunione alle 10.
	// +Riunione alle 11.
	// +Fine.
	// \ No newline at end of file
}
