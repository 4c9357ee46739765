"""Names as people write them: at the table, on the command line, in pictures and pages, in the store and the audit."""

import unicodedata
from pathlib import Path
from xml.etree import ElementTree

import pytest

from converse_graph import Organisation, Persona, Store
from converse_graph.audit.audit import audit_run
from converse_graph.errors import InvalidValue
from converse_graph.scenarios.speaker_paths import PUBLIC, owner_from_record, owner_on_record
from tests.support.command_line import Converse
from tests.support.small_scenarios import debate, played, table

NFD = unicodedata.normalize("NFD", "Société Générale")
NAMES = [
    "public",
    "हिन्दी संघ",
    "தமிழ் வங்கி",
    "বাংলা ব্যাংক",
    NFD,
    "O\u2019Neil",
    "Bank (UK)",
    "Smith, Jones & Co.",
    "Yahoo!",
    "中国银行",
]


@pytest.mark.parametrize("name", NAMES)
async def test_a_name_stands_untouched_in_the_record_and_the_audit_finds_nothing(store: Store, name: str) -> None:
    brief = "Our crane is failing badly, and nobody but us may hear of it before spring."
    party = Organisation(name=name, brief=brief, deliberation=debate(name, "Rival"))
    simulation = await played(store, table(party, "Rival", rounds=2))
    transcript = await simulation.transcript()
    assert [statement.speaker for statement in transcript.statements] == [name, "Rival"] * 2
    assert transcript.header.cast[0].name == name
    owners = {message.owner for call in store.journal(simulation.run.id).calls() for message in call.messages}
    assert {PUBLIC, name, "Rival"} <= owners
    result = await audit_run(store, simulation.run.name)
    assert (result.leaks, result.calls > 0) == ((), True)


@pytest.mark.parametrize("name", ["public", "हिन्दी संघ", NFD, "O\u2019Neil", "Smith, Jones & Co. (UK)"])
def test_a_name_works_on_the_command_line(converse: Converse, tmp_path: Path, name: str) -> None:
    clock = "version: 1\npremise: A contract ends.\nclock: {end: 3, step: round}\n"
    (tmp_path / "s.yaml").write_text(f'{clock}organisations:\n  - name: "{name}"\n  - name: Rival\n')
    typed = unicodedata.normalize("NFC", name).replace("\u2019", "'")
    assert converse("run", "s.yaml", "--model", "null", "--no-judge", "--name", "r", "--max-turns", "2").code == 3
    assert converse("inject", "r", "--at", "3", "--event", "A CRANE FELL.", "--to", typed).code == 0
    assert converse("resume", "r", "--no-judge", "--option", f"{typed}.temperature=1").code == 0
    assert converse("audit", "r").code == 0
    assert "A CRANE FELL" not in converse("show", "r").out
    fork = converse("fork", "r", "--at", f"2:{typed}", "--say", "Other words.", "--name", "f", "--no-judge")
    assert fork.code == 0, fork.err
    assert name in converse("show", "f", "--as", "json").out
    ElementTree.fromstring(converse("graph", "s.yaml", "--as", "svg").out)  # noqa: S314 - our own picture
    assert "flowchart" in converse("graph", "s.yaml").out


def test_two_spellings_of_one_name_are_two_parties_of_one_name() -> None:
    with pytest.raises(InvalidValue, match="names must differ"):
        table("O\u2019Neil", "O'Neil")
    with pytest.raises(InvalidValue, match="names must differ"):
        table("Général", unicodedata.normalize("NFD", "Général"))


@pytest.mark.parametrize(
    "name", ["", " x", "x ", "a/b", "a:b", "a|b", "a\nb", "<b>", '"x"', "\u202ex", "*", "=x", "x" * 61]
)
def test_what_cannot_stand_in_a_path_or_hides_something_is_no_name(name: str) -> None:
    with pytest.raises(InvalidValue, match="a name is 1 to 60 letters"):
        Persona(name=name)


@pytest.mark.parametrize("owner", [PUBLIC, "public", "public/CEO", "Bank"])
def test_an_owner_is_read_back_from_a_store(owner: str) -> None:
    assert owner_from_record(owner_on_record(owner)) == owner
