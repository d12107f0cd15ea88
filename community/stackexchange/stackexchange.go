// SPDX-License-Identifier: BSD-3-Clause

// Package stackexchange brings a site's data dump into the questions of a
// community: the dumps that Stack Exchange publishes, one XML file a table,
// each also compressed with gzip.
//
// What happened there happens here again, in the order of its time and through
// the rules that every question goes through: questions, answers, every
// revision, comments, votes, acceptances, closing, deleting and undeleting.
// PostHistory.xml says what was written, Posts.xml which post it is of. What of
// the site's Markdown is HTML, or read otherwise by CommonMark, is written anew,
// so that it is shown as it was meant. A dump does not say who voted: each vote
// has a voter of its own, who cannot be known. Votes are dated by the day; they
// are cast at its end.
//
// What was once brought in is never brought in again, also after its author
// has been erased: an import that was killed is resumed by running it again.
package stackexchange

import (
	"context"
	"errors"
	"io/fs"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/storage"
)

// Config says where a dump goes. Store and Site are required.
type Config struct {
	Store qa.Store

	// Site names what the dump is of. Another dump of the same site, into the
	// same area, adds what is new in it.
	Site     string
	Area     auth.AreaID   // default: the commons
	Audience auth.Audience // of the questions; default: members of the community

	// User says who in the host's directory a person of the site is; default:
	// UserID. A person whose account is gone has no number, or no name, or
	// neither.
	User func(site string, number int64, name string) auth.UserID

	// Progress is told after every batch how many bytes of the dump's files,
	// as they are kept, have been read.
	Progress func(done, total int64)
}

// Report is what became of a dump.
type Report struct {
	// What is in the community now, and of it what was there before.
	Questions int `json:"questions"`
	Answers   int `json:"answers"`
	Comments  int `json:"comments"`
	Votes     int `json:"votes"`
	Revisions int `json:"revisions"` // texts of questions and answers, the first included
	Existing  int `json:"existing"`  // of all that follows from the dump's rows

	Skipped    map[string]int `json:"skipped"`    // rows that were left out, by reason
	Mismatches Mismatches     `json:"mismatches"` // with what the dump itself says
}

// Mismatches counts where what was brought in, read back as a member reads it,
// is not what the dump says of it.
type Mismatches struct {
	Missing      int `json:"missing"` // questions and answers that cannot be read back at all
	Score        int `json:"score"`
	AnswerCount  int `json:"answer_count"`
	CommentCount int `json:"comment_count"`
	TagCount     int `json:"tag_count"`
	Accepted     int `json:"accepted"`
	Title        int `json:"title"`
	Tags         int `json:"tags"`
}

// UserID returns the identifier under which the words of a person of a site
// are kept: the same for the same person, and not their name, which however
// can be recognised by those who know it. It is zero for nobody at all.
func UserID(site string, number int64, name string) auth.UserID {
	switch {
	case number != 0:
		name = "user " + strconv.FormatInt(number, 10)
	case name == "":
		return auth.UserID{}
	default:
		name = "name " + name
	}
	return storage.MakeID[auth.User](uuid.NewSHA1(space, []byte(site+"\n"+name)))
}

// space is where the package's own identifiers are.
var space = uuid.MustParse("4b1c3f0a-7d52-5e0c-8c1e-737461636b78")

// importer is who does what nobody in the dump is named for, and reads back.
var importer = auth.Actor{User: storage.MakeID[auth.User](uuid.NewSHA1(space, []byte("importer")))}

// batch is how many events one unit of work brings in.
const batch = 100

// tries bounds how often a batch is written again because another import wrote
// the same meanwhile, or because the answer of a commit was lost.
const tries = 5

// Import brings a dump into a community. It reads Posts.xml for what each post
// is, which it keeps in memory with the dump's own counts, some 200 bytes a
// post, and then all files side by side as a stream. It panics if cfg.Store is
// nil.
//
// What cannot be brought in is in the report and is no error. A file that ends
// in the middle is brought in as far as it goes, and is an error in the end.
// With an error the report holds what was done until then; running again goes
// on from there.
func Import(ctx context.Context, cfg Config, dump fs.FS) (Report, error) {
	const op = "stackexchange.Import"
	if cfg.Store == nil {
		panic("stackexchange: nil Store")
	}
	if cfg.Area.IsZero() {
		cfg.Area = auth.Commons
	}
	if cfg.Audience == 0 {
		cfg.Audience = auth.CommunityMembers
	}
	if cfg.User == nil {
		cfg.User = UserID
	}
	im := &run{
		cfg: cfg, owner: uuid.NewSHA1(space, []byte(cfg.Area.String()+"\n"+cfg.Site)),
		posts: map[int64]*post{}, waiting: map[int64][]event{}, report: Report{Skipped: map[string]int{}},
	}
	if err := im.run(ctx, dump); err != nil {
		return im.report, &storage.Error{Op: op, Err: err}
	}
	return im.report, nil
}

// run is one import under way.
type run struct {
	cfg     Config
	at      time.Time // of the event that is being brought in: the clock of the rules
	owner   uuid.UUID // of the keys under which the site's rows are remembered
	posts   map[int64]*post
	order   []int64           // their numbers, as in the dump
	below   map[int64][]int64 // the answers of each question
	tags    map[string]int    // how many questions the dump says have a tag
	waiting map[int64][]event // for a post that is not there yet
	report  Report
}

func (im *run) run(ctx context.Context, dump fs.FS) error {
	d := &files{dump: dump}
	defer d.close()
	if err := errors.Join(im.readPosts(ctx, d), im.readTags(ctx, d)); err != nil && !errors.Is(err, errCut) {
		return err
	}
	s, err := d.events(im.posts)
	if err != nil {
		return err
	}
	var chunk []event
	for ctx.Err() == nil {
		e, more := s.next()
		if more {
			chunk = append(chunk, e)
		}
		if len(chunk) < batch && more {
			continue
		}
		if err := im.write(ctx, chunk); err != nil {
			return err
		}
		chunk = chunk[:0]
		if im.cfg.Progress != nil {
			im.cfg.Progress(d.read, d.size)
		}
		if !more {
			break
		}
	}
	if err := errors.Join(ctx.Err(), im.finish(ctx)); err != nil {
		return err
	}
	return errors.Join(d.broken...)
}
