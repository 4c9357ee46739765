"""A small transcript made by hand."""

from datetime import UTC, datetime

from converse_graph.record.transcript import (
    Decision,
    Deliberation,
    Header,
    Line,
    Party,
    PrivateNotes,
    Statement,
    Transcript,
)

HEADER = Header(
    run="wage-talks-k3",
    scenario="wage-talks",
    title="A union and an employer settle next year's wages",
    status="finished",
    ended="horizon",
    created=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    model="null",
    seed=7,
    clock={"start": 2026, "end": 2027, "step": "half-year", "rounds": 3},
    order="listed",
    cast=(Party(name="Employer", kind="firm", deliberation="debate"), Party(name="Union", kind="union")),
    dials={"inflation": 0.03, "strike_fund": True, "sectors": ["steel", "rail"]},
    versions={"converse-graph": "0.1.0"},
    prompts="sha256:9f2c",
)

_CONSCIENCE = Deliberation(
    mode="imagined",
    motion="Is it fair?",
    lines=(
        Line(speaker="Purse", text="We cannot pay it.", position="no"),
        Line(speaker="Heart", text="They earned it.", position="no"),
    ),
    decision=Decision(
        position="no", reasons=("We cannot pay it.", "They earned it."), votes={"Purse": "no", "Heart": "no"}
    ),
)

BOARD = Deliberation(
    motion="What do we offer?",
    lines=(
        Line(
            speaker="Finance", text="Two per cent.\n\nNo more.", position="2%", follows_decision=False,
            deliberation=_CONSCIENCE,
        ),
        Line(speaker="Operations", text="Anything but a strike.", position="4%", repairs=1),
        Line(speaker="Head of Law", text="", problem="line: at most 400 characters", repairs=2),
    ),
    decision=Decision(
        position="2%",
        reasons=("Two per cent.\n\nNo more.",),
        votes={"Finance": "2%", "Operations": "4%"},
        dissent=("Operations",),
    ),
)  # fmt: skip

SMALL = Transcript(
    header=HEADER,
    statements=(
        Statement(
            round=0,
            turn=0,
            period="2026 H1",
            speaker="Employer",
            text="We offer 2% on a base of $31,000.\nThat is final.\n\nIt holds for a year.",
            fields={
                "offer": 0.02,
                "final": True,
                "conditions": ["no strikes", "overtime <b>as before</b>"],
                "settled_by": {"p10": 2026, "p50": 2026, "p90": 2028},
                "penalty": None,
            },
            sorted_fields=("settled_by",),
            private=PrivateNotes(
                memo="We could go to 3%.", position="2%", follows_decision=True, deliberation=BOARD
            ),
        ),
        Statement(
            round=0, turn=1, period="2026 H1", speaker="Union", text="", problem="the reply was no JSON object",
            repairs=2, private=PrivateNotes(),
        ),
        Statement(
            round=2, turn=0, period="2027 H1", speaker="Union", text="We strike. All of us.",
            private=PrivateNotes(memo="The fund lasts six weeks.", conclusions=("They stall.", "Time is against us.")),
        ),
    ),
)  # fmt: skip
"""Two years, a debate with an imagined one inside it, a turn without a statement."""
