-- +goose Up

-- What has no time of its edit or no date by which to look again has the zero
-- one, so that lists go through it in order. A name is a title's key.
CREATE TABLE {pages} (
  id           uuid NOT NULL PRIMARY KEY,
  version      bigint NOT NULL,
  area         uuid NOT NULL,
  audience     smallint NOT NULL,
  title        text NOT NULL,
  name         text COLLATE "C" NOT NULL,
  parent       uuid NOT NULL, -- zero: the top
  place        bigint NOT NULL,
  tags         text NOT NULL, -- a JSON list
  themes       text NOT NULL, -- likewise
  template     text NOT NULL,
  latest       bigint NOT NULL,
  stable       bigint NOT NULL,
  by_user      uuid,
  by_org       uuid,
  edited_user  uuid,
  edited_org   uuid,
  edited_at    timestamptz NOT NULL,
  keeps        smallint NOT NULL, -- bits: the text, the title, a review
  kept_until   timestamptz,
  kept_user    uuid,
  kept_org     uuid,
  kept_at      timestamptz,
  due_at       timestamptz NOT NULL,
  checked_user uuid,
  checked_org  uuid,
  checked_at   timestamptz,
  origin_kind  text NOT NULL,
  origin_id    uuid,
  origin_n     bigint NOT NULL,
  recheck_at   timestamptz,
  state        smallint NOT NULL,
  removed_at   timestamptz,
  removed_user uuid,
  removed_org  uuid,
  created_at   timestamptz NOT NULL,
  kept_why     text NOT NULL,
  removed_why  text NOT NULL,
  body         text NOT NULL
);
CREATE INDEX {index pages_by_name}     ON {pages} (area, name, id);
CREATE INDEX {index pages_by_place}    ON {pages} (parent, place, name, id);
CREATE INDEX {index pages_by_edit}     ON {pages} (edited_at, id);
CREATE INDEX {index pages_in_area}     ON {pages} (area, edited_at, id);
CREATE INDEX {index pages_due}         ON {pages} (due_at, id) WHERE due_at > TIMESTAMPTZ '0001-01-01 00:00:00+00';
CREATE INDEX {index pages_waiting}     ON {pages} (name, id) WHERE latest <> stable;
CREATE INDEX {index pages_removed}     ON {pages} (name, id) WHERE state = 1;
CREATE INDEX {index pages_from}        ON {pages} (origin_id) WHERE origin_id IS NOT NULL;
CREATE INDEX {index pages_by_creator}  ON {pages} (by_user, id);
CREATE INDEX {index pages_by_editor}   ON {pages} (edited_user) WHERE edited_user IS NOT NULL;
CREATE INDEX {index pages_by_keeper}   ON {pages} (kept_user) WHERE kept_user IS NOT NULL;
CREATE INDEX {index pages_by_checker}  ON {pages} (checked_user) WHERE checked_user IS NOT NULL;
CREATE INDEX {index pages_by_remover}  ON {pages} (removed_user) WHERE removed_user IS NOT NULL;

-- Tags are of kind 1, themes of kind 2, a template of kind 3.
CREATE TABLE {page_labels} (
  kind         smallint NOT NULL,
  label        text COLLATE "C" NOT NULL,
  page         uuid NOT NULL REFERENCES {pages} (id),
  PRIMARY KEY (kind, label, page)
);
CREATE INDEX {index page_labels_of} ON {page_labels} (page);

CREATE TABLE {page_names} (
  area         uuid NOT NULL,
  name         text COLLATE "C" NOT NULL,
  title        text NOT NULL,
  page         uuid,
  alias        boolean NOT NULL,
  keeps        smallint NOT NULL,
  kept_until   timestamptz,
  kept_user    uuid,
  kept_org     uuid,
  kept_at      timestamptz,
  kept_why     text NOT NULL,
  version      bigint NOT NULL,
  PRIMARY KEY (area, name)
);
CREATE INDEX {index page_names_of}        ON {page_names} (page, area, name) WHERE page IS NOT NULL;
CREATE INDEX {index page_names_by_keeper} ON {page_names} (kept_user) WHERE kept_user IS NOT NULL;

CREATE TABLE {page_revisions} (
  page         uuid NOT NULL REFERENCES {pages} (id),
  n            bigint NOT NULL,
  base         bigint NOT NULL,
  reverts      bigint NOT NULL,
  title        text NOT NULL,
  by_user      uuid,
  by_org       uuid,
  at           timestamptz NOT NULL,
  why          text NOT NULL,
  minor        boolean NOT NULL,
  size         bigint NOT NULL,
  grown        bigint NOT NULL,
  credits      bigint NOT NULL,
  state        smallint NOT NULL,
  removed_at   timestamptz,
  removed_user uuid,
  removed_org  uuid,
  removed_why  text NOT NULL,
  PRIMARY KEY (page, n)
);
CREATE INDEX {index page_revisions_by_time}    ON {page_revisions} (at, page, n);
CREATE INDEX {index page_revisions_by_author}  ON {page_revisions} (by_user, at, page, n);
CREATE INDEX {index page_revisions_by_remover} ON {page_revisions} (removed_user) WHERE removed_user IS NOT NULL;

-- Whose words a revision holds besides its author's.
CREATE TABLE {page_credits} (
  page         uuid NOT NULL REFERENCES {pages} (id),
  n            bigint NOT NULL,
  i            bigint NOT NULL,
  who          uuid,
  org          uuid,
  PRIMARY KEY (page, n, i)
);
CREATE INDEX {index page_credits_to} ON {page_credits} (who, page) WHERE who IS NOT NULL;

CREATE TABLE {page_blobs} (
  page         uuid NOT NULL REFERENCES {pages} (id),
  n            bigint NOT NULL,
  frame        bigint NOT NULL,
  weight       bigint NOT NULL,
  data         bytea NOT NULL,
  PRIMARY KEY (page, n)
);

CREATE TABLE {page_links} (
  page         uuid NOT NULL REFERENCES {pages} (id),
  name         text COLLATE "C" NOT NULL,
  title        text NOT NULL,
  target       uuid NOT NULL, -- zero: to no page yet
  area         uuid NOT NULL, -- of the page
  PRIMARY KEY (page, name)
);
CREATE INDEX {index page_links_to} ON {page_links} (target, page);
CREATE INDEX {index page_links_by} ON {page_links} (area, name, page);

CREATE TABLE {page_mentions} (
  page         uuid NOT NULL REFERENCES {pages} (id),
  who          uuid NOT NULL,
  PRIMARY KEY (page, who)
);
CREATE INDEX {index page_mentions_of} ON {page_mentions} (who, page);

CREATE TABLE {page_watches} (
  page         uuid NOT NULL REFERENCES {pages} (id),
  who          uuid NOT NULL,
  at           timestamptz NOT NULL,
  PRIMARY KEY (page, who)
);
CREATE INDEX {index page_watches_of} ON {page_watches} (who, page);

CREATE TABLE {page_drafts} (
  id           uuid NOT NULL PRIMARY KEY,
  who          uuid NOT NULL,
  page         uuid,
  area         uuid,
  base         bigint NOT NULL,
  at           timestamptz NOT NULL,
  version      bigint NOT NULL,
  title        text NOT NULL,
  why          text NOT NULL,
  body         text NOT NULL
);
CREATE INDEX {index page_drafts_of} ON {page_drafts} (who, at, id);

CREATE TABLE {page_files} (
  id           uuid NOT NULL PRIMARY KEY,
  version      bigint NOT NULL,
  page         uuid NOT NULL REFERENCES {pages} (id),
  name         text COLLATE "C" NOT NULL,
  n            bigint NOT NULL,
  title        text NOT NULL,
  media        text NOT NULL,
  size         bigint NOT NULL,
  digest       bytea NOT NULL,
  blob         uuid NOT NULL,
  by_user      uuid,
  by_org       uuid,
  at           timestamptz NOT NULL,
  why          text NOT NULL,
  state        smallint NOT NULL,
  removed_at   timestamptz,
  removed_user uuid,
  removed_org  uuid,
  removed_why  text NOT NULL
);
CREATE UNIQUE INDEX {index page_files_of}      ON {page_files} (page, name, n);
CREATE INDEX {index page_files_by_author}      ON {page_files} (by_user) WHERE by_user IS NOT NULL;
CREATE INDEX {index page_files_by_remover}     ON {page_files} (removed_user) WHERE removed_user IS NOT NULL;

-- The bytes of attachments, a piece a row; what is not whole has no piece 0.
CREATE TABLE {file_pieces} (
  blob         uuid NOT NULL,
  i            bigint NOT NULL,
  bytes        bytea NOT NULL,
  PRIMARY KEY (blob, i)
);
