"""The colours of previews."""

INK = "#f3efe6"
FAINT = "#9299a3"
ACCENT = "#e6ad55"
BAR = "#0c0d10"
LINE = "#3a3f47"
# The backdrop of a card, where the light falls and in the far corner. They differ by the same amount in red,
# green and blue: video has too few levels of chroma for a hue that changes slowly.
LIT = (44, 49, 57)
DARK = (14, 19, 27)
