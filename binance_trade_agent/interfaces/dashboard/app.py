"""The dashboard as one application: pages, guard, live pulse, acts, exports, health, headers."""

from pathlib import Path

from dash import Dash
from flask import Flask, Response, jsonify, request

from binance_trade_agent.domain.errors import ConfigurationError, StorageError
from binance_trade_agent.interfaces.dashboard import shell, steering_acts
from binance_trade_agent.interfaces.dashboard.access import Guard
from binance_trade_agent.interfaces.dashboard.acting import Act, Acting
from binance_trade_agent.interfaces.dashboard.components.exports import csv_lines
from binance_trade_agent.interfaces.dashboard.headers import add_headers
from binance_trade_agent.interfaces.dashboard.live import Live
from binance_trade_agent.interfaces.dashboard.page import Context, Page
from binance_trade_agent.interfaces.dashboard.registry import all_pages
from binance_trade_agent.interfaces.dashboard.shared_reads import SharedReads
from binance_trade_agent.interfaces.desks import DeskDoor, health_answer

#: A callback's request is a few kilobytes.
MAX_BODY_BYTES = 1_000_000

# theme.js stands in the head, so that a page is never drawn in the wrong theme first
_INDEX = """<!doctype html>
<html lang="en"><head>{%metas%}<title>{%title%}</title>
<link rel="icon" type="image/svg+xml" href="/assets/icon.svg">
<script src="/assets/theme.js"></script>{%css%}</head>
<body>{%app_entry%}<footer>{%config%}{%scripts%}{%renderer%}</footer></body></html>
"""
_HEAD_SCRIPTS = r"(theme|login)\.js"


def build_app(door: DeskDoor, guard: Guard, *, mode: str, mode_note: str) -> Dash:
    """The application; nothing of it but `/health` and the login answers without a session."""
    pages = all_pages()
    server = Flask(__name__, static_folder=None)
    server.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    guard.install(server, [page.path for page in pages])
    shared = SharedReads()
    viewing = shared.door(door)
    live = Live(viewing, forget=shared.forget)
    live.install(server)
    Acting(door, _acts(pages)).install(server)
    _add_health(server, door)
    _add_exports(server, door, pages)
    app = Dash(
        __name__,
        server=server,  # type: ignore[arg-type]  # Dash takes a Flask, its annotation does not say so
        title="Trade agent",
        update_title="",
        assets_folder=str(Path(__file__).parent / "assets"),
        assets_ignore=_HEAD_SCRIPTS,
        index_string=_INDEX,
        serve_locally=True,
        enable_mcp=False,
        # the elements of a page are there only while it is open
        suppress_callback_exceptions=True,
        meta_tags=[
            {"name": "viewport", "content": "width=device-width, initial-scale=1"},
            {"name": "color-scheme", "content": "light dark"},
        ],
    )
    app.layout = lambda: shell.layout(live.beat(), mode, mode_note)
    shell.register(app)
    context = Context(viewing)
    for page in pages:
        page.register(app, context)
    add_headers(server, [str(part) for part in app.csp_hashes()])
    return app


def _acts(pages: tuple[Page, ...]) -> dict[str, Act]:
    acts: dict[str, Act] = {}
    for act in (*steering_acts.ALL, *(act for page in pages for act in page.acts)):
        if acts.setdefault(act.name, act) is not act:
            raise ValueError(f"two acts are named {act.name!r}")
    return acts


def _add_health(server: Flask, door: DeskDoor) -> None:
    def health() -> tuple[Response, int]:
        answer = health_answer(door)
        return jsonify(answer.body), answer.status_code

    server.add_url_rule("/health", "health", health, methods=["GET"])


def _add_exports(server: Flask, door: DeskDoor, pages: tuple[Page, ...]) -> None:
    exports = {export.name: export for page in pages for export in page.exports}

    def answer(name: str) -> Response:
        export = exports.get(name)
        if export is None:
            return Response("There is no such export.\n", 404, mimetype="text/plain")
        try:
            rows = list(export.rows(door.desk(), request.args))
        except (StorageError, ConfigurationError) as error:
            return Response(f"{error}\n", 503, mimetype="text/plain")
        text = "".join(csv_lines(export.columns, rows))
        # a string: `Content-Disposition` names the file also where the link does not
        disposition = {"Content-Disposition": f'attachment; filename="{export.name}.csv"'}
        return Response(text, mimetype="text/csv", headers=disposition)

    server.add_url_rule("/export/<name>.csv", "export", answer, methods=["GET"])
