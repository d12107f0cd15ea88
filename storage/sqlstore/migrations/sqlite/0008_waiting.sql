-- +goose Up

-- The applications that wait in a category are found however many were decided
-- there, and what waits of a person however much waits of others.
CREATE INDEX {index applications_in_turn} ON {applications} (category, id) WHERE state = 1;
CREATE INDEX {index topics_held_of}       ON {topics} (by_user, created_at, id) WHERE state = 4;
CREATE INDEX {index replies_held_of}      ON {replies} (by_user, created_at, id) WHERE state = 4;
CREATE INDEX {index questions_held_of}    ON {questions} (by_user, created_at, id) WHERE state = 4;
CREATE INDEX {index answers_held_of}      ON {answers} (by_user, created_at, id) WHERE state = 4;
CREATE INDEX {index comments_held_of}     ON {comments} (by_user, created_at, id) WHERE state = 4;
