package peerkit

import (
	"flag"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

const seedAnswerTimeout = 10 * time.Second

// seedLoad is a crowd of clients that each ask a seed once per connection.
type seedLoad struct {
	handshaker
	total    int64
	next     atomic.Int64
	mu       sync.Mutex
	times    []time.Duration
	addrs    int
	failures errorCounts
}

func runBenchSeedClient(a *app, args []string) error {
	fs := flag.NewFlagSet("bench-seed-client", flag.ContinueOnError)
	addr := fs.String("addr", "", "ID@ip:port")
	clients := fs.Int("clients", 10, "concurrent clients")
	total := fs.Int64("total", 1000, "connections in all")
	network := fs.String("network", "test-chain", "chain ID")
	if _, err := parseFlags(fs, args); err != nil {
		return err
	}
	to, err := parseTarget(*addr)
	if err != nil {
		return err
	}
	load := &seedLoad{
		handshaker: handshaker{lib: a.lib, to: to, network: *network},
		total:      *total,
		failures:   errorCounts{},
	}
	cpu, start := cpuTime(), time.Now()
	var wg sync.WaitGroup
	for range *clients {
		wg.Add(1)
		go func() {
			defer wg.Done()
			load.work()
		}()
	}
	wg.Wait()
	a.out.event("bench_seed_client", load.report(*clients, time.Since(start), cpuTime()-cpu))
	return nil
}

func (l *seedLoad) work() {
	for {
		i := l.next.Add(1) - 1
		if i >= l.total {
			return
		}
		start := time.Now()
		n, err := l.ask(int(i))
		took := time.Since(start)
		l.mu.Lock()
		if err != nil {
			l.failures.add(err)
		} else {
			l.times = append(l.times, took)
			l.addrs += n
		}
		l.mu.Unlock()
	}
}

// ask connects, requests once and counts the addresses of the answer.
func (l *seedLoad) ask(i int) (int, error) {
	s, err := l.connect(newKey(), loopbackAt(benchSource, i))
	if err != nil {
		return 0, err
	}
	defer s.close()
	if err := s.raw.SetDeadline(time.Now().Add(seedAnswerTimeout)); err != nil {
		return 0, err
	}
	if err := s.sendPexRequest(); err != nil {
		return 0, fmt.Errorf("request: %w", err)
	}
	var message []byte
	for {
		p, err := s.readPacket()
		if err != nil {
			return 0, fmt.Errorf("answer: %w", err)
		}
		if p.Kind != PacketMsg || p.Channel != 0 {
			continue
		}
		message = append(message, p.Data...)
		if !p.EOF {
			continue
		}
		addrs, isRequest, err := s.lib.DecodePex(message)
		if err != nil {
			return 0, fmt.Errorf("answer: %w", err)
		}
		if !isRequest {
			return len(addrs), nil
		}
		message = nil
	}
}

func (l *seedLoad) report(clients int, elapsed, cpu time.Duration) fields {
	ok := len(l.times)
	report := fields{
		"clients": clients, "total": l.total, "ok": ok, "failed": l.failures.total(), "errors": l.failures,
		"elapsed_ms": elapsed.Milliseconds(), "per_second": float64(ok) / elapsed.Seconds(),
		"latency": latencies(l.times), "client_cpu_ms": cpu.Milliseconds(),
	}
	if ok > 0 {
		report["addrs_per_answer"] = float64(l.addrs) / float64(ok)
		report["client_cpu_us_each"] = cpu.Microseconds() / int64(ok)
	}
	return report
}
