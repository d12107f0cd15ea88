// SPDX-License-Identifier: BSD-3-Clause

package memory

import (
	"strings"
	"unicode/utf8"

	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
)

// checkTexts refuses a change with what is no text to every adapter.
func checkTexts(c storage.Change) error {
	switch c := c.(type) {
	case forum.InsertBoard:
		return checkText(c.Board.Name, c.Board.Description)
	case forum.UpdateBoard:
		return checkText(c.Board.Name, c.Board.Description)
	case forum.InsertTopic:
		return checkText(c.Topic.Title, c.Topic.Body, c.Topic.Text.Why, c.Topic.Removal.Why)
	case forum.UpdateTopic:
		return checkText(c.Topic.Title, c.Topic.Body, c.Topic.Text.Why, c.Topic.Removal.Why)
	case forum.UpdateReply:
		return checkReply(c.Reply)
	case forum.InsertRevision:
		return checkText(c.Revision.Title, c.Revision.Body, c.Revision.Why)
	case forum.PutDraft:
		return checkText(c.Draft.Place, c.Draft.Title, c.Draft.Body)
	case forum.DeleteDraft:
		return checkText(c.Place)
	case storage.Once:
		return checkText(c.Key)
	case storage.Event:
		return checkText(c.Name, string(c.Data))
	}
	return nil
}

func checkReply(r forum.Reply) error { return checkText(r.Body, r.Text.Why, r.Removal.Why) }

func checkText(all ...string) error {
	for _, s := range all {
		if !utf8.ValidString(s) || strings.IndexByte(s, 0) >= 0 {
			return &storage.Invalid{Code: storage.CodeMalformed}
		}
	}
	return nil
}
