-- +goose Up

-- A session is found by the part of its secrets that stays, so that any of
-- before is known for what it is. Whoever is signed in signs in again.
DROP TABLE {sessions};
CREATE TABLE {sessions} (
  id       BLOB    NOT NULL PRIMARY KEY,
  who      BLOB    NOT NULL,
  selector BLOB    NOT NULL, -- a hash
  hash     BLOB    NOT NULL,
  before   BLOB,
  turned   INTEGER NOT NULL,
  proved   INTEGER NOT NULL, -- when its owner last showed who they are
  made     INTEGER NOT NULL,
  seen     INTEGER NOT NULL,
  ends     INTEGER NOT NULL,
  level    INTEGER NOT NULL,
  version  INTEGER NOT NULL,
  label    TEXT    NOT NULL
) STRICT;
CREATE UNIQUE INDEX {index sessions_by_selector} ON {sessions} (selector);
CREATE INDEX {index sessions_by_person}          ON {sessions} (who);
CREATE INDEX {index sessions_by_end}             ON {sessions} (ends);
CREATE INDEX {index sessions_by_use}             ON {sessions} (seen);

-- Of second steps (purpose 4) that wait for their code, a person may have
-- several.
DROP INDEX {account_tokens_by_person};
CREATE UNIQUE INDEX {index account_tokens_by_purpose} ON {account_tokens} (who, purpose) WHERE purpose <> 4;
CREATE INDEX {index account_tokens_by_person}         ON {account_tokens} (who, purpose);
