"""Steers runs from their pages, through the functions that the command line calls; only where `--control` is said."""

from __future__ import annotations

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

from converse_graph.calls.budget import Budget
from converse_graph.errors import ConverseError, InvalidValue, RunLocked, StoreUnreachable
from converse_graph.judge.runs import judge_run
from converse_graph.runs.derived import extend, fork, inject
from converse_graph.runs.interview import interview
from converse_graph.runs.simulation import SEEDS, Simulation
from converse_graph.scenarios.rules import ScheduledEvent
from converse_graph.view.live import LiveRuns
from converse_graph.view.player import EndRun, Player
from converse_graph.view.templating import render

MOST_REMEMBERED = 500
"""Forms that were sent, whose answers are kept for when they are sent twice."""
PATIENCE = 20
"""Seconds that runs are given to pause when the pages end."""

Form = Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a form is answered with: another page to go to, or a page."""

    go_to: str = ""
    html: str = ""


@dataclass(kw_only=True)
class Play:
    """A run that is played from its page."""

    simulation: Simulation
    task: asyncio.Task[None]


@dataclass(kw_only=True)
class Control:
    """Steers the runs of a store."""

    player: Player
    _plays: dict[str, Play] = field(default_factory=dict)
    _judging: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _problems: dict[str, str] = field(default_factory=dict)
    _answers: OrderedDict[str, asyncio.Future[Answer]] = field(default_factory=OrderedDict)

    @classmethod
    @asynccontextmanager
    async def open(cls, where: Path | str, live: LiveRuns, *, end: EndRun | None = None) -> AsyncIterator[Control]:
        """Open a store to steer its runs; those that are on are paused at the end.

        Args:
            where: The store.
            live: Who is told of what goes on.
            end: Does what is left to do once a run that was played is over or stands still; None for nothing.

        Raises:
            ConverseError: It cannot be opened.
        """
        async with Player.open(where, live, end=end) as player:
            control = cls(player=player)
            try:
                yield control
            finally:
                await control._close()

    def new_form(self) -> str:
        """A word that a form is known by, so that it does nothing when it is sent twice."""
        return secrets.token_urlsafe(12)

    def is_playing(self, name: str) -> bool:
        """Whether a run is played from here."""
        return name in self._plays

    def is_judging(self, name: str) -> bool:
        """Whether a run is judged from here."""
        return name in self._judging

    def problem(self, name: str) -> str:
        """Why a run that was played or judged from here stopped; empty where it did not."""
        return self._problems.get(name, "")

    async def act(self, name: str, action: str, form: Form) -> Answer:
        """Do what a form asks for; one that is sent twice is answered as before, and does nothing more.

        Args:
            name: The run.
            action: What is to be done, as the address of the form names it.
            form: What was filled in.

        Raises:
            InvalidValue: There is no such action, or what was filled in cannot be.
            ConverseError: It was refused; the run is as it was.
        """
        once = form.get("once", "")
        if action not in _ACTIONS or not once:
            raise InvalidValue(
                f"{action[:40]!r} is none of {', '.join(_ACTIONS)}, or the form is not from a page here."
            )
        earlier = self._answers.get(once)
        if earlier is not None:
            return await asyncio.shield(earlier)
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._answers[once] = answer
        while len(self._answers) > MOST_REMEMBERED:
            self._answers.popitem(last=False)
        try:
            outcome = await _ACTIONS[action](self, name, form)
        except BaseException as error:
            self._answers.pop(once, None)  # it was refused, and may be sent again
            answer.set_exception(error if isinstance(error, ConverseError) else InvalidValue("It was broken off."))
            answer.exception()  # nobody may have waited for it
            raise
        answer.set_result(outcome)
        return outcome

    async def pause(self, name: str, _: Form) -> Answer:
        """Have a run that is played from here stop at its next step."""
        play = self._plays.get(name)
        if play is None:
            raise InvalidValue(f"Run {name!r} is not played from here; pause it where it is, with Ctrl-C.")
        play.simulation.pause()
        return _page_of(name, "Pausing at the next step.")

    async def resume(self, name: str, form: Form) -> Answer:
        """Go on with a run."""
        if self.is_playing(name):
            return _page_of(name, "It is played already.")
        self._play(await Simulation.reopen(await self.player.store(), name), _budget(form))
        return _page_of(name, "Going on.")

    async def extend(self, name: str, form: Form) -> Answer:
        """Go on with a run past its horizon."""
        rounds, until = _whole(form, "rounds"), _whole(form, "until")
        self._play(await extend(await self.player.store(), name, rounds=rounds, until=until), _budget(form))
        return _page_of(name, "Going on to the new horizon.")

    async def fork(self, name: str, form: Form) -> Answer:
        """Make a fork, with something said otherwise or an event, and play it."""
        at, say, text = (form.get(one, "").strip() for one in ("at", "say", "event"))
        events = (
            [ScheduledEvent(at=at.partition(":")[0].strip(), text=text, party=form.get("to") or None)] if text else []
        )
        new_run = await fork(
            await self.player.store(),
            name,
            at=at,
            seed=None if say or events else secrets.randbelow(SEEDS),
            say=say or None,
            events=events,
            until=_whole(form, "until"),
            new_name=form.get("name", "").strip() or None,
        )
        self._play(new_run, _budget(form))
        return _page_of(new_run.run.name, f"A fork of {name} at {at}.")

    async def inject(self, name: str, form: Form) -> Answer:
        """Let something happen at a date that a run has not come to."""
        text = form.get("event", "").strip()
        if not text:
            raise InvalidValue("An event says nothing; write what happens.")
        event = ScheduledEvent(at=form.get("at", "").strip(), text=text, party=form.get("to") or None)
        await inject(await self.player.store(), name, event)
        return _page_of(name, f"It will happen in {event.at}.")

    async def judge(self, name: str, form: Form) -> Answer:
        """Have a run judged while its page goes on."""
        if self.is_judging(name):
            return _page_of(name, "It is being judged already.")
        model = form.get("model", "").strip()
        self._problems.pop(name, None)
        self._judging[name] = asyncio.create_task(self._judge(name, model))
        return _page_of(name, "It is being judged; the verdict comes to this page.")

    async def interview(self, name: str, form: Form) -> Answer:
        """Ask a party as it was at the end of a period; nothing of it is kept."""
        answer = await interview(
            await self.player.store(),
            name,
            party=form.get("party", ""),
            at=form.get("at", "").partition(":")[0].strip(),
            question=form.get("question", ""),
        )
        return Answer(html=render("interview.html", page="runs", answer=answer))

    def _play(self, simulation: Simulation, budget: Budget | None) -> None:
        name = simulation.run.name
        self._problems.pop(name, None)
        self._plays[name] = Play(simulation=simulation, task=asyncio.create_task(self._play_on(simulation, budget)))

    async def _play_on(self, simulation: Simulation, budget: Budget | None) -> None:
        name = simulation.run.name
        end: EndRun = self.player.end
        try:
            with self.player.telling(name) as watch:
                await simulation.play(watch, private_watch=watch, budget=budget)
        except Exception as error:  # it is told on the run's page; the other runs go on
            self._problems[name] = (
                str(error) if isinstance(error, ConverseError) else f"{type(error).__name__}: {error}"
            )
            if isinstance(error, RunLocked | StoreUnreachable):  # another process ends it, or nothing can be read
                end = Simulation.close
        finally:
            del self._plays[name]
            this = asyncio.current_task()
            if this is not None:
                self._judging.setdefault(name, this)
            try:
                await end(simulation)
            finally:
                if self._judging.get(name) is this:
                    del self._judging[name]

    async def _judge(self, name: str, model: str) -> None:
        try:
            await judge_run(await self.player.store(), name, models=[model] if model else ())
        except ConverseError as error:
            self._problems[name] = str(error)
        finally:
            del self._judging[name]

    async def _close(self) -> None:
        """Pause what is on, and wait for it; stop at once what takes too long."""
        for play in self._plays.values():
            play.simulation.pause()
        tasks = [play.task for play in self._plays.values()]
        judging = list(self._judging.values())
        for task in judging:
            task.cancel()
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=PATIENCE)
            for task in late:
                task.cancel()
        for task in [*tasks, *judging]:
            with suppress(asyncio.CancelledError):
                await task


_ACTIONS: dict[str, Callable[[Control, str, Form], Awaitable[Answer]]] = {
    "pause": Control.pause,
    "resume": Control.resume,
    "extend": Control.extend,
    "fork": Control.fork,
    "inject": Control.inject,
    "judge": Control.judge,
    "interview": Control.interview,
}
"""What can be asked for, by the end of a form's address."""


def _page_of(name: str, note: str) -> Answer:
    return Answer(go_to=f"/runs/{name}?{urlencode({'note': note})}")


def _whole(form: Form, name: str) -> int | None:
    """A whole number that was filled in; None where nothing was."""
    text = form.get(name, "").strip()
    if not text:
        return None
    if not text.isdecimal() or not 0 < int(text) < 10**6:
        raise InvalidValue(f"{name} is a whole number from 1, not {text[:40]!r}.")
    return int(text)


def _budget(form: Form) -> Budget | None:
    """What a run may spend from here on; None where nothing was filled in."""
    text = form.get("max_usd", "").strip()
    if not text:
        return None
    try:
        return Budget(usd=float(text))
    except ValueError:
        raise InvalidValue(f"At most so many dollars: a number above 0, not {text[:40]!r}.") from None
