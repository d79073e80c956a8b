"""The visual grammar: lines are predicted, markers are measured, colour is the condition."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=[
        "images",
        "layout",
        "live",
        "maps",
        "palette",
        "plots",
        "series",
        "style",
        "thumbnails",
        "white_live",
    ],
    submod_attrs={
        "images": ["image_grid"],
        "maps": ["log_map"],
        "plots": ["measured", "overlay"],
        "style": ["use_style"],
        "thumbnails": ["images_above"],
    },
)
