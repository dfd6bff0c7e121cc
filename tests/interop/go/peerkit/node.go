package peerkit

import (
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Port 0 is replaced by a free port before the node is built, because the port
// is part of its NodeInfo. Another process may take that port in between.
const listenAttempts = 5

// nodeFlags registers the flags of a node and returns the configuration they
// fill once parsed, with a function that completes it.
func nodeFlags(fs *flag.FlagSet) (*NodeConfig, func() error) {
	c := &NodeConfig{}
	fs.StringVar(&c.Home, "home", "", "home folder (config/node_key.json, config/addrbook.json)")
	fs.StringVar(&c.ListenAddr, "laddr", "tcp://127.0.0.1:0", "listen address; port 0 picks a free one")
	fs.StringVar(&c.ExternalAddress, "external-address", "", "address to advertise")
	fs.StringVar(&c.Network, "network", "test-chain", "chain ID")
	fs.StringVar(&c.Moniker, "moniker", "gopeer", "moniker")
	seeds := fs.String("seeds", "", "comma separated ID@host:port")
	persistent := fs.String("persistent-peers", "", "comma separated ID@host:port")
	private := fs.String("private-peer-ids", "", "comma separated IDs")
	unconditional := fs.String("unconditional-peer-ids", "", "comma separated IDs")
	fs.BoolVar(&c.SeedMode, "seed-mode", false, "run as seed")
	fs.DurationVar(&c.SeedDisconnectWait, "seed-disconnect-wait", 28*time.Hour, "seed drops peers after this time")
	fs.BoolVar(&c.Pex, "pex", true, "run the PEX reactor")
	fs.IntVar(&c.MaxInbound, "max-inbound", 40, "inbound peers")
	fs.IntVar(&c.MaxOutbound, "max-outbound", 10, "outbound peers")
	fs.BoolVar(&c.AddrBookStrict, "addr-book-strict", false, "book accepts routable addresses only")
	fs.BoolVar(&c.AllowDuplicateIP, "allow-duplicate-ip", false, "accept several connections from one IP")
	fs.DurationVar(&c.EnsurePeriod, "ensure-period", 30*time.Second, "ensure-peers period")
	fs.DurationVar(&c.PingInterval, "ping-interval", 60*time.Second, "ping interval")
	fs.DurationVar(&c.PongTimeout, "pong-timeout", 45*time.Second, "pong timeout")
	fs.DurationVar(&c.PersistentMaxPeriod, "persistent-max-dial-period", 0, "longest pause between dials of a persistent peer")
	fs.BoolVar(&c.FullChannels, "full-channels", false, "own all channels of a full node, send on each at connect")
	fs.StringVar(&c.LogLevel, "log-level", "none", "none, error, info or debug (to stderr)")
	return c, func() error {
		c.Seeds = splitList(*seeds)
		c.PersistentPeers = splitList(*persistent)
		c.PrivatePeerIDs = splitList(*private)
		c.UnconditionalIDs = splitList(*unconditional)
		if c.Home == "" {
			return usageError("--home is missing")
		}
		if c.PongTimeout >= c.PingInterval {
			return usageError("--pong-timeout must be less than --ping-interval")
		}
		if err := os.MkdirAll(filepath.Join(c.Home, "config"), 0o700); err != nil {
			return fmt.Errorf("create config folder: %w", err)
		}
		return nil
	}
}

func runNode(a *app, args []string) error {
	fs := flag.NewFlagSet("node", flag.ContinueOnError)
	config, complete := nodeFlags(fs)
	if _, err := parseFlags(fs, args); err != nil {
		return err
	}
	if err := complete(); err != nil {
		return err
	}
	node, err := startNode(a.lib, config, &eventWatcher{a.out})
	if err != nil {
		return err
	}
	a.out.event("listening", fields{
		"id":   node.ID(),
		"addr": node.ID() + "@" + stripScheme(config.ListenAddr),
	})
	control := &control{out: a.out, node: node, books: a.lib.Books(), file: config.BookPath()}
	control.serve(a.in, terminated())
	if err := node.Stop(); err != nil {
		return fmt.Errorf("stop node: %w", err)
	}
	return nil
}

// startNode builds and starts a node and leaves the address really listened on
// in config.
func startNode(lib Library, config *NodeConfig, w Watcher) (Node, error) {
	wanted := config.ListenAddr
	for attempt := 1; ; attempt++ {
		laddr, picked, err := withPort(wanted)
		if err != nil {
			return nil, err
		}
		config.ListenAddr = laddr
		node, err := lib.NewNode(*config, w)
		if err != nil {
			return nil, fmt.Errorf("build node: %w", err)
		}
		err = node.Start()
		if err == nil {
			return node, nil
		}
		taken := strings.Contains(err.Error(), syscall.EADDRINUSE.Error())
		if !picked || !taken || attempt == listenAttempts {
			return nil, fmt.Errorf("start node: %w", err)
		}
	}
}

// withPort replaces port 0 in a listen address by a port that is free now.
func withPort(laddr string) (addr string, picked bool, err error) {
	hostPort := stripScheme(laddr)
	host, port, err := net.SplitHostPort(hostPort)
	if err != nil {
		return "", false, fmt.Errorf("listen address %q: %w", laddr, err)
	}
	if port != "0" {
		return laddr, false, nil
	}
	l, err := net.Listen("tcp", hostPort)
	if err != nil {
		return "", false, fmt.Errorf("find a free port: %w", err)
	}
	defer l.Close()
	_, port, err = net.SplitHostPort(l.Addr().String())
	if err != nil {
		return "", false, fmt.Errorf("find a free port: %w", err)
	}
	return "tcp://" + net.JoinHostPort(host, port), true, nil
}

func stripScheme(addr string) string {
	if _, rest, found := strings.Cut(addr, "://"); found {
		return rest
	}
	return addr
}

func terminated() <-chan os.Signal {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGTERM, syscall.SIGINT)
	return c
}

// eventWatcher prints a node's events.
type eventWatcher struct{ out *output }

func (w *eventWatcher) PeerAdded(p PeerInfo) { w.peer("peer_added", p, "") }

func (w *eventWatcher) PeerRemoved(p PeerInfo, reason string) { w.peer("peer_removed", p, reason) }

func (w *eventWatcher) peer(event string, p PeerInfo, reason string) {
	w.out.event(event, fields{
		"id": p.ID, "outbound": p.Outbound, "addr": p.Addr, "reason": reason,
		"listen_addr": p.ListenAddr, "channels": p.Channels, "version": p.Version,
	})
}

func (w *eventWatcher) BystanderSent(id string, channel byte, ok bool) {
	w.out.event("bystander_sent", fields{"id": id, "channel": HexBytes{channel}, "sent": ok})
}

func (w *eventWatcher) BystanderReceived(id string, channel byte, n int) {
	w.out.event("bystander_received", fields{"id": id, "channel": HexBytes{channel}, "bytes": n})
}
