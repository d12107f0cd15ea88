-- +goose Up

-- Where a question is listed is its circle: the audience it was promised, the
-- same below zero when it was removed, and nowhere when it was merged into
-- another or waits for a moderator.
CREATE TABLE {questions} (
  id                BLOB    NOT NULL PRIMARY KEY,
  area              BLOB    NOT NULL,
  audience          INTEGER NOT NULL,
  by_user           BLOB,
  by_org            BLOB,
  created_at        INTEGER NOT NULL,
  revision          INTEGER NOT NULL,
  substance         INTEGER NOT NULL, -- the last revision that changed a word
  edited_at         INTEGER,
  edited_user       BLOB,
  edited_org        BLOB,
  state             INTEGER NOT NULL,
  removed_at        INTEGER,
  removed_user      BLOB,
  removed_org       BLOB,
  delegate          BLOB,
  origin_id         BLOB,
  recheck_at        INTEGER,
  reason            INTEGER NOT NULL, -- why it is closed; 0: it is open
  closed_of         BLOB,
  closed_at         INTEGER,
  closed_user       BLOB,
  closed_org        BLOB,
  merged_into       BLOB,
  accepted          BLOB, -- the answer
  accepted_revision INTEGER NOT NULL,
  accepted_at       INTEGER,
  accepted_user     BLOB,
  accepted_org      BLOB,
  capacity          INTEGER NOT NULL,
  version           INTEGER NOT NULL,
  up                INTEGER NOT NULL,
  down              INTEGER NOT NULL,
  score             INTEGER NOT NULL CHECK (score = up - down),
  comments          INTEGER NOT NULL,
  remarks           INTEGER NOT NULL, -- comments, visible or not
  answers           INTEGER NOT NULL,
  active_at         INTEGER NOT NULL,
  last_user         BLOB,
  last_org          BLOB,
  circle            INTEGER NOT NULL CHECK
    (circle = CASE WHEN merged_into IS NOT NULL OR state = 4 THEN 0 WHEN state = 0 THEN audience ELSE -audience END),
  origin_kind       TEXT    NOT NULL,
  title             TEXT    NOT NULL,
  tags              TEXT    NOT NULL, -- a JSON list
  themes            TEXT    NOT NULL, -- likewise
  edited_why        TEXT    NOT NULL,
  removed_why       TEXT    NOT NULL,
  closed_why        TEXT    NOT NULL,
  body              TEXT    NOT NULL
) STRICT;
CREATE INDEX {index questions_newest}       ON {questions} (circle, created_at, id);
CREATE INDEX {index questions_active}       ON {questions} (circle, active_at, id);
CREATE INDEX {index questions_voted}        ON {questions} (circle, score, id);
CREATE INDEX {index questions_waiting}      ON {questions} (circle, created_at, id) WHERE answers = 0 AND reason = 0;
CREATE INDEX {index questions_newest_here}  ON {questions} (area, circle, created_at, id);
CREATE INDEX {index questions_active_here}  ON {questions} (area, circle, active_at, id);
CREATE INDEX {index questions_voted_here}   ON {questions} (area, circle, score, id);
CREATE INDEX {index questions_waiting_here} ON {questions} (area, circle, created_at, id) WHERE answers = 0 AND reason = 0;
CREATE INDEX {index questions_held}         ON {questions} (created_at, id) WHERE state = 4;
CREATE INDEX {index questions_duplicates}   ON {questions} (closed_of, created_at, id) WHERE closed_of IS NOT NULL;
CREATE INDEX {index questions_merged}       ON {questions} (merged_into, created_at, id) WHERE merged_into IS NOT NULL;
CREATE INDEX {index questions_by_origin}    ON {questions} (origin_id, id) WHERE origin_id IS NOT NULL;
CREATE INDEX {index questions_by_author}    ON {questions} (by_user, created_at, id);
CREATE INDEX {index questions_by_last}      ON {questions} (last_user, id);
CREATE INDEX {index questions_by_editor}    ON {questions} (edited_user, id) WHERE edited_user IS NOT NULL;
CREATE INDEX {index questions_by_remover}   ON {questions} (removed_user, id) WHERE removed_user IS NOT NULL;
CREATE INDEX {index questions_by_closer}    ON {questions} (closed_user, id) WHERE closed_user IS NOT NULL;
CREATE INDEX {index questions_by_acceptor}  ON {questions} (accepted_user, id) WHERE accepted_user IS NOT NULL;
CREATE INDEX {index questions_by_delegate}  ON {questions} (delegate, id) WHERE delegate IS NOT NULL;

-- What a question is found by: its tags (kind 1), themes (2) and words (3),
-- each where the question is listed. Those of a kind that lists are made of
-- know whether the question waits for an answer.
CREATE TABLE {labels} (
  kind       INTEGER NOT NULL,
  label      TEXT    NOT NULL,
  circle     INTEGER NOT NULL,
  area       BLOB    NOT NULL,
  created_at INTEGER NOT NULL, -- of the question
  id         BLOB    NOT NULL, -- likewise
  waits      INTEGER NOT NULL,
  PRIMARY KEY (kind, label, circle, created_at, id)
) STRICT;
CREATE INDEX {index labels_here}         ON {labels} (kind, label, area, circle, created_at, id);
CREATE INDEX {index labels_waiting}      ON {labels} (kind, label, circle, created_at, id) WHERE waits;
CREATE INDEX {index labels_waiting_here} ON {labels} (kind, label, area, circle, created_at, id) WHERE waits;
CREATE INDEX {index labels_of_question}  ON {labels} (id, waits);

-- How many questions have a tag, where they are listed; no row has none.
CREATE TABLE {tags} (
  tag    TEXT    NOT NULL,
  area   BLOB    NOT NULL,
  circle INTEGER NOT NULL,
  n      INTEGER NOT NULL,
  PRIMARY KEY (tag, area, circle)
) STRICT, WITHOUT ROWID;
CREATE INDEX {index tags_in_circle} ON {tags} (circle, tag);
CREATE INDEX {index tags_here}      ON {tags} (area, tag);

CREATE TABLE {synonyms} (
  tag    TEXT NOT NULL PRIMARY KEY,
  target TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The place of an answer is its score below zero, and far below that for the
-- accepted one, so that it can be read in order. The answers to a question lie together.
CREATE TABLE {answers} (
  id           BLOB    NOT NULL,
  question     BLOB    NOT NULL REFERENCES {questions} (id),
  by_user      BLOB,
  by_org       BLOB,
  created_at   INTEGER NOT NULL,
  revision     INTEGER NOT NULL,
  substance    INTEGER NOT NULL,
  edited_at    INTEGER,
  edited_user  BLOB,
  edited_org   BLOB,
  state        INTEGER NOT NULL,
  removed_at   INTEGER,
  removed_user BLOB,
  removed_org  BLOB,
  official     INTEGER NOT NULL,
  useful       INTEGER NOT NULL,
  version      INTEGER NOT NULL,
  up           INTEGER NOT NULL,
  down         INTEGER NOT NULL,
  place        INTEGER NOT NULL,
  comments     INTEGER NOT NULL,
  remarks      INTEGER NOT NULL,
  edited_why   TEXT    NOT NULL,
  removed_why  TEXT    NOT NULL,
  body         TEXT    NOT NULL,
  PRIMARY KEY (question, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX {index answers_by_id} ON {answers} (id);
CREATE INDEX {index answers_in_order}   ON {answers} (question, place, created_at, id);
CREATE INDEX {index answers_by_author}  ON {answers} (by_user, question, id);
CREATE INDEX {index answers_by_editor}  ON {answers} (edited_user, question, id) WHERE edited_user IS NOT NULL;
CREATE INDEX {index answers_by_remover} ON {answers} (removed_user, question, id) WHERE removed_user IS NOT NULL;
CREATE INDEX {index answers_held}       ON {answers} (created_at, id) WHERE state = 4;

-- A comment on a question has no answer: 16 zero bytes.
CREATE TABLE {comments} (
  id           BLOB    NOT NULL PRIMARY KEY,
  question     BLOB    NOT NULL REFERENCES {questions} (id),
  answer       BLOB    NOT NULL,
  by_user      BLOB,
  by_org       BLOB,
  created_at   INTEGER NOT NULL,
  revision     INTEGER NOT NULL,
  substance    INTEGER NOT NULL,
  edited_at    INTEGER,
  edited_user  BLOB,
  edited_org   BLOB,
  state        INTEGER NOT NULL,
  removed_at   INTEGER,
  removed_user BLOB,
  removed_org  BLOB,
  version      INTEGER NOT NULL,
  edited_why   TEXT    NOT NULL,
  removed_why  TEXT    NOT NULL,
  body         TEXT    NOT NULL
) STRICT;
CREATE INDEX {index comments_in_order}   ON {comments} (question, answer, created_at, id);
CREATE INDEX {index comments_by_author}  ON {comments} (by_user, question, id);
CREATE INDEX {index comments_by_editor}  ON {comments} (edited_user, question, id) WHERE edited_user IS NOT NULL;
CREATE INDEX {index comments_by_remover} ON {comments} (removed_user, question, id) WHERE removed_user IS NOT NULL;
CREATE INDEX {index comments_held}       ON {comments} (created_at, id) WHERE state = 4;

-- One row for a person and a post; a vote on the question has no answer. It
-- stays when the vote is taken back, for the time it was cast first, and when
-- the voter is erased, for the tally.
CREATE TABLE {votes} (
  voter    BLOB,
  question BLOB    NOT NULL,
  answer   BLOB    NOT NULL,
  value    INTEGER NOT NULL,
  at       INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX {index votes_by_voter} ON {votes} (voter, question, answer);
CREATE INDEX {index votes_by_post}         ON {votes} (question, answer);

-- What belongs to a post, which is a question (kind 1), an answer (2) or a
-- comment (3).
CREATE TABLE {qa_revisions} (
  post    BLOB    NOT NULL,
  kind    INTEGER NOT NULL,
  n       INTEGER NOT NULL,
  by_user BLOB,
  by_org  BLOB,
  at      INTEGER NOT NULL,
  title   TEXT    NOT NULL,
  tags    TEXT    NOT NULL,
  themes  TEXT    NOT NULL,
  why     TEXT    NOT NULL,
  body    TEXT    NOT NULL,
  PRIMARY KEY (post, kind, n)
) STRICT;
CREATE INDEX {index qa_revisions_by_author} ON {qa_revisions} (by_user, post);

CREATE TABLE {qa_mentions} (
  post BLOB    NOT NULL,
  kind INTEGER NOT NULL,
  who  BLOB    NOT NULL,
  PRIMARY KEY (post, kind, who)
) STRICT, WITHOUT ROWID;
CREATE INDEX {index qa_mentions_by_person} ON {qa_mentions} (who, post, kind);

CREATE TABLE {suggestions} (
  id           BLOB    NOT NULL PRIMARY KEY,
  post         BLOB    NOT NULL,
  kind         INTEGER NOT NULL,
  question     BLOB    NOT NULL,
  area         BLOB    NOT NULL, -- of the question
  circle       INTEGER NOT NULL, -- its audience
  base         INTEGER NOT NULL,
  by_user      BLOB,
  by_org       BLOB,
  at           INTEGER NOT NULL,
  state        INTEGER NOT NULL,
  decided_user BLOB,
  decided_org  BLOB,
  ended_at     INTEGER,
  version      INTEGER NOT NULL,
  title        TEXT    NOT NULL,
  tags         TEXT    NOT NULL,
  themes       TEXT    NOT NULL,
  why          TEXT    NOT NULL,
  reason       TEXT    NOT NULL,
  body         TEXT    NOT NULL
) STRICT;
CREATE INDEX {index suggestions_newest}       ON {suggestions} (circle, at, id);
CREATE INDEX {index suggestions_newest_here}  ON {suggestions} (area, circle, at, id);
CREATE INDEX {index suggestions_waiting}      ON {suggestions} (circle, at, id) WHERE state = 0;
CREATE INDEX {index suggestions_waiting_here} ON {suggestions} (area, circle, at, id) WHERE state = 0;
CREATE INDEX {index suggestions_to_question}  ON {suggestions} (question);
CREATE INDEX {index suggestions_to_post}      ON {suggestions} (post, kind, at, id);
CREATE INDEX {index suggestions_by_author}    ON {suggestions} (by_user, at, id);
CREATE INDEX {index suggestions_by_decider}   ON {suggestions} (decided_user) WHERE decided_user IS NOT NULL;

-- Who has suggested something; a row is there to be waited for.
CREATE TABLE {suggesters} (
  who BLOB NOT NULL PRIMARY KEY
) STRICT, WITHOUT ROWID;

CREATE TABLE {offers} (
  question BLOB NOT NULL,
  who      BLOB NOT NULL,
  PRIMARY KEY (question, who)
) STRICT, WITHOUT ROWID;
CREATE INDEX {index offers_by_person} ON {offers} (who, question);
