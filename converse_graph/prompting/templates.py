"""Finds, checks and renders the templates in `prompts/`: one Markdown file a task, variables declared at its top."""

import hashlib
import re
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from converse_graph.errors import InvalidValue
from converse_graph.models.base import Message, PromptProfile, Role
from converse_graph.record.call_paths import Provenance
from converse_graph.resources import search_path

_PERSONA = frozenset({"name", "role", "temperament", "aim", "owner", "introduction", "manner", "wish"})
_MEMBER = frozenset({*_PERSONA, "period", "motion", "positions", "situation"})
_TALK = frozenset({"name", "period", "motion", "topic", "members", "positions", "turns", "situation"})
_SUMMED_UP = frozenset({"name", "first", "last"})
_VOTER = frozenset({"name", "period", "motion", "positions"})

TASKS: Mapping[str, frozenset[str]] = {
    "organisation/brief": frozenset({"name", "premise", "motion", "others", "world", "brief"}),
    "organisation/example": frozenset({"name", "topic"}),
    "organisation/statement": frozenset(
        {
            "name",
            "period",
            "questions",
            "changed",
            "decision",
            "events",
            "standing",
            "kept",
            "length",
            "topic",
            "when",
            "report",
        }
    ),
    "organisation/position": _VOTER,
    "organisation/ballot": _VOTER,
    "organisation/written": frozenset({"position", "reason"}),
    "organisation/justify": frozenset(),
    "organisation/dissent": frozenset({"position"}),
    "organisation/imagined": _TALK,
    "persona/brief": _PERSONA,
    "persona/example": frozenset({"name"}),
    "persona/line": frozenset({*_MEMBER, "decision", "others", "topic", "so_far"}),
    "persona/position": _MEMBER,
    "persona/ballot": _MEMBER,
    "persona/minutes": frozenset({*_MEMBER, "decision", "report"}),
    "persona/first-line": frozenset(),
    "persona/next-line": frozenset(),
    "persona/written": frozenset({"position", "reason"}),
    "persona/justify": frozenset(),
    "persona/dissent": frozenset({"position"}),
    "persona/imagined": _TALK,
    "any/talk": _TALK,
    "any/talk-example": frozenset(),
    "organisation/summary": _SUMMED_UP,
    "organisation/reflection": _SUMMED_UP,
    "persona/summary": _SUMMED_UP,
    "moderator/summary": _SUMMED_UP,
    "moderator/pick": frozenset({"premise", "period", "candidates"}),
    "any/repair": frozenset({"error"}),
    "any/repair-fields": frozenset({"error", "report"}),
}
"""Every task there is a prompt for, and the variables that code offers it."""

_FRONT = re.compile(r"---\n(?P<front>.*?)\n---\n(?P<text>.*)", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Template:
    """A prompt with holes."""

    task: str
    """Which of `TASKS` it is for."""
    variables: frozenset[str]
    text: str

    def render(self, values: Mapping[str, str]) -> str:
        """Fill the holes; values that the template does not declare are left out.

        Runs of blank lines close up, and so does what an empty value leaves at the end of a line.
        """
        text = string.Template(self.text).substitute({name: values[name] for name in self.variables})
        if " \n" in text:  # in most there is none, and to look at every space for it takes a while
            text = re.sub(r" +$", "", text, flags=re.M)
        return re.sub(r"\n{3,}", "\n\n", text).strip()


@dataclass(frozen=True)
class Prompts:
    """The templates of one run, by task and profile."""

    templates: Mapping[tuple[str, PromptProfile], Template]

    def render(self, task: str, profile: PromptProfile, values: Mapping[str, str]) -> str:
        """Render the template of a task in the set that suits a model."""
        return self.templates[task, profile].render(values)

    def message(
        self, task: str, profile: PromptProfile, values: Mapping[str, str], *, owner: str, role: Role = "user"
    ) -> Message:
        """Render the template of a task as a message of a prompt, which names the template as its source.

        Args:
            task: Which of `TASKS` it is for.
            profile: Which sort of model reads it.
            values: What to fill it with.
            owner: Who may read it.
            role: Who says it.
        """
        text = self.render(task, profile, values)
        return Message(role=role, text=text, source=str(Provenance.of_template(task)), owner=owner)

    @cached_property
    def digests(self) -> dict[str, str]:
        """A digest of each template, by task and profile, for the record."""
        return {
            f"{task} ({profile})": hashlib.blake2b(template.text.encode(), digest_size=8).hexdigest()
            for (task, profile), template in sorted(self.templates.items())
        }

    @cached_property
    def digest(self) -> str:
        """One digest of them all."""
        return hashlib.blake2b("".join(self.digests.values()).encode(), digest_size=8).hexdigest()


def load_prompts(look_in: Sequence[Path] | None = None, tasks: Mapping[str, frozenset[str]] = TASKS) -> Prompts:
    """Load and check templates.

    Args:
        look_in: Folders, first come first served; by default the working directory's `prompts`, then the
            package's own.
        tasks: The tasks that there must be a template for, and the variables that each is offered.

    Raises:
        InvalidValue: A template is missing, or its variables are not those it declares and code offers.
    """
    places = tuple(look_in) if look_in is not None else tuple(search_path("prompts"))
    return _load(places, tuple(tasks.items()))


@lru_cache(maxsize=8)
def _load(look_in: tuple[Path, ...], tasks: tuple[tuple[str, frozenset[str]], ...]) -> Prompts:
    templates: dict[tuple[str, PromptProfile], Template] = {}
    for task, variables in tasks:
        large = _read(_locate(task, look_in), task, variables)
        small = next((path for folder in look_in if (path := folder / f"{task}.small.md").is_file()), None)
        templates[task, "large"] = large
        templates[task, "small"] = _read(small, task, variables) if small else large
    return Prompts(templates)


def _locate(task: str, look_in: Sequence[Path]) -> Path:
    for folder in look_in:
        if (path := folder / f"{task}.md").is_file():
            return path
    raise InvalidValue(f"No prompt {task}.md in {', '.join(str(folder) for folder in look_in)}.")


def _read(path: Path, task: str, available: frozenset[str]) -> Template:
    try:
        match = _FRONT.fullmatch(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise InvalidValue(f"{path}: this is no text in UTF-8; save the file as UTF-8.") from None
    except OSError as error:
        raise InvalidValue(f"{path}: the file cannot be read: {error.strerror}.") from None
    if match is None:
        raise InvalidValue(f"{path}: a prompt begins with a block between two lines of ---, which names its variables.")
    declaration = re.search(r"^variables:\s*(.*)$", match["front"], re.M)
    variables = frozenset(re.findall(r"\w+", declaration[1])) if declaration else frozenset()
    template = string.Template(match["text"])
    if not template.is_valid():
        raise InvalidValue(f"{path}: a lone $; write $$ for the sign itself.")
    used = frozenset(template.get_identifiers())
    if used != variables:
        odd = ", ".join(sorted(used ^ variables))
        raise InvalidValue(f"{path}: declared and used variables differ in: {odd}.")
    if unknown := variables - available:
        raise InvalidValue(
            f"{path}: no variable {', '.join(sorted(unknown))}; {task} is offered: {', '.join(sorted(available))}."
        )
    return Template(task=task, variables=variables, text=match["text"])
