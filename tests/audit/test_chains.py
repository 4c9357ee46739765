"""The chains of a run: whole after all that an honest run goes through, and the same however it got there."""

import json
from pathlib import Path
from typing import Any

import pytest

from converse_graph import Motion, Organisation, Scenario, Store
from converse_graph.audit.audit import audit_run
from converse_graph.audit.kept_head import KeptHead, read_kept_head
from converse_graph.errors import InvalidValue, ProviderUnreachable, RecordChanged
from converse_graph.export.formats import as_json, as_jsonl
from converse_graph.export.markdown import render_markdown
from converse_graph.judge.runs import judge_run
from converse_graph.runs.derived import extend, fork, inject, replay
from converse_graph.runs.simulation import Simulation
from converse_graph.scenarios.rules import ScheduledEvent
from converse_graph.scenarios.yaml_files import load_scenario
from converse_graph.store.chain_check import chain_breaks
from tests.support.small_scenarios import CREATED, CountingChat, begin, debate, nested, played, table

FISHERY = Path(__file__).parents[2] / "graphs" / "fishery.yaml"


class BreakingNull(CountingChat):
    """The null model by its own name, so that a run that stopped is gone on with by name."""

    model = "null"


def speak(view: dict[str, Any]) -> dict[str, Any]:
    return {"text": "I heard you.", "memo": "They know nothing."}


def with_guest_and_motion(order: str = "listed") -> Scenario:
    """A guest, a party with debates inside one another, one without, and a motion that is voted on."""
    return table(
        Organisation(name="Alpha", graph=speak),
        Organisation(name="Beta", deliberation=nested(2)),
        "Gamma",
        rounds=3,
        order=order,
        motion=Motion(question="Shall we stop?", options=("yes", "no"), ballot="secret"),
    )


def with_world() -> Scenario:
    scenario = load_scenario(FISHERY)
    return scenario.model_copy(update={"clock": scenario.clock.model_copy(update={"end": scenario.clock.start + 2})})


async def is_clean(store: Store, name: str, scenario: Scenario) -> None:
    found = await audit_run(store, name, scenario=scenario)
    assert found.leaks == ()
    assert found.values > 0, found.unchecked
    assert found.chain_head == store.transcript(name).header.chain_head


@pytest.mark.every_store
@pytest.mark.parametrize(
    ("scenario", "at"),
    [
        (with_guest_and_motion("listed"), "round 2:Beta"),
        pytest.param(with_guest_and_motion("simultaneous"), "round 2:Beta", marks=pytest.mark.slow),
        (with_world(), "2027:Norland"),
    ],
    ids=["guest and motion", "all at once", "world"],
)
async def test_what_an_honest_run_goes_through_leaves_it_clean(store: Store, scenario: Scenario, at: str) -> None:
    run = await begin(store, scenario, model=BreakingNull(stop_at=5), rounds=2, name="run")
    with pytest.raises(ProviderUnreachable):
        await run.play()
    await is_clean(store, "run", scenario)
    last = scenario.clock.period(2).label
    await inject(store, "run", ScheduledEvent(at=last, text="A storm comes up."), scenario=scenario)
    resumed = await Simulation.reopen(store, "run", scenario=scenario)
    await resumed.play()
    await (await extend(store, "run", rounds=3, scenario=scenario)).play()
    branch = await fork(store, "run", at=at, say="We strike at noon, whatever the others may do.", created=CREATED,
                        scenario=scenario, new_name="branch")  # fmt: skip
    assert list(chain_breaks(store, branch.run)) == []
    await branch.play()
    await (await replay(store, "run", scenario=scenario, created=CREATED, new_name="again")).play()
    await judge_run(store, "run", models=["null"])

    for name in ("run", "branch", "again"):
        await is_clean(store, name, scenario)


@pytest.mark.parametrize("order", ["listed", "simultaneous"])
async def test_the_head_is_the_same_in_whatever_order_calls_are_answered_and_wherever_a_run_stopped(
    order: str, tmp_path: Path
) -> None:
    scenario = with_guest_and_motion(order)
    heads = set()
    for number, stop_at in enumerate((None, 2, 6, 9)):
        async with Store.open(tmp_path / f"{number}.sqlite", make=True) as store:
            chat = CountingChat(stop_at=stop_at, latency=0.002 * (number % 2))
            run = await begin(store, scenario, model=chat, name="run")
            if stop_at is not None:
                with pytest.raises(ProviderUnreachable):
                    await run.play()
                run = await Simulation.reopen(store, "run", scenario=scenario, model=CountingChat())
            await run.play()
            heads.add(store.chain(run.run.id).head())

    assert len(heads) == 1


CHANGES = {
    "a reply": "UPDATE calls SET reply = '{}' WHERE id = (SELECT MIN(id) FROM calls)",
    "a model": "UPDATE calls SET model = 'another' WHERE id = (SELECT MAX(id) FROM calls)",
    "usage": "UPDATE calls SET cached_tokens = cached_tokens + 1 WHERE id = (SELECT MIN(id) FROM calls)",
    "a prompt": "UPDATE messages SET text = 'You are a pirate.' WHERE source = 'prompt/organisation/brief'",
    "a call that is gone": "DELETE FROM calls WHERE id = (SELECT MAX(id) FROM calls)",
    "a record": "UPDATE writes SET channel = 'mind_Beta' WHERE channel = 'mind_Alpha'",
    "a checkpoint": "UPDATE checkpoints SET metadata = '{}'",
    "the order": "UPDATE specs SET header = replace(header, 'listed', 'shuffled')",
}


@pytest.mark.every_store
@pytest.mark.parametrize("statement", CHANGES.values(), ids=CHANGES)
async def test_who_goes_on_from_a_record_that_was_changed_is_refused(store: Store, statement: str) -> None:
    scenario = table("Alpha", "Beta", rounds=3)
    run = await begin(store, scenario, name="run")
    await run.play()
    await store._writer.write(lambda session: session.run(statement))
    refused = pytest.raises(RecordChanged, match=r"Run 'run' was changed after it was made: at .*`converse audit run`")

    with refused:
        await Simulation.reopen(store, "run", scenario=scenario)
    with refused:
        await fork(store, "run", at="round 2", scenario=scenario)
    with refused:
        await extend(store, "run", rounds=4, scenario=scenario)


async def test_who_means_to_goes_on_from_a_changed_record_and_the_header_says_so(store: Store) -> None:
    scenario = table("Alpha", "Beta", rounds=3)
    run = await begin(store, scenario, model=CountingChat(stop_at=4), name="run")
    with pytest.raises(ProviderUnreachable):
        await run.play()
    await store._writer.write(lambda session: session.run(CHANGES["a model"]))

    resumed = await Simulation.reopen(store, "run", scenario=scenario, model=CountingChat(), allow_changed=True)
    await resumed.play()

    (override,) = store.register.run("run").header.overrides
    assert override.parts[0].startswith("record: calls of ")
    assert {leak.kind for leak in (await audit_run(store, "run", scenario=scenario)).leaks} >= {"chain"}


async def test_a_transcript_that_was_kept_tells_whether_the_store_behind_it_is_the_same(
    store: Store, tmp_path: Path
) -> None:
    scenario = table("Alpha", Organisation(name="Beta", deliberation=debate("Left", "Right")))
    run = await played(store, scenario, name="run")
    transcript = store.transcript("run")
    files = {"md": render_markdown(transcript), "public.md": render_markdown(transcript.public()),
             "json": json.dumps(as_json(transcript), indent=2), "jsonl": as_jsonl(transcript)}  # fmt: skip
    kept = [transcript.header.chain_head.upper()]
    for name, content in files.items():
        (tmp_path / f"kept.{name}").write_text(content, encoding="utf-8")
        kept.append(str(tmp_path / f"kept.{name}"))
        expected = KeptHead(head=transcript.header.chain_head, run="run", statements=4)
        assert read_kept_head(kept[-1]) == expected

    for head in kept:
        assert (await audit_run(store, "run", scenario=scenario, against=head)).leaks == ()

    await judge_run(store, "run", models=["null"])
    assert (await audit_run(store, "run", scenario=scenario, against=kept[1])).leaks == ()
    await (await extend(store, "run", rounds=3, scenario=scenario)).play()
    (leak,) = (await audit_run(store, "run", scenario=scenario, against=kept[1])).leaks
    assert "the run has gone on since, from 4 to 6 statements" in leak.why
    other = await played(store, scenario, name="other", seed=4)
    (leak,) = (await audit_run(store, other.run.name, scenario=scenario, against=kept[1])).leaks
    assert (leak.kind, leak.why) == ("chain", "the transcript is of run 'run'")
    assert run.run.id != other.run.id


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "is no head and no transcript; give 64 of 0-9 and a-f, or a file"),
        ("# Notes", "no front matter"),
        ("{}", "is JSON and no transcript"),
        ('{"header": {"run": "r"}, "statements": []}', "has no head; `converse show` writes one"),
    ],
)
def test_what_is_no_head_is_refused_with_the_way_out(tmp_path: Path, content: str | None, message: str) -> None:
    path = tmp_path / "kept"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(InvalidValue, match=message):
        read_kept_head(str(path))
