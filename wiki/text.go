// SPDX-License-Identifier: BSD-3-Clause

package wiki

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/wiki/diff"
)

// text checks the text of a page and returns it as it is kept, but for
// mentions.
func (s *Service) text(body string) (string, error) {
	if !s.cfg.Verbatim {
		return storage.Text("body", body, s.cfg.MaxBody)
	}
	switch {
	case len(body) > utf8.UTFMax*s.cfg.MaxBody || utf8.RuneCountInString(body) > s.cfg.MaxBody:
		return "", s.tooLong()
	case !utf8.ValidString(body) || strings.ContainsRune(body, 0):
		return "", &storage.Invalid{Field: "body", Code: storage.CodeMalformed}
	}
	return body, nil
}

func (s *Service) tooLong() error {
	return &storage.Invalid{Field: "body", Code: storage.CodeTooLong, Params: map[string]any{"max": s.cfg.MaxBody}}
}

// address puts the mentions of a text in stored form. It is asked when it is
// decided that the actor may write: nobody else learns from a refusal who has
// a name.
func (s *Service) address(ctx context.Context, body string) (string, error) {
	if s.cfg.Verbatim {
		return body, nil
	}
	body, _, err := auth.StoreMentions(ctx, s.cfg.People, body)
	return body, err
}

// told returns those whom a text mentions, and an earlier one did not, who may
// read the page: only they are told.
func (s *Service) told(ctx context.Context, p Page, earlier, text string) ([]auth.UserID, error) {
	var told []auth.UserID
	before := auth.Mentions(earlier)
	for _, id := range auth.Mentions(text) {
		if slices.Contains(before, id) {
			continue
		}
		switch may, err := s.may(ctx, auth.Actor{User: id}, Read, p); {
		case err != nil:
			return nil, err
		case may:
			told = append(told, id)
		}
	}
	return told, nil
}

// noted is the change that notes whom a text of a page mentions, if anybody.
func noted(id PageID, text string) []storage.Change {
	if users := auth.Mentions(text); len(users) > 0 {
		return []storage.Change{AddMentions{id, users}}
	}
	return nil
}

// ---- texts as they are kept

// decoded returns the text of a blob.
func decoded(b, frame Blob) (string, error) {
	if b.Frame == b.N {
		return diff.Decode("", b.Data)
	}
	base, err := diff.Decode("", frame.Data)
	if err != nil {
		return "", err
	}
	return diff.Decode(base, b.Data)
}

// text returns that of the Current revision.
func (e Edit) text() (string, error) { return decoded(e.Blob, e.Frame) }

// next returns the text of the next revision as it is kept: as the difference
// from the frame of the Current one, as long as all differences from it weigh no
// more than it does. So no chain grows, any text is read with two blobs, and
// those of a page together weigh a few times its frames.
func (e Edit) next(text string) (Blob, error) {
	n := e.Page.Current + 1
	frame := e.Frame
	if e.Blob.Frame == e.Blob.N {
		frame = e.Blob
	}
	if frame.N > 0 {
		base, err := diff.Decode("", frame.Data)
		if err != nil {
			return Blob{}, err
		}
		data := diff.Encode(base, text)
		if weight := e.Blob.Weight + len(data); weight <= len(frame.Data) {
			return Blob{N: n, Frame: frame.N, Weight: weight, Data: data}, nil
		}
	}
	return keyframe(n, text), nil
}

// keyframe is a text that is kept whole. It weighs nothing: a weight is that of
// what hangs on it.
func keyframe(n int, text string) Blob { return Blob{N: n, Frame: n, Data: diff.Encode("", text)} }

// textsOf returns the texts of revisions of a page, in the order asked for.
func (s *Service) textsOf(ctx context.Context, id PageID, n ...int) ([]string, error) {
	blobs, err := s.cfg.Store.Blobs(ctx, id, n...)
	if err != nil {
		return nil, err
	}
	by := map[int]Blob{}
	for _, b := range blobs {
		by[b.N] = b
	}
	out := make([]string, len(n))
	for i, n := range n {
		if out[i], err = decoded(by[n], by[by[n].Frame]); err != nil {
			return nil, err
		}
	}
	return out, nil
}
