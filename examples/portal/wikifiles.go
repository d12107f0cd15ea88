// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"bufio"
	"errors"
	"io"
	"mime"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/wiki"
)

// maxFile is the largest attachment, in bytes, and uploadTime what sending one
// may take.
const (
	maxFile    = 10 << 20
	uploadTime = time.Minute
)

// A fileRow is an attachment in a list: its newest revision.
type fileRow struct {
	wiki.Attachment
	Author byline
}

// Kilobytes is its size, rounded up.
func (x fileRow) Kilobytes() int { return int((x.Size + 1023) / 1024) }

// wikiFilesView lists what is attached to a page.
type wikiFilesView struct {
	Page      wiki.Page
	Files     []fileRow
	MayAttach bool
	Megabytes int
	Form      fields
}

func (p *portal) wikiFiles(v *visit) (wikiFilesView, error) {
	id, err := v.wikiPageID()
	if err != nil {
		return wikiFilesView{}, err
	}
	shown, err := p.c.Wiki.View(v.ctx(), v.who, id)
	if err != nil {
		return wikiFilesView{}, err
	}
	all, err := p.c.Wiki.Attachments(v.ctx(), v.who, id)
	if err != nil {
		return wikiFilesView{}, err
	}
	all = slices.DeleteFunc(all, func(a wiki.Attachment) bool { return a.Removal.State != wiki.Visible })
	view := wikiFilesView{Page: shown.Page, MayAttach: p.wikiRights(v, shown.Page).Edit, Megabytes: maxFile >> 20, Form: fields{Names: []string{"file", "why"}, Value: map[string]string{}, Error: map[string]string{}}}
	for _, a := range all {
		view.Files = append(view.Files, fileRow{a, p.byline(v, a.By)})
	}
	return view, nil
}

func (p *portal) wikiFilesPage(v *visit) error {
	view, err := p.wikiFiles(v)
	if err != nil {
		return err
	}
	return p.show(v, "wikifiles", p.t(v, "wiki.files"), view)
}

// attach takes a file as it comes: it is never whole in memory.
func (p *portal) attach(v *visit) error {
	id, err := v.wikiPageID()
	if err != nil {
		return err
	}
	_, err = p.attachTo(v, id)
	if err == nil {
		return p.redirect(v, query(p.url("pages", id, "files"), "done", "attached"))
	}
	view, verr := p.wikiFiles(v)
	if verr != nil {
		return verr
	}
	var invalid *storage.Invalid
	if errors.As(err, &invalid) && invalid.Field != "why" {
		invalid.Field = "file"
	}
	status, err := p.refuse(v, &view.Form, err)
	if err != nil {
		return err
	}
	return p.again(v, status, "wikifiles", p.t(v, "wiki.files"), view)
}

func (p *portal) attachTo(v *visit, id wiki.PageID) (wiki.Attachment, error) {
	missing := &storage.Invalid{Field: "file", Code: storage.CodeMissing}
	parts, err := v.r.MultipartReader()
	if err != nil { // a form that holds no file
		return wiki.Attachment{}, missing
	}
	in := wiki.NewFile{Page: id}
	for {
		part, err := parts.NextPart()
		switch {
		case errors.Is(err, io.EOF):
			return wiki.Attachment{}, missing
		case err != nil && isTooLarge(err):
			return wiki.Attachment{}, err
		case err != nil:
			return wiki.Attachment{}, errMalformed
		}
		switch part.FormName() {
		case "why":
			b, err := io.ReadAll(io.LimitReader(part, 4*wiki.MaxWhy+1))
			if err != nil {
				return wiki.Attachment{}, errMalformed
			}
			in.Why = string(b)
		case "file": // the last field of the form
			if part.FileName() == "" {
				return wiki.Attachment{}, missing
			}
			content := bufio.NewReaderSize(part, 512)
			head, _ := content.Peek(512) // what is there, of a short file
			in.Name, in.Type = path.Base(strings.ReplaceAll(part.FileName(), `\`, "/")), http.DetectContentType(head)
			return p.c.Wiki.Attach(v.ctx(), v.who, in, content)
		}
	}
}

// wikiFile gives a file to keep. It is never shown as a page of the portal's,
// whatever its sender said it is.
func (p *portal) wikiFile(v *visit) error {
	id, err := v.wikiPageID()
	if err != nil {
		return err
	}
	file, err := pathID[wiki.Attachment](v, "file")
	if err != nil {
		return err
	}
	a, content, err := p.c.Wiki.Open(v.ctx(), v.who, id, file)
	if err != nil {
		return err
	}
	defer func() { _ = content.Close() }() // nothing was written to it
	h := v.w.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": a.Name}))
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Content-Length", strconv.FormatInt(a.Size, 10))
	_, err = io.Copy(v.w, content)
	return ignoreWrite(err)
}

func (p *portal) detach(v *visit) error {
	id, err := v.wikiPageID()
	if err != nil {
		return err
	}
	file, err := pathID[wiki.Attachment](v, "file")
	if err != nil {
		return err
	}
	if err := p.c.Wiki.Detach(v.ctx(), v.who, id, file, v.field("why")); err != nil {
		return err
	}
	return p.redirect(v, query(p.url("pages", id, "files"), "done", "detached"))
}
