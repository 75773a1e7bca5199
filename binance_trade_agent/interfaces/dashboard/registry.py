"""The pages there are: each module of the package `pages` is one."""

import importlib
import pkgutil
from functools import cache

from binance_trade_agent.interfaces.dashboard import pages
from binance_trade_agent.interfaces.dashboard.page import Page


@cache
def all_pages() -> tuple[Page, ...]:
    """Every page, in the order of the navigation."""
    modules = [
        importlib.import_module(f"{pages.__name__}.{found.name}")
        for found in pkgutil.iter_modules(pages.__path__)
    ]
    return tuple(sorted((module.PAGE for module in modules), key=lambda page: (page.order, page.title)))


def page_at(path: str | None) -> Page | None:
    """The page at a path, with or without a slash at its end."""
    wanted = (path or "/").rstrip("/") or "/"
    return next((page for page in all_pages() if page.path == wanted), None)
