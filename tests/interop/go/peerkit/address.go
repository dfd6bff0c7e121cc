package peerkit

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	mrand "math/rand/v2"
	"net"
	"strconv"
	"strings"
)

func (a PexAddr) String() string {
	return a.ID + "@" + net.JoinHostPort(a.IP, strconv.FormatUint(uint64(a.Port), 10))
}

// target is an address to connect to.
type target struct {
	id       string
	hostPort string
}

// parseTarget accepts ID@ip:port on a loopback address only: the raw client
// and the benchmarks misbehave on purpose and must not reach strangers.
func parseTarget(addr string) (target, error) {
	id, hostPort, found := strings.Cut(stripScheme(addr), "@")
	if !found {
		return target{}, usageError("address %q is not ID@ip:port", addr)
	}
	host, _, err := net.SplitHostPort(hostPort)
	if err != nil {
		return target{}, usageError("address %q: %v", addr, err)
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return target{}, usageError("address %q is not a loopback address", addr)
	}
	return target{id: id, hostPort: hostPort}, nil
}

// loopbackAt gives the n-th address after base inside 127.0.0.0/8, skipping
// those that end in 0 or 255.
func loopbackAt(base net.IP, n int) net.IP {
	b := base.To4()
	start := uint32(b[1])<<16 | uint32(b[2])<<8
	low := uint32(n)%254 + 1
	high := uint32(n) / 254 << 8
	v := (start + high + low) & 0xffffff
	return net.IPv4(127, byte(v>>16), byte(v>>8), byte(v))
}

func newKey() ed25519.PrivateKey {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(fmt.Sprintf("entropy: %v", err))
	}
	return key
}

func keyID(key ed25519.PrivateKey) string {
	sum := sha256.Sum256(key.Public().(ed25519.PublicKey))
	return hex.EncodeToString(sum[:20])
}

// addrSource makes distinct addresses in 240.0.0.0/4. The library takes them
// for routable, they spread over as many /16 groups as buckets need, and nobody
// owns them, so a node that dials them bothers no stranger.
type addrSource struct {
	seen map[uint32]bool
}

func newAddrSource() *addrSource { return &addrSource{seen: map[uint32]bool{}} }

func (s *addrSource) next() PexAddr {
	for {
		v := mrand.Uint32() | 0xf0000000
		if s.seen[v] || v == 0xffffffff {
			continue
		}
		s.seen[v] = true
		var id [20]byte
		for i := range id {
			id[i] = byte(mrand.Uint32())
		}
		ip := net.IPv4(byte(v>>24), byte(v>>16), byte(v>>8), byte(v))
		return PexAddr{ID: hex.EncodeToString(id[:]), IP: ip.String(), Port: 26656}
	}
}
