// Writes messages of the wire, valid and mutated, with what the reference reads in them:
// one case a line, "kind hex outcome". README.md of the parent folder tells the outcomes.
package main

import (
	"bufio"
	"encoding/hex"
	"flag"
	"fmt"
	"math/rand"
	"net"
	"os"
	"regexp"
	"strings"

	gogotypes "github.com/gogo/protobuf/types"
	"github.com/tendermint/tendermint/p2p"
	crypto "github.com/tendermint/tendermint/proto/tendermint/crypto"
	tmp2p "github.com/tendermint/tendermint/proto/tendermint/p2p"
)

type message interface{ Marshal() ([]byte, error) }

type kind struct {
	name  string
	seeds []message
	read  func(body []byte) string
}

func canonical(m message) string {
	bytes, err := m.Marshal()
	if err != nil {
		panic(err)
	}
	return hexOf(bytes)
}

// An empty body is written as "-".
func hexOf(bytes []byte) string {
	if len(bytes) == 0 {
		return "-"
	}
	return hex.EncodeToString(bytes)
}

func readEphemeral(body []byte) string {
	var m gogotypes.BytesValue
	if m.Unmarshal(body) != nil || len(m.Value) != 32 {
		return "key_exchange"
	}
	return hexOf(m.Value)
}

func readAuth(body []byte) string {
	var m tmp2p.AuthSigMessage
	if m.Unmarshal(body) != nil {
		return "undecodable"
	}
	key, ok := m.PubKey.Sum.(*crypto.PublicKey_Ed25519)
	if !ok || len(key.Ed25519) != 32 {
		return "auth_key"
	}
	if len(m.Sig) != 64 {
		return "auth_signature"
	}
	return canonical(&m)
}

func readNodeInfo(body []byte) string {
	var m tmp2p.DefaultNodeInfo
	if m.Unmarshal(body) != nil {
		return "undecodable"
	}
	return canonical(&m)
}

func readPacket(body []byte) string {
	var m tmp2p.Packet
	if m.Unmarshal(body) != nil {
		return "undecodable"
	}
	if m.Sum == nil {
		return "packet_kind"
	}
	if msg := m.GetPacketMsg(); msg != nil && (msg.ChannelID < 0 || msg.ChannelID > 255) {
		return "channel_unknown"
	}
	return canonical(&m)
}

var lowerID = regexp.MustCompile("^[0-9a-f]{40}$")

// The list as luapex keeps it: IDs it would not take are left out, IPs as the reference prints them.
func readPex(body []byte) string {
	var m tmp2p.Message
	if m.Unmarshal(body) != nil || m.Sum == nil {
		return "pex_undecodable"
	}
	list := m.GetPexAddrs()
	if list == nil {
		return "request"
	}
	kept := &tmp2p.PexAddrs{}
	for _, entry := range list.Addrs {
		address, err := p2p.NetAddressFromProto(entry)
		if err != nil {
			return "bad_address"
		}
		if lowerID.MatchString(entry.ID) && entry.ID != strings.Repeat("0", 40) {
			kept.Addrs = append(kept.Addrs, address.ToProto())
		}
	}
	m.Sum = &tmp2p.Message_PexAddrs{PexAddrs: kept}
	return fmt.Sprintf("%d:%s", len(list.Addrs), canonical(&m))
}

func ip(r *rand.Rand) string {
	switch r.Intn(4) {
	case 0:
		return fmt.Sprintf("%d.%d.%d.%d", r.Intn(256), r.Intn(256), r.Intn(256), r.Intn(256))
	case 1:
		bytes := make([]byte, 16)
		r.Read(bytes[r.Intn(16):])
		return net.IP(bytes).String()
	case 2:
		return fmt.Sprintf("::ffff:%d.2.3.4", r.Intn(300))
	default:
		odd := []string{"", "1.2.3", "1.2.3.04", "fe80::1%eth0", "::", "1::2::3", "localhost",
			"1:2:3:4:5:6:7::", "::1.2.3.4", "2001:DB8::A", "1.2.3.4 ", "[::1]", "12345::", "0x1.2.3.4"}
		return odd[r.Intn(len(odd))]
	}
}

func id(r *rand.Rand) string {
	bytes := make([]byte, 20)
	r.Read(bytes)
	text := hex.EncodeToString(bytes)
	switch r.Intn(8) {
	case 0:
		return strings.ToUpper(text)
	case 1:
		return text[:r.Intn(40)]
	case 2:
		return strings.Repeat("0", 40)
	default:
		return text
	}
}

func list(r *rand.Rand, n int) message {
	addrs := &tmp2p.PexAddrs{}
	for i := 0; i < n; i++ {
		ports := []uint32{26656, uint32(r.Intn(70000)), 0, 65535, 65536}
		addrs.Addrs = append(addrs.Addrs, tmp2p.NetAddress{ID: id(r), IP: ip(r), Port: ports[r.Intn(len(ports))]})
	}
	return &tmp2p.Message{Sum: &tmp2p.Message_PexAddrs{PexAddrs: addrs}}
}

func packetMsg(channel int32, eof bool, n int) message {
	msg := &tmp2p.PacketMsg{ChannelID: channel, EOF: eof, Data: make([]byte, n)}
	return &tmp2p.Packet{Sum: &tmp2p.Packet_PacketMsg{PacketMsg: msg}}
}

func kinds(r *rand.Rand) []kind {
	key := make([]byte, 32)
	sig := make([]byte, 64)
	r.Read(key)
	r.Read(sig)
	info := &tmp2p.DefaultNodeInfo{
		ProtocolVersion: tmp2p.ProtocolVersion{P2P: 8, Block: 11, App: 300},
		DefaultNodeID:   "id", ListenAddr: "tcp://1.2.3.4:5", Network: "net", Version: "v",
		Channels: []byte{0x00, 0x20}, Moniker: "m",
		Other: tmp2p.DefaultNodeInfoOther{TxIndex: "on", RPCAddress: "rpc"},
	}
	pex := []message{&tmp2p.Message{Sum: &tmp2p.Message_PexRequest{PexRequest: &tmp2p.PexRequest{}}}}
	for n := 0; n < 40; n++ {
		pex = append(pex, list(r, n%3))
	}
	return []kind{
		{"ephemeral", []message{&gogotypes.BytesValue{Value: key}}, readEphemeral},
		{"auth", []message{
			&tmp2p.AuthSigMessage{PubKey: crypto.PublicKey{Sum: &crypto.PublicKey_Ed25519{Ed25519: key}}, Sig: sig},
			&tmp2p.AuthSigMessage{PubKey: crypto.PublicKey{Sum: &crypto.PublicKey_Secp256K1{Secp256K1: key}}, Sig: sig},
		}, readAuth},
		{"node_info", []message{&tmp2p.DefaultNodeInfo{}, info}, readNodeInfo},
		{"packet", []message{
			&tmp2p.Packet{Sum: &tmp2p.Packet_PacketPing{PacketPing: &tmp2p.PacketPing{}}},
			&tmp2p.Packet{Sum: &tmp2p.Packet_PacketPong{PacketPong: &tmp2p.PacketPong{}}},
			packetMsg(0, false, 3), packetMsg(32, true, 3), packetMsg(255, true, 0), packetMsg(256, true, 1), packetMsg(-1, false, 1),
		}, readPacket},
		{"pex", pex, readPex},
	}
}

func main() {
	n := flag.Int("n", 300, "cases of each kind")
	seed := flag.Int64("seed", 1, "of the mutations")
	flag.Parse()
	r := rand.New(rand.NewSource(*seed))
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for _, kind := range kinds(r) {
		seen := map[string]bool{}
		for len(seen) < *n {
			body, err := kind.seeds[r.Intn(len(kind.seeds))].Marshal()
			if err != nil {
				panic(err)
			}
			for times := r.Intn(3); times > 0; times-- {
				body = mutate(r, body)
			}
			if text := hexOf(body); !seen[text] && len(body) <= 400 {
				seen[text] = true
				fmt.Fprintln(out, kind.name, text, kind.read(body))
			}
		}
	}
}
