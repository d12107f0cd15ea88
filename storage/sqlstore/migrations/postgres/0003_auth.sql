-- +goose Up

CREATE TABLE {accounts} (
  who      uuid        NOT NULL PRIMARY KEY,
  handle   uuid, -- a hash: of the present name
  mailbox  uuid, -- a hash: of the address, once it is verified
  named_at timestamptz NOT NULL,
  made     timestamptz NOT NULL,
  short    boolean     NOT NULL, -- the password
  disabled boolean     NOT NULL,
  version  bigint      NOT NULL,
  name     text        NOT NULL,
  address  text        NOT NULL,
  password text        NOT NULL
);
-- Partial, because writing a column of an index that could be referred to
-- would wait for whoever refers to its row.
CREATE UNIQUE INDEX {index accounts_by_handle}  ON {accounts} (handle) WHERE handle IS NOT NULL;
CREATE UNIQUE INDEX {index accounts_by_mailbox} ON {accounts} (mailbox) WHERE mailbox IS NOT NULL;

-- Names that somebody has or had. Those of whoever was erased stay taken.
CREATE TABLE {handles} (
  handle uuid NOT NULL PRIMARY KEY,
  who    uuid REFERENCES {accounts} (who) ON DELETE SET NULL
);
CREATE INDEX {index handles_by_person} ON {handles} (who);

CREATE TABLE {account_tokens} (
  id      uuid        NOT NULL PRIMARY KEY,
  who     uuid        REFERENCES {accounts} (who) ON DELETE CASCADE, -- NULL: nobody yet
  purpose smallint    NOT NULL,
  ends    timestamptz NOT NULL,
  hash    bytea       NOT NULL,
  about   bytea       NOT NULL,
  address text        NOT NULL
);
CREATE UNIQUE INDEX {index account_tokens_by_person} ON {account_tokens} (who, purpose);
CREATE INDEX {index account_tokens_by_end}           ON {account_tokens} (ends);

CREATE TABLE {factors} (
  who       uuid   NOT NULL PRIMARY KEY REFERENCES {accounts} (who) ON DELETE CASCADE,
  step      bigint NOT NULL,
  confirmed timestamptz,
  sealed    bytea  NOT NULL
);

CREATE TABLE {recovery} (
  who  uuid  NOT NULL REFERENCES {accounts} (who) ON DELETE CASCADE,
  hash bytea NOT NULL,
  PRIMARY KEY (who, hash)
);

CREATE TABLE {identities} (
  issuer  text        COLLATE "C" NOT NULL,
  subject text        COLLATE "C" NOT NULL,
  who     uuid        NOT NULL REFERENCES {accounts} (who) ON DELETE CASCADE,
  level   smallint    NOT NULL,
  linked  timestamptz NOT NULL,
  used    timestamptz NOT NULL,
  fiscal  bytea, -- keyed, of the fiscal code; NULL: not told
  PRIMARY KEY (issuer, subject)
);
CREATE INDEX {index identities_by_person} ON {identities} (who);
CREATE INDEX {index identities_by_fiscal} ON {identities} (fiscal) WHERE fiscal IS NOT NULL;

CREATE TABLE {consents} (
  who      uuid        NOT NULL REFERENCES {accounts} (who) ON DELETE CASCADE,
  document text        COLLATE "C" NOT NULL,
  edition  text        COLLATE "C" NOT NULL,
  at       timestamptz NOT NULL,
  PRIMARY KEY (who, document, edition)
);

CREATE TABLE {attempts} (
  key   uuid        NOT NULL PRIMARY KEY,
  count bigint      NOT NULL,
  at    timestamptz NOT NULL
);
CREATE INDEX {index attempts_by_age} ON {attempts} (at);

-- People who are the host's own have no account here.
CREATE TABLE {sessions} (
  id      uuid        NOT NULL PRIMARY KEY,
  who     uuid        NOT NULL,
  hash    bytea       NOT NULL,
  before  bytea,
  turned  timestamptz NOT NULL,
  made    timestamptz NOT NULL,
  seen    timestamptz NOT NULL,
  ends    timestamptz NOT NULL,
  level   smallint    NOT NULL,
  version bigint      NOT NULL,
  label   text        NOT NULL
);
CREATE UNIQUE INDEX {index sessions_by_secret} ON {sessions} (hash);
CREATE INDEX {index sessions_by_secret_before} ON {sessions} (before) WHERE before IS NOT NULL;
CREATE INDEX {index sessions_by_person}        ON {sessions} (who);
CREATE INDEX {index sessions_by_end}           ON {sessions} (ends);
CREATE INDEX {index sessions_by_use}           ON {sessions} (seen);

CREATE TABLE {session_tokens} (
  id     uuid        NOT NULL PRIMARY KEY,
  who    uuid        NOT NULL,
  hash   bytea       NOT NULL,
  made   timestamptz NOT NULL,
  used   timestamptz,
  ends   timestamptz NOT NULL,
  name   text        NOT NULL,
  scopes text        NOT NULL -- with spaces between
);
CREATE UNIQUE INDEX {index session_tokens_by_secret} ON {session_tokens} (hash);
CREATE INDEX {index session_tokens_by_person}        ON {session_tokens} (who);
CREATE INDEX {index session_tokens_by_end}           ON {session_tokens} (ends);
