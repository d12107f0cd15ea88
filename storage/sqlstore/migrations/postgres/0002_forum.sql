-- +goose Up

CREATE TABLE {boards} (
  id          uuid        NOT NULL PRIMARY KEY,
  area        uuid        NOT NULL,
  parent      uuid        REFERENCES {boards} (id),
  audience    smallint    NOT NULL,
  promise     smallint    NOT NULL,
  posting     smallint    NOT NULL,
  position    bigint      NOT NULL,
  slow_mode   bigint      NOT NULL, -- nanoseconds
  close_after bigint      NOT NULL, -- nanoseconds
  archived    boolean     NOT NULL,
  created_at  timestamptz NOT NULL,
  version     bigint      NOT NULL,
  name        text        COLLATE "C" NOT NULL,
  description text        NOT NULL
);
CREATE INDEX {index boards_by_area} ON {boards} (area);

-- Where a topic is listed is its circle: the audience it was promised, the
-- same below zero when it was removed, and nowhere when it was merged away.
CREATE TABLE {topics} (
  id           uuid        NOT NULL PRIMARY KEY,
  board        uuid        NOT NULL REFERENCES {boards} (id),
  area         uuid        NOT NULL,
  audience     smallint    NOT NULL,
  by_user      uuid,
  by_org       uuid,
  created_at   timestamptz NOT NULL,
  revision     bigint      NOT NULL,
  edited_at    timestamptz,
  edited_user  uuid,
  edited_org   uuid,
  answered     boolean     NOT NULL, -- edited after replies
  state        smallint    NOT NULL,
  removed_at   timestamptz,
  removed_user uuid,
  removed_org  uuid,
  pin          smallint    NOT NULL,
  locked       boolean     NOT NULL,
  close_after  bigint      NOT NULL, -- nanoseconds
  slow_mode    bigint      NOT NULL, -- nanoseconds
  merged_into  uuid,
  version      bigint      NOT NULL,
  seq          bigint      NOT NULL,
  replies      bigint      NOT NULL,
  useful       bigint      NOT NULL,
  active_at    timestamptz NOT NULL,
  last_user    uuid,
  last_org     uuid,
  circle       smallint    NOT NULL CHECK
    (circle = CASE WHEN merged_into IS NOT NULL THEN 0 WHEN state = 0 THEN audience ELSE -audience END),
  title        text        NOT NULL,
  edited_why   text        NOT NULL,
  removed_why  text        NOT NULL,
  body         text        NOT NULL
);
CREATE INDEX {index topics_latest}          ON {topics} (circle, active_at, id);
CREATE INDEX {index topics_by_board}        ON {topics} (board, circle, active_at, id);
CREATE INDEX {index topics_by_area}         ON {topics} (area, circle, active_at, id);
CREATE INDEX {index topics_by_author}       ON {topics} (by_user, active_at, id);
CREATE INDEX {index topics_pinned}          ON {topics} (board, active_at, id) WHERE pin > 0;
CREATE INDEX {index topics_announced}       ON {topics} (circle, active_at, id) WHERE pin = 2;
CREATE INDEX {index topics_by_last_author}  ON {topics} (last_user, id);
CREATE INDEX {index topics_by_editor}       ON {topics} (edited_user, id) WHERE edited_user IS NOT NULL;
CREATE INDEX {index topics_by_remover}      ON {topics} (removed_user, id) WHERE removed_user IS NOT NULL;

CREATE TABLE {replies} (
  topic        uuid        NOT NULL REFERENCES {topics} (id),
  path         bytea       NOT NULL,
  id           uuid        NOT NULL,
  parent       uuid,
  depth        bigint      NOT NULL,
  seq          bigint      NOT NULL,
  by_user      uuid,
  by_org       uuid,
  created_at   timestamptz NOT NULL,
  revision     bigint      NOT NULL,
  edited_at    timestamptz,
  edited_user  uuid,
  edited_org   uuid,
  answered     boolean     NOT NULL,
  state        smallint    NOT NULL,
  removed_at   timestamptz,
  removed_user uuid,
  removed_org  uuid,
  from_staff   boolean     NOT NULL,
  useful       bigint      NOT NULL,
  version      bigint      NOT NULL,
  edited_why   text        NOT NULL,
  removed_why  text        NOT NULL,
  body         text        NOT NULL,
  PRIMARY KEY (topic, path)
);
CREATE UNIQUE INDEX {index replies_by_id}  ON {replies} (id);
CREATE INDEX {index replies_by_age}        ON {replies} (topic, seq, state, by_user, created_at);
CREATE INDEX {index replies_by_author}     ON {replies} (by_user, topic, id);
CREATE INDEX {index replies_by_editor}     ON {replies} (edited_user, topic, id) WHERE edited_user IS NOT NULL;
CREATE INDEX {index replies_by_remover}    ON {replies} (removed_user, topic, id) WHERE removed_user IS NOT NULL;

-- A post is a reply, or the first of its topic. The two are told apart, because
-- a topic that was merged into another is a reply there with the same id.
CREATE TABLE {revisions} (
  post    uuid        NOT NULL,
  reply   boolean     NOT NULL,
  n       bigint      NOT NULL,
  by_user uuid,
  by_org  uuid,
  at      timestamptz NOT NULL,
  title   text        NOT NULL,
  why     text        NOT NULL,
  body    text        NOT NULL,
  PRIMARY KEY (post, reply, n)
);
CREATE INDEX {index revisions_by_author} ON {revisions} (by_user, post);

CREATE TABLE {mentions} (
  post  uuid    NOT NULL,
  reply boolean NOT NULL,
  who   uuid    NOT NULL,
  PRIMARY KEY (post, reply, who)
);
CREATE INDEX {index mentions_by_person} ON {mentions} (who, post, reply);

CREATE TABLE {reactions} (
  post  uuid        NOT NULL,
  reply boolean     NOT NULL,
  who   uuid        NOT NULL,
  at    timestamptz NOT NULL,
  PRIMARY KEY (post, reply, who)
);
CREATE INDEX {index reactions_by_person} ON {reactions} (who);

CREATE TABLE {marks} (
  who       uuid        NOT NULL,
  topic     uuid        NOT NULL,
  opened    boolean     NOT NULL,
  read      bigint      NOT NULL,
  follow    smallint    NOT NULL,
  reason    smallint    NOT NULL,
  posted_at timestamptz,
  PRIMARY KEY (who, topic)
) WITH (fillfactor = 85); -- marks are read on and on: room for that on their page
CREATE INDEX {index marks_by_topic} ON {marks} (topic, who);

CREATE TABLE {read_all} (
  who uuid        NOT NULL PRIMARY KEY,
  at  timestamptz NOT NULL
);

CREATE TABLE {drafts} (
  who     uuid        NOT NULL,
  place   text        COLLATE "C" NOT NULL,
  at      timestamptz NOT NULL,
  version bigint      NOT NULL,
  title   text        NOT NULL,
  body    text        NOT NULL,
  PRIMARY KEY (who, place)
);
