"""A collector of OpenTelemetry traces on loopback, as OTLP over HTTP has it: keeps what it is sent, or refuses it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.support.http_server import Quiet, serving


@dataclass
class Collected:
    """What arrived."""

    spans: list[Any] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    def names(self) -> set[str]:
        """What spans are called."""
        return {span.name for span in self.spans}


@contextmanager
def collecting(refusal: int | None = None) -> Iterator[tuple[str, Collected]]:
    """Serve on a free port; gives the address, and what arrives."""
    kept = Collected()

    class Collector(Quiet, BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if refusal is None and self.path == "/v1/traces":
                kept.headers.append({name.lower(): value for name, value in self.headers.items()})
                kept.bodies.append(body)
                for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                    kept.spans += [span for scope in resource.scope_spans for span in scope.spans]
            self.send_response(refusal or 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

    with serving(Collector) as address:
        yield address, kept
