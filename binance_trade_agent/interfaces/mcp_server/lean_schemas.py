"""Schemas as short as they can be: an agent pays for each word of `tools/list`.

Titles repeat the names they stand at; what may be null is said in one word instead of a choice of two schemas; a
default of null says nothing. Of answers, all that is named is always there and need not be listed again as required;
what a whole part is, its name and its tool's description say; a part of which nothing is said is text, or null. They
stay true of all that the longer schemas are true of, and the server checks its answers by its own models.
"""

from typing import Any

#: In these a key is a name of ours, not a word of JSON Schema.
_OF_NAMES = frozenset({"properties", "$defs"})
_ARGUMENTS_WITHOUT = frozenset({"title"})
_TEXT = ({"type": "string"}, {"type": ["string", "null"]})
_ANSWERS_WITHOUT = frozenset({"title", "required", "default", "format"})


def lean_arguments(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of a tool's arguments, in which a misspelt one is an error: it could be a quantity."""
    short: dict[str, Any] = _lean(schema, _ARGUMENTS_WITHOUT)
    return {**short, "additionalProperties": False}


def lean_answer(schema: dict[str, Any] | None) -> dict[str, Any] | None:
    """The schema of a tool's answer, each part of it where it is used."""
    if schema is None:
        return None
    parts = schema.get("$defs", {})
    whole = {key: value for key, value in _undescribed(schema).items() if key != "$defs"}
    short: dict[str, Any] = _text_unsaid(_lean(_inlined(whole, parts), _ANSWERS_WITHOUT))
    return short


def _text_unsaid(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_text_unsaid(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    return {key: {} if value in _TEXT else _text_unsaid(value) for key, value in schema.items()}


def _lean(schema: Any, without: frozenset[str], *, named: bool = False) -> Any:
    """`schema` without some words; `named` for a mapping of names to schemas."""
    if isinstance(schema, list):
        return [_lean(one, without) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if named:
        return {name: _lean(one, without) for name, one in schema.items()}
    return _nullable(
        {
            key: _lean(value, without, named=key in _OF_NAMES)
            for key, value in schema.items()
            if key not in without and (key, value) != ("default", None)
        }
    )


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    choices = schema.get("anyOf", [])
    if len(choices) != 2 or choices[1] != {"type": "null"}:
        return schema
    first = choices[0]
    if not isinstance(first.get("type"), str) or "enum" in first:
        return schema
    others = {key: value for key, value in schema.items() if key != "anyOf"}
    return {**first, "type": [first["type"], "null"], **others}


def _inlined(schema: Any, parts: dict[str, Any]) -> Any:
    if isinstance(schema, list):
        return [_inlined(one, parts) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        part = _undescribed(parts[schema["$ref"].rpartition("/")[2]])
        return {**_inlined(part, parts), **{key: one for key, one in schema.items() if key != "$ref"}}
    return {key: _inlined(one, parts) for key, one in schema.items()}


def _undescribed(schema: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in schema.items() if key != "description"}
