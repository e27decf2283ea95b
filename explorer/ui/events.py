"""What the events of all tabs share."""

from typing import Any

QUIETLY: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
"""Options of an event that answers at once: it waits in no queue and hides nothing that it updates."""
