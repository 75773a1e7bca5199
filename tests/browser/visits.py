"""A browser that looks at the dashboard, and what it complained of."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, TimeoutError, expect, sync_playwright

from tests.browser.real import PASSWORD

CHROMIUM = Path("/usr/bin/chromium")
QUIET = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
]
PHONE = {"width": 375, "height": 812}
SCREEN = {"width": 1360, "height": 900}
WAIT_MS = 60_000
_DRAGS = 5


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium; skips without it, and fails where every test is required."""
    if not CHROMIUM.exists():
        reason = f"{CHROMIUM} is not there: install Debian's package chromium"
        if os.environ.get("REQUIRE_ALL_TESTS") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    expect.set_options(timeout=WAIT_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


@dataclass
class Visit:
    """A page with what its browser complained of, and the hosts it asked."""

    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)
    callbacks: list[str] = field(default_factory=list)

    def watch(self) -> None:
        self.page.set_default_timeout(WAIT_MS)
        self.page.on(
            "console", lambda m: self.complaints.append(m.text) if m.type in ("error", "warning") else None
        )
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda r: self.hosts.add(urlsplit(r.url).hostname or "inline"))
        self.page.on(
            "request",
            lambda r: self.callbacks.append(r.url) if "/_dash-update-component" in r.url else None,
        )

    def open(self, path: str) -> None:
        """Go there, and wait until its parts are drawn."""
        self.page.goto(self.url + path)
        self.settle()

    def go(self, path: str) -> None:
        """Go there by the navigation, without a reload, and wait until its parts are drawn."""
        self.page.locator(f"#navigation a[href='{path}']").click()
        expect(self.page.locator(f"#navigation [aria-current=page] a[href='{path}']")).to_be_visible()
        self.settle()

    def settle(self) -> None:
        """Until the page stands, nothing is being read any more, and the bar knows the trader."""
        expect(self.page.locator("#page h1")).to_be_visible()
        expect(self.page.locator("#page .loading")).to_have_count(0)
        expect(self.page.locator("#bar-health")).not_to_have_text("Connecting")

    def pulse(self) -> None:
        """Ask at once what moved, not only every two seconds."""
        self.page.evaluate("() => { window.tradeAgentLive.poll(); }")

    def hurry(self, condition: str, arg: object = None) -> None:
        """Wait for a condition, `arg => ...`, with the pulse asked for at once, not every two seconds."""
        self.page.wait_for_function(
            f"arg => {{ window.tradeAgentLive.poll(); return ({condition})(arg); }}",
            arg=arg,
            polling=200,
            timeout=120_000,
        )

    def become(self, viewport: dict[str, int], *, dark: bool) -> None:
        """The same page in another window and theme, without a reload."""
        self.page.set_viewport_size(viewport)  # type: ignore[arg-type]  # a plain dictionary will do
        self.page.emulate_media(color_scheme="dark" if dark else "light")
        # colours on their way from one theme to the other are neither's
        self.page.wait_for_function(
            "() => !document.getAnimations().some(moving => moving instanceof CSSTransition)"
        )

    def chart(self, within: str) -> "Chart":
        """The chart in the element with that id."""
        return Chart(self.page, f"#{within}")

    def beside(self) -> "Visit":
        """Another tab of the same browser, where nothing is open yet."""
        other = Visit(self.page.context.new_page(), self.url)
        other.watch()
        return other

    def faults(self, where: str) -> list[str]:
        """What does not fit, and what has no name."""
        unnamed = self.page.evaluate(
            """[...document.querySelectorAll('button, a[href], input, select')]
               .filter(e => !e.hidden && e.type !== 'hidden' && !(e.textContent.trim() || e.ariaLabel || e.title
                   || (e.labels && e.labels.length)))
               .map(e => e.outerHTML)"""
        )
        too_wide = [] if self._fits() else [f"{self.overflow_px} px too wide"]
        return [f"{where}: {fault}" for fault in (*too_wide, *unnamed)]

    def _fits(self) -> bool:
        # charts take their new width a moment after the window has
        try:
            self.page.wait_for_function(
                "() => document.documentElement.scrollWidth <= document.documentElement.clientWidth",
                timeout=20_000,
            )
        except TimeoutError:
            return False
        return True

    @property
    def overflow_px(self) -> int:
        return int(
            self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        )


@dataclass(frozen=True)
class Chart:
    """A chart of plotly on a page, by the selector of what it stands in."""

    page: Page
    within: str

    @property
    def times(self) -> list[str]:
        """The ends of its time axis."""
        return list(self._asked("plot => plot.layout.xaxis.range"))

    def zoom(self) -> list[str]:
        """Zoom into its middle as a person does; the ends of its time axis then."""
        for _ in range(_DRAGS):
            whole = self.times
            self._drag()
            try:
                self.await_other_times(whole, timeout_ms=WAIT_MS / _DRAGS)
            except TimeoutError:  # an update in its midst ends a drag
                continue
            expect(self.page.locator(f"{self.within} .zoombox")).to_have_count(0)
            return self.times
        raise AssertionError(f"{self.within} was dragged {_DRAGS} times and shows all of it")

    def _drag(self) -> None:
        box = self.page.locator(f"{self.within} .nsewdrag").first.bounding_box()
        assert box is not None
        middle = box["y"] + box["height"] / 2
        self.page.mouse.move(box["x"] + box["width"] * 0.4, middle)
        self.page.mouse.down()
        self.page.mouse.move(box["x"] + box["width"] * 0.6, middle, steps=5)
        self.page.mouse.up()

    def await_other_times(self, before: list[str], *, timeout_ms: float = WAIT_MS) -> None:
        """Until its time axis begins elsewhere."""
        self.page.wait_for_function(
            "([within, before]) => document.querySelector(`${within} .js-plotly-plot`)"
            ".layout.xaxis.range[0] !== before",
            arg=[self.within, before[0]],
            timeout=timeout_ms,
        )

    def count_updates(self) -> None:
        """From now on, in `window.updates`."""
        self._asked(
            "plot => { plot.on('plotly_react', () => { window.updates = (window.updates || 0) + 1; }); }"
        )

    def _asked(self, question: str) -> Any:
        return self.page.locator(f"{self.within} .js-plotly-plot").evaluate(question)


@contextmanager
def a_visit(
    browser: Browser, url: str, viewport: dict[str, int] = SCREEN, *, dark: bool = False
) -> Iterator[Visit]:
    """A visit of somebody who is not signed in, with nothing open."""
    context = browser.new_context(
        viewport=viewport,  # type: ignore[arg-type]  # a plain dictionary will do
        timezone_id="Asia/Tokyo",
        color_scheme="dark" if dark else "light",
    )
    try:
        visit = Visit(context.new_page(), url)
        visit.watch()
        yield visit
    finally:
        context.close()


@contextmanager
def signed_in(
    browser: Browser, url: str, viewport: dict[str, int] = SCREEN, *, dark: bool = False, path: str = "/"
) -> Iterator[Visit]:
    """A visit that has a session and sees a page; the login itself is tried in test_dashboard_access."""
    with a_visit(browser, url, viewport, dark=dark) as visit:
        answer = visit.page.context.request.post(f"{url}/login", form={"password": PASSWORD}, max_redirects=0)
        assert answer.status == 303, answer.text()
        visit.open(path)
        yield visit
