"""Where a model is to lie and how it is to be counted with: what a person may ask for, and what it came to."""

from dataclasses import dataclass
from typing import TypedDict

from explorer.domain.errors import ModelError

FLOAT32, STORED = "float32", "stored"
ARITHMETICS = (FLOAT32, STORED)


class Given(TypedDict, total=False):
    """The parts of a `Placement` that are not the default."""

    device: str
    dtype: str
    arithmetic: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """What is asked for when a model is loaded; None: what is best here. Raises ModelError for what is not there."""

    device: str | None = None
    """`cuda`, `mps` or `cpu`."""
    dtype: str | None = None
    """In which precision the weights are kept: `float32`, `bfloat16` or `float16`."""
    arithmetic: str = FLOAT32
    """`float32`: the truth, whatever the weights are kept in; `stored`: in the precision of the weights, so that a
    text may depend on what shares its batch."""

    def __post_init__(self) -> None:
        if self.arithmetic not in ARITHMETICS:
            raise ModelError(f"There is no arithmetic '{self.arithmetic}'. Choose from: {', '.join(ARITHMETICS)}.")

    @property
    def given(self) -> Given:
        """What is not the default, by name."""
        given = Given()
        if self.device:
            given["device"] = self.device
        if self.dtype:
            given["dtype"] = self.dtype
        if self.arithmetic != FLOAT32:
            given["arithmetic"] = self.arithmetic
        return given

    @property
    def options(self) -> list[str]:
        """The same for the command line."""
        return [part for name, value in self.given.items() for part in (f"--{name}", str(value))]


def precision_of(stored: str, arithmetic: str) -> str:
    """What is recorded of a result: `float32`; `bfloat16/float32` where only the weights are in half precision."""
    return stored if stored == arithmetic else f"{stored}/{arithmetic}"


def placement_of(precision: str, device: str | None = None) -> Placement:
    """What gives that precision again. One name alone, of half precision, is both."""
    stored, _, arithmetic = precision.partition("/")
    halved = not arithmetic and stored in ("bfloat16", "float16")
    return Placement(device=device, dtype=stored or None, arithmetic=STORED if halved else FLOAT32)
