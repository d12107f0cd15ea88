// SPDX-License-Identifier: BSD-3-Clause

package sqlstore

import (
	"context"
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/copis-it/copis/storage"
)

// A write is one statement of a change, and what it means if it touches no
// row. Refusals are never failed statements, which would end the host's
// transaction on PostgreSQL, unless there is a savepoint around all that goes
// in one batch. So inserts say ON CONFLICT DO NOTHING, and what must be there
// for them is part of their WHERE.
type write struct {
	query string // INSERT, UPDATE or DELETE, or a SELECT of 1 that looks
	gives string // a column of the row that is taken back
	look  bool   // query is a SELECT

	// unique says that query is an INSERT of one row that nothing refuses but
	// a unique index, and that it has no ON CONFLICT. That is what a guarded
	// one fails with.
	unique bool
	fails  map[string]error // what states mean with which a guarded one fails besides

	// refused is what it means to touch no row: nil means nothing. It holds if
	// seen does, which is a condition on the first args, and is ErrNotFound
	// otherwise; an empty seen always holds.
	refused error
	seen    string
	args    int // how many of the args seen is about
}

// step is a write with its arguments.
type step struct {
	op   string // of the change
	w    *write
	args []any

	take *int             // what w gives, or looks at
	late func(args []any) // fills in args that steps before this one give, when they are run one by one
	read func(Rows) error // what a w that is never refused yields

	loose bool // a later step fails if this one was refused: it needs no guard in a batch
}

// forms are the texts of a write.
type forms struct {
	plain   string // tells by the number of rows
	guarded string // fails instead, with a state of its own for each refusal
	seen    string // asks why
}

// The states with which a guarded write fails.
const (
	stateRefused  = "22012" // division by zero
	stateNotFound = "2201F" // square root of a negative number
	stateExists   = "23505" // a unique index has it already
	stateNull     = "23502"
)

func (x *texts) forms(w *write) *forms {
	if f, ok := x.memo.Load(w); ok {
		return f.(*forms)
	}
	plain, returning := w.query, w.query
	if w.unique {
		plain += " ON CONFLICT DO NOTHING"
	}
	switch {
	case w.gives != "":
		plain += " RETURNING " + w.gives
		returning += " RETURNING " + w.gives
	case !w.look:
		returning += " RETURNING 1"
	}
	f := &forms{plain: x.text(plain), guarded: x.text(plain)}
	switch {
	case w.unique && w.gives != "":
		f.guarded = x.text(returning)
	case w.unique:
		f.guarded = x.text(w.query)
	case w.refused != nil:
		no := "1 / count(*)"
		switch {
		case errors.Is(w.refused, storage.ErrNotFound):
			no = "sqrt(count(*) - 1)"
		case w.seen != "":
			no = "CASE WHEN count(*) > 0 THEN 1 WHEN " + w.seen + " THEN 1 / count(*) ELSE sqrt(count(*) - 1) END"
		}
		f.guarded = x.text("WITH x (v) AS (" + returning + ") SELECT max(v), " + no + " FROM x")
		f.seen = x.text("SELECT 1 WHERE " + w.seen)
	}
	kept, _ := x.memo.LoadOrStore(w, f)
	return kept.(*forms)
}

// args converts arguments in place. What is no text to PostgreSQL is refused
// here, on every database, because there it would end the host's transaction.
func (x *texts) args(list []any) error {
	for i, v := range list {
		switch v := v.(type) {
		case string:
			if !isText(v) {
				return &storage.Invalid{Code: storage.CodeMalformed}
			}
		case []string:
			if slices.ContainsFunc(v, func(s string) bool { return !isText(s) }) {
				return &storage.Invalid{Code: storage.CodeMalformed}
			}
		}
		list[i] = x.d.arg(v)
	}
	return nil
}

func isText(s string) bool { return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 }

// ready converts the arguments of steps.
func (x *texts) ready(steps []step) error {
	for _, st := range steps {
		if err := x.args(st.args); err != nil {
			return failed(st.op, err)
		}
	}
	return nil
}

// touched is what a step has done.
type touched struct {
	rows  int
	value number
}

// plain returns the step's statement; n tells afterwards what it touched.
func (st step) plain(x *texts, n *touched) Statement {
	s := Statement{Query: x.forms(st.w).plain, Args: st.args, Read: st.read}
	if st.w.gives != "" || st.w.look {
		s.Read = n.read
	}
	return s
}

func (n *touched) read(rows Rows) error {
	*n = touched{}
	for rows.Next() {
		n.rows++
		if err := rows.Scan(&n.value); err != nil {
			return err
		}
	}
	return rows.Err()
}

// guarded returns the statement that fails if the step is refused.
func (st step) guarded(x *texts) Statement {
	if st.loose {
		return Statement{Query: x.forms(st.w).plain, Args: st.args}
	}
	s := Statement{Query: x.forms(st.w).guarded, Args: st.args, Read: st.read}
	switch {
	case st.w.unique && st.take != nil:
		s.Read = func(rows Rows) error {
			var n touched
			err := n.read(rows)
			*st.take = int(n.value)
			return err
		}
	case st.w.unique:
	case st.w.refused != nil:
		s.Read = func(rows Rows) error {
			for rows.Next() {
				var value number
				if err := rows.Scan(&value, new(ignored)); err != nil {
					return err
				}
				if st.take != nil {
					*st.take = int(value)
				}
			}
			return rows.Err()
		}
	}
	return s
}

// ignored is a column that only had to be computed.
type ignored struct{}

func (*ignored) Scan(any) error { return nil }

// refusal returns what it means that the guarded step number done has failed.
func refusal(steps []step, done int, err error) error {
	if done < 0 || done >= len(steps) {
		return err
	}
	st := steps[done]
	switch state := sqlState(err); {
	case st.w.fails[state] != nil:
		err = st.w.fails[state]
	case st.w.refused == nil:
	case state == stateRefused, st.w.unique && state == stateExists:
		err = st.w.refused
	case state == stateNotFound:
		err = storage.ErrNotFound
	}
	return failed(st.op, err)
}

// each runs steps one after the other, as part of a transaction that is undone
// if they fail.
func (u *unit) each(ctx context.Context, x *texts, steps []step) error {
	for _, st := range steps {
		if st.late != nil {
			st.late(st.args)
		}
		var n touched
		one := [1]Statement{st.plain(x, &n)}
		if _, err := u.send(ctx, one[:]); err != nil {
			return failed(st.op, err)
		}
		if one[0].Read == nil {
			n.rows = int(one[0].Count)
		}
		if st.take != nil {
			*st.take = int(n.value)
		}
		if n.rows == 0 && st.w.refused != nil {
			return failed(st.op, u.why(ctx, x, st))
		}
	}
	return nil
}

// why returns what it means that a step touched no row.
func (u *unit) why(ctx context.Context, x *texts, st step) error {
	if st.w.seen == "" {
		return st.w.refused
	}
	var seen []number
	ask := into(&seen, 1, func(n *number) []any { return []any{n} }, x.forms(st.w).seen, st.args[:st.w.args]...)
	if _, err := u.send(ctx, []Statement{ask}); err != nil {
		return err
	}
	if len(seen) == 0 {
		return storage.ErrNotFound
	}
	return st.w.refused
}

// apply runs steps in a unit, all or none. A single one needs no savepoint.
func (u *unit) apply(ctx context.Context, x *texts, steps []step) error {
	if len(steps) == 1 {
		return u.each(ctx, x, steps)
	}
	return u.nested(ctx, func(int) error {
		if _, ok := u.h.(Batcher); !ok {
			return u.each(ctx, x, steps)
		}
		list := make([]Statement, len(steps))
		for i, st := range steps {
			list[i] = st.guarded(x)
		}
		done, err := u.send(ctx, list)
		if err != nil {
			return refusal(steps, done, err)
		}
		return nil
	})
}

// applyAtOnce runs steps as a transaction of their own, all in one round trip.
func applyAtOnce(ctx context.Context, h Handle, x *texts, steps []step) error {
	list := make([]Statement, len(steps))
	for i, st := range steps {
		list[i] = st.guarded(x)
	}
	done, err := runAll(ctx, h, list)
	switch {
	case err == nil:
		return nil
	case sqlState(err) != "" && done < len(list): // refused, and so nothing was committed
		return refusal(steps, done, translate(err))
	}
	return commitError(err)
}

// plan returns the steps of changes.
func plan(changes []storage.Change) ([]step, error) {
	steps := make([]step, 0, len(changes)+4)
	for _, c := range changes {
		n := len(steps)
		var known bool
		for _, tool := range tools {
			if steps, known = tool(steps, c); known {
				break
			}
		}
		if !known {
			op := "storage.Apply"
			if c != nil {
				op = c.Change()
			}
			return nil, failed(op, errUnknownChange)
		}
		for i := range steps[n:] {
			steps[n+i].op = c.Change()
		}
	}
	return steps, nil
}

// tools append the steps of a change, if it is one of theirs.
var tools = [...]func([]step, storage.Change) (_ []step, known bool){forumSteps, qaSteps, wikiSteps, accountSteps, sessionSteps, membershipSteps, storageSteps}

var errUnknownChange = errors.New("change is unknown to this store")

// do is a step.
func do(w *write, args ...any) step { return step{w: w, args: args} }
