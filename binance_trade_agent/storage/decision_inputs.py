"""What a decision saw, as JSON: decimals as text, instants in ISO 8601, and back without loss."""

from typing import Any

from pydantic import TypeAdapter

from binance_trade_agent.domain.decisions import DecisionInputs

_INPUTS = TypeAdapter(DecisionInputs)


def inputs_to_json(inputs: DecisionInputs | None) -> dict[str, Any] | None:
    """What a JSON column takes; fields at their defaults are left out."""
    if inputs is None:
        return None
    plain: dict[str, Any] = _INPUTS.dump_python(inputs, mode="json", exclude_none=True, exclude_defaults=True)
    return plain


def inputs_from_json(plain: dict[str, Any] | None) -> DecisionInputs | None:
    """What `inputs_to_json` was given."""
    return None if plain is None else _INPUTS.validate_python(plain)
