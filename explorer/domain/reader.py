"""A cursor over a text of notation: blanks, symbols, numbers, names, and where it fails. Knows no grammar."""

import math
import re

from explorer.domain.errors import NotationError

WORD = re.compile(r"[A-Za-z]+")
INFINITE = ("inf", "infinity", "nan")
PRINTED_SIGNS = str.maketrans("−×", "-*")
"""Signs as they are printed, one for one, so that positions stay."""
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_DIGITS = re.compile(r"[0-9]+")
_SIGN = re.compile(r"[+-]?")
_MOST_DIGITS = 12


class Reader:
    """Skips blanks, and fails with its own position."""

    def __init__(self, text: str) -> None:
        self.text = text.translate(PRINTED_SIGNS)
        self.position = 0
        self._typed = text

    def skip_blanks(self) -> None:
        while self.position < len(self.text) and self.text[self.position].isspace():
            self.position += 1

    def at_end(self) -> bool:
        self.skip_blanks()
        return self.position >= len(self.text)

    def take(self, symbol: str) -> bool:
        self.skip_blanks()
        if not self.text.startswith(symbol, self.position):
            return False
        self.position += len(symbol)
        return True

    def match(self, pattern: re.Pattern[str]) -> str | None:
        self.skip_blanks()
        found = pattern.match(self.text, self.position)
        if found is None:
            return None
        self.position = found.end()
        return found.group()

    def typed_until(self, symbols: str) -> str:
        """What was typed from here to the first of some symbols, as it was typed; the cursor then stands there."""
        ends = [place for symbol in symbols if (place := self.text.find(symbol, self.position)) >= 0]
        start, self.position = self.position, min(ends, default=len(self.text))
        return self._typed[start : self.position]

    def digits(self) -> int | None:
        """A whole number without a sign; None where there is none."""
        self.skip_blanks()
        start = self.position
        found = self.match(_DIGITS)
        return None if found is None else self.whole(found, start)

    def whole(self, digits: str, position: int) -> int:
        """A number of digits that stand at a position."""
        if len(digits) > _MOST_DIGITS:
            raise self.fault(f"No model has an index of {len(digits):,} digits.", position)
        return int(digits)

    def number(self) -> float:
        """A finite number."""
        self.skip_blanks()
        start = self.position
        digits = self.match(_NUMBER)
        if digits is not None and math.isfinite(float(digits)):
            return float(digits)
        if digits is not None:
            raise self.fault(f"{digits} is infinite here: a weight needs a finite number.", start)
        sign = self.match(_SIGN)
        word = self.match(WORD)
        if word and word.lower() in INFINITE:
            raise self.fault(f"'{sign}{word}' is refused: a weight needs a finite number.", start)
        raise self.fault("Expected a number, such as 0, -3.2 or 1e-4.", start)

    def fault(self, reason: str, position: int | None = None) -> NotationError:
        """What is wrong here, or at a position."""
        return NotationError(self._typed, self.position if position is None else position, reason)
