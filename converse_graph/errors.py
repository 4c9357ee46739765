"""One tree of errors. Each message is one line: what was given, what is allowed, the way out.

ConverseError
├── UsageError                     the caller asked for something that cannot be
│   ├── InvalidValue               a value outside what its field allows
│   ├── NotFound                   no scenario, dial, model, run or party of that name
│   ├── IncompatibleStore          a store file that is not ours, or from a newer version
│   ├── ScenarioChanged            the scenario no longer matches what the run began with
│   └── RecordChanged              what is stored of a run is not what its chains say
├── StoreFailure                   the store cannot be opened or written; what was committed is kept
│   └── StoreUnreachable           its server is gone in mid-run; a RunPaused too
├── NoRoomForScratch               the temporary file of an audit cannot be written; the store is as it was
├── DatasetUploadFailed            LangSmith cannot be reached, or takes no dataset; the runs are as they were
├── RunLocked                      another process is writing to the run
├── RunPaused                      the run stopped where `resume` can go on
│   ├── ProviderUnreachable        no whole reply came from the model's server
│   ├── ProviderRefused            the server answered that it will not serve us
│   │   └── ContextLengthExceeded  because prompt and reply are more than the model's window
│   │       └── PromptCut          it said nothing, and left out a part of the prompt
│   ├── CallFailed                 a call raised something that nobody expected
│   ├── AnswerNeeded               somebody at the table waits for a person's answer
│   ├── BudgetExceeded             a bound on dollars, tokens, turns or minutes is reached
│   └── ContextWindowTooSmall      not even who one is and what is asked fit the model's window
└── InvalidReply                   a reply that does not fit its schema, or drifts; repaired or recorded, never shown
"""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

MAX_NAMED = 30
"""How many names an error lists of those that exist; a store may hold thousands of runs."""


class ConverseError(RuntimeError):
    """Root of all errors raised on purpose by this package.

    A `RuntimeError`, for a LangGraph server tells its callers the messages of Python's own kinds alone.
    """


class UsageError(ConverseError):
    """The caller asked for something that cannot be done."""


class InvalidValue(UsageError, ValueError):
    """A value lies outside what its field allows."""


class NotFound(UsageError, LookupError):
    """No such scenario, dial, model, run or party."""

    @classmethod
    def among(cls, kind: str, name: str, names: Iterable[str], *, hint: str = "") -> "NotFound":
        """Name what was asked for, what exists, and what of it was meant by the look of it.

        Args:
            kind: What was looked up, such as "scenario".
            name: The name that was given.
            names: The names that exist.
            hint: A further way out, as a whole sentence.
        """
        existing = list(names)
        more = f" and {len(existing) - MAX_NAMED:,} more" if len(existing) > MAX_NAMED else ""
        folded = {each.casefold(): each for each in existing}
        close = [folded[each] for each in get_close_matches(name.casefold(), folded, n=1)]
        suggestion = f". Did you mean {close[0]!r}? There" if close else "; there"
        return cls(
            " ".join(
                filter(
                    None,
                    [f"No {kind} {name!r}{suggestion} is: {', '.join(existing[:MAX_NAMED]) or 'none'}{more}.", hint],
                )
            )
        )


class IncompatibleStore(UsageError):
    """The file is no store of ours, or was written by a newer version; it was left untouched."""

    @classmethod
    def newer(cls, address: str, version: int, highest: int) -> "IncompatibleStore":
        """Name the store, its version, and the highest that this release reads.

        Args:
            address: Of the store.
            version: Of the store.
            highest: The highest version that is read.
        """
        return cls(
            f"{address} has version {version}, this converse-graph reads up to {highest}; upgrade it. "
            "Nothing was changed."
        )

    @classmethod
    def older(cls, address: str, version: int, needed: int) -> "IncompatibleStore":
        """Name a store that is opened read-only and would have to be brought up first.

        Args:
            address: Of the store.
            version: Of the store.
            needed: The version that is read.
        """
        return cls(
            f"{address} has version {version}, and only version {needed} is read; `converse runs` brings it up. "
            "Nothing was changed."
        )


class ScenarioChanged(UsageError):
    """The scenario, its prompts or its graph are not those the run began with."""


class RecordChanged(UsageError):
    """What is stored of a run was changed behind its back: it is not what its chains say."""


class StoreFailure(ConverseError):
    """The store cannot be written, for want of room or of leave; what was committed is kept."""


class NoRoomForScratch(ConverseError):
    """There is no room for the temporary file of an audit; the store is as it was."""


class DatasetUploadFailed(ConverseError):
    """LangSmith cannot be reached, or will not take a dataset; the runs are as they were."""


class RunLocked(ConverseError):
    """Another process is writing to this run."""

    @classmethod
    def by_another(cls, name: str) -> "RunLocked":
        """Name the run.

        Args:
            name: The run.
        """
        return cls(f"Run {name!r} is held by another process; wait for it to end, or pause it there.")


class RunPaused(ConverseError):
    """The run stopped at a point from which `resume` goes on."""


class StoreUnreachable(StoreFailure, RunPaused):
    """The store's server went away while a run was played; once it is back, `resume` goes on."""


class ProviderUnreachable(RunPaused):
    """No whole reply came from the model's server, however often it was asked."""


class ProviderRefused(RunPaused):
    """The model's server answered, and will not serve this request."""


class ContextLengthExceeded(ProviderRefused):
    """Prompt and reply are more than the model's window, by the server's own count."""

    def __init__(self, message: str, *, limit: int | None = None) -> None:
        """Say so, and how many tokens the server takes, where it names a number.

        Args:
            message: One line.
            limit: Tokens that the server takes; None where it names none.
        """
        super().__init__(message)
        self.limit = limit


class PromptCut(ContextLengthExceeded):
    """The model's server left out a part of a prompt without a word, by its own count of what it read."""


class CallFailed(RunPaused):
    """A call raised what no model's server does: a fault of an adapter, of a guest, or of ours."""


class AnswerNeeded(RunPaused):
    """A guest asks a person, or a party that a person plays has the floor; `resume` goes on with the answer."""

    def __init__(
        self, message: str, *, speakers: tuple[str, ...], questions: tuple[Any, ...] = (), keys: tuple[str, ...] = ()
    ) -> None:
        """Say what is asked, and by whom.

        Args:
            message: One line.
            speakers: The path of each who waits, such as "Bank" or "OpenAI/CEO".
            questions: What each asks.
            keys: What each question is known by, so that an answer to it is none to a later one.
        """
        super().__init__(message)
        self.speakers, self.questions, self.keys = speakers, questions, keys


class BudgetExceeded(RunPaused):
    """A bound on what a run may spend is reached."""


class ContextWindowTooSmall(RunPaused):
    """Not even a speaker's brief and its task fit the model's window."""


class InvalidReply(ConverseError):
    """A reply does not fit its schema, or drifts; the message is for the model that made it, and may quote it."""

    def __init__(self, message: str, *, for_record: str = "", fitting: Mapping[str, Any] | None = None) -> None:
        """Say what is wrong.

        Args:
            message: What is wrong.
            for_record: How the record says it, where the message quotes the reply.
            fitting: Values of the fields that fit, where the fault is in the others alone.
        """
        super().__init__(message)
        self.for_record = for_record or message
        self.fitting = fitting or {}
