"""A plain client of the simulated exchange: signs as Binance's documentation says and hides nothing."""

import hashlib
import hmac
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp
import orjson
from yarl import URL

from binance_trade_agent.exchange.simulator.market.base import Market
from binance_trade_agent.exchange.simulator.server import AccountSpec, SimulatorServer
from tests.markets import ScriptedMarket

KEY = "K" * 64
SECRET = "S" * 64
OPENING = {"USDT": "10000", "BTC": "1"}


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    body: Any
    headers: Mapping[str, str]

    @property
    def error(self) -> tuple[int, int, str]:
        return self.status, self.body["code"], self.body["msg"]


class ExchangeClient:
    def __init__(self, rest_url: str, market: Market, key: str = KEY, secret: str = SECRET) -> None:
        self._rest_url = rest_url
        self._market = market
        self.key = key
        self.secret = secret
        self.session = aiohttp.ClientSession()

    async def close(self) -> None:
        await self.session.close()

    async def public(self, path: str, **params: Any) -> Reply:
        return await self.raw("GET", path, urlencode(params))

    async def signed(self, method: str, path: str, **params: Any) -> Reply:
        """Parameters travel as python-binance sends them: GET in the query, others in the body."""
        pairs = {name: value for name, value in params.items() if value is not None}
        pairs.setdefault("timestamp", self._market.now_ms())
        text = urlencode(pairs)
        text += f"&signature={self.sign(text)}"
        query, body = (text, "") if method == "GET" else ("", text)
        return await self.raw(method, path, query, body)

    def sign(self, payload: str) -> str:
        return hmac.new(self.secret.encode(), payload.encode(), hashlib.sha256).hexdigest()

    async def raw(
        self,
        method: str,
        path: str,
        query: str = "",
        body: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        if not path.startswith("/"):
            path = f"/api/v3/{path}"
        url = f"{self._rest_url}{path}" + (f"?{query}" if query else "")
        sent = {"X-MBX-APIKEY": self.key, "Content-Type": "application/x-www-form-urlencoded"}
        sent.update(headers or {})
        async with self.session.request(
            method, URL(url, encoded=True), data=body.encode() or None, headers=sent
        ) as reply:
            raw = await reply.read()
            is_json = "json" in reply.headers.get("Content-Type", "")
            return Reply(reply.status, orjson.loads(raw) if is_json else raw.decode(), reply.headers)

    async def order(self, **params: Any) -> Reply:
        return await self.signed("POST", "order", **{"symbol": "BTCUSDT", **params})

    async def market(self, side: str, quantity: str) -> Reply:
        return await self.order(side=side, type="MARKET", quantity=quantity)

    async def limit(self, side: str, quantity: str, price: str, tif: str = "GTC", **params: Any) -> Reply:
        return await self.order(
            side=side, type="LIMIT", timeInForce=tif, quantity=quantity, price=price, **params
        )

    async def balances(self) -> dict[str, tuple[Decimal, Decimal]]:
        reply = await self.signed("GET", "account")
        return {
            row["asset"]: (Decimal(row["free"]), Decimal(row["locked"])) for row in reply.body["balances"]
        }


@dataclass(frozen=True, slots=True)
class Running:
    """A simulated exchange that serves, its market, and a client with the first account's keys."""

    server: SimulatorServer
    market: ScriptedMarket
    client: ExchangeClient


@asynccontextmanager
async def running_exchange(
    market: ScriptedMarket | None = None,
    balances: Mapping[str, str] | None = None,
    database: Path | None = None,
    **options: Any,
) -> AsyncIterator[Running]:
    market = market or ScriptedMarket()
    opening = {asset: Decimal(amount) for asset, amount in (balances or OPENING).items()}
    server = SimulatorServer(market, [AccountSpec(KEY, SECRET, opening)], database, **options)
    await server.start()
    client = ExchangeClient(server.rest_url, market)
    try:
        yield Running(server, market, client)
    finally:
        await client.close()
        await server.close()
