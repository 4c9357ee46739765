"""An audit that passes what is sound, and fails what was tampered with, wherever that is."""

import json
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from langgraph.graph import START, StateGraph

from converse_graph import NullModel, Organisation, Persona, Pinned, ScriptedModel, Store, Text
from converse_graph.audit.audit import audit_run
from converse_graph.audit.findings import Audit
from converse_graph.audit.phrase_index import NGRAM
from converse_graph.checkpoints import StoreSaver
from converse_graph.judge.runs import judge_run
from converse_graph.models.base import Message, Request, Response
from converse_graph.record.call_paths import CallPath
from converse_graph.runs.derived import fork
from converse_graph.store.journal import _pack, _unpack
from tests.support.planted_secrets import Marking, mark
from tests.support.small_scenarios import CREATED, begin, debate, played, table

PLAN = "We shall quietly buy every reactor in the north before spring comes"
ALPHA, BETA = "0.0/Alpha/statement", "1.1/Beta/statement"


def scenario(**more: Any) -> Any:
    """A party with a debate, in which one member holds another, and a party without."""
    board = debate("Chair", "Critic", inside=debate("Angel", "Devil"), private_positions=True, ballot="secret")
    return table(
        Organisation(name="Alpha", brief=mark("Alpha"), deliberation=board),
        Organisation(name="Beta", brief=mark("Beta")),
        **more,
    )


async def audited(path: Path, tamper: Callable[[sqlite3.Connection], None] = lambda database: None) -> Audit:
    """Play a run, change the store behind its back, and audit it."""
    async with Store.open(path, make=True) as store:
        run = await played(store, scenario(), model=Marking("large"))
    database = sqlite3.connect(path)
    with database:
        tamper(database)
    database.close()
    async with Store.open(path) as store:
        return await audit_run(store, run.run.name, scenario=run.scenario)


def part(database: sqlite3.Connection, source: str, owner: str) -> int:
    return int(
        database.execute("SELECT id FROM messages WHERE source LIKE ? AND owner = ?", (source, owner)).fetchone()[0]
    )


def put(database: sqlite3.Connection, number: int, place: str) -> None:
    """Add a part to the prompt of a call."""
    packed = database.execute("SELECT messages FROM calls WHERE place = ?", (place,)).fetchone()[0]
    database.execute("UPDATE calls SET messages = ? WHERE place = ?", (_pack([*_unpack(packed), number]), place))


def forged(database: sqlite3.Connection, source: str, owner: str, text: str) -> int:
    """Make a part that says what is not so."""
    made = Message(role="user", text=text, source=source, owner=owner)
    row = (made.digest, made.role, made.source, made.owner, made.text)
    database.execute("INSERT INTO messages (digest, role, source, owner, text) VALUES (?, ?, ?, ?, ?)", row)
    return int(database.execute("SELECT last_insert_rowid()").fetchone()[0])


def text_of(database: sqlite3.Connection, number: int) -> str:
    return str(database.execute("SELECT text FROM messages WHERE id = ?", (number,)).fetchone()[0])


def another_s_mind(database: sqlite3.Connection) -> None:
    put(database, part(database, "mind/%", "Alpha"), BETA)


def another_s_brief(database: sqlite3.Connection) -> None:
    put(database, part(database, "prompt/organisation/brief", "Alpha"), BETA)


def a_debate_inside_a_fellow(database: sqlite3.Connection) -> None:
    put(database, part(database, "line/0.0/Alpha/0.Chair/%", "Alpha/Chair"), "0.0/Alpha/1.Critic/line")


def a_fellow_s_ballot_task(database: sqlite3.Connection) -> None:
    put(database, part(database, "prompt/persona/ballot", "Alpha/Chair"), "0.0/Alpha/1.Critic/line")


def a_mind_called_public(database: sqlite3.Connection) -> None:
    number = part(database, "mind/%", "Alpha")
    put(database, forged(database, "mind/0.0/Alpha", "public", text_of(database, number)), BETA)


def a_mind_called_the_reader_s(database: sqlite3.Connection) -> None:
    number = part(database, "mind/%", "Alpha")
    put(database, forged(database, "mind/0.0/Alpha", "Beta", text_of(database, number)), BETA)


def a_mind_called_a_statement(database: sqlite3.Connection) -> None:
    number = part(database, "mind/%", "Alpha")
    put(database, forged(database, "statement/0.0/Alpha", "public", text_of(database, number)), BETA)


def a_mind_called_a_public_task(database: sqlite3.Connection) -> None:
    put(database, forged(database, "prompt/organisation/statement", "public", "Speak."), BETA)


def a_memo_copied_into_a_task(database: sqlite3.Connection) -> None:
    memo = text_of(database, part(database, "mind/%", "Alpha")).partition(">")[2].partition("<")[0]
    put(database, forged(database, "prompt/organisation/statement", "Beta", f"Speak. {memo}"), BETA)


def an_aim_copied_into_a_task(database: sqlite3.Connection) -> None:
    told = text_of(database, part(database, "prompt/persona/line", "Alpha/Chair"))
    put(database, forged(database, "prompt/persona/line", "Alpha/Critic", told), "0.0/Alpha/1.Critic/line")


def a_record_that_there_is_not(database: sqlite3.Connection) -> None:
    put(database, forged(database, "statement/7.0/Alpha", "public", "Alpha will yield."), BETA)


def a_reply_that_was_another(database: sqlite3.Connection) -> None:
    database.execute(
        "UPDATE calls SET reply = ? WHERE place = ?", (json.dumps({"statement": "No.", "memo": ""}), ALPHA)
    )


def a_line_that_was_another(database: sqlite3.Connection) -> None:
    said = json.dumps({"line": "Never.", "position": "no"})
    database.execute("UPDATE calls SET reply = ? WHERE place = '0.0/Alpha/1.Critic/line'", (said,))


@pytest.mark.parametrize(
    ("tamper", "kind", "place"),
    [
        (another_s_mind, "access", BETA),
        (another_s_brief, "access", BETA),
        (a_debate_inside_a_fellow, "access", "0.0/Alpha/1.Critic/line"),
        (a_fellow_s_ballot_task, "access", "0.0/Alpha/1.Critic/line"),
        (a_mind_called_public, "provenance", BETA),
        (a_mind_called_the_reader_s, "provenance", BETA),
        (a_mind_called_a_statement, "provenance", BETA),
        (a_mind_called_a_public_task, "provenance", BETA),
        (a_memo_copied_into_a_task, "words", BETA),
        (an_aim_copied_into_a_task, "words", "0.0/Alpha/1.Critic/line"),
        (a_record_that_there_is_not, "provenance", BETA),
        (a_reply_that_was_another, "chain", ALPHA),
        (a_line_that_was_another, "chain", "0.0/Alpha/1.Critic/line"),
    ],
)
async def test_a_journal_that_was_tampered_with_is_found_out(
    store_path: Path, tamper: Callable[[sqlite3.Connection], None], kind: str, place: str
) -> None:
    found = await audited(store_path, tamper)

    assert not found.is_private
    assert (kind, place) in {(leak.kind, leak.place) for leak in found.leaks}
    assert all("canary" not in leak.why for leak in found.leaks)


@pytest.mark.parametrize(
    ("tamper", "place"),
    [(a_reply_that_was_another, "0.0/Alpha"), (a_line_that_was_another, "0.0/Alpha/1.Critic")],
)
async def test_where_a_run_cannot_be_played_again_its_record_is_compared_with_what_was_answered(
    store_path: Path, tamper: Callable[[sqlite3.Connection], None], place: str
) -> None:
    await audited(store_path, tamper)
    async with Store.open(store_path) as store:
        found = await audit_run(store, store.register.runs()[0].name)  # made in Python, and not given

    assert ("record", place) in {(leak.kind, leak.place) for leak in found.leaks}
    assert any("cannot be played again" in line for line in found.unchecked)


async def test_a_run_as_it_was_played_passes_and_all_of_it_was_looked_at(store_path: Path) -> None:
    found = await audited(store_path)

    assert found.leaks == ()
    assert found.rebuilt + found.searched == found.messages
    assert found.calls == 20
    assert found.rebuilt > 50
    assert found.records > 8
    assert found.texts > 40
    assert found.quoted == ()


async def test_who_quotes_its_own_mind_in_public_has_done_so_itself(store: Store) -> None:
    said = [{"statement": "Good day to all of you.", "memo": PLAN}, {"statement": "We listen.", "memo": ""},
            {"statement": f"Hear this: {PLAN}.", "memo": ""}, {"statement": "So be it.", "memo": ""}]  # fmt: skip
    run = await played(store, table("Alpha", "Beta"), model=ScriptedModel(said))

    found = await audit_run(store, run.run.name, scenario=run.scenario)

    assert found.is_private
    assert [(quoted.place, quoted.owner) for quoted in found.quoted] == [("1.0/Alpha", "Alpha")]


async def test_words_of_another_s_mind_in_a_statement_that_nobody_made_are_a_leak(
    store: Store, store_path: Path
) -> None:
    said = [{"statement": f"Statement {number}.", "memo": PLAN if number == 0 else ""} for number in range(4)]
    run = await played(store, table("Alpha", "Beta"), model=ScriptedModel(said))
    graph = run.scenario.graph().compile(checkpointer=StoreSaver(store))
    config: Any = {"configurable": {"thread_id": run.run.name}}
    entry = {"round": 1, "turn": 2, "speaker": "Beta", "text": PLAN, "fields": {}}
    await graph.aupdate_state(config, {"transcript": [entry]}, as_node="supervisor")

    found = await audit_run(store, run.run.name, scenario=run.scenario)

    assert len(store.channels(run.run.name)["transcript"]) == 5
    assert {(leak.kind, leak.place, leak.owner) for leak in found.leaks} >= {("words", "1.2/Beta", "Alpha")}


async def test_a_fork_is_audited_with_its_parent_s_answers_and_words_put_in_a_mouth(store: Store) -> None:
    run = await played(store, scenario(rounds=3), model=Marking("large"))
    branch = await fork(store, run.run.name, at="round 2:Beta", say="We strike at noon, whatever the others may do.",
                        created=CREATED, scenario=run.scenario, model=Marking("small"))  # fmt: skip
    await branch.play()

    found = await audit_run(store, branch.run.name, scenario=run.scenario)

    assert found.leaks == ()
    assert found.calls < len(store.journal(run.run.id).places())


async def test_a_paused_run_is_audited_as_far_as_it_has_come(store: Store) -> None:
    run = await begin(store, scenario(), model=Marking("large", gone_at=9))
    with pytest.raises(Exception, match="Nobody answers"):
        await run.play()

    found = await audit_run(store, run.run.name, scenario=run.scenario)

    assert found.leaks == ()
    assert found.calls == 8


async def test_a_judge_s_prompts_are_audited_too(store: Store) -> None:
    run = await played(store, scenario(), model="null")
    before = await audit_run(store, run.run.name, scenario=run.scenario)
    await judge_run(store, run.run.name, models=["null"])

    found = await audit_run(store, run.run.name, scenario=run.scenario)

    assert found.leaks == ()
    assert found.calls > before.calls


async def test_what_cannot_be_checked_is_said(store: Store) -> None:
    def echo(view: dict[str, Any]) -> dict[str, Any]:
        return {"text": "I heard you.", "memo": "They know nothing."}

    guest = StateGraph(dict).add_node("echo", echo).add_edge(START, "echo").compile()
    board = debate("x", "y").model_copy(
        update={"members": (Persona(name="Chair"), Persona(name="Oracle", graph=lambda view: "Buy."))}
    )
    run = await played(
        store, table(Organisation(name="Alpha", graph=guest), Organisation(name="Beta", deliberation=board))
    )

    found = await audit_run(store, run.run.name)

    assert found.leaks == ()
    assert any("somebody's own graph: Alpha, Beta/Oracle." in line for line in found.unchecked)
    assert any("made in Python" in line for line in found.unchecked)
    assert any(line.startswith("Traces") for line in found.unchecked)


async def test_an_entry_of_a_list_that_a_later_speaker_words_alike_is_no_leak(store: Store) -> None:
    incident = "paid one bill eight thousand times in May"
    said = [{"statement": "I say it first.", "incident": incident, "memo": ""}, {"statement": "I heard.", "memo": ""},
            {"statement": f"Alpha {incident}.", "memo": ""}]  # fmt: skip
    parties = [Organisation(name="Alpha", fields=[Text(name="incident", ask="?", max_length=80)]), "Beta", "Gamma"]
    scenario = table(*parties, rounds=1, pinned=[Pinned(title="Incidents", field="incident", whose="all")])
    model = ScriptedModel(said, profile="large")
    simulation = await played(store, scenario, model=model)
    beta = next(call for call in store.journal(simulation.run.id).calls() if call.place == "0.1/Beta/statement")
    assert f"Alpha: {incident}" in beta.messages[-1].text
    assert (await audit_run(store, simulation.run.name, scenario=scenario)).leaks == ()


class Unusable(NullModel):
    """Writes no line of a debate that fits, and all else by chance."""

    async def complete(self, request: Request) -> Response:
        reply = await super().complete(request)
        return replace(reply, text="{}") if CallPath.parse(request.place).task == "line" else reply


async def test_a_reason_that_code_writes_into_two_minds_is_no_leak(store: Store) -> None:
    parties = [Organisation(name=name, deliberation=debate("Chair", "Critic")) for name in ("North", "South")]

    run = await played(store, table(*parties), model=Unusable())

    [note] = [record for record in store.channels(run.run.name)["mind_North"] if record["round"] == 0]
    assert [len(line["problem"].split()) >= NGRAM for line in note["debate"]["lines"]] == [True, True]
    found = await audit_run(store, run.run.name, scenario=run.scenario)
    assert found.leaks == ()
