"""The page's address: what it says of model, prompt, decoding and genotype, and of the tabs' own controls.

An address opens exactly what it says, or the page tells which part it did not take and what it shows instead. Plain
text in and out; what is missing from an address stays as the page has it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import parse_qsl, urlencode

from explorer.domain.decoding import LEAST_TOP_P, MAX_NEW_TOKENS, MAX_SEED, MAX_TEMPERATURE, MAX_TOP_K, read_turns
from explorer.domain.errors import PromptError

TALK = "talk_"
PREFIXES = ("stats_", "gallery_", "compare_", "tasks_", TALK)
"""What the names of the tabs' own parameters begin with; those of Explore begin with none of these."""
_OF_THE_HOST = ("view", "lang", "token", "stage", "audience", "follow")
"""Parameters that gradio itself reads, beside those that begin with an underscore; and those of the stage, which the
browser reads (assets/stage.js)."""
_SHOWN_LETTERS = 60

Default = TypeVar("Default")


class Said:
    """What an address says of one part of the page, asked for value by value; what was not taken of it is kept."""

    def __init__(self, parameters: Mapping[str, str], prefix: str = "") -> None:
        own = (name for name in parameters if name.startswith(prefix) and (prefix or not name.startswith(PREFIXES)))
        self._prefix = prefix
        self._values = {name.removeprefix(prefix): parameters[name] for name in own}
        self._read: set[str] = set()
        self._faults: list[str] = []

    def __bool__(self) -> bool:
        """Whether it says anything of that part."""
        return bool(self._values)

    def text(self, name: str, default: Default) -> str | Default:
        """A text as it stands."""
        self._read.add(name)
        return self._values.get(name, default)

    def one_of(self, name: str, choices: Collection[str], default: str) -> str:
        """One of some names."""
        value = self.text(name, default)
        return value if value in choices else self.refuse(name, f"which is none of {_listed(choices)}", default)

    def some_of(self, name: str, choices: Collection[str] | None = None) -> tuple[str, ...]:
        """Names with commas between them, of any or of some that there are."""
        values = tuple(filter(None, self.text(name, "").split(",")))
        if choices is None or all(value in choices for value in values):
            return values
        return self.refuse(name, f"which are not all among {_listed(choices)}", ())

    def flag(self, name: str, default: Default) -> bool | Default:
        """1 or 0."""
        value = self.text(name, None)
        if value is None:
            return default
        return value == "1" if value in ("0", "1") else self.refuse(name, "which is neither 1 nor 0", default)

    def whole(self, name: str, least: int, most: int, default: Default) -> int | Default:
        """A whole number from the least to the most, both included."""
        value = self.text(name, None)
        if value is None:
            return default
        is_exact = (
            value.isascii() and value.isdecimal() and len(value) <= len(str(most))
        )  # else as a number with a point
        number = int(value) if is_exact else _number(value)
        if number is None or number != int(number) or not least <= int(number) <= most:
            return self.refuse(name, f"which is no whole number from {least} to {most}", default)
        return int(number)

    def number(self, name: str, least: float, most: float, default: Default) -> float | Default:
        """A number from the least to the most, both included."""
        value = self.text(name, None)
        if value is None:
            return default
        number = _number(value)
        if number is None or not least <= number <= most:
            return self.refuse(name, f"which is no number from {least:g} to {most:g}", default)
        return number

    def refuse(self, name: str, reason: str, instead: Default, shown: str = "") -> Default:
        """Note that a value is not taken, why, and what the page shows instead; that is what is returned."""
        self._read.add(name)
        value = self._values.get(name, "")
        value = value if len(value) <= _SHOWN_LETTERS else f"{value[:_SHOWN_LETTERS]} …"
        told = shown or (f"{instead} is shown instead" if instead not in (None, "", ()) else "it is left out")
        self._faults.append(f"The address says {self._prefix}{name}={value}, {reason}: {told}.")
        return instead

    def note(self, sentence: str) -> None:
        """Note in a sentence what else is not as the address says."""
        self._faults.append(sentence)

    def told(self) -> str:
        """A line for each part that was not taken, those among them that nobody knows; "" if all was."""
        others = (name for name in self._values if name not in (*self._read, *_OF_THE_HOST))
        unknown = (
            f"The address says {self._prefix}{name[:_SHOWN_LETTERS]}, which this page does not know: it is left out."
            for name in others
            if not name.startswith("_")
        )
        return "\n".join([*self._faults, *unknown])


def _listed(choices: Collection[str]) -> str:
    return ", ".join(map(str, choices))


def _number(text: str) -> float | None:
    """A finite number; None if the text is none."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and text.isascii() and "_" not in text else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What an address holds of the tab Explore; None: it does not say."""

    model: str | None = None
    genotype: str | None = None
    prompt: str | None = None
    chat: bool | None = None
    plain: bool | None = None
    system: str | None = None
    thinking: bool | None = None
    prefill: str | None = None
    turns: str | None = None
    """JSON, as `domain.decoding.read_turns` takes it."""
    max_new_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    seed: int | None = None
    top_k: int | None = None
    max_length: int | None = None


def format_link(link: Link) -> str:
    """The query of an address, from `?` on."""
    fields = {name: getattr(link, name) for name in Link.__slots__}
    said = {name: int(value) if isinstance(value, bool) else value for name, value in fields.items()}
    return format_query({name: value for name, value in said.items() if value is not None})


def format_query(parameters: Mapping[str, object]) -> str:
    """The query of an address, from `?` on."""
    return "?" + urlencode(parameters)


def parse_query(query: str) -> dict[str, str]:
    """The parameters of an address, from `?` on; of those that are said twice the last."""
    return dict(parse_qsl(query.removeprefix("?"), keep_blank_values=True))


def read_link(said: Said) -> Link:
    """What an address says of Explore; what was not taken is noted in `said`."""
    return Link(
        model=said.text("model", None),
        genotype=said.text("genotype", None),
        prompt=said.text("prompt", None),
        chat=said.flag("chat", None),
        plain=said.flag("plain", None),
        system=said.text("system", None),
        thinking=said.flag("thinking", None),
        prefill=said.text("prefill", None),
        turns=_turns(said),
        max_new_tokens=said.whole("max_new_tokens", 1, MAX_NEW_TOKENS, None),
        temperature=said.number("temperature", 0, MAX_TEMPERATURE, None),
        top_p=said.number("top_p", LEAST_TOP_P, 1, None),
        seed=said.whole("seed", 0, MAX_SEED, None),
        top_k=said.whole("top_k", 0, MAX_TOP_K, None),
        max_length=said.whole("max_length", 0, MAX_NEW_TOKENS, None),
    )


def _turns(said: Said) -> str | None:
    """Earlier turns as the address has them, if they are some."""
    text = said.text("turns", None)
    if not text:
        return text
    try:
        read_turns(json.loads(text))
    except (ValueError, RecursionError, PromptError):
        return said.refuse("turns", 'which is no list such as [{"role": "user", "content": "Hello"}]', None)
    return text
