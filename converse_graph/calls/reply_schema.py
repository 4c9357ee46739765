"""What a reply must look like: from a speaker's fields to a JSON Schema, and from a reply to checked values."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from dataclasses import field as default
from functools import cached_property, lru_cache
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError, create_model
from pydantic import Field as Bound

from converse_graph.calls.lenient_values import fit_value, fit_values
from converse_graph.errors import InvalidReply, InvalidValue
from converse_graph.models.reply_reader import ReadReply, read_reply
from converse_graph.sanitize import whole_characters
from converse_graph.scenarios.fields import Field
from converse_graph.scenarios.validation_errors import explain


@dataclass(frozen=True, kw_only=True)
class ReplySchema:
    """A schema and its reader. The first field is the prose, so that it can be shown while it is written."""

    title: str
    fields: tuple[Field, ...]
    schema: dict[str, Any]
    """JSON Schema in the strict form of the big hosts: every field required, nothing beside them, no references."""
    model: type[BaseModel]
    whole: tuple[Field, ...]
    """The fields of the whole form, where this one asks again for those at fault alone; the first is the prose."""
    earlier: Mapping[str, Any] = default(default_factory=dict)
    """Values of the others, which fitted in an earlier reply: what is read is returned with them."""

    @cached_property
    def schema_text(self) -> str:
        """The schema as JSON."""
        return json.dumps(self.schema)

    def remaining(self, fitting: Mapping[str, Any]) -> ReplySchema:
        """Return the form of the fields at fault, for a reply of which the rest is kept.

        Args:
            fitting: Values of the fields that fitted, as `InvalidReply` has them.
        """
        rest = [field for field in self.fields if field.name not in fitting]
        return replace(build_reply_schema(self.title, rest), whole=self.whole, earlier={**self.earlier, **fitting})

    def read(self, text: str) -> tuple[dict[str, Any], tuple[str, ...]]:
        """Check a reply.

        Returns:
            The values of the whole form, and the names of fields whose percentiles had to be sorted.

        Raises:
            InvalidReply: The reply does not fit; the message says to its author what is wrong, and its `fitting` has
                the values of the fields that fit.
        """
        parsed = read_reply(text, self.schema["properties"])
        values = read_values(parsed, self.schema["properties"])
        if values is None:
            words = "there is no JSON object that can be read whole" if parsed.spoken else "there are only thoughts"
            raise InvalidReply(
                f"{words}; reply with one JSON object and nothing else.",
                for_record="the reply is not the object asked for",
            )
        try:
            spelt = whole_characters(json.dumps(values, ensure_ascii=False))
            values = self.model.model_validate_json(spelt).model_dump(by_alias=True)
        except ValidationError as error:
            raise self._unfit(spelt, error) from None
        prose = self._empty_prose(values)
        if prose is not None:
            fitting = {name: value for name, value in values.items() if name != prose}
            raise InvalidReply(f"{prose} is empty; write it.", for_record=f"the reply has no {prose}", fitting=fitting)
        values = {**self.earlier, **values}
        normal = {field.name: field.normalise(values[field.name]) for field in self.whole}
        return normal, tuple(name for name, value in normal.items() if value != values[name])

    def mended(self, text: str, names_taken: Collection[str] | None = None) -> tuple[str, ...]:
        """What was put up with in a reply, by name; nothing in most.

        That is what had to be mended before it could be read, fields that nobody asked for, and a text or list that is
        longer than was asked for, which is kept whole.

        Args:
            text: The reply.
            names_taken: Names of the fields that were taken of it; None for all.
        """
        reply = read_reply(text, self.schema["properties"])
        values = read_values(reply, self.schema["properties"]) or {}
        names = list(reply.mended)
        names += [] if reply.values is not None or not values else ["no object"]
        names += ["unknown field"] if values.keys() - self.schema["properties"].keys() - self.earlier.keys() else []
        fields = [field for field in self.fields if names_taken is None or field.name in names_taken]
        names += [f"{field.name} too long" for field in fields if _is_longer(field, values.get(field.name))]
        return tuple(names)

    def _empty_prose(self, values: Mapping[str, Any]) -> str | None:
        """The name of the prose where it is empty; None where it is not."""
        name = self.whole[0].name
        return name if name in values and not values[name].strip() else None

    def _unfit(self, spelt: str, error: ValidationError) -> InvalidReply:
        """What is wrong, for its author and by the form's own names alone, with the values that fit.

        A note to oneself is not quoted in public.
        """
        limits = {field.name: field.bounds_text() for field in self.fields}
        names = {str(fault["loc"][0]) if fault["loc"] else "" for fault in error.errors(include_input=False)}
        unfit = [field.name for field in self.fields if field.name in names]
        record = f"the reply does not fit in {', '.join(unfit)}" if unfit else "the reply is not the object asked for"
        fit = [field for field in self.fields if field.name not in names] if unfit else []
        fitting: dict[str, Any] = {}
        if fit:
            part = build_reply_schema(self.title, fit)
            fitting = part.model.model_validate_json(spelt).model_dump(by_alias=True)
            if (empty := self._empty_prose(fitting)) is not None:
                del fitting[empty]
        return InvalidReply(explain(error, limits=limits), for_record=record, fitting=fitting)


def read_values(reply: ReadReply, properties: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the values of a reply by field, as its form takes them; None where there are none.

    Where one value is asked for that is no text, such as a choice, the value alone is an answer.

    Args:
        reply: As it was read.
        properties: JSON Schema of each field of the form.
    """
    values = reply.values
    if values is None and reply.spoken and len(properties) == 1:
        [(name, schema)] = properties.items()
        if "enum" in schema or schema.get("type") in ("boolean", "integer", "number"):
            values = {name: reply.spoken}
    return None if values is None else fit_values(values, properties)


def build_reply_schema(title: str, fields: Sequence[Field]) -> ReplySchema:
    """A form of these fields, in this order; the same object for the same fields, as one takes milliseconds to make."""
    field_list = tuple(fields)
    try:
        return _build_schema(title, field_list)
    except TypeError:  # a field may hold what has no hash, such as a list as its example
        return _make(title, field_list)


@lru_cache(maxsize=512)
def _build_schema(title: str, fields: tuple[Field, ...]) -> ReplySchema:
    return _make(title, fields)


def _make(title: str, fields: tuple[Field, ...]) -> ReplySchema:
    # By alias, since a field may have any name, also one that a model has a method of.
    spec: dict[str, Any] = {
        f"field_{number}": (field.annotation(), Bound(alias=field.name)) for number, field in enumerate(fields)
    }
    strict: type[BaseModel] = create_model(title, __config__=ConfigDict(extra="forbid"), **spec)
    strict_schema = strict.model_json_schema()
    schema = _strict(strict_schema, strict_schema.get("$defs", {}))
    properties: dict[str, Any] = {
        f"field_{number}": (field.tolerated(), Bound(alias=field.name)) for number, field in enumerate(fields)
    }
    model: type[BaseModel] = create_model(title, **properties)
    return ReplySchema(title=title, fields=fields, schema={"title": title, **schema}, model=model, whole=fields)


def _is_longer(field: Field, answer: Any) -> bool:
    try:
        return field.is_longer(answer)
    except TypeError:  # what is no text and no list had another kind, and was refused
        return False


def parse_field(field: Field, value: Any) -> Any:
    """One answer to one field, checked: a value, or the text of one, which may be JSON.

    Raises:
        InvalidValue: The field does not take it.
    """
    form = build_reply_schema(field.name, (field,))
    candidates = [value]
    if isinstance(value, str):
        with suppress(ValueError):
            candidates.append(json.loads(value))
    for answer in candidates:
        try:
            fitted = fit_value(answer, form.schema["properties"][field.name])
            values = form.model.model_validate({field.name: fitted}).model_dump(by_alias=True)
        except ValidationError as error:
            reason = explain(error)
        else:
            return field.normalise(values[field.name])
    raise InvalidValue(f"Field {field.name} does not take {value!r}: {reason}.")


def _strict(schema: Any, definitions: dict[str, Any]) -> Any:
    """The same schema with references written out and titles left off."""
    if isinstance(schema, list):
        return [_strict(inner, definitions) for inner in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _strict(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    properties = schema.get("properties")
    rest = {
        key: _strict(inner, definitions)
        for key, inner in schema.items()
        if key not in ("$defs", "properties") and not (key == "title" and isinstance(inner, str))
    }
    if properties is not None:
        rest["properties"] = {name: _strict(inner, definitions) for name, inner in properties.items()}
    return rest
