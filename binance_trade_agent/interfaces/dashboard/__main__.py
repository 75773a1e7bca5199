"""`python -m binance_trade_agent.interfaces.dashboard`: serve until stopped. 78: the configuration cannot work."""

import ipaddress
import sys
import threading
from typing import Any

import structlog
import waitress

from binance_trade_agent.bootstrap.desk import open_desk
from binance_trade_agent.bootstrap.secrets import dashboard_password, dashboard_session_key
from binance_trade_agent.bootstrap.sign_in_link import SignInLink
from binance_trade_agent.bootstrap.signed_out import SignedOut
from binance_trade_agent.domain.errors import ConfigurationError
from binance_trade_agent.domain.exit_codes import ExitCode
from binance_trade_agent.interfaces.dashboard.access import Guard
from binance_trade_agent.interfaces.dashboard.app import MAX_BODY_BYTES, build_app
from binance_trade_agent.interfaces.dashboard.passwords import LoginThrottle
from binance_trade_agent.interfaces.dashboard.program_acts import end_left_open
from binance_trade_agent.interfaces.desks import DeskDoor
from binance_trade_agent.interfaces.listening import listen
from binance_trade_agent.interfaces.memory import give_back, set_aside
from binance_trade_agent.settings import Settings, load_settings
from binance_trade_agent.telemetry.logs import configure_logs

PROGRAM = "dash_ui"
#: Acts run in threads of their own, so these only read.
_THREADS = 4


def serve(settings: Settings) -> None:
    """Serve on the configured address until a signal ends it.

    Raises:
        ConfigurationError: the address cannot be taken, or logs and secrets cannot be kept.
    """
    configure_logs(
        PROGRAM, level=settings.log_level, line_format=settings.log_format, log_dir=settings.log_dir
    )
    host, port = settings.dashboard_host, settings.dashboard_port
    listener = listen(host, port, host_setting="DASHBOARD_HOST", port_setting="DASHBOARD_PORT")
    guard = Guard(
        dashboard_password(settings),
        dashboard_session_key(settings),
        LoginThrottle(),
        redeem=SignInLink(settings).redeem,
        ended=SignedOut(settings),
        hosts=(host, *settings.dashboard_allowed_hosts),
        is_behind_tls=settings.dashboard_tls_proxy is not None,
        tls_origin=settings.dashboard_tls_origin,
    )
    door = DeskDoor(lambda: open_desk(settings))
    app = build_app(door, guard, mode=settings.mode.value, mode_note=settings.mode_note)
    structlog.get_logger(PROGRAM).info("dashboard ready", address=f"http://{host}:{port}/")
    set_aside()
    # whoever has the address is the only dashboard here: what an earlier one left open nobody else ends
    threading.Thread(target=end_left_open, args=(door,), name="left open", daemon=True).start()
    waitress.serve(
        app.server,
        sockets=[listener],
        threads=_THREADS,
        ident="",
        max_request_body_size=MAX_BODY_BYTES,
        # of anybody else such headers are taken away
        clear_untrusted_proxy_headers=True,
        **believing(settings.dashboard_tls_proxy, host),
    )


def believing(proxy: str | None, host: str) -> dict[str, Any]:
    """What makes the server on `host` believe a proxy that says who asked it."""
    if proxy is None:
        return {}
    address = ipaddress.ip_address(proxy)
    mapped = address if isinstance(address, ipaddress.IPv4Address) else address.ipv4_mapped
    if mapped is not None:
        # an IPv6 socket tells IPv4 addresses so, and the server compares texts
        proxy = f"::ffff:{mapped}" if ":" in host else str(mapped)
    return {"trusted_proxy": proxy, "trusted_proxy_headers": {"x-forwarded-for"}}


def main() -> int:
    """The process's exit code."""
    give_back()
    try:
        serve(load_settings())
    except ConfigurationError as error:
        for problem in error.problems:
            sys.stderr.write(f"{PROGRAM}: {problem}\n")
        return ExitCode.CONFIGURATION
    return 0


if __name__ == "__main__":
    sys.exit(main())
