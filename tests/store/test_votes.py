"""Votes of blind tests, kept and read again."""

from dataclasses import replace
from pathlib import Path

from explorer.domain.decoding import Decoding, Prompt
from explorer.store.database import opened
from explorer.store.library import Library
from explorer.store.votes import Ballot, add_vote, stored_votes

BALLOT = Ballot(
    visitor="Ada", model="tiny", fingerprint="f", first="", second="1.down*0", prompt=Prompt(text="Sea?", chat=False),
    decoding=Decoding(max_new_tokens=8, seed=3), first_text="blue", second_text="red", swapped=True, mode="better",
    choice="second",
)  # fmt: skip


def test_a_vote_is_kept_with_all_that_was_shown(tmp_path: Path) -> None:
    with opened(tmp_path / "votes.duckdb") as connection:
        add_vote(connection, BALLOT)
        add_vote(connection, replace(BALLOT, visitor="", choice="neither", mode="mutant"))
        add_vote(connection, replace(BALLOT, second="0.q*0"))
        rows = stored_votes(connection, "f", "", "1.down*0").to_dicts()
    assert [(row["choice"], row["mode"], row["visitor"]) for row in rows] == [
        ("second", "better", "Ada"),
        ("neither", "mutant", ""),
    ]
    assert (rows[0]["prompt"], rows[0]["chat"], rows[0]["seed"], rows[0]["swapped"]) == ("Sea?", False, 3, True)
    assert (rows[0]["first_text"], rows[0]["second_text"]) == ("blue", "red")


def test_a_vote_is_kept_while_a_screen_writes(tmp_path: Path) -> None:
    library = Library(tmp_path / "none", tmp_path / "new" / "own.duckdb")
    with library.writing() as writer:
        writer.begin()
        writer.execute("INSERT INTO application VALUES ('x', 1)")
        with library.adding() as connection:
            add_vote(connection, BALLOT)
        writer.rollback()
    with library.adding() as connection:
        assert len(stored_votes(connection, "f", "", "1.down*0")) == 1
