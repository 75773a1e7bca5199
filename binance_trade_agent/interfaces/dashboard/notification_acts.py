"""Sending a test message as an act, and the card that says whether anybody is told."""

from dash.development.base_component import Component

from binance_trade_agent.control.notifying import TEST_TEXT
from binance_trade_agent.domain.acts import ActKind
from binance_trade_agent.domain.errors import ConfigurationError
from binance_trade_agent.interfaces.dashboard.acting import (
    ACTOR,
    CHANNEL,
    Act,
    Doing,
    Told,
    Wish,
    Words,
    act_button,
)
from binance_trade_agent.interfaces.dashboard.components import badges
from binance_trade_agent.interfaces.dashboard.components import elements as html
from binance_trade_agent.interfaces.dashboard.components.cards import card
from binance_trade_agent.interfaces.dashboard.components.states import empty_state
from binance_trade_agent.interfaces.dashboard.components.times import moment
from binance_trade_agent.interfaces.desks import Desk

_SETTING = "NOTIFY_URLS"
#: Among so many newest acts the last test is looked for.
_ACTS_SEEN = 100


def notifications_card(desk: Desk) -> Component:
    """Whether anybody is told, how the last test ended, and a button that sends one; else how to set it up."""
    if not is_set(desk):
        advice: list[str | Component] = [
            "Put an address of Apprise into ",
            html.Code(_SETTING),
            " in .env, for example ",
            html.Code("tgram://BOT_TOKEN/CHAT_ID"),
            " or ",
            html.Code("mailto://USER:PASSWORD@gmail.com"),
            " (several: separated by commas), and restart all programs. Orders, incidents, and who stops trading"
            " or lets it go on are then told to it.",
        ]
        return card("Notifications", empty_state("Nobody is told when something happens.", advice))
    button = act_button(TEST, "Send a test", style="small", name="Send a test notification")
    told = html.P(
        f"Orders, incidents, pauses, halts, resumes and flattens go to the addresses of {_SETTING}.",
        className="quiet-text",
    )
    return card("Notifications", html.Div([told, _last_test(desk)], className="card-body"), aside=[button])


def is_set(desk: Desk) -> bool:
    """Whether there is an address."""
    return any(setting.name == _SETTING and setting.value for setting in desk.settings.all())


def _last_test(desk: Desk) -> Component:
    tests = (act for act in desk.watch.audit(limit=_ACTS_SEEN) if act.action == ActKind.TEST_NOTIFICATION)
    last = next(tests, None)
    if last is None:
        return html.P("No test was sent lately.", className="quiet-text")
    tone = {"done": "good", None: "warn"}.get(last.outcome, "bad")
    outcome = badges.badge(last.outcome or "being sent", tone)
    return html.P(["Last test, ", moment(last.at), ": ", outcome, f" {last.answer or ''}"])


def _words(desk: Desk, wish: Wish) -> Words:
    if not is_set(desk):
        raise ConfigurationError(f"{_SETTING} is not set: there is nobody to tell")
    return Words(
        "Send a test notification?",
        f"Every address of {_SETTING} is sent “{TEST_TEXT}” now. The trader goes on meanwhile.",
        "Send",
    )


def _send(doing: Doing) -> Told:
    done = doing.desk.notifications.run(
        actor=ACTOR, channel=CHANNEL, reason=doing.reason, idempotency_key=doing.key
    )
    return Told(True, f"{done.told[:1].upper()}{done.told[1:]}.")


TEST = Act("test-notification", _words, _send)
