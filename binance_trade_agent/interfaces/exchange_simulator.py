"""The process of the simulated exchange."""

import asyncio
import signal
import sys

import structlog

from binance_trade_agent.bootstrap.simulator import start_simulator
from binance_trade_agent.domain.errors import ConfigurationError, StorageError
from binance_trade_agent.domain.exit_codes import ExitCode
from binance_trade_agent.settings import Settings, load_settings
from binance_trade_agent.telemetry.logs import configure_logs

_log = structlog.get_logger("exchange_simulator")


async def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT; raises what ended the simulator before that."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    try:
        simulator = await start_simulator(settings)
    except (StorageError, OSError) as error:
        # later, the same trouble may pass, and a new start is worth trying
        raise ConfigurationError(str(error)) from error
    _log.info(
        "exchange simulator ready",
        address=f"http://{settings.simulator_host}:{simulator.port}",
        market=settings.simulator_market.value,
        symbols=",".join(settings.simulated_symbols) or f"all of {settings.quote}",
    )
    told = asyncio.create_task(stop.wait())
    broken = asyncio.create_task(simulator.wait())
    await asyncio.wait({told, broken}, return_when=asyncio.FIRST_COMPLETED)
    told.cancel()
    await simulator.close()
    if broken.done() and not broken.cancelled():
        broken.result()


def main() -> int:
    """Run the simulator and return its exit code."""
    try:
        settings = load_settings()
        configure_logs(
            "exchange_simulator",
            level=settings.log_level.value,
            line_format=settings.log_format.value,
            log_dir=settings.log_dir,
        )
        asyncio.run(serve(settings))
    except ConfigurationError as error:
        for problem in error.problems:
            sys.stderr.write(f"exchange_simulator: {problem}\n")
        return ExitCode.CONFIGURATION
    except StorageError as error:
        sys.stderr.write(f"exchange_simulator: {error}\n")
        return ExitCode.FAILURE
    return ExitCode.OK


if __name__ == "__main__":
    sys.exit(main())
