"""Random scenarios in which every private text bears a mark of whose it is, a model that marks what it writes in
private, and who may read what."""

import dataclasses
import json
import random
import re
from typing import Any

from hypothesis import strategies as st

from converse_graph import Debate, ImaginedDebate, Motion, NullModel, Organisation, Persona, Request, Response, Scenario
from converse_graph.errors import ProviderUnreachable
from converse_graph.record.call_paths import CallPath
from tests.support.small_scenarios import table

ORDERS = ("listed", "shuffled", "simultaneous", "moderated")
MARK = re.compile(r"canary\[([^\]]+)\]")
NAMES = ("Ada", "Bo", "Cy")
HEARD_IN_DEBATE = ("line", "imagine")


def mark(path: str) -> str:
    """A text that is private to a speaker: the mark, and enough words to be found again by an audit.

    No seven words in a row are without the party, unless five or more of them follow by chance: so the marks of two
    parties are not taken for one, as they were where a common ending and three words of chance made seven.
    """
    return f"canary[{path}] which none read but {path} of {path.partition('/')[0]}"


@st.composite
def deliberations(draw: Any, path: str, depth: int) -> Debate | ImaginedDebate | None:
    """None, one imagined, or a debate with others inside it, to a depth."""
    kind = draw(st.sampled_from(["none", "imagined", "debate", "debate"])) if depth else "none"
    if kind == "none":
        return None
    inside = [draw(deliberations(f"{path}/{name}", depth - 1)) for name in NAMES[:2]]
    members = [
        Persona(name=name, aim=mark(f"{path}/{name}"), deliberation=inner if kind == "debate" else None)
        for name, inner in zip(NAMES, inside, strict=False)
    ]
    asked: dict[str, Any] = {"motion": mark(path), "members": members, "turns": draw(st.integers(2, 4))}
    asked["options"] = draw(st.sampled_from([(), ("yes", "no")]))
    return ImaginedDebate(**asked) if kind == "imagined" else Debate(**asked, **draw(mechanisms()))


@st.composite
def mechanisms(draw: Any) -> dict[str, Any]:
    """Rules against easy agreement, at random."""
    on = {name: draw(st.booleans()) for name in ("private_positions", "justify_changes", "dissenter")}
    return {**on, "ballot": draw(st.sampled_from(["open", "secret"]))}


@st.composite
def scenarios(draw: Any, depth: int = 2) -> Scenario:
    """Two or three parties, each with a marked brief and a deliberation of its own."""
    parties = [
        Organisation(name=name, brief=mark(name), questions=mark(name), deliberation=draw(deliberations(name, depth)))
        for name in ("North", "South", "West")[: draw(st.integers(2, 3))]
    ]
    motion = Motion(question="Shall we?", options=("yes", "no"), **draw(mechanisms())) if draw(st.booleans()) else None
    return table(*parties, order=draw(st.sampled_from(ORDERS)), rounds=2, motion=motion)


class Marking(NullModel):
    """Signs what it writes in private; now and then its reply does not fit, and once its server is gone."""

    def __init__(self, profile: Any, *, faults: int = 0, gone_at: int = 0) -> None:
        super().__init__()
        self.profile = profile
        self.calls = 0
        self._faults, self._gone_at = faults, gone_at

    async def complete(self, request: Request) -> Response:
        self.calls += 1
        if self.calls == self._gone_at:
            raise ProviderUnreachable("Nobody answers.")
        reply = await super().complete(request)
        signature = mark(written_for(request.place))
        chance = random.Random(f"{self._faults}|{request.place}|{request.attempt}").random()
        if self._faults and chance < 0.15:
            return dataclasses.replace(reply, text=json.dumps({"memo": signature}))
        said = {name: self._signed(name, value, signature) for name, value in json.loads(reply.text).items()}
        return dataclasses.replace(reply, text=json.dumps(said))

    def _signed(self, name: str, value: Any, signature: str) -> Any:
        private = name in ("memo", "line", "reason") or name.startswith("line_")
        return f"{signature} {value}"[:100] if private else value


def written_for(place: str) -> str:
    """On whose record it is what is written at a place: a line belongs to the debate that it is said in."""
    path = CallPath.parse(place)
    return path.owner if path.task == "line" else path.reader


def marks_in(text: str) -> set[str]:
    """Whose private texts a text holds."""
    return set(MARK.findall(text))
