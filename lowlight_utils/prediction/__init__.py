"""Trained generators put to use: photos enhanced, and measured against the truth (notebook 05).

Names are imported from their module on first use, so that this package stays light.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "enhance": ["LAMBDA_WEIGHTS", "Enhancer"],
        "export": ["export_generator"],
        "exported": ["ExportedGenerator", "is_exported"],
        "baselines": ["BASELINES"],
        # Not the function `evaluate`: its module has that name in this package. What it measures
        # with is `lowlight_utils.metrics`, and stands here too.
        "evaluate": [
            "Evaluation",
            "ciede2000",
            "match_mean",
            "measure",
            "provenance",
            "psnr",
            "sharpness",
            "split_error",
            "ssim",
        ],
        "unpaired": ["evaluate_unpaired", "measure_unpaired"],
    },
)
