"""The page's address: what it says of model, prompt, decoding and genotype, so that a link restores them.

Plain text in and out; what is missing from an address stays as the page has it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from explorer.domain.errors import ExplorerError


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What an address holds; None: it does not say."""

    model: str | None = None
    genotype: str | None = None
    prompt: str | None = None
    chat: bool | None = None
    max_new_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    seed: int | None = None


def format_link(link: Link) -> str:
    """The query of an address, from `?` on."""
    fields = {name: getattr(link, name) for name in Link.__slots__}
    said = {name: int(value) if isinstance(value, bool) else value for name, value in fields.items()}
    return format_query({name: value for name, value in said.items() if value is not None})


def format_query(parameters: Mapping[str, object]) -> str:
    """The query of an address, from `?` on."""
    return "?" + urlencode(parameters)


def parse_link(parameters: Mapping[str, str]) -> Link:
    """Read the parameters of an address; those of others are left alone. Raises ExplorerError for a bad number."""
    return Link(
        model=parameters.get("model"),
        genotype=parameters.get("genotype"),
        prompt=parameters.get("prompt"),
        chat=None if "chat" not in parameters else parameters["chat"] != "0",
        max_new_tokens=_whole(parameters, "max_new_tokens"),
        temperature=_number(parameters, "temperature"),
        top_p=_number(parameters, "top_p"),
        seed=_whole(parameters, "seed"),
    )


def _number(parameters: Mapping[str, str], name: str) -> float | None:
    if name not in parameters:
        return None
    try:
        return float(parameters[name])
    except ValueError as fault:
        raise ExplorerError(f"The address says {name}={parameters[name]}, which is no number.") from fault


def _whole(parameters: Mapping[str, str], name: str) -> int | None:
    number = _number(parameters, name)
    if number is None:
        return None
    if not number.is_integer():
        raise ExplorerError(f"The address says {name}={parameters[name]}, which is no whole number.")
    return int(parameters[name]) if parameters[name].isdigit() else int(number)
