"""`--set DIAL=VALUE` as settings of a scenario function."""

import json
from collections.abc import Sequence
from typing import Any

from converse_graph.errors import InvalidValue, UnknownName
from converse_graph.scenarios.dials import OTHERS, Dial, ScenarioFunction


def read_settings(function: ScenarioFunction, given: Sequence[str]) -> dict[str, Any]:
    """Settings by dial, checked.

    Args:
        function: Whose dials they are.
        given: Texts of the form DIAL=VALUE, or DIAL.PARTY=VALUE where a dial can be set by party.

    Raises:
        UnknownName: There is no such dial.
        InvalidValue: A text has another form, a dial is set twice, or it does not take that value.
    """
    known = {dial.name: dial for dial in function.dials}
    settings: dict[str, Any] = {}
    for text in given:
        written, equals, value = text.partition("=")
        named, dot, party = written.strip().partition(".")
        name = named.replace("-", "_")
        if not equals:
            raise InvalidValue(f"--set takes DIAL=VALUE, not {text!r}; the dials are: {', '.join(known) or 'none'}.")
        if name not in known:
            raise UnknownName.among(f"dial of {function.name}", written, known)
        if dot:
            _set_for(known[name], party.strip(), value, settings)
        elif name in settings:
            raise InvalidValue(f"Dial {name} is set twice; set it once.")
        else:
            settings[name] = _read(known[name], value)
    return settings


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
