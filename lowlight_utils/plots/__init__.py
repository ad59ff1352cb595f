"""Every figure of the course, each a function that returns a matplotlib Figure.

Nothing here touches pyplot: figures work without a display, leave nothing open, and show
themselves in a notebook. `save_figure` writes one into a folder.

Names are imported from their module on first use, so that charts and photographs do not need Keras.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "curves": ["loss_curves", "losses_side_by_side"],
        "flows": ["data_pipeline", "training_flow"],
        "galleries": ["lambda_strip", "prediction_gallery", "training_progress"],
        "games": ["gan_losses", "rings"],
        "networks": ["unet_diagram"],
        "page": ["Page", "save_figure"],
        "patches": ["patchgan_diagram", "receptive_field"],
        "photos": ["before_after", "darkening_steps", "sample_pairs", "side_by_side"],
        "serving": ["serving_flow"],
        "scores": ["error_split", "flattery", "lambda_curves", "method_comparison"],
    },
)
