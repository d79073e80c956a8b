"""The visual grammar: lines are predicted, markers are measured, colour is the condition.

style       `use_style`, before anything is drawn
plots, maps   a prediction with its measurement; a table of positive numbers as colours
layout      several panels: their letters and names, one legend, few ticks
palette     the colours, and what they become on a dark page
raster, series, files   a figure as pixels; the numbers that it draws; a figure as a file
images, thumbnails   images beside one another, and above a plot
live        figures that move on the site
"""

from lindiff_nb import _moved

__getattr__, __dir__, __all__ = _moved.attach(
    __name__,
    images=["image_grid"],
    maps=["log_map"],
    plots=["measured", "overlay"],
    style=["use_style"],
    thumbnails=["images_above"],
)
