"""Whether and where OpenTelemetry's variables have runs traced, and what is said where they cannot be."""

import pytest

from converse_graph.tracing.settings import build_tracing
from tests.support.small_scenarios import CREATED


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"OTEL_SDK_DISABLED": "true"}, "OTEL_SDK_DISABLED is true. Unset it."),
        ({"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "OTEL_EXPORTER_OTLP_PROTOCOL is 'grpc'. Set it to http/protobuf"),
        ({"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/json"}, "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL is 'http/json'."),
    ],
)
def test_settings_with_which_nothing_can_be_sent_are_said_in_a_line(settings: dict[str, str], told: str) -> None:
    warned: list[str] = []
    opened = build_tracing({"CONVERSE_OTEL": "true", **settings}, warn=warned.append, now=lambda: CREATED)

    assert opened is None
    (line,) = warned
    assert line.startswith(f"CONVERSE_OTEL is on and nothing is sent: {told}")


@pytest.mark.parametrize(
    ("settings", "where"),
    [
        ({}, "http://localhost:4318/v1/traces"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "https://u:pw@otel.example/base/"}, "https://otel.example/base/v1/traces"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://a", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://b/t?key=x"},
         "http://b/t"),
        ({"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf"},
         "http://localhost:4318/v1/traces"),
    ],
)  # fmt: skip
async def test_where_to_is_as_opentelemetrys_variables_have_it_and_told_without_secrets(
    settings: dict[str, str], where: str
) -> None:
    opened = build_tracing({"CONVERSE_OTEL": "true", **settings}, warn=pytest.fail, now=lambda: CREATED)

    assert opened is not None
    assert opened.where == f"OpenTelemetry, {where}"
    await opened.exporter.close()


def test_variables_that_are_there_for_something_else_trace_nothing() -> None:
    environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4318", "OTEL_TRACES_EXPORTER": "otlp"}
    assert build_tracing(environment, warn=pytest.fail, now=lambda: CREATED) is None


def test_a_missing_package_is_named_with_the_way_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    warned: list[str] = []
    monkeypatch.setattr("converse_graph.tracing.otlp._PACKAGES", ("no-such-package",))

    assert build_tracing({"CONVERSE_OTEL": "1"}, warn=warned.append, now=lambda: CREATED) is None
    assert warned[0].endswith("no-such-package is missing. Get it with: pip install 'converse-graph[otel]'")
