// SPDX-License-Identifier: BSD-3-Clause

//go:build unix && !linux

package dbtest

import "syscall"

// endWithParent cannot be had here: [Main] alone stops the server.
func endWithParent(a *syscall.SysProcAttr) *syscall.SysProcAttr { return a }
