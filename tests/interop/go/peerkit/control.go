package peerkit

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

const maxCommandLine = 1 << 20

// command is one JSON line on a node's stdin. Seq, when given, is echoed.
type command struct {
	Cmd    string          `json:"cmd"`
	Seq    json.RawMessage `json:"seq"`
	Addr   string          `json:"addr"`
	Src    string          `json:"src"`
	ID     string          `json:"id"`
	Reason string          `json:"reason"`
	For    string          `json:"for"`
	Hex    string          `json:"hex"`
}

// control answers each command with exactly one line. Answers come in order,
// except those to "dial", which come when the dial has ended.
type control struct {
	out   *output
	node  Node
	books Books
	file  string // the node's address book
	dials sync.WaitGroup
}

// serve runs until stdin ends, a "stop" command or a signal.
func (c *control) serve(in io.Reader, stop <-chan os.Signal) {
	lines := make(chan []byte)
	go func() {
		defer close(lines)
		scanner := bufio.NewScanner(in)
		scanner.Buffer(nil, maxCommandLine)
		for scanner.Scan() {
			lines <- append([]byte(nil), scanner.Bytes()...)
		}
	}()
	for {
		select {
		case <-stop:
			return
		case line, open := <-lines:
			if !open || !c.handle(line) {
				c.dials.Wait()
				return
			}
		}
	}
}

// handle reports whether the node goes on.
func (c *control) handle(line []byte) bool {
	var cmd command
	if err := json.Unmarshal(line, &cmd); err != nil {
		c.answer(cmd, nil, fmt.Errorf("command is not a JSON object: %w", err))
		return true
	}
	if cmd.Cmd == "dial" {
		c.dials.Add(1)
		go func() {
			defer c.dials.Done()
			c.answer(cmd, fields{"addr": cmd.Addr}, c.node.Dial(cmd.Addr))
		}()
		return true
	}
	result, err := c.perform(cmd)
	c.answer(cmd, result, err)
	return cmd.Cmd != "stop"
}

func (c *control) perform(cmd command) (fields, error) {
	switch cmd.Cmd {
	case "status":
		return c.status(), nil
	case "book":
		return c.book()
	case "banned":
		return c.banned(cmd.Addr)
	case "stop_peer":
		return nil, c.node.StopPeer(cmd.ID, cmd.Reason)
	case "request":
		return nil, c.node.RequestAddrs(cmd.ID)
	case "send":
		return nil, c.send(cmd.ID, cmd.Hex)
	case "add":
		return nil, c.add(cmd.Addr, cmd.Src)
	case "mark_good":
		c.node.Book().MarkGoodID(cmd.ID)
		return nil, nil
	case "mark_bad":
		return nil, c.markBad(cmd.Addr, cmd.For)
	case "save":
		c.node.Book().Save()
		return nil, nil
	case "stop":
		return nil, nil
	default:
		return nil, fmt.Errorf("unknown command %q", cmd.Cmd)
	}
}

func (c *control) status() fields {
	s := c.node.Status()
	return fields{
		"outbound": s.Outbound, "inbound": s.Inbound, "dialing": s.Dialing,
		"peers": s.Peers, "book_size": c.node.Book().Size(),
	}
}

// send puts a PEX message on the wire that the reactor would not send.
func (c *control) send(id, text string) error {
	message, err := hex.DecodeString(text)
	if err != nil {
		return fmt.Errorf("hex: %w", err)
	}
	return c.node.Send(id, 0x00, message)
}

func (c *control) banned(text string) (fields, error) {
	addr, err := c.books.Parse(text)
	if err != nil {
		return nil, err
	}
	return fields{"addr": text, "banned": c.node.Book().IsBanned(addr)}, nil
}

// add puts an address into the book, told by itself unless src is given.
func (c *control) add(text, source string) error {
	addr, err := c.books.Parse(text)
	if err != nil {
		return err
	}
	src := addr
	if source != "" {
		if src, err = c.books.Parse(source); err != nil {
			return err
		}
	}
	return c.node.Book().Add(addr, src)
}

func (c *control) markBad(text, ban string) error {
	addr, err := c.books.Parse(text)
	if err != nil {
		return err
	}
	d, err := time.ParseDuration(ban)
	if err != nil {
		return fmt.Errorf("for: %w", err)
	}
	c.node.Book().MarkBad(addr, d)
	return nil
}

// book reads the saved file, because the library has no call that lists all
// addresses.
func (c *control) book() (fields, error) {
	c.node.Book().Save()
	file, err := readBookFile(c.file)
	if errors.Is(err, os.ErrNotExist) {
		file, err = &bookFile{}, nil
	}
	if err != nil {
		return nil, err
	}
	return fields{"size": len(file.Addrs), "addrs": file.summaries()}, nil
}

func (c *control) answer(cmd command, result fields, err error) {
	line := fields{"ok": err == nil}
	for k, v := range result {
		line[k] = v
	}
	if cmd.Seq != nil {
		line["seq"] = cmd.Seq
	}
	if err != nil {
		line["error"] = err.Error()
	}
	name := cmd.Cmd
	if name == "" {
		name = "answer"
	}
	c.out.event(name, line)
}
