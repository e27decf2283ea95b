"""Pictures of the real page for assets/screenshots: `make screenshots`."""

from pathlib import Path

from tests.browser.page import DESKTOP, PHONE, Visitor, chromium, serving

FOLDER = Path(__file__).parent.parent.parent / "assets" / "screenshots"


def main() -> None:
    """Take them all."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with serving() as url, chromium() as browser:
        for size_name, size in (("desktop", DESKTOP), ("phone", PHONE)):
            for theme in ("light", "dark"):
                visitor = Visitor.opening(browser, url, size, dark=theme == "dark")
                path = FOLDER / f"explore-{size_name}-{theme}.png"
                visitor.page.screenshot(path=path, full_page=size == PHONE)
                visitor.page.close()


if __name__ == "__main__":
    main()
