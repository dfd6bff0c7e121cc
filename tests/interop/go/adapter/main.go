// Command gopeer is a real peer of CometBFT v0.38 for interoperability tests.
package main

import (
	"crypto/ed25519"
	"net"

	"github.com/cometbft/cometbft/p2p"
	"github.com/cometbft/cometbft/p2p/conn"
	"github.com/cometbft/cometbft/p2p/pex"
	"github.com/cometbft/cometbft/version"
	"luapex/interop/peerkit"

	cmted25519 "github.com/cometbft/cometbft/crypto/ed25519"
)

func main() { peerkit.Main(library{}) }

var books = peerkit.PexBooks[p2p.ID, *p2p.NetAddress, pex.AddrBook]{
	NewBook:  pex.NewAddrBook,
	NewAddr:  p2p.NewNetAddressString,
	AddrToID: func(a *p2p.NetAddress) p2p.ID { return a.ID },
}

// library adapts this version to peerkit.
type library struct{ codec }

func (library) Module() string { return "github.com/cometbft/cometbft" }

func (library) Versions() (software string, p2pProtocol, block uint64) {
	return version.TMCoreSemVer, version.P2PProtocol, version.BlockProtocol
}

func (library) SecretConn(c net.Conn, key ed25519.PrivateKey) (net.Conn, string, error) {
	sealed, err := conn.MakeSecretConnection(c, cmted25519.PrivKey(key))
	if err != nil {
		return nil, "", err
	}
	return sealed, string(p2p.PubKeyToID(sealed.RemotePubKey())), nil
}

func (library) Books() peerkit.Books { return books }

func (library) NewNode(c peerkit.NodeConfig, w peerkit.Watcher) (peerkit.Node, error) {
	return newNode(c, w)
}
