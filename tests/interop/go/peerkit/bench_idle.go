package peerkit

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"time"
)

const idlePoll = 100 * time.Millisecond

// memory is a reading of what the process holds.
type memory struct {
	rss, heap, stack uint64
	goroutines       int
}

func readMemory() (memory, error) {
	heap := heapInUse()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	rss, err := residentBytes()
	return memory{uint64(rss), heap, m.StackInuse, runtime.NumGoroutine()}, err
}

// runBenchIdle holds a real node with idle inbound peers and reports what each
// costs. The peers come from "gopeer hold" in another process.
func runBenchIdle(a *app, args []string) error {
	fs := flag.NewFlagSet("bench-idle", flag.ContinueOnError)
	config, complete := nodeFlags(fs)
	peers := fs.Int("peers", 100, "peers to wait for")
	settle := fs.Duration("settle", 5*time.Second, "wait after the last peer")
	window := fs.Duration("window", 5*time.Second, "time over which idle CPU is measured")
	patience := fs.Duration("patience", 2*time.Minute, "longest wait for the peers")
	keep := fs.Bool("keep", false, "stay until stdin closes after the report")
	args = append([]string{"--allow-duplicate-ip"}, args...)
	if _, err := parseFlags(fs, args); err != nil {
		return err
	}
	if config.Home == "" {
		home, err := os.MkdirTemp("", "gopeer-idle-")
		if err != nil {
			return fmt.Errorf("home: %w", err)
		}
		defer os.RemoveAll(home)
		config.Home = home
	}
	config.MaxInbound = *peers + 10
	if err := complete(); err != nil {
		return err
	}
	node, err := startNode(a.lib, config, silentWatcher{})
	if err != nil {
		return err
	}
	before, err := readMemory()
	if err != nil {
		return fmt.Errorf("read memory: %w", err)
	}
	a.out.event("listening", fields{"id": node.ID(), "addr": node.ID() + "@" + stripScheme(config.ListenAddr)})
	if err := awaitInbound(node, *peers, *patience); err != nil {
		return err
	}
	time.Sleep(*settle)
	after, err := readMemory()
	if err != nil {
		return fmt.Errorf("read memory: %w", err)
	}
	cpu := cpuTime()
	time.Sleep(*window)
	cpu = cpuTime() - cpu
	a.out.event("bench_idle", idleReport(node.Status().Inbound, before, after, cpu, *window))
	if *keep {
		waitForEOF(a.in)
	}
	return node.Stop()
}

func awaitInbound(node Node, n int, patience time.Duration) error {
	for limit := time.Now().Add(patience); ; time.Sleep(idlePoll) {
		have := node.Status().Inbound
		if have >= n {
			return nil
		}
		if time.Now().After(limit) {
			return fmt.Errorf("only %d of %d peers came in %v", have, n, patience)
		}
	}
}

func idleReport(peers int, before, after memory, cpu, window time.Duration) fields {
	each := func(b, a uint64) int64 { return (int64(a) - int64(b)) / int64(max(peers, 1)) }
	return fields{
		"peers":      peers,
		"rss_before": before.rss, "rss_after": after.rss, "rss_per_peer": each(before.rss, after.rss),
		"heap_per_peer":       each(before.heap, after.heap),
		"stack_per_peer":      each(before.stack, after.stack),
		"goroutines_per_peer": float64(after.goroutines-before.goroutines) / float64(max(peers, 1)),
		"idle_cpu_percent":    100 * cpu.Seconds() / window.Seconds(),
	}
}

func waitForEOF(in io.Reader) {
	for s := bufio.NewScanner(in); s.Scan(); {
	}
}

type silentWatcher struct{}

func (silentWatcher) PeerAdded(PeerInfo)                  {}
func (silentWatcher) PeerRemoved(PeerInfo, string)        {}
func (silentWatcher) BystanderSent(string, byte, bool)    {}
func (silentWatcher) BystanderReceived(string, byte, int) {}
