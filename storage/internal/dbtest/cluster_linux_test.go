// SPDX-License-Identifier: BSD-3-Clause

package dbtest

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// A cluster ends with the process that started it, however that ends, and its
// folder goes with the process or is swept by the next.
func TestClusterLeavesNothing(t *testing.T) {
	t.Parallel()
	needPostgres(t)
	if server.cluster == nil {
		t.Skip("NOT TESTED: COPIS_TEST_POSTGRES names a server, and none is started here")
	}
	for _, killed := range []bool{false, true} {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), clusterChild+"=1")
		cmd.Stderr = t.Output()
		stdin, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		stdout, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		said := bufio.NewScanner(stdout)
		var pid int
		if !said.Scan() {
			t.Fatal("the child did not start a cluster")
		}
		if _, err := fmt.Sscan(said.Text(), &pid); err != nil {
			t.Fatal(err)
		}
		said.Scan()
		dir := said.Text()
		if _, err := os.Stat(filepath.Join(dir, ".s.PGSQL.5432")); err != nil {
			t.Fatal(err)
		}
		if killed {
			err = cmd.Process.Kill()
		} else {
			err = stdin.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); (err != nil) != killed {
			t.Fatalf("killed %v: %v", killed, err)
		}
		for end := time.Now().Add(20 * time.Second); !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH); {
			if time.Now().After(end) {
				t.Fatalf("killed %v: the server is still there", killed)
			}
		}
		if killed {
			long := time.Now().Add(-time.Hour)
			if err := os.Chtimes(filepath.Join(dir, "owner"), long, long); err != nil {
				t.Fatal(err)
			}
			sweep()
		}
		if _, err := os.Stat(dir); !os.IsNotExist(err) {
			t.Errorf("killed %v: %s is still there (%v)", killed, dir, err)
		}
	}
	if _, err := os.Stat(server.cluster.dir); err != nil {
		t.Errorf("a folder in use was swept: %v", err)
	}
}
