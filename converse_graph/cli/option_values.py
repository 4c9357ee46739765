"""What the texts of `--set`, `--option`, `--event` and `--field` mean."""

import json
import re
from collections.abc import Sequence
from typing import Any

from converse_graph.errors import InvalidValue, NotFound
from converse_graph.scenarios.dials import OTHERS, Dial
from converse_graph.scenarios.model_settings import ModelSettings
from converse_graph.scenarios.rules import ScheduledEvent
from converse_graph.scenarios.scenario_functions import ScenarioFunction


def read_settings(function: ScenarioFunction, texts: Sequence[str]) -> dict[str, Any]:
    """Settings by dial, checked.

    Args:
        function: Whose dials they are.
        texts: Texts of the form DIAL=VALUE, or DIAL.PARTY=VALUE where a dial can be set by party.

    Raises:
        NotFound: There is no such dial.
        InvalidValue: A text has another form, a dial is set twice, or it does not take that value.
    """
    dials = {dial.name: dial for dial in function.dials}
    settings: dict[str, Any] = {}
    for text in texts:
        setting, equals, value = text.partition("=")
        dial_name, dot, party = setting.strip().partition(".")
        name = dial_name.replace("-", "_")
        if not equals:
            way_out = f"write --set {name}=VALUE" if name in dials else f"the dials are: {', '.join(dials) or 'none'}"
            raise InvalidValue(f"--set takes DIAL=VALUE, not {text!r}; {way_out}.")
        if name not in dials:
            raise NotFound.among(f"dial of {function.name}", setting, dials)
        if dot:
            _set_for(dials[name], party.strip(), value, settings)
        elif name in settings:
            raise InvalidValue(f"Dial {name} is set twice; set it once.")
        else:
            settings[name] = _read(dials[name], value)
    return settings


_OPTION = re.compile(rf"(?:(.+?)\.)??({'|'.join(ModelSettings.model_fields)}|extra_body\..+)")
"""A setting, or that of a speaker by its path, whose names may hold points: "St. John/CEO.temperature"."""


def read_model_options(texts: Sequence[str]) -> dict[str, ModelSettings]:
    """Read settings of models, by the path of a speaker; "" for everybody.

    Args:
        texts: Texts such as "temperature=0.7", "OpenAI.temperature=1", "OpenAI/CEO.thinking=low",
            "extra_body.num_ctx=8192".

    Raises:
        InvalidValue: A text has another form, a setting is given twice, or it does not take that value.
        NotFound: There is no such setting.
    """
    values: dict[str, dict[str, Any]] = {}
    for text in texts:
        path, name, value = _read_option(text)
        of_path, outer, inner = values.setdefault(path, {}), *name.partition(".")[::2]
        at, key = (of_path.setdefault(outer, {}), inner) if inner else (of_path, outer)
        if not isinstance(at, dict) or key in at:
            raise InvalidValue(f"Option {text.partition('=')[0].strip()} is given twice; give it once.")
        at[key] = value
    return {path: ModelSettings(**settings) for path, settings in values.items()}


def _read_option(text: str) -> tuple[str, str, Any]:
    """The path, the setting and the value, which is JSON where it is read as such, and a text otherwise."""
    setting, equals, value = text.partition("=")
    if not equals or setting.strip().startswith("."):
        raise InvalidValue(f"--option takes NAME=VALUE or PARTY.NAME=VALUE, not {text!r}.")
    match = _OPTION.fullmatch(setting.strip())
    if match is None:
        raise NotFound.among("setting", setting.strip().rpartition(".")[2], ModelSettings.model_fields)
    try:
        return match[1] or "", match[2], json.loads(value)
    except ValueError:
        return match[1] or "", match[2], value.strip()


def read_events(
    texts: Sequence[str], dates: Sequence[str], parties: Sequence[str], *, at: str
) -> tuple[ScheduledEvent, ...]:
    """The events that were asked for.

    Args:
        texts: What happens.
        dates: When: one date for all events, or one each; none for `at`.
        parties: Whom they are for: one for all events, or one each; none for everybody.
        at: The date of events that have none of their own.

    Raises:
        InvalidValue: An event says nothing, or there are neither as many dates or parties as events nor one.
    """
    for text in texts:
        if not text.strip():
            raise InvalidValue("An event says nothing; --event takes what happens, in words.")
    when = _for_each(texts, dates, "--event-at") or [at] * len(texts)
    whom: Sequence[str | None] = _for_each(texts, parties, "--to") or [None] * len(texts)
    return tuple(ScheduledEvent(at=when[number], text=text, party=whom[number]) for number, text in enumerate(texts))


def read_fields(texts: Sequence[str]) -> dict[str, str]:
    """What a party reports otherwise, as texts by field.

    Args:
        texts: Texts of the form NAME=VALUE.

    Raises:
        InvalidValue: A text has another form, or a field is given twice.
    """
    fields: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise InvalidValue(f"--field takes NAME=VALUE, not {text!r}.")
        if name.strip() in fields:
            raise InvalidValue(f"Field {name.strip()} is given twice; give it once.")
        fields[name.strip()] = value
    return fields


def _set_for(dial: Dial, party: str, value: str, settings: dict[str, Any]) -> None:
    """Set a dial for one party; for the others it stays as it is set so far."""
    if not dial.by_name:
        raise InvalidValue(f"Dial {dial.name} is not set by party; set it as {dial.name}=VALUE.")
    so_far = settings.get(dial.name, dial.default)
    table = so_far if isinstance(so_far, dict) else {OTHERS: so_far}
    if party in table and party != OTHERS and dial.name in settings:
        raise InvalidValue(f"Dial {dial.name} is set twice for {party}; set it once.")
    settings[dial.name] = dial.read({**table, party: value})


def _read(dial: Dial, text: str) -> Any:
    """A setting as the text itself or, where the dial takes none such, as the JSON it may be."""
    try:
        return dial.read(text)
    except InvalidValue as refused:
        try:
            return dial.read(json.loads(text))
        except ValueError:
            raise refused from None


def _for_each(texts: Sequence[str], entries: Sequence[str], option: str) -> list[str]:
    if len(entries) == 1 and texts:
        return list(entries) * len(texts)
    if entries and len(entries) != len(texts):
        raise InvalidValue(f"{option} goes with --event: give it once for all events, or once for each of them.")
    return list(entries)
