"""The trial of a model, once: what it has found is kept by the model's fingerprint and the versions of the programs."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from explorer.domain.verdict import Verdict
from explorer.files.settings import Settings
from explorer.files.versions import versions
from explorer.model.loaded import LoadedModel


def try_once(model: LoadedModel, settings: Settings, say: Callable[[str], None]) -> None:
    """Try a model that has just been loaded, unless it was tried before by these versions on this kind of device.

    Raises ModelError for a model that does not continue texts.
    """
    from explorer.generation.trial import try_model

    path, setting = settings.cache_folder / "trials" / f"{model.fingerprint}.json", setting_of(model)
    known = _kept(path, setting)
    if known is not None:
        model.verdicts[:] = [known]
        return
    say(f"Trying what {model.name} can do at once …")
    found = try_model(model)
    with suppress(OSError):  # another start will try it again
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"setting": setting, "verdict": asdict(found)}), encoding="utf-8")


def setting_of(model: LoadedModel) -> dict[str, str]:
    """What the result of a trial depends on besides the weights."""
    attention = str(getattr(model.causal_lm.config, "_attn_implementation", ""))
    return {**versions(), "device": model.device.type, "attention": attention, "precision": model.precision}


def _kept(path: Path, setting: dict[str, str]) -> Verdict | None:
    """What is kept, if it was found in the same setting; None for a file of another version."""
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        if kept["setting"] != setting:
            return None
        return Verdict(**{**kept["verdict"], "idle": tuple(kept["verdict"]["idle"])})
    except (OSError, ValueError, KeyError, TypeError):
        return None
