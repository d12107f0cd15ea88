// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"io/fs"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// Text stands out from its ground by 4.5 and controls by 3 (WCAG 2.2, 1.4.3
// and 1.4.11), in the light and in the dark.
func TestContrast(t *testing.T) {
	t.Parallel()
	css, err := fs.ReadFile(files, "static/portal.css")
	if err != nil {
		t.Fatal(err)
	}
	color := regexp.MustCompile(`--([a-z-]+): (#[0-9a-f]{3,6});`)
	parts := strings.Split(string(css), "@media (prefers-color-scheme: dark)")
	if len(parts) != 2 {
		t.Fatal("there is no dark scheme")
	}
	for i, part := range parts {
		colors := map[string]float64{}
		for _, m := range color.FindAllStringSubmatch(part, -1) {
			colors[m[1]] = luminance(t, m[2])
		}
		for _, c := range []struct {
			least        float64
			over, ground string
		}{
			{4.5, "text", "ground soft done note old new"}, {4.5, "quiet", "ground soft"}, {4.5, "link", "ground soft"},
			{4.5, "danger", "ground soft"}, {4.5, "on-accent", "accent"}, {4.5, "ground", "danger"}, {3, "line", "ground"}, {3, "accent", "ground soft"},
		} {
			for ground := range strings.FieldsSeq(c.ground) {
				a, ok := colors[c.over]
				b, ok2 := colors[ground]
				if !ok || !ok2 {
					t.Fatalf("scheme %d has no %s or no %s", i, c.over, ground)
				}
				if got := (max(a, b) + .05) / (min(a, b) + .05); got < c.least {
					t.Errorf("scheme %d: %s on %s is %.2f, less than %.1f", i, c.over, ground, got, c.least)
				}
			}
		}
	}
	if strings.Contains(string(css), "url(") || strings.Contains(string(css), "@import") {
		t.Error("the style fetches something")
	}
}

// luminance is the relative luminance of a color written #rgb or #rrggbb.
func luminance(t *testing.T, s string) float64 {
	t.Helper()
	s = s[1:]
	if len(s) == 3 {
		s = string([]byte{s[0], s[0], s[1], s[1], s[2], s[2]})
	}
	var sum float64
	for i, weight := range []float64{.2126, .7152, .0722} {
		n, err := strconv.ParseUint(s[2*i:2*i+2], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		c := float64(n) / 255
		if c <= .04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}

// Every class that pages use has a style, and every style is used.
func TestClasses(t *testing.T) {
	t.Parallel()
	css, err := fs.ReadFile(files, "static/portal.css")
	if err != nil {
		t.Fatal(err)
	}
	styled := map[string]bool{}
	for _, m := range regexp.MustCompile(`\.([a-z][a-z0-9-]*)`).FindAllStringSubmatch(string(css), -1) {
		styled[m[1]] = true
	}
	s := newStage(t)
	b := s.browser("marta.colonna")
	var pages strings.Builder
	for _, a := range b.walk("/") {
		pages.WriteString(a.body)
	}
	topic := "/topics/" + s.topic("Innovazione sociale").ID.String()
	pages.WriteString(b.get(topic + "?done=read").body)
	pages.WriteString(b.post(topic+"/reply", "do", "post", "body", "").body)
	pages.WriteString(b.post(topic+"/purge", "why", "").body)
	pages.WriteString(b.post(topic+"/reply", "do", "preview", "body", "x").body)
	edited := s.replies(s.topic("Partenariato per l’innovazione").ID, "marta.colonna")[1]
	pages.WriteString(b.get("/replies/" + edited.ID.String() + "/history?from=2&to=1").body)
	pages.WriteString(b.post("/account/factor", "current", testPassword).body)
	other := s.browser("tecla.bassani")
	_, codes := s.withFactor(other)
	other.post("/sign-out").is(303)
	other.post("/sign-in", "name", "tecla.bassani", "password", testPassword).is(303)
	other.post("/sign-in/code", "otp", codes[0]).is(303)
	secret := other.post("/account/factor/recovery", "current", testPassword, "otp", codes[1]).body
	pages.WriteString(secret)
	used := map[string]bool{}
	for _, m := range regexp.MustCompile(`class="([^"]*)"`).FindAllStringSubmatch(pages.String(), -1) {
		for class := range strings.FieldsSeq(m[1]) {
			used[class] = true
		}
	}
	for class := range styled {
		if !used[class] {
			t.Errorf("no page has the class %s", class)
		}
	}
}
