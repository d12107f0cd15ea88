// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/wiki/markdown"
)

// options are what a portal is made of.
type options struct {
	Store  community.Store
	People *directory
	Base   string       // path under which it is mounted: "/", "/comunita/"
	Origin string       // as browsers see it: "https://comunita.example.it"
	Log    *slog.Logger // never told who does what
	Clock  storage.Clock
	Rates  rates
}

// A portal is the community's host: it turns requests into calls of the
// library and its answers into pages.
type portal struct {
	c        *community.Community
	store    community.Store
	people   *directory
	base     string
	origin   string
	log      *slog.Logger
	clock    storage.Clock
	sessions *sessions
	requests *buckets
	views    views
	pages    *http.ServeMux                // by method and address
	own      *http.CrossOriginProtection   // refuses what other sites send
	texts    map[string]*markdown.Renderer // by language
	assets   map[string]asset              // by name
}

// newPortal assembles a portal. It fails on templates or messages that cannot
// be read, which is a mistake of whoever wrote them.
func newPortal(o options) (*portal, error) {
	p := &portal{
		store: o.Store, people: o.People, base: basePath(o.Base), origin: strings.TrimSuffix(o.Origin, "/"),
		log: o.Log, clock: o.Clock,
		sessions: newSessions(o.Clock),
		requests: newBuckets(o.Clock, o.Rates.Requests),
		own:      http.NewCrossOriginProtection(),
	}
	p.c = community.New(community.Config{
		Store: o.Store, Standing: o.People, People: o.People, Clock: o.Clock,
		Limit:    newPostingLimits(o.Clock, o.Rates.Posting),
		Handlers: []community.Handler{{Name: "log", Handle: p.logEvent}},
	})
	if !plainPath.MatchString(p.base) {
		return nil, fmt.Errorf("base path %q is not of letters, digits and -._~", o.Base)
	}
	// A proxy may call the portal by another name than browsers do.
	if err := p.own.AddTrustedOrigin(p.origin); err != nil {
		return nil, fmt.Errorf("origin %q is not a scheme and a host: https://comunita.example.it", o.Origin)
	}
	p.own.SetDenyHandler(p.serve(func(*visit) error { return errCrossOrigin }))
	p.pages = p.routes()
	var err error
	if p.assets, err = readAssets(); err != nil {
		return nil, err
	}
	if p.views, err = newViews(p); err != nil {
		return nil, err
	}
	p.texts = p.newRenderers()
	return p, nil
}

// logEvent is told of everything that happens. A host would send notices from
// here; the event names objects by their ids, so the log holds nothing personal.
func (p *portal) logEvent(ctx context.Context, e storage.Event) error {
	p.log.DebugContext(ctx, "event", "name", e.Name, "id", e.ID.String())
	return nil
}

// handler returns the whole portal, mounted under its base path.
func (p *portal) handler() http.Handler {
	return p.secured(p.limited(p.own.Handler(p.pages)))
}

// routes lists the pages.
func (p *portal) routes() *http.ServeMux {
	mux := http.NewServeMux()
	for pattern, page := range map[string]func(*visit) error{
		"GET {$}":                       p.home,
		"GET boards/{board}":            p.board,
		"GET unread":                    p.unread,
		"POST unread":                   p.readAll,
		"GET following":                 p.following,
		"GET removed":                   p.removed,
		"GET drafts":                    p.drafts,
		"POST drafts":                   p.dropDraft,
		"GET sign-in":                   p.signInPage,
		"POST sign-in":                  p.signIn,
		"POST sign-out":                 p.signOut,
		"GET accessibility":             p.accessibility,
		"GET status":                    p.status,
		"GET static/{file}":             p.static,
		"GET /.well-known/security.txt": p.securityTxt,

		"GET boards/{board}/new":       p.newTopicPage,
		"POST boards/{board}/new":      p.newTopic,
		"GET boards/{board}/feed.atom": p.boardFeed,
		"GET topics/{topic}":           p.topic,
		"GET topics/{topic}/unread":    p.firstUnread,
		"GET topics/{topic}/feed.atom": p.topicFeed,
		"GET topics/{topic}/reply":     p.replyPage,
		"POST topics/{topic}/reply":    p.reply,
		"POST topics/{topic}/read":     p.readTo,
		"POST topics/{topic}/follow":   p.follow,
		"POST topics/{topic}/pin":      p.pin,
		"POST topics/{topic}/lock":     p.lock,
		"GET topics/{topic}/move":      p.movePage,
		"POST topics/{topic}/move":     p.move,
		"GET topics/{topic}/merge":     p.mergePage,
		"POST topics/{topic}/merge":    p.merge,
		"GET topics/{topic}/split":     p.splitPage,
		"POST topics/{topic}/split":    p.split,
		"GET replies/{reply}":          p.permalink,
	} {
		p.route(mux, pattern, page)
	}
	// What can be done to a topic's first post can be done to a reply.
	for _, post := range []string{"topics/{topic}", "replies/{reply}"} {
		p.route(mux, "GET "+post+"/edit", p.editPage)
		p.route(mux, "POST "+post+"/edit", p.edit)
		p.route(mux, "GET "+post+"/history", p.history)
		p.route(mux, "POST "+post+"/useful", p.useful)
		p.route(mux, "POST "+post+"/delete", p.delete)
		p.route(mux, "POST "+post+"/restore", p.restore)
		p.route(mux, "GET "+post+"/hide", p.hidePage)
		p.route(mux, "POST "+post+"/hide", p.hide)
		p.route(mux, "GET "+post+"/purge", p.purgePage)
		p.route(mux, "POST "+post+"/purge", p.purge)
	}
	if p.base != "/" {
		mux.Handle("GET /{$}", http.RedirectHandler(p.base, http.StatusSeeOther))
	}
	mux.HandleFunc("/", p.serve(func(*visit) error { return storage.ErrNotFound }))
	return mux
}

// route adds a page. Patterns without a leading slash stand under the base path.
func (p *portal) route(mux *http.ServeMux, pattern string, page func(*visit) error) {
	method, path, _ := strings.Cut(pattern, " ")
	if !strings.HasPrefix(path, "/") {
		path = p.base + path
	}
	mux.HandleFunc(method+" "+path, p.serve(page))
}

// url returns the address of a page: its parts become segments below the base
// path. Every address on every page is made here.
func (p *portal) url(parts ...any) string {
	var segments []string
	for _, part := range parts {
		for s := range strings.SplitSeq(fmt.Sprint(part), "/") {
			segments = append(segments, url.PathEscape(s))
		}
	}
	return p.base + strings.Join(segments, "/")
}

// query adds the pairs of names and values that have a value to an address.
func query(address string, pairs ...any) string {
	q := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if s := fmt.Sprint(pairs[i+1]); s != "" {
			q.Set(fmt.Sprint(pairs[i]), s)
		}
	}
	switch {
	case len(q) == 0:
		return address
	case strings.Contains(address, "?"):
		return address + "&" + q.Encode()
	}
	return address + "?" + q.Encode()
}

// absolute returns an address as it is written outside of the portal.
func (p *portal) absolute(address string) string { return p.origin + address }

var plainPath = regexp.MustCompile(`^/([A-Za-z0-9_~-][A-Za-z0-9._~-]*/)*$`)

// basePath returns path with a slash at either end.
func basePath(path string) string {
	path = strings.Trim(path, "/")
	if path == "" {
		return "/"
	}
	return "/" + path + "/"
}
