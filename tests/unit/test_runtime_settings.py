"""Which settings change at run time, what goes before what, and what is refused."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from binance_trade_agent.bootstrap.overrides import checked, in_force
from binance_trade_agent.bootstrap.strategies import settings_strategies
from binance_trade_agent.control.overrides import SettingChanges
from binance_trade_agent.domain.acts import Act
from binance_trade_agent.domain.errors import ConfigurationError
from binance_trade_agent.domain.overrides import Override, SettingChange
from binance_trade_agent.settings import CHANGEABLE, Settings, load_settings, with_overrides
from tests.fakes import FakeClock

AT = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)


def override(name: str, value: str) -> Override:
    return Override(name, value, "ann", AT)


class FakeOverrides:
    """Overrides in memory; `acts` are the changes that were made."""

    def __init__(self, *standing: Override) -> None:
        self.standing = {each.name: each for each in standing}
        self.acts: list[tuple[str, str, str | None]] = []

    def all(self) -> tuple[Override, ...]:
        return tuple(self.standing.values())

    def change(self, act: Act, name: str, value: str | None, configured: str) -> SettingChange:
        before = self.standing.pop(name, None)
        if value is not None:
            self.standing[name] = Override(name, value, act.actor, act.at)
        self.acts.append((act.kind.value, name, value))
        return SettingChange(name, before.value if before else configured, value or configured, act.at)


def changes_of(settings: Settings, overrides: FakeOverrides) -> SettingChanges:
    def check(standing: tuple[Override, ...]) -> None:
        checked(settings, standing)

    return SettingChanges(
        overrides,
        FakeClock(),
        configured={name: shown for name, shown, _, _ in settings.sources()},
        changeable=CHANGEABLE,
        check=check,
    )


def problems(changes: SettingChanges, name: str, value: str) -> str:
    with pytest.raises(ConfigurationError) as raised:
        changes.set(name, value, actor="ann", channel="cli")
    return "\n".join(raised.value.problems)


def settings_in(folder: Path, **environ: str) -> Settings:
    return load_settings({"TRADING_MODE": "simulated", **environ}, folder)


def test_each_place_goes_before_those_it_should(tmp_path: Path) -> None:
    name = "RISK_COOLDOWN_CANDLES"

    def value_and_source(settings: Settings) -> tuple[str, str]:
        return next((value, source) for known, value, source, _ in settings.sources() if known == name)

    assert value_and_source(settings_in(tmp_path, TRADING_MODE="paper")) == ("3", "default")
    assert value_and_source(settings_in(tmp_path)) == ("120", "default of simulated mode")
    (tmp_path / "trading.toml").write_text("risk_cooldown_candles = 7\n", encoding="utf-8")
    assert value_and_source(settings_in(tmp_path)) == ("7", "trading.toml")
    (tmp_path / ".env").write_text(f"{name}=8\n", encoding="utf-8")
    assert value_and_source(settings_in(tmp_path)) == ("8", ".env")
    configured = settings_in(tmp_path, **{name: "9"})
    assert value_and_source(configured) == ("9", "environment")
    changed = with_overrides(configured, [override(name, "10")])
    assert value_and_source(changed) == ("10", "set at run time by ann at 2026-05-04 09:30:00 UTC")
    assert value_and_source(with_overrides(changed, [])) == ("9", "environment")


def test_everything_else_stays_as_it_was_loaded(tmp_path: Path) -> None:
    configured = settings_in(tmp_path, DATA_DIR="kept", MCP_PORT="8123")
    (tmp_path / "trading.toml").write_text("mcp_port = 9999\nrisk_atr_stops = 3\n", encoding="utf-8")
    changed = with_overrides(configured, [override("RISK_ORDER_SHARE", "0.05")])
    assert changed.risk_order_share == Decimal("0.05")
    changes = {row[0] for row in set(changed.sources()) ^ set(configured.sources())}
    assert changes == {"RISK_ORDER_SHARE"}
    assert (changed.data_dir, changed.mcp_port) == (tmp_path / "kept", 8123)


def test_what_follows_from_a_setting_follows_at_run_time(tmp_path: Path) -> None:
    changed = with_overrides(settings_in(tmp_path), [override("RISK_ORDER_QUOTE", "25")])
    assert changed.risk_sizing.value == "quote"


def test_the_changeable_settings_are_those_of_the_document(tmp_path: Path) -> None:
    assert set(CHANGEABLE) == {
        name
        for name, _, _, _ in settings_in(tmp_path).sources()
        if name.startswith(("RISK_", "ENTRY_"))
        or name in ("STOP_LOSS_SHARE", "TAKE_PROFIT_SHARE", "TRAILING_STOP_SHARE", "STRATEGY_PARAMS")
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RISK_ORDER_SHARE", "2"),
        ("RISK_MAX_SPREAD_BPS", "wide"),
        ("ENTRY_ORDER_TYPE", "iceberg"),
        ("STOP_LOSS_SHARE", "-0.1"),
        ("STRATEGY_PARAMS", "{period"),
        ("STRATEGY_PARAMS", '{"periodd": 9}'),
    ],
)
def test_a_value_is_refused_as_at_a_start(tmp_path: Path, name: str, value: str) -> None:
    overrides = FakeOverrides()
    configured = settings_in(tmp_path, STRATEGY_NAME="rsi_level")
    refused = problems(changes_of(configured, overrides), name, value)
    with pytest.raises(ConfigurationError) as raised:
        settings_strategies(settings_in(tmp_path, STRATEGY_NAME="rsi_level", **{name: value}))
    at_start = "\n".join(raised.value.problems)
    assert refused == at_start.replace(" (environment)", "")
    assert overrides.acts == []


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("TRADING_MODE", "TRADING_MODE cannot change at run time: set it in the environment"),
        ("binance_api_secret", "BINANCE_API_SECRET cannot change at run time"),
        ("RISK_MAX_SPREAD", "RISK_MAX_SPREAD is no setting; did you mean RISK_MAX_SPREAD_BPS?"),
    ],
)
def test_other_names_are_refused(tmp_path: Path, name: str, words: str) -> None:
    assert words in problems(changes_of(settings_in(tmp_path), FakeOverrides()), name, "1")


def test_a_blank_value_is_refused(tmp_path: Path) -> None:
    changes = changes_of(settings_in(tmp_path), FakeOverrides())
    assert "config unset RISK_ORDER_SHARE" in problems(changes, "risk_order_share", "  ")


def test_set_and_unset_tell_what_changed(tmp_path: Path) -> None:
    overrides = FakeOverrides()
    changes = changes_of(settings_in(tmp_path), overrides)
    changes.set("risk_order_share", " 0.05 ", actor="ann", channel="cli")
    second = changes.set("RISK_ORDER_SHARE", "0.04", actor="ann", channel="cli")
    assert (second.before, second.after) == ("0.05", "0.04")
    third = changes.unset("RISK_ORDER_SHARE", actor="ann", channel="cli")
    assert (third.before, third.after) == ("0.04", "0.10")
    assert [act[0] for act in overrides.acts] == ["set_setting", "set_setting", "unset_setting"]


def test_one_that_cannot_stand_any_more_can_be_taken_back(tmp_path: Path) -> None:
    overrides = FakeOverrides(override("RISK_ORDER_SHARE", "7"), override("RISK_ATR_STOPS", "many"))
    changes = changes_of(settings_in(tmp_path), overrides)
    assert "RISK_ORDER_SHARE=7 (set at run time by ann" in problems(changes, "RISK_MAX_SPREAD_BPS", "20")
    changes.unset("RISK_ORDER_SHARE", actor="ann", channel="cli")
    changes.unset("RISK_ATR_STOPS", actor="ann", channel="cli")
    assert overrides.all() == ()


def test_those_that_can_stand_do_beside_those_that_cannot(tmp_path: Path) -> None:
    found = in_force(
        settings_in(tmp_path),
        [override("RISK_ORDER_SHARE", "0.05"), override("GONE", "1"), override("RISK_ATR_STOPS", "3")],
    )
    assert (found.settings.risk_order_share, found.settings.risk_atr_stops) == (Decimal("0.05"), Decimal(3))
    assert [(each.name, "no setting that may change" in why) for each, why in found.ignored] == [
        ("GONE", True)
    ]
