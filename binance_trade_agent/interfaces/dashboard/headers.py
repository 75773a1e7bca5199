"""Security headers of every answer.

What was measured of Dash 4.4.1 with plotly.js 4.1.1: one inline script (the renderer's start), allowed by its
hash; no eval; styles that its components and plotly put into the page from scripts, which needs 'unsafe-inline'
for styles; images from `data:` and `blob:` for plotly.
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
