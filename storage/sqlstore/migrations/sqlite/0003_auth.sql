-- +goose Up

CREATE TABLE {accounts} (
  who      BLOB    NOT NULL PRIMARY KEY,
  handle   BLOB, -- a hash: of the present name
  mailbox  BLOB, -- a hash: of the address, once it is verified
  named_at INTEGER NOT NULL,
  made     INTEGER NOT NULL,
  short    INTEGER NOT NULL, -- the password
  disabled INTEGER NOT NULL,
  version  INTEGER NOT NULL,
  name     TEXT    NOT NULL,
  address  TEXT    NOT NULL,
  password TEXT    NOT NULL
) STRICT;
CREATE UNIQUE INDEX {index accounts_by_handle}  ON {accounts} (handle) WHERE handle IS NOT NULL;
CREATE UNIQUE INDEX {index accounts_by_mailbox} ON {accounts} (mailbox) WHERE mailbox IS NOT NULL;

-- Names that somebody has or had. Those of whoever was erased stay taken.
CREATE TABLE {handles} (
  handle BLOB NOT NULL PRIMARY KEY,
  who    BLOB REFERENCES {accounts} (who) ON DELETE SET NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX {index handles_by_person} ON {handles} (who);

CREATE TABLE {account_tokens} (
  id      BLOB    NOT NULL PRIMARY KEY,
  who     BLOB    REFERENCES {accounts} (who) ON DELETE CASCADE, -- NULL: nobody yet
  purpose INTEGER NOT NULL,
  ends    INTEGER NOT NULL,
  hash    BLOB    NOT NULL,
  about   BLOB    NOT NULL,
  address TEXT    NOT NULL
) STRICT;
CREATE UNIQUE INDEX {index account_tokens_by_person} ON {account_tokens} (who, purpose);
CREATE INDEX {index account_tokens_by_end}           ON {account_tokens} (ends);

CREATE TABLE {factors} (
  who       BLOB    NOT NULL PRIMARY KEY REFERENCES {accounts} (who) ON DELETE CASCADE,
  step      INTEGER NOT NULL,
  confirmed INTEGER,
  sealed    BLOB    NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE {recovery} (
  who  BLOB    NOT NULL REFERENCES {accounts} (who) ON DELETE CASCADE,
  hash BLOB    NOT NULL,
  PRIMARY KEY (who, hash)
) STRICT, WITHOUT ROWID;

CREATE TABLE {identities} (
  issuer  TEXT    NOT NULL,
  subject TEXT    NOT NULL,
  who     BLOB    NOT NULL REFERENCES {accounts} (who) ON DELETE CASCADE,
  level   INTEGER NOT NULL,
  linked  INTEGER NOT NULL,
  used    INTEGER NOT NULL,
  fiscal  BLOB, -- keyed, of the fiscal code; NULL: not told
  PRIMARY KEY (issuer, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX {index identities_by_person} ON {identities} (who);
CREATE INDEX {index identities_by_fiscal} ON {identities} (fiscal) WHERE fiscal IS NOT NULL;

CREATE TABLE {consents} (
  who      BLOB    NOT NULL REFERENCES {accounts} (who) ON DELETE CASCADE,
  document TEXT    NOT NULL,
  edition  TEXT    NOT NULL,
  at       INTEGER NOT NULL,
  PRIMARY KEY (who, document, edition)
) STRICT, WITHOUT ROWID;

CREATE TABLE {attempts} (
  key   BLOB    NOT NULL PRIMARY KEY,
  count INTEGER NOT NULL,
  at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX {index attempts_by_age} ON {attempts} (at);

-- People who are the host's own have no account here.
CREATE TABLE {sessions} (
  id      BLOB    NOT NULL PRIMARY KEY,
  who     BLOB    NOT NULL,
  hash    BLOB    NOT NULL,
  before  BLOB,
  turned  INTEGER NOT NULL,
  made    INTEGER NOT NULL,
  seen    INTEGER NOT NULL,
  ends    INTEGER NOT NULL,
  level   INTEGER NOT NULL,
  version INTEGER NOT NULL,
  label   TEXT    NOT NULL
) STRICT;
CREATE UNIQUE INDEX {index sessions_by_secret} ON {sessions} (hash);
CREATE INDEX {index sessions_by_secret_before} ON {sessions} (before) WHERE before IS NOT NULL;
CREATE INDEX {index sessions_by_person}        ON {sessions} (who);
CREATE INDEX {index sessions_by_end}           ON {sessions} (ends);
CREATE INDEX {index sessions_by_use}           ON {sessions} (seen);

CREATE TABLE {session_tokens} (
  id     BLOB    NOT NULL PRIMARY KEY,
  who    BLOB    NOT NULL,
  hash   BLOB    NOT NULL,
  made   INTEGER NOT NULL,
  used   INTEGER,
  ends   INTEGER NOT NULL,
  name   TEXT    NOT NULL,
  scopes TEXT    NOT NULL -- with spaces between
) STRICT;
CREATE UNIQUE INDEX {index session_tokens_by_secret} ON {session_tokens} (hash);
CREATE INDEX {index session_tokens_by_person}        ON {session_tokens} (who);
CREATE INDEX {index session_tokens_by_end}           ON {session_tokens} (ends);
