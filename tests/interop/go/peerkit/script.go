package peerkit

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// step is one word of a client script: name or name:argument.
type step struct {
	word string
	name string
	run  func(*client) error
}

// errEnded means that the connection ended while a word needed it.
type errEnded struct{ cause error }

func (e *errEnded) Error() string { return fmt.Sprintf("connection ended: %v", e.cause) }

// perform runs the script. When the connection ends under a word, that is an
// early end, unless the script goes on to wait for just that.
func (c *client) perform(script []step) error {
	for i, s := range script {
		err := s.run(c)
		if err == nil {
			continue
		}
		if _, ended := err.(*errEnded); !ended {
			return fmt.Errorf("%s: %w", s.word, err)
		}
		if i+1 < len(script) && script[i+1].name == "wait-close" {
			continue
		}
		c.event("closed", fields{"step": s.word, "error": err.Error()})
		return &exitError{code: exitEndedEarly}
	}
	return nil
}

// sending turns a failed write into an early end: a local failure to encode is
// a bug of this program and rare enough to be reported the same way.
func sending(f func(*client) error) func(*client) error {
	return func(c *client) error {
		select {
		case <-c.closed:
			return &errEnded{c.cause}
		default:
		}
		if c.session.in == nil {
			return fmt.Errorf("cannot send before the handshake ended")
		}
		if err := f(c); err != nil {
			return &errEnded{err}
		}
		return nil
	}
}

// words maps a name to what makes its step from the argument.
var words = map[string]func(arg string) (func(*client) error, error){
	"request":         counted(1, func(c *client, n int) error { return repeat(n, c.session.sendPexRequest) }),
	"addrs":           counted(1, sendRandomAddrs),
	"bad-ip":          plain(sendBadIP),
	"empty-message":   plain(func(c *client) error { return c.session.sendMessage(0, nil) }),
	"undecodable":     plain(func(c *client) error { return c.session.sendMessage(0, []byte{0xff, 0xff, 0xff}) }),
	"oversize-packet": plain(sendOversizePacket),
	"unknown-channel": hexArg("77", func(c *client, b []byte) error { return c.session.sendMessage(int32(b[0]), []byte{1}) }),
	"long-message":    counted(64001, sendLongRequest),
	"message-hex":     hexArg("", func(c *client, b []byte) error { return c.session.sendMessage(0, b) }),
	"packet-hex":      hexArg("", func(c *client, b []byte) error { return c.session.writeDelimited(b) }),
	"ping":            counted(1, func(c *client, n int) error { return sendControl(c, PacketPing, n) }),
	"pong":            counted(1, func(c *client, n int) error { return sendControl(c, PacketPong, n) }),
	"frame-n0":        plain(func(c *client) error { return sendFrame(c, 0) }),
	"frame-n1025":     plain(func(c *client) error { return sendFrame(c, maxPacketData+1) }),
	"frame-corrupt":   plain(sendCorruptFrame),
	"sleep":           timed(func(_ *client, d time.Duration) error { time.Sleep(d); return nil }),
	"recv":            timed(recvFor),
	"recv-addrs":      timed(recvAddrs),
	"wait-close":      timed(waitClose),
}

func parseScript(texts []string) ([]step, error) {
	var script []step
	for _, text := range texts {
		name, arg, _ := strings.Cut(text, ":")
		build, ok := words[name]
		if !ok {
			return nil, usageError("unknown script word %q", text)
		}
		run, err := build(arg)
		if err != nil {
			return nil, usageError("script word %q: %v", text, err)
		}
		script = append(script, step{word: text, name: name, run: run})
	}
	return script, nil
}

func plain(f func(*client) error) func(string) (func(*client) error, error) {
	return func(arg string) (func(*client) error, error) {
		if arg != "" {
			return nil, fmt.Errorf("takes no argument")
		}
		return sending(f), nil
	}
}

func counted(initial int, f func(*client, int) error) func(string) (func(*client) error, error) {
	return func(arg string) (func(*client) error, error) {
		n := initial
		if arg != "" {
			var err error
			if n, err = strconv.Atoi(arg); err != nil || n < 0 {
				return nil, fmt.Errorf("want a count")
			}
		}
		return sending(func(c *client) error { return f(c, n) }), nil
	}
}

func hexArg(initial string, f func(*client, []byte) error) func(string) (func(*client) error, error) {
	return func(arg string) (func(*client) error, error) {
		if arg == "" {
			arg = initial
		}
		b, err := hex.DecodeString(arg)
		if err != nil || len(b) == 0 {
			return nil, fmt.Errorf("want hex bytes")
		}
		return sending(func(c *client) error { return f(c, b) }), nil
	}
}

func timed(f func(*client, time.Duration) error) func(string) (func(*client) error, error) {
	return func(arg string) (func(*client) error, error) {
		d, err := time.ParseDuration(arg)
		if err != nil || d < 0 {
			return nil, fmt.Errorf("want a duration such as 2s")
		}
		return func(c *client) error { return f(c, d) }, nil
	}
}

func repeat(n int, f func() error) error {
	for range n {
		if err := f(); err != nil {
			return err
		}
	}
	return nil
}

func sendControl(c *client, kind PacketKind, n int) error {
	return repeat(n, func() error { return c.session.sendPacket(Packet{Kind: kind}) })
}

func sendRandomAddrs(c *client, n int) error {
	source := newAddrSource()
	addrs := make([]PexAddr, n)
	for i := range addrs {
		addrs[i] = source.next()
	}
	return sendAddrs(c, addrs)
}

func sendBadIP(c *client) error {
	bad := newAddrSource().next()
	bad.IP = "not-an-ip"
	return sendAddrs(c, []PexAddr{bad})
}

func sendAddrs(c *client, addrs []PexAddr) error {
	body, err := c.session.lib.EncodePexAddrs(addrs)
	if err != nil {
		return err
	}
	return c.session.sendMessage(0, body)
}

// sendOversizePacket sends a packet body of 1035 bytes, one more than allowed.
func sendOversizePacket(c *client) error {
	return c.session.sendPacket(Packet{Kind: PacketMsg, Data: make([]byte, 1029)})
}

// sendLongRequest sends a request that an unknown field (15, bytes) stretches to
// n bytes, so that nothing but its length can be wrong with it.
func sendLongRequest(c *client, n int) error {
	body, err := c.session.lib.EncodePexRequest()
	if err != nil {
		return err
	}
	const header = 4 // tag and a length always written in three bytes
	pad := max(n-len(body)-header, 0)
	body = append(body, 15<<3|2, byte(pad)|0x80, byte(pad>>7)|0x80, byte(pad>>14))
	return c.session.sendMessage(0, append(body, make([]byte, pad)...))
}

func sendFrame(c *client, chunkLen uint32) error {
	c.session.writing.Lock()
	defer c.session.writing.Unlock()
	frame, err := sealFrame(c.session.sealed, chunkLen)
	if err != nil {
		return err
	}
	_, err = c.session.raw.Write(frame)
	return err
}

func sendCorruptFrame(c *client) error {
	frame := make([]byte, frameSealed)
	rand.Read(frame)
	_, err := c.session.raw.Write(frame)
	return err
}

// recvFor lets the reader print messages until the time is over.
func recvFor(c *client, d time.Duration) error {
	select {
	case <-c.closed:
		return &errEnded{c.cause}
	case <-time.After(d):
		return nil
	}
}

func recvAddrs(c *client, d time.Duration) error {
	start := time.Now()
	select {
	case addrs := <-c.addrs:
		c.printAddrs(addrs, start)
		return nil
	case <-c.closed:
	case <-time.After(d):
		c.event("no_addrs", fields{})
		return nil
	}
	// The list and the end of the connection may have come together.
	select {
	case addrs := <-c.addrs:
		c.printAddrs(addrs, start)
		return nil
	default:
		return &errEnded{c.cause}
	}
}

func (c *client) printAddrs(addrs []PexAddr, start time.Time) {
	c.event("addrs", fields{"count": len(addrs), "addrs": addrs, "after_ms": time.Since(start).Milliseconds()})
}

func waitClose(c *client, d time.Duration) error {
	start := time.Now()
	select {
	case <-c.closed:
		after := max(c.when.Sub(start).Milliseconds(), 0)
		c.event("closed", fields{"after_ms": after, "error": c.cause.Error()})
	case <-time.After(d):
		c.event("still_open", fields{})
	}
	return nil
}
