"""LangSmith's API for ingesting traces, on loopback: keeps what it is sent, or refuses it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any

from requests_toolbelt import MultipartDecoder

INFO = {
    "version": "0.10.0",
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
        for part in MultipartDecoder(body, content_type).parts:
            disposition = part.headers[b"Content-Disposition"].decode()
            operation, id, *key = disposition.partition('name="')[2].partition('"')[0].split(".")
            value = json.loads(part.content)
            if operation == "feedback":
                self.feedback.append(value)
            else:
                self.runs.setdefault(id, {}).update({key[0]: value} if key else value)


@contextmanager
def ingesting(refusal: int | None = None) -> Iterator[tuple[str, Ingested]]:
    """Serve on a free port; gives the address of the API, and what arrives."""
    kept, lock = Ingested(refusal=refusal), Lock()

    class Api(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.answer(200, INFO if self.path.endswith("/info") else [PROJECT])

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with lock:
                kept.keys.add(self.headers.get("x-api-key"))
                if kept.refusal is None and self.path.endswith("/runs/multipart"):
                    kept.take(self.headers["Content-Type"], body)
            self.answer(kept.refusal or 202, {})

        def answer(self, status: int, told: Any) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(told).encode())

        def log_message(self, format: str, *args: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Api)
    serving = Thread(target=server.serve_forever)
    serving.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", kept
    finally:
        server.shutdown()
        server.server_close()
        serving.join()
