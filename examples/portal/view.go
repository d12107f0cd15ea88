// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // pages show Italian time wherever they are made

	"github.com/google/uuid"
	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community/membership"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/storage"
)

//go:embed templates static locales seed
var files embed.FS

// languages are those of the pages. The first is for those who ask for none.
var languages = []language.Tag{language.Italian, language.English}

// views are the pages' templates, once for each language, and the messages.
type views struct {
	sets     map[string]map[string]func() (*template.Template, error) // by language and page
	speakers map[string]*i18n.Localizer
	keys     map[string]bool // of all messages
	matcher  language.Matcher
	zone     *time.Location
}

// A page is what the layout needs, and in Data what its own template needs.
type page struct {
	Title string
	Feed  string // address of its Atom feed
	Data  any

	// Filled in by render.
	Lang      string
	Languages []translation
	Me        *me
	Nav       []tab
	Here      string // the page's own address, if it can be asked for again
	Done      string // what the POST before it did
	Fault     bool   // a form was not accepted
	Notes     []note // what keeps the reader from taking part
}

// A translation is the same page in a language, or home if it cannot be asked
// for again.
type translation struct {
	Lang    string
	Name    string
	Href    string
	Current bool
}

func newViews(p *portal) (views, error) {
	vs := views{
		sets: map[string]map[string]func() (*template.Template, error){}, speakers: map[string]*i18n.Localizer{}, keys: map[string]bool{},
		matcher: language.NewMatcher(languages),
	}
	var err error
	if vs.zone, err = time.LoadLocation("Europe/Rome"); err != nil {
		return vs, err
	}
	bundle := i18n.NewBundle(languages[0])
	for _, tag := range languages {
		names, err := fs.Glob(files, "locales/*."+tag.String()+".json")
		if err != nil {
			return vs, err
		}
		for _, name := range names {
			file, err := bundle.LoadMessageFileFS(files, name)
			if err != nil {
				return vs, fmt.Errorf("%s: %w", name, err)
			}
			for _, m := range file.Messages {
				vs.keys[m.ID] = true
			}
		}
		vs.speakers[tag.String()] = i18n.NewLocalizer(bundle, tag.String())
	}
	pages, err := fs.Glob(files, "templates/*.html")
	if err != nil {
		return vs, err
	}
	p.views = vs // the functions of the templates use it
	// A mistake in any of them is found here, though each page is made of them
	// when it is first asked for: no portal shows all of its pages in all
	// languages every time it runs.
	functions := p.functions(languages[0].String())
	if _, err := template.New("layout.html").Funcs(functions).ParseFS(files, pages...); err != nil {
		return vs, err
	}
	common, err := template.New("layout.html").Funcs(functions).ParseFS(files, "templates/layout.html", "templates/parts.html")
	if err != nil {
		return vs, err
	}
	for _, tag := range languages {
		lang := tag.String()
		vs.sets[lang] = map[string]func() (*template.Template, error){}
		for _, file := range pages {
			vs.sets[lang][strings.TrimSuffix(path.Base(file), ".html")] = sync.OnceValues(func() (*template.Template, error) {
				page, err := common.Clone()
				if err != nil {
					return nil, err
				}
				return page.Funcs(p.functions(lang)).ParseFS(files, file)
			})
		}
	}
	return vs, nil
}

// functions are what templates may call.
func (p *portal) functions(lang string) template.FuncMap {
	return template.FuncMap{
		"t":     func(key string, params ...any) string { return p.say(lang, key, nil, params...) },
		"n":     func(key string, n int, params ...any) string { return p.say(lang, key, n, params...) },
		"url":   p.url,
		"query": query,
		"date":  func(at time.Time) string { return p.date(lang, at) },
		"iso":   func(at time.Time) string { return at.UTC().Format(time.RFC3339) },
		"input": newInput,
		"audience": func(a auth.Audience) string {
			return p.say(lang, fmt.Sprintf("audience.%d", a), nil)
		},
		"gone":      func(state string) string { return p.say(lang, "gone."+state, nil) },
		"state":     func(s forum.State) string { return p.say(lang, "badge."+stateNames[s], nil) },
		"qastate":   func(s qa.State) string { return p.say(lang, "badge."+stateNames[forum.State(s)], nil) },
		"reason":    func(r qa.Reason) string { return p.say(lang, fmt.Sprintf("qa.reason.%d", r), nil) },
		"capacity":  func(c qa.Capacity) string { return p.say(lang, fmt.Sprintf("qa.capacity.%d", c), nil) },
		"decision":  func(d qa.Decision) string { return p.say(lang, fmt.Sprintf("qa.decision.%d", d), nil) },
		"role":      func(r auth.Role) string { return p.say(lang, "role."+r.String(), nil) },
		"category":  func(c membership.Category) string { return p.say(lang, "category."+string(c), nil) },
		"scope":     func(a auth.Action) string { return p.say(lang, "scope."+string(a), nil) },
		"phase":     func(name string) string { return p.say(lang, "phase."+name, nil) },
		"admission": func(a membership.Admission) string { return p.say(lang, fmt.Sprintf("admission.%d", a), nil) },
		"plus": func(n, most int) string {
			if n < most {
				return ""
			}
			return "+"
		},
		"moreThan":  func(more bool) string { return counted{More: more}.Plus() },
		"topicsCap": func() int { return forum.TopicsCap },
		"unreadCap": func() int { return forum.UnreadCap },
		"newkey":    uuid.NewString,
		"dict":      dict,
		"diff": func(c compared, caption, old, new string) (template.HTML, error) {
			return p.diffHTML(lang, c, caption, old, new)
		},
	}
}

// dict makes the argument of a template out of names and values.
func dict(pairs ...any) (map[string]any, error) {
	m := map[string]any{}
	for i := 0; i+1 < len(pairs); i += 2 {
		name, ok := pairs[i].(string)
		if !ok {
			return nil, fmt.Errorf("dict: name %v is no string", pairs[i])
		}
		m[name] = pairs[i+1]
	}
	return m, nil
}

// say returns a message with its parameters, pairs of names and values; count
// selects its plural and is its parameter Count.
func (p *portal) say(lang, key string, count any, params ...any) string {
	data := map[string]any{"Count": count}
	for i := 0; i+1 < len(params); i += 2 {
		data[fmt.Sprint(params[i])] = params[i+1]
	}
	s, err := p.views.speakers[lang].Localize(&i18n.LocalizeConfig{MessageID: key, TemplateData: data, PluralCount: count})
	if err != nil {
		return "[" + key + "]" // a test sees to it that there is none
	}
	return s
}

func (p *portal) t(v *visit, key string, params ...any) string {
	return p.say(v.lang, key, nil, params...)
}

func (p *portal) n(v *visit, key string, n int, params ...any) string {
	return p.say(v.lang, key, n, params...)
}

// known returns key if there is such a message, and otherwise.
func (p *portal) known(key, otherwise string) string {
	if p.views.keys[key] {
		return key
	}
	return otherwise
}

// date returns an instant as people write it, in Italian time.
func (p *portal) date(lang string, at time.Time) string {
	at = at.In(p.views.zone)
	return p.say(lang, "date", nil, "Day", at.Day(), "Month", p.say(lang, fmt.Sprintf("month.%d", at.Month()), nil),
		"Year", at.Year(), "Time", at.Format("15:04"))
}

// langCookie keeps the language that was chosen by hand.
const langCookie = "copis_lang"

// language returns the language of an answer: what ?lang asks for (and from
// then on), what was chosen before, or what the browser prefers.
func (p *portal) language(v *visit) string {
	if asked := v.r.URL.Query().Get("lang"); p.views.speakers[asked] != nil {
		http.SetCookie(v.w, &http.Cookie{
			Name: langCookie, Value: asked, Path: p.base, MaxAge: 365 * 24 * 3600,
			HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: isHTTPS(p.origin),
		})
		return asked
	}
	if c, err := v.r.Cookie(langCookie); err == nil && p.views.speakers[c.Value] != nil {
		return c.Value
	}
	accepted := v.r.Header.Get("Accept-Language")
	if len(accepted) > 200 {
		accepted = "" // no browser says so much
	}
	_, i := language.MatchStrings(p.views.matcher, accepted)
	return languages[i].String()
}

// show answers with a page.
func (p *portal) show(v *visit, name, title string, data any) error {
	return p.render(v, http.StatusOK, name, page{Title: title, Data: data})
}

// render answers with a page that is complete: an error on the way leaves the
// answer unwritten.
func (p *portal) render(v *visit, status int, name string, pg page) error {
	pg.Lang, pg.Me, pg.Notes = v.lang, v.me, p.notes(v)
	pg.Nav = p.nav(v)
	pg.Fault = status >= http.StatusBadRequest && name != "error"
	here := url.URL{Path: p.url()}
	if v.r.Method == http.MethodGet && status == http.StatusOK {
		here = *v.r.URL
	}
	for _, tag := range languages {
		lang := tag.String()
		q := here.Query()
		q.Del("done")
		q.Set("lang", lang)
		pg.Languages = append(pg.Languages, translation{
			Lang: lang, Name: p.say(lang, "language", nil), Current: lang == v.lang,
			Href: (&url.URL{Path: here.Path, RawQuery: q.Encode()}).String(),
		})
	}
	if v.me != nil && v.r.Method == http.MethodGet && status == http.StatusOK {
		here := *v.r.URL
		pg.Here = here.RequestURI()
	}
	if done := "done." + v.r.URL.Query().Get("done"); p.views.keys[done] && v.r.Method == http.MethodGet && status == http.StatusOK {
		pg.Done = p.t(v, done)
	}
	set, err := p.views.sets[v.lang][name]()
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := set.Execute(&b, pg); err != nil {
		return err
	}
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.w.Header().Set("Content-Language", v.lang)
	v.w.WriteHeader(status)
	_, err = b.WriteTo(v.w)
	return ignoreWrite(err)
}

// pathID reads an identifier from the address. What is none leads nowhere, as
// one that was never given.
func pathID[T any](v *visit, name string) (storage.ID[T], error) {
	id, err := storage.ParseID[T](v.r.PathValue(name))
	if err != nil {
		return id, storage.ErrNotFound
	}
	return id, nil
}

func (v *visit) boardID() (forum.BoardID, error) { return pathID[forum.Board](v, "board") }
func (v *visit) topicID() (forum.TopicID, error) { return pathID[forum.Topic](v, "topic") }
