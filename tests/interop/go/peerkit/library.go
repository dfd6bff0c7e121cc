// Package peerkit holds everything about the Go test peers that does not
// depend on a library version: flags, the JSON-lines control loop, the scripted
// raw client, the benchmarks and the shapes of the reports. Each version adds a
// small adapter that implements Library.
package peerkit

import (
	"crypto/ed25519"
	"net"
	"path/filepath"
	"time"
)

// Library is one version of the reference p2p library.
type Library interface {
	Codec

	// Module is the path of the library's Go module.
	Module() string
	// Versions gives what this library's own node puts into its NodeInfo.
	Versions() (software string, p2p, block uint64)
	// NewNode wires switch, transport, PEX reactor and address book.
	NewNode(NodeConfig, Watcher) (Node, error)
	// SecretConn authenticates c and returns the sealed connection with the
	// remote's ID. It honours deadlines set on c.
	SecretConn(c net.Conn, key ed25519.PrivateKey) (net.Conn, string, error)
	// Books opens this library's address books.
	Books() Books
}

// Codec encodes with the library's generated protobuf types. No body carries
// its length prefix.
type Codec interface {
	EncodeNodeInfo(NodeInfo) ([]byte, error)
	DecodeNodeInfo([]byte) (NodeInfo, error)
	EncodePacket(Packet) ([]byte, error)
	DecodePacket([]byte) (Packet, error)
	EncodePexRequest() ([]byte, error)
	EncodePexAddrs([]PexAddr) ([]byte, error)
	// DecodePex tells a request (isRequest) from a list.
	DecodePex([]byte) (addrs []PexAddr, isRequest bool, err error)
}

// NodeInfo is the version-neutral copy of the handshake information.
type NodeInfo struct {
	P2P        uint64   `json:"p2p"`
	Block      uint64   `json:"block"`
	App        uint64   `json:"app"`
	ID         string   `json:"id"`
	ListenAddr string   `json:"listen_addr"`
	Network    string   `json:"network"`
	Version    string   `json:"version"`
	Channels   HexBytes `json:"channels"`
	Moniker    string   `json:"moniker"`
	TxIndex    string   `json:"tx_index"`
	RPCAddress string   `json:"rpc_address"`
}

// PacketKind is the member of the packet's oneof.
type PacketKind int

const (
	PacketPing PacketKind = iota
	PacketPong
	PacketMsg
)

// Packet is one unit of the multiplexed stream.
type Packet struct {
	Kind    PacketKind
	Channel int32
	EOF     bool
	Data    []byte
}

// PexAddr is one gossiped address; IP stays text so that it can be wrong.
type PexAddr struct {
	ID   string `json:"id"`
	IP   string `json:"ip"`
	Port uint32 `json:"port"`
}

// NodeConfig is what a test can choose about a node; the rest keeps the
// library's defaults.
type NodeConfig struct {
	Home                string
	ListenAddr          string
	ExternalAddress     string
	Network             string
	Moniker             string
	Seeds               []string
	PersistentPeers     []string
	PrivatePeerIDs      []string
	UnconditionalIDs    []string
	SeedMode            bool
	SeedDisconnectWait  time.Duration
	Pex                 bool
	MaxInbound          int
	MaxOutbound         int
	AddrBookStrict      bool
	AllowDuplicateIP    bool
	EnsurePeriod        time.Duration
	PingInterval        time.Duration
	PongTimeout         time.Duration
	FullChannels        bool
	LogLevel            string
	PersistentMaxPeriod time.Duration
}

// Bystander is a reactor of a full node that only occupies its channels.
type Bystander struct {
	Name     string
	Channels []byte
}

// Bystanders lists the reactors a full node registers beside PEX, in the order
// in which it announces their channels.
var Bystanders = []Bystander{
	{"BLOCKSYNC", []byte{0x40}},
	{"CONSENSUS", []byte{0x20, 0x21, 0x22, 0x23}},
	{"MEMPOOL", []byte{0x30}},
	{"EVIDENCE", []byte{0x38}},
	{"STATESYNC", []byte{0x60, 0x61}},
}

// Channels gives the channels of the node's NodeInfo in the reference order.
func (c NodeConfig) Channels() []byte {
	var out []byte
	if c.FullChannels {
		for _, b := range Bystanders {
			out = append(out, b.Channels...)
		}
	}
	if c.Pex {
		out = append(out, 0x00)
	}
	return out
}

// AdvertisedAddr is the listen address a node puts into its NodeInfo.
func (c NodeConfig) AdvertisedAddr() string {
	if c.ExternalAddress != "" {
		return c.ExternalAddress
	}
	return c.ListenAddr
}

// Watcher is told what happens to a node's peers.
type Watcher interface {
	PeerAdded(PeerInfo)
	PeerRemoved(p PeerInfo, reason string)
	BystanderSent(peerID string, channel byte, ok bool)
	BystanderReceived(peerID string, channel byte, bytes int)
}

// PeerInfo describes a connected peer.
type PeerInfo struct {
	ID         string   `json:"id"`
	Outbound   bool     `json:"outbound"`
	Persistent bool     `json:"persistent"`
	RemoteIP   string   `json:"remote_ip"`
	Addr       string   `json:"addr"`
	ListenAddr string   `json:"listen_addr"`
	Channels   HexBytes `json:"channels"`
	Version    string   `json:"version"`
	Moniker    string   `json:"moniker"`
}

// Status is a snapshot of a node's connections.
type Status struct {
	Outbound, Inbound, Dialing int
	Peers                      []PeerInfo
}

// BookPath is where a node keeps its address book.
func (c NodeConfig) BookPath() string { return filepath.Join(c.Home, "config", "addrbook.json") }

// KeyPath is where a node keeps its key.
func (c NodeConfig) KeyPath() string { return filepath.Join(c.Home, "config", "node_key.json") }

// Node is a running node of one library version.
type Node interface {
	ID() string
	Start() error
	Stop() error
	Status() Status
	Dial(addr string) error
	// StopPeer disconnects: gracefully without a reason, else as an error.
	StopPeer(id, reason string) error
	RequestAddrs(id string) error
	// Send queues a message of any bytes on the library's own connection.
	Send(id string, channel byte, message []byte) error
	Book() Book
}
