package main

import (
	"crypto/rand"
	"fmt"

	"github.com/cometbft/cometbft/p2p"
	"github.com/cometbft/cometbft/p2p/conn"
	"github.com/cosmos/gogoproto/types"
	"luapex/interop/peerkit"
)

const smallMessage = 8

// observer is a reactor without channels that reports peers.
type observer struct {
	p2p.BaseReactor
	watcher peerkit.Watcher
}

func newObserver(w peerkit.Watcher) *observer {
	r := &observer{watcher: w}
	r.BaseReactor = *p2p.NewBaseReactor("Observer", r)
	return r
}

func (r *observer) AddPeer(p p2p.Peer) { r.watcher.PeerAdded(peerInfo(p)) }

func (r *observer) RemovePeer(p p2p.Peer, reason interface{}) {
	text := ""
	if reason != nil {
		text = fmt.Sprint(reason)
	}
	r.watcher.PeerRemoved(peerInfo(p), text)
}

// send queues a channel message of any bytes.
func (r *observer) send(p p2p.Peer, channel byte, body []byte) bool {
	sent := p.TrySend(p2p.Envelope{ChannelID: channel, Message: &rawMessage{body}})
	return sent
}

// rawMessage is marshalled into the bytes it holds, whatever they are.
type rawMessage struct{ body []byte }

func (m *rawMessage) Reset()                   { m.body = nil }
func (m *rawMessage) String() string           { return fmt.Sprintf("%x", m.body) }
func (*rawMessage) ProtoMessage()              {}
func (m *rawMessage) Marshal() ([]byte, error) { return m.body, nil }

// bystander stands for a full node's other reactors: it owns their channels
// and sends a small message on each to every new peer.
type bystander struct {
	p2p.BaseReactor
	channels []byte
	watcher  peerkit.Watcher
}

func newBystander(b peerkit.Bystander, w peerkit.Watcher) *bystander {
	r := &bystander{channels: b.Channels, watcher: w}
	r.BaseReactor = *p2p.NewBaseReactor(b.Name, r)
	return r
}

func (r *bystander) GetChannels() []*conn.ChannelDescriptor {
	var out []*conn.ChannelDescriptor
	for _, id := range r.channels {
		out = append(out, &conn.ChannelDescriptor{
			ID: id, Priority: 5, SendQueueCapacity: 10, MessageType: &types.BytesValue{},
		})
	}
	return out
}

func (r *bystander) AddPeer(p p2p.Peer) {
	for _, id := range r.channels {
		value := make([]byte, smallMessage)
		rand.Read(value)
		sent := p.TrySend(p2p.Envelope{ChannelID: id, Message: &types.BytesValue{Value: value}})
		r.watcher.BystanderSent(string(p.ID()), id, sent)
	}
}

func (r *bystander) Receive(e p2p.Envelope) {
	if m, ok := e.Message.(*types.BytesValue); ok {
		r.watcher.BystanderReceived(string(e.Src.ID()), e.ChannelID, m.Size())
	}
}

func peerInfo(p p2p.Peer) peerkit.PeerInfo {
	info := peerkit.PeerInfo{
		ID:         string(p.ID()),
		Outbound:   p.IsOutbound(),
		Persistent: p.IsPersistent(),
		RemoteIP:   p.RemoteIP().String(),
		Addr:       p.SocketAddr().String(),
	}
	if ni, ok := p.NodeInfo().(p2p.DefaultNodeInfo); ok {
		info.ListenAddr, info.Version, info.Moniker = ni.ListenAddr, ni.Version, ni.Moniker
		info.Channels = peerkit.HexBytes(ni.Channels)
	}
	return info
}
