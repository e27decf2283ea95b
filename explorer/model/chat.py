"""A prompt as a chat: what the checkpoint's own template makes of it, or one sentence on why it can't.

Templates are programs of strangers: some raise, some cannot be read, some want the content in parts, some print the
date. What they take for today is one fixed day, so that a link, a record and `watch` ask the same tomorrow.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

from explorer.domain.decoding import Prompt
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


def knows_thinking(tokenizer: PreTrainedTokenizerBase) -> bool:
    """Whether the template lets a model think before it answers, or not."""
    return "enable_thinking" in _template(tokenizer)


def default_system(tokenizer: PreTrainedTokenizerBase) -> str:
    """The system prompt that the template itself begins with; "" if it has none, or where it cannot be told."""
    mark = "~" * 7
    try:
        plain = str(_put(tokenizer, Prompt(text=mark), mark, tokenize=False))
        given = str(_put(tokenizer, Prompt(text=mark, system="§§"), mark, tokenize=False))
    except Exception:  # noqa: BLE001  # a template may raise whatever it likes
        return ""
    before, found, after = given.partition("§§")
    between = after.partition(mark)[0]
    own = plain.partition(mark)[0]
    is_there = bool(found) and own.startswith(before) and own.endswith(between) and len(own) > len(before + between)
    return own[len(before) : len(own) - len(between)].strip() if is_there else ""


def chat_tokens(tokenizer: PreTrainedTokenizerBase, name: str, prompt: Prompt) -> list[int]:
    """The token ids of a prompt put as a chat of the model of that name, with the beginning of an answer.

    Raises PromptError where there is no template, where it fails, and where what it makes leaves the prompt, the system
    prompt or an earlier turn out.
    """
    if not has_template(tokenizer):
        raise PromptError(f"{name} has no {_of_several(tokenizer)}chat template: choose raw text.")
    faults: list[str] = []
    for content in (prompt.text, [{"type": "text", "text": prompt.text}]):
        try:
            shown = str(_put(tokenizer, prompt, content, tokenize=False))
            left_out = _left_out(tokenizer, prompt, shown)
            if left_out:
                faults.append(f"it leaves {left_out} out")
            elif prompt.plain:
                ids = list(_put(tokenizer, prompt, content, tokenize=True, sanitize_control_tokens=True)["input_ids"])
                return ids + _plainly(tokenizer, prompt.prefill)
            else:  # as transformers does
                return list(tokenizer(shown + prompt.prefill, add_special_tokens=False)["input_ids"])
        except Exception as fault:  # noqa: BLE001  # a template may raise whatever it likes
            faults.append(" ".join(str(fault).split())[:_MOST_LETTERS] or type(fault).__name__)
    has_more = bool(prompt.system or prompt.turns)
    way_out = "leave the system prompt and earlier turns out" if has_more else "choose raw text"
    raise PromptError(f"The chat template of {name} fails ({faults[0]}): {way_out}.")


def _left_out(tokenizer: PreTrainedTokenizerBase, prompt: Prompt, shown: str) -> str:
    """What of a prompt is not in what a template has made of it; "" if all is there."""
    if prompt.text.strip() not in shown:
        other = replace(prompt, text="~" * len(prompt.text))
        if shown == str(_put(tokenizer, other, other.text, tokenize=False)):
            return "the prompt"
    if prompt.system and prompt.system.strip() not in shown:
        return "the system prompt"
    asked = [turn.text for turn in prompt.turns if turn.role == "user"]
    return "an earlier turn" if any(text.strip() not in shown for text in asked) else ""


def _plainly(tokenizer: PreTrainedTokenizerBase, text: str) -> list[int]:
    if not text:
        return []
    return list(tokenizer(text, add_special_tokens=False, split_special_tokens=True)["input_ids"])


def control_tokens_in(tokenizer: PreTrainedTokenizerBase, text: str) -> list[str]:
    """The control tokens that are written in a text, each once, in their order there."""
    known = [
        token.content
        for token in tokenizer.added_tokens_decoder.values()
        if (token.special or _CONTROL.fullmatch(token.content)) and token.content in text
    ]
    return sorted(known, key=text.index)


def _put(tokenizer: PreTrainedTokenizerBase, prompt: Prompt, content: object, *, tokenize: bool, **options: Any) -> Any:
    """A prompt as its template makes it; `content` is its text, or the text in parts."""
    if prints_date(tokenizer):
        options["chat_template"] = _PINNED + _template(tokenizer)
    if knows_thinking(tokenizer):
        options["enable_thinking"] = prompt.thinking
    in_parts = isinstance(content, list)

    def said(role: str, text: str) -> dict[str, object]:
        return {"role": role, "content": [{"type": "text", "text": text}] if in_parts else text}

    system = [] if prompt.system is None else [said("system", prompt.system)]
    turns = [said(turn.role, turn.text) for turn in prompt.turns]
    return tokenizer.apply_chat_template(
        [*system, *turns, {"role": "user", "content": content}],  # type: ignore[arg-type]
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
