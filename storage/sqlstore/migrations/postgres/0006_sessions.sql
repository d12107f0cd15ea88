-- +goose Up

-- A session is found by the part of its secrets that stays, so that any of
-- before is known for what it is. Whoever is signed in signs in again.
DROP TABLE {sessions};
CREATE TABLE {sessions} (
  id       uuid        NOT NULL PRIMARY KEY,
  who      uuid        NOT NULL,
  selector bytea       NOT NULL, -- a hash
  hash     bytea       NOT NULL,
  before   bytea,
  turned   timestamptz NOT NULL,
  proved   timestamptz NOT NULL, -- when its owner last showed who they are
  made     timestamptz NOT NULL,
  seen     timestamptz NOT NULL,
  ends     timestamptz NOT NULL,
  level    smallint    NOT NULL,
  version  bigint      NOT NULL,
  label    text        NOT NULL
);
CREATE UNIQUE INDEX {index sessions_by_selector} ON {sessions} (selector);
CREATE INDEX {index sessions_by_person}          ON {sessions} (who);
CREATE INDEX {index sessions_by_end}             ON {sessions} (ends);
CREATE INDEX {index sessions_by_use}             ON {sessions} (seen);

-- Of second steps (purpose 4) that wait for their code, a person may have
-- several.
DROP INDEX {account_tokens_by_person};
CREATE UNIQUE INDEX {index account_tokens_by_purpose} ON {account_tokens} (who, purpose) WHERE purpose <> 4;
CREATE INDEX {index account_tokens_by_person}         ON {account_tokens} (who, purpose);
