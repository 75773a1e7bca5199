"""Merging what an operator set in several places into one value a setting, without reading any of the places."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any


@dataclass(frozen=True, slots=True)
class Given:
    """A value as text, and where it stands."""

    text: str
    origin: str


@dataclass(frozen=True, slots=True)
class Layer:
    """One place where settings stand. `is_ours`: nothing else may stand there, so any unknown name is a mistake."""

    origin: str
    values: Mapping[str, str | None]
    is_ours: bool = False


@dataclass(frozen=True, slots=True)
class Merger:
    """Knows the names, and which of them may be `readable` from a file.

    `read_file` returns the text of a file, or raises `ValueError` saying why it cannot.
    """

    names: frozenset[str]
    readable: frozenset[str]
    own_prefixes: tuple[str, ...]
    read_file: Callable[[str], str]

    def merge(self, layers: Sequence[Layer]) -> tuple[dict[str, Given], list[str]]:
        """The value of each setting that is set (a later layer wins, blank is unset), and every problem found."""
        given: dict[str, Given] = {}
        problems: list[str] = []
        for layer in layers:
            values = {name: value for name, value in layer.values.items() if value and value.strip()}
            problems += self._unknown(values, layer)
            given |= {
                name: Given(value, layer.origin) for name, value in values.items() if name in self.names
            }
            for name in sorted(self.readable):
                path = values.get(f"{name}_FILE")
                if path and name in values:
                    problems.append(f"{name} and {name}_FILE ({layer.origin}) are both set: set one of them")
                elif path:
                    try:
                        given[name] = Given(self.read_file(path), f"{name}_FILE")
                    except ValueError as error:
                        problems.append(f"{name}_FILE={path} ({layer.origin}) cannot be used: {error}")
        return given, problems

    def _unknown(self, values: Mapping[str, str], layer: Layer) -> Iterator[str]:
        known = sorted(self.names) + [f"{name}_FILE" for name in sorted(self.readable)]
        for name in sorted(values.keys() - set(known)):
            if layer.is_ours or name.upper().startswith(self.own_prefixes):
                nearest = get_close_matches(name.upper(), known, 1, 0.5)
                hint = f"; did you mean {nearest[0]}?" if nearest else ""
                yield f"{name} ({layer.origin}) is no setting{hint}"


def flat_text(value: Any) -> str:
    """A value of a TOML file as it would be written in an environment variable."""
    if isinstance(value, dict):
        return json.dumps(value)
    if isinstance(value, list):
        return ",".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)
