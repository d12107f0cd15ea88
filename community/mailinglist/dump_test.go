// SPDX-License-Identifier: BSD-3-Clause

package mailinglist

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/storage"
)

func TestIndexNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	const good = `{"message_id":"a","date":"2010-01-01T21:21:22+01:00"}`
	for name, c := range map[string]struct {
		dump     string
		messages int
		refused  []Line
	}{
		"nothing":             {"", 0, nil},
		"only lines":          {"\n\n \r\n", 0, nil},
		"good":                {good + "\n", 1, nil},
		"no last line end":    {good, 1, nil},
		"windows":             {good + "\r\n\r\n", 1, nil},
		"byte order mark":     {"\ufeff" + good + "\n", 1, nil},
		"unknown fields":      {`{"x":[1],"message_id":"a","date":"2010-01-01T00:00:00Z"}`, 1, nil},
		"nulls":               {`{"message_id":"a","in_reply_to":null,"references":null,"subject":null,"date":"2010-01-01T00:00:00Z"}`, 1, nil},
		"n is no number":      {`{"n":"x","page_parent":1.5,"message_id":"a","date":"2010-01-01T00:00:00Z"}`, 1, nil},
		"cut":                 {good + "\n" + good[:20], 1, []Line{{2, "line cut"}}},
		"cut in a word":       {good + "\n" + `{"message_id":nul`, 1, []Line{{2, "line cut"}}},
		"cut, but not last":   {good[:20] + "\n" + good, 1, []Line{{1, "line malformed"}}},
		"not JSON":            {"ciao\n" + good, 1, []Line{{1, "line malformed"}}},
		"not an object":       {"[]\n3\n" + good, 1, []Line{{1, "line malformed"}, {2, "line malformed"}}},
		"two on a line":       {good + good, 0, []Line{{1, "line malformed"}}},
		"field of wrong type": {`{"message_id":"a","references":"b"}`, 0, []Line{{1, "references malformed"}}},
		"no id":               {`{"date":"2010-01-01T00:00:00Z"}` + "\n\n" + `{}`, 0, []Line{{1, "message_id missing"}, {3, "message_id missing"}}},
		"no date":             {`{"message_id":"a"}`, 0, []Line{{1, "date malformed"}}},
		"strange date":        {`{"message_id":"a","date":"Fri, 01 Jan 2010"}`, 0, []Line{{1, "date malformed"}}},
		"date before mail":    {`{"message_id":"a","date":"1969-12-31T23:59:59Z"}`, 0, []Line{{1, "date out_of_range"}}},
		"date too late":       {`{"message_id":"a","date":"9999-12-31T23:59:59-01:00"}`, 0, []Line{{1, "date out_of_range"}}},
		"twice":               {good + "\n" + good, 1, []Line{{2, "message_id double"}}},
		"too long":            {good[:len(good)-1] + `,"body":"` + strings.Repeat("x", maxLine) + "\"}\n" + good, 1, []Line{{1, "line too_long (at most 8388608)"}}},
		"just not too long":   {good + strings.Repeat(" ", maxLine-len(good)) + "\n", 1, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			headers, refused, err := index(t.Context(), strings.NewReader(c.dump))
			require.NoError(t, err)
			require.Len(t, headers, c.messages)
			require.Equal(t, c.refused, refused)
		})
	}
}

// Each message is found again where its header says it is.
func TestReadMessage(t *testing.T) {
	t.Parallel()
	dump := strings.NewReader("\ufeff{\"message_id\":\"a\",\"date\":\"2010-01-01T00:00:00Z\",\"body\":\"uno\"}\r\n\n" +
		"{\"message_id\":\"b\",\"date\":\"2010-01-01T00:00:00Z\",\"body\":\"due\xff\"}")
	headers, refused, err := index(t.Context(), dump)
	require.NoError(t, err)
	require.Empty(t, refused)
	require.Len(t, headers, 2)
	for i, want := range []message{{Body: "uno"}, {Body: "due\ufffd", foreign: true}} {
		m, err := readMessage(dump, headers[i])
		require.NoError(t, err)
		require.Equal(t, want, m)
	}
	_, err = readMessage(strings.NewReader("cut"), headers[1])
	require.ErrorIs(t, err, io.EOF)
	_, err = readMessage(strings.NewReader(strings.Repeat("x", 1000)), headers[1])
	require.ErrorIs(t, err, storage.ErrInvalid)
}

func TestIndexEndsWithItsContextAndItsReader(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, err := index(ctx, strings.NewReader(strings.Repeat("\n", 5000)))
	require.ErrorIs(t, err, context.Canceled)

	broken := errors.New("disk")
	_, refused, err := index(t.Context(), &failing{strings.NewReader("x\nhalf a li"), broken})
	require.ErrorIs(t, err, broken)
	require.Equal(t, []Line{{1, "line malformed"}}, refused)
}

// failing is a reader that ends with an error.
type failing struct {
	*strings.Reader
	err error
}

func (f *failing) Read(b []byte) (int, error) {
	n, err := f.Reader.Read(b)
	if err == io.EOF {
		err = f.err
	}
	return n, err
}

// dated makes headers of "id date: refs", the nearest reference first; dates
// are days.
func dated(t *testing.T, lines ...string) []header {
	t.Helper()
	var out []header
	for i, line := range lines {
		head, refs, _ := strings.Cut(line, ":")
		id, day, _ := strings.Cut(head, " ")
		at, err := time.Parse("2", day)
		require.NoError(t, err)
		h := header{line: i + 1, key: keyOf(id), date: at.AddDate(2010, 0, 0)}
		for _, ref := range strings.Fields(refs) {
			h.refs = append(h.refs, keyOf(ref))
		}
		out = append(out, h)
	}
	return out
}

func TestLink(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		lines  []string
		parent []int
		order  []int
	}{
		"chain":                   {[]string{"a 1:", "b 2: a", "c 3: b a"}, []int{-1, 0, 1}, []int{0, 1, 2}},
		"backwards in the file":   {[]string{"c 3: b a", "b 2: a", "a 1:"}, []int{1, 2, -1}, []int{2, 1, 0}},
		"nearest is missing":      {[]string{"a 1:", "c 3: b a"}, []int{-1, 0}, []int{0, 1}},
		"all are missing":         {[]string{"a 1:", "c 3: x y"}, []int{-1, -1}, []int{0, 1}},
		"nearest comes later":     {[]string{"a 1:", "c 3: b a", "b 2: a"}, []int{-1, 2, 0}, []int{0, 2, 1}},
		"clock behind the parent": {[]string{"a 9:", "b 2: a", "c 3: b", "d 5:"}, []int{-1, 0, 1, -1}, []int{3, 0, 1, 2}},
		"same date":               {[]string{"b 1: a", "a 1:", "c 1:"}, []int{1, -1, -1}, []int{1, 2, 0}},
		"two in a circle":         {[]string{"b 2: a", "a 1: b"}, []int{1, -1}, []int{1, 0}},
		"three in a circle":       {[]string{"b 2: a", "c 3: b", "a 1: c"}, []int{2, 0, -1}, []int{2, 0, 1}},
		"out of a circle":         {[]string{"z 1:", "a 2: b z", "b 3: a"}, []int{-1, 0, 1}, []int{0, 1, 2}},
		"siblings by date":        {[]string{"a 1:", "b 3: a", "c 2: a"}, []int{-1, 0, 0}, []int{0, 2, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := link(dated(t, c.lines...))
			require.Equal(t, c.parent, got.parent)
			require.Equal(t, c.order, got.order)
		})
	}
}

// The tree of any references is a forest, ordered so that it can be written,
// and the same however the file is shuffled.
func TestLinkAnyReferences(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		n := 1 + random.IntN(30)
		headers := make([]header, n)
		for i := range headers {
			h := header{key: keyOf(string(rune('A' + i))), date: time.Unix(int64(i), 0).UTC()}
			for range random.IntN(4) {
				h.refs = append(h.refs, keyOf(string(rune('A'+random.IntN(n+3)))))
			}
			h.refs = slices.DeleteFunc(h.refs, func(k uuid.UUID) bool { return k == h.key })
			headers[i] = h
		}
		parents := func(tr tree) map[uuid.UUID]uuid.UUID {
			out := map[uuid.UUID]uuid.UUID{}
			place := map[int]int{}
			for at, i := range tr.order {
				place[i] = at
			}
			require.Len(t, place, n)
			for i, p := range tr.parent {
				if p >= 0 {
					require.Less(t, place[p], place[i], "a parent is written first")
					require.Contains(t, tr.headers[i].refs, tr.headers[p].key)
					out[tr.headers[i].key] = tr.headers[p].key
				}
			}
			return out
		}
		first := parents(link(headers))
		shuffled := slices.Clone(headers)
		random.Shuffle(n, func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		require.Equal(t, first, parents(link(shuffled)))
	}
}

// A chain of a hundred thousand, latest first, takes no time and no stack.
func TestLinkLongChain(t *testing.T) {
	t.Parallel()
	const n = 100_000
	headers := make([]header, n)
	for i := range headers {
		headers[i] = header{key: keyOf(time.Unix(int64(i), 0).String()), date: time.Unix(int64(n-i), 0)}
		if i > 0 {
			headers[i-1].refs = []uuid.UUID{headers[i].key}
		}
	}
	tr := link(headers)
	require.Equal(t, n-1, tr.order[0])
	require.Equal(t, 0, tr.order[n-1])
}

// Whatever a line is, it is a message or it is refused.
func FuzzIndex(f *testing.F) {
	f.Add([]byte(`{"n":1,"message_id":"a","in_reply_to":"b","references":["c"],"date":"2010-01-01T00:00:00Z","author":"x","subject":"Re: y","body":"z","page_parent":null}` + "\n"))
	f.Add([]byte("{\"message_id\":\"a\",\"date\":\"2010-01-01T00:00:00Z\"}\r\n\n{\"message_id\":"))
	f.Fuzz(func(t *testing.T, dump []byte) {
		headers, refused, err := index(t.Context(), bytes.NewReader(dump))
		require.NoError(t, err)
		said := map[int]int{}
		for _, h := range headers {
			said[h.line]++
			m, err := readMessage(bytes.NewReader(dump), h)
			require.NoError(t, err)
			got := clean(m, true)
			_, err = storage.Line("title", got.title, 200)
			require.NoError(t, err)
			_, err = storage.Text("body", got.body, 20_000)
			require.NoError(t, err)
		}
		for _, l := range refused {
			said[l.Line]++
		}
		lines := bufio.NewScanner(bytes.NewReader(dump))
		lines.Buffer(nil, len(dump)+1)
		for n := 1; lines.Scan(); n++ {
			want := 1
			if len(bytes.TrimSpace(lines.Bytes())) == 0 {
				want = 0
			}
			require.Equal(t, want, said[n], "line %d", n)
		}
		link(headers)
	})
}
