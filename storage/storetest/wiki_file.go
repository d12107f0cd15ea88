// SPDX-License-Identifier: BSD-3-Clause

package storetest

import (
	"testing"

	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/wiki"
)

var wikiFilePromises = []promise{
	{"Wiki/Attachments", "of each attachment of a page the newest revision that is selected is given, by key, or all of one, the newest first", false, wikiAttachments},
	{"Wiki/Attachments/Kept", "an update of an attachment leaves its page, its name's key, its number and its bytes as they are", false, wikiAttachmentKept},
}

func wikiAttachments(t *testing.T, s community.Store) {
	h := newScriptorium(t, s)
	p, other := h.writes(nil), h.writes(nil)
	file := func(of wiki.Page, key string, n int, state wiki.State) wiki.Attachment {
		return h.attaches(of, func(a *wiki.Attachment) { a.Key, a.Name, a.N, a.Removal.State = key, key, n, state })
	}
	b1, b2, b10 := file(p, "b", 1, wiki.Visible), file(p, "b", 2, wiki.Visible), file(p, "b", 10, wiki.Deleted)
	a2, a1 := file(p, "a", 2, wiki.Visible), file(p, "a", 1, wiki.Deleted)
	upper, gone := file(p, "B", 1, wiki.Visible), file(p, "à", 1, wiki.Deleted)
	astral, last := file(p, "𝕏", 1, wiki.Visible), file(p, "\uffff", 1, wiki.Visible)
	purged := file(p, "z", 1, wiki.Purged)
	file(other, "a", 3, wiki.Visible)
	for _, ask := range []struct {
		query wiki.AttachmentQuery
		want  []wiki.Attachment
	}{
		{wiki.AttachmentQuery{}, []wiki.Attachment{upper, a2, b2, last, astral}},
		{wiki.AttachmentQuery{Removed: true}, []wiki.Attachment{upper, a2, b10, purged, gone, last, astral}},
		{wiki.AttachmentQuery{Key: "b"}, []wiki.Attachment{b2, b1}},
		{wiki.AttachmentQuery{Key: "b", Removed: true}, []wiki.Attachment{b10, b2, b1}},
		{wiki.AttachmentQuery{Key: "a"}, []wiki.Attachment{a2}},
		{wiki.AttachmentQuery{Key: "a", Removed: true}, []wiki.Attachment{a2, a1}},
		{wiki.AttachmentQuery{Key: "à"}, nil},
		{wiki.AttachmentQuery{Key: "niente", Removed: true}, nil},
	} {
		ask.query.Page = p.ID
		same(t, got(h.w.Attachments(ctx, ask.query))(t), ask.want)
	}
	same(t, h.page(p.ID), p) // an attachment is no update of its page
}

func wikiAttachmentKept(t *testing.T, s community.Store) {
	h := newScriptorium(t, s)
	p, other := h.writes(nil), h.writes(nil)
	a := h.attaches(p, nil)
	next := a
	next.Page, next.Key, next.N, next.Blob = other.ID, "altro", 7, storage.NewID[wiki.Blobs]()
	next.Removal = wiki.Removal{State: wiki.Deleted, At: at(9), By: newBy(), Why: "vecchio"}
	h.do(wiki.UpdateAttachment{Attachment: next})
	a.Removal, a.Version = next.Removal, 2
	same(t, got(h.w.Attachment(ctx, a.ID))(t), a)
	same(t, len(got(h.w.Attachments(ctx, wiki.AttachmentQuery{Page: other.ID, Removed: true}))(t)), 0)
	same(t, got(h.w.Attachments(ctx, wiki.AttachmentQuery{Page: p.ID, Key: a.Key, Removed: true}))(t), []wiki.Attachment{a})
}
