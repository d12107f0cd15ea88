// SPDX-License-Identifier: BSD-3-Clause

// Commonpasswords makes auth/password/common.bin, the filter of passwords and
// words that are tried first, from free lists:
//
//	npm pack zxcvbn@4.4.2 @zxcvbn-ts/language-common@4.1.3 @zxcvbn-ts/language-it@3.0.2
//	(each unpacked into a folder of its own)
//	go run ./commonpasswords zxcvbn/package common/package it/package > ../../auth/password/common.bin
//
// All three are under the MIT licence. What is written holds no password: the
// first 32 bits of the SHA-256 of each, sorted.
package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// min is how many runes a word has at least: shorter ones are too many, and
// nothing is left of a password that consists of one but what was added to it.
const min = 4

var lists = regexp.MustCompile(`(?m)^\s*(\w+):\s*"([^"]*)"\.split`)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 4 {
		log.Fatal("usage: commonpasswords <zxcvbn> <zxcvbn-ts common> <zxcvbn-ts it>")
	}
	var words []string
	for _, m := range lists.FindAllStringSubmatch(string(read(os.Args[1], "lib/frequency_lists.js")), -1) {
		switch m[1] {
		case "passwords", "male_names", "female_names", "surnames":
			words = append(words, strings.Split(m[2], ",")...)
		}
	}
	words = append(words, list(os.Args[2], "src/passwords.json")...)
	for _, name := range []string{"commonWords", "firstnames", "lastnames"} {
		words = append(words, list(os.Args[3], "src/"+name+".json")...)
	}
	var sums []uint32
	for _, w := range words {
		if w = strings.ToLower(w); utf8.RuneCountInString(w) >= min {
			sum := sha256.Sum256([]byte(w))
			sums = append(sums, binary.BigEndian.Uint32(sum[:]))
		}
	}
	slices.Sort(sums)
	sums = slices.Compact(sums)
	out := bufio.NewWriter(os.Stdout)
	fmt.Fprintf(out, `Passwords and words that are tried first: the first 32 bits of the SHA-256 of
each in lower case, sorted, big-endian, after the empty line. Made by
internal/tools/commonpasswords; holds %d words of at least %d runes, so a text
that is none of them is taken for one with a chance of %.1g.
From zxcvbn 4.4.2, Copyright (c) 2012-2016 Dan Wheeler and Dropbox, Inc., and
from @zxcvbn-ts/language-common 4.1.3 and @zxcvbn-ts/language-it 3.0.2; all
three under the MIT licence.

`, len(sums), min, float64(len(sums))/(1<<32))
	for _, s := range sums {
		if err := binary.Write(out, binary.BigEndian, s); err != nil {
			log.Fatal(err)
		}
	}
	if err := out.Flush(); err != nil {
		log.Fatal(err)
	}
}

func read(dir, name string) []byte {
	b, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
	if err != nil {
		log.Fatal(err)
	}
	return b
}

func list(dir, name string) (words []string) {
	if err := json.Unmarshal(read(dir, name), &words); err != nil {
		log.Fatalf("%s: %v", name, err)
	}
	return words
}
