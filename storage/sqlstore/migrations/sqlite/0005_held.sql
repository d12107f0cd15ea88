-- +goose Up

-- What waits for a moderator is found by its age, however much there is besides.
CREATE INDEX {index topics_held}  ON {topics} (created_at, id) WHERE state = 4;
CREATE INDEX {index replies_held} ON {replies} (created_at, id) WHERE state = 4;
