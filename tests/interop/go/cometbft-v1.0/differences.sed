s/CometBFT v0\.38/CometBFT v1.0/
s/version\.TMCoreSemVer/version.CMTSemVer/
s/\.Peers()\.List()/.Peers().Copy()/
s,cometbft/cometbft/proto/tendermint/p2p,cometbft/cometbft/api/cometbft/p2p/v1,
