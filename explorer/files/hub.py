"""The hub of models and its cache on this machine, as far as they can be told without libraries: no torch, no hub.

So a name that is neither here nor there is answered before anything else is started.
"""

import os
import re
import socket
import threading
from pathlib import Path
from urllib.parse import urlsplit

from explorer.domain.errors import ModelError
from explorer.files.settings import DEMO

_PROBE_SECONDS = 2.0
"""How long the hub may take to answer before it is taken to be out of reach."""
_NAME = re.compile(r"([\w.-]+(?:/[\w.-]+)?)(?:@[\w./-]+)?")


def hub_cache() -> Path:
    """The folder in which models of the hub are kept."""
    home = Path(os.environ.get("HF_HOME") or Path.home() / ".cache" / "huggingface").expanduser()
    return Path(os.environ.get("HF_HUB_CACHE") or home / "hub").expanduser()


def check_name(source: str) -> None:
    """Refuse at once a name of the hub that is not in its cache while the hub is out of reach. Raises ModelError."""
    found = _NAME.fullmatch(source)
    is_local = (
        source == DEMO or source.endswith(".gguf") or source.startswith(".") or Path(source).expanduser().exists()
    )
    if found is not None and not is_local:
        folder = hub_cache() / f"models--{found[1].replace('/', '--')}"
        if not folder.exists():
            check_reachable(found[1])


def endpoint() -> str:
    """The address of the hub."""
    return os.environ.get("HF_ENDPOINT") or "https://huggingface.co"


def check_reachable(repository: str) -> None:
    """Raises ModelError where the hub does not answer within two seconds."""
    address = urlsplit(endpoint())
    port = address.port or (443 if address.scheme == "https" else 80)
    is_off = os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "TRUE", "YES", "ON")
    has_proxy = any(os.environ.get(name) for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"))
    answered = threading.Event()

    def probe() -> None:  # looking up a name has no limit of time
        try:
            socket.create_connection((address.hostname or "", port), timeout=_PROBE_SECONDS).close()
            answered.set()
        except OSError:
            pass

    if not is_off and not has_proxy:
        thread = threading.Thread(target=probe, daemon=True)
        thread.start()
        thread.join(_PROBE_SECONDS)
    if is_off or not (has_proxy or answered.is_set()):
        raise ModelError(
            f"{repository} is not in the local cache, and the model hub cannot be reached: connect to the network, or "
            "name a folder or a model that is in the cache."
        )
