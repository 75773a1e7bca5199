"""A command as a row, and the act that it is."""

from binance_trade_agent.domain.acts import Act, ActKind
from binance_trade_agent.domain.records import Command, CommandKind
from binance_trade_agent.storage import models

_ACTS = {
    CommandKind.WORKFLOW: ActKind.TRADE,
    CommandKind.FLATTEN: ActKind.FLATTEN,
    CommandKind.CANCEL: ActKind.CANCEL,
    CommandKind.PROTECT: ActKind.PROTECT,
}


def command_row(book_id: int, command: Command) -> models.Command:
    """A command as it is stored, waiting."""
    return models.Command(
        book_id=book_id,
        id=command.id,
        kind=command.kind.value,
        arguments=dict(command.arguments),
        idempotency_key=command.idempotency_key,
        actor=command.actor,
        channel=command.channel,
        created_at=command.created_at,
        reason=command.reason or None,
        state="pending",
        details={},
    )


def command_of(row: models.Command) -> Command:
    """A row as a command."""
    return Command(
        id=row.id,
        kind=CommandKind(row.kind),
        arguments=row.arguments,
        idempotency_key=row.idempotency_key,
        actor=row.actor,
        channel=row.channel,
        created_at=row.created_at,
        reason=row.reason or "",
    )


def act_of(command: Command) -> Act:
    """The act that a command is."""
    return Act(
        _ACTS[command.kind],
        command.actor,
        command.channel,
        command.reason,
        command.created_at,
        command.idempotency_key,
    )
