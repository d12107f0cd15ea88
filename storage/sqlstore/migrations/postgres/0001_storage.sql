-- +goose Up

-- What was done under a key, so that it is not done twice.
CREATE TABLE {once} (
  owner  uuid        NOT NULL,
  key    text        COLLATE "C" NOT NULL,
  object uuid        NOT NULL,
  at     timestamptz NOT NULL,
  keep   boolean     NOT NULL,
  PRIMARY KEY (owner, key)
);
CREATE INDEX {index once_by_age} ON {once} (at) WHERE NOT keep;

-- An event waits to be delivered while it has an instant when it is due.
CREATE TABLE {events} (
  id       uuid        NOT NULL PRIMARY KEY,
  at       timestamptz NOT NULL,
  name     text        COLLATE "C" NOT NULL,
  area     uuid        NOT NULL,
  audience smallint    NOT NULL,
  due      timestamptz,
  tries    bigint      NOT NULL DEFAULT 0,
  handlers text, -- that are left, a JSON list; NULL: all
  data     text        NOT NULL
);
CREATE INDEX {index events_waiting}   ON {events} (id, due) WHERE due IS NOT NULL;
CREATE INDEX {index events_delivered} ON {events} (at) WHERE due IS NULL;
