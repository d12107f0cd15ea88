// SPDX-License-Identifier: BSD-3-Clause

package stackexchange

import (
	"html"
	"regexp"
	"strings"
)

// The texts of a site are in a Markdown of 2004 that lets some HTML through.
// Here HTML is shown as it was written, and Markdown is CommonMark: what means
// something there and nothing here is written anew, and nothing else.

// translate returns a text in the Markdown that is shown here. Code stays as
// it is.
func translate(text string) string {
	text = comment.ReplaceAllString(strings.ReplaceAll(text, "\r\n", "\n"), "")
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if indented(line) {
			continue
		}
		line = bareHeading.ReplaceAllString(line, "$1 $2")
		line = bareNumber.ReplaceAllString(line, `$1\)`)
		if definition.MatchString(line) && i > 0 && lines[i-1] != "" && !definition.MatchString(lines[i-1]) {
			line = "\n" + line
		}
		lines[i] = outsideCode(line, inline)
	}
	return outsideBlocks(strings.Join(lines, "\n"))
}

var (
	comment     = regexp.MustCompile(`(?s)<!--.*?-->`)
	bareHeading = regexp.MustCompile(`^( {0,3}#{1,6})([^#\s])`)
	bareNumber  = regexp.MustCompile(`^(\s*\d+)\)`)
	definition  = regexp.MustCompile(`^ {0,3}\[[^\]]+\]:\s`)
	code        = regexp.MustCompile("`+[^`]+`+")
)

// indented reports whether a line may be of a block of code.
func indented(line string) bool {
	return strings.HasPrefix(line, "    ") || strings.HasPrefix(line, "\t")
}

// outsideCode gives f what of a line is not between backticks.
func outsideCode(line string, f func(string) string) string {
	var b strings.Builder
	last := 0
	for _, at := range code.FindAllStringIndex(line, -1) {
		b.WriteString(f(line[last:at[0]]))
		b.WriteString(line[at[0]:at[1]])
		last = at[1]
	}
	b.WriteString(f(line[last:]))
	return b.String()
}

// A tag is what becomes of some HTML within a line.
type tag struct {
	is *regexp.Regexp
	to string
}

var tags = []tag{
	{regexp.MustCompile(`(?i)\s*<br\s*/?>\s*$`), "  "},
	{regexp.MustCompile(`(?i)\s*<br\s*/?>[ \t]*`), "  \n"},
	{regexp.MustCompile(`(?i)<(?:i|em)>([\pL\pN][^<>*]*[\pL\pN]|[\pL\pN])</(?:i|em)>`), "*$1*"},
	{regexp.MustCompile(`(?i)<(?:b|strong)>([\pL\pN][^<>*]*[\pL\pN]|[\pL\pN])</(?:b|strong)>`), "**$1**"},
	{regexp.MustCompile(`(?i)<(?:s|strike|del)>([\pL\pN][^<>~]*[\pL\pN]|[\pL\pN])</(?:s|strike|del)>`), "~~$1~~"},
	{regexp.MustCompile("(?i)<code>([^<>`]+)</code>"), "`$1`"},
	{regexp.MustCompile(`(?i)<a\s+href="([^"<>\s()]+)"[^<>]*>([^<>\[\]]+)</a>`), "[$2]($1)"},
	{regexp.MustCompile(`(?i)</?(?:i|em|b|strong|s|strike|del|sup|sub|kbd|big|small|span|dl|dt|dd)/?>`), ""},
}

// image is of two attributes that stand in any order.
var (
	image = regexp.MustCompile(`(?i)<img\s[^<>]*>`)
	src   = regexp.MustCompile(`(?i)\ssrc="([^"\s()<>]+)"`)
	alt   = regexp.MustCompile(`(?i)\salt="([^"]*)"`)
)

func inline(s string) string {
	if !strings.Contains(s, "<") {
		return s
	}
	s = image.ReplaceAllStringFunc(s, func(img string) string {
		from := src.FindStringSubmatch(img)
		if from == nil {
			return img
		}
		words := ""
		if m := alt.FindStringSubmatch(img); m != nil {
			words = strings.NewReplacer("[", "", "]", "").Replace(html.UnescapeString(m[1]))
		}
		return "![" + words + "](" + from[1] + ")"
	})
	for _, t := range tags {
		s = t.is.ReplaceAllString(s, t.to)
	}
	return s
}

// blocks are those that stand alone in their lines.
var blocks = []tag{
	{regexp.MustCompile(`(?im)^ {0,3}<hr\s*/?>[ \t]*$`), "\n---\n"},
	{regexp.MustCompile(`(?im)^ {0,3}</?(?:p|div|blockquote|ul|ol)>[ \t]*$`), ""},
	{regexp.MustCompile(`(?im)^ {0,3}<p>`), "\n"},
	{regexp.MustCompile(`(?im)</p>[ \t]*$`), "\n"},
	{regexp.MustCompile(`(?im)^\s*<li>(.*?)(?:</li>)?[ \t]*$`), "- $1"},
}

func outsideBlocks(s string) string {
	for _, t := range blocks {
		s = t.is.ReplaceAllString(s, t.to)
	}
	return s
}
