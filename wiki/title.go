// SPDX-License-Identifier: BSD-3-Clause

package wiki

import (
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"github.com/copis-it/copis/storage"
)

// Key returns what a title is known by in its area: two titles with one key
// lead to one page. It is the title without regard to case, nor to how its
// accents are composed, with all white space and underscores between words as
// one space, and none around them; in NFC. A key is its own key. It is empty
// for a title that has nothing else.
func Key(title string) string {
	// Folding is of decomposed text (Unicode Standard, 3.13, D145): a iota
	// that stands below a letter folds to one that follows its accents.
	// It may bring forth white space or accents in another order, so these come after.
	folded := norm.NFD.String(cases.Fold().String(norm.NFD.String(title)))
	return norm.NFC.String(strings.Join(strings.FieldsFunc(folded, between), " "))
}

// between reports whether a rune only keeps the words of a title apart.
func between(r rune) bool { return r == '_' || unicode.IsSpace(r) }

// maxSlug bounds a [Slug], in runes.
const maxSlug = 80

// Slug returns a title as an address shows it: "perche-no" for "Perché no?".
// Addresses find a page by its id: a slug is there to be read, may be shared by
// many titles, and is empty for a title without a letter or figure. It has at
// most 80 runes.
func Slug(title string) string {
	var b strings.Builder
	n, gap := 0, false
	for _, r := range norm.NFKD.String(cases.Fold().String(norm.NFKD.String(title))) {
		switch {
		case unicode.Is(unicode.Mn, r):
			continue // the accent of the letter before it
		case !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.Is(unicode.Mc, r):
			gap = n > 0
			continue
		case gap && n+2 > maxSlug || n+1 > maxSlug:
			return norm.NFC.String(b.String())
		}
		if gap {
			b.WriteByte('-')
			n, gap = n+1, false
		}
		b.WriteRune(r)
		n++
	}
	return norm.NFC.String(b.String())
}

// title checks the title of a page and returns it as it is kept, with its key.
func (s *Service) title(title string) (kept, key string, err error) {
	kept, err = storage.Line("title", title, s.cfg.MaxTitle)
	if err != nil {
		return "", "", err
	}
	if key = Key(kept); key == "" {
		return "", "", &storage.Invalid{Field: "title", Code: storage.CodeMissing}
	}
	return kept, key, nil
}
