"""The one way by which pages act: a button, a question in plain words, one act, its outcome.

A button names an act and its target. Pressing it asks the server for the words (`POST /acts/ask`), which
opens a dialog and draws one idempotency key; confirming it (`POST /acts/do`) spends that key. The act
runs in a thread of its own, so that a slow one holds nothing up, and the browser asks for its outcome
(`GET /acts/<key>`).
"""

import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog
from dash.development.base_component import Component
from flask import Flask, Response, jsonify, request

from binance_trade_agent.control.steering import COMMAND_TTL, CommandTimeout
from binance_trade_agent.domain.act_reasons import NO_REASON
from binance_trade_agent.domain.acts import ActOutcome, AuditRow
from binance_trade_agent.domain.errors import TradeAgentError
from binance_trade_agent.domain.records import CommandResult, CommandStatus
from binance_trade_agent.interfaces.dashboard.components import elements as html
from binance_trade_agent.interfaces.dashboard.components.numbers import attributes
from binance_trade_agent.interfaces.desks import Desk, DeskDoor

ACTOR = "dashboard"
CHANNEL = "dashboard"
_MAX_REASON = 200
_MAX_VALUE = 2000
#: How long a question may wait for its answer.
_QUESTION_LIFE_S = 180.0
#: How long the outcome of an act is remembered, counted from its question.
_OUTCOME_LIFE_S = 900.0
_UNKNOWN = "whether this was done is not known here any more: see Audit before asking again"
#: Among so many newest acts one is looked for whose question this process does not know.
_ACTS_SEEN = 500
_MOST = 500
_MOST_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class Field:
    """Something the dialog asks for before it says what will happen."""

    name: str
    label: str
    value: str = ""
    hint: str = ""
    #: `text`, `decimal` (a number pad on a phone) or `choice` (one of `choices`).
    kind: str = "text"
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person asks an act for: its target (a symbol, an order's id, a program), and the fields' values."""

    target: str = ""
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Words:
    """The question: what will happen, in full. A `typed` word must be typed to confirm; `grave` acts look so.

    `basis` is what the sentence stands on (what it is called -> its value): where it differs at the moment of doing,
    nothing is done. An act without one does what it says whatever has changed.
    """

    title: str
    text: str
    confirm: str
    typed: str = ""
    grave: bool = False
    basis: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Told:
    """How an act ended; `done` is False for a refusal or a failure."""

    done: bool
    text: str

    @classmethod
    def of(cls, result: CommandResult) -> "Told":
        """The outcome of a command."""
        return cls(result.status is CommandStatus.DONE, result.told)


@dataclass(frozen=True, slots=True)
class Doing:
    """What an act is done with: the desk, the wish, its one key, the person's reason, and the basis of its words."""

    desk: Desk
    wish: Wish
    key: str
    reason: str
    basis: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Act:
    """An act of a page. `words` and `do` may raise `TradeAgentError`: its text is shown.

    `fields` are asked for first; `words` then gets their values and refuses those that cannot be meant.
    An `urgent` act is never held up by others that are on their way.
    """

    name: str
    words: Callable[[Desk, Wish], Words]
    do: Callable[[Doing], Told]
    fields: Callable[[Desk, Wish], tuple[Field, ...]] = lambda _desk, _wish: ()
    urgent: bool = False


def act_button(act: Act | str, label: str, *, target: str = "", style: str = "", name: str = "") -> Component:
    """A button that asks for `act`. `style`: `primary`, `grave`, `small`; `name` is its accessible name."""
    extra = {"data_act": act if isinstance(act, str) else act.name, "data_target": target}
    return html.Button(
        label,
        type="button",
        className=f"act {style}".strip(),
        **attributes(**extra, **({"aria_label": name} if name else {})),
    )


@dataclass(slots=True)
class _Opened:
    """A dialog, from its opening to its outcome."""

    act: Act
    wish: Wish
    words: Words
    opened_at: float
    told: Told | None = None
    begun: bool = False

    @property
    def is_running(self) -> bool:
        """Whether it was confirmed and has not ended."""
        return self.begun and self.told is None


class Acting:
    """The acts of all pages, and the dialogs that are open."""

    def __init__(
        self, door: DeskDoor, acts: Mapping[str, Act], monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._door = door
        self._acts = acts
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._opened: dict[str, _Opened] = {}
        self._running = 0

    def install(self, server: Flask) -> None:
        """Add the routes."""
        server.add_url_rule("/acts/ask", "acts_ask", self._ask, methods=["POST"])
        server.add_url_rule("/acts/do", "acts_do", self._do, methods=["POST"])
        server.add_url_rule("/acts/<key>", "acts_outcome", self._outcome, methods=["GET"])

    def _ask(self) -> tuple[Response, int]:
        asked = _body()
        act = self._acts.get(_text(asked, "act"))
        if act is None:
            return _problem("no such act", 404)
        values = asked.get("values")
        given = (
            {str(k): str(v)[:_MAX_VALUE].strip() for k, v in values.items()}
            if isinstance(values, dict)
            else None
        )
        wish = Wish(_text(asked, "target"), given or {})
        try:
            desk = self._door.desk()
            if given is None and (fields := act.fields(desk, wish)):
                return jsonify({"fields": [_shown(each) for each in fields]}), 200
            words = act.words(desk, wish)
        except TradeAgentError as error:
            return _problem(str(error), 409)
        key = f"dashboard-{secrets.token_hex(12)}"
        self._remember(key, _Opened(act, wish, words, self._monotonic()))
        return jsonify({"key": key} | _words(words)), 200

    def _do(self) -> tuple[Response, int]:
        asked = _body()
        key = _text(asked, "key")
        with self._lock:
            opened = self._opened.get(key)
        if opened is None:
            return self._known_to_audit(key)
        with self._lock:
            # a second click, or the same request again: the first is on its way, or has ended
            if opened.begun:
                return jsonify({"key": key}), 202
            if self._monotonic() - opened.opened_at > _QUESTION_LIFE_S:
                return _problem("this question is too old: nothing was done, ask again", 410)
            if opened.words.typed and _text(asked, "typed").strip().upper() != opened.words.typed.upper():
                return _problem(f"type {opened.words.typed} to confirm", 409)
            if self._running >= _MOST_AT_ONCE and not opened.act.urgent:
                return _problem("too many acts are on their way: nothing was done", 409)
            opened.begun = True
            self._running += 1
        reason = _text(asked, "reason").strip()[:_MAX_REASON] or NO_REASON
        threading.Thread(target=self._carry_out, args=(opened, key, reason), name=key, daemon=True).start()
        return jsonify({"key": key}), 202

    def _carry_out(self, opened: _Opened, key: str, reason: str) -> None:
        told = Told(False, "it ended in an error of the dashboard; see its log, and Audit for what was done")
        try:
            told = _done(opened, Doing(self._door.desk(), opened.wish, key, reason, opened.words.basis))
        except (TradeAgentError, CommandTimeout) as error:
            told = Told(False, str(error))
        finally:
            with self._lock:
                opened.told = told
                self._running -= 1
            structlog.get_logger("dash_ui").info(
                "act ended", act=opened.act.name, target=opened.wish.target, done=told.done, text=told.text
            )

    def _outcome(self, key: str) -> tuple[Response, int]:
        with self._lock:
            opened = self._opened.get(key)
        if opened is None:
            return self._outcome_in_audit(key)
        if not opened.begun:
            return _problem("this was not confirmed: nothing was done", 404)
        return _state(opened.told)

    def _known_to_audit(self, key: str) -> tuple[Response, int]:
        """The answer to the confirmation of a question that this process does not know.

        One before it may have asked it, and begun the act: nobody is told that nothing was done.
        """
        try:
            row = _audit_row(self._door.desk(), key)
        except TradeAgentError as error:
            return _problem(f"whether this was done already cannot be read now: {error}", 503)
        return _problem(_UNKNOWN, 410) if row is None else (jsonify({"key": key}), 202)

    def _outcome_in_audit(self, key: str) -> tuple[Response, int]:
        try:
            desk = self._door.desk()
            row = _audit_row(desk, key)
        except TradeAgentError as error:
            return _problem(
                f"how this ended cannot be read now ({error}): see Audit before asking again", 503
            )
        return _problem(_UNKNOWN, 404) if row is None else _state(_told_by(row, desk.watch.now()))

    def _remember(self, key: str, opened: _Opened) -> None:
        with self._lock:
            now = self._monotonic()
            ended = [name for name, one in self._opened.items() if not one.is_running]
            over = [name for name in ended if now - self._opened[name].opened_at > _OUTCOME_LIFE_S]
            too_many = ended[: max(0, len(self._opened) - _MOST + 1)]
            for name in {*over, *too_many}:
                del self._opened[name]
            self._opened[key] = opened


def _done(opened: _Opened, doing: Doing) -> Told:
    """Do it, unless what was said no longer holds."""
    before = opened.words.basis
    if before:
        now = opened.act.words(doing.desk, doing.wish).basis
        changed = [
            f"{name} was {before.get(name, 'nothing')} and is {now.get(name, 'nothing')} now"
            for name in {**before, **now}
            if before.get(name) != now.get(name)
        ]
        if changed:
            return Told(
                False,
                f"Nothing was done, for it changed since you were asked: {'; '.join(changed)}. Ask again.",
            )
    return opened.act.do(doing)


def _audit_row(desk: Desk, key: str) -> AuditRow | None:
    """The act that spent a key, whichever process did it."""
    return next((row for row in desk.watch.audit(limit=_ACTS_SEEN) if row.idempotency_key == key), None)


def _told_by(row: AuditRow, now: datetime) -> Told | None:
    """How an act ended, as the audit keeps it; None while it may be on its way."""
    begun = f"{row.action.replace('_', ' ')}, asked for at {row.at:%Y-%m-%d %H:%M:%S} UTC"
    if row.outcome is not None:
        answer = f": {row.answer}" if row.answer else ""
        return Told(row.outcome == ActOutcome.DONE, f"{begun}: {row.outcome}{answer}")
    if now - row.at < COMMAND_TTL:
        return None
    return Told(False, f"{begun}: how it ended is not known yet; see Audit before asking again")


def _state(told: Told | None) -> tuple[Response, int]:
    if told is None:
        return jsonify({"state": "working"}), 200
    return jsonify({"state": "done" if told.done else "failed", "text": told.text}), 200


def _words(words: Words) -> dict[str, Any]:
    return {
        "title": words.title,
        "text": words.text,
        "confirm": words.confirm,
        "typed": words.typed,
        "grave": words.grave,
    }


def _shown(each: Field) -> dict[str, Any]:
    return {
        "name": each.name,
        "label": each.label,
        "value": each.value,
        "hint": each.hint,
        "kind": each.kind,
        "choices": list(each.choices),
    }


def _body() -> dict[str, Any]:
    body = request.get_json(silent=True)
    return body if isinstance(body, dict) else {}


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    return value[:_MAX_VALUE] if isinstance(value, str) else ""


def _problem(text: str, status: int) -> tuple[Response, int]:
    return jsonify({"problem": text}), status
