"""What the server must not load, for its memory: found in the process that runs."""

import sys
from pathlib import Path

import httpx

from binance_trade_agent.bootstrap.launched_migration import migrate_apart
from binance_trade_agent.storage.schema import is_current
from tests.processes import eventually, installation, running

#: What a library maps into the process when it is loaded; Alembic and rich are Python alone, see below.
_STRANGERS = ("numpy", "talib", "pyarrow", "uvloop", "pandas", "aiohttp")


def test_the_server_loads_no_library_that_it_does_not_need(tmp_path: Path) -> None:
    place = installation(tmp_path)
    server = place.start(sys.executable, "-m", "binance_trade_agent.interfaces.mcp_server")
    url = f"http://127.0.0.1:{place.environment['MCP_PORT']}/health"

    def answers() -> bool:
        try:
            return httpx.get(url, timeout=60).status_code in (200, 503)
        except httpx.TransportError:
            return False

    with running(server):
        eventually(answers, within_s=120, what="the MCP server answers")
        mapped = Path(f"/proc/{server.pid}/maps").read_text()

    assert [name for name in _STRANGERS if f"/{name}/" in mapped] == []


def test_a_server_has_its_database_migrated_without_loading_alembic(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/book.db"
    loaded = set(sys.modules)

    migrate_apart(url)

    assert is_current(url)
    assert not {name for name in set(sys.modules) - loaded if name.startswith("alembic")}
