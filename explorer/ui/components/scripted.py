"""What gradio lacks is drawn by scripts of our own: the base of all components that have one."""

from typing import Any

import gradio as gr

from explorer.ui.theme import script


class Scripted(gr.HTML):
    """An HTML component drawn by the script in assets/ that has the name of the component's file.

    A named argument that the script quotes has to be set as an attribute too. Else gradio takes it for an event; the
    page's description then holds, and every visit copies, all that the event reaches: the component, its parents, the
    whole page.
    """

    TEMPLATE = ""
    """What stands on the page before the script has drawn anything."""
    BLANK: str | None = None
    """The value that shows nothing; None: it shows no result, and stays as it is when one is cleared."""
    HELPERS: tuple[str, ...] = ()
    """Scripts in assets/ whose functions the component's own calls."""

    @classmethod
    def cleared(cls) -> Any:
        """The update that clears what it shows, made anew each time: gradio takes updates apart."""
        return gr.skip() if cls.BLANK is None else cls.BLANK

    def __init__(self, value: Any = "", **options: Any) -> None:
        super().__init__(
            value, html_template=self.TEMPLATE, js_on_load=self.script(), apply_default_css=False, **options
        )

    @classmethod
    def script(cls) -> str:
        """The text of its script, with those that help it before."""
        own = cls.__module__.rpartition(".")[2]
        return script(*cls.HELPERS, f"{own}.js")
