"""One speaker's turn, at the root table or in a debate: what its steps hand along, and what both ask alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from converse_graph.calls.model_call import MAX_REPAIRS, StructuredReply, StructuredRequest, ask
from converse_graph.calls.reply_schema import ReplySchema, build_reply_schema
from converse_graph.calls.run_context import DebateFrame, Emit, RunContext
from converse_graph.calls.streamed_prose import ProseReader
from converse_graph.models.base import Message, PromptProfile
from converse_graph.prompting.descriptions import describe_options
from converse_graph.prompting.history import persona_memory
from converse_graph.prompting.personas import describe_aim, describe_temperament, introduce_itself, with_article
from converse_graph.prompting.visibility import View
from converse_graph.record.call_paths import CallPath, Task
from converse_graph.record.records import StanceRecord
from converse_graph.record.state import position_channel
from converse_graph.sanitize import escape_line
from converse_graph.scenarios.cast import Debate, Organisation, Persona
from converse_graph.scenarios.clock import Clock, Period
from converse_graph.scenarios.fields import Choice, Text
from converse_graph.scenarios.scenario import Scenario
from converse_graph.scenarios.speaker_paths import name_of
from converse_graph.turn.guest import Guest, view_part

REASON_LENGTH = 200
"""Characters of a reason, at most."""

Stance = Literal["position", "ballot"]
"""What a speaker writes down for itself: where it stands before it hears the others, or its secret ballot."""


@dataclass(frozen=True, kw_only=True)
class SpeakerTurn:
    """What every speaker's turn has, wherever it speaks."""

    context: RunContext
    emit: Emit
    """Told of every call."""
    place: CallPath
    """Such as "12.0/OpenAI" or "12.0/OpenAI/3.CEO"."""
    model: Any
    """Which model it is asked of; None for the run's."""
    guest: Guest | None
    """Somebody's own graph that speaks for it; None for a model."""
    prompts_of: Literal["organisation", "persona"]
    """Whose prompts it is asked with."""

    @cached_property
    def profile(self) -> PromptProfile:
        """Which set of prompts suits who speaks; a graph is told all, and so is a person."""
        is_told_all = self.guest is not None or self.place.reader in self.context.humans
        return "large" if is_told_all else self.context.models.get(self.model).profile

    def message(self, task: str, values: Mapping[str, str]) -> Message:
        """Render a prompt of this speaker's, for itself alone.

        Args:
            task: Such as "line", of those that its kind of speaker has.
            values: What to fill it with.
        """
        return self.context.prompts.message(f"{self.prompts_of}/{task}", self.profile, values, owner=self.place.reader)

    async def ask(
        self,
        task: Task,
        messages: tuple[Message, ...],
        form: ReplySchema,
        *,
        prose: str,
        private_event: Mapping[str, Any] | None = None,
    ) -> StructuredReply:
        """Ask whoever speaks, a model or a graph.

        Args:
            task: What for, as its place in the journal says it.
            messages: The prompt; for a graph its view alone.
            form: Of the reply.
            prose: The field that a graph's words go to, and that a model's are read out of as they are written.
            private_event: What the events begin with that tell whoever watches what is private of these words; None
                where nobody is told of them.
        """
        guest = self.guest.saying(prose) if self.guest is not None else None
        reader, restart = self._private_reader(prose, private_event) if guest is None else (None, None)
        question = StructuredRequest(
            place=self.place.call(task),
            messages=messages,
            form=form,
            model=guest or self.model,
            repairs=0 if guest else MAX_REPAIRS,
            on_delta=reader,
            on_restart=restart,
        )
        return await ask(self.context, question, self.emit)

    def _private_reader(
        self, prose: str, event: Mapping[str, Any] | None
    ) -> tuple[ProseReader | None, Callable[[str], None] | None]:
        """What reads private words as they come, and what has them begun again; neither where nobody watches them."""
        watch = self.context.private_watch
        if watch is None or event is None:
            return None, None
        reader = ProseReader(lambda text: watch({**event, "text": text}), name=prose)

        def restart(_: str) -> None:
            reader.restart()
            watch({**event, "text": None})

        return reader, restart

    async def ask_stance(self, what: Stance, messages: tuple[Message, ...], position: Choice | Text) -> StanceRecord:
        """Ask a speaker for itself where it stands.

        Args:
            what: A position that is written before it hears the others, or a secret ballot.
            messages: The prompt; for a graph its view alone.
            position: The field in which it says so.

        Returns:
            `reason` and `position`, or `problem`; and `repairs`, where there were any.
        """
        reason = Text(name="reason", ask="why, in one sentence", max_length=REASON_LENGTH)
        answer = await self.ask(what, messages, build_reply_schema(what, [reason, position]), prose="reason")
        stance: StanceRecord
        if answer.values is None:
            stance = {"problem": answer.problem}
        else:
            stance = {"reason": answer.values["reason"], "position": answer.values["position"]}
        if answer.repairs:
            stance["repairs"] = answer.repairs
        if answer.mended:
            stance["mended"] = list(answer.mended)
        return stance

    def reminders(
        self, *, stance: Mapping[str, Any] | None, justify: bool, common_position: str | None
    ) -> tuple[Message, ...]:
        """Render what a speaker is told beside its task by the rules against easy agreement.

        Args:
            stance: The `position` that it wrote down before it heard the others, and its `reason`.
            justify: Whether a change of position takes a new fact.
            common_position: What all agree on, where it is to argue against that.
        """
        messages = []
        if stance and (position := stance.get("position")):
            values = {"position": escape_line(position), "reason": escape_line(stance["reason"])}
            messages.append(self.message("written", values))
        if justify:
            messages.append(self.message("justify", {}))
        if common_position is not None:
            messages.append(self.message("dissent", {"position": escape_line(common_position)}))
        return tuple(messages)


@dataclass(frozen=True, kw_only=True)
class PartyTurn(SpeakerTurn):
    """A party's turn at the root table."""

    scenario: Scenario
    party: Organisation
    view: View
    """What it may know."""
    brief: tuple[Message, ...]
    """Who it is."""
    prompts_of: Literal["organisation", "persona"] = "organisation"

    @property
    def period(self) -> Period:
        """The time of the turn."""
        return self.scenario.clock.period(self.view.round)


@dataclass(frozen=True, kw_only=True)
class MemberTurn(SpeakerTurn):
    """A persona's turn in a debate."""

    spec: Debate
    persona: Persona
    clock: Clock
    frame: DebateFrame
    """Its own place, and what its organisation heard."""
    state: Mapping[str, Any]
    """The channels of the debate that it may read."""
    prompts_of: Literal["organisation", "persona"] = "persona"

    @property
    def itself(self) -> dict[str, str]:
        """What a persona is told of itself."""
        return {
            "name": self.persona.name,
            "role": self.persona.role,
            "temperament": self.persona.temperament,
            "aim": self.persona.aim,
            "owner": name_of(self.place.owner),
        }

    @property
    def introduction(self) -> dict[str, str]:
        """The same for its prompts, also as sentences, which are empty where its author says nothing."""
        itself = self.itself
        return {
            **itself,
            "owner": with_article(itself["owner"]),
            "introduction": introduce_itself(self.persona, itself["owner"]),
            "manner": describe_temperament(self.persona),
            "wish": describe_aim(self.persona, self.profile),
        }

    @property
    def motion(self) -> dict[str, str]:
        """What the debate is about, and when it is held."""
        spec = self.spec
        return {
            "period": self.frame.period.label,
            "situation": self.frame.situation,
            "motion": spec.motion,
            "positions": describe_options(spec),
        }

    def memory(self) -> tuple[Message, ...]:
        """Render what it said in debates before."""
        frame = self.frame
        records = (*frame.past, *frame.mind)
        return persona_memory(records, frame.path, self.clock, frame.period.round, self.profile, frame.summaries)

    def initial_position(self) -> dict[str, str] | None:
        """Return the `position` and `reason` that it wrote down before it heard the others; None where that failed."""
        record = self.state.get(position_channel(self.persona.name)) or {}
        return {what: record[what] for what in ("position", "reason")} if record.get("position") else None

    def guest_view(self, task: str, **more: Any) -> Message:
        """Render what a member that is somebody's own graph is told.

        Args:
            task: For what: a `position` that is written first, a `line`, or a `ballot`.
            **more: What it is told for that alone.
        """
        lines_heard = [] if task == "position" else self.state.get("lines", ())
        view = {
            "asked": task,
            "persona": self.persona.name,
            **{name: value for name, value in self.itself.items() if name != "name"},
            "period": self.frame.period.label,
            "motion": self.spec.motion,
            "options": list(self.spec.options),
            "lines": [{"speaker": line["speaker"], "text": line["text"]} for line in lines_heard],
            **more,
        }
        return view_part(view, owner=self.place.reader)
