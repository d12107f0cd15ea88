// SPDX-License-Identifier: BSD-3-Clause

package sqlstore

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
)

// A Dialect is everything in which two databases differ: [SQLite] or
// [Postgres].
//
// Statements are written once, for both: with parameters $1, $2, …, tables as
// {topics}, and what has two texts as a word in braces.
type Dialect struct {
	name      string // also the folder of its migrations
	begin     string // begins a unit
	beginRead string // begins reads that must agree with each other
	exclusive string // lets one process at a time go on in a unit
	oneWriter bool   // writers wait in line in this process
	param     byte
	words     map[string]string // formats for what follows the word in its braces
	there     string            // asks whether there is a table, by nameFor of its name
	nameFor   func(string) string
	fewRows   string // likewise those of a table, as some name, which a query selects by {row}
	eachRow   string // joins to every row before it those of a table, as t, whose keys a query selects for it

	id   func(uuid.UUID) any
	ids  listForm
	time func(time.Time) any

	texts sync.Map // Options → *texts: a memo, so that Join costs nothing
}

var (
	// SQLite is for SQLite 3.41 or later. Connections need foreign keys on and
	// a busy timeout; package storage/sqlite opens them so.
	SQLite = &Dialect{
		name: "sqlite", begin: "BEGIN IMMEDIATE", beginRead: "BEGIN", oneWriter: true, param: '?',
		words: map[string]string{
			"never":  "-62135596800000000",                  // the zero time
			"nil":    "x'00000000000000000000000000000000'", // the zero id
			"id":     "%s",                                  // a parameter whose type nothing else tells
			"time":   "%s",
			"lock":   "",                           // keeps the rows of a SELECT for the unit, which is alone here anyway
			"share":  "",                           // keeps them as they are, for all units that do
			"skip":   "",                           // passes over rows that others are at
			"keys":   "t.rowid AS row, t.%s, t.id", // of a row t in a list, with what orders it
			"row":    "p.rowid",                    // of a row p of a table
			"(":      "",                           // around each of the queries of rows t that a UNION merges in their order
			")":      "",
			"found":  "t.rowid = k.row",                                  // it is the one of the keys k
			"ids":    "(SELECT unhex(value) AS item FROM json_each(%s))", // a list of ids, as a relation
			"one_of": "%s IN (SELECT unhex(value) FROM json_each(%s))",   // an id is in such a list
			"path":   "unhex(%s || printf('%%08x', %s))",                 // below a path in hexadecimal, for a Seq
			"texts":  "(SELECT value AS item FROM json_each(%s))",        // a list of texts, as a relation
			"among":  "%s IN (SELECT value FROM json_each(%s))",          // a text is in such a list
			"has":    "instr(%s, %s) > 0",                                // a text has another in it
		},
		there:   "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE name = $1)",
		nameFor: func(quoted string) string { return strings.Trim(quoted, `"`) },
		fewRows: "CROSS JOIN %[1]s %[2]s ON %[2]s.rowid IN (%[3]s)",
		eachRow: "CROSS JOIN %s t ON t.rowid IN (SELECT row FROM (%s))",
		id:      func(id uuid.UUID) any { return id[:] },
		ids:     listForm{`["`, `","`, `"]`, "[]", func(id uuid.UUID) string { return hex.EncodeToString(id[:]) }},
		time:    func(t time.Time) any { return t.UnixMicro() },
	}

	// Postgres is for PostgreSQL 14 or later and what speaks its language.
	Postgres = &Dialect{
		name: "postgres", begin: "BEGIN", beginRead: "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY",
		exclusive: "SELECT pg_advisory_xact_lock(%d)", param: '$',
		words: map[string]string{
			"never":  "TIMESTAMPTZ '0001-01-01 00:00:00+00'",
			"nil":    "UUID '00000000-0000-0000-0000-000000000000'",
			"id":     "CAST(%s AS uuid)",
			"time":   "CAST(%s AS timestamptz)",
			"lock":   "FOR NO KEY UPDATE",
			"share":  "FOR SHARE",
			"skip":   "FOR UPDATE SKIP LOCKED",
			"keys":   "t.%s, t.id", // the id twice would keep the planner from merging
			"row":    "p.*",
			"(":      "(", // the planner sees no order that is not asked for in each
			")":      " ORDER BY t.%s DESC, t.id DESC LIMIT %s)",
			"found":  "t.id = k.id",
			"ids":    "(SELECT unnest(CAST(%s AS uuid[])) AS item)",
			"one_of": "%s = ANY (CAST(%s AS uuid[]))",
			"path":   "decode(%s || lpad(to_hex(%s), 8, '0'), 'hex')",
			"texts":  "(SELECT jsonb_array_elements_text(CAST(%s AS jsonb)) AS item)",
			"among":  "%s = ANY (ARRAY(SELECT jsonb_array_elements_text(CAST(%s AS jsonb))))",
			"has":    "strpos(%s, %s) > 0",
		},
		there:   "SELECT to_regclass($1) IS NOT NULL",
		nameFor: func(quoted string) string { return quoted },
		fewRows: "CROSS JOIN LATERAL (%[3]s) %[2]s",
		eachRow: "CROSS JOIN LATERAL (%[2]s) t",
		id:      func(id uuid.UUID) any { return id.String() },
		ids:     listForm{"{", ",", "}", "{}", uuid.UUID.String},
		time:    func(t time.Time) any { return t },
	}
)

// each is eachRow for a table and a query that ends a walk.
func (d *Dialect) each(table, query string) string { return fmt.Sprintf(d.eachRow, table, query) }

// few is fewRows for a table, the name of its rows, and a query.
func (d *Dialect) few(table, name, query string) string {
	return fmt.Sprintf(d.fewRows, table, name, query)
}

// listForm is how a list of ids is passed as one argument.
type listForm struct {
	open, between, end, empty string
	one                       func(uuid.UUID) string
}

func (f listForm) of(ids []uuid.UUID) string {
	if len(ids) == 0 {
		return f.empty
	}
	var b strings.Builder
	for i, id := range ids {
		if i == 0 {
			b.WriteString(f.open)
		} else {
			b.WriteString(f.between)
		}
		b.WriteString(f.one(id))
	}
	b.WriteString(f.end)
	return b.String()
}

// always is an instant in a column that is never NULL, where the zero one is
// the year 1.
type always time.Time

// instant returns a time as every adapter keeps it.
func instant(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// raw returns an ID for a column that is never NULL, where the zero one is 16
// zero bytes.
func raw[T any](id storage.ID[T]) uuid.UUID { return id.Bytes() }

// hexOf returns a path as the word path wants it.
func hexOf(p forum.Path) string { return hex.EncodeToString([]byte(p)) }

// jsonOf returns texts as the list that the word texts takes, and that they are
// kept as in one column.
func jsonOf(texts []string) string {
	if len(texts) == 0 {
		return "[]"
	}
	b, err := json.Marshal(texts)
	if err != nil {
		panic("sqlstore: texts: " + err.Error()) // strings always marshal
	}
	return string(b)
}

// arg converts an argument to what drivers take. Zero IDs and zero times are
// NULL, but for those of raw and always.
func (d *Dialect) arg(v any) any {
	switch v := v.(type) {
	case int:
		return int64(v)
	case time.Duration:
		return int64(v)
	case uuid.UUID:
		return d.id(v)
	case []uuid.UUID:
		return d.ids.of(v)
	case []string:
		return jsonOf(v)
	case forum.Path:
		return append([]byte{}, v...)
	case always:
		return d.time(instant(time.Time(v)))
	case time.Time:
		if v.IsZero() {
			return nil
		}
		return d.time(instant(v))
	case interface{ Bytes() [16]byte }:
		if id := uuid.UUID(v.Bytes()); id != uuid.Nil {
			return d.id(id)
		}
		return nil
	}
	return v
}

// Options says under what names a community's tables stand. One database may
// hold several communities, each under its own.
type Options struct {
	// Prefix begins the name of every table and index; default "copis_", or
	// none in a Schema of their own.
	Prefix string

	// Schema has the tables, on PostgreSQL; default: the connection's.
	// [Migrate] creates it.
	Schema string
}

// texts are the statements under the names of one community.
type texts struct {
	d              *Dialect
	prefix, schema string // quoted, and ending in a dot

	memo sync.Map // of what was made of them
}

var identifier = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,29}$`)

// under returns the statements of a community. It panics for names that are
// not lower-case letters, digits and underscores, at most 30.
func (d *Dialect) under(opts []Options) *texts {
	var o Options
	if len(opts) > 0 {
		o = opts[0]
	}
	if x, ok := d.texts.Load(o); ok {
		return x.(*texts)
	}
	x := &texts{d: d, prefix: o.Prefix}
	if o.Schema != "" {
		if d.oneWriter || !identifier.MatchString(o.Schema) {
			panic("sqlstore: Options.Schema cannot be used")
		}
		x.schema = `"` + o.Schema + `".`
	} else if o.Prefix == "" {
		x.prefix = "copis_"
	}
	if x.prefix != "" && !identifier.MatchString(x.prefix) {
		panic("sqlstore: Options.Prefix cannot be used")
	}
	kept, _ := d.texts.LoadOrStore(o, x)
	return kept.(*texts)
}

// table returns a table's name, quoted.
func (x *texts) table(name string) string { return x.schema + x.index(name) }

// index returns an index's name, quoted.
func (x *texts) index(name string) string { return `"` + x.prefix + name + `"` }

var braces = regexp.MustCompile(`\{([a-z_]+|[()])((?: [^{} ]+)*)\}`)

// text puts a statement in the dialect's words.
func (x *texts) text(query string) string {
	if t, ok := x.memo.Load(query); ok {
		return t.(string)
	}
	t := x.render(query)
	x.memo.Store(query, t)
	return t
}

func (x *texts) render(query string) string {
	out := braces.ReplaceAllStringFunc(query, func(m string) string {
		parts := strings.Fields(m[1 : len(m)-1])
		if parts[0] == "index" {
			return x.index(parts[1])
		}
		format, ok := x.d.words[parts[0]]
		if !ok {
			return x.table(parts[0])
		}
		args := make([]any, strings.Count(format, "%s"))
		for i := range args {
			args[i] = parts[i+1]
		}
		return fmt.Sprintf(format, args...)
	})
	if x.d.param != '$' {
		out = strings.ReplaceAll(out, "$", string(x.d.param))
	}
	return out
}
