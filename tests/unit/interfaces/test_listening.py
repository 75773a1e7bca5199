"""The listening socket of a server."""

import asyncio
import socket
from contextlib import closing

from binance_trade_agent.interfaces.listening import listen


async def test_answers_are_sent_at_once() -> None:
    """Else the second part of each waits 40 ms for the first to be acknowledged."""
    accepted: asyncio.Queue[int] = asyncio.Queue()

    async def meet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        accepted.put_nowait(
            writer.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        )
        writer.close()

    with closing(listen("127.0.0.1", 0, host_setting="MCP_HOST", port_setting="MCP_PORT")) as listener:
        async with await asyncio.start_server(meet, sock=listener):
            _, writer = await asyncio.open_connection(*listener.getsockname())
            assert await asyncio.wait_for(accepted.get(), 60) != 0
            writer.close()
            await writer.wait_closed()
