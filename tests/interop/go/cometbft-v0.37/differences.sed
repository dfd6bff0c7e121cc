s/CometBFT v0\.38/CometBFT v0.37/
# messages were sent and received in envelopes beside the older calls
s/p\.TrySend(p2p\.Envelope/p.TrySendEnvelope(p2p.Envelope/
s/) Receive(e p2p\.Envelope)/) ReceiveEnvelope(e p2p.Envelope)/
