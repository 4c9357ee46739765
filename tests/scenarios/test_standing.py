"""Laws in force are folded by code from what was reported, and put before those that they concern, last of all."""

import dataclasses
from random import Random
from typing import Any

from converse_graph import Organisation, Request, RunningList, TextList
from converse_graph.models.tokens import estimate_tokens
from converse_graph.prompting.visibility import View
from converse_graph.scenarios.rules import RunningListFold, running_list_entries
from converse_graph.store import Store
from converse_graph.turn.statement import FOLD_TOKENS, describe_standing
from tests.support.small_scenarios import CountingChat, played, table

LAWS = RunningList(title="Laws in force", add_field="instruments", remove_field="repealed", party_kind="lab")


def _said(speaker: str, *adds: str, ends: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"speaker": speaker, "fields": {"instruments": list(adds), "repealed": list(ends)}}


def test_what_was_put_in_force_stands_until_its_own_party_repeals_it() -> None:
    said = [_said("UK", "Audits: no release without one", "Licences"), _said("China", "Licences")]
    assert running_list_entries(LAWS, said) == ("UK: Audits: no release without one", "UK: Licences", "China: Licences")
    said.append(_said("China", ends=("audits",)))
    assert running_list_entries(LAWS, said)[0] == "UK: Audits: no release without one"
    said.append(_said("UK", ends=(" AUDITS ",)))
    assert running_list_entries(LAWS, said) == ("UK: Licences", "China: Licences")


def test_a_law_that_is_put_in_force_again_is_worded_anew_and_stands_once() -> None:
    said = [_said("UK", "Audits: none"), _said("UK", "audits: two a year")]
    assert running_list_entries(LAWS, said) == ("UK: audits: two a year",)


def test_a_law_repealed_and_put_in_force_in_one_statement_stands() -> None:
    assert running_list_entries(LAWS, [_said("UK", "Audits: b", ends=("Audits",))]) == ("UK: Audits: b",)


def test_turns_without_fields_and_empty_names_change_nothing() -> None:
    assert (
        running_list_entries(LAWS, [{"speaker": "UK", "fields": {}}, {"speaker": "UK"}, _said("UK", " ", ": x")]) == ()
    )


async def test_laws_in_force_are_put_before_labs_alone_and_in_the_last_message_alone(store: Store) -> None:
    heard: dict[str, Request] = {}

    async def note(request: Request) -> None:
        heard[request.place] = request

    fields = [TextList(name="instruments", ask="laws"), TextList(name="repealed", ask="repealed")]
    cast = [Organisation(name="Crown", kind="government", fields=fields), Organisation(name="Lab", kind="lab")]
    simulation = await played(store, table(*cast, rounds=6, running_lists=[LAWS]), model=CountingChat(before=note))
    said = [statement.model_dump() for statement in (await simulation.transcript()).statements]
    told = 0
    for number in range(6):
        *earlier, task = heard[f"{number}.1/Lab/statement"].messages
        laws = running_list_entries(LAWS, said[: 2 * number + 1])
        told += len(laws)
        assert (f"Laws in force: {'; '.join(f'“{law}”' for law in laws[-3:])}." in task.text) == bool(laws)
        assert not any("Laws in force" in part.text for part in earlier)
        assert not any("Laws in force" in part.text for part in heard[f"{number}.0/Crown/statement"].messages)
    assert told > 3


def test_of_a_list_longer_than_its_share_of_a_prompt_the_latest_are_told_and_how_many_there_are() -> None:
    laws = tuple(f"Crown: Act {number}: no release without audit {number}" for number in range(200))
    seen = View(party="Lab", round=0, turn=0, statements=(), mind=(), events=(), standing=(("Laws in force", laws),))
    told = describe_standing(seen, "large")
    latest = [law for law in laws if f"“{law}”" in told]
    assert latest == list(laws[-len(latest) :])
    assert told.startswith(f"Laws in force (the latest {len(latest)} of 200):\n- “{latest[0]}”\n- ")
    assert estimate_tokens(told) < 1.2 * FOLD_TOKENS
    fewer = dataclasses.replace(seen, standing=(("Laws", laws[:9]),))
    assert describe_standing(fewer, "large").startswith("Laws:\n- “")


def _record(random: Random, length: int) -> list[dict[str, Any]]:
    return [
        _said(
            random.choice("AB"), *random.choices("xyz", k=2), ends=tuple(random.choices("xyz", k=random.randint(0, 1)))
        )
        for _ in range(length)
    ]


def test_a_fold_that_grows_says_the_same_as_a_whole_one_also_where_the_record_is_another() -> None:
    random = Random(7)
    fold, record = RunningListFold(LAWS), _record(random, 12)
    others = [record[:5], record, record[:3], _record(random, 12), [dict(entry) for entry in record], [], record]
    for said in [*(record[:length] for length in range(13)), *others]:
        assert fold.bring_up(said).entries == _folded_by_hand(said)


def _folded_by_hand(said: list[dict[str, Any]]) -> tuple[str, ...]:
    standing: list[tuple[str, str]] = []
    for entry in said:
        for name in entry["fields"]["repealed"]:
            standing = [law for law in standing if law != (entry["speaker"], name)]
        for name in entry["fields"]["instruments"]:
            standing += [] if (entry["speaker"], name) in standing else [(entry["speaker"], name)]
    return tuple(f"{speaker}: {name}" for speaker, name in standing)
