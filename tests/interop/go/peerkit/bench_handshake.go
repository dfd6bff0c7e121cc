package peerkit

import (
	"flag"
	"fmt"
	"net"
	"os"
	"time"
)

var benchSource = net.IPv4(127, 64, 0, 0)

func runBenchHandshake(a *app, args []string) error {
	fs := flag.NewFlagSet("bench-handshake", flag.ContinueOnError)
	addr := fs.String("addr", "", "ID@ip:port")
	count := fs.Int("count", 1000, "handshakes")
	network := fs.String("network", "test-chain", "chain ID")
	if _, err := parseFlags(fs, args); err != nil {
		return err
	}
	to, err := parseTarget(*addr)
	if err != nil {
		return err
	}
	h := &handshaker{lib: a.lib, to: to, network: *network}
	failures := errorCounts{}
	var times []time.Duration
	var cpu time.Duration
	start := time.Now()
	for i := range *count {
		key := newKey()
		cpuBefore, begun := cpuTime(), time.Now()
		s, err := h.connect(key, loopbackAt(benchSource, i))
		if err != nil {
			failures.add(err)
			continue
		}
		s.close()
		times = append(times, time.Since(begun))
		cpu += cpuTime() - cpuBefore
	}
	elapsed := time.Since(start)
	report := fields{
		"count": *count, "ok": len(times), "errors": failures,
		"elapsed_ms": elapsed.Milliseconds(), "per_second": float64(len(times)) / elapsed.Seconds(),
		"latency": latencies(times),
	}
	if len(times) > 0 {
		report["client_cpu_us"] = (cpu / time.Duration(len(times))).Microseconds()
	}
	a.out.event("bench_handshake", report)
	return nil
}

// runBenchAccept serves handshakes without a switch, so that the CPU time is
// that of the handshake alone. It ends after --count of them.
func runBenchAccept(a *app, args []string) error {
	fs := flag.NewFlagSet("bench-accept", flag.ContinueOnError)
	count := fs.Int("count", 1000, "handshakes to serve")
	laddr := fs.String("laddr", "tcp://127.0.0.1:0", "listen address")
	network := fs.String("network", "test-chain", "chain ID")
	if _, err := parseFlags(fs, args); err != nil {
		return err
	}
	l, err := net.Listen("tcp", stripScheme(*laddr))
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	defer l.Close()
	key := newKey()
	a.out.event("listening", fields{"id": keyID(key), "addr": keyID(key) + "@" + l.Addr().String()})
	info := plainInfo(a.lib, key, *network, nil)
	failures := errorCounts{}
	var first time.Time
	before := cpuTime()
	done := 0
	for done < *count {
		raw, err := l.Accept()
		if err != nil {
			return fmt.Errorf("accept: %w", err)
		}
		if first.IsZero() {
			first = time.Now()
		}
		s := &session{lib: a.lib, raw: raw}
		err = s.secure(key)
		if err == nil {
			err = s.exchangeInfo(info)
		}
		s.close()
		if err != nil {
			failures.add(err)
			continue
		}
		done++
	}
	cpu := cpuTime() - before
	a.out.event("bench_accept", fields{
		"count": done, "errors": failures, "pid": os.Getpid(),
		"elapsed_ms":       time.Since(first).Milliseconds(),
		"cpu_ms":           cpu.Milliseconds(),
		"cpu_us_handshake": float64(cpu.Microseconds()) / float64(max(done, 1)),
	})
	return nil
}
