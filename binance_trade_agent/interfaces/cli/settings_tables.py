"""The settings tables of README.md, made from the `Settings` class.

`make docs` writes them; a test fails when they are out of date.
"""

from pathlib import Path

from binance_trade_agent.settings import Settings, allowed_text, shown_value

START, END = "<!-- settings: made by `make docs` -->", "<!-- end of settings -->"

_OFTEN = (
    "TRADING_MODE TRADING_SYMBOLS TRADING_INTERVAL_SECONDS TRADING_DURATION_MINUTES STRATEGY_NAME CANDLE_INTERVAL "
    "SIGNAL_AGENT_TEST_MODE BINANCE_API_KEY BINANCE_API_SECRET DATA_DIR DATABASE_URL RISK_ORDER_SHARE "
    "RISK_MAX_SYMBOL_SHARE RISK_MAX_TOTAL_SHARE DASHBOARD_PORT MCP_PORT"
)


def settings_text() -> str:
    """The settings most people touch, and every setting folded away, a table for each group."""
    parts = [_rows(_OFTEN.split()), "<details>\n<summary>Every setting</summary>\n"]
    for group in reversed(Settings.__bases__):
        names = [name.upper() for name in group.__annotations__ if name in Settings.model_fields]
        parts.append(f"**{group.__doc__}**\n\n{_rows(names)}")
    return "\n".join([*parts, "</details>\n"])


def with_table(text: str, table: str) -> str:
    """`text` with `table` between its markers; raises `ValueError` when it has none."""
    before, start, rest = text.partition(START)
    _, end, after = rest.partition(END)
    if not (start and end):
        raise ValueError(f"the text has no {START} and {END}")
    return f"{before}{START}\n\n{table}\n{END}{after}"


def _rows(names: list[str]) -> str:
    lines = ["| name | default | allowed | what it is |", "|---|---|---|---|"]
    for name in names:
        field = Settings.model_fields[name.lower()]
        default = shown_value(field.default).replace("|", r"\|")
        shown = f"`{default}`" if default else "unset"
        lines.append(f"| `{name}` | {shown} | {allowed_text(field)} | {field.description} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write the tables; run from the project's folder."""
    readme = Path("README.md")
    readme.write_text(with_table(readme.read_text(encoding="utf-8"), settings_text()), encoding="utf-8")


if __name__ == "__main__":
    main()
