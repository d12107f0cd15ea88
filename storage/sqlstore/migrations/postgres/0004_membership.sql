-- +goose Up

-- An organisation is searched by its folded name, whose beginning orders lists.
CREATE TABLE {orgs} (
  id       uuid        NOT NULL PRIMARY KEY,
  code     text        COLLATE "C" NOT NULL,
  name     text        NOT NULL,
  kind     text        NOT NULL,
  site     text        NOT NULL,
  inactive boolean     NOT NULL,
  made     timestamptz NOT NULL,
  version  bigint      NOT NULL,
  sort     text        COLLATE "C" NOT NULL,
  folded   text        COLLATE "C" NOT NULL
);
CREATE UNIQUE INDEX {index orgs_by_code} ON {orgs} (code);
CREATE INDEX {index orgs_by_name}        ON {orgs} (sort, code);

CREATE TABLE {members} (
  who         uuid        NOT NULL PRIMARY KEY,
  version     bigint      NOT NULL,
  state       smallint    NOT NULL,
  role        smallint    NOT NULL,
  category    text        COLLATE "C" NOT NULL,
  org         uuid,
  joined      timestamptz NOT NULL,
  since       timestamptz NOT NULL,
  listed      boolean     NOT NULL,
  name_to     smallint    NOT NULL, -- the audiences of what follows
  headline_to smallint    NOT NULL,
  about_to    smallint    NOT NULL,
  contact_to  smallint    NOT NULL,
  expertise   text        NOT NULL, -- a JSON list
  name        text        NOT NULL,
  headline    text        NOT NULL,
  contact     text        NOT NULL,
  about       text        NOT NULL
);
CREATE INDEX {index members_by_state}    ON {members} (state, who);
CREATE INDEX {index members_by_category} ON {members} (category, who);
CREATE INDEX {index members_counted}     ON {members} (state, category);
CREATE INDEX {index members_listed}      ON {members} (who) WHERE listed AND state = 1;
CREATE INDEX {index members_of_staff}    ON {members} (who) WHERE role >= 3;

-- What members know, folded, for the directory.
CREATE TABLE {expertise} (
  term text COLLATE "C" NOT NULL,
  who  uuid NOT NULL,
  PRIMARY KEY (term, who)
);
CREATE INDEX {index expertise_of_person} ON {expertise} (who);

-- How often something has been done that has to be done one after the other.
CREATE TABLE {holds} (
  what text   COLLATE "C" NOT NULL PRIMARY KEY,
  n    bigint NOT NULL
);

CREATE TABLE {area_roles} (
  who  uuid     NOT NULL,
  area uuid     NOT NULL,
  role smallint NOT NULL,
  PRIMARY KEY (who, area)
);
CREATE INDEX {index area_roles_by_area} ON {area_roles} (area, who);

CREATE TABLE {mandates} (
  id       uuid        NOT NULL PRIMARY KEY,
  who      uuid        NOT NULL,
  org      uuid        NOT NULL REFERENCES {orgs} (id),
  begins   timestamptz NOT NULL,
  ends     timestamptz,
  verified timestamptz,
  by_user  uuid,
  by_org   uuid,
  made     timestamptz NOT NULL,
  version  bigint      NOT NULL,
  title    text        NOT NULL
);
CREATE INDEX {index mandates_by_person}   ON {mandates} (who, id);
CREATE INDEX {index mandates_by_org}      ON {mandates} (org, who);
CREATE INDEX {index mandates_claimed}     ON {mandates} (id) WHERE verified IS NULL;
CREATE INDEX {index mandates_by_verifier} ON {mandates} (by_user) WHERE by_user IS NOT NULL;

CREATE TABLE {applications} (
  id       uuid        NOT NULL PRIMARY KEY,
  who      uuid        NOT NULL,
  category text        COLLATE "C" NOT NULL,
  org      uuid,
  state    smallint    NOT NULL,
  made     timestamptz NOT NULL,
  decided  timestamptz,
  by_user  uuid,
  by_org   uuid,
  version  bigint      NOT NULL,
  title    text        NOT NULL,
  why      text        NOT NULL,
  body     text        NOT NULL
);
CREATE UNIQUE INDEX {index applications_waiting} ON {applications} (who) WHERE state = 1;
CREATE INDEX {index applications_by_person}      ON {applications} (who, id);
CREATE INDEX {index applications_by_state}       ON {applications} (state, id);
CREATE INDEX {index applications_by_category}    ON {applications} (category, id);
CREATE INDEX {index applications_by_decider}     ON {applications} (by_user) WHERE by_user IS NOT NULL;

CREATE TABLE {invitations} (
  id       uuid        NOT NULL PRIMARY KEY,
  hash     bytea       NOT NULL,
  category text        COLLATE "C" NOT NULL,
  org      uuid,
  role     smallint    NOT NULL,
  mailbox  uuid,
  most     bigint      NOT NULL,
  uses     bigint      NOT NULL,
  by_user  uuid,
  by_org   uuid,
  made     timestamptz NOT NULL,
  ends     timestamptz NOT NULL,
  revoked  timestamptz,
  version  bigint      NOT NULL
);
CREATE UNIQUE INDEX {index invitations_by_hash} ON {invitations} (hash);
CREATE UNIQUE INDEX {index invitations_live}    ON {invitations} (mailbox) WHERE mailbox IS NOT NULL AND revoked IS NULL AND uses < most;
CREATE INDEX {index invitations_by_mailbox}     ON {invitations} (mailbox) WHERE mailbox IS NOT NULL;
CREATE INDEX {index invitations_by_inviter}     ON {invitations} (by_user, id);

CREATE TABLE {sanctions} (
  id             uuid        NOT NULL PRIMARY KEY,
  who            uuid        NOT NULL,
  area           uuid        NOT NULL,
  kind           smallint    NOT NULL,
  begins         timestamptz NOT NULL,
  ends           timestamptz,
  lifted         timestamptz,
  by_user        uuid,
  by_org         uuid,
  appeal_at      timestamptz,
  appeal_decided timestamptz,
  appeal_user    uuid,
  appeal_org     uuid,
  upheld         boolean     NOT NULL,
  version        bigint      NOT NULL,
  why            text        NOT NULL,
  appeal_text    text        NOT NULL,
  appeal_why     text        NOT NULL
);
CREATE INDEX {index sanctions_by_person}   ON {sanctions} (who, id);
CREATE INDEX {index sanctions_by_area}     ON {sanctions} (area, id);
CREATE INDEX {index sanctions_appealed}    ON {sanctions} (id) WHERE appeal_at IS NOT NULL AND appeal_decided IS NULL;
CREATE INDEX {index sanctions_by_imposer}  ON {sanctions} (by_user) WHERE by_user IS NOT NULL;
CREATE INDEX {index sanctions_by_reviewer} ON {sanctions} (appeal_user) WHERE appeal_user IS NOT NULL;

-- The phase, turned by hand.
CREATE TABLE {turns} (
  n       bigint      NOT NULL PRIMARY KEY,
  phase   bigint      NOT NULL,
  at      timestamptz NOT NULL,
  by_user uuid,
  by_org  uuid,
  why     text        NOT NULL
);
