// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// asPortal in the environment makes the test's binary the portal itself, so
// that a test can start it, ask it and stop it as a system does.
const asPortal = "COPIS_PORTAL_TEST_RUN"

func TestMain(m *testing.M) {
	if os.Getenv(asPortal) != "" {
		main()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// start runs the portal and returns where it is.
func start(t *testing.T, args ...string) (cmd *exec.Cmd, address string, printed func() string, log *bytes.Buffer) {
	t.Helper()
	cmd = exec.CommandContext(t.Context(), os.Args[0], args...)
	cmd.Env = append(os.Environ(), asPortal+"=1")
	log = &bytes.Buffer{}
	cmd.Stderr = log
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(out)
	first, err := r.ReadString('\n')
	if err != nil {
		t.Fatalf("nothing printed: %v\n%s", err, log)
	}
	return cmd, strings.TrimSpace(strings.TrimPrefix(first, "Co.PIS: ")), func() string {
		rest, err := io.ReadAll(r)
		if err != nil {
			t.Error(err)
		}
		return first + string(rest)
	}, log
}

func fetch(t *testing.T, address string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	client := http.Client{Timeout: 20 * time.Second}
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v\n%s", address, resp.Status, err, b)
	}
	return string(b)
}

// The portal starts with one command, says where it is and who can sign in,
// and ends well when it is told to.
func TestRunAndExit(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	passwords := map[string]string{}
	for _, c := range []struct {
		name string
		args []string
		stop os.Signal
	}{
		{"memory", []string{"-memory", "-base", "/comunita/"}, syscall.SIGINT},
		{"sqlite", []string{"-data", data}, syscall.SIGTERM},
		{"sqlite again", []string{"-data", data}, syscall.SIGTERM}, // the sample is not made twice
	} {
		cmd, address, printed, log := start(t, append(c.args, "-addr", "127.0.0.1:0")...)
		home := fetch(t, address)
		if n := strings.Count(home, ">Finanza di impatto</a>"); n != 1 {
			t.Errorf("%s: the board is there %d times", c.name, n)
		}
		if status := fetch(t, address+"status"); !strings.Contains(status, `"ok":true`) {
			t.Errorf("%s: %s", c.name, status)
		}
		if err := cmd.Process.Signal(c.stop); err != nil {
			t.Fatal(err)
		}
		out := printed()
		if err := cmd.Wait(); err != nil {
			t.Errorf("%s: %v\n%s", c.name, err, log)
		}
		for _, want := range []string{"marta.colonna", "facilitatore", "/sign-in", "per tutte la password ", "Posta: "} {
			if !strings.Contains(out, want) {
				t.Errorf("%s: %q is not printed", c.name, want)
			}
		}
		password := regexp.MustCompile(`prova-\S+`).FindString(out)
		if again := c.name == "sqlite again"; again != (password == "") {
			t.Errorf("%s: the password is %q: it is printed when the sample is made, and not again", c.name, password)
		} else if again {
			password = passwords["sqlite"]
		}
		passwords[c.name] = password
		if strings.Contains(log.String(), password) {
			t.Errorf("%s: the password is logged", c.name)
		}
		if strings.Contains(log.String(), `"level":"ERROR"`) {
			t.Errorf("%s: %s", c.name, log)
		}
	}
}

// The address that is printed is one that a browser can open.
func TestReachable(t *testing.T) {
	t.Parallel()
	for addr, want := range map[string]string{
		"127.0.0.1:8080": "127.0.0.1:8080", "[::1]:8080": "[::1]:8080", "[::]:8080": "localhost:8080", "0.0.0.0:80": "localhost:80",
	} {
		if got := reachable(addr); got != want {
			t.Errorf("%s: %s", addr, got)
		}
	}
}

// What cannot start says why and fails.
func TestRunFails(t *testing.T) {
	t.Parallel()
	for want, args := range map[string][]string{
		"exclude each other":        {"-memory", "-db", "postgres://x"},
		"unknown argument":          {"-memory", "start"},
		"flag provided but not def": {"-nonsense"},
		"listen":                    {"-memory", "-addr", "127.0.0.1:99999"},
		"-from is not":              {"-memory", "-from", "noreply"},
		"-smtp is not":              {"-memory", "-addr", "127.0.0.1:0", "-smtp", "mail.example:25"},
		"not a scheme and a host":   {"-memory", "-addr", "127.0.0.1:0", "-origin", "comunita.example.it"},
	} {
		cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
		cmd.Env = append(os.Environ(), asPortal+"=1")
		out, err := cmd.CombinedOutput()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != 1 || !strings.Contains(string(out), want) {
			t.Errorf("%v: %v\n%s", args, err, out)
		}
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-help")
	cmd.Env = append(os.Environ(), asPortal+"=1")
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "-memory") || !strings.Contains(string(out), "one of them can shut out") {
		t.Errorf("-help: %v\n%s", err, out)
	}
}
