"""Saves one checkpoint a turn: what lies between two stops of the supervisor is left out, for the journal has it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Iterator, Mapping, Sequence
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    WRITES_IDX_MAP,
    BaseCheckpointSaver,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
    DeltaChannelHistory,
)
from langgraph.checkpoint.serde.types import INTERRUPT
from langgraph.checkpoint.serde.types import _DeltaSnapshot as DeltaSnapshot
from langgraph.types import Interrupt

from converse_graph.checkpoints.saver import SaverOfTurns
from converse_graph.record.state import TurnState, outbox_channel


class TurnSaver(BaseCheckpointSaver[int]):
    """The saver of one play of one run: of the root graph alone, and of that a turn at a time.

    A debate that is interrupted begins again on resume, and the journal answers every call that was completed: so its
    own checkpoints would cost four times what a turn costs, and answer nothing.

    Of the two steps of a turn the first, a party's, is not saved. Its calls are in the journal, so a run that is
    killed between the two plays the party again and is answered; nothing is lost by it, and the store is written to
    twice a turn instead of five times. What ledgers gained in both steps is saved with the supervisor's checkpoint,
    under the one before it, where a `DeltaChannel` looks for it. A value that a checkpoint holds anyway is not saved
    as a write too. Where the calls of a run can be made again at once and for nothing, only the last checkpoint of a
    round is saved, in the same way.

    Nobody waits for a checkpoint: it is queued when its step is over, and on disk before whatever is written next. A
    failure is told to the next step; `settled` saves what was held back, and waits for the last.
    """

    def __init__(self, saver: SaverOfTurns, *, passing: str, whole_rounds: bool = False) -> None:
        """Save into another saver.

        Args:
            saver: Where checkpoints go.
            passing: The channel that is set in a checkpoint which needs not be saved: the one that makes the
                supervisor run next.
            whole_rounds: Whether one checkpoint a round is enough, for a run that loses nothing by playing a round
                again.
        """
        super().__init__(serde=saver.serde)
        self._inner, self._passing = saver, passing
        self.values: Mapping[str, Any] | None = None
        """What the last checkpoint of a turn holds, ledgers left out; None where none was saved yet."""
        self.interrupts: list[Interrupt] = []
        """What nodes wait for since the graph was entered last."""
        self._last: str | None = None
        """The id of the checkpoint that was saved last."""
        self._wrote: dict[str, dict[str, tuple[str, Sequence[tuple[str, Any]]]]] = {}
        """What tasks wrote, by the checkpoint that they ran on and by task: its path and its writes. Those of the next
        step may be here before the checkpoint of the last."""
        self._passed: list[str] = []
        """The checkpoints since the last that was saved, itself counted in, whose writes are not saved yet."""
        self._saving: Awaitable[None] | None = None
        self._whole_rounds = whole_rounds
        self._round: int | None = None
        """In which the checkpoint was made that was saved last."""
        self._unsaved: tuple[RunnableConfig, Checkpoint, CheckpointMetadata] | None = None
        """The last checkpoint of a round that is not over; none where the last one was saved."""
        self._gains: list[tuple[str, Any]] = []
        """What was written up to it since the one that was saved last."""

    async def settled(self) -> None:
        """Wait until all that was to be saved is durable.

        Raises:
            StoreFailure: It could not be saved.
        """
        if self._unsaved is not None:
            await self._saved()
            self._save(*self._unsaved)
        await self._saved()
        await self._inner.settled()

    async def _saved(self) -> None:
        saving, self._saving = self._saving, None
        if saving is None:
            return
        try:
            await saving
        except Exception:
            self._unsaved, self._gains = None, []  # what comes after a turn that is lost must be lost with it
            raise

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """The latest checkpoint of a thread, or the one that is named."""
        await self.settled()
        if config["configurable"].get("checkpoint_ns"):
            return None
        checkpoint_tuple = await self._inner.aget_tuple(config)
        if checkpoint_tuple is not None:
            self._last = checkpoint_tuple.checkpoint["id"]
            self._round = _round_of(checkpoint_tuple.checkpoint["channel_values"])
            self._wrote, self._passed, self.interrupts = {}, [], []
        return checkpoint_tuple

    async def aget_delta_channel_history(
        self, *, config: RunnableConfig, channels: Sequence[str]
    ) -> Mapping[str, DeltaChannelHistory]:
        """What was written to ledgers up to a checkpoint."""
        await self.settled()
        return await self._inner.aget_delta_channel_history(config=config, channels=channels)

    async def alist(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[CheckpointTuple]:
        """The checkpoints that were saved, the latest first."""
        await self.settled()
        async for checkpoint_tuple in self._inner.alist(config, filter=filter, before=before, limit=limit):
            yield checkpoint_tuple

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Save a checkpoint, or leave it out.

        Raises:
            StoreFailure: The one before it could not be saved.
        """
        where = config["configurable"]
        new_config: RunnableConfig = {"configurable": {**where, "checkpoint_id": checkpoint["id"]}}
        values = checkpoint["channel_values"]
        if where["checkpoint_ns"]:
            return new_config
        if where.get("checkpoint_id"):
            self._passed.append(where["checkpoint_id"])
        if metadata.get("source") == "loop" and self._passing in values and not _holds_snapshot(values):
            return new_config
        self._gains += self._take_writes()
        self.values = values
        if self._is_held_back(metadata, values):
            self._unsaved = (config, checkpoint, metadata)
            return new_config
        await self._saved()
        self._save(config, checkpoint, metadata)
        return new_config

    def _is_held_back(self, metadata: CheckpointMetadata, values: Mapping[str, Any]) -> bool:
        is_within_round = metadata.get("source") == "loop" and _round_of(values) == self._round
        return self._whole_rounds and is_within_round and not _holds_snapshot(values)

    def _save(self, config: RunnableConfig, checkpoint: Checkpoint, metadata: CheckpointMetadata) -> None:
        values, gains = checkpoint["channel_values"], self._gains
        new_writes = [write for write in gains if _is_gain(write[0], values)]
        before: RunnableConfig = {"configurable": {**config["configurable"], "checkpoint_id": self._last}}
        self._saving = self._inner.put_turn(before, new_writes, checkpoint, metadata, gains=gains)
        self._last, self._round, self._unsaved, self._gains = checkpoint["id"], _round_of(values), None, []

    async def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """Hold what a node wrote until the next checkpoint is saved. What stopped a node is on record elsewhere."""
        where = config["configurable"]
        if not where["checkpoint_ns"]:
            self.interrupts += [one for channel, value in writes if channel == INTERRUPT for one in value]
        if not where["checkpoint_ns"] and not all(name in WRITES_IDX_MAP for name, _ in writes):
            self._wrote.setdefault(where["checkpoint_id"], {})[task_id] = (task_path, writes)

    def _take_writes(self) -> Iterator[tuple[str, Any]]:
        """What was written since the last checkpoint that was saved, in order."""
        pending, self._passed = self._passed, []
        for step in pending:
            tasks = sorted(self._wrote.pop(step, {}).items(), key=lambda item: (item[1][0], item[0]))
            for _, (_, writes) in tasks:
                yield from writes

    def get_next_version(self, current: int | None, channel: None) -> int:
        """As the saver below counts."""
        return self._inner.get_next_version(current, channel)


def _round_of(values: Mapping[str, Any]) -> int | None:
    floor: TurnState | None = values.get("floor")
    return floor["round"] if floor else None


def _holds_snapshot(values: Mapping[str, Any]) -> bool:
    return any(isinstance(value, DeltaSnapshot) for value in values.values())


def _is_gain(name: str, values: Mapping[str, Any]) -> bool:
    """Whether a write must be saved: a ledger's, unless the checkpoint holds a snapshot of it with the write in it."""
    return name not in values and not name.startswith(_PASSING)


_PASSING = ("branch:to:", outbox_channel(""))
"""Channels that are gone a step after they were written."""
