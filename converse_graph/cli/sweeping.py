"""A sweep from the command line: its design read and checked, consent asked, shown as it goes, paused by signals."""

import asyncio
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import typer

from converse_graph.cli.formatting import duration, money
from converse_graph.cli.option_values import read_settings
from converse_graph.cli.output import Output
from converse_graph.cli.terminal import is_terminal
from converse_graph.ensembles.design import WORDING, Design, Kind, is_null
from converse_graph.ensembles.plan_files import SweepPlan, read_plan
from converse_graph.ensembles.sweep import Progress, can_be_asked
from converse_graph.errors import InvalidValue, UsageError
from converse_graph.models.prices import Prices
from converse_graph.models.registry import ModelRegistry
from converse_graph.runs.estimate import estimate
from converse_graph.scenarios.catalogue import find_scenario
from converse_graph.scenarios.dials import Dial
from converse_graph.scenarios.references import absolute_reference, direct_reference
from converse_graph.scenarios.scenario import Scenario
from converse_graph.scenarios.scenario_functions import ScenarioFunction
from converse_graph.store import Store

MOST_RUNS = 1_000
"""Runs that are begun without asking."""
MOST_USD = 1.0
"""What may be spent without asking."""
_LEVELS = 5
"""Values that a range of numbers stands for."""


@dataclass(frozen=True, kw_only=True)
class SweepRequest:
    """What was asked for on the command line."""

    scenario: str | None
    vary: tuple[str, ...]
    dials: tuple[str, ...]
    seeds: int | None
    kind: Kind
    samples: int | None
    until: int | None
    rounds: int | None
    model: str | None
    base_url: str | None
    baseline: bool
    judge: bool
    paraphrase: bool
    parent: str | None
    at: str | None
    name: str | None
    plan: Path | None


async def read_design(request: SweepRequest, where: Path | str) -> tuple[Design, str]:
    """Read and check a design: every arm is made once, so that one which cannot be is refused before any run.

    Args:
        request: What was asked for.
        where: The store, in which a run lies that all are forked from.

    Returns:
        The design, and the name that the ensemble is to have.

    Raises:
        UsageError: It cannot be.
    """
    plan = read_plan(request.plan) if request.plan else SweepPlan()
    parent, at = request.parent or plan.parent, request.at or plan.at
    if (parent is None) is not (at is None):
        raise InvalidValue("--from and --at go together: the run, and the first turn that is each fork's own.")
    reference = request.scenario or plan.scenario
    model = request.model or plan.model
    if parent is not None:
        async with Store.open(where) as store:
            run = store.register.run(parent)
        reference, model = run.scenario, model or run.header.model
    elif reference is None:
        raise InvalidValue("Name a scenario, a --plan, or with --from the run that all are forked from.")
    function = find_scenario(reference)
    vary = _read_values(function, request.vary) or _read_plan_values(function, plan.vary)
    settings = {**plan.set, **read_settings(function, request.dials)}
    if both := vary.keys() & settings.keys():
        raise InvalidValue(f"Dial {min(both)} is both set and varied; do one of them.")
    model_name = ModelRegistry(model, request.base_url or plan.base_url).default_name
    design = Design(
        scenario=absolute_reference(reference),
        vary=vary,
        dials=settings,
        seeds=request.seeds or plan.seeds,
        model=model_name,
        base_url=request.base_url or plan.base_url,
        baseline=request.baseline and plan.baseline,
        judge=request.judge and not is_null(model_name),
        kind=request.kind if request.kind != "factorial" else plan.design,
        samples=request.samples or plan.samples,
        paraphrase=_paraphrase(function) if request.paraphrase or plan.paraphrase else None,
        parent=parent,
        at=at,
    )
    horizon = _horizon([function(**arm) for arm in design.arms], request, plan)
    name = request.name or plan.name or (f"{parent}-forks" if parent else function.name)
    is_direct = design.baseline and can_be_asked(design)
    return design.model_copy(update={"rounds": horizon, "direct": is_direct}), name


def _horizon(scenarios: list[Scenario], request: SweepRequest, plan: SweepPlan) -> int | None:
    until, rounds = request.until or plan.until, request.rounds or plan.rounds
    return None if until is None and rounds is None else scenarios[0].clock.horizon(until, rounds)


def _read_values(function: ScenarioFunction, texts: tuple[str, ...]) -> dict[str, tuple[Any, ...]]:
    values_by_dial: dict[str, tuple[Any, ...]] = {}
    dials = {dial.name: dial for dial in function.dials}
    for text in texts:
        dial, equals, values = text.partition("=")
        if not equals or not values:
            raise InvalidValue(f"--vary takes DIAL=A,B or DIAL=LOW..HIGH, not {text!r}.")
        kind = dials.get(dial.strip().replace("-", "_"))
        value_texts = (
            _range(kind, values) if kind and ".." in values else [value.strip() for value in values.split(",")]
        )
        read = [read_settings(function, [f"{dial}={value}"]) for value in value_texts]
        (key,) = read[0]
        if key in values_by_dial:
            raise InvalidValue(f"Dial {key} is varied twice; name all its values at once.")
        values_by_dial[key] = tuple(dict.fromkeys(one[key] for one in read))
    return values_by_dial


def _range(dial: Dial, text: str) -> list[str]:
    """The values of a range: all whole numbers of it, or five numbers at even distances."""
    low, _, high = text.partition("..")
    try:
        first, last = float(low), float(high)
    except ValueError:
        raise InvalidValue(f"--vary {dial.name}={text} is no range; write it as {dial.name}=1..6.") from None
    if not first < last:
        raise InvalidValue(f"--vary {dial.name}={text} goes from {low} to {high}; the lower end comes first.")
    if isinstance(dial.default, int) and not isinstance(dial.default, bool):
        return [str(number) for number in range(int(first), int(last) + 1)]
    return [f"{first + (last - first) * step / (_LEVELS - 1):.6g}" for step in range(_LEVELS)]


def _read_plan_values(function: ScenarioFunction, vary: Mapping[str, tuple[Any, ...]]) -> dict[str, tuple[Any, ...]]:
    dials = {dial.name: dial for dial in function.dials}
    read_settings(function, [f"{name}={values[0]}" for name, values in vary.items() if name not in dials])  # refuses
    return {name: tuple(dials[name].read(value) for value in values) for name, values in vary.items()}


def _paraphrase(function: ScenarioFunction) -> str:
    """The setting by which a scenario is told in other words: the first of its dial that is not the default."""
    dial = next((one for one in function.dials if one.name == WORDING), None)
    options = [] if dial is None else [option.strip() for option in dial.type.split("|")]
    others = [option for option in options if dial is not None and option != str(dial.default)]
    if not others:
        raise InvalidValue(
            f"{function.name} is told in one way only; give it a dial {WORDING!r} that chooses between two, nothing "
            "else changed, or leave --paraphrase out."
        )
    return others[0]


async def confirm(design: Design, output: Output, *, is_agreed: bool, prices: Prices | None) -> None:
    """Say what a sweep would take, and ask before much is spent.

    Args:
        design: What would be played.
        output: Where it is said.
        is_agreed: Whether it was agreed to, or a bound was set.
        prices: What calls are charged by; None for the public list.

    Raises:
        UsageError: It was not agreed to; nothing was written.
    """
    reasons = [f"{design.size:,} runs"] if design.size > MOST_RUNS else []
    if not is_null(design.model):
        cost, most = await _say_cost(design, output, prices)
        if most is None or most > MOST_USD:
            reasons.append(cost)
    if not reasons or is_agreed:
        return
    if is_terminal() and typer.confirm(f"That is {' and '.join(reasons)}. Begin?"):
        return
    raise UsageError(
        f"That is {' and '.join(reasons)}: agree with --yes, or set a bound with --max-usd; none was begun."
    )


async def _say_cost(design: Design, output: Output, prices: Prices | None) -> tuple[str, float | None]:
    """Say what the runs and direct questions of a model would take; returns the cost in words, and at most in USD."""
    runs = (len(design.arms) + (design.paraphrase is not None)) * design.seeds
    questions = len(design.arms) if design.direct else 0
    parts = [(design.scenario, runs, design.rounds, design.judge)]
    parts += [(direct_reference(design.scenario, design.rounds), questions, None, False)] if questions else []
    calls, tokens, least, most = 0, 0, 0.0, 0.0
    is_known = True
    for reference, count, rounds, judge in parts:
        scenario = find_scenario(reference)(**design.arms[0])
        one = await estimate(
            scenario, model=design.model, base_url=design.base_url, rounds=rounds, judge=judge, prices=prices
        )
        usd = one.usd()
        calls, tokens = calls + one.calls * count, tokens + (one.input_tokens + one.output_tokens) * count
        is_known = is_known and usd is not None
        least, most = (least + usd[0] * count, most + usd[1] * count) if usd else (least, most)
    cost = f"{money(least)} to {money(most)}" if is_known else "a cost that is not known"
    direct_questions = f", asked directly {questions} times" if questions else ""
    output.say(f"{runs} runs of {design.model}{direct_questions}: about {calls:,} calls, {tokens:,} tokens, {cost}")
    return cost, most if is_known else None


class Player(Protocol):
    """What plays an ensemble: in this process, or in several."""

    is_pausing: bool

    @property
    def progress(self) -> Progress:
        """How far it is."""

    async def play(self) -> Progress:
        """Play every run that has not finished."""

    def pause(self) -> None:
        """Stop every run at its next step."""


def shown_progress(output: Output) -> Callable[[Progress], None]:
    """Return what shows how far a sweep is: a line that is written over on a terminal, else a line a tenth.

    Args:
        output: Where it is shown.
    """
    return _line_on_terminal(output) if is_terminal() else _lines(output)


async def play_until_paused(player: Player, output: Output) -> tuple[Progress, bool]:
    """Play an ensemble; the first signal pauses all runs, the second stops them.

    Args:
        player: Of the ensemble.
        output: Where a signal is answered.

    Returns:
        How far it is, and whether it was paused.

    Raises:
        RunPaused: The budget is spent.
    """
    playing = asyncio.create_task(player.play())
    with _pausing(player, playing, output.warn):
        try:
            return await playing, player.is_pausing
        except asyncio.CancelledError:
            return player.progress, True
        finally:
            progress = player.progress
            if is_terminal() and not output.quiet and progress.done + len(progress.failed) < progress.runs:
                typer.echo()  # the line that was written over ends here


@contextmanager
def _pausing(player: Player, playing: "asyncio.Task[Progress]", warn: Callable[[str], None]) -> Iterator[None]:
    loop, signals = asyncio.get_running_loop(), (signal.SIGINT, signal.SIGTERM)

    def stop() -> None:
        if player.is_pausing:
            playing.cancel()
        else:
            player.pause()
            warn("pausing all runs at their next step; once more to stop at once")

    for number in signals:
        loop.add_signal_handler(number, stop)
    try:
        yield
    finally:
        for number in signals:
            loop.remove_signal_handler(number)


def _status(progress: Progress, began: float, done_before: int) -> str:
    parts = [f"{progress.done} of {progress.runs} runs"]
    parts += [f"{progress.running} running"] if progress.running else []
    parts += [f"{len(progress.failed)} failed"] if progress.failed else []
    parts += [f"{progress.tokens:,} tokens"]
    parts += [money(progress.usd)] if progress.usd else []
    runs_done, left = progress.done - done_before, progress.runs - progress.done - len(progress.failed)
    if runs_done > 0 and left > 0:
        parts += [f"about {duration((time.monotonic() - began) / runs_done * left)} left"]
    return ", ".join(parts)


def _lines(output: Output) -> Callable[[Progress], None]:
    """A line each time a tenth more of the runs has finished."""
    began, last_tenth, done_before = time.monotonic(), 0, -1

    def watch(progress: Progress) -> None:
        nonlocal last_tenth, done_before
        if done_before < 0 and progress.running:
            done_before = progress.done
        if done_before < 0:  # so far it has only seen what was played before
            return
        tenth = progress.done * 10 // max(1, progress.runs)
        if tenth > last_tenth:
            last_tenth = tenth
            output.say(_status(progress, began, max(0, done_before)))

    return watch


def _line_on_terminal(output: Output) -> Callable[[Progress], None]:
    """One line that is written over, a few times a second."""
    began, last, done_before = time.monotonic(), 0.0, -1

    def watch(progress: Progress) -> None:
        nonlocal last, done_before
        if done_before < 0 and progress.running:
            done_before = progress.done
        is_over = not progress.running
        if not output.quiet and (is_over or time.monotonic() - last > _FRAME):
            last = time.monotonic()
            line = _status(progress, began, max(0, done_before))
            typer.echo(f"\r\x1b[2K{line}", nl=is_over and progress.done + len(progress.failed) == progress.runs)

    return watch


_FRAME = 0.2
"""Seconds between two states of the line."""
