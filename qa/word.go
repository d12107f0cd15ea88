// SPDX-License-Identifier: BSD-3-Clause

package qa

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// maxWord bounds a word, in runes, so that every store can index it.
const maxWord = 40

// unsaying are the words of Italian and English that say nothing of what a
// question is about, as folded.
var unsaying = func() map[string]bool {
	all := map[string]bool{}
	for _, w := range strings.Fields(`
		il lo la gli le un uno una di del dello della dei degli delle dell a ad al allo alla ai agli alle all da dal dallo dalla
		dai dagli dalle dall in nel nello nella nei negli nelle nell con col coi su sul sullo sulla sui sugli sulle sull per tra fra
		e ed o od ma se anche ancora non piu meno si no ci vi ne mi ti me te lui lei noi voi loro che chi cosa cose come quando
		quanto quanta quanti quante quale quali qual dove dov perche poiche cui questo questa questi queste quest quello quella
		quelli quelle quel quell mio mia miei mie tuo tua suo sua suoi sue nostro nostra nostri nostre essere sono sei siamo siete
		era erano sia siano stato stata stati state sara saranno avere ho hai ha abbiamo avete hanno aveva avere avuto fare fa
		fanno faccio fatto puo posso possono possiamo potete potrebbe deve devo devono dobbiamo dovrebbe qualcuno qualcosa ogni
		tutto tutta tutti tutte molto molta molti molte gia solo poi quindi oppure mentre senza c cosi
		an the of to for on at by from with without into about as is are am was were be been being do does did done don doesn didn
		isn aren wasn can could should would may might must shall will not nor and or but if then else than that this these those
		there here it its i you he she we they my your his her our their what which who whom whose when where why how any some
		all each every has have had having s t d ll re ve m`) {
		all[w] = true
	}
	return all
}()

// endings are what is left of the ends of words, in Italian and in English,
// that tell a woman's office from a man's.
var endings = []struct{ of, is string }{{"tric", "tor"}, {"oress", "or"}, {"entess", "ent"}}

// words returns what a question with this title and these tags is found by, or
// looked for with: the words of the tags, then of the title, without accents
// and in lower case, but for those that say nothing; singular and plural, and
// masculine and feminine, as one. At most MaxWords, none twice.
func words(title string, tags []string) []string {
	var out []string
	for _, text := range append(slices.Clone(tags), title) {
		for w := range tokens(text) {
			if unsaying[w] || len(w) < 2 {
				continue
			}
			if w = stem(w); slices.Contains(out, w) {
				continue
			}
			if len(out) == MaxWords {
				return out
			}
			out = append(out, w)
		}
	}
	return out
}

// tokens yields the words of a text, folded. A + or # after a letter belongs to
// the word: "c++", "c#".
func tokens(text string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		var word []rune
		for _, r := range norm.NFKD.String(strings.ToValidUTF8(text, " ")) {
			switch {
			case unicode.Is(unicode.M, r):
				continue
			case unicode.IsLetter(r), unicode.IsNumber(r), (r == '+' || r == '#') && len(word) > 0:
				if len(word) < maxWord {
					word = append(word, unicode.ToLower(r))
				}
				continue
			}
			if len(word) > 0 && !yield(string(word)) {
				return
			}
			word = word[:0]
		}
		if len(word) > 0 {
			yield(string(word))
		}
	}
}

// stem takes from a folded word what Italian and English add for number and
// gender: no more than that, since a word too many finds what is not meant.
// What is not of Latin letters stays as it is.
func stem(w string) string {
	const least = 3 // letters that are left
	if len(w) <= least || strings.ContainsFunc(w, func(r rune) bool { return r < 'a' || r > 'z' }) {
		return w
	}
	if w[len(w)-1] == 's' && !strings.Contains("siu", w[len(w)-2:len(w)-1]) { // not "process", "analysis", "status"
		w = w[:len(w)-1]
	}
	for _, ends := range []string{"aeioy", "i"} { // "farmacie" like "farmacia", "companies" like "company"
		if len(w) > least && strings.IndexByte(ends, w[len(w)-1]) >= 0 {
			w = w[:len(w)-1]
		}
	}
	if len(w) > least && strings.HasSuffix(w, "h") && strings.IndexByte("cg", w[len(w)-2]) >= 0 { // "banche" like "banca"
		w = w[:len(w)-1]
	}
	for _, e := range endings {
		if cut, ok := strings.CutSuffix(w, e.of); ok && len(cut) >= least-1 {
			return cut + e.is
		}
	}
	return w
}
