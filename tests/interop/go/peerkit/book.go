package peerkit

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

const (
	bookCallLimit = 20 * time.Second
	bookPicks     = 5
	biasOfSeeds   = 30 // share of new addresses in a seed's answer, percent
)

func runBook(a *app, args []string) error {
	fs := flag.NewFlagSet("book", flag.ContinueOnError)
	file := fs.String("file", "", "addrbook.json")
	entries := fs.Int("entries", 1000, "make, --bench: number of addresses")
	oldShare := fs.Float64("old-share", 0.2, "make: share of addresses marked good")
	bench := fs.Bool("bench", false, "measure the book")
	strict := fs.Bool("strict", true, "routable addresses only")
	words, err := parseFlags(fs, args)
	if err != nil {
		return err
	}
	if *bench && len(words) == 0 {
		return benchBook(a, *entries)
	}
	if *file == "" || len(words) != 1 {
		return usageError("want: book --file F check|make, or book --bench")
	}
	switch words[0] {
	case "check":
		return checkBook(a, *file, *strict)
	case "make":
		return makeBook(a, *file, *entries, *oldShare)
	default:
		return usageError("unknown book action %q", words[0])
	}
}

// checkBook loads a copy, because closing a book writes its file.
func checkBook(a *app, path string, strict bool) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read book: %w", err)
	}
	dir, err := os.MkdirTemp("", "gopeer-book-")
	if err != nil {
		return fmt.Errorf("copy book: %w", err)
	}
	defer os.RemoveAll(dir)
	duplicate := filepath.Join(dir, "addrbook.json")
	if err := os.WriteFile(duplicate, text, 0o600); err != nil {
		return fmt.Errorf("copy book: %w", err)
	}
	var report fields
	err = guarded(bookCallLimit, func() error {
		report, err = inspectBook(a.lib.Books(), duplicate, strict)
		return err
	})
	if err != nil {
		return fmt.Errorf("check book: %w", err)
	}
	a.out.event("book", report)
	return nil
}

func inspectBook(books Books, path string, strict bool) (fields, error) {
	book := books.Open(path, strict)
	if err := book.Load(); err != nil {
		return nil, fmt.Errorf("load: %w", err)
	}
	file, err := readBookFile(path)
	if err != nil {
		return nil, err
	}
	old, known := 0, 0
	for _, e := range file.Addrs {
		addr, err := books.Parse(e.Addr.String())
		if err != nil {
			continue
		}
		if book.Has(addr) {
			known++
		}
		if book.IsGood(addr) {
			old++
		}
	}
	report := fields{
		"size": book.Size(), "new": book.Size() - old, "old": old,
		"in_file": len(file.Addrs), "known": known,
		"picks_new":        pickSome(book, 100),
		"picks_old":        pickSome(book, 0),
		"selection":        book.Selection(),
		"biased_selection": book.BiasedSelection(biasOfSeeds),
	}
	return report, book.Close()
}

func pickSome(book Book, bias int) []string {
	picks := []string{}
	for range bookPicks {
		if addr, ok := book.Pick(bias); ok {
			picks = append(picks, addr)
		}
	}
	return picks
}

// makeBook builds a book through the library's own calls. A full bucket evicts,
// so adding goes on until the book has the size asked for.
func makeBook(a *app, path string, entries int, oldShare float64) error {
	if entries < 0 || oldShare < 0 || oldShare > 1 {
		return usageError("want --entries >= 0 and --old-share in 0..1")
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("replace book: %w", err)
	}
	book := a.lib.Books().Open(path, true)
	if err := book.Load(); err != nil {
		return fmt.Errorf("load empty book: %w", err)
	}
	if err := fillBook(a.lib.Books(), book, entries, int(oldShare*float64(entries))); err != nil {
		return err
	}
	if err := book.Close(); err != nil {
		return err
	}
	book.Save()
	file, err := readBookFile(path)
	if err != nil {
		return err
	}
	old := file.countOld()
	a.out.event("book", fields{"size": len(file.Addrs), "new": len(file.Addrs) - old, "old": old})
	return nil
}

func fillBook(books Books, book Book, entries, old int) error {
	addrs := newAddrSource()
	parse := func() (BookAddr, error) { return books.Parse(addrs.next().String()) }
	marked := make([]BookAddr, 0, old)
	for tries := 50*entries + 1000; book.Size() < entries; tries-- {
		if tries == 0 {
			return fmt.Errorf("the book holds no more than %d of %d addresses", book.Size(), entries)
		}
		addr, err := parse()
		if err != nil {
			return err
		}
		src, err := parse()
		if err != nil {
			return err
		}
		if err := book.Add(addr, src); err != nil {
			return fmt.Errorf("add %v: %w", addr, err)
		}
		if len(marked) < old && book.Has(addr) {
			book.MarkGood(addr)
			marked = append(marked, addr)
		}
	}
	// A full old bucket sends its oldest entry back to new ones.
	for _, addr := range marked {
		if book.Has(addr) && !book.IsGood(addr) {
			book.MarkGood(addr)
		}
	}
	return nil
}
