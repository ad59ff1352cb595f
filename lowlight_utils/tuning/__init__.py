"""The tuning room: many recipes trained on the same data, and compared (notebook 04).

Names are imported from their module on first use: results can be read without Keras or Optuna.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "results": ["Sweep", "bundled_sweep", "export", "read_sweep"],
        "studies": ["STUDIES", "study_recipes"],
        "sweep": ["run_sweep"],
        "tables": ["psnr_by_light", "setting_table", "settings", "spread"],
        "trial": ["run_trial"],
    },
)
