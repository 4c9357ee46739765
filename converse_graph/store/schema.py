"""The tables of a store, the same in a SQLite file and on a Postgres server.

Loaded only when tables are made: SQLAlchemy takes longer to load than most commands take in all.
"""

from sqlalchemy import (
    REAL,
    BigInteger,
    Column,
    Double,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.types import TypeEngine

_ID = BigInteger().with_variant(Integer(), "sqlite")
_NUMBER: TypeEngine[float] = Double().with_variant(REAL(), "sqlite")

TABLES = MetaData()

VERSIONS = Table(
    "versions",
    TABLES,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("made_by", Text, nullable=False),
)
"""Which release of converse-graph made the store, or brought it to a version."""

RUNS = Table(
    "runs",
    TABLES,
    Column("id", _ID, primary_key=True),
    Column("name", Text, nullable=False),
    Column("scenario", Text, nullable=False),
    Column("header", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("ended", Text),
    Column("parent", Text),
    Column("replays", Text),
    Column("horizon", Integer, nullable=False),
    Column("rounds", Integer, nullable=False, server_default="0"),
    Column("statements", Integer, nullable=False, server_default="0"),
    Column("created", Text, nullable=False),
    UniqueConstraint("name"),
)

PARTS = Table(
    "parts",
    TABLES,
    Column("id", _ID, primary_key=True),
    Column("digest", LargeBinary, nullable=False),
    Column("role", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("text", Text, nullable=False),
    UniqueConstraint("digest"),
)

CALLS = Table(
    "calls",
    TABLES,
    Column("id", _ID, primary_key=True),
    Column("run", _ID, ForeignKey("runs.id"), nullable=False),
    Column("place", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("parts", Text, nullable=False),
    Column("form", _ID, ForeignKey("parts.id"), nullable=False),
    Column("reply", Text, nullable=False),
    Column("accepted", Integer, nullable=False),
    Column("model", Text, nullable=False),
    Column("finish", Text, nullable=False),
    Column("tokens_in", Integer, nullable=False),
    Column("tokens_out", Integer, nullable=False),
    Column("tokens_cached", Integer, nullable=False),
    Column("usd", _NUMBER),
    Column("seconds", _NUMBER, nullable=False),
    UniqueConstraint("run", "place", "attempt", "digest"),
)

VERDICTS = Table(
    "verdicts",
    TABLES,
    Column("id", _ID, primary_key=True),
    Column("run", _ID, ForeignKey("runs.id"), nullable=False),
    Column("rubric", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("repeat", Integer, nullable=False),
    Column("verdict", Text, nullable=False),
    UniqueConstraint("run", "rubric", "model", "repeat"),
)

SQLITE_CHECKPOINTS = MetaData()
"""The tables of langgraph-checkpoint-sqlite, which makes them only where they are missing; without a row id their
long keys are stored once, not twice. On a server langgraph-checkpoint-postgres makes its own."""

Table(
    "checkpoints",
    SQLITE_CHECKPOINTS,
    Column("thread_id", Text, primary_key=True),
    Column("checkpoint_ns", Text, primary_key=True, server_default=""),
    Column("checkpoint_id", Text, primary_key=True),
    Column("parent_checkpoint_id", Text),
    Column("type", Text),
    Column("checkpoint", LargeBinary),
    Column("metadata", LargeBinary),
    sqlite_with_rowid=False,
)
Table(
    "writes",
    SQLITE_CHECKPOINTS,
    Column("thread_id", Text, primary_key=True),
    Column("checkpoint_ns", Text, primary_key=True, server_default=""),
    Column("checkpoint_id", Text, primary_key=True),
    Column("task_id", Text, primary_key=True),
    Column("task_path", Text, nullable=False, server_default=""),
    Column("idx", Integer, primary_key=True, autoincrement=False),
    Column("channel", Text, nullable=False),
    Column("type", Text),
    Column("value", LargeBinary),
    sqlite_with_rowid=False,
)
