"""The tuning room: several recipes trained one after the other, and compared (notebook 04)."""

from lowlight_utils.tuning.sweep import results_table, sweep

__all__ = ["results_table", "sweep"]
