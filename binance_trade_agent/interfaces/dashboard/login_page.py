"""The login page: plain HTML, for whoever has no session gets nothing of Dash."""

from html import escape
from urllib.parse import urlencode

#: What is open without a session, under /assets/.
STYLES = ("1-theme.css", "2-parts.css", "3-shell.css")
SCRIPTS = ("theme.js", "login.js")

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Sign in · Trade agent</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" type="image/svg+xml" href="/assets/icon.svg">{styles}{scripts}</head>
<body class="sign-in"><main class="card"><div class="brand"><span class="brand-mark"></span>
<h1>Trade agent</h1></div>{body}</main></body></html>
"""
_ASKING = """<form method="post" action="/login">
<input name="username" value="operator" autocomplete="username" hidden>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required autofocus>
{elsewhere}{message}<button class="act primary">Sign in</button>
<p class="hint"><code>make up</code> prints a link that signs you in once. The password lies in the data folder:
<code>secrets/dashboard_password</code>, unless <code>DASHBOARD_PASSWORD</code> is set.</p></form>"""
_WELCOMING = """<form method="post" action="/login"{by_itself}>
<input type="hidden" name="token" value="{token}">
<p>This link signs you in, once.</p>{elsewhere}<button class="act primary" autofocus>Open the dashboard</button></form>"""
_ELSEWHERE = """<p class="wrong" role="alert">Browsers keep this session over TLS alone: sign in at
<a href="{address}">{shown}</a>.</p>"""


def password_page(wrong: str = "", *, origin: str | None = None) -> str:
    """Asks for the password; `wrong` says why the last attempt did not do, `origin` where it would."""
    message = f'<p class="wrong" role="alert">{escape(wrong)}</p>' if wrong else ""
    return _page(_ASKING.format(message=message, elsewhere=_elsewhere(origin, "/login")))


def link_page(token: str, *, origin: str | None = None) -> str:
    """What a one-time link leads to: a button, which a script presses unless the link is for another `origin`."""
    form = _WELCOMING.format(
        token=escape(token, quote=True),
        by_itself="" if origin else " data-auto-submit",
        elsewhere=_elsewhere(origin, f"/login?{urlencode({'token': token})}"),
    )
    return _page(form)


def _elsewhere(origin: str | None, path: str) -> str:
    if origin is None:
        return ""
    return _ELSEWHERE.format(address=escape(origin + path, quote=True), shown=escape(origin))


def _page(body: str) -> str:
    styles = "".join(f'<link rel="stylesheet" href="/assets/{name}">' for name in STYLES)
    scripts = "".join(f'<script src="/assets/{name}"></script>' for name in SCRIPTS)
    return _PAGE.format(styles=styles, scripts=scripts, body=body)
