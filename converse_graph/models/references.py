"""References to models: what a user names a model by, or several of which the next stands in for the one before."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Any

from converse_graph.errors import InvalidValue
from converse_graph.models.langchain_wrappers import is_wrapper, unfolded

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.runnables import Runnable

    from converse_graph.models.base import Model

    ModelReference = str | BaseChatModel | Runnable[Any, Any] | Model | Sequence[str | BaseChatModel | Model]
    """What a model may be given as."""

SEPARATOR = ","
"""Between the names of models of which the next is asked where one refuses or stays away."""


class _Same:
    """An object as a key: equal to itself alone, and kept for as long as the key is, so that its id is no other's."""

    __slots__ = ("_thing",)

    def __init__(self, thing: Any) -> None:
        self._thing = thing

    def __hash__(self) -> int:
        return id(self._thing)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self._thing is other._thing


def reference_key(reference: Any) -> Hashable:
    """Return a key that is the same for the same reference: names by their text, objects by identity.

    Args:
        reference: None, a name, an object, or several in a list.
    """
    if reference is None or isinstance(reference, str):
        return reference
    if isinstance(reference, list | tuple):
        return tuple(reference_key(one) for one in reference)
    return _Same(reference)


def one_by_one(reference: Any) -> tuple[Any, ...]:
    """Return the references to single models that a reference holds, in the order in which they are asked.

    Args:
        reference: A name, several names with commas between them, an object, or a list of these. Of a LangChain model
            `with_fallbacks` its fallbacks are models as well.

    Raises:
        InvalidValue: A list is empty, or a name in it is.
    """
    if isinstance(reference, list | tuple):
        several = tuple(single for inner in reference for single in one_by_one(inner))
    elif isinstance(reference, str):
        several = tuple(name.strip() for name in reference.split(SEPARATOR))
        if len(several) == 1:
            return (reference,)
    elif is_wrapper(reference):
        several = tuple(unfolded(reference))
    else:
        return (reference,)
    if not several or "" in several or None in several:
        raise InvalidValue(f"{reference!r} names no model; name one, or several as in openai:gpt-4.1,embedded.")
    return several
