"""LangSmith's API for traces and datasets, on loopback: keeps what it is sent, or refuses it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from threading import Lock
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

from requests_toolbelt import MultipartDecoder

from tests.support.http_server import Quiet, serving

INFO = {
    "version": "0.10.0",
    "instance_flags": {"dataset_examples_multipart_enabled": True},
    "batch_ingest_config": {
        "use_multipart_endpoint": True,
        "size_limit": 100,
        "size_limit_bytes": 20_000_000,
        "scale_up_nthreads_limit": 16,
        "scale_up_qsize_trigger": 1000,
        "scale_down_nempty_trigger": 4,
    },
}
_ID = "00000000-0000-4000-8000-000000000001"
PROJECT = {"id": _ID, "tenant_id": _ID, "name": "p", "start_time": "2026-01-01T00:00:00Z", "reference_dataset_id": None}


@dataclass
class Ingested:
    """What arrived."""

    runs: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By id, what was posted with what was patched on it."""
    feedback: list[dict[str, Any]] = field(default_factory=list)
    datasets: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By name."""
    examples: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By id, each with the dataset that it is in."""
    bodies: list[bytes] = field(default_factory=list)
    keys: set[str | None] = field(default_factory=set)
    refusal: int | None = None
    """The status that uploads are refused with."""

    @property
    def size(self) -> int:
        """Bytes of all bodies."""
        return sum(map(len, self.bodies))

    def of_kind(self, kind: str) -> list[dict[str, Any]]:
        """Runs with a tag, in the order in which they began."""
        return sorted((run for run in self.runs.values() if kind in run["tags"]), key=lambda run: run["dotted_order"])

    def named(self, name: str) -> list[dict[str, Any]]:
        """Runs of a name."""
        return [run for run in self.runs.values() if run["name"] == name]

    def names(self) -> set[str]:
        """What runs are called."""
        return {run["name"] for run in self.runs.values()}

    def take(self, content_type: str, body: bytes) -> None:
        """Take a multipart body apart: a part for a run, and one for each of its long values."""
        self.bodies.append(body)
        for name, value in parts_of(content_type, body):
            operation, id, *key = name
            if operation == "feedback":
                self.feedback.append(value)
            else:
                self.runs.setdefault(id, {}).update({key[0]: value} if key else value)

    def take_dataset(self, body: bytes) -> tuple[int, Any]:
        """Make a dataset, unless there is one of that name."""
        self.bodies.append(body)
        made = json.loads(body)
        if made["name"] in self.datasets:
            return 409, {"detail": "there is one"}
        made |= {"id": str(uuid4()), "created_at": "2026-01-01T00:00:00Z"}
        self.datasets[made["name"]] = made
        return 200, made

    def take_examples(self, dataset: str, content_type: str, body: bytes, *, new: bool) -> tuple[int, Any]:
        """Make examples, or change those that are there: an id is in one dataset alone."""
        self.bodies.append(body)
        parts = list(parts_of(content_type, body))
        ids = {id for (id, *_), _ in parts}
        there = {id for id in ids if id in self.examples}
        if there != (set() if new else ids) or any(self.examples[id]["dataset_id"] != dataset for id in there):
            return 409, {"detail": f"{sorted(there)} are there"}
        for (id, *key), value in parts:
            kept = self.examples.setdefault(id, {"id": id, "dataset_id": dataset})
            kept.update({key[0]: value} if key else value)
        return 200, {"count": len(ids), "example_ids": sorted(ids)}

    def taken(self, method: str, path: str, content_type: str, body: bytes) -> tuple[int, Any]:
        """Take what is sent to a path."""
        if self.refusal is not None:
            return self.refusal, {}
        if path.endswith("/runs/multipart"):
            self.take(content_type, body)
        elif "/sessions" in path:  # the project of an experiment: made, and ended
            self.bodies.append(body)
            return 200, {**PROJECT, **json.loads(body)}
        elif path.endswith("/datasets"):
            return self.take_dataset(body)
        elif path.endswith("/examples"):
            return self.take_examples(path.split("/")[-2], content_type, body, new=method == "POST")
        return 202, {}

    def looked_up(self, address: str) -> tuple[int, Any]:
        """What is listed at a path."""
        url = urlsplit(address)
        asked = dict(parse_qsl(url.query))
        if url.path.endswith("/info"):
            return 200, INFO
        if self.refusal is not None:
            return self.refusal, {}
        if url.path.endswith("/datasets"):
            return 200, [self.datasets[asked["name"]]] if asked["name"] in self.datasets else []
        if url.path.endswith("/examples"):
            listed = [one for one in self.examples.values() if one["dataset_id"] == asked["dataset"]]
            return 200, listed[int(asked["offset"]) :][: int(asked["limit"])]
        return 200, [PROJECT]


def parts_of(content_type: str, body: bytes) -> Iterator[tuple[list[str], Any]]:
    """The parts of a multipart body: each name, split at its dots, and the JSON value."""
    for part in MultipartDecoder(body, content_type).parts:
        disposition = part.headers[b"Content-Disposition"].decode()
        yield disposition.partition('name="')[2].partition('"')[0].split("."), json.loads(part.content)


@contextmanager
def ingesting(refusal: int | None = None) -> Iterator[tuple[str, Ingested]]:
    """Serve on a free port; gives the address of the API, and what arrives."""
    kept, lock = Ingested(refusal=refusal), Lock()

    class Api(Quiet, BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            with lock:
                kept.keys.add(self.headers.get("x-api-key"))
                status, told = kept.looked_up(self.path)
            self.answer(status, told)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with lock:
                kept.keys.add(self.headers.get("x-api-key"))
                status, told = kept.taken(self.command, self.path, self.headers["Content-Type"], body)
            self.answer(status, told)

        def do_PATCH(self) -> None:
            self.do_POST()

        def answer(self, status: int, told: Any) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(told).encode())

    with serving(Api) as address:
        yield address, kept
