// SPDX-License-Identifier: BSD-3-Clause

package mailinglist

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
)

func TestBare(t *testing.T) {
	t.Parallel()
	for subject, want := range map[string]string{
		"Come back":             "Come back",
		"Re: Come back":         "Come back",
		"RE:re: Re:  Come back": "Come back",
		"Re: ":                  "",
		"":                      "",
		"Reminder: x":           "Reminder: x",
		"RFE : Re: x":           "RFE : Re: x",
		" a\r\n\tb\u2028c\x00d": "a b c d",
		"perche\u0301":          "perché",
	} {
		require.Equal(t, want, bare(subject), "%q", subject)
	}
}

func TestClean(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("à", forum.MaxBody+1)
	for name, c := range map[string]struct {
		in       message
		retitled bool
		title    string
		body     string
		adjusted []string
	}{
		"as it is":       {message{Author: "a", Subject: "s", Body: "> b\n\tc\n"}, false, "s", "> b\n\tc\n", nil},
		"line ends":      {message{Author: "a", Subject: "s", Body: "b\r\nc\rd"}, false, "s", "b\nc\nd", nil},
		"retitled":       {message{Author: "a", Subject: "Re: s", Body: "b"}, true, "s", "Oggetto: s\n\nb", nil},
		"control":        {message{Author: "a", Subject: "s", Body: "b\x0c\x00\u0085c"}, false, "s", "bc", []string{"body control"}},
		"nothing":        {message{}, false, noSubject, noBody, []string{"author missing", "subject missing", "body missing"}},
		"only spaces":    {message{Author: " ", Subject: "Re:", Body: " \n"}, false, noSubject, noBody, []string{"author missing", "subject missing", "body missing"}},
		"foreign":        {message{Author: "a", Subject: "s", Body: "b", foreign: true}, false, "s", "b", []string{"line malformed"}},
		"mention":        {message{Author: "a", Subject: "s", Body: "ciao @[018f0000-0000-7000-8000-000000000001] e @[x]"}, false, "s", `ciao @\[018f0000-0000-7000-8000-000000000001] e @\[x]`, []string{"body mention"}},
		"brackets":       {message{Author: "a", Subject: "s", Body: "Foo @[x]"}, false, "s", "Foo @[x]", nil},
		"longest":        {message{Author: "a", Subject: strings.Repeat("s", 200), Body: long[2:]}, false, strings.Repeat("s", 200), long[2:], nil},
		"long subject":   {message{Author: "a", Subject: strings.Repeat("è", 201), Body: "b"}, false, strings.Repeat("è", 199) + "…", "b", []string{"subject too_long (at most 200)"}},
		"long body":      {message{Author: "a", Subject: "s", Body: long}, false, "s", strings.Repeat("à", 19_900) + "\n\n[Messaggio accorciato: primi 19900 caratteri su 20001.]", []string{"body too_long (at most 20000)"}},
		"long by titles": {message{Author: "a", Subject: "s", Body: long[2:]}, true, "s", "Oggetto: s\n\n" + strings.Repeat("à", 19_900-12) + "\n\n[Messaggio accorciato: primi 19900 caratteri su 20012.]", []string{"body too_long (at most 20000)"}},
		// One rune that is three in normal form.
		"long in normal form": {message{Author: "a", Subject: "s", Body: strings.Repeat("\ufb2c", 7000)}, false, "s", "", []string{"body too_long (at most 20000)"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := clean(c.in, c.retitled)
			require.Equal(t, c.title, got.title)
			if c.body != "" {
				require.Equal(t, c.body, got.body)
			}
			require.Equal(t, c.adjusted, got.adjusted)
			require.LessOrEqual(t, utf8.RuneCountInString(got.body), forum.MaxBody)
			title, err := storage.Line("title", got.title, forum.MaxTitle)
			require.NoError(t, err)
			require.Equal(t, got.title, title)
			body, err := storage.Text("body", got.body, forum.MaxBody)
			require.NoError(t, err)
			require.Equal(t, got.body, body)
		})
	}
}
