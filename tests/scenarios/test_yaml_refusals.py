"""What a scenario file may not be is refused in one line that names the line."""

from pathlib import Path

import pytest

from converse_graph.errors import InvalidValue, NotFound
from converse_graph.scenarios.catalogue import absolute_reference, find_scenario
from converse_graph.scenarios.rules import Event, ScheduledEvent
from converse_graph.scenarios.strict_yaml import MAX_BYTES
from converse_graph.scenarios.yaml_files import load_scenario, read_scenario

BASE = """version: 1
premise: Two talk.
clock: {end: 3}
organisations:
  - name: A
"""
DEBATE = """    deliberation:
      kind: debate
      motion: m
      turns: 2
      members:
        - name: X
        - name: Y
          goal: win
"""

FIELD = "    fields:\n    - name: a\n      ask: b\n"
WRONG_VALUES = [
    (FIELD, "line 7: Organisation: fields.0: kind is missing; it is one of: text, list, boolean"),
    (FIELD + "      kind: numbr\n", "line 9: Organisation: fields.0.kind is 'numbr'; it is one of: text, list"),
    (FIELD + "      kind: numbr\n", "; did you mean 'number'?"),
    (FIELD + "      kind: integer\n      maximum: 3\n", "line 7: Integer: minimum is missing"),
    (
        FIELD + "      kind: boolean\n      optional: maybe\n",
        "line 10: Boolean: optional is 'maybe'; it takes true or false",
    ),
    (
        FIELD + "      kind: integer\n      maximum: 3\n      minimum: x\n",
        "line 11: Integer: minimum is 'x'; it takes a whole number",
    ),
    (
        FIELD + "      kind: integer\n      maximum: 3\n      minimum: 1.5\n",
        "line 11: Integer: minimum is 1.5; it takes a whole number",
    ),
    (
        FIELD + "      kind: number\n      maximum: 3\n      minimum: x\n",
        "line 11: Number: minimum is 'x'; it takes a number",
    ),
    ("    fields: 3\n", "line 6: Organisation: fields is 3; it takes a list"),
    ("    fields: [3]\n", "line 6: Organisation: fields.0 is 3; it takes a table of its fields"),
    ("    brief: 3\n", "line 6: Organisation: brief is 3; it takes a text"),
    ("    brief:\n", "line 6: Organisation: brief is null; it takes a text"),
    ("    brief: [a]\n", "line 6: Organisation: brief is a list; it takes a text"),
    ("    examples: x\n", "line 6: Organisation: examples is 'x'; it takes a list"),
    ("    questions_at: x\n", "line 6: Organisation: questions_at is 'x'; it takes a table of named values"),
    ("    deliberation: yes\n", "line 6: Organisation: deliberation is 'yes'; it takes a table of its fields"),
    ("    deliberation: {kind: debte}\n", "line 6: Organisation: deliberation.kind is 'debte'; it is one of: debate,"),
    ("    deliberation: {motion: m, turns: 2}\n", "line 6: Debate: members is missing"),
    ("order: shufled\n", "line 6: Scenario: order is 'shufled'; it takes one of: listed; shuffled; simultaneous;"),
    ("order: shufled\n", "; did you mean 'shuffled'?"),
    ("verbatim_round: 3\n", "; did you mean 'verbatim_rounds'?"),
    ("verbatim_rounds: 0\n", "line 6: Scenario: verbatim_rounds is 0; it takes at least 1"),
    ("max_statement_chars: 9000\n", "line 6: Scenario: max_statement_chars is 9000; it takes at most 8000"),
    ("memory: {recall: {half_life: 0}}\n", "line 6: Recall: half_life is 0; it takes more than 0"),
    ("motion: {question: q, options: [a]}\n", "line 6: Motion: options is a list; it takes at least 2 entries, not 1"),
    ("stop: [{event: e}]\n", "line 6: Scenario: stop.0: kind is missing; it is one of: event, silence, when"),
    (
        "events: [{name: a, field: b, equals: [1]}]\n",
        "line 6: Event: equals is a list; it takes true or false or a whole number or a text",
    ),
]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (BASE + "premise: again\n", "line 6: 'premise' a second time, after line 2"),
        (BASE + "title: !!str x\n", "line 6: the tag"),
        (BASE + "title: !!python/object/apply:os.system [ls]\n", "line 6: the tag"),
        (BASE + "  - !party {name: B}\n", "line 6: the tag !party"),
        (BASE + "  - &b {name: B}\n  - *b\n", "line 6: an anchor"),
        (BASE + "  - *b\n", "line 6: an alias"),
        (BASE + "<<: {title: x}\n", "line 6: '<<'"),
        (BASE + "---\na: 1\n", "line 6: a second document"),
        ("%YAML 1.1\n---\n" + BASE, "line 2: a directive"),
        (BASE + "1: x\n", "line 6: a key that is no text"),
        (BASE + "title: 2024-01-01\n", "line 6: '2024-01-01', which YAML reads as a date"),
        (BASE + "title: " + "[" * 100, "line 6: a value nested over 60 deep"),
        (BASE + f"window: {'9' * 5000}\n", "line 6: a number that cannot be read"),
        (BASE + "title: [a\n", "line 6: what is opened here lacks a comma"),
        ("a: \x00", "line 1: this is no YAML"),
        ("", "line 1: this is no table"),
        ("- version: 1\n", "line 1: this is no table"),
        ("premise: p\n", "version is missing; begin the file with: version: 1"),
        ("premise: p\nversion: 2\n", "line 2: version 2; this release reads version 1"),
        ("version: true\n", "version True"),
        ("version: '1'\n", "version '1'"),
        (BASE + "    goal: win\n", "line 6: Organisation: no field 'goal'; there is: name, brief"),
        (BASE + DEBATE, "line 13: Persona: no field 'goal'; there is: name, role"),
        (BASE + "parties: []\n", "line 6: Scenario: no field 'parties'"),
        (BASE + "verbatim_rounds: soon\n", "line 6: Scenario: verbatim_rounds is 'soon'"),
        (BASE + "  - name: A\n", "two organisations are called 'A'"),
        (BASE + "stop:\n  - kind: when\n", "line 7: a rule of kind 'when' is Python"),
        (BASE + "events:\n  - at: 2\n    txt: x\n", "line 8: ScheduledEvent: text is missing; no field 'txt'"),
        (BASE + "events:\n  - name: Big\n    field: f\n", "line 7: Event: name is 'Big'"),
        (BASE + "events:\n  - 3\n", "line 7: Scenario: events"),
        *((BASE + text, says) for text, says in WRONG_VALUES),
    ],
)
def test_a_file_that_is_wrong_is_refused_with_the_line(text: str, says: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        read_scenario(text)
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_deliberation_that_names_no_kind_is_a_debate() -> None:
    text = BASE + DEBATE.replace("      kind: debate\n", "").replace("          goal: win\n", "")
    [party] = read_scenario(text).organisations
    assert party.deliberation is not None
    assert party.deliberation.kind == "debate"


def test_words_that_older_yaml_took_for_something_else_stay_words() -> None:
    made = read_scenario(BASE.replace("Two talk.", "no") + "title: 1:30:00\ndial_values: {a: yes, b: 1:30}\n")
    assert made.premise == "no"
    assert made.dials == {"a": "yes", "b": "1:30"}


def test_one_table_holds_events_that_are_awaited_and_events_that_have_a_date() -> None:
    made = read_scenario(
        BASE + "    fields: [{kind: boolean, name: done, ask: done?}]\n"
        "events:\n  - {name: over, field: done}\n  - {at: 2, text: It rains., party: A}\n"
    )
    assert made.events == (Event(name="over", field="done"), ScheduledEvent(at=2, text="It rains.", party="A"))


def test_a_file_that_is_absent_too_large_or_no_utf8_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="No file"):
        find_scenario(str(tmp_path / "none.yaml"))
    path = tmp_path / "it.yaml"
    path.write_bytes(b"#" * (MAX_BYTES + 1))
    with pytest.raises(InvalidValue, match="at most 512 kB"):
        load_scenario(path)
    path.write_bytes(b"version: 1\npremise: \xff\n")
    with pytest.raises(InvalidValue, match=r"it.yaml, line 2: this is no UTF-8"):
        load_scenario(path)


def test_a_file_is_a_scenario_without_dials_named_as_it_says_or_as_it_is_called(tmp_path: Path) -> None:
    path = tmp_path / "My talks.yml"
    path.write_text(BASE, encoding="utf-8")
    found = find_scenario(str(path))
    assert (found.name, found.dials, found().name) == ("my-talks", (), "my-talks")
    with pytest.raises(NotFound, match="No dial of my-talks 'labs'; there is: none"):
        found(labs=3)
    path.write_text(BASE + "name: quarrel\n", encoding="utf-8")
    assert find_scenario(str(path)).name == "quarrel"


def test_a_reference_to_a_file_lasts_when_the_working_directory_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert absolute_reference("it.yaml") == str(tmp_path / "it.yaml")
    assert absolute_reference("it.py:talks") == f"{tmp_path / 'it.py'}:talks"
    assert absolute_reference("agi-race") == "agi-race"
