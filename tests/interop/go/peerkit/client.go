package peerkit

import (
	"crypto/ed25519"
	"encoding/hex"
	"flag"
	"fmt"
	"io"
	"net"
	"time"
)

// client is the scripted raw peer.
type client struct {
	out      *output
	session  *session
	started  time.Time
	autoPong bool

	addrs  chan []PexAddr // lists received and not yet consumed
	closed chan struct{}  // closed by the reader when the connection ended
	cause  error          // why; set before closed
	when   time.Time      // when; set before closed
}

type clientOptions struct {
	to      target
	key     ed25519.PrivateKey
	source  net.IP
	info    NodeInfo
	stallAt string
	script  []step
}

func runClient(a *app, args []string) error {
	c := &client{
		out:    a.out,
		addrs:  make(chan []PexAddr, 64),
		closed: make(chan struct{}),
	}
	opts, err := c.parse(a.lib, args)
	if err != nil {
		return err
	}
	if err := c.connect(a.lib, opts); err != nil {
		return err
	}
	defer c.session.close()
	return c.perform(opts.script)
}

func (c *client) parse(lib Library, args []string) (clientOptions, error) {
	software, p2p, block := lib.Versions()
	var opts clientOptions
	fs := flag.NewFlagSet("client", flag.ContinueOnError)
	addr := fs.String("addr", "", "ID@ip:port to connect to")
	keySeed := fs.String("key-seed", "", "32-byte hex seed of the node key (default random)")
	claimID := fs.String("claim-id", "", "ID to claim in the NodeInfo (default the key's)")
	channels := fs.String("channels", "00", "channels to announce, hex")
	source := fs.String("source-ip", "", "local IP to connect from")
	fs.StringVar(&opts.stallAt, "stall-at", "", "tcp or secret: go no further, then perform the script")
	fs.BoolVar(&c.autoPong, "auto-pong", true, "answer pings")
	fs.Uint64Var(&opts.info.P2P, "p2p", p2p, "p2p protocol")
	fs.Uint64Var(&opts.info.Block, "block", block, "block protocol")
	fs.Uint64Var(&opts.info.App, "app", 0, "app protocol")
	fs.StringVar(&opts.info.Network, "network", "test-chain", "chain ID")
	fs.StringVar(&opts.info.Version, "software", software, "version text in the NodeInfo")
	fs.StringVar(&opts.info.ListenAddr, "listen-addr", "tcp://0.0.0.0:26656", "listen address in the NodeInfo")
	fs.StringVar(&opts.info.Moniker, "moniker", "gopeer", "moniker")
	words, err := parseFlags(fs, args)
	if err != nil {
		return opts, err
	}
	if opts.to, err = parseTarget(*addr); err != nil {
		return opts, err
	}
	opts.key = newKey()
	if *keySeed != "" {
		seed, err := hex.DecodeString(*keySeed)
		if err != nil || len(seed) != ed25519.SeedSize {
			return opts, usageError("--key-seed is not 32 bytes of hex")
		}
		opts.key = ed25519.NewKeyFromSeed(seed)
	}
	opts.info.ID = keyID(opts.key)
	if *claimID != "" {
		opts.info.ID = *claimID
	}
	if opts.info.Channels, err = hex.DecodeString(*channels); err != nil {
		return opts, usageError("--channels: %v", err)
	}
	if *source != "" {
		if opts.source = net.ParseIP(*source); opts.source == nil {
			return opts, usageError("--source-ip %q is not an IP", *source)
		}
	}
	if opts.stallAt != "" && opts.stallAt != "tcp" && opts.stallAt != "secret" {
		return opts, usageError("--stall-at is tcp or secret")
	}
	opts.script, err = parseScript(words)
	return opts, err
}

// connect performs the handshake and leaves a goroutine that reads until the
// connection ends.
func (c *client) connect(lib Library, opts clientOptions) error {
	s, err := dialSession(lib, opts.to.hostPort, opts.source)
	if err != nil {
		return fmt.Errorf("dial: %w", err)
	}
	c.session, c.started = s, time.Now()
	c.event("tcp", fields{"local": s.raw.LocalAddr().String(), "remote": s.raw.RemoteAddr().String()})
	if opts.stallAt == "tcp" {
		go c.end(func() error { return drain(s.raw) })
		return nil
	}
	if err := s.secure(opts.key); err != nil {
		return c.handshakeFailed("secret", err)
	}
	c.event("secret", fields{"own_id": keyID(opts.key), "remote_id": s.RemoteID, "expected": s.RemoteID == opts.to.id})
	if opts.stallAt == "secret" {
		go c.end(func() error { return drain(s.sealed) })
		return nil
	}
	if err := s.exchangeInfo(opts.info); err != nil {
		return c.handshakeFailed("node_info", err)
	}
	c.event("node_info", fields{"info": s.RemoteInfo})
	go c.end(c.receive)
	return nil
}

func (c *client) handshakeFailed(step string, err error) error {
	c.session.close()
	c.event("closed", fields{"step": step, "error": err.Error()})
	return &exitError{code: exitEndedEarly}
}

// event prints a line with the time since the TCP connection stood.
func (c *client) event(name string, f fields) {
	f["at_ms"] = time.Since(c.started).Milliseconds()
	c.out.event(name, f)
}

// end runs a reader and announces its end.
func (c *client) end(read func() error) {
	c.cause = read()
	c.when = time.Now()
	close(c.closed)
}

// drain reads raw bytes until the connection ends.
func drain(r io.Reader) error {
	_, err := io.Copy(io.Discard, r)
	if err == nil {
		err = io.EOF
	}
	return err
}

// receive reads packets, joins them to messages and prints them.
func (c *client) receive() error {
	partial := map[int32][]byte{}
	for {
		p, err := c.session.readPacket()
		if err != nil {
			return err
		}
		switch p.Kind {
		case PacketPing:
			c.event("ping", fields{})
			if c.autoPong {
				// A failed write shows up as the next read's error.
				_ = c.session.sendPacket(Packet{Kind: PacketPong})
			}
		case PacketPong:
			c.event("pong", fields{})
		case PacketMsg:
			partial[p.Channel] = append(partial[p.Channel], p.Data...)
			if p.EOF {
				c.message(p.Channel, partial[p.Channel])
				delete(partial, p.Channel)
			}
		}
	}
}

func (c *client) message(channel int32, message []byte) {
	line := fields{"channel": fmt.Sprintf("%02x", channel), "bytes": len(message)}
	addrs, isRequest, err := c.session.lib.DecodePex(message)
	switch {
	case channel != 0 || err != nil:
		line["type"], line["hex"] = "other", HexBytes(message)
	case isRequest:
		line["type"] = "pex_request"
	default:
		line["type"], line["count"], line["addrs"] = "pex_addrs", len(addrs), addrs
		select {
		case c.addrs <- addrs:
		default: // a script that never asks
		}
	}
	c.event("message", line)
}
