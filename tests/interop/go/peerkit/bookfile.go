package peerkit

import (
	"encoding/json"
	"fmt"
	"os"
	"time"
)

// bookFile is the part of addrbook.json that reports need.
type bookFile struct {
	Key   string      `json:"key"`
	Addrs []bookEntry `json:"addrs"`
}

type bookEntry struct {
	Addr        PexAddr   `json:"addr"`
	Src         PexAddr   `json:"src"`
	Buckets     []int     `json:"buckets"`
	Attempts    int32     `json:"attempts"`
	BucketType  byte      `json:"bucket_type"`
	LastAttempt time.Time `json:"last_attempt"`
	LastSuccess time.Time `json:"last_success"`
}

const bucketTypeOld = 2

func readBookFile(path string) (*bookFile, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read book: %w", err)
	}
	var file bookFile
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, fmt.Errorf("parse book %s: %w", path, err)
	}
	return &file, nil
}

func (f *bookFile) countOld() int {
	n := 0
	for _, e := range f.Addrs {
		if e.BucketType == bucketTypeOld {
			n++
		}
	}
	return n
}

// bookSummary is one line of the "book" answer.
type bookSummary struct {
	Addr     string `json:"addr"`
	Src      string `json:"src"`
	Old      bool   `json:"old"`
	Attempts int32  `json:"attempts"`
	Buckets  []int  `json:"buckets"`
}

func (f *bookFile) summaries() []bookSummary {
	out := make([]bookSummary, 0, len(f.Addrs))
	for _, e := range f.Addrs {
		out = append(out, bookSummary{
			Addr:     e.Addr.String(),
			Src:      e.Src.String(),
			Old:      e.BucketType == bucketTypeOld,
			Attempts: e.Attempts,
			Buckets:  e.Buckets,
		})
	}
	return out
}
