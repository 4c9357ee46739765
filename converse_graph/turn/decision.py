"""How a deliberation ends: code counts what its members said."""

from collections.abc import Sequence

from converse_graph.record.records import DecisionRecord, LineRecord
from converse_graph.scenarios.cast import Debate, ImaginedDebate
from converse_graph.scenarios.deliberation_rules import normalise_position
from converse_graph.scenarios.fields import Choice, Text

POSITION_LENGTH = 80
"""Characters of a position that a speaker words itself."""

NONE_OF_THESE = "something else"
"""What a statement may answer when it takes none of the positions that its open debate came up with."""


def position_field(
    spec: Debate | ImaginedDebate, *, name: str = "position", ask: str = "where you stand"
) -> Choice | Text:
    """The field in which a member says where it stands."""
    if spec.options:
        return Choice(name=name, ask=ask, options=spec.options)
    return Text(name=name, ask=ask, max_length=POSITION_LENGTH)


def statement_position(spec: Debate | ImaginedDebate, decision: DecisionRecord | None) -> Choice | None:
    """The field in which a statement says which position it takes; None where there is none to take."""
    if decision is None:
        return None
    options = spec.options or tuple(
        dict.fromkeys([*(decision.get("counts") or decision["votes"].values()), NONE_OF_THESE])
    )
    if len(options) < 2:
        return None
    return Choice(name="position", ask="the position that this statement takes", options=options)


def decide(spec: Debate | ImaginedDebate, lines: Sequence[LineRecord]) -> DecisionRecord | None:
    """Count each member's last position; the most votes win, and a tie goes as the chair, the first member, voted.

    Positions in a speaker's own words count as the same when they differ only in case, spaces and punctuation;
    options that the motion names are told apart to the letter. What a member argues for when it is called on to
    dissent is not its vote.

    Returns:
        A decision as `Decision` holds it; None when nobody took a position.
    """
    members = [member.name for member in spec.members]
    own = [line for line in lines if not line.get("dissents")]
    last = {line["speaker"]: line for line in own if (line.get("position") or "").strip()}
    voters = [name for name in members if name in last]
    if not voters:
        return None
    first_wording: dict[str, str] = {}
    positions = {name: last[name].get("position") or "" for name in voters}
    votes = (
        positions
        if spec.options
        else {name: first_wording.setdefault(normalise_position(positions[name]), positions[name]) for name in voters}
    )
    counts = {position: list(votes.values()).count(position) for position in dict.fromkeys(votes.values())}
    most = max(counts.values())
    tied = [position for position, count in counts.items() if count == most]
    chair = votes.get(members[0])
    position = chair if chair in tied else tied[0]
    return {
        "position": position,
        "reasons": [last[name]["text"] for name in voters if votes[name] == position],
        "votes": votes,
        "dissent": [name for name in voters if votes[name] != position],
    }


def dissent_is_due(spec: Debate, lines: Sequence[LineRecord]) -> bool:
    """Whether the next line is to be dissent: all have spoken for one position, and none was called on before."""
    if not spec.dissenter or any(line.get("dissents") for line in lines):
        return False
    decision = decide(spec, lines)
    return decision is not None and not decision["dissent"] and len(decision["votes"]) == len(spec.members)


def matches(position: str, decision: DecisionRecord) -> bool:
    """Whether a position is the one that was decided for, in these or nearly these words."""
    return normalise_position(position) == normalise_position(decision["position"])
