module luapex/interop/peerkit

go 1.24
