"""Where pairs of dark and well-lit photos come from, how they are checked, split and batched.

Names are imported from their module on first use, so that this package stays light: only
`PairBatches` and its `EpochSync` need Keras.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "images": [
            "ImageError",
            "ImageWarning",
            "encode_image",
            "list_images",
            "read_image",
            "read_image_and_alpha",
            "resize",
            "to_image",
            "to_network",
            "write_image",
        ],
        "pairs": ["PairSet", "PairSummary"],
        "batches": ["EpochSync", "PairBatches"],
        # Not the function `darken`: its module has that name in this package.
        "darken": ["Bell", "Darkness", "DarknessRanges", "darkening_steps", "draw_darkness"],
        "download": ["DownloadError"],
        "lol": ["combine", "in_lol_evaluation", "lol_pairs", "lol_scene"],
        "online": ["download_lol", "download_pairs", "download_synthetic"],
        "photos": ["photo_pairs", "sample_credits", "sample_dir", "sample_pairs", "sample_photos"],
        "sources": ["Splits", "load_splits", "read_pairs", "synthetic_pairs"],
    },
)
