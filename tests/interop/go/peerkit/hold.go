package peerkit

import (
	"flag"
	"net"
	"sync/atomic"
)

// runHold opens authenticated connections from different loopback addresses
// and keeps them idle, answering pings, until stdin closes.
func runHold(a *app, args []string) error {
	fs := flag.NewFlagSet("hold", flag.ContinueOnError)
	addr := fs.String("addr", "", "ID@ip:port")
	count := fs.Int("count", 100, "connections")
	base := fs.String("source-ip-base", "127.1.0.0", "first /24 to connect from")
	network := fs.String("network", "test-chain", "chain ID")
	if _, err := parseFlags(fs, args); err != nil {
		return err
	}
	to, err := parseTarget(*addr)
	if err != nil {
		return err
	}
	from := net.ParseIP(*base)
	if from.To4() == nil || !from.IsLoopback() {
		return usageError("--source-ip-base %q is not in 127.0.0.0/8", *base)
	}
	h := &handshaker{lib: a.lib, to: to, network: *network}
	var open, pings, messages atomic.Int64
	failures := errorCounts{}
	for i := range *count {
		s, err := h.connect(newKey(), loopbackAt(from, i))
		if err != nil {
			failures.add(err)
			continue
		}
		open.Add(1)
		go func() {
			cause := keepAlive(s, &pings, &messages)
			s.close()
			a.out.event("lost", fields{"local": s.raw.LocalAddr().String(), "error": cause.Error(), "open": open.Add(-1)})
		}()
	}
	a.out.event("holding", fields{"asked": *count, "open": open.Load(), "errors": failures})
	waitForEOF(a.in)
	a.out.event("held", fields{"open": open.Load(), "pings": pings.Load(), "messages": messages.Load()})
	return nil
}

func keepAlive(s *session, pings, messages *atomic.Int64) error {
	for {
		p, err := s.readPacket()
		if err != nil {
			return err
		}
		switch p.Kind {
		case PacketPing:
			pings.Add(1)
			if err := s.sendPacket(Packet{Kind: PacketPong}); err != nil {
				return err
			}
		case PacketMsg:
			messages.Add(1)
		case PacketPong:
		}
	}
}
