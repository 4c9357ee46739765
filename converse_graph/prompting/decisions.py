"""How a debate ended, as its owner and those inside it are told."""

from collections import Counter

from converse_graph.models.base import PromptProfile
from converse_graph.record.records import DebateRecord, DecisionRecord
from converse_graph.sanitize import escape_line

_QUOTES = str.maketrans(dict.fromkeys("“”„", "'"))
"""So that what a member said can end no quotation; what is a tag in it is escaped with the whole."""


def describe_decision(decision: DecisionRecord | None, profile: PromptProfile = "large", *, motion: str = "") -> str:
    """A decision in words, as its owner is told of it: one line, in which nothing can pass for a tag.

    Each reason is the last line of a member who voted for it, by its name.

    A small model is told the outcome and who was against it; reasons it would say over again, word for word.

    Args:
        decision: How the debate ended; None for no decision, of which nothing is told.
        profile: Which sort of model is told.
        motion: What was debated; empty where that is not said.
    """
    words = format_decision(decision, profile)
    beginning = f"You have just debated in private: {motion}" if motion and words and profile == "large" else ""
    return escape_line(" ".join(filter(None, [beginning, words])))


def redacted_decision(debate: DebateRecord) -> DecisionRecord | None:
    """A decision as those whom it concerns are told of it: after a secret ballot how many voted for what, not who.

    Args:
        debate: As a mind holds it.

    Returns:
        The decision, with the `minutes` of it; after a secret ballot without votes, reasons and dissent, and with
        `counts` by position.
    """
    decision = debate["decision"]
    if decision is None:
        return None
    if debate.get("ballots"):
        counts = Counter(decision["votes"].values())
        decision = {"position": decision["position"], "reasons": [], "votes": {}, "dissent": [], "counts": dict(counts)}
    minutes = debate.get("minutes")
    return {**decision, "minutes": minutes} if minutes and minutes.get("decided") else decision


def describe_count(decision: DecisionRecord) -> str:
    """How a decision was counted, in one line, as the chair is told of it who writes its minutes.

    Args:
        decision: As `redacted_decision` returns it.
    """
    return escape_line(_format_count(decision, "large"))


def format_decision(decision: DecisionRecord | None, profile: PromptProfile) -> str:
    """The same as it was worded."""
    if decision is None:
        return ""
    reasons = _format_reasons(decision) if profile == "large" else ""
    return " ".join(filter(None, [_format_count(decision, profile), _format_minutes(decision, profile), reasons]))


def _format_count(decision: DecisionRecord, profile: PromptProfile) -> str:
    if (ballots := decision.get("counts")) is not None:
        counts = ", ".join(f"{position}: {count}" for position, count in ballots.items())
        return f"Decided by secret ballot: {decision['position']}." + (f" {counts}." if profile == "large" else "")
    if profile == "small":
        against = ", ".join(decision["dissent"])
        return f"Decided in private: {decision['position']}." + (f" Against it: {against}." if against else "")
    votes = ", ".join(f"{name}: {position}" for name, position in decision["votes"].items())
    return f"Decided: {decision['position']}. Votes: {votes}.{_format_tie(decision)}"


def _format_tie(decision: DecisionRecord) -> str:
    """Whose vote broke a tie; nothing where there was none."""
    votes, position = decision["votes"], decision["position"]
    counts = Counter(votes.values())
    if max(counts.values()) not in [count for other, count in counts.items() if other != position]:
        return ""
    return f" They were tied, so it goes as {next(name for name in votes if votes[name] == position)} voted."


def _format_reasons(decision: DecisionRecord) -> str:
    """What those who voted for it said last, each with its name; nothing after a secret ballot."""
    voters = [name for name, position in decision["votes"].items() if position == decision["position"]]
    voter_reasons = zip(voters, decision["reasons"], strict=True)
    reasons = " ".join(f"{name}: {quoted(text)}" for name, text in voter_reasons if text.strip())
    return f"Reasons: {reasons}" if reasons else ""


def _format_minutes(decision: DecisionRecord, profile: PromptProfile) -> str:
    """What the chair wrote down; a small model is told what was decided alone."""
    minutes = decision.get("minutes")
    if minutes is None:
        return ""
    parts = [f"Minutes by {minutes['speaker']}: {quoted(minutes.get('decided', ''))}"]
    for label, entries in (("To do", minutes.get("actions")), ("Left open", minutes.get("open_questions"))):
        if entries and profile == "large":
            parts.append(f"{label}: {'; '.join(map(quoted, entries))}.")
    return " ".join(parts)


def quoted(text: str) -> str:
    """A text between quotation marks, none of which stands inside it."""
    return f"“{text.translate(_QUOTES)}”"
