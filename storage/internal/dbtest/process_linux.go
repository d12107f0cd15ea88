// SPDX-License-Identifier: BSD-3-Clause

package dbtest

import "syscall"

// endWithParent makes a server stop at once when the thread that started it
// ends, however that comes about.
func endWithParent(a *syscall.SysProcAttr) *syscall.SysProcAttr {
	a.Pdeathsig = syscall.SIGQUIT
	return a
}
