// SPDX-License-Identifier: BSD-3-Clause

package storetest

import (
	"encoding"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/google/uuid"
)

// seeds are enough fillings to tell any two fields of small kinds apart: for
// each pair there is one in which they differ.
const seeds = 7

// fill returns a V each of whose fields, however deep, has a value of its own
// that is not the zero one. A field of a kind that it does not know fails the
// test, and so does a column that a store forgets: it comes back different.
func fill[V any](t *testing.T, seed int) V {
	t.Helper()
	var v V
	n := 0
	fillValue(t, reflect.ValueOf(&v).Elem(), reflect.TypeFor[V]().Name(), seed, &n)
	return v
}

func fillValue(t *testing.T, v reflect.Value, path string, seed int, n *int) {
	t.Helper()
	*n++
	bit := *n>>seed&1 == 1 // fields differ in at least one bit of their number
	if id, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok && v.Type() != reflect.TypeFor[time.Time]() {
		must(t, id.UnmarshalText([]byte(uuid.Must(uuid.NewV7()).String())))
		return
	}
	switch v.Interface().(type) {
	case time.Time:
		v.Set(reflect.ValueOf(at(1000*seed + *n).Add(time.Duration(*n) * time.Microsecond)))
		return
	case time.Duration:
		v.SetInt(int64(time.Duration(1000*seed+*n)*time.Hour + time.Microsecond))
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fillValue(t, v.Field(i), path+"."+v.Type().Field(i).Name, seed, n)
		}
	case reflect.String:
		v.SetString(fmt.Sprintf("%s %d «è»", path, seed))
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(1000*seed + *n))
	case reflect.Uint8: // a small word: all have the values 1 and 2
		v.SetUint(1)
		if bit {
			v.SetUint(2)
		}
	case reflect.Bool:
		v.SetBool(bit)
	case reflect.Array: // a hash
		for i := range v.Len() {
			v.Index(i).SetUint(uint64(uuid.New()[i%16]))
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			fillValue(t, v.Index(i), fmt.Sprintf("%s[%d]", path, i), seed, n)
		}
	default:
		t.Fatalf("%s: this suite cannot fill a %s; teach it", path, v.Type())
	}
}
