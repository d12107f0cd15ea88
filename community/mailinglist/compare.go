// SPDX-License-Identifier: BSD-3-Clause

package mailinglist

import (
	"context"
	"errors"
	"slices"

	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
)

// pageLevels is how deep the archive's own page shows answers.
const pageLevels = 3

// compare reads the threads back as a member would and counts the messages
// that stand where the archive's own page has them.
func (im *run) compare(ctx context.Context) error {
	byN := map[int]int{}
	var of []int // messages that have become a post, those of a topic side by side
	for i, h := range im.tree.headers {
		if _, double := byN[h.n.n]; h.n.set && !h.n.null && !double {
			byN[h.n.n] = i
		}
		if h.page.set {
			im.report.PageParents++
			if !im.posts[i].Topic.IsZero() {
				of = append(of, i)
			}
		}
	}
	slices.SortFunc(of, func(a, b int) int { return im.posts[a].Topic.Compare(im.posts[b].Topic) })
	service := im.service(im.cfg.Store)
	for len(of) > 0 {
		topic := im.posts[of[0]].Topic
		end := slices.IndexFunc(of, func(i int) bool { return im.posts[i].Topic != topic })
		if end < 0 {
			end = len(of)
		}
		shown, err := shownBelow(ctx, service, topic)
		if err != nil {
			return err
		}
		for _, i := range of[:end] {
			if im.asOnPage(i, shown, byN) {
				im.report.PageParentEqual++
			}
		}
		of = of[end:]
	}
	return nil
}

// asOnPage reports whether message i is shown where the archive has it.
func (im *run) asOnPage(i int, shown map[forum.ReplyID]forum.ReplyID, byN map[int]int) bool {
	page, post := im.tree.headers[i].page, im.posts[i]
	if page.null || post.Reply.IsZero() {
		return page.null && post.Reply.IsZero()
	}
	above, there := shown[post.Reply]
	j, known := byN[page.n]
	return there && known && im.posts[j] == forum.Post{Topic: post.Topic, Reply: above}
}

// shownBelow returns for each reply of a topic the one that it is shown below
// on a page of pageLevels, zero for the first post.
func shownBelow(ctx context.Context, service *forum.Service, topic forum.TopicID) (map[forum.ReplyID]forum.ReplyID, error) {
	shown := map[forum.ReplyID]forum.ReplyID{}
	level := map[forum.ReplyID]int{}
	replies := storage.All(ctx, func(after storage.Cursor) (storage.Page[forum.Reply], error) {
		t, err := service.Thread(ctx, importer, forum.ThreadPage{Topic: topic, After: after, Limit: storage.MaxLimit})
		return t.Replies, err
	})
	for r, err := range replies {
		if errors.Is(err, storage.ErrNotFound) { // removed meanwhile
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		// A parent comes before its answers. Whoever answers one on the last
		// level is shown beside it.
		above := r.Parent
		if level[above] == pageLevels {
			above = shown[above]
		}
		shown[r.ID], level[r.ID] = above, level[above]+1
	}
	return shown, nil
}
