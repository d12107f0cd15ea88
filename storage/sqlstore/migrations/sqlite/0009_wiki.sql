-- +goose Up

-- What has no time of its edit or no date by which to look again has the zero
-- one, so that lists go through it in order. A name is a title's key.
CREATE TABLE {pages} (
  id           BLOB    NOT NULL PRIMARY KEY,
  version      INTEGER NOT NULL,
  area         BLOB    NOT NULL,
  audience     INTEGER NOT NULL,
  title        TEXT    NOT NULL,
  name         TEXT    NOT NULL,
  parent       BLOB    NOT NULL, -- zero: the top
  place        INTEGER NOT NULL,
  tags         TEXT    NOT NULL, -- a JSON list
  themes       TEXT    NOT NULL, -- likewise
  template     TEXT    NOT NULL,
  latest       INTEGER NOT NULL,
  stable       INTEGER NOT NULL,
  by_user      BLOB,
  by_org       BLOB,
  edited_user  BLOB,
  edited_org   BLOB,
  edited_at    INTEGER NOT NULL,
  keeps        INTEGER NOT NULL, -- bits: the text, the title, a review
  kept_until   INTEGER,
  kept_user    BLOB,
  kept_org     BLOB,
  kept_at      INTEGER,
  due_at       INTEGER NOT NULL,
  checked_user BLOB,
  checked_org  BLOB,
  checked_at   INTEGER,
  origin_kind  TEXT    NOT NULL,
  origin_id    BLOB,
  origin_n     INTEGER NOT NULL,
  recheck_at   INTEGER,
  state        INTEGER NOT NULL,
  removed_at   INTEGER,
  removed_user BLOB,
  removed_org  BLOB,
  created_at   INTEGER NOT NULL,
  kept_why     TEXT    NOT NULL,
  removed_why  TEXT    NOT NULL,
  body         TEXT    NOT NULL
) STRICT;
CREATE INDEX {index pages_by_name}     ON {pages} (area, name, id);
CREATE INDEX {index pages_by_place}    ON {pages} (parent, place, name, id);
CREATE INDEX {index pages_by_edit}     ON {pages} (edited_at, id);
CREATE INDEX {index pages_in_area}     ON {pages} (area, edited_at, id);
CREATE INDEX {index pages_due}         ON {pages} (due_at, id) WHERE due_at > -62135596800000000;
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
  kind  INTEGER NOT NULL,
  label TEXT    NOT NULL,
  page  BLOB    NOT NULL REFERENCES {pages} (id),
  PRIMARY KEY (kind, label, page)
) STRICT, WITHOUT ROWID;
CREATE INDEX {index page_labels_of} ON {page_labels} (page);

CREATE TABLE {page_names} (
  area       BLOB    NOT NULL,
  name       TEXT    NOT NULL,
  title      TEXT    NOT NULL,
  page       BLOB,
  alias      INTEGER NOT NULL,
  keeps      INTEGER NOT NULL,
  kept_until INTEGER,
  kept_user  BLOB,
  kept_org   BLOB,
  kept_at    INTEGER,
  kept_why   TEXT    NOT NULL,
  version    INTEGER NOT NULL,
  PRIMARY KEY (area, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX {index page_names_of}        ON {page_names} (page, area, name) WHERE page IS NOT NULL;
CREATE INDEX {index page_names_by_keeper} ON {page_names} (kept_user) WHERE kept_user IS NOT NULL;

CREATE TABLE {page_revisions} (
  page         BLOB    NOT NULL REFERENCES {pages} (id),
  n            INTEGER NOT NULL,
  base         INTEGER NOT NULL,
  reverts      INTEGER NOT NULL,
  title        TEXT    NOT NULL,
  by_user      BLOB,
  by_org       BLOB,
  at           INTEGER NOT NULL,
  why          TEXT    NOT NULL,
  minor        INTEGER NOT NULL,
  size         INTEGER NOT NULL,
  grown        INTEGER NOT NULL,
  credits      INTEGER NOT NULL,
  state        INTEGER NOT NULL,
  removed_at   INTEGER,
  removed_user BLOB,
  removed_org  BLOB,
  removed_why  TEXT    NOT NULL,
  PRIMARY KEY (page, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX {index page_revisions_by_time}    ON {page_revisions} (at, page, n);
CREATE INDEX {index page_revisions_by_author}  ON {page_revisions} (by_user, at, page, n);
CREATE INDEX {index page_revisions_by_remover} ON {page_revisions} (removed_user) WHERE removed_user IS NOT NULL;

-- Whose words a revision holds besides its author's.
CREATE TABLE {page_credits} (
  page BLOB    NOT NULL REFERENCES {pages} (id),
  n    INTEGER NOT NULL,
  i    INTEGER NOT NULL,
  who  BLOB,
  org  BLOB,
  PRIMARY KEY (page, n, i)
) STRICT, WITHOUT ROWID;
CREATE INDEX {index page_credits_to} ON {page_credits} (who, page) WHERE who IS NOT NULL;

CREATE TABLE {page_blobs} (
  page   BLOB    NOT NULL REFERENCES {pages} (id),
  n      INTEGER NOT NULL,
  frame  INTEGER NOT NULL,
  weight INTEGER NOT NULL,
  data   BLOB    NOT NULL,
  PRIMARY KEY (page, n)
) STRICT;

CREATE TABLE {page_links} (
  page   BLOB NOT NULL REFERENCES {pages} (id),
  name   TEXT NOT NULL,
  title  TEXT NOT NULL,
  target BLOB NOT NULL, -- zero: to no page yet
  area   BLOB NOT NULL, -- of the page
  PRIMARY KEY (page, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX {index page_links_to} ON {page_links} (target, page);
CREATE INDEX {index page_links_by} ON {page_links} (area, name, page);

CREATE TABLE {page_mentions} (
  page BLOB NOT NULL REFERENCES {pages} (id),
  who  BLOB NOT NULL,
  PRIMARY KEY (page, who)
) STRICT, WITHOUT ROWID;
CREATE INDEX {index page_mentions_of} ON {page_mentions} (who, page);

CREATE TABLE {page_watches} (
  page BLOB    NOT NULL REFERENCES {pages} (id),
  who  BLOB    NOT NULL,
  at   INTEGER NOT NULL,
  PRIMARY KEY (page, who)
) STRICT, WITHOUT ROWID;
CREATE INDEX {index page_watches_of} ON {page_watches} (who, page);

CREATE TABLE {page_drafts} (
  id      BLOB    NOT NULL PRIMARY KEY,
  who     BLOB    NOT NULL,
  page    BLOB,
  area    BLOB,
  base    INTEGER NOT NULL,
  at      INTEGER NOT NULL,
  version INTEGER NOT NULL,
  title   TEXT    NOT NULL,
  why     TEXT    NOT NULL,
  body    TEXT    NOT NULL
) STRICT;
CREATE INDEX {index page_drafts_of} ON {page_drafts} (who, at, id);

CREATE TABLE {page_files} (
  id           BLOB    NOT NULL PRIMARY KEY,
  version      INTEGER NOT NULL,
  page         BLOB    NOT NULL REFERENCES {pages} (id),
  name         TEXT    NOT NULL,
  n            INTEGER NOT NULL,
  title        TEXT    NOT NULL,
  media        TEXT    NOT NULL,
  size         INTEGER NOT NULL,
  digest       BLOB    NOT NULL,
  blob         BLOB    NOT NULL,
  by_user      BLOB,
  by_org       BLOB,
  at           INTEGER NOT NULL,
  why          TEXT    NOT NULL,
  state        INTEGER NOT NULL,
  removed_at   INTEGER,
  removed_user BLOB,
  removed_org  BLOB,
  removed_why  TEXT    NOT NULL
) STRICT;
CREATE UNIQUE INDEX {index page_files_of}      ON {page_files} (page, name, n);
CREATE INDEX {index page_files_by_author}      ON {page_files} (by_user) WHERE by_user IS NOT NULL;
CREATE INDEX {index page_files_by_remover}     ON {page_files} (removed_user) WHERE removed_user IS NOT NULL;

-- The bytes of attachments, a piece a row; what is not whole has no piece 0.
CREATE TABLE {file_pieces} (
  blob  BLOB    NOT NULL,
  i     INTEGER NOT NULL,
  bytes BLOB    NOT NULL,
  PRIMARY KEY (blob, i)
) STRICT;
