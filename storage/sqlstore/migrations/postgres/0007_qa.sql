-- +goose Up

-- Where a question is listed is its circle: the audience it was promised, the
-- same below zero when it was removed, and nowhere when it was merged into
-- another or waits for a moderator.
CREATE TABLE {questions} (
  id                uuid        NOT NULL PRIMARY KEY,
  area              uuid        NOT NULL,
  audience          smallint    NOT NULL,
  by_user           uuid,
  by_org            uuid,
  created_at        timestamptz NOT NULL,
  revision          bigint      NOT NULL,
  substance         bigint      NOT NULL, -- the last revision that changed a word
  edited_at         timestamptz,
  edited_user       uuid,
  edited_org        uuid,
  state             smallint    NOT NULL,
  removed_at        timestamptz,
  removed_user      uuid,
  removed_org       uuid,
  delegate          uuid,
  origin_id         uuid,
  recheck_at        timestamptz,
  reason            smallint    NOT NULL, -- why it is closed; 0: it is open
  closed_of         uuid,
  closed_at         timestamptz,
  closed_user       uuid,
  closed_org        uuid,
  merged_into       uuid,
  accepted          uuid,                 -- the answer
  accepted_revision bigint      NOT NULL,
  accepted_at       timestamptz,
  accepted_user     uuid,
  accepted_org      uuid,
  capacity          smallint    NOT NULL,
  version           bigint      NOT NULL,
  up                bigint      NOT NULL,
  down              bigint      NOT NULL,
  score             bigint      NOT NULL CHECK (score = up - down),
  comments          bigint      NOT NULL,
  remarks           bigint      NOT NULL, -- comments, visible or not
  answers           bigint      NOT NULL,
  active_at         timestamptz NOT NULL,
  last_user         uuid,
  last_org          uuid,
  circle            smallint    NOT NULL CHECK
    (circle = CASE WHEN merged_into IS NOT NULL OR state = 4 THEN 0 WHEN state = 0 THEN audience ELSE -audience END),
  origin_kind       text        NOT NULL,
  title             text        NOT NULL,
  tags              text        NOT NULL, -- a JSON list
  themes            text        NOT NULL, -- likewise
  edited_why        text        NOT NULL,
  removed_why       text        NOT NULL,
  closed_why        text        NOT NULL,
  body              text        NOT NULL
) WITH (fillfactor = 90);
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
  kind       smallint    NOT NULL,
  label      text        COLLATE "C" NOT NULL,
  circle     smallint    NOT NULL,
  area       uuid        NOT NULL,
  created_at timestamptz NOT NULL, -- of the question
  id         uuid        NOT NULL, -- likewise
  waits      boolean     NOT NULL,
  PRIMARY KEY (kind, label, circle, created_at, id)
);
CREATE INDEX {index labels_here}         ON {labels} (kind, label, area, circle, created_at, id);
CREATE INDEX {index labels_waiting}      ON {labels} (kind, label, circle, created_at, id) WHERE waits;
CREATE INDEX {index labels_waiting_here} ON {labels} (kind, label, area, circle, created_at, id) WHERE waits;
CREATE INDEX {index labels_of_question}  ON {labels} (id, waits);

-- How many questions have a tag, where they are listed; no row has none.
CREATE TABLE {tags} (
  tag    text     COLLATE "C" NOT NULL,
  area   uuid     NOT NULL,
  circle smallint NOT NULL,
  n      bigint   NOT NULL,
  PRIMARY KEY (tag, area, circle)
);
CREATE INDEX {index tags_in_circle} ON {tags} (circle, tag);
CREATE INDEX {index tags_here}      ON {tags} (area, tag);

CREATE TABLE {synonyms} (
  tag    text COLLATE "C" NOT NULL PRIMARY KEY,
  target text NOT NULL
);

-- The place of an answer is its score below zero, and far below that for the
-- accepted one, so that it can be read in order.
CREATE TABLE {answers} (
  id           uuid        NOT NULL PRIMARY KEY,
  question     uuid        NOT NULL REFERENCES {questions} (id),
  by_user      uuid,
  by_org       uuid,
  created_at   timestamptz NOT NULL,
  revision     bigint      NOT NULL,
  substance    bigint      NOT NULL,
  edited_at    timestamptz,
  edited_user  uuid,
  edited_org   uuid,
  state        smallint    NOT NULL,
  removed_at   timestamptz,
  removed_user uuid,
  removed_org  uuid,
  official     boolean     NOT NULL,
  useful       boolean     NOT NULL,
  version      bigint      NOT NULL,
  up           bigint      NOT NULL,
  down         bigint      NOT NULL,
  place        bigint      NOT NULL,
  comments     bigint      NOT NULL,
  remarks      bigint      NOT NULL,
  edited_why   text        NOT NULL,
  removed_why  text        NOT NULL,
  body         text        NOT NULL
);
CREATE INDEX {index answers_in_order}   ON {answers} (question, place, created_at, id);
CREATE INDEX {index answers_by_author}  ON {answers} (by_user, question, id);
CREATE INDEX {index answers_by_editor}  ON {answers} (edited_user, question, id) WHERE edited_user IS NOT NULL;
CREATE INDEX {index answers_by_remover} ON {answers} (removed_user, question, id) WHERE removed_user IS NOT NULL;
CREATE INDEX {index answers_held}       ON {answers} (created_at, id) WHERE state = 4;

-- A comment on a question has no answer: 16 zero bytes.
CREATE TABLE {comments} (
  id           uuid        NOT NULL PRIMARY KEY,
  question     uuid        NOT NULL REFERENCES {questions} (id),
  answer       uuid        NOT NULL,
  by_user      uuid,
  by_org       uuid,
  created_at   timestamptz NOT NULL,
  revision     bigint      NOT NULL,
  substance    bigint      NOT NULL,
  edited_at    timestamptz,
  edited_user  uuid,
  edited_org   uuid,
  state        smallint    NOT NULL,
  removed_at   timestamptz,
  removed_user uuid,
  removed_org  uuid,
  version      bigint      NOT NULL,
  edited_why   text        NOT NULL,
  removed_why  text        NOT NULL,
  body         text        NOT NULL
);
CREATE INDEX {index comments_in_order}   ON {comments} (question, answer, created_at, id);
CREATE INDEX {index comments_by_author}  ON {comments} (by_user, question, id);
CREATE INDEX {index comments_by_editor}  ON {comments} (edited_user, question, id) WHERE edited_user IS NOT NULL;
CREATE INDEX {index comments_by_remover} ON {comments} (removed_user, question, id) WHERE removed_user IS NOT NULL;
CREATE INDEX {index comments_held}       ON {comments} (created_at, id) WHERE state = 4;

-- One row for a person and a post; a vote on the question has no answer. It
-- stays when the vote is taken back, for the time it was cast first, and when
-- the voter is erased, for the tally.
CREATE TABLE {votes} (
  voter    uuid,
  question uuid        NOT NULL,
  answer   uuid        NOT NULL,
  value    smallint    NOT NULL,
  at       timestamptz NOT NULL
) WITH (fillfactor = 90);
CREATE UNIQUE INDEX {index votes_by_voter} ON {votes} (voter, question, answer);
CREATE INDEX {index votes_by_post}         ON {votes} (question, answer);

-- What belongs to a post, which is a question (kind 1), an answer (2) or a
-- comment (3).
CREATE TABLE {qa_revisions} (
  post    uuid        NOT NULL,
  kind    smallint    NOT NULL,
  n       bigint      NOT NULL,
  by_user uuid,
  by_org  uuid,
  at      timestamptz NOT NULL,
  title   text        NOT NULL,
  tags    text        NOT NULL,
  themes  text        NOT NULL,
  why     text        NOT NULL,
  body    text        NOT NULL,
  PRIMARY KEY (post, kind, n)
);
CREATE INDEX {index qa_revisions_by_author} ON {qa_revisions} (by_user, post);

CREATE TABLE {qa_mentions} (
  post uuid     NOT NULL,
  kind smallint NOT NULL,
  who  uuid     NOT NULL,
  PRIMARY KEY (post, kind, who)
);
CREATE INDEX {index qa_mentions_by_person} ON {qa_mentions} (who, post, kind);

CREATE TABLE {suggestions} (
  id           uuid        NOT NULL PRIMARY KEY,
  post         uuid        NOT NULL,
  kind         smallint    NOT NULL,
  question     uuid        NOT NULL,
  area         uuid        NOT NULL, -- of the question
  circle       smallint    NOT NULL, -- its audience
  base         bigint      NOT NULL,
  by_user      uuid,
  by_org       uuid,
  at           timestamptz NOT NULL,
  state        smallint    NOT NULL,
  decided_user uuid,
  decided_org  uuid,
  ended_at     timestamptz,
  version      bigint      NOT NULL,
  title        text        NOT NULL,
  tags         text        NOT NULL,
  themes       text        NOT NULL,
  why          text        NOT NULL,
  reason       text        NOT NULL,
  body         text        NOT NULL
);
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
  who uuid NOT NULL PRIMARY KEY
);

CREATE TABLE {offers} (
  question uuid NOT NULL,
  who      uuid NOT NULL,
  PRIMARY KEY (question, who)
);
CREATE INDEX {index offers_by_person} ON {offers} (who, question);
