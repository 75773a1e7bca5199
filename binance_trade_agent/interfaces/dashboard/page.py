"""What a page is, and what it is given."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from dash import Dash, Input, Output, State, no_update
from dash.development.base_component import Component

from binance_trade_agent.domain.errors import ConfigurationError, StorageError
from binance_trade_agent.interfaces.dashboard.acting import Act
from binance_trade_agent.interfaces.dashboard.components.states import error_box
from binance_trade_agent.interfaces.dashboard.live import Topic
from binance_trade_agent.interfaces.dashboard.still import still
from binance_trade_agent.interfaces.desks import Desk, DeskDoor

CsvValue = str | int | float | Decimal | datetime | None


@dataclass(frozen=True, slots=True)
class Export:
    """A CSV file at `/export/<name>.csv`: `rows` reads them, given the query of the address.

    Decimals are written to their last digit, times in UTC (ISO 8601).
    """

    name: str
    columns: tuple[str, ...]
    rows: Callable[[Desk, Mapping[str, str]], Iterable[Sequence[CsvValue]]]


@dataclass(frozen=True, slots=True)
class Context:
    """What the callbacks of a page may use."""

    door: DeskDoor

    def show(
        self,
        app: Dash,
        output: Output,
        topics: Sequence[Topic],
        draw: Callable[..., Any],
        *,
        inputs: Sequence[Input] = (),
        states: Sequence[State] = (),
    ) -> None:
        """Let `output` be `draw(desk, *inputs, *states)`: when the page opens, and when one of `topics` moved.

        A database that cannot be read is an error box, or leaves a property other than `children` as it is.
        """

        def callback(*values: Any) -> Any:
            try:
                drawn = draw(self.door.desk(), *values[len(topics) :])
            except (StorageError, ConfigurationError) as error:
                drawn = error_box(str(error)) if output.component_property == "children" else no_update
            return still(drawn) if output.component_property == "children" else drawn

        app.callback(output, *[Input(topic.store, "data") for topic in topics], *inputs, *states)(callback)


@dataclass(frozen=True, slots=True)
class Page:
    """A page: `layout` is its skeleton and reads nothing; `register` connects it.

    `icon` is one of those in assets/icons.css, `order` its place in the navigation.
    """

    path: str
    title: str
    icon: str
    order: int
    layout: Callable[[], Component]
    register: Callable[[Dash, Context], None]
    acts: tuple[Act, ...] = ()
    exports: tuple[Export, ...] = ()
