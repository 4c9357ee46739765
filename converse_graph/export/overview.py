"""What a reader sees first: who talked, when, and how it ended. Never read back."""

import re
from collections.abc import Sequence
from typing import assert_never

from converse_graph.export.markdown_escaping import inline
from converse_graph.measures.disagreement import agrees_alone, unanimous_debates
from converse_graph.record.transcript import Header, ImportSource, Statement, Transcript
from converse_graph.scenarios.cast import ANY_KIND
from converse_graph.scenarios.rules import RunningListFold

BY_HAND = "by-hand"
"""What the model of a run is called that somebody played, by the server of `--base-url`."""
BY_HAND_NOTE = (
    "**Played by hand.** Every reply was written for this run, call by call, by a reader who saw each prompt as a "
    "model would: it shows what a run can be, and is no finding about any model."
)


def introduction(transcript: Transcript, *, edition: str) -> list[str]:
    """The block under the title: one paragraph on the run, and what to expect of its words."""
    header, statements = transcript.header, transcript.statements
    fork_note = f" It was forked from {inline(header.parent)}." if header.parent else ""
    ending = f"{_how_it_ended(header)}{_votes(header)}{_in_force(transcript)}{fork_note}{_changes_in_words(header)}"
    lines = [BY_HAND_NOTE, ""] if header.model == BY_HAND else []
    lines += [f"{_who(header)}{_when(statements)} {_how_many(statements)} {ending}", ""]
    if edition == "public":
        lines += ["> This is the public record: what the parties said to each other."]
    else:
        lines += [
            "> **Reader's edition.** Under each statement is what its speaker kept to itself, marked 🔒: its memo, and "
            "the conversation it held first. No other party heard any of it."
        ]
    failures = " ".join(map(inline, header.warnings))
    for note in (
        *origin_notes(header),
        reading_notes(header.model),
        only_agrees(transcript),
        failures and f"**Done without.** {failures}",
    ):
        lines += [">", f"> {note}"] if note else []
    return lines


def origin_notes(header: Header) -> list[str]:
    """Tell what a reader must know of a run that models alone did not play, or not here, or that was not packed whole.

    Args:
        header: Of the run.
    """
    notes = []
    if source := header.imported:
        unparsed = count_in_words(source.unparsed_lines, "line")
        unread = (
            f" {unparsed} of {source.lines} could not be read: {_stretches(source)}."
            if source.unparsed_lines
            else " All of it could be read."
        )
        notes.append(
            f"**Imported, not played.** The statements are those of the file {inline(source.file)} ({source.form}, "
            f"{inline(source.encoding)}), in its order; code put them into rounds.{unread}"
        )
    if header.humans:
        notes.append(
            f"**Persons at the table.** Persons played {', '.join(map(inline, header.humans))}; where one passed a "
            "turn, the model spoke. What is measured of these parties is no finding about any model."
        )
    if header.public_only:
        notes.append(
            "**Packed without private parts.** Memos, debates, prompts and replies were left out; what is measured "
            "here is measured from what the parties said in public."
        )
    return notes


def _stretches(source: ImportSource) -> str:
    by_reason: dict[str, list[str]] = {}
    for stretch in source.unparsed:
        where = str(stretch.first) if stretch.first == stretch.last else f"{stretch.first}-{stretch.last}"
        by_reason.setdefault(stretch.why, []).append(where)
    return "; ".join(f"{inline(why)} ({', '.join(places)})" for why, places in by_reason.items())


def only_agrees(transcript: Transcript) -> str:
    """One sentence where the debates of a run were little more than agreement, as a weak model's are; else empty."""
    unanimous, debates = unanimous_debates(transcript)
    if not agrees_alone(unanimous, debates):
        return ""
    return (
        f"**These debates only agree.** In {unanimous} of {debates} nobody ever took a second position: "
        "read them as one voice, or set rules against easy agreement (`private_positions`, `dissenter`) or a larger "
        "model."
    )


def reading_notes(model: str) -> str:
    """One sentence on what the words of a model are worth; empty for models of the usual size."""
    if model.partition(":")[0] == "null":
        return (
            "**No language model wrote this.** The null model fills every form by seeded chance: a baseline to "
            "compare other runs with, not a story."
        )
    if model == "embedded":
        return (
            "**The embedded model wrote this.** At 135 million parameters it is fluent, and it repeats itself and "
            "errs freely: see here how a run looks, and name a larger model for what a run says."
        )
    return ""


def section(period: str) -> str:
    """The section that a period belongs to: its year, or all of its name on a clock of plain rounds."""
    year = re.match(r"[0-9]{1,4}(?![0-9])", period)
    return year[0] if year else period[:1].upper() + period[1:]


def years(statements: Sequence[Statement]) -> str:
    """The years that were played, for the end of a title, such as ", 2024 to 2027"; empty for a run without any."""
    if not statements:
        return ""
    first, last = (section(statements[at].period).replace("Round", "round") for at in (0, -1))
    return f", {first}" if first == last else f", {first} to {last}"


def count_in_words(number: int, noun: str) -> str:
    """A number and its noun, such as "1 line" or "5 lines"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _who(header: Header) -> str:
    parties = [
        f"**{inline(party.name)}**" + ("" if party.kind == ANY_KIND else f" ({inline(party.kind)})")
        for party in header.cast
    ]
    if len(parties) < 2:
        return f"A simulation of {parties[0] if parties else 'nobody'}"
    kind = "A conversation" if header.imported else "A simulated conversation"
    return f"{kind} between {', '.join(parties[:-1])} and {parties[-1]}"


def _when(statements: Sequence[Statement]) -> str:
    if not statements:
        return "."
    first, last = statements[0].period, statements[-1].period
    return f", {inline(first)}." if first == last else f", {inline(first)} to {inline(last)}."


def _how_many(statements: Sequence[Statement]) -> str:
    silent = sum(1 for statement in statements if not statement.text)
    sentence = f"{count_in_words(len(statements) - silent, 'statement')}."
    return f"{sentence[:-1]}, and {count_in_words(silent, 'turn')} without one." if silent else sentence


def in_force(transcript: Transcript) -> dict[str, tuple[str, ...]]:
    """What stands at the end of the record, such as laws: entries by the title of their list."""
    folds = {rule.title: RunningListFold(rule) for rule in transcript.header.standing}
    for statement in transcript.statements if folds else ():
        for fold in folds.values():
            fold.take({"speaker": statement.speaker, "fields": statement.fields})
    return {title: fold.entries for title, fold in folds.items()}


def _in_force(transcript: Transcript) -> str:
    sentences = [
        f"{inline(title)}: {inline('; '.join(entries))}." for title, entries in in_force(transcript).items() if entries
    ]
    return " " + " ".join(sentences) if sentences else ""


def _changes_in_words(header: Header) -> str:
    return "".join(
        f" After {count_in_words(change.statements, 'statement')} it went on with something changed: "
        f"{inline('; '.join(change.parts))}."
        for change in header.overrides
    )


def _votes(header: Header) -> str:
    """How the table voted in the end, and on what; empty where it held no vote."""
    if header.motion is None or not header.votes:
        return ""
    counts = ", ".join(f"{inline(option)}: {count}" for option, count in header.votes[-1].counts.items())
    return f" The table voted in secret on “{inline(header.motion.question)}”: {counts or 'no valid ballot'}."


def _how_it_ended(header: Header) -> str:
    ending = f": {inline(header.ended)}" if header.ended else ""
    if header.imported:
        return f"Run {inline(header.run)} was imported (written by {inline(header.model)})."
    run = f"Run {inline(header.run)} (model {inline(header.model_in_words)}, seed {header.seed})"
    match header.status:
        case "finished":
            return f"{run} ran to its horizon." if header.ended in (None, "horizon") else f"{run} ended early{ending}."
        case "running":
            return f"{run} was still going when this was written."
        case "paused":
            return f"{run} is paused{ending}; it can be resumed."
        case "failed":
            return f"{run} failed{ending}."
    assert_never(header.status)
