BEGIN TRANSACTION;
PRAGMA application_id = 1131374422;
PRAGMA user_version = 2;
CREATE TABLE attempts (
        request_id   TEXT PRIMARY KEY,
        fingerprint  TEXT NOT NULL,
        state        TEXT NOT NULL,
        paid         INTEGER NOT NULL,
        provider     TEXT NOT NULL,
        base_url     TEXT NOT NULL,
        task_id      TEXT NOT NULL,
        url          TEXT NOT NULL,
        request      TEXT NOT NULL,
        clip         TEXT,
        amount       TEXT,
        currency     TEXT,
        created_at   TEXT NOT NULL,
        completed_at TEXT NOT NULL,
        error        TEXT NOT NULL,
        run          TEXT NOT NULL
    , seal TEXT NOT NULL DEFAULT '', own INTEGER NOT NULL DEFAULT 0);
INSERT INTO "attempts" VALUES('request-walk','sha256:7a6c4fac6c5cd7209ee2eecd9d6ad3673c55315117de1d8daa5aeb3f71bbd7c7','succeeded',1,'geekai','https://geekai.co/api/v1','task-walk','https://static.geekai.co/walk.mp4','{"model": "cogvideox-3", "prompt": "A fox walks. \u72d0\u72f8", "duration": 5, "with_audio": false}','{"sha256": "ffef21ba75b137d1466f431d5cc06ff0444565bf0efdb83867f282c47aa92600", "bytes": 1000, "width": 1920, "height": 1080, "fps": 30.0, "duration": 5.0, "audio": false}','1.0','CNY','2026-11-22T10:00:00.000+00:00','2026-11-22T10:03:00.000+00:00','','a-run-that-is-over','',0);
INSERT INTO "attempts" VALUES('request-run','sha256:acba25512100f80b56fc3ccd14c65be55d94800cda77585c5f41a887e398f9be','accepted',1,'geekai','https://geekai.co/api/v1','task-run','','{"model": "cogvideox-3", "prompt": "A fox walks. \u72d0\u72f8", "duration": 5, "with_audio": false}',NULL,'1.0','CNY','2026-11-22T10:00:00.000+00:00','','','a-run-that-is-over','',0);
INSERT INTO "attempts" VALUES('request-rest','sha256:2e09d5210db8417757b0f875c276d0cb877b22514e9a3583d2d8d7445368a027','held',1,'geekai','https://geekai.co/api/v1','','','{"model": "cogvideox-3", "prompt": "A fox walks. \u72d0\u72f8", "duration": 5, "with_audio": false}',NULL,'1.0','CNY','2026-11-22T10:00:00.000+00:00','','no answer','a-run-that-is-over','s',1);
CREATE INDEX attempts_by_fingerprint ON attempts (fingerprint);
CREATE UNIQUE INDEX one_live_attempt ON attempts (fingerprint)
        WHERE paid AND state IN ('intent', 'accepted', 'adopted', 'held')
    ;
COMMIT;
