"""Reading fault rules from JSON, strictly: what is not known is refused in a sentence that says what is."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson

from binance_trade_agent.exchange.simulator.faults.answers import READY, Answer
from binance_trade_agent.exchange.simulator.faults.kinds import ON_REQUESTS, Kind
from binance_trade_agent.exchange.simulator.faults.rule import WS, Match, Spec, Symbol

_METHODS = ("GET", "POST", "PUT", "DELETE", WS)
_STATUSES = ("TRADING", "END_OF_DAY", "HALT", "BREAK", "CANCEL_ONLY")
_LONGEST_DELAY_S = 3600
_LONGEST_SHIFT_MS = 366 * 86_400_000
_ANSWER = ("error", "status", "code", "msg", "body", "content_type", "headers")

#: The arguments of each kind besides `fault` and, on requests, `match`, `skip` and `count`.
ARGUMENTS: Mapping[Kind, tuple[str, ...]] = {
    **dict.fromkeys(Kind, ()),
    Kind.ANSWER: _ANSWER,
    Kind.EXECUTE_THEN_ANSWER: _ANSWER,
    Kind.DELAY: ("delay_s",),
    Kind.INVISIBLE: ("delay_s",),
    Kind.PARTIAL: ("share",),
    Kind.EXPIRE: ("reason",),
    Kind.CLOCK: ("shift_ms",),
    Kind.RULES: ("symbol", "changes"),
    Kind.FEE_ASSET: ("asset",),
    Kind.STREAM_REFUSE: ("status",),
    Kind.STREAM_DROP: ("close_code",),
    Kind.STREAM_EVENT: ("event",),
}


class BadRule(Exception):
    """A fault rule that is not understood; the text is a sentence for its author."""


def read_rules(path: Path) -> list[Spec]:
    """The rules of a file, a JSON list; raises `BadRule`, and `OSError` when it cannot be read."""
    rules = parse_json(path.read_bytes())
    if not isinstance(rules, list):
        raise BadRule("the file must hold a JSON list of rules")
    return parse_rules(rules)


def parse_json(raw: bytes) -> Any:
    """A JSON value; raises `BadRule`."""
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise BadRule(f"not JSON: {error}") from error


def parse_rules(value: object) -> list[Spec]:
    """One rule or a list of them; raises `BadRule` for the first that is wrong."""
    if not isinstance(value, list):
        return [parse_rule(value)]
    specs = []
    for index, each in enumerate(value):
        try:
            specs.append(parse_rule(each))
        except BadRule as error:
            raise BadRule(f"rule {index + 1} of {len(value)}: {error}") from error
    return specs


def parse_rule(value: object) -> Spec:
    """One rule; raises `BadRule`."""
    rule = _object("a rule", value)
    kind = _kind(rule.get("fault"))
    common = ("match", "skip", "count") if kind in ON_REQUESTS else ()
    _known(f"{kind} ", rule, ("fault", *common, *ARGUMENTS[kind]))
    parsed: dict[str, Any] = {}
    if "match" in rule:
        parsed["match"] = _match(rule["match"])
    if "skip" in rule:
        parsed["skip"] = _integer("skip", rule["skip"], 0, 10**9)
    if rule.get("count") is not None:
        parsed["count"] = _integer("count", rule["count"], 1, 10**9)
    elif kind in ON_REQUESTS and "count" not in rule:
        parsed["count"] = 1
    return Spec(kind, rule, **parsed, **_READERS.get(kind, _nothing)(rule))


def _nothing(_: Mapping[str, Any]) -> dict[str, Any]:
    return {}


def _kind(value: object) -> Kind:
    try:
        return Kind(str(value))
    except ValueError:
        raise BadRule(f"fault must be one of {', '.join(Kind)}, not {value!r}") from None


def _match(value: object) -> Match:
    match = _object("match", value)
    _known("match ", match, ("method", "path", "params"))
    method, path = match.get("method"), match.get("path")
    if method is not None and method not in _METHODS:
        raise BadRule(f"match.method must be one of {', '.join(_METHODS)}, not {method!r}")
    if path is not None:
        path = _text("match.path", path)
    params = _object("match.params", match.get("params", {}))
    for name, wanted in params.items():
        _text(f"match.params.{name}", wanted)
    return Match(method, path, params)


def _answer(rule: Mapping[str, Any]) -> dict[str, Any]:
    headers = _object("headers", rule.get("headers", {}))
    for name, text in headers.items():
        _text(f"headers.{name}", text)
    if "error" in rule:
        if rule["error"] not in READY:
            raise BadRule(f"error must be one of {', '.join(READY)}; it is {rule['error']!r}")
        if others := [name for name in _ANSWER[1:-1] if name in rule]:
            raise BadRule(f"error brings its own {', '.join(others)}; only headers may go with it")
        return {"answer": READY[rule["error"]].with_headers(headers)}
    if "status" not in rule or ("code" in rule) == ("body" in rule):
        raise BadRule("an answer needs error, or status with code and msg, or status with body")
    status = _integer("status", rule["status"], 200, 599)
    if "body" not in rule:
        if "content_type" in rule:
            raise BadRule("content_type goes with body only")
        code = _integer("code", rule["code"], -99_999, 99_999)
        return {"answer": Answer(status, code, _text("msg", rule.get("msg")), headers=headers)}
    if "msg" in rule:
        raise BadRule("msg goes with code only")
    body, kind = rule["body"], _text("content_type", rule.get("content_type", "text/html"))
    if not isinstance(body, str):
        raise BadRule(f"body must be a text, not {body!r}")
    return {"answer": Answer(status, body=body, content_type=kind, headers=headers)}


def _delay(rule: Mapping[str, Any]) -> dict[str, Any]:
    return {"delay_s": _number("delay_s", rule.get("delay_s"), 0, _LONGEST_DELAY_S)}


def _partial(rule: Mapping[str, Any]) -> dict[str, Any]:
    share = rule.get("share")
    _number("share", share, 0, 1)
    if not 0 < share < 1:  # type: ignore[operator]  # _number has checked it
        raise BadRule(f"share must lie between 0 and 1, not at {share!r}")
    return {"share": Decimal(str(share))}


def _expire(rule: Mapping[str, Any]) -> dict[str, Any]:
    return {"reason": _text("reason", rule["reason"])} if "reason" in rule else {}


def _clock(rule: Mapping[str, Any]) -> dict[str, Any]:
    return {"shift_ms": _integer("shift_ms", rule.get("shift_ms"), -_LONGEST_SHIFT_MS, _LONGEST_SHIFT_MS)}


def _symbol_changes(rule: Mapping[str, Any]) -> dict[str, Any]:
    symbol = _text("symbol", rule.get("symbol"))
    changes = dict(_object("changes", rule.get("changes")))
    if not changes:
        raise BadRule("changes must name what changes, such as status or filters")
    if "status" in changes and changes["status"] not in _STATUSES:
        raise BadRule(f"changes.status must be one of {', '.join(_STATUSES)}, not {changes['status']!r}")
    filters = _object("changes.filters", changes.pop("filters", {}))
    for name, values in filters.items():
        if values is not None:
            _object(f"changes.filters.{name}", values)
    return {"symbol": Symbol(symbol, changes, filters)}


def _asset(rule: Mapping[str, Any]) -> dict[str, Any]:
    return {"asset": _text("asset", rule.get("asset"))}


def _status(rule: Mapping[str, Any]) -> dict[str, Any]:
    return {"status": _integer("status", rule.get("status", 503), 400, 599)}


def _close_code(rule: Mapping[str, Any]) -> dict[str, Any]:
    code = rule.get("close_code")
    return {} if code is None else {"close_code": _integer("close_code", code, 1000, 4999)}


def _event(rule: Mapping[str, Any]) -> dict[str, Any]:
    return {"event": _object("event", rule.get("event"))}


_READERS: Mapping[Kind, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    Kind.ANSWER: _answer,
    Kind.EXECUTE_THEN_ANSWER: _answer,
    Kind.DELAY: _delay,
    Kind.INVISIBLE: _delay,
    Kind.PARTIAL: _partial,
    Kind.EXPIRE: _expire,
    Kind.CLOCK: _clock,
    Kind.RULES: _symbol_changes,
    Kind.FEE_ASSET: _asset,
    Kind.STREAM_REFUSE: _status,
    Kind.STREAM_DROP: _close_code,
    Kind.STREAM_EVENT: _event,
}


def _known(where: str, given: Mapping[str, Any], allowed: tuple[str, ...]) -> None:
    unknown = [name for name in given if name not in allowed]
    if unknown:
        raise BadRule(f"{where}takes {', '.join(allowed)}; not {', '.join(unknown)}")


def _object(name: str, value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadRule(f"{name} must be a JSON object, not {value!r}")
    return value


def _text(name: str, value: object) -> str:
    if not isinstance(value, str) or not value:
        raise BadRule(f"{name} must be a text, not {value!r}")
    return value


def _integer(name: str, value: object, least: int, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise BadRule(f"{name} must be a whole number from {least} to {most}, not {value!r}")
    return value


def _number(name: str, value: object, least: int, most: int) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise BadRule(f"{name} must be a number from {least} to {most}, not {value!r}")
    return value
