"""Writes runs, votes, tags and notes into a database until it is killed: `python -m tests.killed DATABASE`.

Each line that it prints says what has been reported as kept by then.
"""

import json
import sys
from pathlib import Path
from typing import Any

from explorer.domain.decoding import Decoding, Prompt
from explorer.domain.errors import StoreError
from explorer.domain.record import Run, Setup, Wanted
from explorer.store.library import Library
from explorer.store.votes import Ballot, add_vote
from explorer.workspace.record import Recording

SETUP = Setup(
    model="m", source="m", fingerprint="f", device="cpu", dtype="float32", program="1", torch="2", transformers="5"
)
ASKED: dict[str, Any] = {"prompt": Prompt(text="w5"), "decoding": Decoding(max_new_tokens=4)}


def run_of(number: int) -> Run:
    """The run of that number: a half one would lack its last text."""
    return Run(
        kind="explore", genotypes=(f"{number}.q*0",), original="a" * 500, mutated=f"{number} is whole",
        metrics={"mean_kl": float(number)}, **ASKED,
    )  # fmt: skip


def main(database: Path) -> None:
    """Write until somebody ends it."""
    library = Library(bundled=database.parent / "none", own=database)
    record = Recording(library)
    number = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    try:
        while True:
            entry = _keep(library, record, number)
            print(json.dumps({"kept": number, "entry": entry}), flush=True)  # noqa: T201
            number += 1
    except StoreError as fault:
        print(json.dumps({"fault": str(fault)}), flush=True)  # noqa: T201


def _keep(library: Library, record: Recording, number: int) -> int:
    """Keep a run, a vote and a tag; the number of the entry. Raises StoreError."""
    record.keep(SETUP, run_of(number))  # type: ignore[arg-type]  # what it was made with, without a model
    record.settle()
    if record.fault:
        raise StoreError(record.fault)
    ballot = Ballot(
        visitor="ada", model="m", fingerprint="f", first="", second=f"{number}.q*0", first_text="a",
        second_text="b", swapped=False, mode="better", choice="first", **ASKED,
    )  # fmt: skip
    with library.writing() as connection:
        add_vote(connection, ballot)
    entry = record.page(Wanted()).entries[0].number
    record.tag([entry], "kept")
    return entry


if __name__ == "__main__":
    main(Path(sys.argv[1]))
