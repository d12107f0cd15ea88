// SPDX-License-Identifier: BSD-3-Clause

package forum_test

import (
	"errors"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/internal/shared"
	"github.com/copis-it/copis/storage"
)

// texts are the fields that people write, each by a call that writes it and
// gives it back as it is read, and whether it may be left empty.
func (w *world) texts() map[string]struct {
	line, blank bool
	write       func(string) (string, error)
} {
	topic := w.starts(w.author, forum.NewTopic{})
	r := w.replies(w.author, forum.NewReply{Topic: topic.ID})
	type field = struct {
		line, blank bool
		write       func(string) (string, error)
	}
	draft := func(in forum.DraftSave) (forum.Draft, error) {
		in.Place = "qui"
		require.NoError(w, w.forum.DropDraft(w.ctx, w.author, "qui"))
		if _, err := w.forum.SaveDraft(w.ctx, w.author, in); err != nil {
			return forum.Draft{}, err
		}
		d, err := w.forum.Draft(w.ctx, w.author, "qui")
		if errors.Is(err, storage.ErrNotFound) {
			err = nil // a draft without any text is none
		}
		return d, err
	}
	return map[string]field{
		"title": {true, false, func(s string) (string, error) {
			t, err := w.forum.StartTopic(w.ctx, w.author, forum.NewTopic{Board: w.open.ID, Title: s, Body: "Testo"})
			if err != nil {
				return "", err
			}
			return w.topic(t.ID).Title, nil
		}},
		"body": {false, false, func(s string) (string, error) {
			r, err := w.forum.Reply(w.ctx, w.author, forum.NewReply{Topic: topic.ID, Body: s})
			if err != nil {
				return "", err
			}
			return w.reply(r.ID).Body, nil
		}},
		"why": {true, false, func(s string) (string, error) {
			if err := w.forum.Hide(w.ctx, w.keeper, post(r), s); err != nil {
				return "", err
			}
			why := w.reply(r.ID).Removal.Why
			return why, w.forum.Restore(w.ctx, w.keeper, post(r))
		}},
		"board's name": {true, false, func(s string) (string, error) {
			b, err := w.forum.OpenBoard(w.ctx, w.coordinator, forum.NewBoard{Area: auth.Commons, Audience: auth.Public, Name: s})
			if err != nil {
				return "", err
			}
			b, err = w.forum.Board(w.ctx, w.visitor, b.ID)
			return b.Name, err
		}},
		"draft's title": {true, true, func(s string) (string, error) { d, err := draft(forum.DraftSave{Title: s}); return d.Title, err }},
		"draft's body":  {false, true, func(s string) (string, error) { d, err := draft(forum.DraftSave{Body: s}); return d.Body, err }},
	}
}

// Every text of a list of naughty ones is refused with an error that says why,
// or comes back as it was: in normal form NFC, with plain line ends, and a line
// without the white space around it.
func TestNaughtyStrings(t *testing.T) {
	t.Parallel()
	lines := shared.Lines[struct {
		S string `json:"s"`
	}](t, "corpora/strings/blns.jsonl")
	w := newWorld(t)
	for name, f := range w.texts() {
		same, formed := 0, 0
		refused := map[string]int{}
		for _, l := range lines {
			read, err := f.write(l.S)
			var in *storage.Invalid
			if errors.As(err, &in) {
				refused[in.Code]++
				require.True(t, reasonable(in.Code, l.S, f.line), "%s: %q was refused: %v", name, l.S, err)
				continue
			}
			require.NoError(t, err, "%s: %q", name, l.S)
			want := strings.ReplaceAll(norm.NFC.String(l.S), "\r\n", "\n")
			switch {
			case f.blank && unseen(l.S):
				want = ""
			case f.line:
				want = strings.TrimSpace(want)
			}
			require.Equal(t, want, read, name)
			if read == l.S {
				same++
			} else {
				formed++
			}
		}
		require.Equal(t, len(lines), same+formed+refused[storage.CodeMissing]+refused[storage.CodeControl]+refused[storage.CodeTooLong]+refused[storage.CodeMalformed])
		require.Greater(t, same, 400)
		t.Logf("%s: %d texts, %d came back byte for byte, %d in normal form, refused %v", name, len(lines), same, formed, refused)
	}
}

// unseen says whether a text has nothing but white space and characters of no
// shape of their own.
func unseen(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool {
		noncharacter := r&0xfffe == 0xfffe
		return !unicode.Is(unicode.Cf, r) && !unicode.IsSpace(r) && !unicode.IsControl(r) && !noncharacter
	})
}

// reasonable says whether a text deserves to be refused with a code.
func reasonable(code, s string, line bool) bool {
	switch code {
	case storage.CodeMissing:
		return unseen(s)
	case storage.CodeMalformed:
		return !utf8.ValidString(s)
	case storage.CodeTooLong:
		return utf8.RuneCountInString(norm.NFC.String(s)) > forum.MaxName
	case storage.CodeControl:
		return strings.ContainsFunc(strings.ReplaceAll(s, "\r\n", "\n"), func(r rune) bool {
			control := r < ' ' || r >= 0x7f && r <= 0x9f
			return control && (line || r != '\n' && r != '\t') || line && (r == '\u2028' || r == '\u2029')
		})
	}
	return false
}
