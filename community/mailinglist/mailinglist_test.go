// SPDX-License-Identifier: BSD-3-Clause

package mailinglist_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/community/mailinglist"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/internal/shared"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/storage/memory"
)

// mail is a line of a dump.
type mail struct {
	N          int      `json:"n"`
	ID         string   `json:"message_id"`
	InReplyTo  string   `json:"in_reply_to,omitempty"`
	References []string `json:"references"`
	Date       string   `json:"date"`
	Author     string   `json:"author"`
	Subject    string   `json:"subject"`
	Body       string   `json:"body"`
	Page       *int     `json:"page_parent"`
}

// answer makes a message of the day'th day with an id, that answers others,
// the nearest first.
func answer(day int, id string, to ...string) mail {
	m := mail{
		N: day, ID: id, Date: time.Date(2010, 1, day, 9, 30, 0, 0, time.FixedZone("", 3600)).Format(time.RFC3339),
		Author: "autore di " + id, Subject: "Re: Prova", Body: "testo di " + id,
	}
	for i, ref := range to {
		if i == 0 {
			m.InReplyTo = ref
		} else {
			m.References = append([]string{ref}, m.References...)
		}
	}
	return m
}

func dump(t *testing.T, mails ...mail) string {
	t.Helper()
	var b strings.Builder
	for _, m := range mails {
		require.NoError(t, json.NewEncoder(&b).Encode(m))
	}
	return b.String()
}

func config(s community.Store) mailinglist.Config {
	return mailinglist.Config{Store: s.Forum(), Name: "Prova"}
}

func bring(t *testing.T, s community.Store, text string) mailinglist.Report {
	t.Helper()
	r, err := mailinglist.Import(t.Context(), config(s), strings.NewReader(text))
	require.NoError(t, err)
	return r
}

func reader(s community.Store) *forum.Service {
	return forum.New(forum.Config{Store: s.Forum(), Auth: auth.AllowAll{}})
}

// post is a post as a member reads it, without its identifiers.
type post struct {
	Depth int
	Title string
	Body  string
	By    auth.UserID
	At    time.Time
}

// threads reads everything there is, as a member would.
func threads(t *testing.T, s community.Store) (boards []forum.BoardListed, posts []post) {
	t.Helper()
	ctx, f := t.Context(), reader(s)
	boards, err := f.Boards(ctx, auth.Visitor, auth.Commons)
	require.NoError(t, err)
	for listed, err := range storage.All(ctx, func(c storage.Cursor) (storage.Page[forum.Listed], error) {
		return f.Topics(ctx, auth.Visitor, forum.TopicFilter{After: c})
	}) {
		require.NoError(t, err)
		topic, err := f.Thread(ctx, auth.Visitor, forum.ThreadPage{Topic: listed.ID})
		require.NoError(t, err)
		posts = append(posts, post{0, topic.Topic.Title, topic.Topic.Body, topic.Topic.By.User, topic.Topic.CreatedAt})
		for r, err := range storage.All(ctx, func(c storage.Cursor) (storage.Page[forum.Reply], error) {
			p, err := f.Thread(ctx, auth.Visitor, forum.ThreadPage{Topic: listed.ID, After: c})
			return p.Replies, err
		}) {
			require.NoError(t, err)
			posts = append(posts, post{r.Depth, "", r.Body, r.By.User, r.CreatedAt})
		}
	}
	return boards, posts
}

// shape tells the depth and the end of the body of each post.
func shape(t *testing.T, s community.Store) []string {
	t.Helper()
	_, posts := threads(t, s)
	var out []string
	for _, p := range posts {
		words := strings.Fields(p.Body)
		out = append(out, fmt.Sprintf("%d %s", p.Depth, words[len(words)-1]))
	}
	return out
}

// events returns all events in the order in which they are delivered.
func events(t *testing.T, s community.Store) []storage.Event {
	t.Helper()
	var out []storage.Event
	far := time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
	for {
		claimed, err := s.Claim(t.Context(), far, time.Hour, 100)
		require.NoError(t, err)
		if len(claimed) == 0 {
			return out
		}
		for _, d := range claimed {
			out = append(out, d.Event)
		}
	}
}

// The archive's own page and the forum agree on every message.
func TestImportArchive(t *testing.T) {
	t.Parallel()
	f, err := os.Open(shared.Path(t, "data/forum/fedora-devel-2010-01.jsonl"))
	require.NoError(t, err)
	defer f.Close()
	s := memory.New()

	r, err := mailinglist.Import(t.Context(), config(s), f)
	require.NoError(t, err)
	require.Equal(t, 30, r.Topics)
	require.Equal(t, 112, r.Messages)
	require.Equal(t, 112, r.PageParents)
	require.Equal(t, 112, r.PageParentEqual)
	require.Zero(t, r.Existing)
	require.Empty(t, r.Refused)
	for _, l := range r.Adjusted {
		require.Equal(t, "body too_long (at most 20000)", l.Reason)
	}
	boards, posts := threads(t, s)
	require.Len(t, boards, 1)
	require.Len(t, posts, 112)
	for _, p := range posts {
		require.Equal(t, 2010, p.At.Year())
		require.False(t, strings.HasPrefix(p.Title, "Re:"), p.Title)
	}

	again, err := mailinglist.Import(t.Context(), config(s), f)
	require.NoError(t, err)
	require.Equal(t, 112, again.Existing)
	require.Empty(t, again.Adjusted)
	again.Existing, again.Adjusted = 0, r.Adjusted
	require.Equal(t, r, again)
	boardsAgain, postsAgain := threads(t, s)
	require.Equal(t, boards, boardsAgain)
	require.Equal(t, posts, postsAgain)
	require.Len(t, events(t, s), 1+30+82, "a board, topics and replies, once each")
}

func TestImportTree(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		mails []mail
		want  []string // latest topic first
	}{
		"a thread":         {[]mail{answer(1, "a"), answer(2, "b", "a"), answer(3, "c", "a"), answer(4, "d", "b")}, []string{"0 a", "1 b", "2 d", "1 c"}},
		"backwards":        {[]mail{answer(4, "d", "b"), answer(3, "c", "a"), answer(2, "b", "a"), answer(1, "a")}, []string{"0 a", "1 b", "2 d", "1 c"}},
		"parent missing":   {[]mail{answer(1, "a", "x"), answer(2, "b", "y", "a")}, []string{"0 a", "1 b"}},
		"references alone": {[]mail{answer(1, "a"), answer(2, "b", "", "a")}, []string{"0 a", "1 b"}},
		"circle":           {[]mail{answer(1, "a", "b"), answer(2, "b", "a")}, []string{"0 a", "1 b"}},
		"itself":           {[]mail{answer(1, "a", "a")}, []string{"0 a"}},
		"clock behind":     {[]mail{answer(5, "a"), answer(1, "b", "a")}, []string{"0 a", "1 b"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := memory.New()
			r := bring(t, s, dump(t, c.mails...))
			require.Empty(t, r.Refused)
			require.Equal(t, len(c.mails), r.Messages)
			require.Equal(t, c.want, shape(t, s))
		})
	}
}

// A post has the date and the author of its message, in the forum's form.
func TestImportPosts(t *testing.T) {
	t.Parallel()
	s := memory.New()
	changed := answer(3, "c", "b")
	changed.Subject = "Re: Altro"
	r := bring(t, s, dump(t, answer(1, "a"), answer(2, "b", "a"), changed))
	require.Equal(t, 1, r.Topics)
	_, posts := threads(t, s)
	require.Equal(t, []post{
		{0, "Prova", "testo di a", mailinglist.AuthorID("autore di a"), time.Date(2010, 1, 1, 8, 30, 0, 0, time.UTC)},
		{1, "", "testo di b", mailinglist.AuthorID("autore di b"), time.Date(2010, 1, 2, 8, 30, 0, 0, time.UTC)},
		{2, "", "Oggetto: Altro\n\ntesto di c", mailinglist.AuthorID("autore di c"), time.Date(2010, 1, 3, 8, 30, 0, 0, time.UTC)},
	}, posts)
	require.NotEqual(t, mailinglist.AuthorID("a"), mailinglist.AuthorID("b"))
}

func TestImportKnownAuthors(t *testing.T) {
	t.Parallel()
	s, known := memory.New(), storage.NewID[auth.User]()
	cfg := config(s)
	cfg.Author = func(author string) auth.UserID {
		require.Equal(t, "autore di a", author)
		return known
	}
	_, err := mailinglist.Import(t.Context(), cfg, strings.NewReader(dump(t, answer(1, "a"))))
	require.NoError(t, err)
	_, posts := threads(t, s)
	require.Equal(t, known, posts[0].By)
}

// A thread is as deep as it was written.
func TestImportDeep(t *testing.T) {
	t.Parallel()
	mails := []mail{answer(1, "m0")}
	for i := 1; i <= 100; i++ {
		m := answer(1, fmt.Sprint("m", i), fmt.Sprint("m", i-1))
		m.N = i + 1
		above := min(i, 3) // n of the ancestor on the level above the one it is shown on
		m.Page = &above
		mails = append(mails, m)
	}
	s := memory.New()
	r := bring(t, s, dump(t, mails...))
	require.Equal(t, 1, r.Topics)
	require.Equal(t, 101, r.PageParentEqual)
	_, posts := threads(t, s)
	for i, p := range posts {
		require.Equal(t, i, p.Depth)
	}
}

// What the archive's page says otherwise is counted as different.
func TestImportPageParentDiffers(t *testing.T) {
	t.Parallel()
	one, nine := 1, 9
	right, wrong, unknown := answer(2, "b", "a"), answer(3, "c", "b"), answer(4, "d", "a")
	right.Page, wrong.Page, unknown.Page = &one, &one, &nine
	r := bring(t, memory.New(), dump(t, answer(1, "a"), right, wrong, unknown, answer(5, "e", "a")))
	require.Equal(t, 5, r.PageParents)
	require.Equal(t, 2, r.PageParentEqual, "a and b")

	r = bring(t, memory.New(), `{"message_id":"a","date":"2010-01-01T00:00:00Z","body":"x"}`)
	require.Zero(t, r.PageParents)
}

// Next month's dump answers this month's messages, wherever they are by then.
func TestImportNextDump(t *testing.T) {
	t.Parallel()
	s := memory.New()
	first := bring(t, s, dump(t, answer(1, "a"), answer(2, "b", "a")))
	second := bring(t, s, dump(t, answer(2, "b", "a"), answer(3, "c", "b", "a"), answer(4, "d", "x", "a")))
	require.Equal(t, first.Board, second.Board)
	require.Equal(t, []int{3, 1, 0}, []int{second.Messages, second.Existing, second.Topics})
	require.Equal(t, []string{"0 a", "1 b", "2 c", "1 d"}, shape(t, s))
}

// Another name is another board, with messages of its own.
func TestImportOtherBoard(t *testing.T) {
	t.Parallel()
	s := memory.New()
	one := bring(t, s, dump(t, answer(1, "a")))
	cfg := config(s)
	cfg.Name, cfg.Audience = "Altra", auth.Public
	other, err := mailinglist.Import(t.Context(), cfg, strings.NewReader(dump(t, answer(1, "a"))))
	require.NoError(t, err)
	require.NotEqual(t, one.Board, other.Board)
	require.Zero(t, other.Existing)
	boards, _ := threads(t, s)
	require.Len(t, boards, 2)
	for _, b := range boards {
		want := map[string]auth.Audience{"Prova": auth.CommunityMembers, "Altra": auth.Public}[b.Name]
		require.Equal(t, want, b.Audience)
	}
}

func TestImportNothing(t *testing.T) {
	t.Parallel()
	s := memory.New()
	r := bring(t, s, "\n")
	require.Equal(t, mailinglist.Report{Refused: []mailinglist.Line{}, Adjusted: []mailinglist.Line{}}, r)
	boards, _ := threads(t, s)
	require.Empty(t, boards)
}

func TestImportBadConfig(t *testing.T) {
	t.Parallel()
	require.Panics(t, func() { _, _ = mailinglist.Import(t.Context(), mailinglist.Config{}, strings.NewReader("")) })
	cfg := config(memory.New())
	cfg.Name = " "
	_, err := mailinglist.Import(t.Context(), cfg, strings.NewReader(dump(t, answer(1, "a"))))
	require.ErrorIs(t, err, storage.ErrInvalid)
}

// A file that was cut brings in what is whole, and the whole file the rest.
func TestImportCut(t *testing.T) {
	t.Parallel()
	s := memory.New()
	whole := dump(t, answer(1, "a"), answer(2, "b", "a"), answer(3, "c", "b"))
	r := bring(t, s, whole[:len(whole)-30])
	require.Equal(t, 2, r.Messages)
	require.Equal(t, []mailinglist.Line{{Line: 3, Reason: "line cut"}}, r.Refused)
	r = bring(t, s, whole)
	require.Equal(t, []int{3, 2}, []int{r.Messages, r.Existing})
	require.Equal(t, []string{"0 a", "1 b", "2 c"}, shape(t, s))
}

// What the forum refuses is told with its line, and its answers go to the
// nearest ancestor that is there.
func TestImportRefused(t *testing.T) {
	t.Parallel()
	s := memory.New()
	bring(t, s, dump(t, answer(1, "a"), answer(2, "b", "a")))
	f := reader(s)
	staff := auth.Actor{User: storage.NewID[auth.User]()}
	topics, err := f.Topics(t.Context(), staff, forum.TopicFilter{})
	require.NoError(t, err)
	thread, err := f.Thread(t.Context(), staff, forum.ThreadPage{Topic: topics.Items[0].ID})
	require.NoError(t, err)
	hidden := forum.Post{Topic: thread.Topic.ID, Reply: thread.Replies.Items[0].ID}
	require.NoError(t, f.Hide(t.Context(), staff, hidden, "prova"))

	r := bring(t, s, dump(t, answer(3, "c", "b", "a"), answer(4, "d", "c", "a"), answer(5, "e", "c")))
	require.Equal(t, []mailinglist.Line{
		{Line: 1, Reason: forum.ErrRemoved.Error()},
		{Line: 3, Reason: forum.ErrRemoved.Error()},
	}, r.Refused, "c answers what was hidden, and so does e in its place; d names another ancestor")
	require.Equal(t, 1, r.Messages)
	require.Equal(t, []string{"0 a", "1 b", "1 d"}, shape(t, s))
}

// Who was erased stays erased.
func TestImportAfterErasure(t *testing.T) {
	t.Parallel()
	s := memory.New()
	text := dump(t, answer(1, "a"), answer(2, "b", "a"))
	bring(t, s, text)
	for _, author := range []string{"autore di a", "autore di b"} {
		require.NoError(t, reader(s).Erase(t.Context(), mailinglist.AuthorID(author), auth.Redact))
		require.NoError(t, s.Apply(t.Context(), storage.EraseUser{User: mailinglist.AuthorID(author).Bytes()}))
	}
	_, erased := threads(t, s)
	r := bring(t, s, text)
	require.Equal(t, 2, r.Existing)
	_, after := threads(t, s)
	require.Equal(t, erased, after)
	for _, p := range after {
		require.True(t, p.By.IsZero())
		require.NotContains(t, p.Body, "testo")
	}
}

// many returns a dump of several batches with two threads.
func many(t *testing.T) string {
	mails := []mail{answer(1, "m0"), answer(2, "m1")}
	for i := 2; i < 130; i++ {
		m := answer(1+i/6, fmt.Sprint("m", i), fmt.Sprint("m", i-2), fmt.Sprint("m", i%2))
		mails = append(mails, m)
	}
	return dump(t, mails...)
}

// An import that is killed, wherever, is finished by running it again, and
// nothing tells the two apart from one that ran through.
func TestImportResumed(t *testing.T) {
	t.Parallel()
	text := many(t)
	through := memory.New()
	want := bring(t, through, text)
	require.Equal(t, []int{2, 130}, []int{want.Topics, want.Messages})
	_, wantPosts := threads(t, through)

	for _, dies := range []int{0, 1, 2, 49, 50, 51, 77, 129} {
		t.Run(fmt.Sprint(dies), func(t *testing.T) {
			t.Parallel()
			s := memory.New()
			ctx, kill := context.WithCancel(t.Context())
			defer kill()
			cfg := config(s)
			cfg.Store = &dying{Store: s.Forum(), kill: kill, left: &dies}
			r, err := mailinglist.Import(ctx, cfg, strings.NewReader(text))
			require.ErrorIs(t, err, context.Canceled)
			_, there := threads(t, s)
			require.Len(t, there, r.Messages, "the report says what is there")
			require.Zero(t, r.Messages%50, "a batch is whole or not at all")

			r = bring(t, s, text)
			require.Equal(t, len(there), r.Existing)
			require.Equal(t, want.Messages, r.Messages)
			_, posts := threads(t, s)
			require.Equal(t, wantPosts, posts)
			require.Len(t, events(t, s), 131)
		})
	}
}

// dying is a store whose caller is killed before its n-th write of a message.
type dying struct {
	forum.Store
	kill func()
	left *int
}

func (d *dying) Atomic(ctx context.Context, fn func(context.Context, forum.Store) error) error {
	return d.Store.Atomic(ctx, func(ctx context.Context, tx forum.Store) error {
		return fn(ctx, &dying{tx, d.kill, d.left})
	})
}

func (d *dying) Apply(ctx context.Context, changes ...storage.Change) error {
	for _, c := range changes {
		if _, ok := c.(forum.InsertTopic); ok {
			d.count()
		}
	}
	return d.Store.Apply(ctx, changes...)
}

func (d *dying) InsertReply(ctx context.Context, r forum.Reply, at forum.Path, seen int, with ...storage.Change) (forum.Reply, error) {
	d.count()
	return d.Store.InsertReply(ctx, r, at, seen, with...)
}

func (d *dying) count() {
	if *d.left--; *d.left < 0 {
		d.kill()
	}
}

// A store that fails ends the import with its error; one whose answer was lost
// is asked again, and nothing is there twice.
func TestImportStoreFails(t *testing.T) {
	t.Parallel()
	text := many(t)
	for name, c := range map[string]struct {
		err    error
		commit bool // the unit was committed nevertheless
		ends   bool
	}{
		"disk":           {err: errors.New("disk"), ends: true},
		"answer lost":    {err: storage.ErrUnknown, commit: true},
		"commit lost":    {err: storage.ErrUnknown},
		"written by two": {err: storage.ErrExists},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := memory.New()
			cfg := config(s)
			cfg.Store = &losing{Store: s.Forum(), err: c.err, commit: c.commit, at: 2}
			r, err := mailinglist.Import(t.Context(), cfg, strings.NewReader(text))
			if c.ends {
				require.ErrorIs(t, err, c.err)
				require.Equal(t, 50, r.Messages)
			} else {
				require.NoError(t, err)
				require.Equal(t, 130, r.Messages)
			}
			_, posts := threads(t, s)
			require.Len(t, posts, r.Messages)
		})
	}
}

// losing is a store whose at-th unit of work ends with an error.
type losing struct {
	forum.Store
	err    error
	commit bool
	at     int
}

func (l *losing) Atomic(ctx context.Context, fn func(context.Context, forum.Store) error) error {
	l.at--
	err := l.Store.Atomic(ctx, func(ctx context.Context, tx forum.Store) error {
		if err := fn(ctx, tx); err != nil {
			return err
		}
		if l.at == 0 && !l.commit {
			return l.err
		}
		return nil
	})
	if l.at == 0 && err == nil {
		return l.err
	}
	return err
}

// Two that import the same at the same time bring in everything once.
func TestImportTwice(t *testing.T) {
	t.Parallel()
	s, text := memory.New(), many(t)
	reports := make(chan mailinglist.Report, 2)
	errs := make(chan error, 2)
	for range 2 {
		go func() {
			r, err := mailinglist.Import(t.Context(), config(s), strings.NewReader(text))
			reports <- r
			errs <- err
		}()
	}
	existing := 0
	for range 2 {
		require.NoError(t, <-errs)
		r := <-reports
		require.Equal(t, 130, r.Messages)
		existing += r.Existing
	}
	require.Equal(t, 130, existing)
	_, posts := threads(t, s)
	require.Len(t, posts, 130)
	require.Len(t, events(t, s), 131)
}

func TestImportProgress(t *testing.T) {
	t.Parallel()
	var told []string
	cfg := config(memory.New())
	cfg.Progress = func(done, total int) { told = append(told, fmt.Sprint(done, "/", total)) }
	_, err := mailinglist.Import(t.Context(), cfg, strings.NewReader(many(t)))
	require.NoError(t, err)
	require.Equal(t, []string{"50/130", "100/130", "130/130"}, told)
}

// Whatever a dump says, every line is in the forum or refused, and a second
// run changes nothing.
func FuzzImport(f *testing.F) {
	f.Add(`{"message_id":"a","date":"2010-01-01T00:00:00Z","body":"@[018f0000-0000-7000-8000-000000000001]"}` + "\n" +
		`{"message_id":"b","in_reply_to":"a","date":"2009-01-01T00:00:00Z","subject":"Re: \u0000x","n":2,"page_parent":1}`)
	f.Fuzz(func(t *testing.T, text string) {
		s := memory.New()
		first, err := mailinglist.Import(t.Context(), config(s), strings.NewReader(text))
		require.NoError(t, err)
		_, posts := threads(t, s)
		require.Len(t, posts, first.Messages)
		require.LessOrEqual(t, first.PageParentEqual, first.PageParents)
		again, err := mailinglist.Import(t.Context(), config(s), strings.NewReader(text))
		require.NoError(t, err)
		require.Equal(t, first.Messages, again.Existing)
		require.Equal(t, first.Refused, again.Refused)
		_, after := threads(t, s)
		require.Equal(t, posts, after)
	})
}

// The reader's error is the import's.
func TestImportReaderFails(t *testing.T) {
	t.Parallel()
	_, err := mailinglist.Import(t.Context(), config(memory.New()), noSeek{strings.NewReader("x")})
	require.ErrorIs(t, err, errNoSeek)
}

var errNoSeek = errors.New("cannot seek")

type noSeek struct{ io.Reader }

func (noSeek) Seek(int64, int) (int64, error) { return 0, errNoSeek }
