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

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/auth/account"
	"github.com/copis-it/copis/auth/session"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/community/membership"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/wiki"
	"github.com/copis-it/copis/wiki/markdown"
)

// options are what a portal is made of.
type options struct {
	Store        community.Store
	Passwords    account.Passwords
	Key          []byte                                                 // 32 secret bytes, the same at every start
	Blobs        wiki.Blobs                                             // of attachments; default: none are kept
	Send         func(notice)                                           // takes over what is to be sent; default: it is lost
	Terms        []account.Document                                     // default: those of the sample
	Areas        []area                                                 // default: those of the sample
	Plan         membership.Plan                                        // default: that of the sample
	Hold         func(community.Standing, auth.Scope, auth.Action) bool // what waits for a moderator, see community.Config; default: nothing
	Base         string                                                 // path under which it is mounted: "/", "/comunita/"
	Origin       string                                                 // as browsers see it: "https://comunita.example.it"
	ClientHeader string                                                 // in which a proxy says who asks: "X-Real-IP"; default: there is no proxy
	Log          *slog.Logger                                           // never told who does what
	Clock        storage.Clock
	Rates        rates
}

// community returns what the portal's community is made of.
func (o options) community() community.Config {
	if o.Terms == nil {
		o.Terms = sampleTerms
	}
	if o.Plan == nil {
		o.Plan = plan()
	}
	return community.Config{
		Store: o.Store, Clock: o.Clock, Plan: o.Plan, Rates: o.Rates.Acts, Hold: o.Hold,
		Account: account.Config{Passwords: o.Passwords, Key: o.Key, Name: communityName, Terms: o.Terms, NeedAddress: true},
		Session: session.Config{Scopes: scopes},
		QA:      questions(),
		Wiki:    handbook(o.Blobs),
	}
}

// communityName is reserved as a username, and authenticator apps show it.
const communityName = "Co.PIS"

// A portal is the community's host: it turns requests into calls of the
// library and its answers into pages.
type portal struct {
	c            *community.Community
	store        community.Store
	areas        []area
	base         string
	origin       string
	files        bool // attachments are kept
	clientHeader string
	log          *slog.Logger
	send         func(notice)
	clock        storage.Clock
	requests     *buckets
	views        views
	pages        *http.ServeMux                // by method and address
	own          *http.CrossOriginProtection   // refuses what other sites send
	texts        map[string]*markdown.Renderer // of posts, by language
	wikiTexts    map[string]*markdown.Renderer // of pages, by language
	assets       map[string]asset              // by name
}

// newPortal assembles a portal. It fails on templates or messages that cannot
// be read, which is a mistake of whoever wrote them.
func newPortal(o options) (*portal, error) {
	p := &portal{
		store: o.Store, areas: o.Areas, base: basePath(o.Base), origin: strings.TrimSuffix(o.Origin, "/"),
		log: o.Log, send: o.Send, clock: o.Clock, clientHeader: o.ClientHeader,
		requests: newBuckets(o.Clock, o.Rates.Requests),
		files:    o.Blobs != nil,
		own:      http.NewCrossOriginProtection(),
	}
	if p.areas == nil {
		p.areas = sampleAreas()
	}
	cfg := o.community()
	cfg.Handlers = []community.Handler{{Name: "log", Handle: p.logEvent}}
	if p.send == nil {
		p.send = func(notice) {}
	}
	cfg.Account.Send = func(ctx context.Context, m account.Message) { p.send(noticeOf(ctx, m)) }
	p.c = community.New(cfg)
	if !plainPath.MatchString(p.base) {
		return nil, fmt.Errorf("base path %q is not of letters, digits and -._~", o.Base)
	}
	// A proxy may call the portal by another name than browsers do.
	if err := p.own.AddTrustedOrigin(p.origin); err != nil {
		return nil, fmt.Errorf("origin %q is not a scheme and a host: https://comunita.example.it", o.Origin)
	}
	p.own.SetDenyHandler(p.anyone(func(*visit) error { return errCrossOrigin }))
	p.pages = p.routes()
	var err error
	if p.assets, err = readAssets(); err != nil {
		return nil, err
	}
	if p.views, err = newViews(p); err != nil {
		return nil, err
	}
	p.texts, p.wikiTexts = p.newRenderers()
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
	for _, pages := range []map[string]func(*visit) error{p.accountPages(), p.memberPages(), p.questionPages(), p.wikiPages()} {
		for pattern, page := range pages {
			p.route(mux, pattern, p.serve(page))
		}
	}
	for pattern, page := range map[string]func(*visit) error{ // programs read these too
		"GET boards/{board}/feed.atom": p.boardFeed,
		"GET topics/{topic}/feed.atom": p.topicFeed,
	} {
		p.route(mux, pattern, p.program(page))
	}
	for pattern, page := range map[string]func(*visit) error{ // the same for everybody
		"GET status":                    p.status,
		"GET static/{file}":             p.static,
		"GET /.well-known/security.txt": p.securityTxt,
	} {
		p.route(mux, pattern, p.anyone(page))
	}
	for pattern, page := range map[string]func(*visit) error{
		"GET {$}":            p.home,
		"GET boards/{board}": p.board,
		"GET unread":         p.unread,
		"POST unread":        p.readAll,
		"GET following":      p.following,
		"GET removed":        p.removed,
		"GET drafts":         p.drafts,
		"POST drafts":        p.dropDraft,
		"GET accessibility":  p.accessibility,

		"GET boards/{board}/new":     p.newTopicPage,
		"POST boards/{board}/new":    p.newTopic,
		"GET topics/{topic}":         p.topic,
		"GET topics/{topic}/unread":  p.firstUnread,
		"GET topics/{topic}/reply":   p.replyPage,
		"POST topics/{topic}/reply":  p.reply,
		"POST topics/{topic}/read":   p.readTo,
		"POST topics/{topic}/follow": p.follow,
		"POST topics/{topic}/pin":    p.pin,
		"POST topics/{topic}/lock":   p.lock,
		"GET topics/{topic}/move":    p.movePage,
		"POST topics/{topic}/move":   p.move,
		"GET topics/{topic}/merge":   p.mergePage,
		"POST topics/{topic}/merge":  p.merge,
		"GET topics/{topic}/split":   p.splitPage,
		"POST topics/{topic}/split":  p.split,
		"GET replies/{reply}":        p.permalink,
	} {
		p.route(mux, pattern, p.serve(page))
	}
	// What can be done to a topic's first post can be done to a reply.
	for _, post := range []string{"topics/{topic}", "replies/{reply}"} {
		p.route(mux, "GET "+post+"/edit", p.serve(p.editPage))
		p.route(mux, "POST "+post+"/edit", p.serve(p.edit))
		p.route(mux, "GET "+post+"/history", p.serve(p.history))
		p.route(mux, "POST "+post+"/useful", p.serve(p.useful))
		p.route(mux, "POST "+post+"/delete", p.serve(p.delete))
		p.route(mux, "POST "+post+"/restore", p.serve(p.restore))
		p.route(mux, "GET "+post+"/hide", p.serve(p.hidePage))
		p.route(mux, "POST "+post+"/hide", p.serve(p.hide))
		p.route(mux, "GET "+post+"/purge", p.serve(p.purgePage))
		p.route(mux, "POST "+post+"/purge", p.serve(p.purge))
	}
	if p.base != "/" {
		mux.Handle("GET /{$}", http.RedirectHandler(p.base, http.StatusSeeOther))
	}
	mux.HandleFunc("/", p.serve(func(*visit) error { return storage.ErrNotFound }))
	return mux
}

// route adds a page. Patterns without a leading slash stand under the base path.
func (p *portal) route(mux *http.ServeMux, pattern string, page http.HandlerFunc) {
	method, path, _ := strings.Cut(pattern, " ")
	if !strings.HasPrefix(path, "/") {
		path = p.base + path
	}
	mux.HandleFunc(method+" "+path, page)
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
