// SPDX-License-Identifier: BSD-3-Clause

//go:build unix

package dbtest

import (
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"strconv"
	"syscall"
)

// serverUser is who runs the server when the tests run as root, whom
// PostgreSQL refuses. Otherwise it is nil: whoever runs the tests.
func serverUser() (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("tests run as root and PostgreSQL must not: %w", err)
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, err
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

// childAttributes makes a child run as the server's user and end with us.
func childAttributes() (*syscall.SysProcAttr, error) {
	cred, err := serverUser()
	return endWithParent(&syscall.SysProcAttr{Credential: cred}), err
}

// giveAway gives a file of ours to the server's user.
func giveAway(path string) error {
	cred, err := serverUser()
	if err != nil || cred == nil {
		return err
	}
	return os.Chown(path, int(cred.Uid), int(cred.Gid))
}

// ours reports whether a file belongs to us or to the server's user.
func ours(info fs.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return false
	}
	cred, err := serverUser()
	return int(st.Uid) == os.Getuid() || err == nil && cred != nil && st.Uid == cred.Uid
}

// tryLock locks a file for this process, or fails if another holds it.
func tryLock(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) }
