"""Schemas made short: the same arguments and answers pass."""

from typing import Annotated

from pydantic import BaseModel, Field

from binance_trade_agent.interfaces.mcp_server.lean_schemas import lean_answer, lean_arguments


class Inner(BaseModel):
    """What it is."""

    title: str
    size: int | None = None
    note: str | None


class Outer(BaseModel):
    """All of it."""

    inner: Inner | None
    rows: list[Inner] = Field(description="newest first")
    count: Annotated[int, Field(ge=1)] = 3


def test_an_answer_keeps_names_kinds_and_notes() -> None:
    inner = {"properties": {"title": {}, "size": {"type": ["integer", "null"]}, "note": {}}}

    assert lean_answer(Outer.model_json_schema()) == {
        "type": "object",
        "properties": {
            "inner": {**inner, "type": ["object", "null"]},
            "rows": {"description": "newest first", "items": {**inner, "type": "object"}, "type": "array"},
            "count": {"minimum": 1, "type": "integer"},
        },
    }
    assert lean_answer(None) is None


def test_arguments_keep_bounds_and_defaults_and_allow_no_other() -> None:
    short = lean_arguments(Outer.model_json_schema())

    assert short["additionalProperties"] is False
    assert short["required"] == ["inner", "rows"]
    assert short["properties"]["count"] == {"default": 3, "minimum": 1, "type": "integer"}
    assert short["$defs"]["Inner"]["properties"]["title"] == {"type": "string"}
