// SPDX-License-Identifier: BSD-3-Clause

//go:build !unix

package dbtest

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// A cluster of the tests' own is for Unix; elsewhere name a server.
var errNotHere = errors.New("name a server in COPIS_TEST_POSTGRES: none can be started on this system")

func childAttributes() (*syscall.SysProcAttr, error) { return nil, errNotHere }
func giveAway(string) error                          { return errNotHere }
func ours(fs.FileInfo) bool                          { return false }
func tryLock(*os.File) error                         { return errNotHere }
