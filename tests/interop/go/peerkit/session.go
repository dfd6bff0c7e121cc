package peerkit

import (
	"bufio"
	"crypto/ed25519"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

const (
	dialTimeout      = 3 * time.Second
	handshakeTimeout = 3 * time.Second // per phase, as in the library
	maxNodeInfoBody  = 10240
	maxPacketData    = 1024
	maxPacketBody    = 1 << 20 // lenient: oversized packets are reported, not hidden
)

// session is one hand-driven connection.
type session struct {
	lib    Library
	raw    net.Conn
	sealed net.Conn
	in     *bufio.Reader

	writing sync.Mutex // the reader answers pings while a script writes

	RemoteID   string
	RemoteInfo NodeInfo
}

// dialSession opens the TCP connection, from source unless that is nil.
func dialSession(lib Library, hostPort string, source net.IP) (*session, error) {
	dialer := net.Dialer{Timeout: dialTimeout}
	if source != nil {
		dialer.LocalAddr = &net.TCPAddr{IP: source}
	}
	raw, err := dialer.Dial("tcp", hostPort)
	if err != nil {
		return nil, err
	}
	return &session{lib: lib, raw: raw}, nil
}

// secure makes the sealed connection.
func (s *session) secure(key ed25519.PrivateKey) error {
	if err := s.raw.SetDeadline(time.Now().Add(handshakeTimeout)); err != nil {
		return err
	}
	sealed, id, err := s.lib.SecretConn(s.raw, key)
	if err != nil {
		return fmt.Errorf("secret connection: %w", err)
	}
	s.sealed, s.RemoteID = sealed, id
	s.in = bufio.NewReaderSize(sealed, maxPacketData)
	return s.raw.SetDeadline(time.Time{})
}

// exchangeInfo sends own and reads the remote's NodeInfo.
func (s *session) exchangeInfo(own NodeInfo) error {
	if err := s.raw.SetDeadline(time.Now().Add(handshakeTimeout)); err != nil {
		return err
	}
	body, err := s.lib.EncodeNodeInfo(own)
	if err != nil {
		return fmt.Errorf("encode node info: %w", err)
	}
	if err := s.writeDelimited(body); err != nil {
		return fmt.Errorf("send node info: %w", err)
	}
	if body, err = s.readDelimited(maxNodeInfoBody); err != nil {
		return fmt.Errorf("receive node info: %w", err)
	}
	if s.RemoteInfo, err = s.lib.DecodeNodeInfo(body); err != nil {
		return fmt.Errorf("decode node info: %w", err)
	}
	return s.raw.SetDeadline(time.Time{})
}

func (s *session) close() { s.raw.Close() }

func (s *session) writeDelimited(body []byte) error {
	buf := binary.AppendUvarint(make([]byte, 0, len(body)+3), uint64(len(body)))
	s.writing.Lock()
	defer s.writing.Unlock()
	_, err := s.sealed.Write(append(buf, body...))
	return err
}

func (s *session) readDelimited(limit uint64) ([]byte, error) {
	n, err := binary.ReadUvarint(s.in)
	if err != nil {
		return nil, err
	}
	if n > limit {
		return nil, fmt.Errorf("message of %d bytes exceeds %d", n, limit)
	}
	body := make([]byte, n)
	if _, err := io.ReadFull(s.in, body); err != nil {
		return nil, err
	}
	return body, nil
}

func (s *session) sendPacket(p Packet) error {
	body, err := s.lib.EncodePacket(p)
	if err != nil {
		return fmt.Errorf("encode packet: %w", err)
	}
	return s.writeDelimited(body)
}

// sendMessage cuts a channel message into packets.
func (s *session) sendMessage(channel int32, message []byte) error {
	for {
		n := min(len(message), maxPacketData)
		last := n == len(message)
		err := s.sendPacket(Packet{Kind: PacketMsg, Channel: channel, EOF: last, Data: message[:n]})
		if err != nil || last {
			return err
		}
		message = message[n:]
	}
}

func (s *session) sendPexRequest() error {
	body, err := s.lib.EncodePexRequest()
	if err != nil {
		return fmt.Errorf("encode request: %w", err)
	}
	return s.sendMessage(0, body)
}

func (s *session) readPacket() (Packet, error) {
	body, err := s.readDelimited(maxPacketBody)
	if err != nil {
		return Packet{}, err
	}
	p, err := s.lib.DecodePacket(body)
	if err != nil {
		return Packet{}, fmt.Errorf("decode packet: %w", err)
	}
	return p, nil
}

// handshaker opens sessions that look like PEX-only nodes.
type handshaker struct {
	lib     Library
	to      target
	network string
}

// connect does everything up to the NodeInfo exchange with a fresh identity.
func (h *handshaker) connect(key ed25519.PrivateKey, source net.IP) (*session, error) {
	s, err := dialSession(h.lib, h.to.hostPort, source)
	if err != nil {
		return nil, fmt.Errorf("dial: %w", err)
	}
	if err := s.secure(key); err != nil {
		s.close()
		return nil, err
	}
	if s.RemoteID != h.to.id {
		s.close()
		return nil, fmt.Errorf("dialed %s, reached %s", h.to.id, s.RemoteID)
	}
	if err := s.exchangeInfo(plainInfo(h.lib, key, h.network, source)); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// plainInfo is the NodeInfo of a peer that does nothing but peer exchange.
func plainInfo(lib Library, key ed25519.PrivateKey, network string, ip net.IP) NodeInfo {
	software, p2p, block := lib.Versions()
	listen := "tcp://0.0.0.0:26656"
	if ip != nil {
		listen = "tcp://" + net.JoinHostPort(ip.String(), "26656")
	}
	return NodeInfo{
		P2P: p2p, Block: block, ID: keyID(key), ListenAddr: listen,
		Network: network, Version: software, Channels: HexBytes{0x00}, Moniker: "gopeer",
	}
}
