"""The choices of the upload, and its report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path
from typing import Any

from explorer.reports.study import FAULTS_TOLD, fault_told, screen_told
from explorer.store.study.shape import SHAPES
from explorer.ui.words import notice_html

BY_NAME = "As names of sheets and files tell"
MODELS = [BY_NAME, *SHAPES]
BY_DAY = "As the files tell"
LABELS = {BY_DAY: None, "As written": False, "Exchanged": True}
"""Whether max and min of logs are exchanged."""


def busy_html(sentence: str) -> str:
    """How far an import is."""
    return f'<p class="caption busy">{escape(sentence)} …</p>'


def report_html(report: Mapping[str, Any]) -> str:
    """What was imported, what is asked, what was left out, and what could not be used."""
    if not report["screens"]:
        head = notice_html("Nothing was imported: no file names a mutation of a matrix of a model that is known.")
    else:
        head = f"<ul>{_items(screen_told(screen) for screen in report['screens'])}</ul>"
    asked = "".join(notice_html(question) for question in report["questions"])
    rest = ""
    if report["skipped"]:
        left = (f"{Path(each['file']).name}: {each['reason']}" for each in report["skipped"])
        rest += f"<p>Left out:</p><ul>{_items(left)}</ul>"
    if report["malformed"]:
        faults = ({**each, "file": Path(each["file"]).name} for each in report["faults"][:FAULTS_TOLD])
        more = report["malformed"] - FAULTS_TOLD
        told = f"<p>… and {more:,} more.</p>" if more > 0 else ""
        rest += (
            f"<p>{report['malformed']:,} malformed or incomplete:</p><ul>{_items(map(fault_told, faults))}</ul>{told}"
        )
    return f'<div class="import-report">{head}{asked}{rest}</div>'


def _items(sentences: Iterable[str]) -> str:
    return "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences)
