"""The command that repeats a run."""

from __future__ import annotations

import json
import shlex

from explorer.domain.decoding import Decoding, Prompt
from explorer.domain.placement import Placement


def mutate_command(
    genotype: str,
    prompt: Prompt,
    decoding: Decoding,
    *,
    model: str,
    placement: Placement,
) -> str:
    """As it is typed into a shell; what has its default is left out."""
    default = Decoding()
    parts = ["python", "-m", "explorer", "mutate", genotype, "--prompt", prompt.text]
    parts.append("--chat" if prompt.chat else "--raw")
    parts += ["--plain"] if prompt.plain else []
    parts += ["--thinking"] if prompt.thinking else []
    parts += ["--system", prompt.system] if prompt.system is not None else []
    parts += ["--prefill", prompt.prefill] if prompt.prefill else []
    parts += ["--turns", json.dumps(prompt.extras["turns"], ensure_ascii=False)] if prompt.turns else []
    if not decoding.max_length:
        parts += ["--max-new-tokens", str(decoding.max_new_tokens)]
    for name in ("max_length", "temperature", "top_p", "top_k", "seed"):
        if getattr(decoding, name) != getattr(default, name):
            parts += [f"--{name.replace('_', '-')}", str(getattr(decoding, name))]
    return shlex.join([*parts, *placement.options, "--model", model])
