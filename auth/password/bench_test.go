// SPDX-License-Identifier: BSD-3-Clause

package password_test

import (
	"math/rand/v2"
	"runtime/metrics"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/copis-it/copis/auth/password"
)

type random struct{ *rand.Rand }

func newRandom(seed uint64) random { return random{rand.New(rand.NewPCG(seed, 0))} }

// text returns n characters of a keyboard.
func (r random) text(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte('!' + r.IntN('~'-'!'))
	}
	return string(b)
}

// BenchmarkConcurrent compares 64 callers at once with 2, hash for hash, in
// turns: "throughput" is that of 64 ÷ that of 2. "peak-MiB" is the most heap
// seen meanwhile.
func BenchmarkConcurrent(b *testing.B) {
	h := password.New(password.Config{})
	const hashes = 64
	run := func(callers int) time.Duration {
		var left atomic.Int64
		left.Store(hashes)
		start := time.Now()
		var all sync.WaitGroup
		for range callers {
			all.Go(func() {
				for left.Add(-1) >= 0 {
					if _, err := h.Hash(b.Context(), "una frase qualunque"); err != nil {
						b.Error(err)
					}
				}
			})
		}
		all.Wait()
		return time.Since(start)
	}
	run(2)
	var peak atomic.Uint64
	stop := make(chan struct{})
	var watch sync.WaitGroup
	watch.Go(func() {
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		heap := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				metrics.Read(heap)
				peak.Store(max(peak.Load(), heap[0].Value.Uint64()))
			}
		}
	})
	var many, few []time.Duration
	for b.Loop() {
		few = append(few, run(2))
		many = append(many, run(64))
	}
	close(stop)
	watch.Wait()
	slices.Sort(many)
	slices.Sort(few)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(few[len(few)/2])/float64(many[len(many)/2]), "throughput")
	b.ReportMetric(float64(hashes)/many[len(many)/2].Seconds(), "hashes/s")
	b.ReportMetric(float64(peak.Load())/(1<<20), "peak-MiB")
}

func BenchmarkCheck(b *testing.B) {
	h := password.New(password.Config{})
	for b.Loop() {
		if err := h.Check("cavallo batteria graffetta", 15, "maria.rossi", "Co.PIS"); err != nil {
			b.Fatal(err)
		}
	}
}
