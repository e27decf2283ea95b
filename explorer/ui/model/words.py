"""The head of the page: which model is loaded, or what is being done to load one."""

from __future__ import annotations

from html import escape

from explorer.domain.verdict import Verdict
from explorer.model.loaded import LoadedModel


def header_html(model: LoadedModel | None, sentence: str = "", fault: str = "") -> str:
    """The model, its device and its precision; or what is being done to load one."""
    if model is None:
        state = f'<span class="status fault">{escape(fault)}</span>' if fault else _busy(sentence)
    else:
        facts = (model.name, str(model.device), model.precision.replace("/", " stored, counted in "))
        state = "".join(f'<span class="badge">{escape(fact)}</span>' for fact in facts)
        if sentence:
            state += _busy(sentence)
        if fault:
            state += f'<span class="status fault">{escape(fault)}</span>'
        if model.verdicts:
            state += _checked(model.verdicts[0])
        if model.remark:
            state += f'<span class="status">{escape(model.remark)}</span>'
        if not model.anatomy.layer_count:
            state += (
                f'<span class="status">no layers are known of “{escape(model.anatomy.model_type)}”: '
                "matrices go by path</span>"
            )
    return (
        '<div class="masthead"><div class="brand"><span class="glyph" aria-hidden="true"></span><div>'
        "<h1>Mutation Explorer</h1><p>Change a weight. Read what the model says.</p></div></div>"
        f'<div class="model">{state}<button class="stage-enter" type="button" title="Present: large, by key (S)" '
        'aria-label="Present">▶</button><button class="theme-toggle" type="button" title="Light or dark" '
        'aria-label="Light or dark">◐</button></div></div>'
    )


def _checked(verdict: Verdict) -> str:
    """What its trial has found: a word where all is well, else the reasons."""
    if verdict.is_fast:
        title = "Every shortcut of this program gives what weights edited in place give: tried when it was loaded."
        return f'<span class="badge checked" title="{title}">checked: fast</span>'
    return f'<span class="status checked">{escape(verdict.sentence)}</span>'


def _busy(sentence: str) -> str:
    return f'<span class="status busy">{escape(sentence)}</span>'
