package peerkit

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"unsafe"
)

const (
	benchPicks      = 100_000
	benchSelections = 200
)

func benchBook(a *app, entries int) error {
	dir, err := os.MkdirTemp("", "gopeer-book-")
	if err != nil {
		return fmt.Errorf("bench folder: %w", err)
	}
	defer os.RemoveAll(dir)
	books := a.lib.Books()
	addrs, err := parseMany(books, entries)
	if err != nil {
		return err
	}
	book := books.Open(filepath.Join(dir, "addrbook.json"), true)
	if err := book.Load(); err != nil {
		return fmt.Errorf("load empty book: %w", err)
	}
	report := fields{"entries": entries}
	report["add_ns"] = perCall(entries, func(i int) {
		err = firstError(err, book.Add(addrs[i], addrs[(i*7+1)%entries]))
	})
	if err != nil {
		return fmt.Errorf("add: %w", err)
	}
	good := entries / 5
	report["mark_good_ns"] = perCall(good, func(i int) { book.MarkGood(addrs[i]) })
	report["pick_ns"] = perCall(benchPicks, func(int) { book.Pick(biasOfSeeds) })
	report["selection_ns"] = perCall(benchSelections, func(int) { book.Selection() })
	report["biased_selection_ns"] = perCall(benchSelections, func(int) { book.BiasedSelection(biasOfSeeds) })
	report["size"] = book.Size()
	report["selection_size"] = book.Selection()
	report["save_ns"] = perCall(3, func(int) { book.Save() })
	if err := book.Close(); err != nil {
		return err
	}
	book, addrs = nil, nil
	if err := benchLoad(books, filepath.Join(dir, "addrbook.json"), report); err != nil {
		return err
	}
	a.out.event("bench_book", report)
	return nil
}

// benchLoad measures loading and, by what a loaded book adds to the heap, the
// bytes of an entry.
func benchLoad(books Books, path string, report fields) error {
	before := heapInUse()
	book := books.Open(path, true)
	var err error
	report["load_ns"] = perCall(1, func(int) { err = book.Load() })
	if err != nil {
		return fmt.Errorf("load: %w", err)
	}
	after := heapInUse()
	if n := book.Size(); n > 0 {
		report["heap_bytes_per_entry"] = (int64(after) - int64(before)) / int64(n)
	}
	if info, err := os.Stat(path); err == nil {
		report["file_bytes"] = info.Size()
	}
	return book.Close()
}

func parseMany(books Books, n int) ([]BookAddr, error) {
	source := newAddrSource()
	out := make([]BookAddr, n)
	for i := range out {
		addr, err := books.Parse(source.next().String())
		if err != nil {
			return nil, err
		}
		out[i] = addr
	}
	return out, nil
}

// perCall gives the mean processor time of n calls in nanoseconds, the
// collector's included: what else the machine does shall not count.
func perCall(n int, f func(i int)) int64 {
	if n == 0 {
		return 0
	}
	start := processorTime()
	for i := range n {
		f(i)
	}
	return (processorTime() - start) / int64(n)
}

func processorTime() int64 {
	const clockProcess = 2 // CLOCK_PROCESS_CPUTIME_ID
	var t syscall.Timespec
	syscall.Syscall(syscall.SYS_CLOCK_GETTIME, clockProcess, uintptr(unsafe.Pointer(&t)), 0)
	return t.Nano()
}

func firstError(first, second error) error {
	if first != nil {
		return first
	}
	return second
}

func heapInUse() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
