"""A pack shows, measures and forecasts the same as the store that it came from, and holds nothing private."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from converse_graph import Store, audit_run, find_scenario, fork
from converse_graph.ensembles.design import Design
from converse_graph.ensembles.forecast import forecast
from converse_graph.ensembles.pack import pack_runs
from converse_graph.ensembles.sweep import SweepPlayer, read_outcomes, save_design
from converse_graph.errors import InvalidValue, NotFound, RunLocked
from converse_graph.export.formats import as_csv, as_json
from converse_graph.export.markdown import render_markdown
from converse_graph.export.stats import stats_json
from converse_graph.judge.runs import judge_run
from converse_graph.record.transcript import Transcript
from converse_graph.runs.simulation import Simulation
from tests.support.command_line import BOARDS

CREATED = datetime(2026, 1, 2, tzinfo=UTC)
DESIGN = Design(scenario="wage-talks", vary={"inflation": (0.02, 0.08)}, seeds=2, rounds=2, model="null")
EVENT = "offer >= 0.05"


async def filled(store: Store) -> None:
    """An ensemble, a judged run with debates, and a fork of a run with a world that was broken off."""
    await save_design(store, "raises", DESIGN, created=CREATED)
    await SweepPlayer(store, "raises").play()
    for name, scenario, rounds in (("boards", find_scenario(str(BOARDS))(), 2), ("sea", find_scenario("fishery")(), 3)):
        simulation = await Simulation.begin(store, scenario, model="null", seed=3, name=name, rounds=rounds)
        await simulation.play()
        await simulation.close()
    await judge_run(store, "boards")
    forked = await fork(store, "sea", at="2027", new_name="bay", seed=9, scenario=find_scenario("fishery")())
    await forked.play()
    await forked.close()


async def told(store: Store) -> list[object]:
    """All that commands tell of public records and of the ensemble, but for how often private debates only agreed."""
    records = [as_public(store.transcript(name)) for name in ("boards", "sea", "bay")]
    rows = await read_outcomes(store, "raises", conditions=[EVENT])
    return [
        *(page for record in records for page in (as_json(record), as_csv(record), stats_json(record), record.world)),
        forecast(rows, EVENT, name="raises", years=[1, 2]).model_dump(exclude={"arms": {"__all__": {"agreement"}}}),
    ]


def as_public(transcript: Transcript) -> Transcript:
    """The public record, whether it was packed or not."""
    public = transcript.public()
    return public.model_copy(update={"header": public.header.model_copy(update={"public_only": False})})


@pytest.mark.every_store
async def test_a_public_pack_tells_the_same_to_the_digit_and_has_nothing_private(store: Store, tmp_path: Path) -> None:
    await filled(store)
    before = await told(store)
    secrets = private_texts(store)
    path = tmp_path / "out" / "public.sqlite"
    packed = await pack_runs(store, ["raises", "boards", "sea", "bay"], path)

    assert (len(packed.runs), packed.ensembles) == (7, ("raises",))
    async with Store.open(path) as public:
        assert await told(public) == before
        assert public.transcript("boards") == public.transcript("boards").public()
        for name in packed.runs:
            audit = await audit_run(public, name)
            assert audit.is_private
            assert len(audit.unchecked) == 4
        judged = await audit_run(public, "boards")
        assert (judged.calls > 0, judged.rebuilt > 0) == (True, True)
        with pytest.raises(InvalidValue, match="packed without its private parts"):
            await Simulation.reopen(public, "boards", scenario=find_scenario(str(BOARDS))())
        again = await pack_runs(public, ["boards"], tmp_path / "again.sqlite", private=True)
    data = path.read_bytes()
    assert secrets
    assert not [text for text in secrets if text.encode() in data]
    assert b"Packed without private parts" not in data
    async with Store.open(again.path) as public:
        assert "Packed without private parts" in render_markdown(public.transcript("boards"))


def private_texts(store: Store) -> set[str]:
    """Memos, conclusions and lines of debates, long enough to be nobody else's."""
    texts = set()
    for name in ("boards", "sea", "bay"):
        for statement in store.transcript(name).statements:
            notes = statement.private
            if notes is not None:
                debate = notes.deliberation
                texts |= {notes.memo, *notes.conclusions, *((line.text for line in debate.lines) if debate else ())}
    return {text for text in texts if len(text) > 20}


async def test_a_private_pack_has_all_of_a_run_with_those_it_comes_from_and_plays_on(
    store: Store, tmp_path: Path
) -> None:
    await filled(store)
    scenario = find_scenario(str(BOARDS))()
    simulation = await Simulation.begin(store, scenario, model="null", seed=3, name="half", rounds=2)
    await simulation.close()
    packed = await pack_runs(store, ["bay", "boards", "half"], tmp_path / "private.sqlite", private=True)

    assert packed.runs == ("sea", "bay", "boards", "half")
    async with Store.open(packed.path) as private:
        for name in ("sea", "bay", "boards"):
            assert private.transcript(name) == store.transcript(name)
            assert private.channels(name) == store.channels(name)
            assert list(private.journal(private.register.run(name).id).calls(unusable=True)) == list(
                store.journal(store.register.run(name).id).calls(unusable=True)
            )
        audit = await audit_run(private, "boards", scenario=scenario)
        assert (audit.is_private, audit.values > 0) == (True, True)
        going_on = await Simulation.reopen(private, "half", scenario=scenario)
        await going_on.play()
        await going_on.close()
        assert private.transcript("half").statements == store.transcript("boards").statements


def names_in(folder: Path) -> set[str]:
    """What lies in a folder, but for what SQLite and the locks put beside a store."""
    return {one.name for one in folder.iterdir() if not one.name.endswith(("-shm", "-wal", ".locks"))}


async def test_what_cannot_be_packed_is_refused_and_no_file_is_left(store: Store, tmp_path: Path) -> None:
    await save_design(store, "raises", DESIGN.model_copy(update={"seeds": 1}), created=CREATED)
    await SweepPlayer(store, "raises").play()
    (tmp_path / "there.sqlite").write_text("mine")
    run = store.register.runs()[0].name
    path = tmp_path / "out.sqlite"

    with pytest.raises(NotFound, match="No run or ensemble 'races'"):
        await pack_runs(store, ["races"], path)
    with pytest.raises(InvalidValue, match="There is a file"):
        await pack_runs(store, ["raises"], tmp_path / "there.sqlite")
    with store.hold(run), pytest.raises(RunLocked):
        await pack_runs(store, [run], path)
    assert (tmp_path / "there.sqlite").read_text() == "mine"
    assert not path.exists()
    assert names_in(tmp_path) == {"runs.sqlite", "there.sqlite"}
