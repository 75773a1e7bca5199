"""Who may look: a session on every route but `/health`, `/login` and what the login page is drawn with.

A session begins with the password or with a one-time link, ends when its time is up, when nobody was there
for long, or when its person signs out. Scripts cannot read its cookie and other sites cannot send it. Changing
the password or the session key ends every session.
"""

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Collection
from datetime import timedelta
from typing import Protocol
from urllib.parse import urlsplit

from flask import Flask, Response, redirect, request, session
from werkzeug.wrappers import Response as BaseResponse

from binance_trade_agent.interfaces.dashboard import login_page
from binance_trade_agent.interfaces.dashboard.passwords import LoginThrottle, PasswordCheck

COOKIE = "trade_agent_session"
#: The browser says so of a request when somebody touched the page within the last minute.
ACTIVE_HEADER = "X-Active"
LONGEST = timedelta(days=7)
IDLE = timedelta(hours=12)
_REFRESH_S = 60.0
_OPEN_PATHS = frozenset(
    {
        "/health",
        "/login",
        *(f"/assets/{name}" for name in (*login_page.STYLES, *login_page.SCRIPTS, "icon.svg")),
    }
)
_LOCAL_HOSTS = ("127.0.0.1", "localhost", "[::1]")
_READING = ("GET", "HEAD")


class EndedSessions(Protocol):
    """The ids of sessions that somebody ended."""

    def __contains__(self, session_id: object) -> bool: ...

    def add(self, session_id: str, until: float) -> None:
        """End it; `until` (s since 1970) is when it would have ended anyway."""
        ...


class EndedHere(dict[str, float]):
    """Those of this process."""

    def add(self, session_id: str, until: float) -> None:
        """End it."""
        self[session_id] = until


def _no_link(_token: str) -> bool:
    return False


class Guard:
    """Denies by default.

    `redeem` takes the token of a one-time link and says whether it opens; links have a throttle of their own, so that
    neither they nor passwords hold the other up. `hosts` are the names, besides those of this machine itself, by which
    the dashboard may be asked for, with or without a port. With `is_behind_tls` browsers send the cookie over TLS only;
    `tls_origin` is where that is, for those who come without.
    """

    def __init__(
        self,
        password: str,
        session_key: bytes,
        throttle: LoginThrottle,
        *,
        redeem: Callable[[str], bool] = _no_link,
        link_throttle: LoginThrottle | None = None,
        hosts: Collection[str] = (),
        is_behind_tls: bool = False,
        tls_origin: str | None = None,
        ended: EndedSessions | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._password = PasswordCheck(password)
        self._key = session_key
        # a session carries it: another password or key is another mark
        digest = hashlib.sha256(password.encode()).digest()
        self._mark = hmac.new(session_key, digest, hashlib.sha256).hexdigest()
        self._throttle, self._link_throttle = throttle, link_throttle or LoginThrottle()
        self._is_behind_tls, self._tls_origin = is_behind_tls, tls_origin
        self._redeem = redeem
        self._hosts = frozenset(host.lower() for host in (*_LOCAL_HOSTS, *hosts))
        self._now = now
        self._ended: EndedSessions = EndedHere() if ended is None else ended
        self._pages: frozenset[str] = frozenset()

    def install(self, server: Flask, pages: Collection[str] = ()) -> None:
        """Put the guard before every route of `server`; who asks for one of `pages` is sent to the login."""
        self._pages = frozenset(pages)
        server.secret_key = self._key
        server.config.update(
            SESSION_COOKIE_NAME=COOKIE,
            SESSION_COOKIE_HTTPONLY=True,
            SESSION_COOKIE_SECURE=self._is_behind_tls,
            SESSION_COOKIE_SAMESITE="Strict",
            SESSION_REFRESH_EACH_REQUEST=False,
            PERMANENT_SESSION_LIFETIME=LONGEST,
        )
        server.before_request(self._check)
        server.add_url_rule("/login", "login", self._login, methods=["GET", "POST"])
        server.add_url_rule("/logout", "logout", self._logout, methods=["POST"])

    def _check(self) -> BaseResponse | None:
        if not self._known_host():
            return _plain("This dashboard is not known by that name (DASHBOARD_ALLOWED_HOSTS).\n", 421)
        if request.method not in _READING and not _same_origin():
            return _plain("This came from another site.\n", 403)
        if request.path in _OPEN_PATHS or self._signed_in():
            return None
        if request.path in self._pages and request.method == "GET":
            return redirect("/login", 303)
        return _plain("Sign in at /login.\n", 401)

    def _known_host(self) -> bool:
        return _is_one_of(request.host, self._hosts)

    def _signed_in(self) -> bool:
        if not hmac.compare_digest(str(session.get("who", "")), self._mark):
            return False
        now, begun, seen = self._now(), float(session.get("begun", 0)), float(session.get("seen", 0))
        if now - begun > LONGEST.total_seconds() or now - seen > IDLE.total_seconds():
            return False
        if session.get("id") in self._ended:
            return False
        if now - seen > _REFRESH_S and request.headers.get(ACTIVE_HEADER):
            session["seen"] = now
        return True

    def _login(self) -> BaseResponse:
        origin = self._where_to_sign_in()
        if request.method in _READING:
            token = request.args.get("token")
            if token is not None:
                # to look at a link spends nothing: only the button does, so a preview cannot
                return _html(login_page.link_page(token, origin=origin), 200)
            if self._signed_in():
                return redirect("/", 303)
            return _html(login_page.password_page(origin=origin), 200)
        token = request.form.get("token")
        if origin is None or _is_one_of(request.host, _LOCAL_HOSTS):
            # of this machine itself most browsers keep the cookie without TLS, too
            return self._sign_in(token)
        page = (
            login_page.password_page(origin=origin)
            if token is None
            else login_page.link_page(token, origin=origin)
        )
        return _html(page, 421)

    def _where_to_sign_in(self) -> str | None:
        """The address, for whoever seems to have come without TLS to where there is a proxy with it."""
        sent_from = request.headers.get("Origin")
        is_plain = (
            _is_one_of(request.host, _LOCAL_HOSTS) if sent_from is None else sent_from.startswith("http:")
        )
        return self._tls_origin if is_plain else None

    def _sign_in(self, token: str | None) -> BaseResponse:
        address = request.remote_addr or ""
        throttle = self._throttle if token is None else self._link_throttle
        wait_s = throttle.begin(address)
        if wait_s > 0:
            return _refuse(f"Too many wrong attempts: try again in {wait_s:.0f} s.", 429)
        if token is not None:
            opens, wrong = self._redeem(token), "This link was used already, or is too old."
        else:
            opens = self._password.matches(request.form.get("password", ""))
            wrong = "This is not the password."
        if not opens:
            return _refuse(wrong, 401)
        throttle.take_back(address)
        for each in (self._throttle, self._link_throttle):
            each.remember(address, LONGEST.total_seconds())
        session.clear()
        session.permanent = True
        session.update(who=self._mark, id=secrets.token_hex(8), begun=self._now(), seen=self._now())
        return redirect("/", 303)

    def _logout(self) -> BaseResponse:
        self._ended.add(str(session.get("id")), self._now() + LONGEST.total_seconds())
        session.clear()
        return redirect("/login", 303)


def _is_one_of(host: str, names: Collection[str]) -> bool:
    """Whether it is one of them, with or without a port."""
    return host.lower() in names or host.lower().rpartition(":")[0] in names


def _same_origin() -> bool:
    """Whether a browser says that our own page sent this; what sends neither header is no browser."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        return False
    origin = request.headers.get("Origin")
    return origin is None or urlsplit(origin).netloc.lower() == request.host.lower()


def _refuse(text: str, status: int) -> Response:
    return _html(login_page.password_page(text), status)


def _html(page: str, status: int) -> Response:
    return Response(page, status, mimetype="text/html")


def _plain(text: str, status: int) -> Response:
    return Response(text, status, mimetype="text/plain")
