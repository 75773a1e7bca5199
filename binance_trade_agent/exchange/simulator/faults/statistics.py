"""How often each method and path was asked for, executed and answered."""

from dataclasses import asdict, dataclass


@dataclass(slots=True)
class Counts:
    """`executed`: carried out, not refused. `answered`: some answer was given to an open connection."""

    received: int = 0
    executed: int = 0
    answered: int = 0


class Statistics:
    """Counts since the start or the last reset, by "METHOD path"; a request counts where it arrived."""

    def __init__(self) -> None:
        self._counts: dict[str, Counts] = {}

    def of(self, method: str, path: str) -> Counts:
        """The counts of a method and path, to be changed in place."""
        return self._counts.setdefault(f"{method} {path}", Counts())

    def view(self) -> dict[str, dict[str, int]]:
        """All counts."""
        return {name: asdict(counts) for name, counts in sorted(self._counts.items())}

    def reset(self) -> None:
        """Begin anew."""
        self._counts.clear()
