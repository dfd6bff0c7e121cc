package main

import (
	"encoding/binary"
	"math/rand"
)

// A varint in a form that is longer than it must be, sometimes longer than is allowed.
func longVarint(r *rand.Rand, value uint64) []byte {
	bytes := binary.AppendUvarint(nil, value)
	last := len(bytes) - 1
	bytes[last] |= 0x80
	for n := r.Intn(10 - last); n > 0; n-- {
		bytes = append(bytes, 0x80)
	}
	return append(bytes, []byte{0, 0, 0, 1, 2, 0x7f}[r.Intn(6)])
}

func varint(r *rand.Rand, value uint64) []byte {
	if r.Intn(4) == 0 {
		return longVarint(r, value)
	}
	return binary.AppendUvarint(nil, value)
}

// One field of any number and wire type, well-formed or not quite.
func field(r *rand.Rand, depth int) []byte {
	numbers := []uint64{0, 1, 2, 3, 8, 9, 9, 9, 9, 10, 10, 10, 10, 100, 100, 100, 100, 1<<29 - 1, 1 << 29,
		1<<31 - 1, 1 << 31, 1<<32 + 1, 1<<32 + 2}
	wire := []uint64{0, 0, 0, 1, 2, 2, 2, 2, 3, 3, 5, uint64(r.Intn(8))}[r.Intn(12)]
	bytes := varint(r, numbers[r.Intn(len(numbers))]<<3|wire)
	switch wire {
	case 0:
		return append(bytes, varint(r, r.Uint64()>>r.Intn(64))...)
	case 1:
		return append(bytes, make([]byte, 8-r.Intn(8)/7)...)
	case 2:
		n := r.Intn(5)
		bytes = append(bytes, varint(r, uint64(n+r.Intn(12)/11))...)
		return append(bytes, make([]byte, n)...)
	case 3:
		for n := r.Intn(3); n > 0 && depth > 0; n-- {
			bytes = append(bytes, field(r, depth-1)...)
		}
		return append(bytes, varint(r, numbers[r.Intn(len(numbers))]<<3|4)...)
	case 5:
		return append(bytes, make([]byte, 4-r.Intn(8)/7)...)
	default:
		return bytes
	}
}

func insert(body []byte, at int, piece []byte) []byte {
	return append(append(append([]byte{}, body[:at]...), piece...), body[at:]...)
}

// Wraps body as field `number`, which often makes it the second member of the same message.
func wrapped(r *rand.Rand, body []byte) []byte {
	return append(append(varint(r, uint64(1+r.Intn(3))<<3|2), varint(r, uint64(len(body)))...), body...)
}

// A change at the top level, or inside the first embedded message whose length can be read.
func mutate(r *rand.Rand, body []byte) []byte {
	if len(body) > 2 && body[0]&7 == 2 && int(body[1]) <= len(body)-2 && r.Intn(3) > 0 {
		end := 2 + int(body[1])
		inner := mutate(r, body[2:end])
		head := append([]byte{body[0]}, binary.AppendUvarint(nil, uint64(len(inner)))...)
		return append(append(head, inner...), body[end:]...)
	}
	switch r.Intn(12) {
	case 0:
		if len(body) > 0 {
			body = append([]byte{}, body...)
			body[r.Intn(len(body))] ^= 1 << r.Intn(8)
		}
		return body
	case 1:
		return append([]byte{}, body[:r.Intn(len(body)+1)]...)
	case 2:
		return append(append([]byte{}, body...), body...)
	case 3:
		return insert(body, 0, field(r, 2))
	case 4:
		return insert(body, len(body), field(r, 2))
	case 5:
		return insert(body, r.Intn(len(body)+1), field(r, 2))
	case 6:
		return wrapped(r, body)
	case 7:
		if len(body) > 1 {
			at := r.Intn(len(body))
			return insert(body[:at], at, append(longVarint(r, uint64(body[at])), body[at+1:]...))
		}
		return body
	default:
		return insert(body, []int{0, len(body)}[r.Intn(2)], field(r, 2))
	}
}
