"""One measured figure beside its target."""

from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """`value` in `unit`; at most `target` is wanted. `peer` is another program's figure for the same."""

    what: str
    value: float
    unit: str
    target: float
    peer: str = ""
    #: What else was seen.
    note: str = ""

    @property
    def met(self) -> bool:
        """Whether the target is reached."""
        return self.value <= self.target

    @property
    def target_text(self) -> str:
        """The target for the table."""
        return f"≤ {self.target:,.1f}".removesuffix(".0") + f" {self.unit}"

    def as_dict(self) -> dict[str, object]:
        """For the results file."""
        return {**asdict(self), "met": self.met}
