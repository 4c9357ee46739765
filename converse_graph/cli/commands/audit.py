"""`converse audit`: whether anything private of a run went astray."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import typer

from converse_graph.cli.exit_codes import Code
from converse_graph.cli.options import Against, Json, RunArguments, StorePath

if TYPE_CHECKING:
    from converse_graph.audit.findings import Audit

MAX_LEAKS = 20
"""Leaks that are listed; JSON has them all."""


async def audit(runs: RunArguments, against: Against = None, as_json: Json = False, store: StorePath = None) -> Code:
    """Show that nothing private went astray; find what was changed.

    Digests are compared with what they stand for; the run is played again from its journal, with no model, and compared
    value by value; private words are looked for in prompts, minds and the public record. Ends with exit code 1 and the
    places if something is wrong. --against compares with a transcript, or with a head, that was kept elsewhere.

    Of several runs, or an ensemble, each is checked, and the code is 1 if something is wrong with any.

    Examples:
        converse audit race
        converse audit race --against race.md
        converse audit race --json
    """
    from converse_graph.audit.audit import audit_run
    from converse_graph.audit.findings import as_json as audit_json
    from converse_graph.cli.printing import print_paragraph
    from converse_graph.cli.run_selection import expand_names
    from converse_graph.export.formats import json_text
    from converse_graph.store import Store
    from converse_graph.store.store import DEFAULT_PATH

    async with Store.open(store or DEFAULT_PATH) as open_store:
        names = expand_names(open_store, runs, with_direct=True)
        results = [await audit_run(open_store, name, against=against, in_two_processes=True) for name in names]
    if as_json:
        values = [audit_json(result) for result in results]
        typer.echo(json_text(values[0] if len(values) == 1 else values, indent=2))
    else:
        for result in results:
            for line in _lines(result, is_compared=against is not None):
                print_paragraph(line)
    return Code.DONE if all(result.is_private for result in results) else Code.FAILED


def _lines(result: "Audit", *, is_compared: bool) -> Iterator[str]:
    from converse_graph.cli.formatting import count

    is_kept = is_compared and not any(leak.source == "head" for leak in result.leaks)
    yield (
        f"Run {result.run}: nothing private went astray."
        if result.is_private
        else f"Run {result.run}: {count(len(result.leaks), 'finding')}."
    )
    for leak in result.leaks[:MAX_LEAKS]:
        yield f"  {leak.kind} · {leak.place} · {leak.source} · owner {leak.owner}: {leak.why}"
    if len(result.leaks) > MAX_LEAKS:
        yield f"  and {len(result.leaks) - MAX_LEAKS} more; --json lists all"
    yield (
        f"Checked: {count(result.calls, 'prompt')} of {count(result.messages, 'message')}, each readable by whom "
        f"it was told to; {result.rebuilt} made again from their records, {result.searched} made from templates "
        f"and searched for {count(result.texts, 'private text')}; so were {count(result.records, 'record')}, and the "
        "public record as JSON and as Markdown"
        + (f"; the run was played again, and {result.values} values compared." if result.values else ".")
    )
    yield f"Head of its chains: {result.chain_head}{', the one that was kept' if is_kept else ''}."
    for quote in result.quoted:
        yield f"Said in public by its owner: {quote.place} has words that are on the private record of {quote.owner}."
    for line in result.unchecked:
        yield f"Not checked: {line}"
