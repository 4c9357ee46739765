PRAGMA page_size = 8192;
CREATE TABLE runs (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    scenario TEXT NOT NULL,
    header TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    status TEXT NOT NULL,
    ended TEXT,
    parent TEXT,
    replays TEXT,
    horizon INTEGER NOT NULL,
    rounds INTEGER NOT NULL DEFAULT 0,
    statements INTEGER NOT NULL DEFAULT 0,
    created TEXT NOT NULL
);
CREATE TABLE parts (
    id INTEGER PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE,
    role TEXT NOT NULL,
    source TEXT NOT NULL,
    owner TEXT NOT NULL,
    text TEXT NOT NULL
);
CREATE TABLE calls (
    id INTEGER PRIMARY KEY,
    run INTEGER NOT NULL REFERENCES runs (id),
    place TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    digest BLOB NOT NULL,
    parts TEXT NOT NULL,
    form INTEGER NOT NULL REFERENCES parts (id),
    reply TEXT NOT NULL,
    accepted INTEGER NOT NULL,
    model TEXT NOT NULL,
    finish TEXT NOT NULL,
    tokens_in INTEGER NOT NULL,
    tokens_out INTEGER NOT NULL,
    tokens_cached INTEGER NOT NULL,
    usd REAL,
    seconds REAL NOT NULL,
    UNIQUE (run, place, attempt, digest)
);
CREATE TABLE verdicts (
    id INTEGER PRIMARY KEY,
    run INTEGER NOT NULL REFERENCES runs (id),
    rubric TEXT NOT NULL,
    model TEXT NOT NULL,
    repeat INTEGER NOT NULL,
    verdict TEXT NOT NULL,
    UNIQUE (run, rubric, model, repeat)
);
CREATE TABLE checkpoints (
    thread_id TEXT NOT NULL,
    checkpoint_ns TEXT NOT NULL DEFAULT '',
    checkpoint_id TEXT NOT NULL,
    parent_checkpoint_id TEXT,
    type TEXT,
    checkpoint BLOB,
    metadata BLOB,
    PRIMARY KEY (thread_id, checkpoint_ns, checkpoint_id)
) WITHOUT ROWID;
CREATE TABLE writes (
    thread_id TEXT NOT NULL,
    checkpoint_ns TEXT NOT NULL DEFAULT '',
    checkpoint_id TEXT NOT NULL,
    task_id TEXT NOT NULL,
    task_path TEXT NOT NULL DEFAULT '',
    idx INTEGER NOT NULL,
    channel TEXT NOT NULL,
    type TEXT,
    value BLOB,
    PRIMARY KEY (thread_id, checkpoint_ns, checkpoint_id, task_id, idx)
) WITHOUT ROWID;
PRAGMA application_id = 1131825010;
PRAGMA user_version = 1;
