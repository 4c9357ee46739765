"""The slips of somebody who writes a scenario file for the first time are told in a line that shows the way out."""

import codecs
from pathlib import Path

import pytest

from converse_graph.errors import InvalidValue
from converse_graph.scenarios.catalogue import find_scenario

BASE = """version: 1
premise: Two talk.
clock: {end: 3}
organisations:
  - name: A
    brief: You fish.
  - name: B
"""
WITH_FIELD = BASE + "    fields:\n      - name: catch\n        ask: how much\n"
DEBATE = BASE + "    deliberation:\n      motion: m\n      turns: 2\n"

SLIPS = {
    "a tab": (BASE.replace("    brief", "\tbrief"), "line 6: a tab stands where YAML wants spaces"),
    "a step too little": (BASE.replace("    brief", "   brief"), "line 6: this line does not begin where the others"),
    "a step too many": (BASE.replace("    brief", "      brief"), "line 6: this line does not begin where the others"),
    "no colon": (BASE.replace("brief: You", "brief You"), "line 6: 'brief You fish.' has no colon; write name: value"),
    "no space after a colon": (
        BASE.replace("premise: Two", "premise:Two"), "line 2: a space is missing after the colon; write premise: Two",
    ),
    "no space after a colon in braces": (BASE.replace("end: 3", "end:3"), "line 3: a space is missing after the colon"),
    "a colon in a text": (BASE.replace("Two talk.", "So: talk."), "line 2: the value of premise has a colon"),
    "a quotation mark left open": (BASE.replace("You fish.", '"You fish.'), "line 6: a quotation mark is opened here"),
    "a quotation at the start": (BASE.replace("You fish.", '"Fish" is all.'), "line 6: the value of brief goes on"),
    "a brace at the start": (BASE.replace("You fish.", "{fish} is all."), "line 6: the value of brief goes on after"),
    "an apostrophe in quotes": (BASE.replace("You fish.", "'You don't.'"), "and within them write '' for '"),
    "a list left open": (BASE + "stop: [a\n", "line 8: what is opened here lacks a comma between two entries, or its"),
    "a list left open at the end": (BASE + "stop: [\n", "line 9: the file ends, or a bracket closes, where a value"),
    "a star at the start": (BASE.replace("You fish.", "*fish*"), "(a text that begins with * goes in quotes)"),
    "an exclamation mark": (BASE.replace("You fish.", "!fish"), "(a text that begins with ! goes in quotes)"),
    "an at sign": (BASE.replace("You fish.", "@sea"), "line 6: a text that begins with @ goes in quotes"),
    "a number sign in a text": (BASE.replace("You fish.", "You are #1"), "line 6: what follows # is left out"),
    "a space from a web page": (BASE.replace("brief: You", "brief:\u00a0You"), "line 6: a space of another kind (U+0"),
    "an indent from a web page": (BASE.replace("    brief", "\u00a0" * 4 + "brief"), "line 6: a space of another kind"),
    "a date for a text": (BASE.replace("Two talk.", "2024-01-01"), "which YAML reads as a date; put it in quotes"),
    "a number for a name": (BASE.replace("name: B", "name: 7"), "line 7: Organisation: name is 7; it takes a text in"),
    "true for a text": (BASE.replace("You fish.", "true"), "line 6: Organisation: brief is true; it takes a text in q"),
    "a list for a text": (BASE.replace("You fish.", "[a]"), "line 6: Organisation: brief is a list; it takes a text"),
    "a word for a number": (BASE.replace("end: 3", "end: three"), "line 3: Clock: end is 'three'; it takes a whole n"),
    "a word for a step": (BASE.replace("end: 3", "end: 3, step: years"), "; did you mean 'year'?"),
    "a spelling": (BASE.replace("organis", "organiz"), "no field 'organizations'; did you mean 'organisations'?"),
    "a kind left out": (WITH_FIELD, "line 9: Organisation: fields.0: kind is missing; it is one of: text, list, boo"),
    "a kind misspelt": (WITH_FIELD + "        kind: numbr\n", "line 11: Organisation: fields.0.kind is 'numbr'"),
    "a name with a space": (WITH_FIELD.replace("catch", "the catch") + "        kind: text\n", "; write the_catch"),
    "a comma in a text in braces": (
        BASE + "    fields:\n      - {name: catch, kind: number, ask: fish, and meat, minimum: 0, maximum: 9}\n",
        "line 9: 'and meat' has no colon; in braces a text with a comma in it goes in quotes",
    ),
    "a bound with a comma": (
        WITH_FIELD + "        kind: number\n        minimum: 0\n        maximum: 1,000\n",
        "line 13: Number: maximum is '1,000'; it takes a number",
    ),
    "members as words": (DEBATE + "      members: [X, Y]\n", "line 11: Debate: members.0 is 'X'; it takes a table"),
    "options as numbers": (
        DEBATE + "      options: [10, 20]\n      members: [{name: X}, {name: Y}]\n",
        "line 11: Debate: options.0 is 10; it takes a text in quotes",
    ),
    "an event that nothing reports": (
        BASE + "events:\n  - name: deal\n    field: accepts\n", "line 9: Scenario: event 'deal' waits for field 'accep",
    ),
    "yes for true": (
        WITH_FIELD + "        kind: boolean\nevents:\n  - {name: much, field: catch, equals: yes}\n",
        "line 13: Scenario: event 'much' waits until catch equals 'yes', which it never can; catch takes true or false",
    ),
    "a word that is no option": (
        WITH_FIELD + "        kind: choice\n        options: [a, b]\nevents: [{name: much, field: catch, equals: c}]\n",
        "which it never can; catch takes one of: a; b",
    ),
    "a date that the clock has not": (BASE + "events:\n  - at: soon\n    text: x\n", "line 9: No period 'soon'"),
    "a date after the clock's end": (
        BASE + "events:\n  - at: 2\n    text: x\n  - at: 4\n    text: y\n",
        "line 11: an event is at '4', and the clock ends with '3', so that it never happens",
    ),
    "a rule for an event that is none": (
        BASE + "stop:\n  - kind: event\n    event: deal\n", "line 10: Scenario: no event 'deal'",
    ),
    "a name twice": (BASE.replace("name: B", "name: A"), "line 5: Scenario: two organisations are called 'A'"),
    "prose": ("Two states talk about fish.\n", "line 1: this is no table of named values: each stands in a line"),
    "nothing": ("# later\n", "line 1: this is no table of named values: the file is empty"),
    "another version": (BASE.replace("version: 1", "version: 1.0"), "line 1: version 1.0; this release reads version"),
}  # fmt: skip


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_is_told_with_its_line_and_the_way_out(slip: str, tmp_path: Path) -> None:
    text, says = SLIPS[slip]
    path = tmp_path / "fishing.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidValue) as refused:
        find_scenario(str(path))
    assert str(refused.value).startswith(f"{path}, line ")
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)
    assert "discriminator" not in str(refused.value)


@pytest.mark.parametrize(
    "content",
    [
        BASE.replace("\n", "\r\n").encode(),
        BASE.replace("\n", "\r").encode(),
        codecs.BOM_UTF8 + BASE.encode(),
        BASE.replace("You fish.", "You “fish”.").encode(),
        BASE.replace("{end: 3}", '{end: "3"}').encode(),
        (WITH_FIELD + "        kind: boolean\n        optional: yes\n").encode(),
        (BASE + "#later\ntitle: Talks # for us\n").encode(),
    ],
)
def test_what_editors_of_all_sorts_save_is_read(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "fishing.yaml"
    path.write_bytes(content)
    assert [party.name for party in find_scenario(str(path))().organisations] == ["A", "B"]


@pytest.mark.parametrize("content", [codecs.BOM_UTF16_LE + BASE.encode("utf-16-le"), BASE.encode("utf-16-be")])
def test_another_encoding_is_named(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "fishing.yaml"
    path.write_bytes(content)
    with pytest.raises(InvalidValue, match=r"line 1: this is UTF-16, or no text at all; save the file as UTF-8\."):
        find_scenario(str(path))
