CREATE SCHEMA cogvid;
CREATE TABLE cogvid.attempts (
    rowid bigint NOT NULL,
    request_id text NOT NULL,
    fingerprint text NOT NULL,
    state text NOT NULL,
    paid boolean NOT NULL,
    provider text NOT NULL,
    base_url text NOT NULL,
    task_id text NOT NULL,
    url text NOT NULL,
    request text NOT NULL,
    clip text,
    amount text,
    currency text,
    created_at text NOT NULL,
    completed_at text NOT NULL,
    error text NOT NULL,
    run text NOT NULL,
    seal text NOT NULL,
    own boolean NOT NULL,
    account text NOT NULL
);
ALTER TABLE cogvid.attempts ALTER COLUMN rowid ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME cogvid.attempts_rowid_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE cogvid.format (
    version integer NOT NULL
);
CREATE TABLE cogvid.runs (
    run text NOT NULL,
    until timestamp with time zone NOT NULL,
    began timestamp with time zone NOT NULL,
    host text NOT NULL,
    pid bigint NOT NULL,
    command text NOT NULL
);
INSERT INTO cogvid.attempts OVERRIDING SYSTEM VALUE VALUES (1, 'request-walk', 'sha256:7a6c4fac6c5cd7209ee2eecd9d6ad3673c55315117de1d8daa5aeb3f71bbd7c7', 'succeeded', true, 'geekai', 'https://geekai.co/api/v1', 'task-walk', 'https://static.geekai.co/walk.mp4', '{"model": "cogvideox-3", "prompt": "A fox walks. \u72d0\u72f8", "duration": 5, "with_audio": false}', '{"sha256": "ffef21ba75b137d1466f431d5cc06ff0444565bf0efdb83867f282c47aa92600", "bytes": 1000, "width": 1920, "height": 1080, "fps": 30.0, "duration": 5.0, "audio": false}', '1.0', 'CNY', '2026-11-22T10:00:00.000+00:00', '2026-11-22T10:03:00.000+00:00', '', 'a-run-that-is-over', '', false, '');
INSERT INTO cogvid.attempts OVERRIDING SYSTEM VALUE VALUES (2, 'request-run', 'sha256:acba25512100f80b56fc3ccd14c65be55d94800cda77585c5f41a887e398f9be', 'accepted', true, 'geekai', 'https://geekai.co/api/v1', 'task-run', '', '{"model": "cogvideox-3", "prompt": "A fox walks. \u72d0\u72f8", "duration": 5, "with_audio": false}', NULL, '1.0', 'CNY', '2026-11-22T10:00:00.000+00:00', '', '', 'a-run-that-is-over', '', false, 'a');
INSERT INTO cogvid.attempts OVERRIDING SYSTEM VALUE VALUES (3, 'request-rest', 'sha256:2e09d5210db8417757b0f875c276d0cb877b22514e9a3583d2d8d7445368a027', 'held', true, 'geekai', 'https://geekai.co/api/v1', '', '', '{"model": "cogvideox-3", "prompt": "A fox walks. \u72d0\u72f8", "duration": 5, "with_audio": false}', NULL, '1.0', 'CNY', '2026-11-22T10:00:00.000+00:00', '', 'no answer', 'a-run-that-is-over', 's', false, '');
INSERT INTO cogvid.format VALUES (1);
SELECT pg_catalog.setval('cogvid.attempts_rowid_seq', 3, true);
ALTER TABLE ONLY cogvid.attempts
    ADD CONSTRAINT attempts_pkey PRIMARY KEY (request_id);
ALTER TABLE ONLY cogvid.runs
    ADD CONSTRAINT runs_pkey PRIMARY KEY (run);
CREATE INDEX attempts_by_fingerprint ON cogvid.attempts USING btree (fingerprint);
CREATE INDEX attempts_in_hand ON cogvid.attempts USING btree (account) WHERE (state = ANY (ARRAY['intent'::text, 'accepted'::text, 'adopted'::text]));
CREATE UNIQUE INDEX one_live_attempt ON cogvid.attempts USING btree (fingerprint) WHERE (paid AND (run <> ''::text) AND (state = ANY (ARRAY['intent'::text, 'accepted'::text, 'adopted'::text, 'held'::text])));
