package main

import (
	"fmt"
	"os"

	"github.com/cometbft/cometbft/config"
	"github.com/cometbft/cometbft/libs/log"
	"github.com/cometbft/cometbft/p2p"
	"github.com/cometbft/cometbft/p2p/pex"
	"github.com/cometbft/cometbft/version"
	"luapex/interop/peerkit"
)

// node is switch, transport, PEX reactor and book, wired as node/node.go of
// this version does it.
type node struct {
	settings  peerkit.NodeConfig
	key       *p2p.NodeKey
	transport *p2p.MultiplexTransport
	sw        *p2p.Switch
	book      pex.AddrBook
	pex       *pex.Reactor // nil when PEX is off
	observer  *observer
}

func newNode(c peerkit.NodeConfig, w peerkit.Watcher) (*node, error) {
	logger, err := newLogger(c.LogLevel)
	if err != nil {
		return nil, err
	}
	key, err := p2p.LoadOrGenNodeKey(c.KeyPath())
	if err != nil {
		return nil, fmt.Errorf("node key: %w", err)
	}
	info := nodeInfo(c, key)
	if err := info.Validate(); err != nil {
		return nil, fmt.Errorf("node info: %w", err)
	}
	settings := p2pConfig(c)
	n := &node{settings: c, key: key}
	n.transport = newTransport(c, settings, info, key)
	n.sw = p2p.NewSwitch(settings, n.transport)
	n.sw.SetLogger(logger.With("module", "p2p"))
	n.addReactors(w)
	n.sw.SetNodeInfo(info)
	n.sw.SetNodeKey(key)
	if err := n.sw.AddPersistentPeers(c.PersistentPeers); err != nil {
		return nil, fmt.Errorf("persistent peers: %w", err)
	}
	if err := n.sw.AddUnconditionalPeerIDs(c.UnconditionalIDs); err != nil {
		return nil, fmt.Errorf("unconditional peers: %w", err)
	}
	if err := n.addBook(logger); err != nil {
		return nil, err
	}
	if c.Pex {
		n.addPex(logger)
	}
	n.book.AddPrivateIDs(c.PrivatePeerIDs)
	return n, nil
}

func newLogger(level string) (log.Logger, error) {
	allowed, err := log.AllowLevel(level)
	if err != nil {
		return nil, err
	}
	return log.NewFilter(log.NewTMLogger(log.NewSyncWriter(os.Stderr)), allowed), nil
}

// p2pConfig holds what the switch and the transport read; the rest of the
// settings reach their users directly.
func p2pConfig(c peerkit.NodeConfig) *config.P2PConfig {
	s := config.DefaultP2PConfig()
	s.MaxNumInboundPeers = c.MaxInbound
	s.MaxNumOutboundPeers = c.MaxOutbound
	s.PersistentPeersMaxDialPeriod = c.PersistentMaxPeriod
	s.AllowDuplicateIP = c.AllowDuplicateIP
	return s
}

func nodeInfo(c peerkit.NodeConfig, key *p2p.NodeKey) p2p.DefaultNodeInfo {
	return p2p.DefaultNodeInfo{
		ProtocolVersion: p2p.NewProtocolVersion(version.P2PProtocol, version.BlockProtocol, 0),
		DefaultNodeID:   key.ID(),
		ListenAddr:      c.AdvertisedAddr(),
		Network:         c.Network,
		Version:         version.TMCoreSemVer,
		Channels:        c.Channels(),
		Moniker:         c.Moniker,
		Other:           p2p.DefaultNodeInfoOther{TxIndex: "on", RPCAddress: "tcp://127.0.0.1:26657"},
	}
}

func newTransport(
	c peerkit.NodeConfig, s *config.P2PConfig, info p2p.NodeInfo, key *p2p.NodeKey,
) *p2p.MultiplexTransport {
	link := p2p.MConnConfig(s)
	link.PingInterval = c.PingInterval
	link.PongTimeout = c.PongTimeout
	t := p2p.NewMultiplexTransport(info, *key, link)
	if !c.AllowDuplicateIP {
		p2p.MultiplexTransportConnFilters(p2p.ConnDuplicateIPFilter())(t)
	}
	p2p.MultiplexTransportMaxIncomingConnections(c.MaxInbound + len(c.UnconditionalIDs))(t)
	return t
}

func (n *node) addReactors(w peerkit.Watcher) {
	n.observer = newObserver(w)
	n.sw.AddReactor("OBSERVER", n.observer)
	if n.settings.FullChannels {
		for _, b := range peerkit.Bystanders {
			n.sw.AddReactor(b.Name, newBystander(b, w))
		}
	}
}

func (n *node) addBook(logger log.Logger) error {
	n.book = pex.NewAddrBook(n.settings.BookPath(), n.settings.AddrBookStrict)
	n.book.SetLogger(logger.With("book", n.settings.BookPath()))
	for _, own := range []string{n.settings.ExternalAddress, n.settings.ListenAddr} {
		if own == "" {
			continue
		}
		addr, err := p2p.NewNetAddressString(p2p.IDAddressString(n.key.ID(), own))
		if err != nil {
			return fmt.Errorf("own address: %w", err)
		}
		n.book.AddOurAddress(addr)
	}
	n.sw.SetAddrBook(n.book)
	return nil
}

func (n *node) addPex(logger log.Logger) {
	n.pex = pex.NewReactor(n.book, &pex.ReactorConfig{
		Seeds:                        n.settings.Seeds,
		SeedMode:                     n.settings.SeedMode,
		SeedDisconnectWaitPeriod:     n.settings.SeedDisconnectWait,
		PersistentPeersMaxDialPeriod: n.settings.PersistentMaxPeriod,
	})
	n.pex.SetEnsurePeersPeriod(n.settings.EnsurePeriod)
	n.pex.SetLogger(logger.With("module", "pex"))
	n.sw.AddReactor("PEX", n.pex)
}

func (n *node) ID() string { return string(n.key.ID()) }

func (n *node) Book() peerkit.Book { return books.Wrap(n.book) }

func (n *node) Start() error {
	addr, err := p2p.NewNetAddressString(p2p.IDAddressString(n.key.ID(), n.settings.ListenAddr))
	if err != nil {
		return fmt.Errorf("listen address: %w", err)
	}
	if err := n.transport.Listen(*addr); err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	if err := n.sw.Start(); err != nil {
		return fmt.Errorf("start switch: %w", err)
	}
	if err := n.sw.DialPeersAsync(n.settings.PersistentPeers); err != nil {
		return fmt.Errorf("dial persistent peers: %w", err)
	}
	return nil
}

func (n *node) Stop() error {
	if err := n.sw.Stop(); err != nil {
		return err
	}
	if err := n.transport.Close(); err != nil {
		return fmt.Errorf("close transport: %w", err)
	}
	if n.pex != nil {
		peerkit.WaitForBook(n.book)
	}
	return nil
}

func (n *node) Status() peerkit.Status {
	s := peerkit.Status{Peers: []peerkit.PeerInfo{}}
	s.Outbound, s.Inbound, s.Dialing = n.sw.NumPeers()
	for _, p := range n.sw.Peers().List() {
		s.Peers = append(s.Peers, peerInfo(p))
	}
	return s
}

func (n *node) Dial(text string) error {
	addr, err := p2p.NewNetAddressString(text)
	if err != nil {
		return err
	}
	return n.sw.DialPeerWithAddress(addr)
}

func (n *node) peer(id string) (p2p.Peer, error) {
	if p := n.sw.Peers().Get(p2p.ID(id)); p != nil {
		return p, nil
	}
	return nil, fmt.Errorf("no peer %q", id)
}

func (n *node) StopPeer(id, reason string) error {
	p, err := n.peer(id)
	if err != nil {
		return err
	}
	if reason == "" {
		n.sw.StopPeerGracefully(p)
	} else {
		n.sw.StopPeerForError(p, reason)
	}
	return nil
}

func (n *node) RequestAddrs(id string) error {
	if n.pex == nil {
		return fmt.Errorf("PEX is off")
	}
	p, err := n.peer(id)
	if err != nil {
		return err
	}
	n.pex.RequestAddrs(p)
	return nil
}

func (n *node) Send(id string, channel byte, message []byte) error {
	p, err := n.peer(id)
	if err != nil {
		return err
	}
	if !n.observer.send(p, channel, message) {
		return fmt.Errorf("not queued for %s", id)
	}
	return nil
}
