"""`notify` sends a real message over HTTP, says when a service does not take it, and never shows an address."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from binance_trade_agent.domain.exit_codes import ExitCode
from tests.processes import CLI, eventually, free_port, installation, running

SECRET = "s3cret-word"


@contextmanager
def listener() -> Iterator[tuple[int, list[dict[str, str]]]]:
    """A service that takes everything: its port, and what it was told."""
    told: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port, told
    finally:
        server.shutdown()
        thread.join(60)
        server.server_close()


def test_a_test_reaches_the_service_and_the_audit(tmp_path: Path) -> None:
    with listener() as (port, told):
        place = installation(tmp_path, {"NOTIFY_URLS": f"json://user:{SECRET}@127.0.0.1:{port}"})
        sent = place.run(CLI, "notify", "--reason", "new phone")

    assert sent.returncode == ExitCode.OK, sent.stderr
    assert "taken by json" in sent.stdout
    assert ["test" in each["title"] and "This is a test" in each["message"] for each in told] == [True]
    with place.desk() as desk:
        (act,) = desk.watch.audit()
    assert (act.action, act.outcome, act.reason) == ("test_notification", "done", "new phone")
    assert SECRET not in repr(act) + sent.stdout


def test_what_people_do_to_trading_is_told_by_the_trader_that_runs(tmp_path: Path) -> None:
    with listener() as (port, told):
        place = installation(tmp_path, {"NOTIFY_URLS": f"json://127.0.0.1:{port}"})
        for words in (("pause", "lunch"), ("halt", "fire", "--yes"), ("pause", "again")):
            place.run(CLI, *words)
        with running(place.trader()):
            # there is no exchange here: an incident may be told before, between or after
            eventually(lambda: len(of_control(told)) >= 2, within_s=120, what="two messages")
    messages = of_control(told)
    assert [message.partition(":")[0] for message in messages] == ["trading is paused", "trading is halted"]
    assert [message.rpartition(": ")[2] for message in messages] == ["lunch", "fire"]


def of_control(told: list[dict[str, str]]) -> list[str]:
    """The messages on what people did, in order."""
    return [each["message"] for each in told if each["title"] == "binance_trade_agent: control"]


def test_what_cannot_be_sent_is_said(tmp_path: Path) -> None:
    place = installation(tmp_path, {"NOTIFY_URLS": f"json://user:{SECRET}@127.0.0.1:{free_port()}"})
    failed = place.run(CLI, "notify")
    nobody = place.run(CLI, "notify", NOTIFY_URLS="")

    assert failed.returncode == ExitCode.FAILURE
    assert "was not taken" in failed.stderr
    assert nobody.returncode == ExitCode.CONFIGURATION
    assert "NOTIFY_URLS is not set" in nobody.stderr
    with place.desk() as desk:
        acts = desk.watch.audit()
    assert [act.outcome for act in acts] == ["refused", "failed"]
    assert SECRET not in repr(acts) + failed.stdout + failed.stderr
