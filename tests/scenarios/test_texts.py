"""What scenarios tell their parties is in files that anyone can edit, and a slip in one is named."""

import shutil
from pathlib import Path

import pytest

from converse_graph import cast_member, find_scenario, scenario_texts
from converse_graph.errors import InvalidValue, NotFound
from converse_graph.resources import search_path

OURS = search_path("prompts")[-1] / "scenarios" / "ai-futures.yaml"


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the texts in a working directory of one's own, which goes first."""
    path = tmp_path / "prompts" / "scenarios" / OURS.name
    path.parent.mkdir(parents=True)
    shutil.copy(OURS, path)
    monkeypatch.chdir(tmp_path)
    return path


def test_a_text_that_is_edited_in_the_working_directory_is_what_parties_are_told(copy: Path) -> None:
    made = find_scenario("ai-futures")
    before = made(uk=True)
    written = copy.read_text(encoding="utf-8")
    copy.write_text(written.replace("AI labs report in public", "Labs report in a radio hour"), encoding="utf-8")
    after = made(uk=True)
    assert after.premise == before.premise.replace("AI labs report in public", "Labs report in a radio hour")
    assert after.organisations == before.organisations


@pytest.mark.parametrize(
    ("was", "becomes", "said"),
    [
        ("  light: Labs", "  lighter: Labs", "regulation.light is missing; write a text there"),
        ("opening: AI labs report", "opening: 7 #", "opening is 7; write a text there"),
        ("options: [leave it alone, ", "options: [true, ", "government.options is a list of something else than texts"),
        ("  motion: What does the society do next?\n", "", "society.motion is missing"),
        (
            "    fields:\n      capabilities: each",
            "    field:\n      capabilities: each",
            "other_words.lab.field is a table, and the usual words are missing",
        ),
        ("opening: ", "opening: [", "ai-futures.yaml, line 2: what is opened here lacks a comma"),
    ],
)
def test_a_slip_in_a_file_of_texts_is_told_with_its_file_and_its_place(
    copy: Path, was: str, becomes: str, said: str
) -> None:
    written = copy.read_text(encoding="utf-8")
    assert was in written
    copy.write_text(written.replace(was, becomes), encoding="utf-8")
    dials = {"regulation": "light", "deliberation": "debate", "wording": "other" if "other" in said else "usual"}
    with pytest.raises(InvalidValue) as refused:
        find_scenario("ai-futures")(uk=True, placebo=True, **dials)
    assert said in str(refused.value)
    assert str(copy) in str(refused.value)


def test_texts_that_are_in_no_file_are_refused_with_what_there_is() -> None:
    with pytest.raises(NotFound, match=r"No file of texts 'futures'. Did you mean 'ai-futures'\? There is: ai-futures"):
        scenario_texts("futures")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name: Acme\npeople:\n  - name: Ann\n    rol: chair\n", "acme.yaml, line 4: Persona: no field 'rol'"),
        ("name: Acme\nbreif: It sells.\n", "acme.yaml, line 2: Organisation: no field 'breif'"),
        ("name: Acme\npeople: Ann\n", "acme.yaml, line 2: people is a list of tables"),
        ("name: Acme\nbrief: &b x\n", "acme.yaml, line 2: an anchor"),
        ("name: Acme\nbrief: !!python/name:os.system x\n", "acme.yaml, line 2: the tag"),
    ],
)
def test_a_slip_in_a_cast_file_is_told_with_its_line(
    text: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "prompts" / "cast" / "acme.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidValue) as refused:
        cast_member("acme")
    assert said in str(refused.value)


def test_the_other_words_of_a_scenario_change_words_alone() -> None:
    made = find_scenario("ai-futures")
    dials = {"uk": True, "china": True, "regulation": "strict", "competition": "intense", "openness": "open",
             "deliberation": "debate", "world": True}  # fmt: skip
    usual, other = (made(**dials, wording=wording) for wording in ("usual", "other"))

    assert usual.premise != other.premise
    for one, same in zip(usual.organisations, other.organisations, strict=True):
        assert one.questions != same.questions
        assert [field.ask for field in one.fields] != [field.ask for field in same.fields]
        fields = [field.model_copy(update={"ask": "", "example": None}) for field in one.fields]
        assert fields == [field.model_copy(update={"ask": "", "example": None}) for field in same.fields]
        assert (one.brief, one.topics, one.examples) == (same.brief, same.topics, same.examples)
    assert (usual.world, usual.clock, usual.events, usual.stop) == (other.world, other.clock, other.events, other.stop)
