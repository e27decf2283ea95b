"""The head of the page, whose script switches between light and dark (assets/header.js)."""

from explorer.ui.components.scripted import Scripted


class Header(Scripted):
    """`value` is HTML of `ui.model.words.header_html`."""

    TEMPLATE = "${value}"
