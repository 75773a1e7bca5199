import socket
import sqlite3
from pathlib import Path

import pytest

from binance_trade_agent.bootstrap.secrets import (
    dashboard_password,
    dashboard_password_file,
    mcp_token,
    mcp_token_file,
)
from binance_trade_agent.bootstrap.sign_in_link import SignInLink
from binance_trade_agent.bootstrap.supervision import prepare_launch
from binance_trade_agent.domain.errors import ConfigurationError
from binance_trade_agent.settings import load_settings
from binance_trade_agent.storage.schema import is_current
from tests.processes import free_port


def environ() -> dict[str, str]:
    names = ("DASHBOARD_PORT", "MCP_PORT", "METRICS_PORT", "SIMULATOR_PORT")
    return {name: str(free_port()) for name in names}


def test_the_addresses_hold_the_login_link_and_the_folders_are_private(tmp_path: Path) -> None:
    settings = load_settings({**environ(), "DATA_DIR": "d"}, tmp_path)
    launch = prepare_launch(settings)
    addresses = dict(launch.addresses)
    password = dashboard_password(settings)
    link, _, token = addresses["dashboard"].partition("?token=")
    assert link == f"http://127.0.0.1:{settings.dashboard_port}/login"
    assert [SignInLink(settings).redeem(each) for each in (password, token, token)] == [False, True, False]
    assert addresses["MCP token"] == str(tmp_path / "d" / "secrets" / "mcp_token")
    assert launch.environment["BTA_SIMULATOR"] == "true"
    assert launch.environment["MALLOC_ARENA_MAX"] == "2"
    assert password not in repr((launch.command, launch.environment))
    assert settings.run_dir.stat().st_mode & 0o777 == 0o700
    control = (settings.run_dir / "supervisorctl.conf").read_text()
    assert f"serverurl=unix://{tmp_path}/d/run/supervisor.sock" in control


def test_behind_a_proxy_with_tls_the_link_is_for_the_name_that_people_type(tmp_path: Path) -> None:
    proxy = {
        "DASHBOARD_TLS_PROXY": "10.0.0.5",
        "DASHBOARD_ALLOWED_HOSTS": "trader.example:8443, other.example",
    }
    settings = load_settings(environ() | proxy, tmp_path)
    link, _, token = dict(prepare_launch(settings).addresses)["dashboard"].partition("?token=")
    assert link == "https://trader.example:8443/login"
    assert SignInLink(settings).redeem(token)

    nameless = load_settings(environ() | {"DASHBOARD_TLS_PROXY": "10.0.0.5"}, tmp_path)
    address = dict(prepare_launch(nameless).addresses)["dashboard"]
    assert address.startswith(f"http://127.0.0.1:{nameless.dashboard_port}/login?token=")


def test_a_password_of_ones_own_is_not_printed(tmp_path: Path) -> None:
    settings = load_settings({**environ(), "DASHBOARD_PASSWORD": "open-sesame"}, tmp_path)
    launch = prepare_launch(settings)
    assert dict(launch.addresses)["dashboard"] == f"http://127.0.0.1:{settings.dashboard_port}/login"
    assert "open-sesame" not in repr(launch)


def test_the_database_is_there_before_the_programs_are(tmp_path: Path) -> None:
    settings = load_settings(environ(), tmp_path)
    prepare_launch(settings)
    assert is_current(settings.database_url)


def test_a_database_of_a_newer_version_is_said_before_anything_starts(tmp_path: Path) -> None:
    settings = load_settings(environ(), tmp_path)
    prepare_launch(settings)
    with sqlite3.connect(tmp_path / "data" / "portfolio.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(ConfigurationError, match="was written by a newer version"):
        prepare_launch(settings)


def test_a_database_server_that_is_not_up_yet_is_waited_for_by_the_programs(tmp_path: Path) -> None:
    variables = environ() | {"DATABASE_URL": "postgresql://bob:hunter2@127.0.0.1:1/trades"}
    assert "hunter2" not in repr(prepare_launch(load_settings(variables, tmp_path)))


def test_ports_in_use_are_all_named_with_their_settings(tmp_path: Path) -> None:
    variables = environ()
    taken = [
        socket.create_server(("127.0.0.1", int(variables[name]))) for name in ("MCP_PORT", "SIMULATOR_PORT")
    ]
    try:
        with pytest.raises(ConfigurationError) as raised:
            prepare_launch(load_settings(variables, tmp_path))
    finally:
        for opened in taken:
            opened.close()
    mcp, simulator = raised.value.problems
    assert mcp.startswith(f"MCP_PORT={variables['MCP_PORT']}: the MCP server cannot listen")
    assert simulator.startswith(f"SIMULATOR_PORT={variables['SIMULATOR_PORT']}: the simulator cannot listen")


def test_the_simulators_port_does_not_matter_to_the_testnet(tmp_path: Path) -> None:
    variables = environ() | {"BINANCE_API_KEY": "k", "BINANCE_API_SECRET": "s"}
    with socket.create_server(("127.0.0.1", int(variables["SIMULATOR_PORT"]))):
        launch = prepare_launch(load_settings(variables, tmp_path))
    assert launch.environment["BTA_SIMULATOR"] == "false"
    assert "simulator" not in dict(launch.addresses)


def test_a_data_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    with pytest.raises(ConfigurationError, match="cannot be written"):
        prepare_launch(load_settings(environ(), tmp_path))


def test_a_data_folder_whose_socket_path_is_too_long(tmp_path: Path) -> None:
    variables = environ() | {"DATA_DIR": "x" * 100}
    with pytest.raises(ConfigurationError, match="is too long: the socket"):
        prepare_launch(load_settings(variables, tmp_path))


def test_secrets_are_drawn_once_and_readable_by_the_owner_alone(tmp_path: Path) -> None:
    settings = load_settings({}, tmp_path)
    password, token = dashboard_password(settings), mcp_token(settings)
    assert password != token
    assert len(password) >= 32
    assert (dashboard_password(settings), mcp_token(settings)) == (password, token)
    for path in (dashboard_password_file(settings), mcp_token_file(settings)):
        assert path.stat().st_mode & 0o777 == 0o600
        assert path.parent.stat().st_mode & 0o777 == 0o700
    assert sorted(path.name for path in dashboard_password_file(settings).parent.iterdir()) == [
        "dashboard_password",
        "mcp_token",
    ]


def test_a_configured_secret_writes_nothing(tmp_path: Path) -> None:
    settings = load_settings({"MCP_TOKEN": "mine"}, tmp_path)
    assert mcp_token(settings) == "mine"
    assert not mcp_token_file(settings).exists()


def test_an_empty_secret_file_is_refused(tmp_path: Path) -> None:
    settings = load_settings({}, tmp_path)
    path = mcp_token_file(settings)
    path.parent.mkdir(parents=True)
    path.touch()
    with pytest.raises(ConfigurationError, match="is empty"):
        mcp_token(settings)


def test_a_secret_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    settings = load_settings({}, tmp_path)
    path = mcp_token_file(settings)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match="is no text"):
        mcp_token(settings)


def test_an_unknown_strategy_is_named_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="'nope' is not known"):
        prepare_launch(load_settings(environ() | {"STRATEGY_NAME": "nope"}, tmp_path))
