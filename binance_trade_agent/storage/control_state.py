"""What the control plane allows, and commands handed over by other processes."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from binance_trade_agent.domain.acts import (
    CONTROL_TOPIC,
    KIND_OF,
    TRADER_CHANNEL,
    Act,
    ActKind,
    ActOutcome,
    AuditRow,
    Restricted,
    Steered,
    news_of,
)
from binance_trade_agent.domain.caps import Admission
from binance_trade_agent.domain.decisions import ControlSnapshot, TradingState
from binance_trade_agent.domain.errors import KeySpent, StorageError
from binance_trade_agent.domain.records import Book, Command, CommandKind, CommandResult, CommandStatus
from binance_trade_agent.storage import models
from binance_trade_agent.storage.asked_orders import asked_orders
from binance_trade_agent.storage.audit import act_with_key, audit_shown, close_act, write_act
from binance_trade_agent.storage.command_rows import act_of, command_of, command_row
from binance_trade_agent.storage.database import Database
from binance_trade_agent.storage.flatten_incident import clear_flatten, raise_flatten
from binance_trade_agent.storage.interrupted import fail_interrupted_commands
from binance_trade_agent.storage.reduce_only import reduce_only_symbols, restrict

#: States that a person's act leads to and that end a flatten which has not ended.
_WITHDRAWING = frozenset({TradingState.RUNNING, TradingState.HALTED})
_WITHDRAWN = "a flatten that had not ended was withdrawn"


class SqlControlState:
    """`ports.ControlState` of one book. What people do to trading goes to the outbox, with the act.

    Who acts need not know whether anybody is notified: the trader sends the message, or drops it.
    """

    def __init__(self, database: Database, book: Book) -> None:
        self._database = database
        self._book = book

    def read(self) -> ControlSnapshot:
        """The state; a new book is RUNNING, a new live one PAUSED."""
        with self._database.read() as transaction:
            return stored_control(transaction, self._book)

    def write(
        self,
        state: TradingState,
        *,
        reason: str,
        actor: str,
        at: datetime,
        only_from: Collection[TradingState] = tuple(TradingState),
    ) -> ControlSnapshot:
        """Set the state and write the audit row, in one transaction; nothing at all in a state not in `only_from`.

        Returns the state that holds then. For what the trader does by itself; people use `steer`.
        """
        act = Act(KIND_OF[state], actor, TRADER_CHANNEL, reason, at)
        with self._database.write() as transaction:
            before = stored_control(transaction, self._book)
            if before.state not in only_from:
                return before
            self._set(transaction, state, act)
            write_act(
                transaction,
                self._book.id,
                act,
                before=before.state.value,
                after=state.value,
                outcome=ActOutcome.DONE,
            )
        return ControlSnapshot(state, reason, actor, at, before.reduce_only)

    def steer(
        self,
        act: Act,
        state: TradingState,
        *,
        only_from: Collection[TradingState] = tuple(TradingState),
    ) -> Steered:
        """Set the state as a person asked, once for its key; the audit keeps an act that was refused too.

        Raises:
            ConfigurationError: the key stands for an act of another kind.
        """
        with self._database.write() as transaction:
            before = stored_control(transaction, self._book)
            if (first := act_with_key(transaction, self._book.id, act)) is not None:
                return _steered(before, first.at, repeated=True)
            if before.state not in only_from:
                answer = f"it stays {before.state}, set by {before.actor}: {before.reason}"
                write_act(
                    transaction,
                    self._book.id,
                    act,
                    before=before.state.value,
                    after=before.state.value,
                    outcome=ActOutcome.REFUSED,
                    answer=answer,
                )
                return _steered(before, act.at, refused=True)
            self._set(transaction, state, act)
            withdrawn = self._withdraw_flattens(transaction, act) if state in _WITHDRAWING else 0
            write_act(
                transaction,
                self._book.id,
                act,
                before=before.state.value,
                after=state.value,
                outcome=ActOutcome.DONE,
                answer=_WITHDRAWN if withdrawn else None,
            )
            self._notify(transaction, news_of(act, _WITHDRAWN if withdrawn else ""), act.at)
        return _steered(ControlSnapshot(state, act.reason, act.actor, act.at, before.reduce_only), act.at)

    def restrict(self, act: Act, symbols: Collection[str], *, on: bool) -> Restricted:
        """Let nothing of `symbols` be bought, or again, once for the act's key.

        Raises:
            ConfigurationError: the key stands for another act, or for other symbols.
        """
        with self._database.write() as transaction:
            return restrict(transaction, self._book.id, act, symbols, on=on)

    def open_act(self, act: Act, before: str, details: Mapping[str, str] | None = None) -> AuditRow | None:
        """Write an act down before it is done; the one that spent its key if it was done before.

        Raises:
            ConfigurationError: the key stands for an act of another kind.
        """
        with self._database.write() as transaction:
            if (first := act_with_key(transaction, self._book.id, act)) is not None:
                return audit_shown(first)
            write_act(transaction, self._book.id, act, before=before, details=details)
        return None

    def close_act(
        self, key: str, *, outcome: ActOutcome, answer: str, at: datetime, before: str, after: str
    ) -> None:
        """Write how the act with the key ended."""
        with self._database.write() as transaction:
            close_act(
                transaction,
                self._book.id,
                key,
                outcome=outcome.value,
                answer=answer,
                at=at,
                before=before,
                after=after,
            )

    def _set(self, transaction: Session, state: TradingState, act: Act) -> None:
        transaction.merge(
            models.Control(
                book_id=self._book.id, state=state.value, reason=act.reason, actor=act.actor, since=act.at
            )
        )

    def submit(self, command: Command, admit: Admission | None = None) -> Command:
        """Store a command, with its audit row; the one already stored if its idempotency key is known.

        `admit` is shown what the command's actor has asked for since midnight (UTC), and refuses a new command by
        raising: nothing is stored then. No other process stores a command meanwhile, so it must not wait for any.
        A flatten pauses trading in the same transaction, so that nothing is bought from then on.

        Raises `ConfigurationError` if the key stands for another command.
        """
        key = select(models.Command).filter_by(book_id=self._book.id, idempotency_key=command.idempotency_key)
        with self._database.write() as transaction:
            row = transaction.scalar(key)
            if row is None:
                act = act_of(command)
                act_with_key(transaction, self._book.id, act)
                if admit is not None:
                    midnight = command.created_at.replace(hour=0, minute=0, second=0, microsecond=0)
                    admit(asked_orders(transaction, self._book.id, command.actor, midnight))
                transaction.add(command_row(self._book.id, command))
                before = self._stop_entries(transaction, act) if act.kind is ActKind.FLATTEN else None
                write_act(
                    transaction,
                    self._book.id,
                    act,
                    before=before,
                    details={"command": command.id, **command.arguments},
                )
                self._notify(transaction, news_of(act), act.at)
                return command
            stored = command_of(row)
        if (stored.kind, stored.arguments) != (command.kind, dict(command.arguments)):
            raise KeySpent(
                f"the idempotency key {command.idempotency_key!r} was used for another command "
                f"({stored.kind} {stored.arguments}); use a new key"
            )
        return stored

    def pending(self) -> tuple[Command, ...]:
        """Commands nobody has taken yet, oldest first."""
        query = (
            select(models.Command)
            .filter_by(book_id=self._book.id, state="pending")
            # the index of waiting commands is partial: it serves only where this stands
            .where(models.Command.state != "finished")
            .order_by(models.Command.created_at, models.Command.id)
        )
        with self._database.read() as transaction:
            return tuple(command_of(row) for row in transaction.scalars(query))

    def claim(self, command_id: str, at: datetime) -> bool:
        """Mark a pending command as taken; False if it is not pending any more."""
        with self._database.write() as transaction:
            claimed = transaction.scalars(
                update(models.Command)
                .filter_by(book_id=self._book.id, id=command_id, state="pending")
                .values(state="claimed", claimed_at=at)
                .returning(models.Command.id)
            )
            return claimed.first() is not None

    def finish(self, command_id: str, result: CommandResult, state: TradingState | None = None) -> bool:
        """Write what came of a command, and the control state that it leaves; False if it was withdrawn.

        Raises:
            StorageError: there is no such command.
        """
        with self._database.write() as transaction:
            row = transaction.get(models.Command, (self._book.id, command_id))
            if row is None:
                raise StorageError(f"the database holds no command {command_id}")
            if row.state == "finished":
                return False
            row.state, row.status, row.text = "finished", result.status.value, result.text
            row.details, row.finished_at = dict(result.details), result.finished_at
            if state is not None:
                act = act_of(command_of(row))
                reason = ": ".join(filter(None, (act.kind.value, act.reason)))
                self._set(transaction, state, replace(act, reason=reason, at=result.finished_at))
            self._close(transaction, row.idempotency_key, result, state)
            if row.kind == CommandKind.FLATTEN:
                clear_flatten(transaction, self._book.id, result.finished_at)
                ended = f"the flatten by {row.actor} has ended ({result.status}): {result.text}"
                self._notify(transaction, ended, result.finished_at)
        return True

    def open_flatten(self) -> tuple[Command, dict[str, str]] | None:
        """The flatten that was begun and has not ended, with what was noted of it; a killed one goes on."""
        query = (
            select(models.Command)
            .filter_by(book_id=self._book.id, state="claimed", kind=CommandKind.FLATTEN.value)
            .where(models.Command.state != "finished")
            .order_by(models.Command.created_at, models.Command.id)
            .limit(1)
        )
        with self._database.read() as transaction:
            row = transaction.scalar(query)
            return None if row is None else (command_of(row), dict(row.details))

    def note(self, command_id: str, details: Mapping[str, str]) -> None:
        """Keep how far a command has come."""
        with self._database.write() as transaction:
            transaction.execute(
                update(models.Command)
                .filter_by(book_id=self._book.id, id=command_id, state="claimed")
                .values(details=dict(details))
            )

    def result(self, command_id: str) -> CommandResult | None:
        """What came of a command; None while it is not finished."""
        with self._database.read() as transaction:
            row = transaction.get(models.Command, (self._book.id, command_id))
            if row is None or row.status is None or row.text is None or row.finished_at is None:
                return None
            return CommandResult(CommandStatus(row.status), row.text, row.details, row.finished_at)

    def close_interrupted(self, at: datetime) -> int:
        """Finish as failed what a killed process had claimed; returns how many. It never runs again.

        Only a flatten does: it knows from the books what is left to sell.
        """
        with self._database.write() as transaction:
            return fail_interrupted_commands(transaction, self._book.id, at)

    def _notify(self, transaction: Session, text: str | None, at: datetime) -> None:
        """In the transaction of the act: it is told once, and never without having been done."""
        if text is not None:
            transaction.add(
                models.Message(book_id=self._book.id, topic=CONTROL_TOPIC, text=text, created_at=at)
            )

    def _stop_entries(self, transaction: Session, act: Act) -> str:
        """Pause for a flatten, whatever the state is: it has to sell. Returns the state before."""
        before = stored_control(transaction, self._book).state
        if before is not TradingState.PAUSED:
            reason = ": ".join(filter(None, ("flatten", act.reason)))
            self._set(transaction, TradingState.PAUSED, replace(act, reason=reason))
        raise_flatten(transaction, self._book.id, act)
        return before.value

    def _withdraw_flattens(self, transaction: Session, act: Act) -> int:
        """End flattens that have not ended: a person has decided otherwise since. Returns how many."""
        text = f"withdrawn by {act.actor} ({act.kind}): see the orders for what was sold until then"
        withdrawn = transaction.scalars(
            update(models.Command)
            .filter_by(book_id=self._book.id, kind=CommandKind.FLATTEN.value)
            .where(models.Command.state != "finished")
            .values(
                state="finished",
                status=CommandStatus.REFUSED.value,
                text=text,
                finished_at=act.at,
            )
            .returning(models.Command.idempotency_key)
        ).all()
        for key in withdrawn:
            self._close(transaction, key, CommandResult(CommandStatus.REFUSED, text, {}, act.at))
        if withdrawn:
            clear_flatten(transaction, self._book.id, act.at)
        return len(withdrawn)

    def _close(
        self,
        transaction: Session,
        key: str,
        result: CommandResult,
        state: TradingState | None = None,
    ) -> None:
        close_act(
            transaction,
            self._book.id,
            key,
            outcome=result.status.value,
            answer=result.text,
            at=result.finished_at,
            before=result.details.get("before"),
            after=state.value if state else result.details.get("after"),
        )


def stored_control(transaction: Session, book: Book) -> ControlSnapshot:
    """The control state, or the one a new book starts with."""
    restricted = reduce_only_symbols(transaction, book.id)
    row = transaction.get(models.Control, book.id)
    if row is not None:
        return ControlSnapshot(TradingState(row.state), row.reason, row.actor, row.since, restricted)
    since = transaction.get_one(models.Book, book.id).created_at
    state, reason = TradingState.RUNNING, "initial"
    if book.mode == "live":
        state, reason = TradingState.PAUSED, "a fresh live install starts paused"
    return ControlSnapshot(state, reason, "system", since, restricted)


def _steered(
    control: ControlSnapshot, done_at: datetime, *, repeated: bool = False, refused: bool = False
) -> Steered:
    return Steered(
        control.state,
        control.reason,
        control.actor,
        control.since,
        control.reduce_only,
        done_at=done_at,
        repeated=repeated,
        refused=refused,
    )
