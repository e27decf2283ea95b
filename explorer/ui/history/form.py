"""What is looked for in the record, as the controls of the tab say it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from explorer.domain.record import Order, Wanted

ANY_TIME = "any time"
SPANS = {ANY_TIME: None, "the last day": 1, "the last week": 7, "the last month": 30}
"""Days back."""
NEWEST, OLDEST = "newest", "oldest"


@dataclass(frozen=True, slots=True)
class Asked:
    """The values of `HistoryTab.asked`."""

    words: str | None
    kinds: list[str]
    tags: list[str]
    models: list[str]
    span: str
    sort: str
    metric: str | None
    page: int

    def wanted(self) -> Wanted:
        """The filters."""
        days = SPANS.get(self.span)
        return Wanted(
            words=self.words or "",
            kinds=tuple(self.kinds),
            models=tuple(self.models),
            tags=tuple(self.tags),
            since=None if days is None else datetime.now(UTC) - timedelta(days=days),
        )

    def order(self) -> Order:
        """How they are sorted."""
        if self.sort in (NEWEST, OLDEST):
            return Order(descending=self.sort == NEWEST)
        metric, _, way = self.sort.rpartition(" ")
        return Order(metric=metric, descending=way == "down")

    def key(self) -> str:
        """The filters as text: when they change, other entries are shown."""
        return json.dumps([self.words, self.kinds, self.tags, self.models, self.span])
