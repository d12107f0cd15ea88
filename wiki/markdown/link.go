// SPDX-License-Identifier: BSD-3-Clause

package markdown

import (
	"bytes"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// A link is an address as it will stand in an attribute.
type link struct {
	href    string
	outside bool // leads away from the host's site
}

// rel is for links that lead outside: the host vouches for none of them.
const rel = "nofollow ugc noopener"

// linkTo returns the link to an address that a person wrote, and whether it may
// be one. What is checked is the address as it will be written, so no trick of
// spelling is told apart from what a browser makes of it.
func linkTo(address string) (link, bool) {
	u, err := url.Parse(string(util.URLEscape([]byte(address), false)))
	if err != nil {
		return link{}, false
	}
	href := u.String()
	if href == "" {
		return link{}, false
	}
	for i := range len(href) {
		switch c := href[i]; {
		case c <= ' ', c > '~', c == '"', c == '<', c == '>', c == '\\':
			return link{}, false
		}
	}
	scheme := ""
	if at := strings.IndexAny(href, ":/?#"); at >= 0 && href[at] == ':' {
		scheme = strings.ToLower(href[:at])
	}
	switch scheme {
	case "":
		return link{href, strings.HasPrefix(href, "//")}, true
	case "mailto":
		return link{href, false}, true
	case "http", "https":
		return link{href, true}, u.Host != ""
	}
	return link{}, false
}

// written returns the address of a link in a text: with what stands for a
// character in Markdown resolved to that character.
func written(destination []byte) string {
	b := util.UnescapePunctuations(destination)
	return string(util.ResolveEntityNames(util.ResolveNumericReferences(b)))
}

// shown reports whether an image may be fetched when the text is shown.
func (cfg *Config) shown(href string) bool {
	path, _, _ := strings.Cut(href, "?")
	if path, err := url.PathUnescape(path); err != nil || strings.Contains(path, "..") {
		return false
	}
	for _, prefix := range cfg.Images {
		if strings.HasPrefix(href, prefix) {
			return true
		}
	}
	return false
}

// angleParser reads an address between angle brackets.
type angleParser struct{}

func (angleParser) Trigger() []byte { return []byte{'<'} }

func (angleParser) Parse(_ ast.Node, block text.Reader, pc parser.Context) ast.Node {
	workOf(pc).spend(300)
	line, at := block.PeekLine()
	kind, end := ast.AutoLinkEmail, emailEnd(line[1:])
	if end < 0 {
		kind, end = ast.AutoLinkURL, util.FindURLIndex(line[1:])
	}
	if end < 0 || 1+end >= len(line) || line[1+end] != '>' || at.Padding != 0 {
		return nil
	}
	block.Advance(end + 2)
	return ast.NewAutoLink(kind, ast.NewTextSegment(text.NewSegment(at.Start+1, at.Start+1+end)))
}

// bareParser makes links of addresses that stand in a text as they are, by the
// rules of GitHub's "autolinks (extended)". It replaces goldmark's, which
// matches a costly regular expression at every space.
type bareParser struct{}

// Trigger returns what may stand before an address; the space means all white
// space and the start of a line.
func (bareParser) Trigger() []byte { return []byte(" *_~(") }

func (bareParser) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	workOf(pc).spend(200)
	if pc.IsInLinkLabel() {
		return nil
	}
	line, at := block.PeekLine()
	before := 0
	if bytes.IndexByte([]byte(" \t*_~("), line[0]) >= 0 {
		before = 1
	} else if r := block.PrecendingCharacter(); !unicode.IsSpace(r) && !strings.ContainsRune("*_~(", r) {
		return nil
	}
	kind, protocol, end := bareLink(line[before:])
	if end <= 0 || at.Padding != 0 {
		return nil
	}
	if before > 0 {
		ast.MergeOrAppendTextSegment(parent, at.WithStop(at.Start+before))
	}
	block.Advance(before + end)
	start := at.Start + before
	node := ast.NewAutoLink(kind, ast.NewTextSegment(text.NewSegment(start, start+end)))
	node.Protocol = protocol
	return node
}

// bareLink returns what address s starts with, and its length or 0.
func bareLink(s []byte) (kind ast.AutoLinkType, protocol []byte, length int) {
	for _, prefix := range []string{"http://", "https://", "www."} {
		if len(s) <= len(prefix) || s[0]|' ' != prefix[0] || !strings.EqualFold(string(s[:len(prefix)]), prefix) {
			continue
		}
		domain := s
		if prefix == "www." {
			protocol = []byte("http")
		} else {
			domain = s[len(prefix):]
		}
		n := domainEnd(domain)
		if n < 0 {
			return 0, nil, 0
		}
		host := len(s) - len(domain) + n
		end := bytes.IndexAny(s[host:], " \t\n<")
		if end < 0 {
			end = len(s) - host
		}
		return ast.AutoLinkURL, protocol, trimLink(s, host, host+end)
	}
	n := emailEnd(s)
	if n > 0 && bytes.IndexByte(s[bytes.IndexByte(s[:n], '@'):n], '.') < 0 {
		n = 0
	}
	if n > 0 && n < len(s) && (s[n] == '-' || s[n] == '_') {
		n = 0
	}
	return ast.AutoLinkEmail, nil, n
}

const maxDomain = 253 // bytes

// domainEnd returns the length of the domain name that s starts with, or -1. It
// has a dot, and no underscore in its last two parts.
func domainEnd(s []byte) int {
	end := 0
	for end < len(s) && (isAlnum(s[end]) || s[end] >= utf8.RuneSelf || bytes.IndexByte([]byte("-_."), s[end]) >= 0) {
		if end++; end > maxDomain {
			return -1
		}
	}
	parts := bytes.Split(bytes.TrimRight(s[:end], "."), []byte("."))
	if len(parts) < 2 || len(parts[len(parts)-1]) == 0 || len(parts[len(parts)-2]) == 0 {
		return -1
	}
	for _, p := range parts[len(parts)-2:] {
		if bytes.IndexByte(p, '_') >= 0 {
			return -1
		}
	}
	return end
}

// trimLink returns the length of the link s[:end] without the punctuation that
// belongs to the sentence around it; s[:host] stays.
func trimLink(s []byte, host, end int) int {
	opened, closed := bytes.Count(s[:end], []byte("(")), bytes.Count(s[:end], []byte(")"))
	for end > 0 {
		r, size := utf8.DecodeLastRune(s[:end])
		switch {
		case strings.ContainsRune(`?!.,:*_~'"`, r), r >= utf8.RuneSelf && unicode.IsPunct(r):
		case r == ')' && closed > opened:
			closed--
		case r == ';' && end > host:
			name := bytes.TrimRightFunc(s[host:end-1], func(r rune) bool { return r < utf8.RuneSelf && isAlnum(byte(r)) })
			if len(name) == 0 || name[len(name)-1] != '&' || host+len(name) == end-1 {
				return end
			}
			size = end - host - len(name) + 1
		default:
			return end
		}
		end -= size
	}
	return 0
}

// emailEnd returns the length of the e-mail address that s starts with, by the
// rule of HTML's input type "email", or -1.
func emailEnd(s []byte) int {
	const maxLocal = 64
	if bytes.IndexByte(s[:min(len(s), maxLocal+1)], '@') < 0 {
		return -1
	}
	at := 0
	for at < len(s) && (isAlnum(s[at]) || bytes.IndexByte([]byte(".!#$%&'*+/=?^_`{|}~-"), s[at]) >= 0) {
		at++
	}
	if at == 0 || at > maxLocal || at >= len(s) || s[at] != '@' {
		return -1
	}
	at++
	good := -1 // where the last whole part of the domain ends
	for part := at; part < len(s) && part-at < maxDomain; {
		end := part
		for end < len(s) && end-part < 63 && (isAlnum(s[end]) || s[end] == '-' && end > part) {
			end++
		}
		for end > part && s[end-1] == '-' {
			end--
		}
		if end == part {
			break
		}
		good = end
		if end >= len(s) || s[end] != '.' {
			break
		}
		part = end + 1
	}
	return good
}

func isAlnum(c byte) bool { return util.IsAlphaNumeric(c) }
