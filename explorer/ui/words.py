"""Sentences that several tabs tell, as HTML: notices, progress, pages of items, screens, mutants behind marks."""

from __future__ import annotations

from html import escape

from explorer.atlas.atlas import Behind
from explorer.domain.screens import StoredScreen, StoredTask, unit_told, what_told
from explorer.figures.palette import CATEGORIES, COLOURS


def notice_html(message: str) -> str:
    """A fault in the user's own words; empty if there is none."""
    return f'<pre class="notice" role="alert">{escape(message)}</pre>' if message else ""


PAGE = 20
"""Items a page."""


def progress_html(done: int, total: int, seconds: float, state: str = "") -> str:
    """How far a run is, and about how long it takes yet; or how it ended."""
    left = "" if not done or state else f", about {_seconds_told(seconds / done * (total - done))} left"
    return (
        f'<div class="compare-progress"><progress max="{max(1, total)}" value="{done}" aria-label="Answers"></progress>'
        f"<small>{done:,} of {total:,} answers{left}{f' · {escape(state)}' if state else ''}</small></div>"
    )


def _seconds_told(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"  # noqa: PLR2004


def page_within(page: int, count: int) -> int:
    """The page that is shown where another is asked for than there are."""
    return min(max(0, page), max(0, (count - 1) // PAGE))


def page_html(count: int, page: int) -> str:
    """Which items are shown, and what a click does."""
    if not count:
        return '<p class="caption">No item is like that.</p>'
    last = min(count, (page + 1) * PAGE)
    told = f"Items {page * PAGE + 1:,}–{last:,} of {count:,}. A click on a text opens it in Explore."
    return f'<p class="caption">{told}</p>'


MOST_PATTERNS = 28
"""Letters of the matrices of a plan, in a label."""


def screen_label(screen: StoredScreen) -> str:
    """A screen in a list of those that are stored: none looks like another."""
    parts = [screen.title + (f" on {screen.background}" if screen.background else ""), screen.model]
    parts += [*filter(None, [what_told(screen)]), unit_told(screen.plan)]
    matrices = str(screen.plan["matrices"])
    if matrices != "*.*":
        parts.append(matrices if len(matrices) <= MOST_PATTERNS else f"{matrices[:MOST_PATTERNS]} …")
    if screen.shelf == "bundled":
        parts.append("bundled")
    return " · ".join(parts)


def sentence_html(sentence: str) -> str:
    """What a picture shows."""
    return f'<p class="caption">{escape(sentence)}</p>'


def missing_html(sentence: str) -> str:
    """Why there is no picture."""
    return f'<p class="no-picture">{escape(sentence)}</p>'


def behind_html(behind: Behind | None, remark: str = "") -> str:
    """The mutant behind the mark that was clicked last, as the database has it."""
    if behind is None:
        return ""
    if behind.screen.task is not None:
        return _examined_html(behind, behind.screen.task, remark)
    parted = "" if behind.first_divergence is None else f", parts at token {behind.first_divergence}"
    style = "" if behind.style is None else f", {escape(behind.style)}"
    state = "silent" if behind.is_silent else f"non-silent{parted}{style}"
    text = "" if behind.text is None else escape(behind.text.strip())
    nothing = '<p class="caption">The screen kept no text of it.</p>'
    told = f'<blockquote dir="auto">{text}</blockquote>' if text else nothing
    return (
        f'<div class="behind"><p><code>{escape(behind.genotype)}</code> <span class="caption">{state}; asked: '
        f"“<bdi>{escape(behind.screen.prompt.text)}</bdi>”</span></p>{told}{notice_html(remark)}</div>"
    )


def task_told(task: StoredTask) -> str:
    """What a screen on a task asks, in a sentence without its end."""
    shots = f", each after {task.shots} answered examples" if task.shots else ""
    return (
        f"{task.asked} questions of {task.title}{shots}: {len(task.right)} that the standard gets right | "
        f"{len(task.wrong)} that it gets wrong"
    )


def _examined_html(behind: Behind, task: StoredTask, remark: str) -> str:
    """A mutant of a screen on a task: its score and what it chooses."""
    number = behind.first_divergence or 0
    state = f"score {behind.score}, question {number + 1} is the first that it answers otherwise"
    opened = f"Explore shows question {number + 1} as it is put: raw text, greedy, a few tokens."
    if behind.is_silent:
        state = "silent: it answers all questions as the standard does"
    return (
        f'<div class="behind"><p><code>{escape(behind.genotype)}</code> <span class="caption">{escape(state)}; asked '
        f"{escape(task_told(task))}</span></p><blockquote>{escape((behind.text or '').strip())}</blockquote>"
        f"{notice_html(remark) if remark else sentence_html(opened)}</div>"
    )


TABS_HINT = "Gallery: the oddest things that mutants said. Statistics: all weights at once. Guide: ten things to try."


def legend_html() -> str:
    """The colours of the map."""
    keys = zip(CATEGORIES, COLOURS, strict=True)
    items = "".join(f'<span><i style="background:{colour}"></i>{escape(_LEGEND[name])}</span>' for name, colour in keys)
    return f'<p class="map-legend">{items}</p>'


_LEGEND = {
    "silent": "silent",
    "max": "max (or the first) changes the text",
    "min": "min (or the second) does",
    "max and min": "both do",
    "zero": "only zero (or another) does",
    "not screened": "not screened, or unknown",
}
