package peerkit

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// These tests run built programs: GOPEER_DIR holds gopeer-<version> for each
// version to be tried.

const prefix = "gopeer-"

const patience = 30 * time.Second

func versions(t *testing.T) map[string]string {
	t.Helper()
	dir := os.Getenv("GOPEER_DIR")
	if dir == "" {
		t.Skip("GOPEER_DIR is not set")
	}
	found, err := filepath.Glob(filepath.Join(dir, prefix+"*"))
	if err != nil || len(found) == 0 {
		t.Fatalf("no gopeer-<version> in %s (%v)", dir, err)
	}
	out := map[string]string{}
	for _, path := range found {
		out[strings.TrimPrefix(filepath.Base(path), prefix)] = path
	}
	return out
}

// line is any JSON line of a gopeer program.
type line struct {
	Event    string     `json:"event"`
	Addr     string     `json:"addr"`
	Error    string     `json:"error"`
	Outbound int        `json:"outbound"`
	Inbound  int        `json:"inbound"`
	Peers    []PeerInfo `json:"peers"`
	Count    int        `json:"count"`
	OK       bool       `json:"ok"`
}

// program is a running node.
type program struct {
	t       *testing.T
	in      io.WriteCloser
	answers chan line
	addr    string
}

func start(t *testing.T, path string, args ...string) *program {
	t.Helper()
	args = append([]string{"node", "--home", t.TempDir(), "--allow-duplicate-ip", "--ensure-period", "1s"}, args...)
	cmd := exec.Command(path, args...)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &program{t: t, in: in, answers: make(chan line, 100)}
	listening := make(chan string, 1)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		p.read(out, listening)
	}()
	t.Cleanup(func() {
		in.Close()
		<-ended
		if err := cmd.Wait(); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	})
	select {
	case p.addr = <-listening:
	case <-time.After(patience):
		t.Fatalf("%s does not listen", path)
	}
	return p
}

func (p *program) read(out io.Reader, listening chan<- string) {
	scanner := bufio.NewScanner(out)
	scanner.Buffer(nil, 1<<22)
	for scanner.Scan() {
		var l line
		_ = json.Unmarshal(scanner.Bytes(), &l) // events whose fields differ are not looked at
		switch l.Event {
		case "listening":
			listening <- l.Addr
		case "status":
			p.answers <- l
		}
	}
}

func (p *program) status() line {
	p.t.Helper()
	fmt.Fprintln(p.in, `{"cmd":"status"}`)
	select {
	case l := <-p.answers:
		return l
	case <-time.After(patience):
		p.t.Fatal("no answer to status")
		return line{}
	}
}

func (p *program) awaitPeers(n int) {
	p.t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		if len(p.status().Peers) >= n {
			return
		}
	}
	p.t.Fatalf("%s has %d peers, want %d", p.addr, len(p.status().Peers), n)
}

func TestNodesOfAllVersionsMeetThroughASeed(t *testing.T) {
	all := versions(t)
	for seedVersion, seedPath := range all {
		t.Run(seedVersion, func(t *testing.T) {
			seed := start(t, seedPath, "--seed-mode")
			var nodes []*program
			for _, path := range all {
				nodes = append(nodes, start(t, path, "--seeds", seed.addr, "--full-channels"))
			}
			for _, n := range nodes {
				n.awaitPeers(len(nodes) - 1)
			}
		})
	}
}

func TestClientsOfAllVersionsAreAnswered(t *testing.T) {
	all := versions(t)
	for nodeVersion, nodePath := range all {
		node := start(t, nodePath)
		for clientVersion, clientPath := range all {
			t.Run(clientVersion+" to "+nodeVersion, func(t *testing.T) {
				script := []string{"client", "--addr", node.addr, "request", "recv-addrs:5s", "request", "recv-addrs:5s"}
				out, err := exec.Command(clientPath, script...).CombinedOutput()
				if err != nil || strings.Count(string(out), `"event":"addrs"`) != 2 {
					t.Fatalf("%v\n%s", err, out)
				}
			})
		}
	}
}
