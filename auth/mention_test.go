// SPDX-License-Identifier: BSD-3-Clause

package auth_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

func person(n byte) auth.UserID { return storage.MakeID[auth.User]([16]byte{15: n}) }

// people is a directory whose names are what the map says.
type people map[string]auth.UserID

func (p people) Named(_ context.Context, names []string) (map[string]auth.UserID, error) {
	known := map[string]auth.UserID{}
	for _, n := range names {
		if id, ok := p[n]; ok {
			known[n] = id
		}
	}
	return known, nil
}

func (p people) Names(context.Context, []auth.UserID) (map[auth.UserID]string, error) {
	return nil, errors.ErrUnsupported
}

// show is the inverse of people's Named.
func (p people) show(id auth.UserID) string {
	for name, known := range p {
		if known == id {
			return "@" + name
		}
	}
	return "@?"
}

var town = people{
	"anna": person(1), "bruno": person(2), "maria.rossi": person(3), "josé": person(4),
	"Łukasz": person(5), "नमस्ते": person(6), "李雷": person(7), "anna-2": person(8), "example.org": person(9),
}

func TestStoreMentions(t *testing.T) {
	t.Parallel()
	const a, b = "@[00000000-0000-0000-0000-000000000001]", "@[00000000-0000-0000-0000-000000000002]"
	for _, c := range []struct {
		name, text, want string
		who              []auth.UserID
	}{
		{"alone", "@anna", a, []auth.UserID{person(1)}},
		{"in a sentence", "Grazie @anna, e (@bruno)!", "Grazie " + a + ", e (" + b + ")!", []auth.UserID{person(1), person(2)}},
		{"twice is once", "@anna @anna", a + " " + a, []auth.UserID{person(1)}},
		{"in order", "@bruno @anna @bruno", b + " " + a + " " + b, []auth.UserID{person(2), person(1)}},
		{"at the end of a sentence", "Chiedi ad @anna. E @bruno...", "Chiedi ad " + a + ". E " + b + "...", []auth.UserID{person(1), person(2)}},
		{"across lines", "@anna\n@bruno\n", a + "\n" + b + "\n", []auth.UserID{person(1), person(2)}},
		{"with a dot in it", "@maria.rossi", auth.Mention(person(3)), []auth.UserID{person(3)}},
		{"the longest name", "@anna-2", auth.Mention(person(8)), []auth.UserID{person(8)}},
		{"accented", "@josé", auth.Mention(person(4)), []auth.UserID{person(4)}},
		{"Latin Extended", "@Łukasz", auth.Mention(person(5)), []auth.UserID{person(5)}},
		{"with combining vowels", "@नमस्ते", auth.Mention(person(6)), []auth.UserID{person(6)}},
		{"Chinese, between its own punctuation", "「@李雷」", "「" + auth.Mention(person(7)) + "」", []auth.UserID{person(7)}},
		{"emphasised", "**@anna**", "**" + a + "**", []auth.UserID{person(1)}},
		{"in code, as everywhere: this package reads no Markdown", "`@anna`", "`" + a + "`", []auth.UserID{person(1)}},
		{"already stored", a, a, []auth.UserID{person(1)}},

		{"unknown", "@carla", "@carla", nil},
		{"known by a longer name only", "@maria", "@maria", nil},
		{"known by a shorter name only", "@annamaria", "@annamaria", nil},
		{"an e-mail address", "scrivi a maria.rossi@example.org", "scrivi a maria.rossi@example.org", nil},
		{"an e-mail address with a tag", "info+x@example.org", "info+x@example.org", nil},
		{"an e-mail address with an accent", "josé@example.org", "josé@example.org", nil},
		{"a page of somebody elsewhere", "https://social.example/@anna/1", "https://social.example/@anna/1", nil},
		{"two in a row", "@@anna", "@@anna", nil},
		{"many in a row", "@@@@anna", "@@@@anna", nil},
		{"stuck together", "@anna@bruno, @anna.@bruno", "@anna@bruno, @anna.@bruno", nil},
		{"of another place", "@anna@social.example", "@anna@social.example", nil},
		{"nothing after it", "@ anna @", "@ anna @", nil},
		{"only dots after it", "@...", "@...", nil},
		{"a stored form that is none", "@[00000000-0000-0000-0000-00000000000g] @[anna]", "@[00000000-0000-0000-0000-00000000000g] @[anna]", nil},
		{"a stored form of nobody", "@[00000000-0000-0000-0000-000000000000]", "@[00000000-0000-0000-0000-000000000000]", nil},
		{"not UTF-8", "\xff@anna\xff", "\xff" + a + "\xff", []auth.UserID{person(1)}},
		{"nothing at all", "", "", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, who, err := auth.StoreMentions(t.Context(), town, c.text)
			require.NoError(t, err)
			assert.Equal(t, c.want, got)
			assert.Equal(t, c.who, who)
			assert.Equal(t, c.who, auth.Mentions(got))

			again, who, err := auth.StoreMentions(t.Context(), town, got)
			require.NoError(t, err)
			assert.Equal(t, got, again, "what is stored stays what it is")
			assert.Equal(t, c.who, who)

			if !strings.Contains(c.text, "@[") {
				assert.Equal(t, c.text, auth.ShowMentions(got, town.show), "an editor is shown what was written")
			}
		})
	}
}

func TestStoreMentionsWithoutPeople(t *testing.T) {
	t.Parallel()
	text := "@anna " + auth.Mention(person(2))
	got, who, err := auth.StoreMentions(t.Context(), nil, text)
	require.NoError(t, err)
	assert.Equal(t, text, got)
	assert.Equal(t, []auth.UserID{person(2)}, who)
}

func TestShowMentions(t *testing.T) {
	t.Parallel()
	text := "a " + auth.Mention(person(1)) + ", b " + auth.Mention(person(99)) + ", @[x]"
	assert.Equal(t, "a @anna, b @?, @[x]", auth.ShowMentions(text, town.show))
}

func TestMentionsAreLimited(t *testing.T) {
	t.Parallel()
	var names []string
	crowd := people{}
	for i := range byte(auth.MaxMentions + 1) {
		name := fmt.Sprintf("p%d", i)
		names = append(names, "@"+name)
		crowd[name] = person(i + 1)
	}
	_, who, err := auth.StoreMentions(t.Context(), crowd, strings.Join(names[1:], " "))
	require.NoError(t, err)
	assert.Len(t, who, auth.MaxMentions)

	stored := make([]string, len(names))
	for i := range stored {
		stored[i] = auth.Mention(person(byte(i + 1)))
	}
	for _, text := range []string{strings.Join(names, " "), strings.Join(stored, ""), names[0] + " " + strings.Join(stored[1:], " ")} {
		got, who, err := auth.StoreMentions(t.Context(), crowd, text)
		var invalid *storage.Invalid
		require.ErrorAs(t, err, &invalid)
		assert.Equal(t, storage.Invalid{Field: "body", Code: storage.CodeTooMany, Params: map[string]any{"max": auth.MaxMentions}}, *invalid)
		assert.Empty(t, got)
		assert.Empty(t, who)
	}
}

// One name said again and again would make a text many times as long as the
// limit that it was checked against.
func TestMentionsOfOnePersonAreLimited(t *testing.T) {
	t.Parallel()
	got, who, err := auth.StoreMentions(t.Context(), town, strings.Repeat("@anna ", 100))
	require.NoError(t, err)
	assert.Equal(t, []auth.UserID{person(1)}, who)
	assert.Equal(t, 100, strings.Count(got, auth.Mention(person(1))))

	_, _, err = auth.StoreMentions(t.Context(), town, strings.Repeat("@anna ", 101))
	var invalid *storage.Invalid
	require.ErrorAs(t, err, &invalid)
	assert.Equal(t, storage.Invalid{Field: "body", Code: storage.CodeTooMany, Params: map[string]any{"max": 100}}, *invalid)
}

// asked counts how many names are looked up, and knows everybody.
type asked struct{ calls, most int }

func (a *asked) Named(_ context.Context, names []string) (map[string]auth.UserID, error) {
	a.calls++
	a.most = max(a.most, len(names))
	known := map[string]auth.UserID{}
	for _, n := range names {
		known[n] = storage.NewID[auth.User]()
	}
	return known, nil
}

func (a *asked) Names(context.Context, []auth.UserID) (map[auth.UserID]string, error) {
	return nil, errors.ErrUnsupported
}

// One post mentions 10,000 names: it is refused, and the directory was asked
// once for a bounded number of them (S71).
func TestMentionStorm(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for i := range 10_000 {
		fmt.Fprintf(&b, "@member%d ", i)
	}
	var a asked
	_, who, err := auth.StoreMentions(t.Context(), &a, b.String())
	require.ErrorIs(t, err, storage.ErrInvalid)
	assert.Empty(t, who)
	assert.Equal(t, 1, a.calls)
	assert.LessOrEqual(t, a.most, 100)

	text := "niente @ da @@ cercare, a@b"
	_, _, err = auth.StoreMentions(t.Context(), &a, text)
	require.NoError(t, err)
	assert.Equal(t, 1, a.calls, "without a name nobody is asked")
}

type lost struct{ people }

func (lost) Named(context.Context, []string) (map[string]auth.UserID, error) {
	return nil, errors.ErrUnsupported
}

func TestStoreMentionsWhenPeopleFail(t *testing.T) {
	t.Parallel()
	_, _, err := auth.StoreMentions(t.Context(), lost{}, "@anna")
	assert.ErrorIs(t, err, errors.ErrUnsupported)
}

func FuzzStoreMentions(f *testing.F) {
	for _, s := range []string{"", "@anna", "a@anna", "@@anna", "@anna.@bruno", "@[00000000-0000-0000-0000-000000000001]", "\xff@anna\xfe", "@नमस्ते", "/@anna", "@.-_anna"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, who, err := auth.StoreMentions(t.Context(), town, text)
		if err != nil {
			if !errors.Is(err, storage.ErrInvalid) || got != "" || who != nil {
				t.Fatalf("%q, %v, %v", got, who, err)
			}
			return
		}
		if len(who) > auth.MaxMentions {
			t.Fatalf("%d people are mentioned", len(who))
		}
		if utf8.ValidString(text) && !utf8.ValidString(got) {
			t.Fatalf("%q is no longer UTF-8", got)
		}
		again, whoAgain, err := auth.StoreMentions(t.Context(), town, got)
		if err != nil || again != got || len(whoAgain) != len(who) {
			t.Fatalf("not stable: %q became %q (%v)", got, again, err)
		}
		if !strings.Contains(text, "@[") && auth.ShowMentions(got, town.show) != text {
			t.Fatalf("%q is shown as %q", text, auth.ShowMentions(got, town.show))
		}
	})
}
