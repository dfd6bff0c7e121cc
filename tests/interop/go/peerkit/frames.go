package peerkit

import (
	"crypto/cipher"
	"encoding/binary"
	"fmt"
	"net"
	"reflect"
	"unsafe"
)

const (
	frameLenSize = 4
	framePlain   = frameLenSize + 1024
	frameSealed  = framePlain + 16
)

// sealFrame seals a frame with any chunk length, which the library's Write
// cannot be made to produce. It borrows the unexported send key and nonce of
// the library's SecretConnection; no version exports them.
func sealFrame(sealed net.Conn, chunkLen uint32) ([]byte, error) {
	conn := reflect.ValueOf(sealed)
	if conn.Kind() != reflect.Pointer || conn.Elem().Kind() != reflect.Struct {
		return nil, fmt.Errorf("secret connection is a %T", sealed)
	}
	aead, ok := unexported(conn.Elem(), "sendAead").(cipher.AEAD)
	if !ok {
		return nil, fmt.Errorf("%T has no sendAead", sealed)
	}
	nonce, ok := unexported(conn.Elem(), "sendNonce").(*[12]byte)
	if !ok {
		return nil, fmt.Errorf("%T has no sendNonce", sealed)
	}
	var plain [framePlain]byte
	binary.LittleEndian.PutUint32(plain[:], chunkLen)
	frame := aead.Seal(nil, nonce[:], plain[:], nil)
	counter := binary.LittleEndian.Uint64(nonce[4:])
	binary.LittleEndian.PutUint64(nonce[4:], counter+1)
	return frame, nil
}

func unexported(v reflect.Value, name string) any {
	field := v.FieldByName(name)
	if !field.IsValid() {
		return nil
	}
	return reflect.NewAt(field.Type(), unsafe.Pointer(field.UnsafeAddr())).Elem().Interface()
}
