// SPDX-License-Identifier: BSD-3-Clause

package dbtest

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// A Cluster is a PostgreSQL server of a test's own, reached through a socket
// in a folder of its own. Nothing that happens to it concerns anybody else.
type Cluster struct {
	bin   string // folder of its programs
	dir   string // folder of its data, its socket and the mark of its owner
	owner *os.File

	postmaster *os.Process
	ended      chan struct{} // closed when the postmaster has ended
	log        tail
}

// errNoPostgres says that there is nothing to start a cluster with.
var errNoPostgres = errors.New("no PostgreSQL binaries: neither initdb in PATH nor in /usr/lib/postgresql/*/bin")

// settings of every cluster: what is acknowledged is visible and outlives the
// server's processes, and the machine's sudden end concerns no test.
var settings = map[string]string{
	"listen_addresses":   "",
	"fsync":              "off",
	"full_page_writes":   "off",
	"synchronous_commit": "on",
	"max_connections":    "300",
	"deadlock_timeout":   "50ms",
	"lc_messages":        "C",
	"timezone":           "Asia/Kolkata", // far from UTC by an odd half hour
}

// StartCluster starts a cluster with an empty database.
func StartCluster(ctx context.Context) (*Cluster, error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	from, err := template(ctx, bin)
	if err != nil {
		return nil, err
	}
	dir, err := newDir()
	if err != nil {
		return nil, err
	}
	c := &Cluster{bin: bin, dir: dir}
	if c.owner, err = own(dir); err == nil {
		err = copyData(from, c.data())
	}
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		c.Remove()
		return nil, err
	}
	return c, nil
}

func (c *Cluster) data() string { return filepath.Join(c.dir, "data") }

// URL returns how to reach the cluster's database.
func (c *Cluster) URL() string {
	return "postgres://postgres@/postgres?" + url.Values{"host": {c.dir}, "sslmode": {"disable"}}.Encode()
}

// Start starts the server, again after Kill, and waits until it answers.
func (c *Cluster) Start() error {
	args := []string{"-D", c.data(), "-k", c.dir}
	for name, value := range settings {
		args = append(args, "-c", name+"="+value)
	}
	cmd := exec.Command(filepath.Join(c.bin, "postgres"), args...)
	cmd.Dir = c.dir
	cmd.Env = environment()
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return err
	}
	started, ended, ready := make(chan error), make(chan struct{}), make(chan struct{})
	go func() {
		// The server is told to end when the thread that started it does.
		runtime.LockOSThread()
		defer close(ended)
		cmd.SysProcAttr, err = childAttributes()
		if err == nil {
			err = cmd.Start()
		}
		started <- err
		if err != nil {
			return
		}
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			c.log.add(lines.Text())
			if strings.Contains(lines.Text(), "database system is ready to accept connections") {
				close(ready)
			}
		}
		_, _ = io.Copy(io.Discard, stderr) // beyond a line too long to scan
		_ = cmd.Wait()                     // killed servers end badly, as they should
	}()
	if err := <-started; err != nil {
		return err
	}
	c.postmaster, c.ended = cmd.Process, ended
	select {
	case <-ready:
		return nil
	case <-ended:
		return fmt.Errorf("postgres ended at once:\n%s", c.log.String())
	case <-time.After(time.Minute):
		return fmt.Errorf("postgres not ready within a minute:\n%s", c.log.String())
	}
}

// Kill stops the server at once, as a loss of power would its processes:
// nothing is finished, no client is told.
func (c *Cluster) Kill() { c.end(syscall.SIGQUIT) }

func (c *Cluster) end(how os.Signal) {
	if c.postmaster == nil {
		return
	}
	_ = c.postmaster.Signal(how)
	select {
	case <-c.ended:
	case <-time.After(10 * time.Second):
		_ = c.postmaster.Kill()
		<-c.ended
	}
	c.postmaster = nil
}

// Remove stops the server and leaves nothing of it behind.
func (c *Cluster) Remove() {
	c.Kill()
	if c.owner != nil {
		c.owner.Close()
	}
	os.RemoveAll(c.dir)
}

// binaries returns the folder of PostgreSQL's programs, the newest if there
// are several.
func binaries() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			return filepath.Dir(path), nil
		}
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(found) == 0 {
		return "", errNoPostgres
	}
	slices.SortFunc(found, func(a, b string) int {
		if len(a) != len(b) {
			return len(a) - len(b)
		}
		return strings.Compare(a, b)
	})
	return filepath.Dir(found[len(found)-1]), nil
}

// initdb are the arguments with which a cluster is made. Its collation is
// Italian, not that of bytes, so that an order that is left to the database is
// found out; servers before version 15 and those without ICU cannot have it.
var (
	initdb  = []string{"--username=postgres", "--auth=trust", "--no-sync", "--wal-segsize=1", "--encoding=UTF8", "--locale=C"}
	italian = []string{"--locale-provider=icu", "--icu-locale=it"}
)

// template returns a cluster's data folder that was made once for this
// version of PostgreSQL and this user, and is only copied from then on.
func template(ctx context.Context, bin string) (string, error) {
	version, err := exec.CommandContext(ctx, filepath.Join(bin, "postgres"), "--version").Output()
	if err != nil {
		return "", err
	}
	key := sha256.Sum256(append(version, strings.Join(slices.Concat(initdb, italian), " ")...))
	path := filepath.Join(os.TempDir(), fmt.Sprintf("copis-template-%d-%x", os.Getuid(), key[:6]))
	if info, err := os.Lstat(path); err == nil {
		if !info.IsDir() || info.Mode().Perm() != 0o700 || !ours(info) {
			return "", fmt.Errorf("%s is somebody else's: remove it", path)
		}
		return path, nil
	}
	dir, err := newDir()
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	made := filepath.Join(dir, "data")
	if runInitdb(ctx, bin, made, slices.Concat(initdb, italian)) != nil {
		if err := runInitdb(ctx, bin, made, initdb); err != nil {
			return "", err
		}
	}
	if err := os.Rename(made, path); err != nil {
		if _, other := os.Lstat(path); other != nil {
			return "", err
		}
		// Another process was faster; its template is as good.
	}
	return path, nil
}

// runInitdb makes a data folder, or nothing at all.
func runInitdb(ctx context.Context, bin, data string, args []string) (err error) {
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "initdb"), append([]string{"-D", data}, args...)...)
	cmd.Dir = filepath.Dir(data)
	cmd.Env = environment()
	if cmd.SysProcAttr, err = childAttributes(); err != nil {
		return err
	}
	// The thread must outlive the child that is told to end with it.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if out, err := cmd.CombinedOutput(); err != nil {
		return errors.Join(fmt.Errorf("initdb: %w\n%s", err, out), os.RemoveAll(data))
	}
	return nil
}

// environment is that of this process, without what would tell PostgreSQL's
// programs of another server.
func environment() []string {
	return slices.DeleteFunc(os.Environ(), func(e string) bool { return strings.HasPrefix(e, "PG") })
}

// newDir makes a folder for a cluster. Its name is short, because that of a
// socket in it may have no more than 107 bytes; and it is not in the folder of
// a test, because the parent of that is closed to the user of the server.
func newDir() (string, error) {
	sweep()
	base := os.TempDir()
	if len(base) > 60 {
		base = "/tmp"
	}
	dir, err := os.MkdirTemp(base, "copis-pg-")
	if err != nil {
		return "", err
	}
	return dir, giveAway(dir)
}

// own marks a folder as in use for as long as this process lives.
func own(dir string) (*os.File, error) {
	f, err := os.Create(filepath.Join(dir, "owner"))
	if err != nil {
		return nil, err
	}
	return f, tryLock(f)
}

// sweep removes what processes that were killed have left behind.
func sweep() {
	marks, _ := filepath.Glob(filepath.Join(os.TempDir(), "copis-pg-*", "owner"))
	for _, mark := range marks {
		f, err := os.Open(mark)
		if err != nil {
			continue
		}
		if info, err := f.Stat(); err == nil && ours(info) && time.Since(info.ModTime()) > time.Minute && tryLock(f) == nil {
			os.RemoveAll(filepath.Dir(mark))
		}
		f.Close()
	}
}

// copyData copies a data folder for the user who will run the server.
func copyData(from, to string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		dst := filepath.Join(to, rel)
		if d.IsDir() {
			err = os.Mkdir(dst, 0o700)
		} else {
			err = copyFile(path, dst)
		}
		if err != nil {
			return err
		}
		return giveAway(dst)
	})
}

func copyFile(from, to string) error {
	b, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, b, 0o600)
}

// tail keeps the last lines of a log.
type tail struct {
	mu    sync.Mutex
	lines []string
}

func (l *tail) add(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lines = append(l.lines, line); len(l.lines) > 50 {
		l.lines = l.lines[1:]
	}
}

func (l *tail) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var b bytes.Buffer
	for _, line := range l.lines {
		b.WriteString(line + "\n")
	}
	return b.String()
}
