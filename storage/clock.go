// SPDX-License-Identifier: BSD-3-Clause

package storage

import "time"

// Clock tells the time. The zero Clock is the system's. Times are UTC and
// whole microseconds, the finest that every adapter keeps.
type Clock func() time.Time

// Now returns the current time.
func (c Clock) Now() time.Time {
	if c == nil {
		c = time.Now
	}
	return c().UTC().Truncate(time.Microsecond)
}
