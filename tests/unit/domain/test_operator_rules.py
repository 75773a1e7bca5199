"""Rules between settings that need to know more than the settings."""

import pytest

from binance_trade_agent.domain.operator_rules import strategy_symbol_rules


@pytest.mark.parametrize(
    ("named", "held", "said"),
    [
        (["ETHUSDT"], [], []),
        (["SOLUSDT"], ["SOLUSDT"], []),
        (["ETHUSDT", "SOLUSDT"], [], ["STRATEGY_BY_SYMBOL: SOLUSDT is not among TRADING_SYMBOLS"]),
        (["SOLUSDT", "XRPUSDT"], [], ["STRATEGY_BY_SYMBOL: SOLUSDT, XRPUSDT are not among TRADING_SYMBOLS"]),
    ],
)
def test_a_strategy_of_its_own_is_for_what_is_traded_or_held(
    named: list[str], held: list[str], said: list[str]
) -> None:
    assert list(strategy_symbol_rules(named, ["BTCUSDT", "ETHUSDT"], held)) == said
