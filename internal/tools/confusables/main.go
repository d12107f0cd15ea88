// SPDX-License-Identifier: BSD-3-Clause

// Confusables makes auth/account/confusables.txt, the table of characters that
// look alike, from Unicode's data for UTS 39 as Debian ships them:
//
//	apt-get download python3-confusable-homoglyphs   (3.2.0-2: Unicode 15.0)
//	dpkg -x python3-confusable-homoglyphs_*.deb x
//	go run ./confusables x/usr/lib/python3/dist-packages/confusable_homoglyphs/confusables.json > ../../auth/account/confusables.txt
//
// That file names for every string those it is confused with, both ways. What
// is written names for every character the one string that stands for all that
// look like it.
package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"log"
	"maps"
	"os"
	"slices"
	"strings"
	"unicode/utf8"
)

const header = `# Characters that look alike (UTS 39): each, and what stands for all like it.
# Made by internal/tools/confusables from Unicode's confusables.txt, version 15.0.
# Copyright (c) 1991-2022 Unicode, Inc. All rights reserved. Distributed under
# the Terms of Use in https://www.unicode.org/copyright.html.
# Permission is hereby granted, free of charge, to any person obtaining a copy
# of the Unicode data files and any associated documentation (the "Data Files")
# or Unicode software and any associated documentation (the "Software") to deal
# in the Data Files or Software without restriction, including without
# limitation the rights to use, copy, modify, merge, publish, distribute, and/or
# sell copies of the Data Files or Software, and to permit persons to whom the
# Data Files or Software are furnished to do so, provided that either (a) this
# copyright and permission notice appear with all copies of the Data Files or
# Software, or (b) this copyright and permission notice appear in associated
# Documentation. THE DATA FILES AND SOFTWARE ARE PROVIDED "AS IS", WITHOUT
# WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
# WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND
# NONINFRINGEMENT OF THIRD PARTY RIGHTS. IN NO EVENT SHALL THE COPYRIGHT HOLDER
# OR HOLDERS INCLUDED IN THIS NOTICE BE LIABLE FOR ANY CLAIM, OR ANY SPECIAL
# INDIRECT OR CONSEQUENTIAL DAMAGES, OR ANY DAMAGES WHATSOEVER RESULTING FROM
# LOSS OF USE, DATA OR PROFITS, WHETHER IN AN ACTION OF CONTRACT, NEGLIGENCE OR
# OTHER TORTIOUS ACTION, ARISING OUT OF OR IN CONNECTION WITH THE USE OR
# PERFORMANCE OF THE DATA FILES OR SOFTWARE. Except as contained in this notice,
# the name of a copyright holder shall not be used in advertising or otherwise to
# promote the sale, use or other dealings in these Data Files or Software without
# prior written authorization of the copyright holder.

`

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: confusables <confusables.json>")
	}
	b, err := os.ReadFile(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	var like map[string][]struct {
		C string `json:"c"`
	}
	if err := json.Unmarshal(b, &like); err != nil {
		log.Fatal(err)
	}
	// Examples written from right to left stand between marks.
	plain := func(s string) string { return strings.ReplaceAll(s, "\u200e", "") }
	with := map[string][]string{}
	for s, others := range like {
		for _, o := range others {
			if a, b := plain(s), plain(o.C); a != "" && b != "" && a != b {
				with[a] = append(with[a], b)
			}
		}
	}
	within := map[rune]int{} // strings of many characters
	for s := range with {
		if utf8.RuneCountInString(s) > 1 {
			for _, r := range s {
				within[r]++
			}
		}
	}
	weight := func(s string) int {
		r, _ := utf8.DecodeRuneInString(s)
		return len(with[s]) + within[r]
	}
	// What stands for a class is confused with all others of it, and they with
	// it alone.
	stands := func(a, b string) string {
		return slices.MinFunc([]string{a, b}, func(a, b string) int {
			return cmp.Or(-cmp.Compare(utf8.RuneCountInString(a), utf8.RuneCountInString(b)), // only a class has many characters
				-cmp.Compare(weight(a), weight(b)), cmp.Compare(a, b))
		})
	}
	table := map[string]string{}
	for a, others := range with {
		for _, b := range others {
			to, from := stands(a, b), a
			if to == a {
				from = b
			}
			if utf8.RuneCountInString(from) != 1 {
				log.Fatalf("%q and %q: neither is one character", a, b)
			}
			if had, ok := table[from]; ok && had != to {
				log.Fatalf("%q stands for both %q and %q", from, had, to)
			}
			table[from] = to
		}
	}
	for from, to := range table {
		for _, r := range to {
			if next, ok := table[string(r)]; ok {
				log.Fatalf("%q stands for %q, which is not the end: %q", from, to, next)
			}
		}
		if strings.ContainsAny(from+to, "\t\n") {
			log.Fatalf("%q, %q: a tab or a line end", from, to)
		}
	}
	out := bufio.NewWriter(os.Stdout)
	fmt.Fprint(out, header)
	for _, from := range slices.Sorted(maps.Keys(table)) {
		fmt.Fprintf(out, "%s\t%s\n", from, table[from])
	}
	if err := out.Flush(); err != nil {
		log.Fatal(err)
	}
}
