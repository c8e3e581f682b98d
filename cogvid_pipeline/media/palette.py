"""The colours of previews."""

INK = "#f3efe6"
FAINT = "#9299a3"
ACCENT = "#e6ad55"
BAR = "#0c0d10"
LINE = "#3a3f47"
# The backdrop of a card, where the light falls and in the far corner.
LIT = (46, 51, 60)
DARK = (16, 18, 22)
