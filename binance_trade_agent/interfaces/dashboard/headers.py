"""Security headers of every answer.

Dash 4.4.1 with plotly.js 4.1.1 starts with one inline script, which is allowed by its hash, and runs without eval.
Styles may be inline: Dash and plotly set them on elements and put style sheets into the page from scripts. plotly shows
images from `data:` and `blob:`.
"""

from collections.abc import Sequence

from flask import Flask, Response

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # not no-referrer: with it browsers send our own forms with `Origin: null`
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


def content_policy(script_hashes: Sequence[str]) -> str:
    """The Content-Security-Policy; `script_hashes` are those of Dash's own inline scripts, quoted."""
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src 'self' {' '.join(script_hashes)}".strip(),
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self'",
            "connect-src 'self'",
            "frame-ancestors 'none'",
            "form-action 'self'",
            "base-uri 'none'",
            "object-src 'none'",
        ]
    )


def add_headers(server: Flask, script_hashes: Sequence[str]) -> None:
    """Put them on every answer; what may hold data is never kept."""
    policy = content_policy(script_hashes)

    def add(response: Response) -> Response:
        response.headers.update(_HEADERS)
        response.headers["Content-Security-Policy"] = policy
        if response.mimetype in ("text/html", "application/json", "text/csv", "text/plain"):
            response.headers["Cache-Control"] = "no-store"
        return response

    server.after_request(add)
