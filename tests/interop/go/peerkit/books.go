package peerkit

import (
	"fmt"
	"time"
)

// Book is an address book of the library under test, with addresses as opaque
// handles so that measuring does not include parsing.
type Book interface {
	Load() error // may panic on a damaged file, as the library does
	// Close saves the book and waits for its goroutines.
	Close() error
	Add(addr, src BookAddr) error
	MarkGood(BookAddr)
	MarkGoodID(id string)
	MarkBad(addr BookAddr, ban time.Duration)
	IsBanned(BookAddr) bool
	IsGood(BookAddr) bool
	Has(BookAddr) bool
	Pick(bias int) (addr string, ok bool)
	Selection() int
	BiasedSelection(bias int) int
	Size() int
	Save()
}

// BookAddr is an address parsed by the library.
type BookAddr any

// Books opens books of one library version.
type Books interface {
	Open(file string, strict bool) Book
	Parse(addr string) (BookAddr, error)
}

// PexBook is the part of every version's pex.AddrBook that is used here. I is
// p2p.ID, A is *p2p.NetAddress.
type PexBook[I ~string, A any] interface {
	Start() error
	Stop() error
	AddAddress(addr, src A) error
	MarkGood(I)
	MarkBad(addr A, ban time.Duration)
	IsBanned(A) bool
	IsGood(A) bool
	HasAddress(A) bool
	PickAddress(bias int) A
	GetSelection() []A
	GetSelectionWithBias(bias int) []A
	Size() int
	Save()
}

// PexAddress is what every version's *p2p.NetAddress can do.
type PexAddress interface {
	comparable
	fmt.Stringer
}

// PexBooks implements Books for every version.
type PexBooks[I ~string, A PexAddress, B PexBook[I, A]] struct {
	NewBook  func(file string, strict bool) B
	NewAddr  func(string) (A, error)
	AddrToID func(A) I
}

func (o PexBooks[I, A, B]) Open(file string, strict bool) Book {
	return o.Wrap(o.NewBook(file, strict))
}

func (o PexBooks[I, A, B]) Parse(addr string) (BookAddr, error) { return o.NewAddr(addr) }

// Wrap makes a Book of a library's book.
func (o PexBooks[I, A, B]) Wrap(book B) Book { return &pexBook[I, A, B]{book, o.AddrToID} }

type pexBook[I ~string, A PexAddress, B PexBook[I, A]] struct {
	book B
	id   func(A) I
}

func (b *pexBook[I, A, B]) Load() error { return b.book.Start() }

func (b *pexBook[I, A, B]) Close() error {
	if err := b.book.Stop(); err != nil {
		return fmt.Errorf("stop book: %w", err)
	}
	WaitForBook(b.book)
	return nil
}

// WaitForBook waits until a stopped book has ended its goroutine, which saves
// the book once more. The method is not part of pex.AddrBook.
func WaitForBook(book any) {
	if w, ok := book.(interface{ Wait() }); ok {
		w.Wait()
	}
}

func (b *pexBook[I, A, B]) Add(addr, src BookAddr) error {
	return b.book.AddAddress(addr.(A), src.(A))
}

func (b *pexBook[I, A, B]) MarkGood(addr BookAddr) { b.book.MarkGood(b.id(addr.(A))) }

func (b *pexBook[I, A, B]) MarkGoodID(id string) { b.book.MarkGood(I(id)) }

func (b *pexBook[I, A, B]) MarkBad(addr BookAddr, ban time.Duration) { b.book.MarkBad(addr.(A), ban) }

func (b *pexBook[I, A, B]) IsBanned(addr BookAddr) bool { return b.book.IsBanned(addr.(A)) }

func (b *pexBook[I, A, B]) IsGood(addr BookAddr) bool { return b.book.IsGood(addr.(A)) }

func (b *pexBook[I, A, B]) Has(addr BookAddr) bool { return b.book.HasAddress(addr.(A)) }

func (b *pexBook[I, A, B]) Pick(bias int) (string, bool) {
	addr := b.book.PickAddress(bias)
	var none A
	if addr == none {
		return "", false
	}
	return addr.String(), true
}

func (b *pexBook[I, A, B]) Selection() int { return len(b.book.GetSelection()) }

func (b *pexBook[I, A, B]) BiasedSelection(bias int) int {
	return len(b.book.GetSelectionWithBias(bias))
}

func (b *pexBook[I, A, B]) Size() int { return b.book.Size() }

func (b *pexBook[I, A, B]) Save() { b.book.Save() }

// guarded runs f, turns its panic into an error and gives up after limit: some
// damaged books make the library panic, others make it loop for ever.
func guarded(limit time.Duration, f func() error) error {
	done := make(chan error, 1)
	go func() {
		defer func() {
			if r := recover(); r != nil {
				done <- fmt.Errorf("panic: %v", r)
			}
		}()
		done <- f()
	}()
	select {
	case err := <-done:
		return err
	case <-time.After(limit):
		return fmt.Errorf("no result after %v", limit)
	}
}
