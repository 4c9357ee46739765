"""The AI world by its rules alone: ours beside the published timeline models, and what policies come to.

python -m benchmarks.ai_world [--out FOLDER]
"""

import argparse
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.report import show
from converse_graph.scenarios.catalogue import find_scenario
from converse_graph.world.batch import WorldBatch, play_batch
from converse_graph.world.policies import chooser, named_policy

SEEDS = range(2000)
YEARS = 30
POLICIES: tuple[tuple[str, Mapping[str, str], Mapping[str, Any]], ...] = (
    ("nobody does anything", {}, {}),
    ("labs race", {"lab": "race"}, {}),
    ("labs put safety first", {"lab": "careful"}, {}),
    ("a cap at home alone, enforced", {"government": "always:enact_cap"}, {"regulation": "strict"}),
    ("a moratorium at home alone, enforced", {"government": "halt"}, {"regulation": "strict"}),
    ("a moratorium at home alone, not enforced", {"government": "halt"}, {}),
    ("a treaty of both governments", {"government": "seek_treaty"}, {"china": True}),
    ("everybody by chance", {"lab": "random", "government": "random"}, {"china": True}),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="a folder to write the figures into too, as JSON")
    out: Path | None = parser.parse_args().out
    for name, title, rows in (
        ("anchors", "Years to AGI with nobody doing anything, beside the published models", list(_anchors())),
        ("policies", "What policies come to: the first AGI, at home or abroad", list(_policies())),
    ):
        show(title, rows, out=out and out / f"ai_world_{name}.json")


def _play(policies: Mapping[str, str], *, start: int = 2024, years: int = YEARS, **dials: Any) -> WorldBatch:
    base = {"step": "year", "start": start, "end": start + years - 1, "world": True}
    scenario = find_scenario("ai-futures")(**{**base, **dials})
    kinds = {party.name: party.kind for party in scenario.organisations}
    world = scenario.world
    if world is None:
        raise AssertionError("the scenario is played without its world")
    choose = {
        name: chooser(named_policy(policies.get(kind, "wait"), world, _no_function), world, kind)
        for name, kind in kinds.items()
    }
    return play_batch(world, kinds, SEEDS, rounds=years, choose=choose)


def _no_function(name: str) -> Any:
    raise AssertionError(name)


def _years(batch: WorldBatch, event: str, start: int) -> "np.ndarray[Any, np.dtype[np.float64]]":
    rounds = batch.event_rounds[event]
    return np.where(rounds >= -1, (start + rounds).astype(np.float64), np.inf)


def _anchors() -> Iterator[dict[str, Any]]:
    published = {"horizon": "2027 (2025 to 2039)", "compute": "late 2032"}
    for growth in ("horizon", "compute"):
        for start in (2018, 2024):
            batch = _play({}, start=start, years=60, labs=1, growth=growth)
            yield {
                "model": growth, "begun": start, "published": published[growth],
                **_quantiles(_years(batch, "agi_reached", start)),
            }  # fmt: skip


def _policies() -> Iterator[dict[str, Any]]:
    for growth in ("horizon", "compute"):
        for competition in ("some", "intense"):
            for name, policies, dials in POLICIES:
                batch = _play(policies, uk=True, growth=growth, competition=competition, **dials)
                home, abroad = (_years(batch, event, 2024) for event in ("agi_reached", "lead_lost"))
                yield {
                    "growth": growth, "competition": competition, "policy": name,
                    **_quantiles(np.minimum(home, abroad)), "abroad first": f"{np.mean(abroad < home):.0%}",
                    "unsafe": f"{np.mean(np.isfinite(_years(batch, 'unsafe_agi', 2024))):.0%}",
                }  # fmt: skip


def _quantiles(years: "np.ndarray[Any, np.dtype[np.float64]]") -> dict[str, str]:
    low, median, high = (float(np.quantile(years, share, method="lower")) for share in (0.1, 0.5, 0.9))
    return {name: f"{value:.0f}" if np.isfinite(value) else "never" for name, value in
            (("p10", low), ("median", median), ("p90", high))}  # fmt: skip


if __name__ == "__main__":
    main()
