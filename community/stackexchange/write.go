// SPDX-License-Identifier: BSD-3-Clause

package stackexchange

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/storage"
)

// writer is an import at work in a unit of work.
type writer struct {
	*run
	store qa.Store
	qa    *qa.Service
}

// outcome is what became of one event.
type outcome struct {
	existing bool
	skipped  string
	waits    int64 // for a post that is not there yet
}

// grace is how long after a closing the site itself still let answers in; to
// be sure, those of a week.
const grace = 7 * 24 * time.Hour

// service returns the questions over s, where it is always the time of the
// event that is being brought in, and whoever did something might.
func (im *run) service(s qa.Store) *qa.Service {
	return qa.New(qa.Config{
		Store: s, Auth: auth.AllowAll{}, KeepKeys: true, AcceptAfter: -1, VoteWindow: -1, CloseGrace: grace,
		Clock: func() time.Time { return im.at },
	})
}

// write brings in some events, all or none, and then those that waited for
// what they wrote.
func (im *run) write(ctx context.Context, chunk []event) error {
	for len(chunk) > 0 {
		var done []outcome
		if err := im.unit(ctx, func(ctx context.Context, w *writer) error {
			done = make([]outcome, len(chunk))
			for i, e := range chunk {
				var err error
				if done[i], err = w.once(ctx, e); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			return err
		}
		var now []event
		for i, o := range done {
			e := chunk[i]
			switch {
			case o.waits != 0:
				im.waiting[o.waits] = append(im.waiting[o.waits], e)
				continue
			case o.skipped != "":
				im.skip(o.skipped)
			default:
				im.count(e, o.existing)
			}
			if e.does == writes {
				now = append(now, im.waiting[e.post]...)
				delete(im.waiting, e.post)
			}
		}
		chunk = now
	}
	return nil
}

// unit runs fn in a unit of work, again if another import did the same
// meanwhile, or if the answer of its commit was lost.
func (im *run) unit(ctx context.Context, fn func(context.Context, *writer) error) error {
	var err error
	for range tries {
		err = im.cfg.Store.Atomic(ctx, func(ctx context.Context, tx qa.Store) error {
			return fn(ctx, &writer{im, tx, im.service(tx)})
		})
		if !errors.Is(err, storage.ErrExists) && !errors.Is(err, storage.ErrConflict) && !errors.Is(err, storage.ErrUnknown) {
			return err
		}
	}
	return err
}

// count adds an event that is in the community now to the report.
func (im *run) count(e event, existing bool) {
	if existing {
		im.report.Existing++
	}
	switch e.does {
	case writes:
		im.report.Revisions++
		if im.posts[e.post].parent == 0 {
			im.report.Questions++
		} else {
			im.report.Answers++
		}
	case revises:
		im.report.Revisions++
	case remarks:
		im.report.Comments++
	case votes:
		im.report.Votes++
	}
}

// once brings in an event unless it is there. Rows are remembered under a key
// of the site and not of their author, in the unit that writes them: so the
// erasure of a person, which drops the person's keys, does not let the next
// import bring the words back.
func (w *writer) once(ctx context.Context, e event) (outcome, error) {
	if e.skip != "" {
		return outcome{skipped: e.skip}, nil
	}
	p := w.posts[e.post]
	if p == nil {
		return outcome{skipped: e.does.String() + " of a post that is not in the dump"}, nil
	}
	if e.at.IsZero() {
		return outcome{skipped: e.does.String() + " without a date"}, nil
	}
	key := e.key
	if e.does == writes {
		key = rowKey(e.post)
	}
	switch _, err := w.store.Done(ctx, w.owner, key); {
	case err == nil:
		return outcome{existing: true}, nil
	case !errors.Is(err, storage.ErrNotFound):
		return outcome{}, err
	}
	at, err := w.place(ctx, e.post, e.does == writes)
	var missing missing
	if errors.As(err, &missing) {
		return outcome{waits: missing.post}, nil
	}
	if err != nil {
		return outcome{}, err
	}
	w.at = e.at
	made, err := doing[e.does](ctx, w, e, at)
	if errors.Is(err, qa.ErrRemoved) { // somebody undeleted it, and the history does not tell
		if err = w.qa.Restore(ctx, importer, at); err == nil {
			made, err = doing[e.does](ctx, w, e, at)
		}
	}
	if why := refused(err); why != "" {
		return outcome{skipped: e.does.String() + ": " + why}, nil
	}
	if err != nil {
		return outcome{}, err
	}
	return outcome{}, w.store.Apply(ctx, storage.Once{Owner: w.owner, Key: key, Object: made, At: e.at, Keep: true})
}

// missing is the error of a post that is not there yet.
type missing struct{ post int64 }

func (missing) Error() string { return storage.ErrNotFound.Error() }

// place returns what a post of the dump has become; for one that is yet to be
// written, its question. It is [missing] without either.
func (w *writer) place(ctx context.Context, id int64, yet bool) (qa.Post, error) {
	p := w.posts[id]
	if p.parent != 0 {
		above, ok := w.posts[p.parent]
		if !ok || above.parent != 0 {
			return qa.Post{}, errOrphan
		}
		at, err := w.place(ctx, p.parent, false)
		if err != nil || yet {
			return at, err
		}
		made, err := w.made(ctx, id)
		at.Answer = storage.MakeID[qa.Answer](made)
		return at, err
	}
	if yet {
		return qa.Post{}, nil
	}
	made, err := w.made(ctx, id)
	return qa.Post{Question: storage.MakeID[qa.Question](made)}, err
}

// made returns the id of what a post has become.
func (w *writer) made(ctx context.Context, id int64) (uuid.UUID, error) {
	made, err := w.store.Done(ctx, w.owner, rowKey(id))
	if errors.Is(err, storage.ErrNotFound) {
		err = missing{id}
	}
	return made, err
}

var errOrphan = &storage.Invalid{Field: "question", Code: storage.CodeUnknown}

// doing brings in an event of each sort on a post, and returns what it made.
var doing = map[does]func(context.Context, *writer, event, qa.Post) (uuid.UUID, error){
	writes: func(ctx context.Context, w *writer, e event, at qa.Post) (uuid.UUID, error) {
		p := w.posts[e.post]
		who := w.person(p.owner, p.ownerName)
		if p.parent != 0 {
			a, err := w.qa.Answer(ctx, who, qa.NewAnswer{Question: at.Question, Body: translate(*e.body)})
			return a.ID.Bytes(), err
		}
		q, err := w.qa.Ask(ctx, who, qa.NewQuestion{
			Area: w.cfg.Area, Audience: w.cfg.Audience, Title: *e.title, Body: translate(*e.body), Tags: tagsOf(*e.tags),
		})
		return q.ID.Bytes(), err
	},
	revises: func(ctx context.Context, w *writer, e event, at qa.Post) (uuid.UUID, error) {
		pl, err := w.qa.Look(ctx, importer, at)
		if err != nil {
			return uuid.Nil, err
		}
		in := qa.PostEdit{Post: at, Why: oneLine(e.why, qa.MaxWhy)}
		if at.Answer.IsZero() {
			in.Version, in.Title, in.Body, in.Tags = pl.Question.Version, pl.Question.Title, pl.Question.Body, pl.Question.Tags
		} else {
			in.Version, in.Body = pl.Answer.Version, pl.Answer.Body
		}
		was := in
		if e.body != nil {
			in.Body = translate(*e.body)
		}
		if at.Answer.IsZero() && e.title != nil {
			in.Title = *e.title
		}
		if at.Answer.IsZero() && e.tags != nil {
			in.Tags = tagsOf(*e.tags)
		}
		after, err := w.qa.Edit(ctx, w.actor(e), in)
		if err == nil && after.Question.Version == pl.Question.Version && after.Answer.Version == pl.Answer.Version && was.Why == in.Why {
			err = errSame
		}
		return uuid.Nil, err
	},
	remarks: func(ctx context.Context, w *writer, e event, at qa.Post) (uuid.UUID, error) {
		c, err := w.qa.Comment(ctx, w.person(e.user, e.name), qa.NewComment{Post: at, Body: *e.body})
		return c.ID.Bytes(), err
	},
	votes: func(ctx context.Context, w *writer, e event, at qa.Post) (uuid.UUID, error) {
		voter := auth.Actor{User: storage.MakeID[auth.User](uuid.NewSHA1(space, []byte(w.owner.String()+e.key)))}
		_, err := w.qa.Vote(ctx, voter, at, e.value)
		return uuid.Nil, err
	},
	accepts: func(ctx context.Context, w *writer, e event, at qa.Post) (uuid.UUID, error) {
		return uuid.Nil, w.accept(ctx, e.post, at)
	},
	closes: func(ctx context.Context, w *writer, e event, at qa.Post) (uuid.UUID, error) {
		in := qa.Closure{Question: at.Question, Reason: reasons[e.kind]}
		if in.Reason == 0 {
			in.Reason = qa.OffTopic
		}
		if in.Reason == qa.Duplicate {
			if of, err := w.original(ctx, e.of); err != nil {
				return uuid.Nil, err
			} else if in.Of = of; of.IsZero() {
				return uuid.Nil, errOriginal
			}
		}
		return uuid.Nil, w.qa.Close(ctx, w.actor(e), in)
	},
	reopens: func(ctx context.Context, w *writer, e event, at qa.Post) (uuid.UUID, error) {
		return uuid.Nil, w.qa.Reopen(ctx, w.actor(e), at.Question, oneLine(e.why, qa.MaxWhy))
	},
	deletes: func(ctx context.Context, w *writer, e event, at qa.Post) (uuid.UUID, error) {
		why := oneLine(e.why, qa.MaxWhy)
		if why == "" {
			why = "deleted on the site"
		}
		return uuid.Nil, w.qa.Hide(ctx, importer, at, why)
	},
	undeletes: func(ctx context.Context, w *writer, _ event, at qa.Post) (uuid.UUID, error) {
		return uuid.Nil, w.qa.Restore(ctx, importer, at)
	},
}

var (
	errSame     = errors.New("changes nothing that is kept")
	errOriginal = errors.New("the original is not in the dump")
)

// original returns the first of these posts that is in the community.
func (w *writer) original(ctx context.Context, of []int64) (qa.QuestionID, error) {
	for _, id := range of {
		if p := w.posts[id]; p == nil || p.parent != 0 {
			continue
		}
		at, err := w.place(ctx, id, false)
		if !errors.As(err, new(missing)) {
			return at.Question, err
		}
	}
	return qa.QuestionID{}, nil
}

// accept accepts an answer in the asker's name, or the importer's for an asker
// who is gone.
func (w *writer) accept(ctx context.Context, id int64, at qa.Post) error {
	asker := importer
	if above := w.posts[w.posts[id].parent]; above != nil {
		if who := w.person(above.owner, above.ownerName); !who.User.IsZero() {
			asker = who
		}
	}
	return w.qa.Accept(ctx, asker, at.Answer)
}

// person returns whoever wrote something.
func (im *run) person(number int64, name string) auth.Actor {
	return auth.Actor{User: im.cfg.User(im.cfg.Site, number, name)}
}

// actor is person for what somebody did to a post: the site's own account, and
// one that nothing is known of, are the importer.
func (im *run) actor(e event) auth.Actor {
	if who := im.person(e.user, e.name); e.user >= 0 && !who.User.IsZero() {
		return who
	}
	return importer
}

// refused returns why the rules did not want an event, and nothing where it
// could not be brought in now.
func refused(err error) string {
	for _, target := range []error{
		storage.ErrInvalid, storage.ErrNotFound, auth.ErrDenied, auth.ErrLimited, errSame, errOriginal,
		qa.ErrClosed, qa.ErrRemoved, qa.ErrOwn, qa.ErrTooLate, qa.ErrTooEarly, qa.ErrHeld, qa.ErrAnswered,
	} {
		if !errors.Is(err, target) {
			continue
		}
		for {
			var e *storage.Error
			if !errors.As(err, &e) {
				return err.Error()
			}
			err = e.Err
		}
	}
	return ""
}

var doesNames = [...]string{"row", "post", "revision", "comment", "vote", "acceptance", "closing", "reopening", "deletion", "undeletion"}

func (d does) String() string { return doesNames[d] }
