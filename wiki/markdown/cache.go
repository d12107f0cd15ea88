// SPDX-License-Identifier: BSD-3-Clause

package markdown

import (
	"container/list"
	"crypto/sha256"
	"strconv"
	"sync"
)

// Cache keeps rendered texts, so that a text is rendered once and not at each
// read, and a text that was refused is not tried again.
//
// It is asked by the whole text, so only who has read a text gets its rendering:
// what the host hides, removes or changes is out of reach in that moment, with
// nothing to invalidate. It holds nothing of the readers: what one may see, a
// name, the title of a page, is put in by a [View] behind it. When it is full,
// what was not asked for the longest goes. It is safe for concurrent use.
type Cache struct {
	most int

	mu     sync.Mutex
	size   int
	recent *list.List // of *entry, the most recently asked for in front
	byKey  map[cacheKey]*list.Element
}

type cacheKey [sha256.Size]byte

type entry struct {
	key  cacheKey
	doc  Document
	code string // of the refusal, or ""
}

// entryCost is what an entry costs besides its texts, about.
const entryCost = 300 // bytes

func (e *entry) size() int {
	size := entryCost + len(e.doc.html) + 48*len(e.doc.gaps)
	for _, l := range e.doc.links {
		size += 64 + len(l.Title) + len(l.Section) + len(l.Words)
	}
	return size
}

// NewCache returns a Cache that takes about max bytes of memory at most. An
// ordinary post takes 1 to 3 KiB. It panics if max is not positive.
func NewCache(max int) *Cache {
	if max <= 0 {
		panic("markdown: NewCache needs room")
	}
	return &Cache{most: max, recent: list.New(), byKey: map[cacheKey]*list.Element{}}
}

// key depends on the text and on how the renderer shows it.
func (c *Cache) key(print, text string) cacheKey {
	h := sha256.New()
	h.Write([]byte(strconv.Itoa(len(print)) + " " + print + text))
	return cacheKey(h.Sum(nil))
}

func (c *Cache) get(key cacheKey) (*entry, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	at, ok := c.byKey[key]
	if !ok {
		return nil, false
	}
	c.recent.MoveToFront(at)
	return at.Value.(*entry), true
}

func (c *Cache) put(key cacheKey, doc Document, code string) {
	e := &entry{key, doc, code}
	if e.size() > c.most {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.byKey[key]; ok { // another rendered it meanwhile
		return
	}
	c.byKey[key] = c.recent.PushFront(e)
	for c.size += e.size(); c.size > c.most; {
		last := c.recent.Back()
		old := c.recent.Remove(last).(*entry)
		delete(c.byKey, old.key)
		c.size -= old.size()
	}
}
