// SPDX-License-Identifier: BSD-3-Clause

package sqlstore

import (
	"fmt"
	"strconv"
	"time"

	"github.com/copis-it/copis/storage"
)

// Fields are read through these types and through [storage.ID], which all are
// [sql.Scanner]s: they take what the drivers of both databases give, and NULL
// is zero. A pointer to a field becomes one by conversion: (*number)(&t.Seq).
type (
	number int
	octet  uint8
	span   time.Duration // kept in nanoseconds
	moment time.Time     // kept in microseconds
	flag   bool
	text   string
	long   int64
	key    [16]byte // kept like an ID
	sum    [32]byte
	binary []byte
)

func (n *number) Scan(src any) error {
	v, err := integer(src)
	*n = number(v)
	return err
}

func (o *octet) Scan(src any) error {
	v, err := integer(src)
	*o = octet(v)
	return err
}

func (s *span) Scan(src any) error {
	v, err := integer(src)
	*s = span(v)
	return err
}

func (f *flag) Scan(src any) error {
	if v, ok := src.(bool); ok {
		*f = flag(v)
		return nil
	}
	v, err := integer(src)
	*f = v != 0
	return err
}

func (m *moment) Scan(src any) error {
	switch v := src.(type) {
	case time.Time:
		*m = moment(v.UTC())
	case int64:
		*m = moment(time.UnixMicro(v).UTC())
	case nil:
		*m = moment{}
	default:
		return unreadable("time", src)
	}
	return nil
}

func (t *text) Scan(src any) error {
	switch v := src.(type) {
	case string:
		*t = text(v)
	case []byte:
		*t = text(v)
	case nil:
		*t = ""
	default:
		return unreadable("text", src)
	}
	return nil
}

func (l *long) Scan(src any) (err error) {
	*(*int64)(l), err = integer(src)
	return err
}

func (k *key) Scan(src any) error {
	var id storage.ID[key]
	err := id.Scan(src)
	*k = id.Bytes()
	return err
}

func (s *sum) Scan(src any) error {
	b, ok := src.([]byte)
	if src != nil && (!ok || len(b) != len(s)) {
		return unreadable("32 bytes", src)
	}
	*s = sum{}
	copy(s[:], b)
	return nil
}

func (b *binary) Scan(src any) error {
	v, ok := src.([]byte)
	if src != nil && !ok {
		return unreadable("bytes", src)
	}
	*b = append([]byte(nil), v...)
	return nil
}

func integer(src any) (int64, error) {
	switch v := src.(type) {
	case int64:
		return v, nil
	case nil:
		return 0, nil
	case []byte: // as some drivers give what they do not know
		return strconv.ParseInt(string(v), 10, 64)
	}
	return 0, unreadable("integer", src)
}

func unreadable(want string, src any) error {
	return fmt.Errorf("sqlstore: a column has %T, not %s", src, want)
}
