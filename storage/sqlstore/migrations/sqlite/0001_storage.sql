-- +goose Up

-- What was done under a key, so that it is not done twice.
CREATE TABLE {once} (
  owner  BLOB    NOT NULL,
  key    TEXT    NOT NULL,
  object BLOB    NOT NULL,
  at     INTEGER NOT NULL,
  keep   INTEGER NOT NULL,
  PRIMARY KEY (owner, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX {index once_by_age} ON {once} (at) WHERE NOT keep;

-- An event waits to be delivered while it has an instant when it is due.
CREATE TABLE {events} (
  id       BLOB    NOT NULL PRIMARY KEY,
  at       INTEGER NOT NULL,
  name     TEXT    NOT NULL,
  area     BLOB    NOT NULL,
  audience INTEGER NOT NULL,
  due      INTEGER,
  tries    INTEGER NOT NULL DEFAULT 0,
  handlers TEXT, -- that are left, a JSON list; NULL: all
  data     TEXT    NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX {index events_waiting}   ON {events} (id, due) WHERE due IS NOT NULL;
CREATE INDEX {index events_delivered} ON {events} (at) WHERE due IS NULL;
