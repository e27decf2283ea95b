"""Programmes as TOML files (docs/stage.md): read with the line of what is wrong, and written."""

from __future__ import annotations

import hashlib
import re
import threading
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import tomlkit

from explorer.domain.decoding import Decoding, Prompt, read_extras
from explorer.domain.errors import DecodingError, NotationError, ProgrammeError, PromptError
from explorer.domain.notation import parse_genotype
from explorer.domain.programme import Look, Programme, Step
from explorer.files.experiments import DECODING_TYPES, PROMPT_TYPES
from explorer.files.settings import DEMO
from explorer.files.toml import check_table, line_of, read_toml

_KEYS: dict[str, tuple[type, ...]] = {"title": (str,), "model": (str,), "steps": (list,)}
_STEP_KEYS: dict[str, tuple[type, ...]] = {
    "title": (str,),
    "genotype": (str,),
    "prompt": (str,),
    "chat": (bool,),
    "plain": (bool,),
    **PROMPT_TYPES,
    "say": (str,),
    "look": (list, str),
    "decoding": (dict,),
}
_LOOK = re.compile(r"(?P<kind>dose|map)(?:\s+(?P<place>\S+))?(?:\s+in\s+(?P<experiment>\S+))?")
_LOOKS = 'a look is "texts", "dose", "dose SITE", "map", "map MATRIX" or "map MATRIX in EXPERIMENT"'


def read_programme(path: Path, *, may_be_empty: bool = False) -> Programme:
    """Read a file. Raises ProgrammeError with file and line."""
    text, table = read_toml(path, ProgrammeError)
    check_table(path, text, table, _KEYS, ProgrammeError)
    steps = table.get("steps", [])
    if (not steps and not may_be_empty) or not all(isinstance(step, dict) for step in steps):
        raise ProgrammeError(f"{path} has no steps: write each below a line [[steps]].")
    starts = [number for number, line in enumerate(text.splitlines(), 1) if re.match(r"\s*\[\[\s*steps\s*\]\]", line)]
    starts += [1] * len(steps)  # steps that are written in one line
    read = tuple(_step(path, text, step, place, starts[place]) for place, step in enumerate(steps))
    return Programme(title=table.get("title", path.stem), model=table.get("model", DEMO), steps=read)


def _step(path: Path, text: str, table: dict[str, Any], place: int, start: int) -> Step:
    check_table(path, text, table, _STEP_KEYS, ProgrammeError, start)
    check_table(path, text, table.get("decoding", {}), DECODING_TYPES, ProgrammeError, start)
    if "prompt" not in table:
        raise ProgrammeError(f"{path}, line {start}: the step has no prompt.")
    try:
        genotype = str(table.get("genotype", ""))
        parse_genotype(genotype)
        prompt = Prompt(
            text=table["prompt"],
            chat=table.get("chat", True),
            plain=table.get("plain", False),
            **read_extras(table),
        )
        decoding = Decoding(**table.get("decoding", {}))
    except (NotationError, PromptError, DecodingError) as fault:
        raise ProgrammeError(f"{path}, line {start}: {fault}") from fault
    looks = table.get("look", [])
    try:
        read = tuple(filter(None, map(read_look, [looks] if isinstance(looks, str) else looks)))
    except ProgrammeError as fault:
        raise ProgrammeError(f"{path}, line {line_of(text, 'look', start)}: {fault}") from fault
    return Step(
        name=f"step-{place + 1}",
        title=table.get("title") or genotype or "The original",
        genotype=genotype,
        prompt=prompt,
        decoding=decoding,
        say=table.get("say", ""),
        looks=read,
    )


class Draft:
    """A programme that is put together step by step, in a file; one change after the other."""

    _lock = threading.Lock()

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> Programme:
        """As it stands, without steps where there is no file. Raises ProgrammeError.

        Steps are named by what they hold: one that was changed since is there no more by its old name.
        """
        if not self.path.exists():
            return Programme(title="My programme", model=DEMO, steps=())
        programme = read_programme(self.path, may_be_empty=True)
        return replace(programme, steps=tuple(replace(step, name=_key(step)) for step in programme.steps))

    def change(self, changed: Callable[[Programme], Programme]) -> None:
        """Raises ProgrammeError if that is not possible, or what `changed` raises; then the file is what it was."""
        with self._lock:
            self.write(changed(self.read()))

    def write(self, programme: Programme) -> None:
        """Raises ProgrammeError if that is not possible; then the file is what it was."""
        part = self.path.with_suffix(f".{uuid.uuid4().hex}.part")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            part.write_text(format_programme(programme), encoding="utf-8")
            part.replace(self.path)
        except OSError as fault:
            raise ProgrammeError(f"{self.path} cannot be written: {fault.strerror}.") from fault


def _key(step: Step) -> str:
    return hashlib.sha256(repr(replace(step, name="")).encode()).hexdigest()[:16]


def read_look(text: object) -> Look | None:
    """A look as it is written; None for the texts, which are always there. Raises ProgrammeError."""
    written = str(text).strip()
    if written == "texts":
        return None
    found = _LOOK.fullmatch(written)
    if found is None or (found["kind"] == "dose" and found["experiment"]):
        raise ProgrammeError(f"'{written[:60]}' is no look: {_LOOKS}.")
    return Look(found["kind"], found["place"] or "", found["experiment"] or "")  # type: ignore[arg-type]  # one of both


def format_look(look: Look) -> str:
    """As `read_look` takes it."""
    return " ".join(filter(None, [look.kind, look.place, look.experiment and f"in {look.experiment}"]))


def format_programme(programme: Programme) -> str:
    """The text of a file that `read_programme` reads."""
    steps = tomlkit.aot()
    for step in programme.steps:
        steps.append(_table_of(step))
    file = tomlkit.document()
    file.update({"title": programme.title, "model": programme.model})
    if programme.steps:
        file.add("steps", steps)
    return tomlkit.dumps(file)


def _table_of(step: Step) -> Any:
    prompt, default = step.prompt, Decoding()
    said: dict[str, Any] = {"title": step.title, "genotype": step.genotype, "prompt": prompt.text, "chat": prompt.chat}
    said |= {"plain": True} if prompt.plain else {}
    said |= prompt.extras
    said |= {"say": step.say} if step.say else {}
    said |= {"look": [format_look(look) for look in step.looks]} if step.looks else {}
    decoding = {name: getattr(step.decoding, name) for name in DECODING_TYPES}
    said["decoding"] = {
        name: value for name, value in decoding.items() if name == "max_new_tokens" or value != getattr(default, name)
    }
    table = tomlkit.table()
    table.update(said)
    return table
