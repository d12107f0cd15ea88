-- +goose Up

-- An organisation is searched by its folded name, whose beginning orders lists.
CREATE TABLE {orgs} (
  id       BLOB    NOT NULL PRIMARY KEY,
  code     TEXT    NOT NULL,
  name     TEXT    NOT NULL,
  kind     TEXT    NOT NULL,
  site     TEXT    NOT NULL,
  inactive INTEGER NOT NULL,
  made     INTEGER NOT NULL,
  version  INTEGER NOT NULL,
  sort     TEXT    NOT NULL,
  folded   TEXT    NOT NULL
) STRICT;
CREATE UNIQUE INDEX {index orgs_by_code} ON {orgs} (code);
CREATE INDEX {index orgs_by_name}        ON {orgs} (sort, code, folded, inactive);

CREATE TABLE {members} (
  who         BLOB    NOT NULL PRIMARY KEY,
  version     INTEGER NOT NULL,
  state       INTEGER NOT NULL,
  role        INTEGER NOT NULL,
  category    TEXT    NOT NULL,
  org         BLOB,
  joined      INTEGER NOT NULL,
  since       INTEGER NOT NULL,
  listed      INTEGER NOT NULL,
  name_to     INTEGER NOT NULL, -- the audiences of what follows
  headline_to INTEGER NOT NULL,
  about_to    INTEGER NOT NULL,
  contact_to  INTEGER NOT NULL,
  expertise   TEXT    NOT NULL, -- a JSON list
  name        TEXT    NOT NULL,
  headline    TEXT    NOT NULL,
  contact     TEXT    NOT NULL,
  about       TEXT    NOT NULL
) STRICT;
CREATE INDEX {index members_by_state}    ON {members} (state, who);
CREATE INDEX {index members_by_category} ON {members} (category, who);
CREATE INDEX {index members_counted}     ON {members} (state, category);
CREATE INDEX {index members_listed}      ON {members} (who) WHERE listed AND state = 1;
CREATE INDEX {index members_of_staff}    ON {members} (who) WHERE role >= 3;

-- What members know, folded, for the directory.
CREATE TABLE {expertise} (
  term TEXT NOT NULL,
  who  BLOB NOT NULL,
  PRIMARY KEY (term, who)
) STRICT, WITHOUT ROWID;
CREATE INDEX {index expertise_of_person} ON {expertise} (who);

-- How often something has been done that has to be done one after the other.
CREATE TABLE {holds} (
  what TEXT    NOT NULL PRIMARY KEY,
  n    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE {area_roles} (
  who  BLOB    NOT NULL,
  area BLOB    NOT NULL,
  role INTEGER NOT NULL,
  PRIMARY KEY (who, area)
) STRICT, WITHOUT ROWID;
CREATE INDEX {index area_roles_by_area} ON {area_roles} (area, who);

CREATE TABLE {mandates} (
  id       BLOB    NOT NULL PRIMARY KEY,
  who      BLOB    NOT NULL,
  org      BLOB    NOT NULL REFERENCES {orgs} (id),
  begins   INTEGER NOT NULL,
  ends     INTEGER,
  verified INTEGER,
  by_user  BLOB,
  by_org   BLOB,
  made     INTEGER NOT NULL,
  version  INTEGER NOT NULL,
  title    TEXT    NOT NULL
) STRICT;
CREATE INDEX {index mandates_by_person}   ON {mandates} (who, id);
CREATE INDEX {index mandates_by_org}      ON {mandates} (org, who);
CREATE INDEX {index mandates_claimed}     ON {mandates} (id) WHERE verified IS NULL;
CREATE INDEX {index mandates_by_verifier} ON {mandates} (by_user) WHERE by_user IS NOT NULL;

CREATE TABLE {applications} (
  id       BLOB    NOT NULL PRIMARY KEY,
  who      BLOB    NOT NULL,
  category TEXT    NOT NULL,
  org      BLOB,
  state    INTEGER NOT NULL,
  made     INTEGER NOT NULL,
  decided  INTEGER,
  by_user  BLOB,
  by_org   BLOB,
  version  INTEGER NOT NULL,
  title    TEXT    NOT NULL,
  why      TEXT    NOT NULL,
  body     TEXT    NOT NULL
) STRICT;
CREATE UNIQUE INDEX {index applications_waiting} ON {applications} (who) WHERE state = 1;
CREATE INDEX {index applications_by_person}      ON {applications} (who, id);
CREATE INDEX {index applications_by_state}       ON {applications} (state, id);
CREATE INDEX {index applications_by_category}    ON {applications} (category, id);
CREATE INDEX {index applications_by_decider}     ON {applications} (by_user) WHERE by_user IS NOT NULL;

CREATE TABLE {invitations} (
  id       BLOB    NOT NULL PRIMARY KEY,
  hash     BLOB    NOT NULL,
  category TEXT    NOT NULL,
  org      BLOB,
  role     INTEGER NOT NULL,
  mailbox  BLOB,
  most     INTEGER NOT NULL,
  uses     INTEGER NOT NULL,
  by_user  BLOB,
  by_org   BLOB,
  made     INTEGER NOT NULL,
  ends     INTEGER NOT NULL,
  revoked  INTEGER,
  version  INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX {index invitations_by_hash} ON {invitations} (hash);
CREATE UNIQUE INDEX {index invitations_live}    ON {invitations} (mailbox) WHERE mailbox IS NOT NULL AND revoked IS NULL AND uses < most;
CREATE INDEX {index invitations_by_mailbox}     ON {invitations} (mailbox) WHERE mailbox IS NOT NULL;
CREATE INDEX {index invitations_by_inviter}     ON {invitations} (by_user, id);

CREATE TABLE {sanctions} (
  id             BLOB    NOT NULL PRIMARY KEY,
  who            BLOB    NOT NULL,
  area           BLOB    NOT NULL,
  kind           INTEGER NOT NULL,
  begins         INTEGER NOT NULL,
  ends           INTEGER,
  lifted         INTEGER,
  by_user        BLOB,
  by_org         BLOB,
  appeal_at      INTEGER,
  appeal_decided INTEGER,
  appeal_user    BLOB,
  appeal_org     BLOB,
  upheld         INTEGER NOT NULL,
  version        INTEGER NOT NULL,
  why            TEXT    NOT NULL,
  appeal_text    TEXT    NOT NULL,
  appeal_why     TEXT    NOT NULL
) STRICT;
CREATE INDEX {index sanctions_by_person}   ON {sanctions} (who, id);
CREATE INDEX {index sanctions_by_area}     ON {sanctions} (area, id);
CREATE INDEX {index sanctions_appealed}    ON {sanctions} (id) WHERE appeal_at IS NOT NULL AND appeal_decided IS NULL;
CREATE INDEX {index sanctions_by_imposer}  ON {sanctions} (by_user) WHERE by_user IS NOT NULL;
CREATE INDEX {index sanctions_by_reviewer} ON {sanctions} (appeal_user) WHERE appeal_user IS NOT NULL;

-- The phase, turned by hand.
CREATE TABLE {turns} (
  n       INTEGER NOT NULL PRIMARY KEY,
  phase   INTEGER NOT NULL,
  at      INTEGER NOT NULL,
  by_user BLOB,
  by_org  BLOB,
  why     TEXT    NOT NULL
) STRICT;
