"""The tables of a store in plain SQL, the same in a SQLite file and on a Postgres server but for the names of types."""

from collections.abc import Mapping
from typing import Final

APPLICATION: Final = 0x43764772
"""The mark of our stores: "CvGr"; SQLite's application_id."""
VERSION: Final = 1
"""Of these tables; an older store is brought up to it, a newer one is left alone. See `migrations`."""

TABLES: Final = """
CREATE TABLE versions (
    version INTEGER PRIMARY KEY,
    made_by TEXT NOT NULL
){keyed};

CREATE TABLE runs (
    id {id},
    name TEXT NOT NULL UNIQUE,
    scenario_name TEXT NOT NULL,
    scenario TEXT NOT NULL,
    status TEXT NOT NULL,
    ended TEXT,
    parent TEXT,
    replays TEXT,
    horizon INTEGER NOT NULL,
    rounds INTEGER NOT NULL DEFAULT 0,
    statements INTEGER NOT NULL DEFAULT 0,
    tokens {number} NOT NULL DEFAULT 0,
    usd {real},
    unpriced INTEGER NOT NULL DEFAULT 0,
    created TEXT NOT NULL
);

CREATE TABLE specs (
    run {number} PRIMARY KEY REFERENCES runs (id),
    header TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    seal {bytes} NOT NULL DEFAULT {no_bytes}
);

CREATE TABLE messages (
    id {id},
    digest {bytes} NOT NULL UNIQUE,
    role TEXT NOT NULL,
    source TEXT NOT NULL,
    owner TEXT NOT NULL,
    text TEXT NOT NULL
);

CREATE TABLE calls (
    id {id},
    run {number} NOT NULL REFERENCES runs (id),
    place TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    digest {bytes} NOT NULL,
    messages TEXT NOT NULL,
    form {number} NOT NULL REFERENCES messages (id),
    reply TEXT NOT NULL,
    accepted INTEGER NOT NULL,
    model TEXT NOT NULL,
    finish TEXT NOT NULL,
    input_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    cached_tokens INTEGER NOT NULL,
    usd {real},
    seconds {real} NOT NULL,
    UNIQUE (run, place, attempt, digest)
);

CREATE TABLE links (
    run {number} NOT NULL REFERENCES runs (id),
    chain {ordered_text} NOT NULL,
    number INTEGER NOT NULL,
    link {bytes} NOT NULL,
    PRIMARY KEY (run, chain, number)
){keyed};

CREATE TABLE ensembles (
    name TEXT PRIMARY KEY,
    design TEXT NOT NULL,
    created TEXT NOT NULL
){keyed};

CREATE TABLE verdicts (
    id {id},
    run {number} NOT NULL REFERENCES runs (id),
    rubric TEXT NOT NULL,
    model TEXT NOT NULL,
    repeat INTEGER NOT NULL,
    verdict TEXT NOT NULL,
    UNIQUE (run, rubric, model, repeat)
);

CREATE TABLE outcomes (
    run {number} PRIMARY KEY REFERENCES runs (id),
    stamp TEXT NOT NULL,
    outcome TEXT NOT NULL,
    model TEXT NOT NULL,
    seed {number} NOT NULL,
    dials TEXT NOT NULL,
    years {real} NOT NULL,
    empty INTEGER NOT NULL,
    drift_signs INTEGER NOT NULL,
    agreement {real},
    scores TEXT NOT NULL
);

CREATE TABLE statement_rows (
    run {number} NOT NULL REFERENCES runs (id),
    round INTEGER NOT NULL,
    turn INTEGER NOT NULL,
    period TEXT NOT NULL,
    speaker TEXT NOT NULL,
    text TEXT NOT NULL,
    problem TEXT,
    repairs INTEGER NOT NULL,
    memo TEXT NOT NULL,
    position TEXT,
    PRIMARY KEY (run, round, turn)
){keyed};

CREATE TABLE field_rows (
    run {number} NOT NULL REFERENCES runs (id),
    round INTEGER NOT NULL,
    turn INTEGER NOT NULL,
    speaker TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    number {real},
    PRIMARY KEY (run, round, turn, name)
){keyed};

CREATE TABLE event_rows (
    run {number} NOT NULL REFERENCES runs (id),
    name TEXT NOT NULL,
    round INTEGER NOT NULL,
    period TEXT NOT NULL,
    years {real} NOT NULL,
    reported_by TEXT NOT NULL,
    PRIMARY KEY (run, name)
){keyed};

CREATE TABLE world_rows (
    run {number} NOT NULL REFERENCES runs (id),
    round INTEGER NOT NULL,
    period TEXT NOT NULL,
    owner TEXT NOT NULL,
    variable TEXT NOT NULL,
    value {real} NOT NULL,
    hidden INTEGER NOT NULL,
    PRIMARY KEY (run, round, owner, variable)
){keyed};

CREATE VIEW public_runs AS
SELECT r.name AS run, r.scenario_name AS scenario, r.status, r.ended, r.parent, r.created, r.rounds, r.statements,
    r.tokens, r.usd, o.model, o.seed, o.dials, o.years, o.empty, o.drift_signs, o.agreement, o.scores
FROM runs r LEFT JOIN outcomes o ON o.run = r.id;

CREATE VIEW public_statements AS
SELECT r.name AS run, s.round, s.turn, s.period, s.speaker, s.text, s.problem, s.repairs
FROM statement_rows s JOIN runs r ON r.id = s.run;

CREATE VIEW public_fields AS
SELECT r.name AS run, f.round, f.turn, f.speaker, f.name, f.value, f.number
FROM field_rows f JOIN runs r ON r.id = f.run;

CREATE VIEW public_events AS
SELECT r.name AS run, e.name, e.round, e.period, e.years, e.reported_by
FROM event_rows e JOIN runs r ON r.id = e.run;

CREATE VIEW public_world AS
SELECT r.name AS run, w.round, w.period, w.owner, w.variable, w.value
FROM world_rows w JOIN runs r ON r.id = w.run WHERE w.hidden = 0;

CREATE VIEW private_memos AS
SELECT r.name AS run, s.round, s.turn, s.period, s.speaker, s.memo, s.position
FROM statement_rows s JOIN runs r ON r.id = s.run WHERE s.memo <> '' OR s.position IS NOT NULL;

CREATE VIEW private_world AS
SELECT r.name AS run, w.round, w.period, w.owner, w.variable, w.value
FROM world_rows w JOIN runs r ON r.id = w.run WHERE w.hidden = 1;

CREATE TABLE checkpoints (
    thread_id TEXT NOT NULL,
    checkpoint_ns TEXT NOT NULL,
    checkpoint_id {ordered_text} NOT NULL,
    parent_id {ordered_text},
    kind TEXT NOT NULL,
    checkpoint {bytes} NOT NULL,
    metadata TEXT NOT NULL,
    seal {bytes} NOT NULL,
    PRIMARY KEY (thread_id, checkpoint_ns, checkpoint_id)
){keyed};

CREATE TABLE writes (
    thread_id TEXT NOT NULL,
    checkpoint_ns TEXT NOT NULL,
    checkpoint_id {ordered_text} NOT NULL,
    task_id TEXT NOT NULL,
    task_path TEXT NOT NULL,
    idx INTEGER NOT NULL,
    channel TEXT NOT NULL,
    kind TEXT NOT NULL,
    value {bytes} NOT NULL,
    seal {bytes} NOT NULL,
    PRIMARY KEY (thread_id, checkpoint_ns, checkpoint_id, task_id, idx)
){keyed};
"""
"""Tables whose names end in _rows, and outcomes, are copies for SQL, made when a run has stopped: see `run_data`. Read
them by the views, of which those called private_ hold what was not said at the table.

What every turn changes lies apart from what never changes, so that a turn does not write a header anew. Words in
braces differ between databases: see `SQLITE_WORDS` and `POSTGRES_WORDS`. A `seal` is the digest of its row, and of the
row that it comes after; `links` are those of what a run has on record, see `chain`."""

SQLITE_WORDS: Final[Mapping[str, str]] = {
    "id": "INTEGER PRIMARY KEY",
    "number": "INTEGER",
    "real": "REAL",
    "bytes": "BLOB",
    "no_bytes": "x''",
    "ordered_text": "TEXT",
    "keyed": " WITHOUT ROWID",  # long keys are then stored once, not twice
}
POSTGRES_WORDS: Final[Mapping[str, str]] = {
    "id": "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY",
    "number": "BIGINT",
    "real": "DOUBLE PRECISION",
    "bytes": "BYTEA",
    "no_bytes": "''",
    "ordered_text": 'TEXT COLLATE "C"',  # by bytes, as LangGraph's ids are to be sorted
    "keyed": "",
}


def statements(script: str, words: Mapping[str, str]) -> list[str]:
    """Split a script into statements, in the words of one database.

    Args:
        script: Statements that end with a semicolon, which stands nowhere else.
        words: What stands for each word in braces.
    """
    return [statement for part in script.split(";") if (statement := part.strip().format_map(words))]
