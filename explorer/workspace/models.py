"""Which models are in memory: those asked for last, each loaded in a thread of its own."""

from __future__ import annotations

import gc
import threading
from collections import OrderedDict
from collections.abc import Callable

from explorer.domain.errors import ModelError
from explorer.domain.placement import Placement
from explorer.files.hub import check_name
from explorer.files.models import remember
from explorer.files.settings import Settings
from explorer.model.loaded import LoadedModel
from explorer.workspace.loading import Loading
from explorer.workspace.trials import try_once

MODELS_KEPT = 2
"""How many models stay in memory."""


class Models:
    """Models by the names that people have for them: `demo`, a folder, a .gguf file, a hub id."""

    def __init__(
        self,
        source: str,
        settings: Settings,
        placement: Placement,
        forget: Callable[[LoadedModel], None],
    ) -> None:
        """`source` is the model that is meant where none is named; `forget` is told of each that is kept no longer."""
        self._source, self._settings, self._placement = source, settings, placement
        self._tell = forget
        self._loaded: OrderedDict[str, Loading] = OrderedDict()
        self._lock = threading.Lock()

    def load(self, source: str | None = None) -> Loading:
        """Begin to load the model of that name, unless it is there or on its way; never waits.

        In memory stay the model that is meant where none is named, and of the others those used last, `MODELS_KEPT` in
        all; a newcomer takes its place when it is there, so that one that fails takes none. One that failed is tried
        again.
        """
        name = source or self._source
        with self._lock:
            known = self._loaded.get(name)
            if known is None or known.fault is not None:
                for failed in [other for other, loading in self._loaded.items() if loading.fault is not None]:
                    del self._loaded[failed]
                self._loaded[name] = Loading(lambda say, stop: self._load(name, say, stop))
            self._loaded.move_to_end(name)
            return self._loaded[name]

    def get(self, source: str | None = None) -> LoadedModel:
        """The model of that name, loaded if it is not. Raises ModelError."""
        return self.load(source).wait()

    def cancel(self, source: str) -> None:
        """End the download of a model that is on its way."""
        with self._lock:
            loading = self._loaded.get(source)
        if loading is not None:
            loading.cancel()

    def peek(self, source: str | None = None) -> LoadedModel | None:
        """The model of that name, if it is in memory; starts nothing."""
        with self._lock:
            loading = self._loaded.get(source or self._source)
        return None if loading is None else loading.model

    def present(self, source: str | None = None) -> LoadedModel:
        """The model of that name, for somebody who must not wait; one that is not there is loaded behind him.

        Raises ModelError if it is not there, or why it could not be loaded.
        """
        name = source or self._source
        with self._lock:
            known = self._loaded.get(name)
        loading = self.load(name) if known is None or known.fault is None else known
        if loading.is_done:
            return loading.wait()
        if known is None:
            raise ModelError(f"The model {name} is not in memory, and is loaded now: try once more in a moment.")
        raise ModelError(f"The model {name} is still being loaded: try once more when it is there.")

    def _load(self, name: str, say: Callable[[str], None], stop: threading.Event) -> LoadedModel:
        check_name(name)
        say("Starting PyTorch …")
        from explorer.model.loading import load_model

        model = load_model(
            name, **self._placement.given, settings=self._settings, say=say, stop=stop, reclaim=self._reclaim
        )
        try_once(model, self._settings, say)
        self._make_room(name)
        remember(self._settings, name)
        return model

    def _reclaim(self, missing: int) -> None:
        """Let models go that take so much memory, if they do; one that is asked for again is loaded again."""
        with self._lock:
            there = [(name, loading.model) for name, loading in self._loaded.items() if loading.model is not None]
            there.sort(key=lambda each: each[0] == self._source)  # those used last, and the page's own, go last
            if sum(model.size for _, model in there) < missing:
                return
            while missing > 0:
                name, model = there.pop(0)
                missing -= model.size
                del self._loaded[name]
                self._tell(model)
        del model, there
        gc.collect()

    def _make_room(self, newcomer: str) -> None:
        with self._lock:
            there = [name for name, loading in self._loaded.items() if loading.model is not None and name != newcomer]
            surplus = max(0, len(there) + 1 - MODELS_KEPT)
            for name in [name for name in there if name != self._source][:surplus]:
                model = self._loaded.pop(name).model
                assert model is not None
                self._tell(model)
