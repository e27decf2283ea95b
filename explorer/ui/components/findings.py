"""Mutations that matter, ranked, each one click from being set (assets/findings.js)."""

from explorer.ui.components.scripted import Scripted


class Findings(Scripted):
    """`value` is a list of `reports.instruments.findings_report` as JSON; a click sends `choose` with a genotype."""

    BLANK = ""
    TEMPLATE = '<div class="findings"></div>'
