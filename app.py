"""Open the dashboard: the same as `python -m explorer serve`."""

import sys

from explorer.cli import app

if __name__ == "__main__":
    app(["serve", *sys.argv[1:]])
