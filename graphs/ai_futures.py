"""Futures of AI research: labs, and governments if you like, report period by period to the horizon."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Annotated, Any, Literal

from pydantic import Field as Bound

from converse_graph import (
    Boolean,
    Clock,
    Debate,
    Event,
    Example,
    ImaginedDebate,
    Organisation,
    Percentiles,
    Persona,
    Pinned,
    RunningList,
    Scenario,
    ScenarioTexts,
    StopOnEvent,
    Text,
    TextList,
    Variable,
    World,
    by_party,
    cast_member,
    load_world,
    scenario,
    scenario_texts,
)

LABS = ("openai", "deepmind", "anthropic", "halcyon", "northlight", "kestrel")
"""Cast files, in the order in which labs join; beyond three they are fictional."""

FICTIONAL = (*LABS[3:], *LABS[:3])
"""The same with those first that nobody can take for a report on somebody."""

LATEST = 2200
"""The last year that an estimate may name."""

Amount = Literal["none", "light", "strict"]
Tone = Literal["sober", "accidents"]
How = Literal["none", "imagined", "debate"]
Rules = Literal["none", "private_positions", "secret_ballot", "justify_changes", "dissenter", "all"]


@scenario
def ai_futures(
    labs: Annotated[int, Bound(ge=1, le=6)] = 3,
    fictional: bool = False,
    uk: bool = False,
    china: bool = False,
    regulation: Amount = "none",
    competition: Literal["none", "some", "intense"] = "none",
    openness: Literal["closed", "mixed", "open"] = "mixed",
    tone: Tone = "sober",
    placebo: bool = False,
    deliberation: How | dict[str, How] = "none",
    inside: Literal["nobody", "conscience", "departments"] = "nobody",
    lines: Annotated[int, Bound(ge=3, le=20)] = 5,
    rules: Rules = "none",
    personalities: bool = True,
    step: Literal["year", "half-year", "quarter", "month"] = "half-year",
    start: Annotated[int, Bound(ge=1950, le=2100)] = 2024,
    end: Annotated[int, Bound(ge=1950, le=2190)] = 2031,
    stop: Literal["horizon", "agi"] = "horizon",
    world: bool = False,
    growth: Literal["horizon", "compute"] = "horizon",
    order: Literal["listed", "shuffled", "simultaneous", "moderated"] = "listed",
    wording: Literal["usual", "other"] = "usual",
) -> Scenario:
    """Labs and governments play out the years to AGI or to the horizon.

    Args:
        labs: How many labs sit at the table; beyond three they are fictional.
        fictional: Whether the fictional labs join first, so that up to three are fictional ones alone.
        uk: Whether the UK Government sits at the table.
        china: Whether the Chinese Government sits at the table.
        regulation: How much law there is as the run begins.
        competition: How hard labs in China press the others, as far as anybody knows.
        openness: How much the labs tell one another of their methods.
        tone: "accidents" asks the labs for what went dangerously wrong; "sober" asks without leading.
        placebo: Whether a party sits at the table that says as much as a government and nothing about AI: the control
            for what more text alone does to a run.
        deliberation: How each party makes up its mind before it speaks; by party as deliberation.OpenAI=debate.
        inside: Who speaks inside the first lab's decision makers, in a debate: two voices of its CEO's conscience, or
            departments, one of whose teams debates too. For a lab that deliberates by debate.
        lines: How many lines a debate has.
        rules: Which rules against easy agreement the debates of the parties are held by.
        personalities: Whether decision makers have temperaments, beside their roles and aims.
        step: How far one round moves the clock.
        start: The first year.
        end: The last year, all of it included.
        stop: Whether the run ends with AGI or plays on to its horizon.
        world: Whether moves count: code then keeps compute, safety, laws and money, and decides when AGI is there, by
            graphs/worlds/ai.yaml; else AGI is there once a lab claims it.
        growth: By which published model capability grows in the world: "horizon", as tasks that AI can do lengthen
            (AI 2027), or "compute", by training compute and algorithms.
        order: Who speaks when in a round.
        wording: In which of two ways the parties are told the same: the control for what wording alone does to a run.
    """
    texts = scenario_texts("ai-futures")
    if wording == "other":
        texts = texts.in_words("other_words")
    table = [_lab(texts, who, start, tone) for who in (FICTIONAL if fictional else LABS)[:labs]]
    table += [_government(texts, who) for who, seated in (("uk", uk), ("china", china)) if seated]
    if placebo:
        table.append(_placebo(texts))
    table[0] = (table[0][0], _INSIDE[inside](texts, table[0][1]))
    how = by_party(deliberation, [party.name for party, _ in table], otherwise="none")
    seated = [
        party.model_copy(update={"deliberation": _deliberation(texts, party.kind, people if personalities else
                                                               _plain(people), how[party.name], lines, rules)})
        for party, people in table
    ]  # fmt: skip
    dials = {"regulation": regulation, "competition": competition, "openness": openness}
    premise = [texts.text("opening"), *(texts.text(dial, value) for dial, value in dials.items())]
    return Scenario(
        premise=" ".join(filter(None, premise)),
        clock=Clock(start=start, end=end, step=step),
        organisations=seated,
        order=order,
        events=[Event(name="agi_claimed" if world else "agi_reached", field="agi_claimed")],
        world=_world(seated, start, step, growth, dials) if world else None,
        running_lists=[_laws(world)] if uk or china else [],
        pinned=_KEPT,
        stop=[StopOnEvent(event="agi_reached")] if stop == "agi" else [],
        max_statement_chars=600,
        rubric="ai-futures",
    )


agi_race = ai_futures.preset(
    "agi-race",
    "Three labs race to AGI in half-years from 2024 to 2031: moves, capabilities, incidents, estimates at every turn.",
    world=True,
)
boardrooms = ai_futures.preset(
    "boardrooms",
    "Three labs and the UK Government, each with a private debate among its decision makers before it speaks.",
    uk=True,
    deliberation="debate",
    step="year",
    end=2027,
    world=True,
)

government = ai_futures.preset(
    "government",
    "Three labs that must report dangerous accidents, and a UK Government that can act, in half-years to 2038.",
    uk=True,
    tone="accidents",
    end=2038,
    world=True,
)
boardrooms_long = ai_futures.preset(
    "boardrooms-long",
    "Three labs with private debates, year by year to 2032: do long contexts stay coherent?",
    deliberation="debate",
    step="year",
    end=2032,
    world=True,
)
china = ai_futures.preset(
    "china",
    "Three labs, the UK and the Chinese Government, each with a private debate, year by year to 2027.",
    uk=True,
    china=True,
    competition="some",
    deliberation="debate",
    step="year",
    end=2027,
    world=True,
)
china_long = ai_futures.preset(
    "china-long",
    "The same five parties without debates, year by year to 2028; made to be extended to 2035.",
    uk=True,
    china=True,
    competition="some",
    step="year",
    end=2028,
    world=True,
)
imagined = ai_futures.preset(
    "imagined",
    "As boardrooms, but one call imagines each private debate: what does the cheap way lose?",
    uk=True,
    deliberation="imagined",
    step="year",
    end=2027,
    world=True,
)
consciences = ai_futures.preset(
    "consciences",
    "Two labs with private debates; before one of the CEOs speaks, two voices of a conscience debate within.",
    labs=2,
    deliberation="debate",
    inside="conscience",
    step="year",
    end=2026,
    world=True,
)
departments = ai_futures.preset(
    "departments",
    "One lab debates through departments and their teams, one among its leaders, one not at all.",
    deliberation={"OpenAI": "debate", "DeepMind": "debate", "others": "none"},
    inside="departments",
    step="year",
    end=2026,
    world=True,
)

_ROUND_YEARS = {"year": 1.0, "half-year": 0.5, "quarter": 0.25, "month": 1 / 12}
_REGULATION: dict[str, dict[str, float]] = {
    "none": {},
    "light": {"liability": 1, "enforcement": 0.3},
    "strict": {"liability": 1, "licensing": 1, "audits": 1, "enforcement": 0.6},
}
"""What is in force as a run begins, and the share of it that is done."""
_COMPETITION = {"none": (4.0, 0.7), "some": (2.0, 0.9), "intense": (0.25, 1.0)}
"""Years by which labs abroad are behind, and their pace against that of labs at the table."""
_OPENNESS = {"closed": 0.05, "mixed": 0.1, "open": 0.25}
"""Share of the distance to the first by which others catch up in a year."""
_LAB_GAP = 1 / 3
"""Years by which each lab begins behind the one that stands before it."""


def _world(seated: Sequence[Organisation], start: int, step: str, growth: str, dials: Mapping[str, str]) -> World:
    """The world of graphs/worlds/ai.yaml, as the dials set it up."""
    file = load_world("ai")
    numbers, table = file.fixed_values, {party.name: party.kind for party in seated}
    years_behind, foreign_pace = _COMPETITION[dials["competition"]]
    of_run = numbers["largest_run"] + (start - numbers["largest_run_year"]) * numbers["compute_growth"]
    if growth == "compute":
        variables = [_by_compute(variable) if variable.name == "progress" else variable for variable in file.variables]
        file = file.model_copy(update={"variables": tuple(variables)})
    if growth == "horizon":
        a_year, first = 12.0, 12.0 * (start - numbers["first_month"])
    else:
        a_year = numbers["compute_growth"] + numbers["algorithm_growth"]
        first = numbers["largest_run"] + (start - numbers["largest_run_year"]) * a_year
    labs = [name for name, kind in table.items() if kind == "lab"]
    behind = {name: first - number * _LAB_GAP * a_year for number, name in enumerate(labs)}
    begin: dict[str, Any] = {
        "year": start, "compute": of_run, "progress": first, "released": first,
        "foreign_progress": first - years_behind * a_year, **_REGULATION[dials["regulation"]],
    }  # fmt: skip
    if growth == "compute":
        begin["threshold"] = file.variable("threshold_by_compute").start
    governments = [party for party in seated if party.kind == "government"]
    constants = {
        "by_compute": float(growth == "compute"), "spread": _OPENNESS[dials["openness"]], "foreign_pace": foreign_pace,
        "both_at_table": float(len(governments) > 1), "treaty_chance": 1.0 if len(governments) > 1 else 0.35,
    }  # fmt: skip
    by_name = {"progress": behind, "released": behind}
    if abroad := [party.name for party in governments if party.name == _ABROAD]:
        by_name["home"] = dict.fromkeys(abroad, 0.0)
    world = file.for_kinds(set(table.values())).adjusted(constants=constants, start=begin)
    return world.with_start_of(by_name).scaled(_ROUND_YEARS[step])


def _by_compute(progress: Variable) -> Variable:
    """Progress as its owner is told of it where capability grows by compute and algorithms."""
    words = ("in months of research, below 0 before April 2025", "in log10 FLOP, better algorithms counted as compute")
    return progress.model_copy(update={"text": progress.text.replace(*words)})


_ABROAD = "Chinese Government"
"""The government whose laws labs at the table do not obey."""


def _laws(world: bool) -> RunningList:
    """What governments have said that they put in force; in a world its numbers say what is."""
    title = "Laws that governments have announced, with what they forbid" if world else _IN_FORCE
    return RunningList(title=title, add_field="instruments", remove_field="repealed")


_IN_FORCE = "Laws in force, with what they forbid"
_KEPT = (
    Pinned(title="What you have announced so far", field="capabilities", party_kind="lab"),
    Pinned(title="Incidents reported so far", field="incident", whose="all", max_entries=8),
)


def _lab(texts: ScenarioTexts, who: str, start: int, tone: Tone) -> tuple[Organisation, tuple[Persona, ...]]:
    party, people = cast_member(who)
    ask = partial(texts.text, "lab", "fields")
    fields = (
        TextList(name="capabilities", ask=ask("capabilities"), max_items=3, max_length=70),
        Text(name="incident", ask=ask("incident"), max_length=120, optional=tone == "sober"),
        Percentiles(name="agi_estimate", ask=ask("agi_estimate"), minimum=start, maximum=LATEST),
        Boolean(name="agi_claimed", ask=ask("agi_claimed"), example=False),
    )
    examples = tuple(_with_estimate(who, number, start, example) for number, example in enumerate(party.examples))
    spec = {
        "fields": fields,
        "examples": examples,
        "topics": texts.texts("lab", "topics"),
        "questions": texts.text("lab", "questions", tone),
        "questions_after": {"agi_reached": texts.text("lab", "after_agi")},
    }
    return party.model_copy(update=spec), people


_WAIT = {"openai": 3, "deepmind": 7, "anthropic": 4, "halcyon": 5, "northlight": 12, "kestrel": 4}
"""Years to the earliest AGI in each lab's examples: labs differ in temper, and a small model stays near them."""


def _with_estimate(who: str, number: int, start: int, example: Example) -> Example:
    """An example with an estimate that lies after the start of the run, different in each."""
    wait = _WAIT[who] + number
    estimate = {"p10": start + wait, "p50": start + 2 * wait + number, "p90": start + 4 * wait + 3 * number}
    return example.model_copy(update={"fields": {**example.fields, "agi_estimate": estimate}})


def _government(texts: ScenarioTexts, who: str) -> tuple[Organisation, tuple[Persona, ...]]:
    party, people = cast_member(who)
    ask = partial(texts.text, "government", "fields")
    fields = (
        TextList(name="instruments", ask=ask("instruments"), max_items=3, max_length=90),
        TextList(name="repealed", ask=ask("repealed"), max_items=2, max_length=60, example=[]),
        Text(name="enforcement", ask=ask("enforcement"), max_length=120, optional=True),
        Text(name="finding", ask=ask("finding"), max_length=120, optional=True),
    )
    options = {"topics": texts.texts("government", "topics"), "questions": texts.text("government", "questions")}
    return party.model_copy(update={"fields": fields, **options}), people


def _placebo(texts: ScenarioTexts) -> tuple[Organisation, tuple[Persona, ...]]:
    """A party that has as much to fill in as a government has."""
    party, people = cast_member("allotments")
    ask = partial(texts.text, "society", "fields")
    fields = (
        TextList(name="crops", ask=ask("crops"), max_items=3, max_length=90),
        TextList(name="cleared", ask=ask("cleared"), max_items=2, max_length=60, example=[]),
        Text(name="weather", ask=ask("weather"), max_length=120, optional=True),
        Text(name="finding", ask=ask("finding"), max_length=120, optional=True),
    )
    return party.model_copy(update={"fields": fields}), people


def _conscience(texts: ScenarioTexts, people: tuple[Persona, ...]) -> tuple[Persona, ...]:
    """The same people, of whom the first hears two voices before it speaks."""
    voices = cast_member("conscience")[1]
    within = _deliberation(texts, "lab", voices, "debate", lines=len(voices))
    return (people[0].model_copy(update={"deliberation": within}), *people[1:])


_INSIDE: dict[str, Callable[[ScenarioTexts, tuple[Persona, ...]], tuple[Persona, ...]]] = {
    "nobody": lambda _, people: people,
    "conscience": _conscience,
    "departments": lambda *_: cast_member("departments")[1],
}


def _plain(people: Sequence[Persona]) -> tuple[Persona, ...]:
    """The same people, at every depth, without temperaments."""
    return tuple(person.model_copy(update={"temperament": "", "deliberation": _plainly(person)}) for person in people)


def _plainly(person: Persona) -> Debate | ImaginedDebate | None:
    deliberation = person.deliberation
    return deliberation and deliberation.model_copy(update={"members": _plain(deliberation.members)})


_RULES: dict[str, dict[str, Any]] = {
    "private_positions": {"private_positions": True},
    "secret_ballot": {"ballot": "secret"},
    "justify_changes": {"justify_changes": True},
    "dissenter": {"dissenter": True},
}
_HELD_BY = {**_RULES, "none": {}, "all": {name: on for rule in _RULES.values() for name, on in rule.items()}}


def _deliberation(
    texts: ScenarioTexts, kind: str, people: tuple[Persona, ...], how: How, lines: int, rules: Rules = "none"
) -> Debate | ImaginedDebate | None:
    motion, options = texts.text(kind, "motion"), texts.texts(kind, "options")
    match how:
        case "none":
            return None
        case "imagined":
            return ImaginedDebate(motion=motion, options=options, members=people, turns=lines)
        case "debate":
            return Debate(motion=motion, options=options, members=people, turns=lines, **_HELD_BY[rules])
