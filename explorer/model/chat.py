"""A prompt as a chat: what the checkpoint's own template makes of it, or one sentence on why it can't.

Templates are programs of strangers: some raise, some cannot be read, some want the content in parts, some print the
date. What they take for today is one fixed day, so that a link, a record and `watch` ask the same tomorrow.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from explorer.domain.errors import PromptError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

TODAY = date(2024, 7, 26)
"""What templates take for today."""
_DIRECTIVES = ("%-d", "%-m", *(f"%{letter}" for letter in "aAbBcdHIjmMpSUwWxXyYzZ"))
_PINNED = (
    "{% macro strftime_now(form) %}{{ form"
    + "".join(f"|replace({directive!r}, {TODAY.strftime(directive)!r})" for directive in _DIRECTIVES)
    + " }}{% endmacro %}{{ '' }}"
)
"""Before a template that asks for the date: transformers passes data to templates, and no functions."""
_MOST_LETTERS = 160
_CONTROL = re.compile(r"<[^<>\s]+>|\[/?[A-Z_]+\]")
"""Added tokens that look like one, though their tokenizer does not call them special."""


def has_template(tokenizer: PreTrainedTokenizerBase) -> bool:
    """Whether a prompt can be put as a chat; not so where there are several templates, and none is the default."""
    return bool(_template(tokenizer))


def prints_date(tokenizer: PreTrainedTokenizerBase) -> bool:
    """Whether the template asks for the date."""
    return "strftime_now" in _template(tokenizer)


def chat_tokens(tokenizer: PreTrainedTokenizerBase, name: str, text: str, *, plain: bool = False) -> list[int]:
    """The token ids of a prompt put as a chat of the model of that name.

    `plain` takes control tokens that are in the prompt as the text they are. Raises PromptError where there is no
    template, where it fails, and where what it makes leaves the prompt out.
    """
    if not has_template(tokenizer):
        raise PromptError(f"{name} has no {_of_several(tokenizer)}chat template: choose raw text.")
    faults: list[str] = []
    for content in (text, [{"type": "text", "text": text}]):
        try:
            shown = str(_put(tokenizer, content, tokenize=False))
            if text.strip() not in shown and shown == str(_put(tokenizer, "~" * len(text), tokenize=False)):
                faults.append("it leaves the prompt out")
            elif plain:
                return list(_put(tokenizer, content, tokenize=True, sanitize_control_tokens=True)["input_ids"])
            else:  # as transformers does
                return list(tokenizer(shown, add_special_tokens=False)["input_ids"])
        except Exception as fault:  # noqa: BLE001  # a template may raise whatever it likes
            faults.append(" ".join(str(fault).split())[:_MOST_LETTERS] or type(fault).__name__)
    raise PromptError(f"The chat template of {name} fails ({faults[0]}): choose raw text.")


def control_tokens_in(tokenizer: PreTrainedTokenizerBase, text: str) -> list[str]:
    """The control tokens that are written in a text, each once, in their order there."""
    known = [
        token.content
        for token in tokenizer.added_tokens_decoder.values()
        if (token.special or _CONTROL.fullmatch(token.content)) and token.content in text
    ]
    return sorted(known, key=text.index)


def _put(tokenizer: PreTrainedTokenizerBase, content: object, *, tokenize: bool, **options: Any) -> Any:
    if prints_date(tokenizer):
        options["chat_template"] = _PINNED + _template(tokenizer)
    return tokenizer.apply_chat_template(
        [{"role": "user", "content": content}],  # type: ignore[arg-type]
        add_generation_prompt=True,
        tokenize=tokenize,
        return_dict=tokenize,
        **options,
    )


def _template(tokenizer: PreTrainedTokenizerBase) -> str:
    """The template that is used; "" if there is none."""
    template = tokenizer.chat_template
    return str((template.get("default") if isinstance(template, Mapping) else template) or "")


def _of_several(tokenizer: PreTrainedTokenizerBase) -> str:
    template = tokenizer.chat_template
    if not isinstance(template, Mapping) or not template:
        return ""
    return f"default among its chat templates ({', '.join(map(str, template))}), and so no "
