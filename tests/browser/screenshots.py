"""`python -m tests.browser.screenshots FOLDER`: pictures of a running demo: light, dark, and on a phone.

Every page, the way in, the question before an act, and what stands behind a decision.

Each is an indexed PNG of at most 256 colours, a few dozen kilobytes: the browser finds the colours, zlib does the rest.
"""

import base64
import struct
import sys
import tempfile
import zlib
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from binance_trade_agent.interfaces.dashboard.registry import all_pages
from tests.browser.real import PASSWORD, command, supervised_stage
from tests.browser.visits import PHONE, Visit, a_visit, chromium, signed_in
from tests.processes import Installation, eventually

_WINDOW = {"width": 1280, "height": 960}
_LOOKS = {"light": (_WINDOW, False), "dark": (_WINDOW, True), "phone": (PHONE, False)}
#: A market that moves within minutes, and strategies that trade on it; all else is as it comes.
_LIVELY = {
    "TRADING_SYMBOLS": "BTCUSDT,ETHUSDT,SOLUSDT,BNBUSDT,XRPUSDT",
    "TRADING_INTERVAL_SECONDS": "2",
    "STRATEGY_NAME": "buy_and_hold",
    "STRATEGY_BY_SYMBOL": "BTCUSDT=combined_default,ETHUSDT=macd_cross,BNBUSDT=ema_cross,XRPUSDT=bollinger_reversion",
    "STOP_LOSS_SHARE": "0.08",
    "TAKE_PROFIT_SHARE": "0.12",
    "RISK_COOLDOWN_CANDLES": "5",
    "RISK_LOSS_COOLDOWN_CANDLES": "15",
    "RISK_MAX_LOSING_STREAK": "0",
    "RISK_DAILY_LOSS_SHARE": "0.10",
    "RISK_MAX_DRAWDOWN_SHARE": "0.20",
    "SIMULATOR_SEED": "11",
    "SIMULATOR_VOLATILITY": "0.01",
    "DASHBOARD_PASSWORD": PASSWORD,
    # who acts on the command line
    "LOGNAME": "operator",
}
_CYCLES, _TRIPS, _HELD = 150, 12, 2
#: The 256 most frequent colours (of 5 bits a channel, each shown as their mean), and for every other the nearest.
_QUANTISE = """async (png) => {
  const image = new Image();
  image.src = 'data:image/png;base64,' + png;
  await image.decode();
  const canvas = new OffscreenCanvas(image.width, image.height), place = canvas.getContext('2d');
  place.drawImage(image, 0, 0);
  const data = place.getImageData(0, 0, image.width, image.height).data, bins = new Map();
  const binOf = (i) => (data[i] >> 3) << 10 | (data[i + 1] >> 3) << 5 | data[i + 2] >> 3;
  for (let i = 0; i < data.length; i += 4) {
    const bin = bins.get(binOf(i)) || [0, 0, 0, 0];
    bins.set(binOf(i), [bin[0] + 1, bin[1] + data[i], bin[2] + data[i + 1], bin[3] + data[i + 2]]);
  }
  const chosen = [...bins.values()].sort((a, b) => b[0] - a[0]).slice(0, 256);
  const palette = chosen.map(([n, ...sums]) => sums.map((sum) => Math.round(sum / n)));
  const nearest = new Map();
  for (const [bin, [n, ...sums]] of bins) {
    let best = 0, least = Infinity;
    palette.forEach((colour, at) => {
      const far = colour.reduce((sum, value, channel) => sum + (value - sums[channel] / n) ** 2, 0);
      if (far < least) [best, least] = [at, far];
    });
    nearest.set(bin, best);
  }
  let pixels = '';
  for (let i = 0; i < data.length; i += 4) pixels += String.fromCharCode(nearest.get(binOf(i)));
  return { width: image.width, height: image.height, palette: palette.flat(), pixels: btoa(pixels) };
}"""


def main(folder: Path) -> int:
    """Take them all."""
    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="bta-screenshots-") as place,
        supervised_stage(Path(place), _LIVELY) as stage,
        chromium() as browser,
    ):
        _live_a_little(stage.place)
        for look in _LOOKS:
            _take(browser, stage.url, look, folder)
    return 0


def _live_a_little(place: Installation) -> None:
    """Until there is something of everything to be seen."""
    eventually(lambda: _has(place, _CYCLES // 3, 1, 1), within_s=600, what="it has begun")
    command(place, "pause", "--reason", "off to lunch")
    command(place, "resume", "--reason", "back from lunch")
    command(place, "reduce-only", "XRPUSDT", "--reason", "a hard fork is announced")
    eventually(lambda: _has(place, _CYCLES, _TRIPS, _HELD), within_s=900, what="positions and round trips")


def _has(place: Installation, cycles: int, trips: int, held: int) -> bool:
    with place.desk() as desk:
        status = desk.watch.status()
        if status.equity is None:
            return False
        closed = desk.performance.performance("7d").trips
        guarded = [each for each in desk.watch.protection() if each.covered > 0]
        return status.cycles >= cycles and closed.trips >= trips and len(guarded) >= held


def _take(browser: Browser, url: str, look: str, folder: Path) -> None:
    viewport, dark = _LOOKS[look]

    def keep(page: Page, name: str) -> None:
        shot = page.screenshot(animations="disabled", caret="hide")
        picture = folder / f"{name}-{look}.png"
        picture.write_bytes(_indexed(page, shot))
        sys.stdout.write(f"{picture} {picture.stat().st_size / 1000:.0f} kB\n")

    with a_visit(browser, url, viewport, dark=dark) as visit:
        visit.page.goto(f"{url}/login")
        keep(visit.page, "login")
    with signed_in(browser, url, viewport, dark=dark) as visit:
        for page in all_pages():
            visit.open(page.path)
            _until_drawn(visit)
            keep(visit.page, page.path.strip("/").replace("/", "-") or "overview")
        _ask_to_close(visit)
        keep(visit.page, "close")
        _ask_why(visit)
        keep(visit.page, "why")


def _ask_to_close(visit: Visit) -> None:
    """The question; nobody answers it."""
    visit.open("/positions")
    _until_drawn(visit)
    # what is bought and held is not sold meanwhile
    visit.page.get_by_role("button", name="Close SOLUSDT").click()
    expect(visit.page.get_by_role("dialog")).to_contain_text("at market")


def _ask_why(visit: Visit) -> None:
    """The newest order that a gate refused."""
    visit.open("/decisions?outcome=refused")
    visit.page.get_by_role("link", name="Why", exact=True).first.click()
    expect(visit.page.locator("#decisions-one .card")).not_to_have_count(0)
    visit.page.mouse.move(0, 0)
    _until_drawn(visit)


def _until_drawn(visit: Visit) -> None:
    """Charts come after the text."""
    visit.page.wait_for_function(
        "() => [...document.querySelectorAll('#page .chart')]"
        ".every(chart => !chart.offsetParent || chart.querySelector('.scatterlayer .trace, .boxlayer .trace'))"
    )
    visit.page.evaluate("document.fonts.ready")
    # a machine that is busy with the pictures may be late with its answers
    expect(visit.page.locator("#bar-health")).to_have_text("Cycling")
    # an order is on its way for a moment only
    expect(visit.page.locator("#bar-unresolved")).to_have_text("0")
    expect(visit.page.locator("#page .note.warn")).to_have_count(0)


def _indexed(page: Page, png: bytes) -> bytes:
    # a blank page: the policy of the dashboard binds what is evaluated in it, too
    blank = page.context.new_page()
    try:
        found = blank.evaluate(_QUANTISE, base64.b64encode(png).decode())
    finally:
        blank.close()
    width, height = found["width"], found["height"]
    pixels = base64.b64decode(found["pixels"])
    rows = b"".join(b"\0" + pixels[at : at + width] for at in range(0, width * height, width))
    head = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    parts = (
        (b"IHDR", head),
        (b"PLTE", bytes(found["palette"])),
        (b"IDAT", zlib.compress(rows, 9)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, content) for kind, content in parts)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
