"""How the page looks: one theme, one style sheet, and the scripts of its components."""

import gradio as gr

from explorer.files.shipped import shipped

ASSETS = shipped("assets")
STYLE_SHEET = ASSETS / "style.css"


def script(*names: str) -> str:
    """The text of scripts in assets/, one after the other."""
    return "\n".join((ASSETS / name).read_text(encoding="utf-8") for name in names)


def make_theme() -> gr.themes.Base:
    """The theme; its fonts are bundled with gradio, so no request leaves the machine."""
    return gr.themes.Base(
        primary_hue=gr.themes.colors.teal,
        secondary_hue=gr.themes.colors.rose,
        neutral_hue=gr.themes.colors.slate,
        radius_size=gr.themes.sizes.radius_md,
        spacing_size=gr.themes.sizes.spacing_md,
        text_size=gr.themes.sizes.text_md,
        # The semi-bold files that come with gradio lack most letters; regular and bold are whole.
        font=[gr.themes.LocalFont("IBM Plex Sans", weights=(400, 700)), "system-ui", "sans-serif"],
        font_mono=[gr.themes.LocalFont("IBM Plex Mono", weights=(400, 700)), "ui-monospace", "monospace"],
    ).set(
        body_background_fill="*neutral_50",
        body_background_fill_dark="*neutral_950",
        block_background_fill="white",
        block_background_fill_dark="*neutral_900",
        block_border_width="0px",
        block_shadow="none",
        block_label_background_fill="transparent",
        block_label_background_fill_dark="transparent",
        button_primary_background_fill="*primary_700",
        button_primary_background_fill_hover="*primary_800",
        button_primary_background_fill_dark="*primary_700",
        button_primary_text_color="white",
        slider_color="*primary_700",
        checkbox_label_background_fill_selected="*primary_700",
        checkbox_label_background_fill_selected_dark="*primary_700",
        checkbox_label_text_color_selected="white",
        body_text_color_subdued="#556479",  # as all colours of text, at least 4.5 : 1 on its ground
        body_text_color_subdued_dark="*neutral_300",
        block_info_text_color="#556479",
        block_info_text_color_dark="*neutral_300",
        input_placeholder_color="#556479",
        input_placeholder_color_dark="*neutral_300",
        color_accent="*primary_700",
    )
