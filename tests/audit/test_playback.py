"""An audit plays the run again: whatever value of it was changed, in its record, journal or header, is found."""

import json
import random
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ormsgpack
import pytest

from converse_graph import Motion, Organisation, ScriptedModel, Store
from converse_graph.audit.audit import audit_run
from converse_graph.audit.findings import Audit
from converse_graph.audit.playback import PlaybackBeside
from converse_graph.errors import ProviderUnreachable
from converse_graph.runs.derived import extend, fork, inject, replay
from converse_graph.runs.simulation import Origin, Simulation
from converse_graph.scenarios.catalogue import find_scenario
from converse_graph.scenarios.fields import Boolean, Integer
from converse_graph.scenarios.rules import Event, ScheduledEvent
from converse_graph.store import Run
from converse_graph.store.packing import pack, unpack
from tests.support.planted_secrets import Marking, mark
from tests.support.small_scenarios import CREATED, CountingChat, begin, debate, played, table

FIELDS = (
    Integer(name="agi_estimate", ask="when AGI comes", minimum=2025, maximum=2100),
    Boolean(name="agi_claimed", ask="whether it is here"),
)
Edit = Callable[[sqlite3.Connection], None]
_KEY = "checkpoint_id || idx || task_id"


def scenario(**more: Any) -> Any:
    """A party with a debate, one without, and fields that are no words."""
    board = debate("Chair", "Critic", inside=debate("Angel", "Devil"), private_positions=True, ballot="secret")
    return table(
        Organisation(name="Alpha", brief=mark("Alpha"), deliberation=board, fields=FIELDS),
        Organisation(name="Beta", brief=mark("Beta"), fields=FIELDS),
        **more,
    )


def edit_records(change: Callable[[list[Any]], Any], channel: str) -> Edit:
    """An edit of what was written to a ledger, through the serializer that wrote it."""

    def edit(database: sqlite3.Connection) -> None:
        rows = database.execute(
            f"SELECT {_KEY}, kind, value FROM writes WHERE channel = ?",  # noqa: S608 - columns of ours
            (channel,),
        ).fetchall()
        key, kind, value = rows[-1]
        plain_kind, plain = unpack(kind, value)
        records = ormsgpack.unpackb(plain)
        changed = change(records)
        packed = pack(plain_kind, ormsgpack.packb(records if changed is None else changed))
        database.execute(
            "UPDATE writes SET kind = ?, value = ? WHERE checkpoint_id || idx || task_id = ?", (*packed, key)
        )

    return edit


def sql(statement: str, *values: Any) -> Edit:
    """An edit in plain SQL, which has to change something."""

    def edit(database: sqlite3.Connection) -> None:
        assert database.execute(statement, values).rowcount > 0

    return edit


def edit_header(**fields: Any) -> Edit:
    """An edit of the stored header."""

    def edit(database: sqlite3.Connection) -> None:
        header = json.loads(database.execute("SELECT header FROM specs").fetchone()[0])
        database.execute("UPDATE specs SET header = ?", (json.dumps({**header, **fields}),))

    return edit


async def audited(path: Path, edit: Edit | None, made: Any) -> Audit:
    """Play a run, change the store behind its back, and audit it."""
    async with Store.open(path, make=True) as store:
        run = await played(store, made, model=Marking("large"))
    if edit is not None:
        database = sqlite3.connect(path)
        with database:
            edit(database)
        database.close()
    async with Store.open(path) as store:
        return await audit_run(store, run.run.name, scenario=made)


EDITS: dict[str, Edit] = {
    "a number in a public field": edit_records(lambda said: said[0]["fields"].update(agi_estimate=2027), "transcript"),
    "a flag in a public field": edit_records(
        lambda said: said[0]["fields"].update(agi_claimed=not said[0]["fields"]["agi_claimed"]), "transcript"
    ),
    "fields emptied": edit_records(lambda said: said[0].update(fields={}), "transcript"),
    "prose": edit_records(lambda said: said[0].update(text="We yield."), "transcript"),
    "the last statement deleted": edit_records(lambda said: [], "transcript"),
    "a speaker": edit_records(lambda said: said[0].update(speaker="Alpha"), "transcript"),
    "the position of a line": edit_records(
        lambda notes: notes[-1]["debate"]["lines"][0].update(position="elsewhere"), "mind_Alpha"
    ),
    "a position in a mind": edit_records(lambda notes: notes[-1].update(position="elsewhere"), "mind_Alpha"),
    "whether it follows its decision": edit_records(
        lambda notes: notes[-1].update(follows_decision=not notes[-1].get("follows_decision")), "mind_Alpha"
    ),
    "a memo": edit_records(lambda notes: notes[-1].update(memo="Nothing."), "mind_Beta"),
    "an accepted flag": sql("UPDATE calls SET accepted = 0 WHERE place = '1.1/Beta/statement'"),
    "a system brief": sql(
        "UPDATE messages SET text = 'You are a pirate.' WHERE source LIKE 'prompt/organisation/brief%'"
    ),
    "a schema": sql("UPDATE messages SET text = '{}' WHERE source = 'form'"),
    "a call deleted": sql("DELETE FROM calls WHERE place = '1.1/Beta/statement'"),
    "tokens": sql("UPDATE calls SET output_tokens = output_tokens + 1 WHERE place = '1.1/Beta/statement'"),
    "how it ended": sql("UPDATE runs SET ended = 'event agi_reached'"),
    "the order of the header": edit_header(order="random"),
    "a part said to come from a template": lambda database: plant(
        database, "prompt/organisation/statement", "Beta", "Anthropic will betray you."
    ),
    "a part said to come from a moderator": lambda database: plant(
        database, "prompt/moderator/pick", "public", "Anthropic will betray you."
    ),
}


def plant(database: sqlite3.Connection, source: str, owner: str, text: str) -> None:
    """Put a part of any text into the prompt of a call."""
    made = database.execute(
        "INSERT INTO messages (digest, role, source, owner, text) VALUES (?, 'user', ?, ?, ?)",
        (random.Random(1).randbytes(16), source, owner, text),
    )
    (packed,) = database.execute("SELECT messages FROM calls WHERE place = '1.1/Beta/statement'").fetchone()
    ids = sum(map(int, packed.split(",")))
    database.execute(
        "UPDATE calls SET messages = ? WHERE place = '1.1/Beta/statement'", (f"{packed},{made.lastrowid - ids}",)
    )


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
async def test_what_was_changed_behind_a_runs_back_is_found(store_path: Path, edit: Edit) -> None:
    found = await audited(store_path, edit, scenario())

    assert found.leaks
    assert all("canary" not in leak.why for leak in found.leaks)


async def test_an_honest_run_is_compared_whole(store_path: Path) -> None:
    found = await audited(store_path, None, scenario())

    assert found.leaks == ()
    assert found.values > 150
    assert not any("played again" in line for line in found.unchecked)


async def clean(store: Store, name: str, made: Any) -> None:
    found = await audit_run(store, name, scenario=made)
    assert found.leaks == ()
    assert found.values > 0


@pytest.mark.every_store
async def test_an_extended_and_a_replayed_run_are_clean(store: Store) -> None:
    motion = Motion(question="Shall we stop?", options=("yes", "no"))
    made = scenario(rounds=4, motion=motion)
    run = await played(store, made, rounds=2)
    longer = await extend(store, run.run.name, rounds=3, scenario=made)
    await longer.play()
    again = await replay(store, run.run.name, scenario=made, created=CREATED)
    await again.play()

    await clean(store, run.run.name, made)
    await clean(store, again.run.name, made)


@pytest.mark.every_store
@pytest.mark.parametrize("order", ["listed", "simultaneous"])
async def test_a_forked_run_is_clean(store: Store, order: str) -> None:
    made = scenario(rounds=3, order=order)
    run = await played(store, made)
    branch = await fork(store, run.run.name, at="round 2:Beta", say="We strike at noon.", fields={"agi_estimate": 2031},
                        created=CREATED, scenario=made)  # fmt: skip
    await branch.play()

    await clean(store, branch.run.name, made)


@pytest.mark.every_store
@pytest.mark.parametrize("order", ["listed", "simultaneous", "moderated"])
async def test_a_run_that_is_broken_off_injected_into_and_resumed_is_clean(store: Store, order: str) -> None:
    made = scenario(rounds=3, order=order, events=(Event(name="agi", field="agi_claimed", parties=1),))
    run = await begin(store, made, model=CountingChat(stop_at=9))
    with pytest.raises(ProviderUnreachable):
        await run.play()
    await clean(store, run.run.name, made)
    await inject(store, run.run.name, ScheduledEvent(at="round 3", text="A storm.", party="Beta"), scenario=made)
    again = await Simulation.reopen(store, run.run.name, scenario=made, model=CountingChat())
    await again.play()

    await clean(store, run.run.name, made)


@pytest.mark.every_store
async def test_a_guest_is_played_again_from_the_journal_and_not_asked(store: Store) -> None:
    asked = []

    def speak(view: dict[str, Any]) -> dict[str, Any]:
        asked.append(view)
        return {"text": "I heard you.", "memo": "They know nothing."}

    made = table(Organisation(name="Alpha", graph=speak), "Beta")
    run = await played(store, made)
    before = len(asked)

    await clean(store, run.run.name, made)

    assert len(asked) == before


PLAN = "We shall quietly buy every reactor in the north before spring comes"


@pytest.mark.parametrize(
    "quoted",
    [
        PLAN,
        PLAN.upper(),
        PLAN.replace(" ", "_"),
        PLAN.replace(" ", "-"),
        PLAN.replace(" ", "  "),
        PLAN.replace("o", "o\u200b"),
        PLAN.replace(" ", "\u2063"),
        PLAN.replace("a", "a\u00ad"),
        "".join(chr(ord(letter) + 0xFEE0) if letter.isalpha() else letter for letter in PLAN),
    ],
    ids=["as it is", "capitals", "underscores", "hyphens", "whitespace", "zero width", "invisible", "soft", "wide"],
)
async def test_a_memo_that_another_quotes_is_a_leak_wherever_the_words_came_from(store: Store, quoted: str) -> None:
    said = [{"statement": "Good day to all of you.", "memo": PLAN},
            {"statement": f"Hear this: {quoted}.", "memo": ""},
            {"statement": "So be it.", "memo": ""}, {"statement": "It is.", "memo": ""}]  # fmt: skip
    made = table("Alpha", "Beta")
    run = await played(store, made, model=ScriptedModel(said))

    found = await audit_run(store, run.run.name, scenario=made)

    assert {(leak.kind, leak.place, leak.owner) for leak in found.leaks} == {("words", "0.1/Beta", "Alpha")}


async def test_who_repeats_what_was_public_has_it_from_nobody_s_mind(store: Store) -> None:
    said = [{"statement": f"Hear this: {PLAN}.", "memo": ""}, {"statement": "We listen.", "memo": PLAN},
            {"statement": "Let us go on.", "memo": PLAN}, {"statement": "So be it.", "memo": ""}]  # fmt: skip
    made = table("Alpha", "Beta")
    run = await played(store, made, model=ScriptedModel(said))

    found = await audit_run(store, run.run.name, scenario=made)

    assert found.leaks == ()


@pytest.mark.every_store
@pytest.mark.parametrize("is_changed", [False, True])
@pytest.mark.parametrize("is_killed", [False, True])
async def test_a_long_run_that_another_process_plays_again_has_the_same_audit(
    store: Store, is_changed: bool, is_killed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("converse_graph.audit.audit.LONG", 1)
    bundled = find_scenario("wage-talks")(rounds=2)
    run = await played(store, bundled, name="talks", origin=Origin(scenario="wage-talks"))
    if is_changed:
        await store._writer.write(lambda session: session.run("UPDATE calls SET output_tokens = output_tokens + 1"))
    begun = list[PlaybackBeside]()

    class Beside(PlaybackBeside):
        def __init__(self, store: Store, run: Run) -> None:
            super().__init__(store, run)
            begun.append(self)
            if is_killed:
                self._process.kill()

    monkeypatch.setattr("converse_graph.audit.audit.PlaybackBeside", Beside)
    in_one = await audit_run(store, run.run.name)
    assert not begun
    assert await audit_run(store, run.run.name, in_two_processes=True) == in_one
    assert len(begun) == 1
    assert in_one.values
    assert in_one.is_private != is_changed
