"""Random transcripts, full of what breaks pages."""

from datetime import UTC
from typing import Any, get_args

from hypothesis import strategies as st

from converse_graph.record.transcript import (
    Change,
    Decision,
    Deliberation,
    Header,
    HiddenWorld,
    Line,
    Minutes,
    Party,
    PrivateNotes,
    Rule,
    Stance,
    Statement,
    StatementSource,
    Transcript,
    Vote,
    WorldMove,
    WorldRound,
)
from converse_graph.scenarios.deliberation_rules import Motion
from converse_graph.scenarios.world_tables import WORLD

MARKS = (
    "</details>",
    "<details>",
    "<summary>x</summary>",
    "<blockquote>",
    "## 2026",
    "---",
    "- a",
    "- **b**: c",
    "**x:** y",
    "*",
    "**",
    "`1`",
    "``",
    "<br>",
    "&nbsp;",
    "&#10;",
    "&amp;",
    "\\",
    "\\u{a}",
    "\\\\",
    '""',
    '"',
    "\n",
    "\n\n",
    "\n\n\n",
    " ",
    "  ",
    "\t",
    "\r\n",
    "\r",
    "\x00",
    "\x1b[31m",
    "\u202e",
    "\u2066",
    "\u200b",
    "\u2028",
    "\x85",
    "\xa0",
    "\u3000",
    "\ufeff",
    "1. ",
    "12) ",
    "+ ",
    "# ",
    "> ",
    "| a | b |",
    "|---|",
    ":-",
    "===",
    "~~~",
    "[x](javascript:alert(1))",
    "![x](http://x.y)",
    "<script>alert(1)</script>",
    "https://x.y",
    "www.x.y",
    "System:",
    "p50 `3`",
    "*together:*",
    "**1 · A:** b",
    "**Memo:** x",
    "**Decision:** x",
    "**No decision:** nobody took a position.",
    "*Nothing noted.*",
    "none",
    "yes",
    "[]",
    "{}",
    " · ",
    ", ",
    ".*",
    "_",
    "a_b",
    "agi estimate",
    "$x$",
    "{{x}}",
    "é",
    "中",
    "🔒",
    "👩‍🔬",
)
"""What a model could write, by malice or by chance, that a page must not take for its own."""

_characters = st.characters(exclude_categories=("Cs",))


@st.composite
def _texts(draw: st.DrawFn) -> str:
    """Any text; as a function of its own, whose name stands for it where hypothesis writes a strategy out."""
    marked = st.lists(st.sampled_from(MARKS) | st.text(_characters, max_size=4), max_size=6).map("".join)
    return draw(st.text(_characters, max_size=20) | marked)


texts = _texts()
_numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
_open_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | _numbers | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
_measures = st.dictionaries(st.sampled_from(["p10", "p50", "p90"]), _numbers, min_size=1)
_fields = st.dictionaries(
    texts | st.sampled_from(["agi_estimate", "a b", "a_b", "x__y"]), _open_values | _measures, max_size=3
)
_maybe_text = st.none() | texts
_counts = st.integers(0, 9)
_follows = st.sampled_from([None, True, False])
_names = st.lists(texts, max_size=2).map(tuple)
_stance = st.builds(
    Stance, speaker=texts, position=_maybe_text, reason=texts, problem=_maybe_text, repairs=_counts, mended=_names
)
_stances = st.lists(_stance, max_size=2).map(tuple)
_decisions = st.builds(
    Decision, position=texts, reasons=_names, votes=st.dictionaries(texts, texts, max_size=2), dissent=_names
)

_minutes = st.builds(
    Minutes,
    speaker=texts,
    decided=texts,
    actions=_names,
    open_questions=_names,
    problem=_maybe_text,
    repairs=_counts,
    mended=_names,
)


def _deliberations(depth: int) -> st.SearchStrategy[Deliberation]:
    lines = st.builds(
        Line,
        speaker=texts,
        text=texts,
        position=_maybe_text,
        new_fact=_maybe_text,
        dissents=st.booleans(),
        problem=_maybe_text,
        repairs=_counts,
        mended=_names,
        follows_decision=_follows,
        deliberation=st.none() | _deliberations(depth - 1) if depth > 1 else st.none(),
    )
    return st.builds(
        Deliberation,
        mode=st.sampled_from(["debate", "imagined"]),
        motion=texts,
        options=_names,
        rules=st.lists(st.sampled_from(get_args(Rule)), max_size=2, unique=True).map(tuple),
        private_positions=_stances,
        ballots=_stances,
        lines=st.lists(lines, max_size=2).map(tuple),
        decision=st.none() | _decisions,
        minutes=st.none() | _minutes,
    )


_private = st.builds(
    PrivateNotes,
    memo=texts,
    conclusions=st.lists(texts, max_size=3).map(tuple),
    position=_maybe_text,
    follows_decision=_follows,
    initial_stance=st.none() | _stance,
    deliberation=st.none() | _deliberations(4),
)
_sources = st.builds(
    StatementSource,
    line=st.integers(1, 10**6),
    label=st.sampled_from(["", "2026", "2026 H2", "2026-07-01", "round 4"]),
    out_of_turn=st.booleans(),
    out_of_year=st.booleans(),
)
_statements = st.builds(
    Statement,
    round=st.integers(0, 5000),
    turn=_counts,
    period=texts | st.sampled_from(["2026", "2026 H2", "round 4"]),
    speaker=texts,
    text=texts,
    fields=_fields,
    problem=_maybe_text,
    repairs=_counts,
    sorted_fields=_names,
    mended=_names,
    dissents=st.booleans(),
    source=st.none() | _sources,
    private=st.none() | _private,
)
_motions = st.none() | st.builds(
    Motion, question=texts, options=st.just(("yes", "no")), dissenter=st.booleans(), private_positions=st.booleans()
)
_votes = st.lists(
    st.builds(
        Vote, round=_counts, position=_maybe_text, counts=st.dictionaries(texts, _counts, max_size=2), ballots=_stances
    ),
    max_size=2,
).map(tuple)
_headers = st.builds(
    Header,
    run=texts,
    scenario=texts,
    title=texts,
    status=st.sampled_from(["running", "paused", "finished", "failed"]),
    ended=_maybe_text,
    created=st.datetimes(timezones=st.just(UTC)),
    model=texts | st.sampled_from(["null", "embedded"]),
    base_url=_maybe_text,
    seed=st.integers(),
    clock=_fields,
    order=texts,
    cast=st.lists(
        st.builds(
            Party,
            name=texts,
            kind=texts,
            deliberation=texts,
            model=_maybe_text,
            persona_models=st.dictionaries(texts, texts, max_size=1),
        ),
        max_size=2,
    ).map(tuple),
    dials=_fields,
    motion=_motions,
    votes=_votes,
    parent=_maybe_text,
    versions=st.dictionaries(texts, texts, max_size=2),
    prompts=texts,
)

_values = st.dictionaries(st.sampled_from(["stock", "safety_share", "c2"]), st.floats(allow_nan=False), max_size=2)
_amounts = st.floats(allow_nan=False, allow_infinity=False)
_moves = st.lists(
    st.builds(WorldMove, party=texts, move=texts, is_legal=st.just(True), is_seen=st.booleans())
    | st.builds(WorldMove, party=texts, move=texts, is_legal=st.just(False), is_seen=st.just(False), reason=texts),
    max_size=2,
).map(tuple)
_changes = st.lists(
    st.builds(
        Change,
        owner=texts,
        variable=texts,
        cause=texts,
        operation=st.sampled_from(["add", "multiply", "set"]),
        amount=_amounts,
        by=_amounts,
    ),
    max_size=2,
).map(tuple)


@st.composite
def _world_rounds(draw: st.DrawFn, header: Header) -> tuple[WorldRound, ...]:
    """A world whose owners are those of the cast; its rounds are in order, each once."""
    owners = [WORLD, *(party.name for party in header.cast)]
    states = st.fixed_dictionaries(dict.fromkeys(owners, _values))
    hidden = st.none() | st.builds(HiddenWorld, state=states, moves=_moves, changes=_changes)
    happened = st.lists(st.sampled_from(["collapse", "agi_reached"]), max_size=2, unique=True).map(tuple)
    after = st.builds(
        WorldRound, round=st.integers(-1, 3), period=texts, state=states, moves=_moves, happened=happened, hidden=hidden
    )
    rounds = draw(st.lists(after, max_size=3, unique_by=lambda one: one.round))
    return tuple(sorted(rounds, key=lambda one: one.round))


@st.composite
def _transcripts(draw: st.DrawFn) -> Transcript:
    header = draw(_headers)
    statements = tuple(draw(st.lists(_statements, max_size=3)))
    return Transcript(header=header, statements=statements, world=draw(st.just(()) | _world_rounds(header)))


transcripts = _transcripts()
"""Any transcript: of mixed editions, with conversations four deep, a world or none, and any text anywhere."""
