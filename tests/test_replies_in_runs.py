"""What a run's record, journal and budget have of replies that are odd, private, paid for nothing, or none at all."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from langgraph.graph import END, START, StateGraph
from typing_extensions import TypedDict

from converse_graph import Budget, Choice, Organisation, Scenario, Store, Text, TextList
from converse_graph.audit.audit import audit_run
from converse_graph.errors import BudgetExceeded, CallFailed, ContextLengthExceeded, PromptCut
from converse_graph.export.markdown import render_markdown
from converse_graph.export.stats import stats_markdown
from converse_graph.measures.drift import drift
from converse_graph.models.base import Request, Response
from converse_graph.models.failures import IncompleteResponse
from converse_graph.models.reply_reader import KEY_REMOVED_NOTE
from converse_graph.models.retries import Endpoint, RetryPolicy
from converse_graph.runs.simulation import Simulation
from tests.support.markdown_reader import read_markdown
from tests.support.small_scenarios import CountingChat, begin, debate, played, table


class Rewriting(CountingChat):
    """Writes the null model's replies in its own way."""

    def __init__(self, write: Callable[[str], str], **more: Any) -> None:
        super().__init__(**more)
        self._write = write

    async def complete(self, request: Request) -> Response:
        reply = await super().complete(request)
        return dataclasses.replace(reply, text=self._write(reply.text))


async def test_thoughts_stay_in_the_journal(store: Store) -> None:
    draft = json.dumps({"statement": "SECRET", "memo": "SECRET"})
    simulation = await played(store, table("A", "B"), model=Rewriting(lambda text: f"<think>{draft}</think>{text}"))
    transcript = await simulation.transcript()
    assert all(said.text for said in transcript.statements)
    assert "SECRET" not in transcript.model_dump_json()
    assert all("SECRET" in call.reply.text for call in store.journal(simulation.run.id).calls())
    assert (await audit_run(store, simulation.run.name, scenario=simulation.scenario)).leaks == ()


async def test_what_was_mended_is_on_record_and_counted(store: Store) -> None:
    simulation = await played(
        store, table("A", rounds=1), model=Rewriting(lambda text: text[:-1] + ",}" + KEY_REMOVED_NOTE)
    )
    transcript = await simulation.transcript()
    assert transcript.statements[0].mended == ("key cut out", "trailing comma")
    assert drift(transcript)[0].mended == 1
    assert "| mended |" in stats_markdown(transcript)
    assert read_markdown(render_markdown(transcript)) == transcript


async def test_what_was_sent_back_in_private_is_counted_apart(store: Store) -> None:
    given = iter(["neither", "again neither"])

    def unsure(text: str) -> str:
        values = json.loads(text)
        return json.dumps({**values, "position": next(given, "go")}) if "position" in values else text

    party = Organisation(name="A", deliberation=debate("CEO", "Law", options=("go", "stay")))
    transcript = await (await played(store, table(party, rounds=1), model=Rewriting(unsure))).transcript()
    assert (drift(transcript)[0].repairs, drift(transcript)[0].repairs_in_private) == (0, 2)
    assert drift(transcript.public())[0].repairs_in_private == 0
    assert "| repairs in private |" in stats_markdown(transcript)


async def test_an_answer_whose_form_is_odd_and_meaning_plain_is_not_sent_back_and_the_audit_reads_it_alike(
    store: Store,
) -> None:
    def oddly(text: str) -> str:
        odd = {"statement": "We pay.", "Mood": "Calm.", "allies": "Norland", "wish": "n/a", "memo": ["Ask.", "Wait."]}
        return f"Here you are:\n```json\n{json.dumps(odd)}\n```"

    fields: list[Any] = [
        Choice(name="mood", ask="?", options=("calm", "cross")),
        TextList(name="allies", ask="?"),
        Text(name="wish", ask="?", optional=True),
    ]
    simulation = await played(store, table(Organisation(name="A", fields=fields), rounds=2), model=Rewriting(oddly))
    transcript = await simulation.transcript()
    for said in transcript.statements:
        assert said.fields == {"mood": "calm", "allies": ["Norland"], "wish": None}
        assert said.private is not None
        assert (said.repairs, said.private.memo) == (0, "Ask. Wait.")
    assert (await audit_run(store, simulation.run.name, scenario=simulation.scenario)).leaks == ()


async def test_what_was_mended_in_private_is_on_record_and_counted(store: Store) -> None:
    party = Organisation(name="A", deliberation=debate("CEO", "Law", private_positions=True, ballot="secret"))
    model = Rewriting(lambda text: text[:-1] + ",}" + KEY_REMOVED_NOTE)
    transcript = await (await played(store, table(party, rounds=1), model=model)).transcript()
    (said,) = transcript.statements
    assert said.private is not None
    talk = said.private.deliberation
    assert talk is not None
    replies = [*talk.private_positions, *talk.lines, *talk.ballots]
    assert {reply.mended for reply in replies} == {("key cut out", "trailing comma")}
    assert drift(transcript)[0].mended_in_private == len(replies)
    assert drift(transcript.public())[0].mended_in_private == 0
    assert read_markdown(render_markdown(transcript)) == transcript


class Wasteful(CountingChat):
    """Gives nothing but thoughts, and is paid for them."""

    async def complete(self, request: Request) -> Response:
        async def ask() -> Response:
            thoughts = Response(text="<think>hm", model=self.model, input_tokens=100, output_tokens=900)
            self.places.append((request.place, request.attempt))
            raise IncompleteResponse("the reply is thoughts alone", thoughts)

        async def sleep(seconds: float) -> None:
            return

        return await RetryPolicy(sleep=sleep).run(ask, Endpoint(model=self.model), on_unusable=request.on_unusable)


async def test_what_is_paid_for_nothing_is_charged_journalled_and_shown(store: Store) -> None:
    model, events = Wasteful(), list[dict[str, Any]]()
    simulation = await begin(store, table("A", rounds=1), model=model)
    with pytest.raises(BudgetExceeded, match="1,500 tokens is spent: 2,000 so far"):
        await simulation.play(events.append, budget=Budget(tokens=1500))
    with pytest.raises(BudgetExceeded):
        await (await Simulation.reopen(store, simulation.run.name, scenario=simulation.scenario, model=model)).play(
            budget=Budget(tokens=2500)
        )
    run = store.register.run(simulation.run.name)
    assert (len(model.places), run.tokens, run.status) == (3, 3000, "paused")
    assert [call.attempt for call in store.journal(run.id).calls(unusable=True)] == [-1, -2, -3]
    assert sum(event["tokens"] for event in events if event["event"] == "call") == 2000


class Cutting(CountingChat):
    """Its server reads so many tokens of a prompt and says nothing of it."""

    profile = "large"

    def __init__(self, most: int, window: int | None = None) -> None:
        super().__init__()
        self.most, self.window = most, window
        self.read: list[int] = []

    async def complete(self, request: Request) -> Response:
        words = sum(len(part.text.split()) for part in request.messages)
        self.read.append(words)
        return dataclasses.replace(await super().complete(request), input_tokens=min(self.most, words))


def _talkative(rounds: int) -> Scenario:
    """A party that says two hundred words a round, by a graph of its own, and one that hears it."""
    return table(
        Organisation(name="G", graph=lambda view: "word " * 200), "Host", rounds=rounds, max_statement_chars=1200
    )


async def test_a_prompt_that_its_server_cut_is_asked_again_shorter_and_told_of_once(store: Store) -> None:
    model, events = Cutting(600), list[dict[str, Any]]()
    simulation = await begin(store, _talkative(9), model=model)
    assert (await simulation.play(events.append)).status == "finished"
    told = [event["text"] for event in events if event["event"] == "warning"]
    assert len(told) == 1
    assert "num_ctx" in told[0]
    transcript = await simulation.transcript()
    assert all(said.text for said in transcript.statements)
    assert [
        warning for warning in transcript.header.warnings if "counting cut" in warning and "context_window=N" in warning
    ]
    kept = [call.reply.finish for call in store.journal(simulation.run.id).calls()]
    assert "cut" not in kept, "no statement was made from a prompt that was cut"


async def test_a_brief_that_is_cut_pauses_the_run(store: Store) -> None:
    scenario = table(Organisation(name="A", brief="word " * 1500), rounds=1)
    simulation = await begin(store, scenario, model=Cutting(600))
    with pytest.raises(PromptCut, match=r"read 600 tokens of a prompt that has 1,\d+ at least"):
        await simulation.play()
    counted_otherwise = await begin(store, scenario, model=Cutting(600, window=32_000), name="named")
    assert (await counted_otherwise.play()).status == "finished"


async def test_a_server_that_counts_as_it_likes_is_not_taken_to_cut(store: Store) -> None:
    for most in (0, 9, 10**6):
        simulation = await played(store, _talkative(9), model=Cutting(most), name=f"most-{most}")
        assert (await simulation.transcript()).header.warnings == ()


async def test_too_long_is_learnt_once_and_the_past_is_cut_from_then_on(store: Store) -> None:
    class Short(CountingChat):
        profile = "large"
        refused = 0

        async def complete(self, request: Request) -> Response:
            if sum(len(part.text.split()) for part in request.messages) > 900:
                self.refused += 1
                self.window = 2600
                raise ContextLengthExceeded("too long", limit=2600)
            return await super().complete(request)

    model = Short()
    simulation = await begin(store, _talkative(12), model=model)
    assert (await simulation.play()).status == "finished"
    assert model.refused == 1


@pytest.mark.parametrize("error", [ZeroDivisionError("ours"), KeyError("x"), RuntimeError("sk-secret-012345 \ud83d")])
async def test_whatever_else_a_call_raises_pauses_the_run_in_one_line(store: Store, error: Exception) -> None:
    def fail() -> Exception:
        return error

    simulation = await begin(store, table("A", rounds=1), model=CountingChat(stop_at=1, error=fail))
    with pytest.raises(CallFailed, match=f"{type(error).__name__}: .*; --debug shows the traceback") as paused:
        await simulation.play()
    assert "sk-secret" not in str(paused.value)
    assert str(paused.value).isprintable()
    assert paused.value.__cause__ is error
    assert store.register.run(simulation.run.name).status == "paused"


class _Talk(TypedDict, total=False):
    transcript: list[dict[str, Any]]


async def test_halves_of_characters_are_made_whole_at_every_door(tmp_path: Path) -> None:
    def speak(view: dict[str, Any]) -> dict[str, Any]:
        return {"text": "half \ud83d", "memo": "and \ude00"}

    graph = StateGraph(_Talk)
    graph.add_node("talk", lambda state: {"transcript": [{"text": "half \udce9"}]})
    graph.add_edge(START, "talk")
    graph.add_edge("talk", END)
    scenario = table(
        Organisation(name="G", graph=speak),
        Organisation(name="H", graph=graph.compile()),
        Organisation(name="M", brief="brief \ud83d\ude00 \ud83d"),
        rounds=2,
    )
    memo = {"memo": "\ud83d\ude00 \ud83d"}
    model = Rewriting(lambda text: json.dumps({**json.loads(text), **memo}, ensure_ascii=False))
    async with Store.open(tmp_path / "runs.sqlite", make=True) as store:
        simulation = await played(store, scenario, model=model)
        transcript = await simulation.transcript()
    said = json.dumps(transcript.model_dump(mode="json"), ensure_ascii=False)
    said.encode()
    assert "half \ufffd" in said
    assert "😀 \ufffd" in said
