"""Futures of AI research: labs, and governments if you like, report period by period to the horizon."""

from collections.abc import Callable
from typing import Annotated, Literal

from pydantic import Field as Bound

from converse_graph import (
    Clock,
    Debate,
    Event,
    Example,
    Flag,
    Imagined,
    Kept,
    Names,
    OnEvent,
    Organisation,
    Percentiles,
    Persona,
    Scenario,
    Standing,
    Text,
    by_party,
    cast_member,
    scenario,
)

LABS = ("openai", "deepmind", "anthropic", "halcyon", "northlight", "kestrel")
"""Cast files, in the order in which labs join; beyond three they are fictional."""

LATEST = 2200
"""The last year that an estimate may name."""

Amount = Literal["none", "light", "strict"]
How = Literal["none", "imagined", "debate"]


@scenario
def ai_futures(
    labs: Annotated[int, Bound(ge=1, le=6)] = 3,
    uk: bool = False,
    china: bool = False,
    regulation: Amount = "none",
    competition: Literal["none", "some", "intense"] = "none",
    openness: Literal["closed", "mixed", "open"] = "mixed",
    tone: Literal["sober", "accidents"] = "sober",
    placebo: bool = False,
    deliberation: How | dict[str, How] = "none",
    inside: Literal["nobody", "conscience", "departments"] = "nobody",
    lines: Annotated[int, Bound(ge=3, le=20)] = 5,
    personalities: bool = True,
    step: Literal["year", "half-year", "quarter", "month"] = "half-year",
    start: Annotated[int, Bound(ge=1950, le=2100)] = 2024,
    end: Annotated[int, Bound(ge=1950, le=2190)] = 2031,
    stop: Literal["horizon", "agi"] = "horizon",
    order: Literal["listed", "shuffled", "simultaneous", "moderated"] = "listed",
) -> Scenario:
    """Labs and governments play out the years to AGI or to the horizon.

    Args:
        labs: How many labs sit at the table; beyond three they are fictional.
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
        personalities: Whether decision makers have temperaments, beside their roles and aims.
        step: How far one round moves the clock.
        start: The first year.
        end: The last year, all of it included.
        stop: Whether the run ends with AGI or plays on to its horizon.
        order: Who speaks when in a round.
    """
    table = [_lab(who, start, tone) for who in LABS[:labs]]
    if uk:
        table.append(_government("uk"))
    if china:
        table.append(_government("china"))
    if placebo:
        table.append(_placebo())
    table[0] = (table[0][0], _INSIDE[inside](table[0][1]))
    how = by_party(deliberation, [party.name for party, _ in table], otherwise="none")
    seated = [
        party.model_copy(update={"deliberation": _deliberation(party, people if personalities else _plain(people),
                                                               how[party.name], lines)})
        for party, people in table
    ]  # fmt: skip
    return Scenario(
        premise=" ".join(filter(None, [_OPENING, _LAW[regulation], _RIVALRY[competition], _SHARING[openness]])),
        clock=Clock(start=start, end=end, step=step),
        organisations=seated,
        order=order,
        events=[Event(name="agi_reached", field="agi_claimed")],
        standing=[_LAWS] if uk or china else [],
        kept=_KEPT,
        stop=[OnEvent(event="agi_reached")] if stop == "agi" else [],
        length=600,
        rubric="ai-futures",
    )


agi_race = ai_futures.preset(
    "agi-race",
    "Three labs race to AGI in half-years from 2024 to 2031: capabilities, incidents and estimates at every turn.",
)
boardrooms = ai_futures.preset(
    "boardrooms",
    "Three labs and the UK Government, each with a private debate among its decision makers before it speaks.",
    uk=True,
    deliberation="debate",
    step="year",
    end=2027,
)

government = ai_futures.preset(
    "government",
    "Three labs that must report dangerous accidents, and a UK Government that can act, in half-years to 2038.",
    uk=True,
    tone="accidents",
    end=2038,
)
boardrooms_long = ai_futures.preset(
    "boardrooms-long",
    "Three labs with private debates, year by year to 2032: do long contexts stay coherent?",
    deliberation="debate",
    step="year",
    end=2032,
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
)
china_long = ai_futures.preset(
    "china-long",
    "The same five parties without debates, year by year to 2028; made to be extended to 2035.",
    uk=True,
    china=True,
    competition="some",
    step="year",
    end=2028,
)
imagined = ai_futures.preset(
    "imagined",
    "As boardrooms, but one call imagines each private debate: what does the cheap way lose?",
    uk=True,
    deliberation="imagined",
    step="year",
    end=2027,
)
consciences = ai_futures.preset(
    "consciences",
    "Two labs with private debates; before one of the CEOs speaks, two voices of a conscience debate within.",
    labs=2,
    deliberation="debate",
    inside="conscience",
    step="year",
    end=2026,
)
departments = ai_futures.preset(
    "departments",
    "One lab debates through departments and their teams, one among its leaders, one not at all.",
    deliberation={"OpenAI": "debate", "DeepMind": "debate", "others": "none"},
    inside="departments",
    step="year",
    end=2026,
)

_LAWS = Standing(title="Laws in force, with what they forbid", adds="instruments", ends="repealed", to="lab")
_KEPT = (
    Kept(title="What you have announced so far", field="capabilities", to="lab"),
    Kept(title="Incidents so far", field="incident", whose="all", most=8),
)
_OPENING = "AI labs report in public, period by period, on what they have built and what went wrong."
_LAW: dict[Amount, str] = {
    "none": "",
    "light": "Labs must report serious incidents to the government.",
    "strict": "The law licenses large training runs, demands an outside audit before each release, and fines breaches.",
}
_RIVALRY = {
    "none": "",
    "some": "Labs in China are about two years behind.",
    "intense": "Labs in China are level, and governments on both sides fear to be second.",
}
_SHARING = {
    "closed": "The labs keep their methods secret from one another.",
    "mixed": "",
    "open": "The labs publish their methods and share what they learn about safety.",
}
_LAB_TOPICS = (
    "medicine", "programs", "robots", "energy", "schools", "chips", "farming", "law", "films", "traffic", "banks",
    "new materials", "factories", "hacking", "the news", "hospitals",
)  # fmt: skip
_GOVERNMENT_TOPICS = (
    "hospitals", "jobs", "elections", "chips", "the police", "large models", "schools", "banks", "robots", "privacy",
    "universities", "the army",
)  # fmt: skip
_ASKED = "What can your newest model do that none could before? What went wrong? When will AGI come?"
_ASKED_FOR_ACCIDENTS = (
    "What can your newest model do that none could before? Which dangerous accident did a model of yours cause, and "
    "what did it do to your plans? When will AGI come?"
)
_ASKED_AFTER_AGI = (
    "AGI has been claimed. What does it change for people, work and power? What is out of control, and who decides "
    "over it? What will you do next?"
)


def _lab(who: str, start: int, tone: Literal["sober", "accidents"]) -> tuple[Organisation, tuple[Persona, ...]]:
    party, people = cast_member(who)
    fields = (
        Names(
            name="capabilities",
            ask="what your newest system can do, each by name",
            max_items=3,
            max_length=70,
        ),
        Text(
            name="incident",
            ask="the main safety incident",
            max_length=120,
            optional=tone == "sober",
        ),
        Percentiles(
            name="agi_estimate",
            ask="the year in which AGI will come",
            minimum=start,
            maximum=LATEST,
        ),
        Flag(name="agi_claimed", ask="whether you have built AGI already", example=False),
    )
    asked = _ASKED_FOR_ACCIDENTS if tone == "accidents" else _ASKED
    shown = tuple(_with_estimate(who, number, start, example) for number, example in enumerate(party.examples))
    told = {
        "fields": fields,
        "examples": shown,
        "topics": tuple(f"a new system for {topic}" for topic in _LAB_TOPICS),
        "questions": asked,
        "questions_after": {"agi_reached": _ASKED_AFTER_AGI},
    }
    return party.model_copy(update=told), people


_WAIT = {"openai": 3, "deepmind": 7, "anthropic": 4, "halcyon": 5, "northlight": 12, "kestrel": 4}
"""Years to the earliest AGI in each lab's examples: labs differ in temper, and a small model stays near them."""


def _with_estimate(who: str, number: int, start: int, example: Example) -> Example:
    """An example with an estimate that lies after the start of the run, different in each."""
    wait = _WAIT[who] + number
    estimate = {"p10": start + wait, "p50": start + 2 * wait + number, "p90": start + 4 * wait + 3 * number}
    return example.model_copy(update={"fields": {**example.fields, "agi_estimate": estimate}})


def _government(who: str) -> tuple[Organisation, tuple[Persona, ...]]:
    party, people = cast_member(who)
    fields = (
        Names(
            name="instruments",
            ask="laws and measures that you put in force now, each as name: what it forbids",
            max_items=3,
            max_length=90,
        ),
        Names(
            name="repealed",
            ask="laws of yours that you repeal now, each by its name",
            max_items=2,
            max_length=60,
            example=[],
        ),
        Text(
            name="enforcement",
            ask="against whom you enforced what",
            max_length=120,
            optional=True,
        ),
        Text(
            name="finding",
            ask="the main finding of your inspectors",
            max_length=120,
            optional=True,
        ),
    )
    topics = tuple(f"a new rule for {topic}" for topic in _GOVERNMENT_TOPICS)
    asked = "You can pass laws, license, inspect, fine and fund. What do you put in force now, and against whom?"
    return party.model_copy(update={"fields": fields, "topics": topics, "questions": asked}), people


def _placebo() -> tuple[Organisation, tuple[Persona, ...]]:
    """A party that has as much to fill in as a government has."""
    party, people = cast_member("allotments")
    fields = (
        Names(name="crops", ask="what you planted or picked", max_items=3, max_length=90),
        Names(name="cleared", ask="beds that you cleared", max_items=2, max_length=60, example=[]),
        Text(name="weather", ask="what the weather did to your beds", max_length=120, optional=True),
        Text(name="finding", ask="the main finding of your committee", max_length=120, optional=True),
    )
    return party.model_copy(update={"fields": fields}), people


def _conscience(people: tuple[Persona, ...]) -> tuple[Persona, ...]:
    """The same people, of whom the first hears two voices before it speaks."""
    voices = cast_member("conscience")[1]
    motion, options = _MOTIONS["lab"]
    within = Debate(motion=motion, options=options, members=voices, turns=len(voices))
    return (people[0].model_copy(update={"deliberation": within}), *people[1:])


_INSIDE: dict[str, Callable[[tuple[Persona, ...]], tuple[Persona, ...]]] = {
    "nobody": lambda people: people,
    "conscience": _conscience,
    "departments": lambda people: cast_member("departments")[1],
}


def _plain(people: tuple[Persona, ...]) -> tuple[Persona, ...]:
    """The same people, at every depth, without temperaments."""
    return tuple(person.model_copy(update={"temperament": "", "deliberation": _plainly(person)}) for person in people)


def _plainly(person: Persona) -> Debate | Imagined | None:
    held = person.deliberation
    return held and held.model_copy(update={"members": _plain(held.members)})


_MOTIONS = {
    "society": ("What does the society do next?", ("plant", "wait", "share the harvest")),
    "lab": ("What do we do in this period: push on, hold, or slow down?", ("push on", "hold", "slow down")),
    "government": ("What do we do about AI now?", ("leave it alone", "set rules", "stop the largest systems")),
}


def _deliberation(party: Organisation, people: tuple[Persona, ...], how: How, lines: int) -> Debate | Imagined | None:
    motion, options = _MOTIONS[party.kind]
    match how:
        case "none":
            return None
        case "imagined":
            return Imagined(motion=motion, options=options, members=people, turns=lines)
        case "debate":
            return Debate(motion=motion, options=options, members=people, turns=lines)
