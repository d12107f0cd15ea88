// SPDX-License-Identifier: BSD-3-Clause

package storage

import "time"

// Clock tells the time. The zero Clock is the system's. Times are UTC, of the
// years 1 to 9999 and whole microseconds, which is what every adapter keeps.
type Clock func() time.Time

// Now returns the current time.
func (c Clock) Now() time.Time {
	if c == nil {
		c = time.Now
	}
	return c().UTC().Truncate(time.Microsecond)
}
