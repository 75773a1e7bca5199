from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from binance_trade_agent.domain.errors import ConfigurationError
from binance_trade_agent.domain.market import CandleInterval
from binance_trade_agent.domain.modes import SimulatorMarket, TradingMode
from binance_trade_agent.domain.symbol_selection import SymbolRule
from binance_trade_agent.settings import SIMULATOR_KEY_PAIR, Settings, load_settings

KEYS = {"BINANCE_API_KEY": "my-key", "BINANCE_API_SECRET": "my-secret"}
ACK = {"LIVE_TRADING_ACK": "I-understand-real-money-is-at-risk"}


def problems(tmp_path: Path, **environ: str) -> list[str]:
    with pytest.raises(ConfigurationError) as raised:
        load_settings(environ, tmp_path)
    return list(raised.value.problems)


def source_of(settings: Settings, name: str) -> str:
    return next(source for shown, _, source, _ in settings.sources() if shown == name)


def test_without_anything_it_trades_the_simulator(tmp_path: Path) -> None:
    settings = load_settings({}, tmp_path)
    assert settings.mode is TradingMode.SIMULATED
    assert settings.symbols == ("BTCUSDT", "ETHUSDT")
    assert settings.quote == "USDT"
    assert settings.interval == timedelta(seconds=5)
    assert settings.duration == timedelta(0)
    assert settings.candle_interval is CandleInterval.S1
    assert settings.max_data_age == timedelta(seconds=13)
    assert settings.rest_url == "http://127.0.0.1:9090"
    assert settings.stream_url == "ws://127.0.0.1:9090"
    assert settings.ws_api_url == "ws://127.0.0.1:9090/ws-api/v3"
    assert settings.api_credentials == SIMULATOR_KEY_PAIR
    assert settings.database_url == f"sqlite:///{tmp_path}/data/portfolio.db"
    assert settings.run_dir == tmp_path / "data" / "run"
    assert settings.simulator_balances == {"USDT": Decimal(10000)}
    assert "TRADING_MODE is not" in settings.mode_note


def test_keys_choose_the_testnet_and_its_own_addresses(tmp_path: Path) -> None:
    settings = load_settings(KEYS, tmp_path)
    assert settings.mode is TradingMode.TESTNET
    assert settings.interval == timedelta(seconds=120)
    assert (settings.rest_url, settings.stream_url, settings.ws_api_url) == (None, None, None)
    assert settings.api_credentials == ("my-key", "my-secret")


@pytest.mark.parametrize("mode", ["simulated", "paper"])
def test_the_simulator_never_sees_the_operators_keys(tmp_path: Path, mode: str) -> None:
    settings = load_settings({**KEYS, "TRADING_MODE": mode}, tmp_path)
    assert settings.api_credentials == SIMULATOR_KEY_PAIR


def test_paper_mode_relays_prices_on_the_normal_interval(tmp_path: Path) -> None:
    settings = load_settings({"TRADING_MODE": "Paper"}, tmp_path)
    assert settings.simulator_market is SimulatorMarket.RELAY
    assert settings.interval == timedelta(seconds=120)
    assert source_of(settings, "SIMULATOR_MARKET") == "default of paper mode"


def test_environment_wins_over_dotenv_over_toml(tmp_path: Path) -> None:
    (tmp_path / "trading.toml").write_text(
        'log_level = "error"\nmcp_port = 1111\ndashboard_port = 1112\ntrading_symbols = ["ETHBTC", "BNBBTC"]\n'
    )
    (tmp_path / ".env").write_text("MCP_PORT=2222\nDASHBOARD_PORT=2223\n")
    settings = load_settings({"DASHBOARD_PORT": "3333"}, tmp_path)
    assert (settings.log_level, settings.mcp_port, settings.dashboard_port) == ("ERROR", 2222, 3333)
    assert settings.symbols == ("ETHBTC", "BNBBTC")
    assert settings.simulator_balances == {"BTC": Decimal(10000)}
    found = [source_of(settings, name) for name in ("LOG_LEVEL", "MCP_PORT", "DASHBOARD_PORT", "DATA_DIR")]
    assert found == ["trading.toml", ".env", "environment", "default"]


def test_an_empty_variable_counts_as_unset(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("MCP_PORT=2222\n")
    settings = load_settings({"BINANCE_API_KEY": "", "BINANCE_API_SECRET": "", "MCP_PORT": ""}, tmp_path)
    assert settings.mode is TradingMode.SIMULATED
    assert settings.mcp_port == 2222


def test_every_problem_is_listed_at_once_with_name_value_and_what_is_allowed(tmp_path: Path) -> None:
    (tmp_path / "trading.toml").write_text('colour = "blue"\nmetrics_port = 70000\n')
    found = problems(
        tmp_path,
        TRADING_INTERVAL_SECONDS="-5",
        CANDLE_INTERVAL="7m",
        RISK_ORDER_SHARE="2",
        STRATEGY_PARAMS="{",
        MCP_PORT="8050",
        TRADING_SYMBOL="BTCUSDT",
    )
    assert found == [
        "COLOUR (trading.toml) is no setting",
        "TRADING_SYMBOL (environment) is no setting; did you mean TRADING_SYMBOLS?",
        "TRADING_INTERVAL_SECONDS=-5 (environment) is not allowed: it takes a number from 0.1 to 86400 seconds",
        next(
            text
            for text in found
            if text.startswith("STRATEGY_PARAMS={ (environment) is not allowed: it is not JSON")
        ),
        "CANDLE_INTERVAL=7m (environment) is not allowed:"
        " it takes one of 1s, 1m, 3m, 5m, 15m, 30m, 1h, 2h, 4h, 6h, 8h, 12h, 1d",
        "RISK_ORDER_SHARE=2 (environment) is not allowed: it takes a number above 0, at most 1 of equity",
        "METRICS_PORT=70000 (trading.toml) is not allowed: it takes a whole number from 0 to 65535",
        "MCP_PORT and DASHBOARD_PORT are both 8050: each service needs its own port",
    ]


@pytest.mark.parametrize(
    ("symbols", "part"),
    [
        ("BTCUSDT,BTCUSDT", "BTCUSDT is named twice"),
        ("BTC-USDT", "BTC-USDT is no symbol"),
        (",", "an empty list is no symbol"),
        ("BTCUSDT,ETHBTC", "BTCUSDT is in USDT, ETHBTC is in BTC"),
        ("BTCXYZ", "does not end in a known quote currency"),
    ],
)
def test_symbols_that_cannot_be_traded_together(tmp_path: Path, symbols: str, part: str) -> None:
    (found,) = problems(tmp_path, TRADING_SYMBOLS=symbols)
    assert found.startswith(f"TRADING_SYMBOLS={symbols} (environment)")
    assert part in found


def test_symbols_are_upper_case_and_trimmed(tmp_path: Path) -> None:
    assert load_settings({"TRADING_SYMBOLS": "btcusdt, solusdt"}, tmp_path).symbols == ("BTCUSDT", "SOLUSDT")


def test_live_needs_keys_and_the_acknowledgement_and_refuses_test_mode(tmp_path: Path) -> None:
    found = problems(tmp_path, TRADING_MODE="live", SIGNAL_AGENT_TEST_MODE="true")
    assert found == [
        "TRADING_MODE=live needs BINANCE_API_KEY and BINANCE_API_SECRET",
        "TRADING_MODE=live needs LIVE_TRADING_ACK=I-understand-real-money-is-at-risk",
        "SIGNAL_AGENT_TEST_MODE=true is refused with TRADING_MODE=live",
    ]
    assert load_settings({**KEYS, **ACK, "TRADING_MODE": "live"}, tmp_path).mode is TradingMode.LIVE


def test_only_live_may_be_pointed_at_live_trading(tmp_path: Path) -> None:
    (found,) = problems(tmp_path, **KEYS, TRADING_MODE="testnet", BINANCE_REST_URL="https://api.binance.com")
    assert "points at live trading (api.binance.com)" in found


def test_half_a_key_pair_is_a_mistake_and_not_the_simulator(tmp_path: Path) -> None:
    (found,) = problems(tmp_path, BINANCE_API_KEY="my-key")
    assert found.startswith("BINANCE_API_SECRET is missing")


def test_a_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("file-key\n")
    environ = {"BINANCE_API_KEY_FILE": "key", "BINANCE_API_SECRET": "my-secret"}
    settings = load_settings(environ, tmp_path)
    assert settings.api_credentials == ("file-key", "my-secret")
    assert source_of(settings, "BINANCE_API_KEY") == "BINANCE_API_KEY_FILE"


def test_secret_files_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    found = problems(
        tmp_path,
        BINANCE_API_KEY_FILE="absent",
        BINANCE_API_SECRET_FILE="empty",
        MCP_TOKEN_FILE="x",
        MCP_TOKEN="y",
    )
    assert found[:3] == [
        "BINANCE_API_KEY_FILE=absent (environment) cannot be used: No such file or directory",
        "BINANCE_API_SECRET_FILE=empty (environment) cannot be used: the file is empty",
        "MCP_TOKEN and MCP_TOKEN_FILE (environment) are both set: set one of them",
    ]


def test_no_secret_is_ever_shown(tmp_path: Path) -> None:
    environ = {
        **KEYS,
        "MCP_TOKEN": "my-token",
        "DASHBOARD_PASSWORD": "my-password",
        "NOTIFY_URLS": "tgram://my-bot/1",
        "DATABASE_URL": "postgresql://bob:my-database@db/trades",
    }
    settings = load_settings(environ, tmp_path)
    shown = repr(settings.sources())
    assert "my-" not in shown
    assert "postgresql+psycopg://bob:********@db/trades" in shown
    assert settings.database_url == "postgresql+psycopg://bob:my-database@db/trades"


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("postgresql://bob:a@b:c@db/trades", "bob:********@db/trades"),
        ("postgresql://bob@db/trades", "bob@db/trades"),
    ],
)
def test_a_password_with_signs_in_it_is_masked_whole(tmp_path: Path, address: str, shown: str) -> None:
    settings = load_settings({"DATABASE_URL": address}, tmp_path)
    (row,) = [row for row in settings.sources() if row[0] == "DATABASE_URL"]
    assert row[1] == f"postgresql+psycopg://{shown}"


@pytest.mark.parametrize(
    "address",
    ["postgresql//bob:hunter2@db/x", "bob:hunter2@db", "postgresql://db/x?user=bob&password=hunter2"],
)
def test_a_malformed_database_address_does_not_give_its_password_away(tmp_path: Path, address: str) -> None:
    (found,) = problems(tmp_path, DATABASE_URL=address)
    assert found.startswith("DATABASE_URL=")
    assert "hunter2" not in found


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DASHBOARD_HOST", "."),
        ("MCP_HOST", "a" * 70),
        ("METRICS_HOST", "127.0.0.1:9108"),
        ("SIMULATOR_HOST", "http://127.0.0.1"),
        ("BINANCE_REST_URL", "http://127.0.0.1:99999"),
        ("SIMULATOR_BALANCES", "USDT=1,usdt=2"),
    ],
)
def test_what_would_fail_later_is_refused_now(tmp_path: Path, name: str, value: str) -> None:
    (found,) = problems(tmp_path, **{name: value})
    assert found.startswith(f"{name}={value} (environment) is not allowed")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "::1", "localhost", "fe80::1", "my_host.example.org"])
def test_places_to_listen_on(tmp_path: Path, host: str) -> None:
    assert load_settings({"DASHBOARD_HOST": host}, tmp_path).dashboard_host == host


def test_a_risk_limit_in_lower_case_is_not_silently_ignored(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("risk_order_share=0.01\n")
    (found,) = problems(tmp_path)
    assert found == "risk_order_share (.env) is no setting; did you mean RISK_ORDER_SHARE?"


@pytest.mark.parametrize(
    ("misspelt", "meant"),
    [
        ("STRATEGY_NAMES", "STRATEGY_NAME"),
        ("CANDLE_INTERVALL", "CANDLE_INTERVAL"),
        ("SIMULATOR_SEEDS", "SIMULATOR_SEED"),
        ("SIGNAL_AGENT_TESTMODE", "SIGNAL_AGENT_TEST_MODE"),
        ("DASHBOARD_PASWORD", "DASHBOARD_PASSWORD"),
        ("METRICS_PRT", "METRICS_PORT"),
        ("MCP_ALLOWED_HOST", "MCP_ALLOWED_HOSTS"),
        ("MCP_CALLS_PER_MIN", "MCP_CALLS_PER_MINUTE"),
    ],
)
def test_a_misspelt_name_is_told_with_the_one_meant(tmp_path: Path, misspelt: str, meant: str) -> None:
    (found,) = problems(tmp_path, **{misspelt: "1"})
    assert found == f"{misspelt} (environment) is no setting; did you mean {meant}?"


def test_what_other_programs_read_is_no_mistake(tmp_path: Path) -> None:
    others = {"MCP_TIMEOUT": "60000", "BINANCE_TOOL_HOME": "/opt"}
    assert load_settings(others, tmp_path) == load_settings({}, tmp_path)


def test_an_unreadable_dotenv_file_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"MCP_PORT=\xff")
    (found,) = problems(tmp_path)
    assert found.startswith(".env cannot be read")


def test_keys_of_blanks_are_no_keys(tmp_path: Path) -> None:
    settings = load_settings({"BINANCE_API_KEY": " ", "BINANCE_API_SECRET": "\t"}, tmp_path)
    assert settings.mode is TradingMode.SIMULATED


def test_a_question_mark_would_end_the_path_of_the_database(tmp_path: Path) -> None:
    (found,) = problems(tmp_path, DATA_DIR="what?")
    assert "has a question mark" in found
    elsewhere = {"DATA_DIR": "what?", "DATABASE_URL": "postgresql://bob@db/trades"}
    assert load_settings(elsewhere, tmp_path).data_dir == tmp_path / "what?"


def test_the_live_exchange_by_its_full_name(tmp_path: Path) -> None:
    (found,) = problems(tmp_path, **KEYS, TRADING_MODE="demo", BINANCE_REST_URL="https://API.binance.com.")
    assert "points at live trading (api.binance.com)" in found


def test_ticks_that_follow_the_candles_are_a_candle_apart(tmp_path: Path) -> None:
    settings = load_settings({"TRADING_ALIGN": "candle_close", "CANDLE_INTERVAL": "1h"}, tmp_path)
    assert settings.period == timedelta(hours=1)
    assert load_settings({}, tmp_path).period == timedelta(seconds=5)


def test_replay_needs_a_file_for_every_symbol(tmp_path: Path) -> None:
    candles = tmp_path / "btc.csv"
    candles.touch()
    environ = {"SIMULATOR_MARKET": "replay", "SIMULATOR_REPLAY_FILES": f"BTCUSDT={candles}"}
    (found,) = problems(tmp_path, **environ)
    assert found == "SIMULATOR_MARKET=replay needs SIMULATOR_REPLAY_FILES for ETHUSDT"
    settings = load_settings(
        {**environ, "TRADING_SYMBOLS": "BTCUSDT", "SIMULATOR_REPLAY_START": "2024-08-04T00:00"}, tmp_path
    )
    assert settings.simulator_replay_files == {"BTCUSDT": candles}
    assert str(settings.simulator_replay_start) == "2024-08-04 00:00:00+00:00"


def test_candles_shorter_than_the_market_knows(tmp_path: Path) -> None:
    (found,) = problems(tmp_path, SIMULATOR_BASE_INTERVAL="1m", CANDLE_INTERVAL="1s")
    assert found == "CANDLE_INTERVAL=1s is no multiple of SIMULATOR_BASE_INTERVAL=1m"


def test_an_unreadable_toml_file_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "trading.toml").write_text("= 1")
    (found,) = problems(tmp_path)
    assert found.startswith("trading.toml cannot be read")


RULE = "quote=USDC, top=20, min_price=0.10"


def test_a_rule_stands_in_for_named_symbols(tmp_path: Path) -> None:
    settings = load_settings(
        {"TRADING_SYMBOLS": RULE, "TRADING_SYMBOLS_EXCLUDE": "eurusdc, *UPUSDC"}, tmp_path
    )
    assert (settings.symbols, settings.quote, settings.most_symbols) == ((), "USDC", 20)
    assert settings.symbol_rule == SymbolRule("USDC", 20, min_price=Decimal("0.1"))
    assert settings.trading_symbols_exclude == ("EURUSDC", "*UPUSDC")
    assert settings.simulator_balances == {"USDC": Decimal(10000)}
    shown = {name: value for name, value, _, _ in settings.sources()}
    assert shown["TRADING_SYMBOLS"] == "quote=USDC, top=20, min_price=0.1"
    assert (
        load_settings({"TRADING_SYMBOLS": shown["TRADING_SYMBOLS"]}, tmp_path).symbol_rule
        == settings.symbol_rule
    )
    named = load_settings({}, tmp_path)
    assert (named.symbol_rule, named.most_symbols) == (None, 2)


def test_a_rule_in_trading_toml(tmp_path: Path) -> None:
    (tmp_path / "trading.toml").write_text('trading_symbols = "quote=USDT, top=3"\n')
    assert load_settings({}, tmp_path).symbol_rule == SymbolRule("USDT", 3)


def test_a_broken_rule_is_told_with_its_place(tmp_path: Path) -> None:
    (found,) = problems(tmp_path, TRADING_SYMBOLS="quote=USDT, topp=3")
    assert found.startswith(
        "TRADING_SYMBOLS=quote=USDT, topp=3 (environment) is not allowed: topp is no condition; did you mean top?"
    )


def test_a_named_symbol_must_not_be_excluded(tmp_path: Path) -> None:
    found = problems(tmp_path, TRADING_SYMBOLS="BTCUSDT,BTCUPUSDT", TRADING_SYMBOLS_EXCLUDE="*UPUSDT")
    assert found == ["TRADING_SYMBOLS names BTCUPUSDT, which TRADING_SYMBOLS_EXCLUDE excludes"]
    (bad,) = problems(tmp_path, TRADING_SYMBOLS_EXCLUDE="a b")
    assert "A B is neither a symbol nor a pattern" in bad


def test_what_the_simulator_offers(tmp_path: Path) -> None:
    def offered(**variables: str) -> tuple[str, ...]:
        return load_settings(variables, tmp_path).simulated_symbols

    assert offered(TRADING_SYMBOLS="SOLUSDT") == ("SOLUSDT",)
    generated = offered(TRADING_SYMBOLS="quote=BNB, top=3")
    assert generated[:2] == ("BTCBNB", "ETHBNB")
    assert (len(generated), "BNBBNB" in generated) == (11, False)
    assert offered(TRADING_SYMBOLS=RULE, SIMULATOR_SYMBOLS="btcusdc,ETHBTC") == ("BTCUSDC", "ETHBTC")
    assert offered(TRADING_MODE="paper", TRADING_SYMBOLS=RULE) == ()
    (tmp_path / "btc.csv").touch()
    replayed = {"SIMULATOR_REPLAY_FILES": f"BTCUSDC={tmp_path / 'btc.csv'}", "CANDLE_INTERVAL": "1m"}
    assert offered(TRADING_SYMBOLS=RULE, **replayed) == ("BTCUSDC",)


def test_the_simulator_must_offer_what_is_named(tmp_path: Path) -> None:
    found = problems(tmp_path, TRADING_SYMBOLS="BTCUSDT,SOLUSDT", SIMULATOR_SYMBOLS="BTCUSDT")
    assert found == ["SIMULATOR_SYMBOLS lacks SOLUSDT of TRADING_SYMBOLS"]
    found = problems(tmp_path, TRADING_SYMBOLS=RULE, SIMULATOR_MARKET="replay")
    assert "SIMULATOR_MARKET=replay needs SIMULATOR_REPLAY_FILES for its symbols" in found
