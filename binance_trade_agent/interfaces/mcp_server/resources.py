"""What a client may read as a resource: the same read models as the tools answer with, as JSON, and pages of the docs."""

from collections.abc import Callable
from pathlib import Path

from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ResourceError, ResourceNotFoundError, ToolError
from pydantic import BaseModel

from binance_trade_agent.interfaces.mcp_server.answers import DecisionAnswer, OrderAnswer
from binance_trade_agent.interfaces.mcp_server.explaining import SignalAnswer, get_signal
from binance_trade_agent.interfaces.mcp_server.installation import get_settings
from binance_trade_agent.interfaces.mcp_server.reading import get_decisions, get_status
from binance_trade_agent.interfaces.mcp_server.refusals import RefusalCode, code_of, refusal, refusals
from binance_trade_agent.interfaces.mcp_server.risk_reading import get_risk_state
from binance_trade_agent.interfaces.mcp_server.tiered import READING, TieredServer
from binance_trade_agent.interfaces.mcp_server.toolbox import Toolbox, desk_of

#: The pages that an agent may need. They lie beside the package, in a checkout as in the container image.
DOCS = Path(__file__).parents[3] / "docs"
PAGES = ("risk", "steering", "explain", "exit-codes", "mcp")

_JSON = "application/json"
_LONGEST_NAME = 60


class SymbolAnswer(BaseModel):
    """The newest signal of a symbol, and its newest decision; most often they are of the same cycle."""

    signal: SignalAnswer
    decision: DecisionAnswer


def symbol(symbol: str) -> str:
    """The newest signal of a symbol, and its newest decision with every gate."""

    def answer() -> SymbolAnswer:
        ctx, name = READING.get(), symbol[:_LONGEST_NAME].upper()
        signal = get_signal(ctx, name)
        return SymbolAnswer(signal=signal, decision=get_decisions(ctx, name, 1).decisions[0])

    return _text(answer)


def order(client_order_id: str) -> str:
    """One order of the journal: its state, what it traded, and the decision it came from."""

    def answer() -> OrderAnswer:
        with refusals():
            row = desk_of(READING.get()).watch.order(client_order_id)
        if row is None:
            raise refusal(
                RefusalCode.NOT_FOUND,
                f"there is no order {client_order_id[:_LONGEST_NAME]!r}; get_orders lists the newest",
            )
        return OrderAnswer.of(row)

    return _text(answer)


def page(page: str) -> str:
    """A page of the documentation, in Markdown."""
    there = pages()
    if page not in there:
        raise ResourceNotFoundError(
            f"NOT_FOUND: there is no page {page[:_LONGEST_NAME]!r} here; there are: {', '.join(there) or 'none'}"
        )
    return (DOCS / f"{page}.md").read_text(encoding="utf-8")


def pages() -> tuple[str, ...]:
    """The pages that this installation holds."""
    return tuple(name for name in PAGES if (DOCS / f"{name}.md").is_file())


def offer_resources(server: TieredServer) -> None:
    """Add all resources to `server`. Every tier reads them."""
    for tool, uri, title in (
        (get_status, "trade://status", "Status"),
        (get_risk_state, "trade://risk", "Risk limits and their use"),
        (get_settings, "trade://settings", "Settings"),
    ):
        told = server.resource(
            uri, name=uri.rpartition("/")[2], title=title, description=tool.__doc__, mime_type=_JSON
        )
        told(_reader(tool))
    server.resource(
        "trade://symbols/{symbol}", title="Newest signal and decision of a symbol", mime_type=_JSON
    )(symbol)
    server.resource("trade://orders/{client_order_id}", title="One order", mime_type=_JSON)(order)
    server.resource(
        "trade://docs/{page}",
        title="Documentation",
        description=f"A page of the documentation: {', '.join(pages()) or 'none here'}.",
        mime_type="text/markdown",
    )(page)


def _reader(tool: Callable[[Context[Toolbox]], BaseModel]) -> Callable[[], str]:
    return lambda: _text(lambda: tool(READING.get()))


def _text(answer: Callable[[], BaseModel]) -> str:
    try:
        return answer().model_dump_json(indent=1)
    except ToolError as error:
        kind = ResourceNotFoundError if code_of(error) == RefusalCode.NOT_FOUND else ResourceError
        raise kind(str(error)) from error
