s/CometBFT v0\.38/Tendermint v0.34/
s,github.com/cometbft/cometbft,github.com/tendermint/tendermint,
s,github.com/cosmos/gogoproto/types,github.com/gogo/protobuf/types,
# envelopes were an extension that peers could lack
s/p\.TrySend(\(p2p\.Envelope{.*}\))$/p2p.TrySendEnvelopeShim(p, \1, r.Logger)/
s/) Receive(e p2p\.Envelope)/) ReceiveEnvelope(e p2p.Envelope)/
