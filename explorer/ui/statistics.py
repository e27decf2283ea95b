"""The sentences and tables of the Statistics tab, as HTML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from explorer.store.queries import unit_told
from explorer.ui.summary import notice_html

if TYPE_CHECKING:
    from explorer.atlas import Behind
    from explorer.store.queries import StoredScreen
    from explorer.store.tasks import StoredTask


def screen_label(screen: StoredScreen) -> str:
    """A screen in the list of those that are stored; its model is chosen beside it."""
    parts = [screen.title + (f" on {screen.background}" if screen.background else ""), unit_told(screen.plan)]
    if screen.plan["matrices"] != "*.*":
        parts.append(str(screen.plan["matrices"]))
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
    told = f"<blockquote>{text}</blockquote>" if text else '<p class="caption">The screen kept no text of it.</p>'
    return (
        f'<div class="behind"><p><code>{escape(behind.genotype)}</code> <span class="caption">{state}; asked: '
        f"“{escape(behind.screen.prompt.text)}”</span></p>{told}{notice_html(remark)}</div>"
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


def totals_html(rows: Sequence[tuple[StoredScreen, Mapping[str, Any]]]) -> str:
    """All screens in a table, in the study's terms."""
    names = ("Experiment", "Model", "Mutants", "max", "min", "zero", "Distinct", "Controls not silent")
    head = "".join(f"<th>{name}</th>" for name in names)
    body = "".join(_row(screen, told) for screen, told in rows)
    caption = "Non-silent mutants of every screen by operation; – where none was screened."
    return (
        f'<div class="totals"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
        f"{sentence_html(caption)}"
    )


def _row(screen: StoredScreen, told: Mapping[str, Any]) -> str:
    background = f" on {screen.background}" if screen.background else ""
    numbers = [told[name] for name in ("mutants", "max", "min", "zero", "phenotypes")]
    controls = "–" if not told["controls"] else f"{told['failed_controls']:,} of {told['controls']:,}"
    cells = "".join(f"<td>{'–' if number is None else f'{number:,}'}</td>" for number in numbers)
    name = f"{escape(screen.title + background)} <small>{escape(unit_told(screen.plan))}</small>"
    return f"<tr><td>{name}</td><td>{escape(screen.model)}</td>{cells}<td>{controls}</td></tr>"
