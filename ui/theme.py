"""Colours and type. System fonts only: the page must work without any other machine."""

import gradio as gr

THEME = gr.themes.Base(
    primary_hue="orange",
    neutral_hue="stone",
    font=["system-ui", "-apple-system", "Segoe UI", "Roboto", "Helvetica Neue", "sans-serif"],
    font_mono=["ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace"],
    radius_size="lg",
)
