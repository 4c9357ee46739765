"""How a debate ended, as its owner and those inside it are told."""

from collections import Counter

from converse_graph.models.base import PromptProfile
from converse_graph.record.records import DebateRecord, DecisionRecord
from converse_graph.sanitize import escape_line

_QUOTES = str.maketrans(dict.fromkeys("“”„", "'"))
"""So that what a member said can end no quotation; what is a tag in it is escaped with the whole."""


def describe_decision(decision: DecisionRecord | None, profile: PromptProfile = "large") -> str:
    """A decision in words, as its owner is told of it: one line, in which nothing can pass for a tag.

    Each reason is the last line of a member who voted for it, by its name.

    A small model is told the outcome and who was against it; reasons it would say over again, word for word.
    """
    return escape_line(format_decision(decision, profile))


def redacted_decision(debate: DebateRecord) -> DecisionRecord | None:
    """A decision as those whom it concerns are told of it: after a secret ballot how many voted for what, not who.

    Args:
        debate: As a mind holds it.

    Returns:
        The decision; after a secret ballot without votes, reasons and dissent, and with `counts` by position.
    """
    decision = debate["decision"]
    if decision is None or not debate.get("ballots"):
        return decision
    counts = Counter(decision["votes"].values())
    return {"position": decision["position"], "reasons": [], "votes": {}, "dissent": [], "counts": dict(counts)}


def format_decision(decision: DecisionRecord | None, profile: PromptProfile) -> str:
    """The same as it was worded."""
    if decision is None:
        return ""
    if (ballots := decision.get("counts")) is not None:
        counts = ", ".join(f"{position}: {count}" for position, count in ballots.items())
        return f"Decided by secret ballot: {decision['position']}." + (f" {counts}." if profile == "large" else "")
    if profile == "small":
        against = ", ".join(decision["dissent"])
        return f"Decided in private: {decision['position']}." + (f" Against it: {against}." if against else "")
    votes = ", ".join(f"{name}: {position}" for name, position in decision["votes"].items())
    voters = [name for name, position in decision["votes"].items() if position == decision["position"]]
    voter_reasons = zip(voters, decision["reasons"], strict=True)
    reasons = " ".join(f"{name}: “{text.translate(_QUOTES)}”" for name, text in voter_reasons if text.strip())
    return f"Decided: {decision['position']}. Votes: {votes}." + (f" Reasons: {reasons}" if reasons else "")
