"""Runs turned into examples: what is in one, the same ids each time, and not a private word unless asked for."""

import json
from pathlib import Path

import jsonschema
import pytest

from converse_graph import Clock, Organisation, Store, Transcript
from converse_graph.errors import InvalidValue, NotFound
from converse_graph.evaluation.examples import SETUP, By, examples
from converse_graph.evaluation.jsonl import as_lines, dataset_schema, read_lines
from converse_graph.runs.derived import fork
from tests.support.planted_secrets import Marking, mark
from tests.support.small_scenarios import CREATED, begin, consciences, debate, played, table

KINDS: tuple[By, ...] = ("run", "round", "statement")


async def record(store: Store, **more: object) -> Transcript:
    run = await played(store, consciences(rounds=6), **more)
    return await run.transcript()


async def test_a_run_is_one_example_of_what_was_set_up_and_what_came_of_it(store: Store) -> None:
    transcript = await record(store)
    (one,) = examples(transcript)

    assert set(one.inputs) == set(SETUP)
    assert one.inputs["clock"]["rounds"] == 6
    assert one.inputs["seed"] == 3
    assert [party["name"] for party in one.inputs["cast"]] == ["Alpha", "Beta", "Gamma"]
    assert (one.outputs["status"], one.outputs["ended"]) == ("finished", "horizon")
    assert [said["text"] for said in one.outputs["statements"]] == [said.text for said in transcript.statements]
    assert one.metadata["thread_id"] == f"{transcript.header.run} 2026-01-02 03:04:05"
    assert one.metadata["graph_digest"] == transcript.header.digest
    assert one.metadata["version:converse-graph"] == transcript.header.versions["converse-graph"]


async def test_a_round_or_a_statement_knows_what_was_public_before_and_no_more(store: Store) -> None:
    transcript = await record(store)

    rounds = examples(transcript, by="round")
    assert [one.inputs["round"] for one in rounds] == [0, 1, 2, 3, 4, 5]
    assert [len(one.outputs["statements"]) for one in rounds] == [3] * 6
    said = examples(transcript, by="statement")
    assert [(one.inputs["speaker"], len(one.inputs["before"])) for one in said[:4]] == [
        ("Alpha", 0), ("Beta", 1), ("Gamma", 2), ("Alpha", 3)
    ]  # fmt: skip
    assert [one.outputs["text"] for one in said] == [statement.text for statement in transcript.statements]
    assert max(len(one.inputs["before"]) for one in said) <= 4 * 3 + 2
    assert said[-1].inputs["before"][-1]["text"] == said[-2].outputs["text"]


async def test_those_who_speak_at_once_do_not_know_of_one_another(store: Store) -> None:
    run = await played(store, table("Alpha", "Beta", order="simultaneous"))
    said = examples(await run.transcript(), by="statement")

    assert [len(one.inputs["before"]) for one in said] == [0, 0, 2, 2]


@pytest.mark.parametrize("by", KINDS)
async def test_the_same_run_has_the_same_ids_and_another_run_or_dataset_has_others(store: Store, by: By) -> None:
    first, second = await record(store), await record(store)

    ids = [one.id for one in examples(first, by=by)]
    assert ids == [one.id for one in examples(first, by=by, private=True)]
    assert len({*ids}) == len(ids)
    for others in (examples(second, by=by), examples(first, by=by, dataset="talks")):
        assert not {*ids} & {one.id for one in others}
    assert not {*ids} & {one.id for other in KINDS if other != by for one in examples(first, by=other)}


async def test_a_fork_says_whose_it_is(store: Store) -> None:
    scenario = table("Alpha", "Beta")
    run = await played(store, scenario)
    branch = await fork(store, run.run.name, at="round 2", created=CREATED, scenario=scenario, model="null", seed=2)
    await branch.play()
    (one,) = examples(await branch.transcript())

    assert (one.metadata["parent"], one.metadata["forked_at"]) == (run.run.name, "round 2")


@pytest.mark.parametrize("by", KINDS)
async def test_no_private_word_is_in_an_example_unless_asked_for(store: Store, by: By) -> None:
    parties = [
        Organisation(name=name, brief=mark(name), deliberation=debate("Ada", "Bo", motion=mark(name)))
        for name in ("North", "South")
    ]
    run = await played(store, table(*parties), model=Marking("large"))
    transcript = await run.transcript()

    assert "canary" not in as_lines(examples(transcript, by=by))
    private = as_lines(examples(transcript, by=by, private=True))
    assert "canary[North]" in private
    assert "canary[South/Ada]" not in json.dumps([one.inputs for one in examples(transcript, by=by, private=True)])


@pytest.mark.parametrize("private", [False, True])
@pytest.mark.parametrize("by", KINDS)
async def test_a_line_fits_its_schema_and_is_read_back(store: Store, by: By, private: bool, tmp_path: Path) -> None:
    made = examples(await record(store), by=by, private=private)
    schema = dataset_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    path = tmp_path / "runs.jsonl"
    path.write_text(as_lines(made), encoding="utf-8")

    for line in path.read_text(encoding="utf-8").splitlines():
        validator.validate(json.loads(line))
        with pytest.raises(jsonschema.ValidationError):
            validator.validate({**json.loads(line), "surprise": 1})
    assert read_lines(path) == made


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{", "line 1: no JSON"),
        ("[]", "an example is an object"),
        ('{"version": 9, "inputs": {}, "outputs": {}, "metadata": {}}', "version is 9"),
        ('{"version": 1, "id": "x", "inputs": {}, "outputs": {}, "metadata": {}}', "id is 'x'"),
    ],
)
def test_what_is_no_example_is_refused_in_a_line_that_names_it(line: str, told: str, tmp_path: Path) -> None:
    path = tmp_path / "broken.jsonl"
    path.write_text(line, encoding="utf-8")

    with pytest.raises(InvalidValue, match=told.replace("(", "\\(")):
        read_lines(path)
    with pytest.raises(NotFound, match="No file"):
        read_lines(tmp_path / "none.jsonl")


async def test_a_run_in_which_nobody_has_spoken_is_no_example(store: Store) -> None:
    run = await begin(store, table("Alpha", "Beta", clock=Clock(end=1, step="round")))

    with pytest.raises(InvalidValue, match="has no statement yet"):
        examples(await run.transcript())
