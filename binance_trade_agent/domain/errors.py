"""The errors a caller can meet, as one tree.

TradeAgentError
 ├ ExchangeError              a call to the exchange did not succeed; exactly four kinds:
 │  ├ Refused                 the exchange said no: nothing happened there
 │  ├ OutcomeUnknown          it may or may not have happened: look before acting
 │  ├ Throttled               we asked too much: wait `retry_after_s`
 │  └ Unavailable             it could not be reached or could not answer: nothing happened there
 ├ ConfigurationError         what the operator set cannot work; the text says what to set
 │  └ KeySpent                an idempotency key stands for another act
 ├ StorageError               the database cannot be used as it is
 │  ├ DatabaseTooNew          it was written by a newer version
 │  ├ DatabaseUnwritable      the folder or file cannot be written
 │  └ DatabaseBusy            another process writes to it for too long: nothing was done, ask again
 ├ NotificationFailed         a message to a person was not taken
 ├ LeaseHeld                  another process trades on this book now
 ├ ExchangeReset              the exchange forgot this book's orders: a new book is due
 ├ NoMarketData               a symbol's market has never been seen
 └ StaleData                  what the exchange sent is too old or incomplete to decide on
"""


class TradeAgentError(Exception):
    """Base of all errors this program raises on purpose."""


class ExchangeError(TradeAgentError):
    """A call to the exchange did not succeed."""


class Refused(ExchangeError):
    """The exchange refused; it did nothing. `code` is Binance's, negative."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{message} ({code})")
        self.code = code
        self.message = message


class OutcomeUnknown(ExchangeError):
    """Whether the request took effect is not known: timeout, reset, 5xx, -1006, -1007, unreadable reply."""


class Throttled(ExchangeError):
    """The exchange demands silence (429, 418, -1003, -1015) for `retry_after_s` seconds."""

    def __init__(self, retry_after_s: float, message: str, *, banned: bool = False) -> None:
        super().__init__(f"{message} (wait {retry_after_s:.0f} s)")
        self.retry_after_s = retry_after_s
        self.banned = banned


class Unavailable(ExchangeError):
    """The exchange could not be reached or could not answer, and the request changed nothing there."""


class ConfigurationError(TradeAgentError):
    """What the operator configured cannot work. `problems` lists everything found, a line each."""

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class KeySpent(ConfigurationError):
    """An idempotency key stands for another act than the one it was given with now: nothing was done."""


class StorageError(TradeAgentError):
    """The database cannot be used as it is."""


class DatabaseTooNew(StorageError):
    """The database was written by a newer version of this program."""


class DatabaseUnwritable(StorageError):
    """The database, or the folder it lies in, cannot be written."""


class DatabaseBusy(StorageError):
    """Another process writes to the database, and did not let this one have its turn in time."""


class NotificationFailed(TradeAgentError):
    """At least one of the configured services did not take a message."""


class LeaseHeld(TradeAgentError):
    """Another process holds the trading lease of this book."""


class ExchangeReset(TradeAgentError):
    """The exchange was set back (a testnet does that every month): it knows none of this book's orders any more."""


class NoMarketData(TradeAgentError):
    """Nothing is stored of a symbol's market."""


class StaleData(TradeAgentError):
    """What the exchange sent is too old or incomplete to decide on."""
