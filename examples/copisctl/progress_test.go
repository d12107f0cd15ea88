// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Ten minutes of work, told every 10 ms, are told a few times a second, and
// the end always is.
func TestProgress(t *testing.T) {
	t.Parallel()
	for terminal, most := range map[bool]int{true: 4 * 60, false: 60} {
		var out bytes.Buffer
		now := time.Unix(1e9, 0)
		p := &progress{out: &out, terminal: terminal, now: func() time.Time { return now }, what: "messages"}
		const total = 6000
		for done := range total {
			p.tell(done+1, total)
			now = now.Add(10 * time.Millisecond)
		}
		told := strings.Count(out.String(), "messages")
		require.LessOrEqual(t, told, most+1)
		require.Greater(t, told, most/2)
		require.True(t, strings.HasSuffix(out.String(), "6000 of 6000\n"), out.String())
		if terminal {
			require.Contains(t, out.String(), "\rmessages [###############...............] ")
			require.Equal(t, 1, strings.Count(out.String(), "\n"))
		} else {
			require.NotContains(t, out.String(), "\r")
		}
	}
}
