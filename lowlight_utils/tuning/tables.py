"""A sweep's rows as tables: grouped by setting, with what seeds alone change beside each mean."""

from collections.abc import Iterable, Sequence

import numpy as np

from lowlight_utils.tuning.results import Sweep


def settings(sweep: Sweep) -> dict[str, list[dict]]:
    """Group a sweep's rows by setting: those that differ by the seed alone.

    Returns
    -------
    dict of str to list of dict
        The setting's label, such as "lambda-115" -> its rows, as they come in the table.
    """
    found: dict[str, list[dict]] = {}
    for row in sweep.rows:
        found.setdefault(row["trial"].removesuffix(f"-seed-{row['seed']}"), []).append(row)
    return found


def spread(values: Sequence[float], digits: int) -> str:
    """Write the mean of what several seeds gave, ± half of the range.

    Examples
    --------
    >>> spread([17.1, 17.5, 18.3], 2)
    '17.63 ± 0.60'
    """
    half = f" ± {(max(values) - min(values)) / 2:.{digits}f}" if len(values) > 1 else ""
    return f"{np.mean(values):.{digits}f}{half}"


def setting_table(sweep: Sweep) -> list[str]:
    """Write a Markdown table's rows, one a setting: PSNR, SSIM and ΔE, mean ± half of the range."""
    digits = {"psnr": 2, "ssim": 3, "ciede2000": 1}
    lines = []
    for label, rows in settings(sweep).items():
        cells = [spread([row[key] for row in rows], places) for key, places in digits.items()]
        lines.append(f"| {label} | {' | '.join(cells)} |")
    return lines


def psnr_by_light(sweep: Sweep, trials: Iterable[str]) -> dict[str, list[float]]:
    """Take the validation of a sweep in several kinds of light apart.

    Parameters
    ----------
    sweep : Sweep
        Such as of the study "lights".
    trials : iterable of str
        Names of trials, such as all seeds of a setting.

    Returns
    -------
    dict of str to list of float
        The kind of light -> each trial's mean PSNR in it, in dB.
    """
    found: dict[str, list[float]] = {}
    for trial in trials:
        scores: dict[str, list[float]] = {}
        for image in sweep.images(trial):
            scores.setdefault(image["image"].partition("-")[0], []).append(image["psnr"])
        for light, values in scores.items():
            found.setdefault(light, []).append(float(np.mean(values)))
    return found


def score_table(sweep: Sweep, trials: Sequence[str], best_first: bool = False) -> str:
    """Write the scores of those trials that are finished, as the command `sweep` prints them."""
    rows = [sweep.row(trial) for trial in trials if trial in sweep.folders]
    if best_first:
        rows.sort(key=lambda row: -row["psnr"])
    wide = max((len(row["trial"]) for row in rows), default=0)
    lines = [
        f"{'':{wide}}{'PSNR':>8}{'SSIM':>8}{'ΔE':>7}{'sharpness':>11}  (validation, last epoch)"
    ]
    for row in rows:
        lines.append(
            f"{row['trial']:{wide}}{row['psnr']:8.2f}{row['ssim']:8.3f}"
            f"{row['ciede2000']:7.1f}{row['sharpness']:11.2f}"
            + (f"  {row['changes']}" if best_first else "")
        )
    if len(rows) < len(trials):
        lines.append(f"{len(trials) - len(rows)} of {len(trials)} were pruned, or are elsewhere.")
    return "\n".join(lines)
