-- +goose Up

CREATE TABLE {boards} (
  id          BLOB    NOT NULL PRIMARY KEY,
  area        BLOB    NOT NULL,
  parent      BLOB    REFERENCES {boards} (id),
  audience    INTEGER NOT NULL,
  promise     INTEGER NOT NULL,
  posting     INTEGER NOT NULL,
  position    INTEGER NOT NULL,
  slow_mode   INTEGER NOT NULL, -- nanoseconds
  close_after INTEGER NOT NULL, -- nanoseconds
  archived    INTEGER NOT NULL,
  created_at  INTEGER NOT NULL,
  version     INTEGER NOT NULL,
  name        TEXT    NOT NULL,
  description TEXT    NOT NULL
) STRICT;
CREATE INDEX {index boards_by_area} ON {boards} (area);

-- Where a topic is listed is its circle: the audience it was promised, the
-- same below zero when it was removed, and nowhere when it was merged away.
CREATE TABLE {topics} (
  id           BLOB    NOT NULL PRIMARY KEY,
  board        BLOB    NOT NULL REFERENCES {boards} (id),
  area         BLOB    NOT NULL,
  audience     INTEGER NOT NULL,
  by_user      BLOB,
  by_org       BLOB,
  created_at   INTEGER NOT NULL,
  revision     INTEGER NOT NULL,
  edited_at    INTEGER,
  edited_user  BLOB,
  edited_org   BLOB,
  answered     INTEGER NOT NULL, -- edited after replies
  state        INTEGER NOT NULL,
  removed_at   INTEGER,
  removed_user BLOB,
  removed_org  BLOB,
  pin          INTEGER NOT NULL,
  locked       INTEGER NOT NULL,
  close_after  INTEGER NOT NULL, -- nanoseconds
  slow_mode    INTEGER NOT NULL, -- nanoseconds
  merged_into  BLOB,
  version      INTEGER NOT NULL,
  seq          INTEGER NOT NULL,
  replies      INTEGER NOT NULL,
  useful       INTEGER NOT NULL,
  active_at    INTEGER NOT NULL,
  last_user    BLOB,
  last_org     BLOB,
  circle       INTEGER NOT NULL CHECK
    (circle = CASE WHEN merged_into IS NOT NULL THEN 0 WHEN state = 0 THEN audience ELSE -audience END),
  title        TEXT    NOT NULL,
  edited_why   TEXT    NOT NULL,
  removed_why  TEXT    NOT NULL,
  body         TEXT    NOT NULL
) STRICT;
CREATE INDEX {index topics_latest}          ON {topics} (circle, active_at, id);
CREATE INDEX {index topics_by_board}        ON {topics} (board, circle, active_at, id);
CREATE INDEX {index topics_by_area}         ON {topics} (area, circle, active_at, id);
CREATE INDEX {index topics_by_author}       ON {topics} (by_user, active_at, id);
CREATE INDEX {index topics_pinned}          ON {topics} (board, active_at, id) WHERE pin > 0;
CREATE INDEX {index topics_announced}       ON {topics} (circle, active_at, id) WHERE pin = 2;
CREATE INDEX {index topics_by_last_author}  ON {topics} (last_user, id);
CREATE INDEX {index topics_by_editor}       ON {topics} (edited_user, id) WHERE edited_user IS NOT NULL;
CREATE INDEX {index topics_by_remover}      ON {topics} (removed_user, id) WHERE removed_user IS NOT NULL;

-- The replies of a topic lie together, in thread order.
CREATE TABLE {replies} (
  topic        BLOB    NOT NULL REFERENCES {topics} (id),
  path         BLOB    NOT NULL,
  id           BLOB    NOT NULL,
  parent       BLOB,
  depth        INTEGER NOT NULL,
  seq          INTEGER NOT NULL,
  by_user      BLOB,
  by_org       BLOB,
  created_at   INTEGER NOT NULL,
  revision     INTEGER NOT NULL,
  edited_at    INTEGER,
  edited_user  BLOB,
  edited_org   BLOB,
  answered     INTEGER NOT NULL,
  state        INTEGER NOT NULL,
  removed_at   INTEGER,
  removed_user BLOB,
  removed_org  BLOB,
  from_staff   INTEGER NOT NULL,
  useful       INTEGER NOT NULL,
  version      INTEGER NOT NULL,
  edited_why   TEXT    NOT NULL,
  removed_why  TEXT    NOT NULL,
  body         TEXT    NOT NULL,
  PRIMARY KEY (topic, path)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX {index replies_by_id}  ON {replies} (id);
CREATE INDEX {index replies_by_age}        ON {replies} (topic, seq, state, by_user, created_at);
CREATE INDEX {index replies_by_author}     ON {replies} (by_user, topic, id);
CREATE INDEX {index replies_by_editor}     ON {replies} (edited_user, topic, id) WHERE edited_user IS NOT NULL;
CREATE INDEX {index replies_by_remover}    ON {replies} (removed_user, topic, id) WHERE removed_user IS NOT NULL;

-- A post is a reply, or the first of its topic. The two are told apart, because
-- a topic that was merged into another is a reply there with the same id.
CREATE TABLE {revisions} (
  post    BLOB    NOT NULL,
  reply   INTEGER NOT NULL,
  n       INTEGER NOT NULL,
  by_user BLOB,
  by_org  BLOB,
  at      INTEGER NOT NULL,
  title   TEXT    NOT NULL,
  why     TEXT    NOT NULL,
  body    TEXT    NOT NULL,
  PRIMARY KEY (post, reply, n)
) STRICT;
CREATE INDEX {index revisions_by_author} ON {revisions} (by_user, post);

CREATE TABLE {mentions} (
  post  BLOB    NOT NULL,
  reply INTEGER NOT NULL,
  who   BLOB    NOT NULL,
  PRIMARY KEY (post, reply, who)
) STRICT, WITHOUT ROWID;
CREATE INDEX {index mentions_by_person} ON {mentions} (who, post, reply);

CREATE TABLE {reactions} (
  post  BLOB    NOT NULL,
  reply INTEGER NOT NULL,
  who   BLOB    NOT NULL,
  at    INTEGER NOT NULL,
  PRIMARY KEY (post, reply, who)
) STRICT, WITHOUT ROWID;
CREATE INDEX {index reactions_by_person} ON {reactions} (who);

CREATE TABLE {marks} (
  who       BLOB    NOT NULL,
  topic     BLOB    NOT NULL,
  opened    INTEGER NOT NULL,
  read      INTEGER NOT NULL,
  follow    INTEGER NOT NULL,
  reason    INTEGER NOT NULL,
  posted_at INTEGER,
  PRIMARY KEY (who, topic)
) STRICT, WITHOUT ROWID;
CREATE INDEX {index marks_by_topic} ON {marks} (topic, who);

CREATE TABLE {read_all} (
  who BLOB    NOT NULL PRIMARY KEY,
  at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE {drafts} (
  who     BLOB    NOT NULL,
  place   TEXT    NOT NULL,
  at      INTEGER NOT NULL,
  version INTEGER NOT NULL,
  title   TEXT    NOT NULL,
  body    TEXT    NOT NULL,
  PRIMARY KEY (who, place)
) STRICT;
