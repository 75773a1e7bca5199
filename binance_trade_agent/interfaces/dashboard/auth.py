"""Who may look: a session on every route but `/health` and `/login`, for all methods.

The password (or the link that carries it) opens a session cookie that scripts cannot read and other sites
cannot send. Changing the password or the session key ends every session.
"""

import hashlib
import hmac
import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from flask import Flask, Response, redirect, request, session
from werkzeug.wrappers import Response as BaseResponse

_OPEN_PATHS = frozenset({"/health", "/login"})
_SESSION_LIFE = timedelta(days=7)
_FAILURES = 5
_WINDOW_S = 60.0
_MARK = "who"

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Trade agent: sign in</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">{head}<style>{style}</style></head>
<body class="sign-in"><main class="card"><h1>Trade agent</h1>{body}</main></body></html>
"""
_FORM = """<form method="post" action="/login">
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required autofocus>
{message}<button class="act primary">Sign in</button>
<p class="hint">The program printed a sign-in link when it started. The password is also kept in the data
folder, under <code>secrets</code>.</p></form>"""
_WELCOME = '<p role="status">Signed in. <a href="/">Open the dashboard</a></p>'


class LoginThrottle:
    """At most five wrong passwords a minute, whoever sends them; then everybody waits."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._failures: deque[float] = deque(maxlen=_FAILURES)
        self._lock = threading.Lock()

    def wait_s(self) -> float:
        """Seconds until the next attempt is looked at; 0 for now."""
        with self._lock:
            if len(self._failures) < _FAILURES:
                return 0.0
            return max(0.0, self._failures[0] + _WINDOW_S - self._monotonic())

    def failed(self) -> None:
        """Count a wrong password."""
        with self._lock:
            self._failures.append(self._monotonic())


class Guard:
    """Denies by default."""

    def __init__(self, password: str, session_key: bytes, throttle: LoginThrottle) -> None:
        self._password = _digest(password)
        self._key = session_key
        self._mark = hmac.new(session_key, self._password, hashlib.sha256).hexdigest()
        self._throttle = throttle
        self._style = (Path(__file__).parent / "assets" / "style.css").read_text(encoding="utf-8")

    def install(self, server: Flask) -> None:
        """Put the guard before every route of `server`, and add the routes to sign in and out."""
        server.secret_key = self._key
        server.config.update(
            SESSION_COOKIE_NAME="trade_agent_session",
            SESSION_COOKIE_HTTPONLY=True,
            SESSION_COOKIE_SAMESITE="Strict",
            SESSION_REFRESH_EACH_REQUEST=False,
            PERMANENT_SESSION_LIFETIME=_SESSION_LIFE,
        )
        server.before_request(self._check)
        server.add_url_rule("/login", "login", self._login, methods=["GET", "POST"])
        server.add_url_rule("/logout", "logout", self._logout, methods=["GET"])

    def _check(self) -> BaseResponse | None:
        if request.method not in ("GET", "HEAD") and not _same_origin():
            return Response("This came from another site.\n", 403, mimetype="text/plain")
        if request.path in _OPEN_PATHS or self._signed_in():
            return None
        if request.path == "/" and request.method == "GET":
            return redirect("/login", 303)
        return Response("Sign in at /login.\n", 401, mimetype="text/plain")

    def _signed_in(self) -> bool:
        return hmac.compare_digest(str(session.get(_MARK, "")), self._mark)

    def _login(self) -> BaseResponse:
        given = request.form.get("password") if request.method == "POST" else request.args.get("token")
        if given is None:
            return redirect("/", 303) if self._signed_in() else self._page(_FORM.format(message=""), 200)
        wait_s = self._throttle.wait_s()
        if wait_s > 0:
            return self._refuse(f"Too many wrong passwords: try again in {wait_s:.0f} s.", 429)
        if not hmac.compare_digest(_digest(given), self._password):
            self._throttle.failed()
            return self._refuse("This is not the password.", 401)
        session.permanent = True
        session[_MARK] = self._mark
        # a page of ours, not a redirect: a link followed from elsewhere would not send a strict cookie along
        return self._page(_WELCOME, 200, head='<meta http-equiv="refresh" content="0;url=/">')

    def _logout(self) -> BaseResponse:
        session.clear()
        return redirect("/login", 303)

    def _refuse(self, text: str, status: int) -> Response:
        return self._page(_FORM.format(message=f'<p class="wrong" role="alert">{text}</p>'), status)

    def _page(self, body: str, status: int, *, head: str = "") -> Response:
        return Response(_PAGE.format(head=head, style=self._style, body=body), status, mimetype="text/html")


def _same_origin() -> bool:
    origin = request.headers.get("Origin")
    return origin is None or urlsplit(origin).netloc == request.host


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
