"""A cancel as a row, and what becomes of it."""

from datetime import UTC, datetime

from binance_trade_agent.domain.orders import CancelIntent, CancelStatus, JournalCancel, RequestStamp
from binance_trade_agent.storage import models

#: Word of a cancel may come late: one that says less than what is known changes nothing.
_REACH = {
    CancelStatus.INTENT: 0,
    CancelStatus.UNKNOWN: 1,
    CancelStatus.NOT_PLACED: 2,
    CancelStatus.REFUSED: 3,
    CancelStatus.DONE: 4,
}


def cancel_row(book_id: int, cancel: CancelIntent) -> models.Cancel:
    """The row of a cancel that is about to be sent."""
    return models.Cancel(
        book_id=book_id,
        cancel_id=cancel.cancel_id,
        client_order_id=cancel.client_order_id,
        client_list_id=cancel.client_list_id,
        replaced_by=cancel.replaced_by,
        symbol=cancel.symbol,
        timestamp_ms=cancel.stamp.timestamp_ms,
        recv_window_ms=cancel.stamp.recv_window_ms,
        intent_reason=cancel.reason,
        status=CancelStatus.INTENT.value,
        reason="",
        created_at=cancel.created_at,
        updated_at=cancel.created_at,
    )


def note_fate(row: models.Cancel, status: CancelStatus, reason: str) -> None:
    """Let news of a cancel reach its row, unless more is known already."""
    if _REACH[status] <= _REACH[CancelStatus(row.status)]:
        return
    row.status, row.reason = status.value, reason
    row.updated_at = datetime.now(tz=UTC)


def journal_cancel(row: models.Cancel) -> JournalCancel:
    """The cancel a row holds."""
    return JournalCancel(
        intent=CancelIntent(
            cancel_id=row.cancel_id,
            symbol=row.symbol,
            client_order_id=row.client_order_id,
            client_list_id=row.client_list_id,
            replaced_by=row.replaced_by,
            stamp=RequestStamp(row.timestamp_ms, row.recv_window_ms),
            reason=row.intent_reason,
            created_at=row.created_at,
        ),
        status=CancelStatus(row.status),
        reason=row.reason,
        updated_at=row.updated_at,
    )
