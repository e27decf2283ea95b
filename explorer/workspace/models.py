"""Which models are in memory: those asked for last, each loaded in a thread of its own."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable

from explorer.files.settings import Settings
from explorer.model.loaded import LoadedModel
from explorer.workspace.loading import Loading

MODELS_KEPT = 2
"""How many models stay in memory."""


class Models:
    """Models by the names that people have for them: `demo`, a folder, a .gguf file, a hub id."""

    def __init__(
        self,
        source: str,
        settings: Settings,
        device: str | None,
        dtype: str | None,
        forget: Callable[[LoadedModel], None],
    ) -> None:
        """`source` is the model that is meant where none is named; `forget` is told of each that is kept no longer."""
        self._source, self._settings, self._device, self._dtype = source, settings, device, dtype
        self._tell = forget
        self._loaded: OrderedDict[str, Loading] = OrderedDict()
        self._lock = threading.Lock()

    def load(self, source: str | None = None) -> Loading:
        """Begin to load the model of that name, unless it is there or on its way; never waits.

        The `MODELS_KEPT` models used last stay in memory; one that failed is tried again.
        """
        name = source or self._source
        with self._lock:
            known = self._loaded.get(name)
            if known is None or known.fault is not None:
                self._loaded[name] = Loading(lambda say: self._load(name, say))
            self._loaded.move_to_end(name)
            self._forget_surplus()
            return self._loaded[name]

    def get(self, source: str | None = None) -> LoadedModel:
        """The model of that name, loaded if it is not. Raises ModelError."""
        return self.load(source).wait()

    def _load(self, name: str, say: Callable[[str], None]) -> LoadedModel:
        say("Starting PyTorch …")
        from explorer.model.loading import load_model

        return load_model(name, device=self._device, dtype=self._dtype, settings=self._settings, say=say)

    def _forget_surplus(self) -> None:
        while len(self._loaded) > MODELS_KEPT:
            _, oldest = self._loaded.popitem(last=False)
            if oldest.model is not None:
                self._tell(oldest.model)
