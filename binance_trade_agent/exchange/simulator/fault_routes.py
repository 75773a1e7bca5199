"""Control routes that script faults and count requests."""

from typing import Any

from aiohttp import web

from binance_trade_agent.exchange.simulator.control_requests import check_loopback, json_response
from binance_trade_agent.exchange.simulator.faults.book import FaultBook
from binance_trade_agent.exchange.simulator.faults.parsing import BadRule, parse_json, parse_rules
from binance_trade_agent.exchange.simulator.faults.statistics import Statistics


class FaultRoutes:
    """Handlers of `/control/faults` and `/control/requests`."""

    def __init__(self, book: FaultBook, statistics: Statistics) -> None:
        self._book = book
        self._statistics = statistics

    def add_to(self, app: web.Application) -> None:
        """Register the routes."""
        app.router.add_post("/control/faults", self.add)
        app.router.add_get("/control/faults", self.list)
        app.router.add_delete("/control/faults", self.clear)
        app.router.add_delete("/control/faults/{rule_id}", self.remove)
        app.router.add_get("/control/requests", self.requests)
        app.router.add_post("/control/requests/reset", self.reset)

    async def add(self, request: web.Request) -> web.Response:
        """Put one rule or a list of them into force: `{"ids": [...]}`, or 400 and nothing is."""
        check_loopback(request)
        try:
            ids = self._book.add(parse_rules(parse_json(await request.read())))
        except BadRule as error:
            return json_response({"error": str(error)}, 400)
        return json_response({"ids": ids})

    async def list(self, request: web.Request) -> web.Response:
        """All rules with how many requests each saw, how often it acted and how many it holds."""
        check_loopback(request)
        return json_response(self._book.views())

    async def clear(self, request: web.Request) -> web.Response:
        """End all rules and release what they hold."""
        check_loopback(request)
        self._book.clear()
        return json_response({})

    async def remove(self, request: web.Request) -> web.Response:
        """End one rule and release what it holds; 404 when there is none."""
        check_loopback(request)
        text: Any = request.match_info["rule_id"]
        if not (text.isascii() and text.isdigit() and self._book.remove(int(text))):
            return json_response({"error": f"there is no rule {text}"}, 404)
        return json_response({})

    async def requests(self, request: web.Request) -> web.Response:
        """How often each method and path was received, executed and answered."""
        check_loopback(request)
        return json_response(self._statistics.view())

    async def reset(self, request: web.Request) -> web.Response:
        """Count requests from zero again."""
        check_loopback(request)
        self._statistics.reset()
        return json_response({})
