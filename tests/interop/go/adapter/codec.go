package main

import (
	"fmt"

	"luapex/interop/peerkit"

	p2pproto "github.com/cometbft/cometbft/proto/tendermint/p2p"
)

// codec uses the library's generated protobuf types.
type codec struct{}

func (codec) EncodeNodeInfo(i peerkit.NodeInfo) ([]byte, error) {
	info := p2pproto.DefaultNodeInfo{
		ProtocolVersion: p2pproto.ProtocolVersion{P2P: i.P2P, Block: i.Block, App: i.App},
		DefaultNodeID:   i.ID,
		ListenAddr:      i.ListenAddr,
		Network:         i.Network,
		Version:         i.Version,
		Channels:        i.Channels,
		Moniker:         i.Moniker,
		Other:           p2pproto.DefaultNodeInfoOther{TxIndex: i.TxIndex, RPCAddress: i.RPCAddress},
	}
	return info.Marshal()
}

func (codec) DecodeNodeInfo(body []byte) (peerkit.NodeInfo, error) {
	var i p2pproto.DefaultNodeInfo
	if err := i.Unmarshal(body); err != nil {
		return peerkit.NodeInfo{}, err
	}
	return peerkit.NodeInfo{
		P2P:        i.ProtocolVersion.P2P,
		Block:      i.ProtocolVersion.Block,
		App:        i.ProtocolVersion.App,
		ID:         i.DefaultNodeID,
		ListenAddr: i.ListenAddr,
		Network:    i.Network,
		Version:    i.Version,
		Channels:   i.Channels,
		Moniker:    i.Moniker,
		TxIndex:    i.Other.TxIndex,
		RPCAddress: i.Other.RPCAddress,
	}, nil
}

func (codec) EncodePacket(p peerkit.Packet) ([]byte, error) {
	var packet p2pproto.Packet
	switch p.Kind {
	case peerkit.PacketPing:
		packet.Sum = &p2pproto.Packet_PacketPing{PacketPing: &p2pproto.PacketPing{}}
	case peerkit.PacketPong:
		packet.Sum = &p2pproto.Packet_PacketPong{PacketPong: &p2pproto.PacketPong{}}
	case peerkit.PacketMsg:
		msg := &p2pproto.PacketMsg{ChannelID: p.Channel, EOF: p.EOF, Data: p.Data}
		packet.Sum = &p2pproto.Packet_PacketMsg{PacketMsg: msg}
	}
	return packet.Marshal()
}

func (codec) DecodePacket(body []byte) (peerkit.Packet, error) {
	var packet p2pproto.Packet
	if err := packet.Unmarshal(body); err != nil {
		return peerkit.Packet{}, err
	}
	switch sum := packet.Sum.(type) {
	case *p2pproto.Packet_PacketPing:
		return peerkit.Packet{Kind: peerkit.PacketPing}, nil
	case *p2pproto.Packet_PacketPong:
		return peerkit.Packet{Kind: peerkit.PacketPong}, nil
	case *p2pproto.Packet_PacketMsg:
		m := sum.PacketMsg
		return peerkit.Packet{Kind: peerkit.PacketMsg, Channel: m.ChannelID, EOF: m.EOF, Data: m.Data}, nil
	default:
		return peerkit.Packet{}, fmt.Errorf("unknown packet %x", body)
	}
}

func (codec) EncodePexRequest() ([]byte, error) {
	m := p2pproto.Message{Sum: &p2pproto.Message_PexRequest{PexRequest: &p2pproto.PexRequest{}}}
	return m.Marshal()
}

func (codec) EncodePexAddrs(addrs []peerkit.PexAddr) ([]byte, error) {
	list := &p2pproto.PexAddrs{}
	for _, a := range addrs {
		list.Addrs = append(list.Addrs, p2pproto.NetAddress{ID: a.ID, IP: a.IP, Port: a.Port})
	}
	m := p2pproto.Message{Sum: &p2pproto.Message_PexAddrs{PexAddrs: list}}
	return m.Marshal()
}

func (codec) DecodePex(body []byte) (addrs []peerkit.PexAddr, isRequest bool, err error) {
	var m p2pproto.Message
	if err := m.Unmarshal(body); err != nil {
		return nil, false, err
	}
	switch sum := m.Sum.(type) {
	case *p2pproto.Message_PexRequest:
		return nil, true, nil
	case *p2pproto.Message_PexAddrs:
		addrs = []peerkit.PexAddr{}
		for _, a := range sum.PexAddrs.Addrs {
			addrs = append(addrs, peerkit.PexAddr{ID: a.ID, IP: a.IP, Port: a.Port})
		}
		return addrs, false, nil
	default:
		return nil, false, fmt.Errorf("unknown PEX message %x", body)
	}
}
