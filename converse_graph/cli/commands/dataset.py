"""`converse dataset`: runs as examples, in a file, on standard output or at LangSmith."""

import typer

from converse_graph.cli.options import By, DatasetName, Out, Private, RunArguments, StorePath


async def dataset(
    runs: RunArguments,
    by: By = "run",
    private: Private = False,
    name: DatasetName = None,
    out: Out = None,
    store: StorePath = None,
) -> None:
    """Turn runs into a dataset, at LangSmith or in a file.

    Without --name it is lines of JSON, an example each. An example has the same id each time, so that a run which is
    sent again makes no doubles.

    Examples:
        converse dataset race pause --out race.jsonl
        converse dataset race --by statement --out statements.jsonl
    """
    import os

    from converse_graph.cli.formatting import count
    from converse_graph.cli.printing import print_text
    from converse_graph.evaluation.examples import examples
    from converse_graph.evaluation.jsonl import as_lines
    from converse_graph.evaluation.langsmith_upload import upload_examples
    from converse_graph.export.atomic_files import write_atomically
    from converse_graph.store import Store
    from converse_graph.store.store import DEFAULT_PATH

    if name is not None and out is not None:
        raise typer.BadParameter("--name and --out cannot both be had")
    async with Store.open(store or DEFAULT_PATH) as open_store:
        transcripts = [open_store.transcript(run) for run in dict.fromkeys(runs)]
    rows = [one for record in transcripts for one in examples(record, by=by, private=private, dataset=name or "")]
    content = "with what is private" if private else "without what is private (--private puts it in)"
    if name is not None:
        upload = upload_examples(rows, name, environment=os.environ)
        print_text(
            f"Dataset {name} at {upload.where}: {upload.new} new, {upload.already_there} brought up to date, "
            f"{content}\n"
        )
    elif out is not None:
        write_atomically(out, as_lines(rows))
        print_text(f"{out}: {count(len(rows), 'example')}, {content}\n")
    else:
        print_text(as_lines(rows))
