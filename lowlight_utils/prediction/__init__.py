"""Trained generators put to use: photos enhanced, and measured against the truth (notebook 05).

Names are imported from their module on first use, so that this package stays light.
"""

from importlib import import_module

_MODULE_OF = {
    "Enhancer": "enhance",
    "load_generator": "enhance",
    "ciede2000": "metrics",
    "match_mean": "metrics",
    "measure": "metrics",
    "psnr": "metrics",
    "sharpness": "metrics",
    "ssim": "metrics",
    "BASELINES": "baselines",
    # Not the function `evaluate`: its module has that name in this package.
    "Evaluation": "evaluate",
    "provenance": "evaluate",
}

__all__ = sorted(_MODULE_OF)


def __getattr__(name: str):
    if name in _MODULE_OF:
        return getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULE_OF})
