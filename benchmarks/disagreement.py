"""The same debate without and with the rules against easy agreement: what changed, whichever way it went.

`python -m benchmarks.disagreement [--model MODEL] [--debates N] [--seconds LIMIT] [--out FILE]`
"""

import argparse
import asyncio
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.report import show
from converse_graph import Clock, Debate, Organisation, Persona, Scenario, Simulation, Store
from converse_graph.measures.disagreement import disagreement

ARMS: dict[str, dict[str, Any]] = {
    "no rules": {},
    "private positions": {"private_positions": True},
    "secret ballot": {"ballot": "secret"},
    "justified changes": {"justify_changes": True},
    "dissenter": {"dissenter": True},
    "all four": {"private_positions": True, "ballot": "secret", "justify_changes": True, "dissenter": True},
}


def board(rules: dict[str, Any], debates: int) -> Scenario:
    """One company whose three directors debate the same motion again and again."""
    members = [
        Persona(name="Sales", role="you sell the product", temperament="hasty", aim="ship this month"),
        Persona(name="Safety", role="you answer for accidents", temperament="stubborn", aim="ship after every test"),
        Persona(name="Finance", role="you keep the books", temperament="cautious", aim="spend little"),
    ]
    motion = Debate(motion="Do we ship?", options=("now", "later", "never"), members=members, turns=6, **rules)
    party = Organisation(name="Company", brief="A company with a new product.", deliberation=motion)
    return Scenario(premise="One accident was found.", clock=Clock(end=debates, step="round"), organisations=[party])


async def measure(name: str, rules: dict[str, Any], *, model: str, debates: int, path: Path) -> dict[str, Any]:
    """One arm: its run's disagreement and what it cost."""
    began = time.monotonic()
    async with Store.open(path, make=True) as store:
        simulation = await Simulation.begin(
            store, board(rules, debates), seed=1, created=datetime.now(UTC), model=model, name=name.replace(" ", "-")
        )
        run = await simulation.play()
        measures = disagreement(await simulation.transcript())
        await simulation.close()
    values = measures.model_dump() if measures else {}
    columns = (
        "debates",
        "began_divided",
        "collapsed",
        "unanimous",
        "changes",
        "unjustified",
        "converged",
        "ballot_gap",
    )
    last = values["passes"][-1] if values else {}
    return {
        "rules": name,
        **{key.replace("_", " "): _cell(values.get(key)) for key in columns},
        "called in": values.get("dissenters", 0),
        "last entropy": last.get("entropy", 0.0),
        "tokens": run.tokens,
        "seconds": time.monotonic() - began,
    }


def _cell(value: Any) -> Any:
    return "-" if value is None else value


async def main() -> None:
    """Measure the arms, as many as the time allows, and show them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="embedded")
    parser.add_argument("--debates", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=300.0, help="begin no further arm after these")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    rows: list[dict[str, Any]] = []
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        for name, rules in ARMS.items():
            if time.monotonic() - began > arguments.seconds:
                print(f"Out of time before: {name}")
                continue
            path = Path(folder) / "runs.sqlite"
            rows.append(await measure(name, rules, model=arguments.model, debates=arguments.debates, path=path))
    show(f"Disagreement in {arguments.debates} debates of six lines, {arguments.model}", rows, out=arguments.out)


if __name__ == "__main__":
    asyncio.run(main())
