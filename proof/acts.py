"""What came of the acts of a `Person`: judged by the exchange, the journal and the audit. Reads, changes nothing."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import select

from binance_trade_agent.bootstrap.desk import Desk
from binance_trade_agent.domain.acts import AuditRow
from binance_trade_agent.domain.decisions import TradingState
from binance_trade_agent.domain.orders import OrderStatus, Purpose
from binance_trade_agent.domain.records import AskedLevelsRow, OrderRow
from binance_trade_agent.storage import models
from binance_trade_agent.storage.asked_levels import all_asked
from proof.comparison import Books
from proof.exchange import TrueFill, Truth
from proof.person import CHANNEL, OBEYED_S, Asked, Person
from proof.tallies import Checked, Flattened, Tally

_MANY = 100_000
#: What is worth less (USDT) is dust, or too little for an order of its own.
_DUST = Decimal(15)
#: A booking may come so much later than the trade: a trip's end is of the trade's time.
_BOOKED_LATE = timedelta(seconds=10)
_TICKS = Decimal("0.02")
_UNCHANGED = "nothing was changed"
_DIED = "process that carried it out died"
_NOBODY = ""


class Judge:
    """Compares what a person asked for with what came of it."""

    def __init__(self, desk: Desk, person: Person, *, trails: bool) -> None:
        self._desk, self._person, self._trails = desk, person, trails
        self._askers: dict[str, str] = {}
        self.checked = Checked()

    # at any moment --------------------------------------------------------------

    def faults(self, truth: Truth, books: Books) -> dict[str, tuple[str, ...]]:
        """kind -> what is wrong, kinds without anything left out; the trader is dead or stands still."""
        audit = self._audit()
        found = {
            "keys doubled": [*self._keys_doubled(truth, books, audit), *self._person.refused_keys],
            "orders of dry runs": self._dry_orders(books),
            "bought though reduce-only": self._bought_restricted(truth, books),
            "reduce-only lost": self._restriction_lost(),
            "levels lost": self._levels_lost(audit),
            "sold more than bought": sold_too_much(truth),
        }
        return {kind: tuple(names) for kind, names in found.items() if names}

    def tallies(self, truth: Truth, books: Books) -> dict[str, Tally]:
        """kind -> what became of its acts."""
        audit, found = self._audit(), defaultdict[str, Tally](Tally)
        effects = self._effects(truth, books)
        for asked in self._person.asked:
            tally, row = found[asked.kind], audit.get(asked.actor)
            tally.asked += 1
            tally.repeated += asked.repeats
            tally.effects += effects[asked.actor]
            if row is None or row.outcome is None:
                tally.waiting += 1
            elif _DIED in (row.answer or ""):
                tally.died += 1
            else:
                setattr(tally, row.outcome, getattr(tally, row.outcome) + 1)
                tally.effects += asked.kind == "protect" and row.outcome == "done"
        self._count_rested(books)
        return dict(sorted(found.items()))

    def _audit(self) -> dict[str, AuditRow]:
        """key -> its act."""
        rows = self._desk.watch.audit(limit=_MANY)
        return {row.idempotency_key: row for row in rows if row.idempotency_key}

    def _keys_doubled(self, truth: Truth, books: Books, audit: Mapping[str, AuditRow]) -> list[str]:
        kinds = {asked.actor: asked.kind for asked in self._person.asked}
        doubled = [
            f"{kinds[actor]} {actor}: {count} effects"
            for actor, count in self._effects(truth, books).items()
            if count > 1
        ]
        of_actor = Counter(row.actor for row in self._desk.watch.audit(limit=_MANY) if row.idempotency_key)
        doubled += [f"{actor}: {count} acts in the audit" for actor, count in of_actor.items() if count > 1]
        return doubled + [f"{actor}: no act in the audit" for actor in kinds if actor not in audit]

    def _effects(self, truth: Truth, books: Books) -> Counter[str]:
        """actor -> orders at the exchange and cancels that its act led to."""
        there = {order.client_order_id for order in truth.own_orders}
        effects: Counter[str] = Counter()
        for row in books.orders:
            if row.client_order_id in there and (actor := self._asker(row)):
                effects[actor] += 1
        for cancel in self._desk.watch.cancels(limit=_MANY):
            channel, _, actor = cancel.reason.partition(":")
            if channel == CHANNEL and cancel.replaced_by is None:
                effects[actor] += 1
        return effects

    def _asker(self, row: OrderRow) -> str:
        """Who asked for an entry or an exit; empty where the strategy or the trader did."""
        if row.purpose not in {Purpose.ENTRY, Purpose.EXIT}:
            return _NOBODY
        if row.decision_id not in self._askers:
            decision = self._desk.watch.decision(row.decision_id)
            channel, _, actor = ((decision.strategy if decision else None) or "").partition(":")
            self._askers[row.decision_id] = actor if channel == CHANNEL else _NOBODY
        return self._askers[row.decision_id]

    def _dry_orders(self, books: Books) -> list[str]:
        dry = {asked.actor for asked in self._person.asked if asked.kind == "dry run"}
        return [
            f"{row.client_order_id} by {self._asker(row)}" for row in books.orders if self._asker(row) in dry
        ]

    def _bought_restricted(self, truth: Truth, books: Books) -> list[str]:
        there = {order.client_order_id for order in truth.own_orders}
        obeyed = timedelta(seconds=OBEYED_S)
        return [
            f"{row.client_order_id} {row.symbol} at {row.created_at:%H:%M:%S.%f}, reduce-only since"
            f" {each.since:%H:%M:%S.%f}"
            for each in self._person.restrictions
            for row in books.orders
            if (row.symbol, row.side) == (each.symbol, "BUY")
            and row.client_order_id in there
            and each.since + obeyed < row.created_at
            and (each.until is None or row.created_at < each.until)
        ]

    def _restriction_lost(self) -> list[str]:
        self.checked.restricted = len(self._person.restrictions)
        holds, wanted = set(self._desk.watch.status().control.reduce_only), self._person.restricted
        return [] if holds == wanted else [f"reduce-only are {sorted(holds)}, asked for {sorted(wanted)}"]

    # levels -------------------------------------------------------------------------

    def _levels_lost(self, audit: Mapping[str, AuditRow]) -> list[str]:
        """Levels that hold and should not, or the other way round."""
        holding, ends = self._asked_rows(), self._trip_ends()
        acts = defaultdict[str, list[Asked]](list)
        for asked in self._person.asked:
            if asked.kind in {"protect", "back to settings"}:
                acts[asked.symbol].append(asked)
        lost = []
        for symbol, asked_of in acts.items():
            row = holding.get(symbol)
            who = row.actor.partition(" ")[0] if row is not None and _has_level(row) else _NOBODY
            allowed = may_hold(asked_of, audit, ends[symbol])
            self._count_levels(who, asked_of, audit, allowed)
            if who not in allowed:
                lost.append(
                    f"{symbol}: levels of {who or 'nobody'} hold, not of {' or '.join(sorted(allowed))}"
                )
            elif row is not None and (wrong := _wrong_levels(row, asked_of, who)):
                lost.append(wrong)
        return lost

    def _count_levels(
        self, who: str, acts: Sequence[Asked], audit: Mapping[str, AuditRow], allowed: set[str]
    ) -> None:
        self.checked.levels += bool(who)
        newest = audit.get(acts[-1].actor)
        if newest is not None and _DIED in (newest.answer or "") and len(allowed) > 1:
            self.checked.stored += who == acts[-1].actor
            self.checked.not_stored += who != acts[-1].actor

    def _asked_rows(self) -> dict[str, AskedLevelsRow]:
        with self._desk.database.read() as transaction:
            return {row.symbol: row for row in all_asked(transaction, self._desk.book.id)}

    def _trip_ends(self) -> dict[str, list[datetime]]:
        """symbol -> when its round trips were closed."""
        ends = defaultdict[str, list[datetime]](list)
        query = select(models.RoundTrip).filter_by(book_id=self._desk.book.id)
        with self._desk.database.read() as transaction:
            for trip in transaction.scalars(query.where(models.RoundTrip.closed_at.is_not(None))):
                if trip.closed_at is not None:
                    ends[trip.symbol].append(trip.closed_at)
        return ends

    # what may take a moment -----------------------------------------------------------

    def unmet(self) -> dict[str, str]:
        """What does not hold yet, and must soon, while the trader runs and nothing fails."""
        status, found = self._desk.watch.status(), dict[str, str]()
        locked = {row.symbol for row in status.unresolved} | {row.symbol for row in status.unresolved_cancels}
        asked = self._asked_rows()
        for each in self._desk.watch.protection():
            price = each.last_price or Decimal(0)
            if each.symbol in locked or each.quantity * price < _DUST:
                continue
            self.checked.covered += 1
            if (each.quantity - each.covered) * price >= _DUST:
                found[f"{each.symbol} unguarded"] = (
                    f"{each.covered} of {each.quantity} is guarded: {each.alarm}"
                )
            row = asked.get(each.symbol)
            if row is not None and row.stop_price is not None and not self._rests(each.stops, row.stop_price):
                found[f"{each.symbol} stop {row.actor}"] = (
                    f"rests at {each.stops}, asked for {row.stop_price}"
                )
        for order in self._desk.watch.orders(limit=500):
            if (
                order.symbol in self._person.restricted - locked
                and order.side == "BUY"
                and order.status in {OrderStatus.OPEN, OrderStatus.PARTIALLY_FILLED}
            ):
                found[f"{order.client_order_id} rests"] = f"{order.symbol} is reduce-only"
        return found

    def waiting(self) -> dict[str, str]:
        """Acts that nobody has answered yet."""
        audit = self._audit()
        return {
            f"{asked.kind} {asked.actor}": "no answer"
            for asked in self._person.asked
            if asked.actor in audit and audit[asked.actor].outcome is None
        }

    def _rests(self, stops: Sequence[Decimal], asked: Decimal) -> bool:
        if not stops:
            return False
        return all(stop >= asked - _TICKS if self._trails else abs(stop - asked) <= _TICKS for stop in stops)

    def _count_rested(self, books: Books) -> None:
        by_hand = {asked.actor for asked in self._person.asked if asked.kind == "limit"}
        rested = [row for row in books.orders if self._asker(row) in by_hand]
        self.checked.rested = len(rested)
        self.checked.rested_filled = sum(1 for row in rested if row.executed > 0)

    # flatten -----------------------------------------------------------------------------

    def begin_flatten(self, asked: Asked) -> None:
        """Note a flatten."""
        self.checked.flattens.append(Flattened(asked))

    def flatten_ended(self) -> bool:
        """Whether the flatten that was asked for has ended."""
        row = self._audit().get(self.checked.flattens[-1].asked.actor)
        return row is not None and row.outcome is not None

    def flatten_faults(self, truth: Truth, books: Books) -> dict[str, tuple[str, ...]]:
        """What a flatten that has ended did wrong; the trader stands still."""
        flatten = self.checked.flattens[-1]
        row, control = self._audit()[flatten.asked.actor], self._desk.watch.status().control
        flatten.state, flatten.text = control.state.value, f"{row.outcome}: {row.answer}"
        wrong = []
        if control.state is not TradingState.HALTED:
            wrong.append(f"{flatten.asked.actor} left {control.state}: {flatten.text}")
        if row.outcome == "refused":
            wrong.append(f"{flatten.asked.actor} was refused: {row.answer}")
        if row.finished_at is not None:
            wrong += [
                f"{each.client_order_id} was begun after it"
                for each in books.orders
                if each.purpose in {Purpose.ENTRY, Purpose.EXIT} and each.created_at > row.finished_at
            ]
        not_sold = [
            f"{p.symbol} {p.quantity} is left and not named"
            for p in books.positions
            if p.quantity > 0 and p.symbol not in (row.answer or "")
        ]
        sold = sold_too_much(truth)
        found = {"flatten": wrong, "sold more than bought": sold, "flatten left": not_sold}
        return {kind: tuple(names) for kind, names in found.items() if names}


def _has_level(row: AskedLevelsRow) -> bool:
    return row.stop_price is not None or row.target_price is not None


def may_hold(acts: Sequence[Asked], audit: Mapping[str, AuditRow], ends: Sequence[datetime]) -> set[str]:
    """Whose levels may hold after these acts of one symbol; nobody's is the empty name."""
    allowed = {_NOBODY}
    for asked in acts:
        row, by = audit.get(asked.actor), asked.actor if asked.kind == "protect" else _NOBODY
        text = (row.answer or "") if row is not None else ""
        if row is None or row.outcome is None or _DIED in text:
            allowed |= {by}
        elif row.outcome == "refused" or _UNCHANGED in text:
            continue
        else:
            allowed = {by}
        begun, over = asked.at, (row.finished_at if row is not None else None)
        if any(begun - _BOOKED_LATE <= end for end in ends):
            allowed |= {_NOBODY}
        if over is not None and any(end > over + _BOOKED_LATE for end in ends):
            allowed = {_NOBODY}
    return allowed


def _wrong_levels(row: AskedLevelsRow, acts: Sequence[Asked], who: str) -> str:
    asked = next((each for each in acts if each.actor == who), None)
    pairs = ((asked.stop, row.stop_price), (asked.target, row.target_price)) if asked else ()
    differ = [
        f"{got}, not {want}" for want, got in pairs if want and (got is None or abs(got - want) > _TICKS)
    ]
    return f"{row.symbol}: {who} asked for other levels: {differ}" if differ else ""


def net_bought(truth: Truth) -> dict[str, Decimal]:
    """symbol -> what our orders bought of it and did not sell."""
    ours = {(order.symbol, order.order_id) for order in truth.own_orders}
    net: defaultdict[str, Decimal] = defaultdict(Decimal)
    for fill in truth.fills:
        if (fill.symbol, fill.order_id) in ours:
            net[fill.symbol] += _kept(fill)
    return dict(net)


def _kept(fill: TrueFill) -> Decimal:
    """What a fill did to the holding of its symbol's coin."""
    fee = fill.commission if fill.symbol.startswith(fill.commission_asset) else Decimal(0)
    return (fill.quantity if fill.is_buy else -fill.quantity) - fee


def sold_too_much(truth: Truth) -> list[str]:
    """Symbols of which our orders sold more than they bought: the account's own coins."""
    return [f"{symbol} {net}" for symbol, net in net_bought(truth).items() if net < 0]
