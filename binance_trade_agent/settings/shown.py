"""How a setting is shown: its value, and what it takes. Secrets never are."""

import json
import re
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any, get_args

from pydantic import SecretStr
from pydantic.fields import FieldInfo

MASK = "********"


def shown_value(value: Any) -> str:
    """A setting's value as text, as it would be written in `.env`; secrets masked."""
    match value:
        case None:
            return ""
        case SecretStr():
            return MASK
        case bool():
            return str(value).lower()
        case tuple():
            return ",".join(map(str, value))
        case dict() if any(isinstance(item, (Decimal, Path)) for item in value.values()):
            return ",".join(f"{name}={item}" for name, item in value.items())
        case dict():
            return json.dumps(value) if value else ""
        case float():
            return f"{value:g}"
    return _without_password(str(value)) if isinstance(value, str) else str(value)


def allowed_text(field: FieldInfo) -> str:
    """What a field takes, in words."""
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    bounds: dict[str, Any] = {}
    for item in field.metadata:
        bounds |= {key: getattr(item, key) for key in ("ge", "gt", "le") if hasattr(item, key)}
    words = str(extra.get("allowed") or _type_text(field.annotation))
    unit = f" {extra['unit']}" if extra.get("unit") else ""
    if "ge" in bounds or "gt" in bounds:
        low = f"from {bounds['ge']}" if "ge" in bounds else f"above {bounds['gt']}"
        to = " to" if "ge" in bounds else ", at most"
        high = f"{to} {bounds['le']}" if "le" in bounds else ""
        return f"{words} {low}{high}{unit}"
    return words + unit


def _without_password(text: str) -> str:
    """An address without what stands between `user:` and the last @, however malformed the address is."""
    text = re.sub(r"([?&]password=)[^&]*", rf"\1{MASK}", text)
    login, at, place = text.rpartition("@")
    if not at:
        return text
    user = re.match(r"[A-Za-z0-9+.]+://[^:/@]*", login)
    if user and user[0] == login:
        return text
    return f"{user[0] + ':' if user else ''}{MASK}@{place}"


def is_secret(field: FieldInfo) -> bool:
    """Whether a field's value must never be shown."""
    return SecretStr in get_args(field.annotation)


def _type_text(annotation: Any) -> str:
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return f"one of {', '.join(annotation)}"
    names = str(annotation)
    if annotation is bool:
        return "true or false"
    if "int" in names:
        return "a whole number"
    return "a number" if "float" in names or "Decimal" in names else "text"
