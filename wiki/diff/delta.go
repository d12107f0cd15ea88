// SPDX-License-Identifier: BSD-3-Clause

package diff

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"hash/crc32"
	"io"
)

// A delta is a byte that says in which form it is, the length of the text (a
// varint), the CRC-32 (IEEE) of the text (4 bytes, big endian), and its steps,
// which go through the base once: three varints each, how many bytes to copy,
// how many to leave out, how many to insert; then those.
const (
	plain    = 1 // the steps as they are
	deflated = 2 // the steps in DEFLATE
)

// worthwhile is from how many bytes on steps are compressed, if that makes
// them shorter. To set a compressor up costs more than a short delta saves.
const worthwhile = 1 << 10

// level is that of compress/flate: the last one short of those that take
// several times as long for texts of few different characters.
const level = 5

func encode(base, text string) []byte {
	head := binary.AppendUvarint([]byte{plain}, uint64(len(text)))
	head = binary.BigEndian.AppendUint32(head, crc32.ChecksumIEEE([]byte(text)))
	steps := steps(base, text)
	if len(steps) >= worthwhile {
		var b bytes.Buffer
		// The level is valid, and a buffer takes all that is written.
		w, _ := flate.NewWriter(&b, level)
		_, _ = w.Write(steps)
		_ = w.Close()
		if b.Len() < len(steps) {
			head[0], steps = deflated, b.Bytes()
		}
	}
	return append(head, steps...)
}

// steps makes text of base: the edits of the line diff, less what the two
// sides of an edit have in common at both ends.
func steps(base, text string) []byte {
	var out []byte
	at := 0
	for _, e := range Lines(base, text).Edits {
		old, new := base[e.Old.From:e.Old.To], text[e.New.From:e.New.To]
		head := equalHead(old, new)
		old, new = old[head:], new[head:]
		tail := equalTail(old, new)
		old, new = old[:len(old)-tail], new[:len(new)-tail]
		from := e.Old.From + head
		out = appendStep(out, from-at, len(old), new)
		at = from + len(old)
	}
	if at < len(base) {
		out = appendStep(out, len(base)-at, 0, "")
	}
	return out
}

func appendStep(out []byte, keep, skip int, insert string) []byte {
	out = binary.AppendUvarint(out, uint64(keep))
	out = binary.AppendUvarint(out, uint64(skip))
	out = binary.AppendUvarint(out, uint64(len(insert)))
	return append(out, insert...)
}

func decode(base string, delta []byte) (string, error) {
	if len(delta) == 0 {
		return "", ErrDelta
	}
	length, n := binary.Uvarint(delta[1:])
	if n <= 0 || len(delta) < 1+n+crc32.Size {
		return "", ErrDelta
	}
	sum := binary.BigEndian.Uint32(delta[1+n:])
	steps := delta[1+n+crc32.Size:]
	switch delta[0] {
	case plain:
	case deflated:
		in := bytes.NewReader(steps)
		var err error
		if steps, err = io.ReadAll(flate.NewReader(in)); err != nil || in.Len() > 0 {
			return "", ErrDelta
		}
	default:
		return "", ErrDelta
	}
	// Every byte of the text is one of base or of the steps, and none is used
	// twice.
	if length > uint64(len(base)+len(steps)) {
		return "", ErrDelta
	}
	text := make([]byte, 0, length)
	for len(steps) > 0 {
		var step [3]uint64 // keep, skip, insert
		for i := range step {
			v, n := binary.Uvarint(steps)
			if n <= 0 {
				return "", ErrDelta
			}
			step[i], steps = v, steps[n:]
		}
		keep, skip, insert := step[0], step[1], step[2]
		if keep > uint64(len(base)) || skip > uint64(len(base))-keep || insert > uint64(len(steps)) {
			return "", ErrDelta
		}
		text = append(text, base[:keep]...)
		text = append(text, steps[:insert]...)
		base, steps = base[keep+skip:], steps[insert:]
	}
	if uint64(len(text)) != length || crc32.ChecksumIEEE(text) != sum {
		return "", ErrDelta
	}
	return string(text), nil
}
