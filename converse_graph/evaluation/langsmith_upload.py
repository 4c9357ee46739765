"""Examples sent to a dataset at LangSmith, by its own client: new ones made, known ones brought up to date."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from langsmith import Client
from langsmith.utils import (
    LangSmithAuthError,
    LangSmithConflictError,
    LangSmithConnectionError,
    LangSmithError,
    LangSmithNotFoundError,
)
from urllib3 import Retry

from converse_graph.errors import DatasetUploadFailed, UsageError
from converse_graph.evaluation.examples import Example
from converse_graph.export.formats import json_text
from converse_graph.tracing.langsmith import HOSTED
from converse_graph.tracing.settings import setting

Done = TypeVar("Done")

_AT_ONCE = 5_000_000
"""Characters of JSON in one request, unless a single example has more; LangSmith takes 20 million bytes."""

_ABOUT = "Runs of Converse Graph: what was set up, and what was said in public."


@dataclass(frozen=True, kw_only=True)
class UploadResult:
    """What became of examples."""

    where: str
    """The address of LangSmith's API."""
    new: int
    already_there: int
    """Those that the dataset had already, brought up to date."""


def upload_examples(examples: Sequence[Example], dataset: str, *, environment: Mapping[str, str]) -> UploadResult:
    """Send examples to a dataset, which is made if there is none; to send them again changes nothing.

    Args:
        examples: Made for this dataset: an id is in one dataset alone.
        dataset: Its name.
        environment: With LangSmith's own variables: LANGSMITH_API_KEY, LANGSMITH_ENDPOINT.

    Raises:
        UsageError: There is no key.
        DatasetUploadFailed: LangSmith cannot be reached, refuses the key, or takes no dataset.
    """
    key, endpoint = setting(environment, "API_KEY"), setting(environment, "ENDPOINT")
    if not key and not endpoint:
        raise UsageError("LANGSMITH_API_KEY is not set; set it, or write a file with --out instead.")
    url = endpoint or HOSTED
    client = Client(api_url=url, api_key=key or None, retry_config=Retry(total=0), auto_batch_tracing=False)
    try:
        return _with_clear_errors(url, lambda: _send(client, url, examples, dataset))
    finally:
        client.close(0)


def _send(client: Client, url: str, examples: Sequence[Example], dataset: str) -> UploadResult:
    dataset_id = _dataset(client, dataset)
    uploads = client.list_examples(dataset_id=dataset_id, select=["id"], exclude_default_fields=True)
    there = {one.id for one in uploads}
    new = [example for example in examples if example.id not in there]
    existing = [example for example in examples if example.id in there]
    for some in _batches(new):
        client.create_examples(dataset_id=dataset_id, examples=[_created(example) for example in some])
    for some in _batches(existing):
        client.update_examples(dataset_id=dataset_id, updates=[_updated(example) for example in some])
    return UploadResult(where=url, new=len(new), already_there=len(existing))


def _dataset(client: Client, name: str) -> UUID:
    with suppress(LangSmithNotFoundError):
        return _read(client, name)
    try:
        dataset_id: UUID = client.create_dataset(name, description=_ABOUT).id
    except LangSmithConflictError:  # somebody else has just made it
        return _read(client, name)
    return dataset_id


def _read(client: Client, name: str) -> UUID:
    dataset_id: UUID = client.read_dataset(dataset_name=name).id
    return dataset_id


def _created(example: Example) -> dict[str, Any]:
    return {"id": example.id, "inputs": example.inputs, "reference_outputs": example.outputs,
            "metadata": example.metadata}  # fmt: skip


def _updated(example: Example) -> dict[str, Any]:
    return {"id": example.id, "inputs": example.inputs, "outputs": example.outputs, "metadata": example.metadata}


def _batches(examples: Sequence[Example]) -> Iterator[list[Example]]:
    batch: list[Example] = []
    size = 0
    for example in examples:
        more = len(json_text([example.inputs, example.outputs, example.metadata]))
        if batch and size + more > _AT_ONCE:
            yield batch
            batch, size = [], 0
        batch.append(example)
        size += more
    if batch:
        yield batch


def _with_clear_errors(url: str, send_all: Callable[[], Done]) -> Done:
    """Say what went wrong in a line; what LangSmith's client says may hold a body, and so an example."""
    way_out = "The runs are in their store as before; send them again later, or write a file with --out."
    try:
        return send_all()
    except LangSmithAuthError:
        raise DatasetUploadFailed(f"LangSmith at {url} refuses the key in LANGSMITH_API_KEY. {way_out}") from None
    except LangSmithConnectionError:
        raise DatasetUploadFailed(f"LangSmith at {url} cannot be reached. {way_out}") from None
    except (LangSmithError, OSError, ValueError) as error:
        if "403 Client Error" in str(error):
            raise DatasetUploadFailed(f"LangSmith at {url} refuses the key in LANGSMITH_API_KEY. {way_out}") from None
        raise DatasetUploadFailed(
            f"LangSmith at {url} did not take a dataset ({type(error).__name__}). {way_out}"
        ) from None
