// SPDX-License-Identifier: BSD-3-Clause

package stackexchange

import (
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func TestTranslate(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                                     "",
		"*come* si **scrive** <https://a.it/>": "*come* si **scrive** <https://a.it/>",
		"una\r\nriga":                          "una\nriga",
		"prima<!--break-->dopo":                "primadopo",
		"prima <!-- di\ndue --> dopo":          "prima  dopo",
		"prima<br>":                            "prima  ",
		"prima<br/> dopo":                      "prima  \ndopo",
		"#Titolo":                              "# Titolo",
		"### Titolo":                           "### Titolo",
		"#":                                    "#",
		"    #!/bin/sh <br>":                   "    #!/bin/sh <br>",
		"`<i>x</i>` <i>x</i>":                  "`<i>x</i>` *x*",
		"<b>Grassetto</b> e <em>corsivo</em>":  "**Grassetto** e *corsivo*",
		"<i>, spazi </i>":                      ", spazi ",
		"2<sup>19</sup>":                       "219",
		"<code>x < y</code>":                   "<code>x < y</code>",
		"<code>x</code>":                       "`x`",
		`<a href="https://a.it/b">qui</a>`:     "[qui](https://a.it/b)",
		`<a href="javascript:x">qui</a>`:       "[qui](javascript:x)", // which no link is made of
		`<img alt="un [foto]" src="https://a.it/b.png"/>`: "![un foto](https://a.it/b.png)",
		"<img>":                      "<img>",
		"<root>-isc-e":               "<root>-isc-e",
		"1) uno\n2) due":             "1\\) uno\n2\\) due",
		"testo\n  [1]: https://a.it": "testo\n\n  [1]: https://a.it",
		"testo\n\n[1]: https://a.it\n[2]: https://b.it": "testo\n\n[1]: https://a.it\n[2]: https://b.it",
		"sopra\n<hr>\nsotto":                            "sopra\n\n---\n\nsotto",
		"<script>alert(1)</script>":                     "<script>alert(1)</script>",
	} {
		require.Equal(t, want, translate(text), "%q", text)
	}
}

func FuzzTranslate(f *testing.F) {
	for _, s := range []string{"<br><i>a</i>", "#a\n[1]: b", "`", "<!--", "1)"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		out := translate(s)
		if utf8.ValidString(s) && !utf8.ValidString(out) {
			t.Errorf("%q becomes %q", s, out)
		}
		if len(out) > 3*len(s)+3 {
			t.Errorf("%d bytes become %d", len(s), len(out))
		}
	})
}
