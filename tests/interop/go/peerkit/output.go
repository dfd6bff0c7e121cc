package peerkit

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sync"
)

// HexBytes prints as lowercase hex.
type HexBytes []byte

func (b HexBytes) MarshalText() ([]byte, error) { return []byte(hex.EncodeToString(b)), nil }

func (b *HexBytes) UnmarshalText(text []byte) (err error) {
	*b, err = hex.DecodeString(string(text))
	return err
}

// fields is one JSON line.
type fields map[string]any

// output writes JSON lines from several goroutines.
type output struct {
	mu  sync.Mutex
	enc *json.Encoder
}

func newOutput(w io.Writer) *output {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return &output{enc: enc}
}

// print writes v as one line. A broken stdout ends the program: nobody is left
// to report to.
func (o *output) print(v any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if err := o.enc.Encode(v); err != nil {
		fmt.Fprintln(os.Stderr, "gopeer: write stdout:", err)
		os.Exit(exitFailed)
	}
}

func (o *output) event(name string, f fields) {
	line := fields{"event": name}
	for k, v := range f {
		line[k] = v
	}
	o.print(line)
}
