"""The dashboard as one application: page, guard, health route, headers."""

from pathlib import Path

from dash import Dash
from flask import Flask, Response, jsonify

from binance_trade_agent.domain.errors import ConfigurationError, StorageError
from binance_trade_agent.interfaces.dashboard import callbacks
from binance_trade_agent.interfaces.dashboard.auth import Guard
from binance_trade_agent.interfaces.dashboard.layout import page
from binance_trade_agent.interfaces.desks import DeskDoor, health_answer, unreadable_answer

#: A callback's request is a few kilobytes.
MAX_BODY_BYTES = 1_000_000

_INDEX = """<!doctype html>
<html lang="en"><head>{%metas%}<title>{%title%}</title>
<link rel="icon" type="image/svg+xml" href="/assets/icon.svg">{%css%}</head>
<body>{%app_entry%}<footer>{%config%}{%scripts%}{%renderer%}</footer></body></html>
"""
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
}


def build_app(door: DeskDoor, guard: Guard, *, mode: str, mode_note: str) -> Dash:
    """The application; nothing of it but `/health` and `/login` answers without a session."""
    server = Flask(__name__, static_folder=None)
    server.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    guard.install(server)
    app = Dash(
        __name__,
        server=server,  # type: ignore[arg-type]  # Dash takes a Flask, its annotation does not say so
        title="Trade agent",
        update_title="",
        assets_folder=str(Path(__file__).parent / "assets"),
        index_string=_INDEX,
        serve_locally=True,
        enable_mcp=False,
        meta_tags=[
            {"name": "viewport", "content": "width=device-width, initial-scale=1"},
            {"name": "color-scheme", "content": "light dark"},
        ],
    )
    app.layout = page(mode, mode_note)
    callbacks.register(app, door)
    _add_health(server, door)
    _add_headers(server, [str(part) for part in app.csp_hashes()])
    return app


def _add_health(server: Flask, door: DeskDoor) -> None:
    def health() -> tuple[Response, int]:
        try:
            answer = health_answer(door.desk().watch.status().health)
        except (StorageError, ConfigurationError) as error:
            answer = unreadable_answer(error)
        return jsonify(answer.body), answer.status_code

    server.add_url_rule("/health", "health", health, methods=["GET"])


def _add_headers(server: Flask, script_hashes: list[str]) -> None:
    policy = "; ".join(
        [
            "default-src 'self'",
            f"script-src 'self' {' '.join(script_hashes)}",
            # plotly and Dash set styles from scripts
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "frame-ancestors 'none'",
            "form-action 'self'",
            "base-uri 'none'",
            "object-src 'none'",
        ]
    )

    def add(response: Response) -> Response:
        response.headers.update(_HEADERS)
        response.headers["Content-Security-Policy"] = policy
        if response.mimetype in ("text/html", "application/json"):
            response.headers["Cache-Control"] = "no-store"
        return response

    server.after_request(add)
