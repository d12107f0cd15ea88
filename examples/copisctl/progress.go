// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// progress tells on standard error how far something is: a bar on a terminal,
// lines elsewhere.
type progress struct {
	out      io.Writer
	terminal bool
	now      func() time.Time
	what     string
	told     time.Time
}

// How often progress is told at most.
const (
	barPause  = 250 * time.Millisecond
	linePause = time.Second
)

func (t *tool) progress(what string) *progress {
	p := &progress{out: t.stderr, now: t.now, what: what}
	if f, ok := t.stderr.(*os.File); ok {
		info, err := f.Stat()
		p.terminal = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	return p
}

// tell says that done of total are done. The end is always told.
func (p *progress) tell(done, total int) {
	pause := linePause
	if p.terminal {
		pause = barPause
	}
	now := p.now()
	if done < total && now.Sub(p.told) < pause {
		return
	}
	p.told = now
	if !p.terminal {
		fmt.Fprintf(p.out, "%s: %d of %d\n", p.what, done, total)
		return
	}
	const width = 30
	full := width
	if total > 0 {
		full = width * done / total
	}
	fmt.Fprintf(p.out, "\r%s [%s%s] %d of %d", p.what, strings.Repeat("#", full), strings.Repeat(".", width-full), done, total)
	if done >= total {
		fmt.Fprintln(p.out)
	}
}
