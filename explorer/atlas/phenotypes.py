"""What mutants say: the phenotypes that the stored screens keep, as cards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import duckdb

from explorer.atlas.cards import Card, Gallery, cards_of
from explorer.domain.errors import StoreError
from explorer.domain.screens import StoredScreen
from explorer.store.gallery import (
    PAGE,
    Order,
    Wanted,
    kinds_of,
    members,
    page,
    screens_with_texts,
    style_counts,
    surprise,
)
from explorer.store.library import SHELVES, Library
from explorer.store.queries import stored_screens


class Phenotypes:
    """Reads what mutants of the stored screens say."""

    def __init__(self, library: Library, stored: Callable[[], tuple[list[StoredScreen], str]]) -> None:
        """`stored` tells all screens, and a sentence on a database that cannot be read."""
        self._library, self._stored = library, stored

    def screens(self) -> list[StoredScreen]:
        """The screens that kept what their mutants say, the user's first."""
        screens = self._stored()[0]
        kept = {}
        for shelf in {screen.shelf for screen in screens}:
            with self._library.reading(shelf) as connection:
                kept[shelf] = screens_with_texts(connection)
        return [screen for screen in screens if screen.screen in kept[screen.shelf]]

    def page(
        self, choice: str, wanted: Wanted, order: Order | None = None, *, start: int = 0, size: int = PAGE
    ) -> Gallery:
        """The phenotypes of a screen by its key, or of all screens of a shelf by its name. Raises StoreError."""
        with self._of(choice) as (connection, screens):
            found = page(connection, list(screens), wanted, order, start=start, size=size)
            return Gallery(cards_of(found.cards, screens), found.total)

    def alike(self, key: str, cluster: int, wanted: Wanted, size: int) -> Gallery:
        """Those of the phenotypes of one group of a screen that are wanted, at most so many. Raises StoreError."""
        with self._of(key) as (connection, screens):
            found = members(connection, next(iter(screens)), cluster, wanted, size)
            return Gallery(cards_of(found.cards, screens), found.total)

    def surprise(self, choice: str, wanted: Wanted, seed: int) -> Card:
        """A phenotype drawn at random, the odd ones first, see `store.gallery`. Raises StoreError if there is none."""
        with self._of(choice) as (connection, screens):
            found = cards_of(surprise(connection, list(screens), wanted, seed).cards, screens)
        if not found:
            raise StoreError("No text is left by the filters to surprise you with: clear one of them.")
        return found[0]

    def filters(self, choice: str) -> tuple[dict[str, int], list[str]]:
        """How many phenotypes there are of each style, and the kinds of matrices. Raises StoreError."""
        with self._of(choice) as (connection, screens):
            return style_counts(connection, list(screens)), kinds_of(connection, list(screens))

    @contextmanager
    def _of(self, choice: str) -> Iterator[tuple[duckdb.DuckDBPyConnection, dict[int, StoredScreen]]]:
        """A database and those of its screens that a choice names, by their numbers. Raises StoreError."""
        shelf, _, number = choice.partition(":")
        if shelf not in SHELVES or not self._library.has(shelf):
            raise StoreError(f"There are no screens '{choice}': choose others.")
        with self._library.reading(shelf) as connection:
            screens = {each.screen: each for each in stored_screens(connection, shelf)}
            if number:
                screens = {key: each for key, each in screens.items() if each.key == choice}
            if not screens:
                raise StoreError(
                    f"There is no screen {number} here: choose another." if number else "No screen is stored here."
                )
            yield connection, screens

    def candidates(self, choice: str, styles: tuple[str, ...], count: int) -> list[str]:
        """The notation of mutants whose texts are of these styles (none: of any), the most shared texts first.

        Raises StoreError if there is none.
        """
        cards = self.page(choice, Wanted(styles=styles), size=count).cards
        if not cards:
            raise StoreError("No text of the screen fits: choose another screen or style.")
        return list(dict.fromkeys(card.genotype for card in cards))
