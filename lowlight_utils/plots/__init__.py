"""Every figure of the course, each a function that returns a matplotlib Figure.

Nothing here touches pyplot: figures work without a display, leave nothing open, and show
themselves in a notebook. `save_figure` writes one into a folder.

Names are imported from their module on first use, so that charts and photographs do not need Keras.
"""

from importlib import import_module

_MODULE_OF = {
    "loss_curves": "curves",
    "method_comparison": "curves",
    "data_pipeline": "flows",
    "training_flow": "flows",
    "prediction_gallery": "galleries",
    "training_progress": "galleries",
    "unet_diagram": "networks",
    "patchgan_diagram": "patches",
    "receptive_field": "patches",
    "before_after": "photos",
    "darkening_steps": "photos",
    "sample_pairs": "photos",
    "side_by_side": "photos",
    "lambda_curves": "sweeps",
    "Page": "style",
    "save_figure": "style",
}

__all__ = sorted(_MODULE_OF)


def __getattr__(name: str):
    if name in _MODULE_OF:
        return getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULE_OF})
