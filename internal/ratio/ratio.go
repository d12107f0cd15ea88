// SPDX-License-Identifier: BSD-3-Clause

// Package ratio compares two ways of doing the same work in one benchmark run.
// Their turns interleave, so that whatever else the machine does falls on
// both, and what is reported is the ratio of their medians.
package ratio

import (
	"slices"
	"testing"
	"time"
)

// Run times ours and other in turns of each calls until the benchmark has
// enough of them, and reports the median of both in microseconds a call and
// ours ÷ other as "ratio".
func Run(b *testing.B, each int, ours, other func(b *testing.B)) {
	b.Helper()
	turn := func(f func(*testing.B)) time.Duration {
		start := time.Now()
		for range each {
			f(b)
		}
		return time.Since(start)
	}
	turn(ours) // statements prepared, pools filled, caches warm
	turn(other)
	var a, o []time.Duration
	for i := 0; b.Loop(); i++ {
		if i%2 == 0 {
			a = append(a, turn(ours))
			o = append(o, turn(other))
		} else {
			o = append(o, turn(other))
			a = append(a, turn(ours))
		}
	}
	us := func(d time.Duration) float64 { return float64(d) / float64(each) / float64(time.Microsecond) }
	b.ReportMetric(0, "ns/op") // of a pair of turns: says nothing
	b.ReportMetric(us(median(a)), "ours-µs")
	b.ReportMetric(us(median(o)), "other-µs")
	b.ReportMetric(float64(median(a))/float64(median(o)), "ratio")
}

func median(d []time.Duration) time.Duration {
	slices.Sort(d)
	return d[len(d)/2]
}
