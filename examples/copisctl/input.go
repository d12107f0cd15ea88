// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
)

// input is a file to be read more than once, decompressed.
type input struct {
	*os.File
	spooled bool
	broken  error // what ended it before its end: it is to be read as far as it goes
}

// openInput opens a file, or standard input for "-". What cannot be read
// twice, such as a pipe or a compressed file, which is known by its first
// bytes, is copied to a temporary file.
func openInput(ctx context.Context, name string, stdin io.Reader) (*input, error) {
	source := stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		source = f
	}
	in := bufio.NewReader(&untilDone{ctx, source})
	magic, err := in.Peek(2)
	packed := bytes.Equal(magic, []byte{0x1f, 0x8b})
	if f, ok := source.(*os.File); ok {
		if info, serr := f.Stat(); err == nil && serr == nil && info.Mode().IsRegular() && !packed {
			return &input{File: f}, nil
		}
		defer f.Close()
	}
	if err != nil && err != io.EOF {
		return nil, err
	}
	return spool(in, packed)
}

// spool copies in to a temporary file, as far as it can be read.
func spool(in io.Reader, packed bool) (*input, error) {
	f, err := os.CreateTemp("", "copisctl")
	if err != nil {
		return nil, err
	}
	out := &input{File: f, spooled: true}
	write := &noting{Writer: f}
	if packed {
		err = unpack(write, in)
	} else {
		_, err = io.Copy(write, in)
	}
	if write.err != nil || errors.Is(err, context.Canceled) {
		return nil, errors.Join(err, out.Close())
	}
	if err != nil {
		out.broken = fmt.Errorf("input is not whole: %w", err)
	}
	return out, nil
}

func unpack(out io.Writer, in io.Reader) error {
	z, err := gzip.NewReader(in)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, z)
	return err
}

// Close closes the file, and removes it if it is the copy.
func (in *input) Close() error {
	err := in.File.Close()
	if in.spooled {
		err = errors.Join(err, os.Remove(in.Name()))
	}
	return err
}

// untilDone is a reader that ends with its context.
type untilDone struct {
	ctx context.Context
	in  io.Reader
}

func (r *untilDone) Read(b []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.in.Read(b)
}

// noting is a writer that keeps its error, so that it can be told from the
// reader's.
type noting struct {
	io.Writer
	err error
}

func (w *noting) Write(b []byte) (n int, err error) {
	n, err = w.Writer.Write(b)
	w.err = err
	return n, err
}
