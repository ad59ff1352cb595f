"""Where pairs of dark and well-lit photos come from, how they are checked, split and batched.

Names are imported from their module on first use, so that this package stays light: only
`PairBatches` and its `EpochSync` need Keras.
"""

from importlib import import_module

_MODULE_OF = {
    "ImageError": "images",
    "list_images": "images",
    "read_image": "images",
    "read_image_and_alpha": "images",
    "resize": "images",
    "to_image": "images",
    "to_network": "images",
    "write_image": "images",
    "PairSet": "pairs",
    "PairSummary": "pairs",
    "EpochSync": "batches",
    "PairBatches": "batches",
    # Not the function `darken`: its module has that name in this package.
    "Bell": "darken",
    "Darkness": "darken",
    "DarknessRanges": "darken",
    "darkening_steps": "darken",
    "draw_darkness": "darken",
    "DownloadError": "download",
    "Splits": "sources",
    "combine": "sources",
    "download_lol": "sources",
    "download_synthetic": "sources",
    "load_splits": "sources",
    "lol_pairs": "sources",
    "lol_scene": "sources",
    "sample_credits": "sources",
    "sample_dir": "sources",
    "sample_pairs": "sources",
    "sample_photos": "sources",
    "synthetic_pairs": "sources",
}

__all__ = sorted(_MODULE_OF)


def __getattr__(name: str):
    if name in _MODULE_OF:
        return getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULE_OF})
