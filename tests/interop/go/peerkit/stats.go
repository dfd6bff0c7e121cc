package peerkit

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// cpuTime is the user and system time of this process.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// residentBytes is this process's resident set size.
func residentBytes() (int64, error) {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0, err
	}
	columns := strings.Fields(string(text))
	if len(columns) < 2 {
		return 0, fmt.Errorf("statm: %q", text)
	}
	pages, err := strconv.ParseInt(columns[1], 10, 64)
	return pages * int64(os.Getpagesize()), err
}

// latencies summarises durations in microseconds.
func latencies(d []time.Duration) fields {
	if len(d) == 0 {
		return fields{}
	}
	slices.Sort(d)
	at := func(q float64) int64 { return d[int(q*float64(len(d)-1))].Microseconds() }
	var sum time.Duration
	for _, v := range d {
		sum += v
	}
	return fields{
		"mean_us": (sum / time.Duration(len(d))).Microseconds(),
		"min_us":  at(0), "p50_us": at(0.5), "p90_us": at(0.9), "p99_us": at(0.99), "max_us": at(1),
	}
}

// errorCounts counts failures by text, without what differs from peer to peer.
type errorCounts map[string]int

func (c errorCounts) add(err error) {
	text := err.Error()
	// "read tcp 127.0.0.1:5->127.0.0.1:6: reset" keeps its parts without addresses.
	var kept []string
	for _, word := range strings.Fields(text) {
		if !strings.ContainsAny(word, "0123456789") {
			kept = append(kept, word)
		}
	}
	c[strings.Join(kept, " ")]++
}

func (c errorCounts) total() int {
	n := 0
	for _, v := range c {
		n += v
	}
	return n
}
