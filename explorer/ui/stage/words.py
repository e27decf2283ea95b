"""What the stage tells."""

KEYS = {
    "→  Page Down": "next preset, or step of the programme",
    "←  Page Up": "the one before",
    "Space": "run, or stop what runs",
    "R": "back to the original",
    "D": "dose–response of the site",
    "P": "pin this text",
    "M": "map that goes with the step",
    "N": "what is to be said of the step",
    "Q": "QR code: let others follow",
    "F": "full screen",
    "T": "light or dark",
    "B": "black screen",
    "?": "these keys",
    "Esc": "leave",
}
"""What each key does, as assets/stage.js has it."""
