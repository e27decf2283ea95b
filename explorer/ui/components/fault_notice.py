"""The notice of a fault that nobody foresaw, until it is closed (assets/fault_notice.js)."""

from explorer.ui.components.scripted import Scripted


class FaultNotice(Scripted):
    """`value` is what is said; with each, its own button that closes it."""

    TEMPLATE = '<div class="fault-notice" role="alert" hidden></div>'
    HELPERS = ("elements.js",)
