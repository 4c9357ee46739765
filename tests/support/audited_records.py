"""Records as an audit looks them up, of channels that a test may have changed."""

from collections.abc import Mapping
from typing import Any

from converse_graph.audit.channels_on_disk import ChannelsOnDisk
from converse_graph.audit.records import Records
from converse_graph.record.state import is_ledger
from converse_graph.store import Run, Store
from converse_graph.store.packing import dump_plain


def records_of(store: Store, run: Run, channels: Mapping[str, Any]) -> Records:
    """The records of a run, with these channels in place of its own."""
    packed = [(name, dump_plain(record)) for name, ledger in channels.items() if is_ledger(name) for record in ledger]
    values = {name: value for name, value in channels.items() if not is_ledger(name)}
    return Records(run.header, ChannelsOnDisk(packed, values), store.journal(run.id).calls_at)
