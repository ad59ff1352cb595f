"""Galleries: the same scenes over a training's epochs, and by several methods."""

from collections.abc import Mapping, Sequence

import numpy as np

from lowlight_utils.plots.style import (
    BODY,
    GAP,
    GENERATOR,
    INK,
    MARGIN,
    MUTED,
    SMALL,
    TITLE,
    TRUTH,
    WIDTH,
    Page,
    caption_height,
    ratio,
)

METRICS = (  # key, how a value is written, whether more is better
    ("psnr", "{:.1f} dB", True),
    ("ssim", "SSIM {:.2f}", True),
    ("ciede2000", "ΔE {:.1f}", False),
)


def training_progress(
    pictures: Mapping[int, Sequence[np.ndarray]],
    low: Sequence[np.ndarray],
    high: Sequence[np.ndarray],
    *,
    columns: int = 5,
    made_by: str | None = None,
) -> Page:
    """Show how a generator's pictures of the same scenes change while it is trained.

    Parameters
    ----------
    pictures : mapping of int to sequence of uint8[h, w, 3]
        Epoch -> the generator's picture of every scene.
    low, high : sequence of uint8[h, w, 3]
        Every scene's dark photo and its ground truth.
    columns : int
        Most epochs shown. Of more, the first, the last and some between are chosen, closer together
        where training is young and much changes.
    made_by : str, optional
        What made the pictures, for the small line at the bottom.

    Returns
    -------
    Page
        A matplotlib Figure.
    """
    epochs = _spread(sorted(pictures), columns)
    cells = [("low", MUTED, low)]
    cells += [(f"epoch {epoch}", GENERATOR, pictures[epoch]) for epoch in epochs]
    cells += [("truth", TRUTH, high)]
    side = (WIDTH - 2 * MARGIN - (len(cells) - 1) * GAP) / len(cells)
    heights = [side * ratio(x) for x in low]
    height = 0.36 + sum(heights) + GAP * len(heights) + caption_height(made_by)
    page = Page(WIDTH, height, photographic=True)
    for column, (title, color, images) in enumerate(cells):
        x, y = MARGIN + column * (side + GAP), 0.36
        page.write(x + side / 2, 0.2, title, TITLE, color, weight="bold")
        for image, tall in zip(images, heights, strict=True):
            page.photo(image, x, y, side, tall)
            y += tall + GAP
    page.caption(made_by)
    return page


def prediction_gallery(
    rows: Sequence[Mapping[str, np.ndarray]],
    metrics: Sequence[Mapping[str, Mapping[str, float]]] | None = None,
    *,
    ours: str = "ours",
    made_by: str | None = None,
) -> Page:
    """Compare methods on several scenes, with the metrics under each picture, the best in bold.

    Parameters
    ----------
    rows : sequence of mapping of str to uint8[h, w, 3]
        For each scene: method's name -> its picture; all with the same methods in the same order,
        such as low, the baselines, ours, truth.
    metrics : sequence of mapping, optional
        For each scene: method's name -> {"psnr", "ssim", "ciede2000"}, any of them. Methods that
        are missing, such as the truth, get no numbers.
    ours : str
        The method to set off.
    made_by : str, optional
        What made the pictures, for the small line at the bottom.

    Returns
    -------
    Page
        A matplotlib Figure.
    """
    metrics = metrics or [{} for _ in rows]
    methods = list(rows[0])
    lines = [
        x for x in METRICS if any(x[0] in values for row in metrics for values in row.values())
    ]
    side = (WIDTH - 2 * MARGIN - (len(methods) - 1) * GAP) / len(methods)
    below = 0.17 * len(lines) + 0.14
    heights = [side * ratio(next(iter(row.values()))) for row in rows]
    titles = [method.replace(" ", "\n") if len(method) > 9 else method for method in methods]
    top = 0.5 if any("\n" in x for x in titles) else 0.36
    page = Page(WIDTH, top + sum(heights) + below * len(rows) + caption_height(made_by), True)
    for column, title in enumerate(titles):
        color = {ours: GENERATOR, "truth": TRUTH}.get(methods[column], INK)
        x = MARGIN + column * (side + GAP) + side / 2
        page.write(x, top - 0.08, title, BODY, color, weight="bold", valign="bottom")
    y = top
    for row, values, height in zip(rows, metrics, heights, strict=True):
        for column, method in enumerate(methods):
            x = MARGIN + column * (side + GAP)
            page.photo(row[method], x, y, side, height, GENERATOR if method == ours else None)
            for line, (key, form, _) in enumerate(lines):
                if key not in values.get(method, {}):
                    continue
                best = method == _best(values, *lines[line])
                where = (x + side / 2, y + height + 0.13 + 0.17 * line)
                weight = "bold" if best else "normal"
                page.write(*where, form.format(values[method][key]), SMALL, weight=weight)
        y += height + below
    page.caption(made_by)
    return page


def _spread(epochs, count):
    """Choose `count` of the sorted epochs: the ends, and between them in equal ratios."""
    if len(epochs) <= count:
        return epochs
    wanted = np.geomspace(1, len(epochs), count).round().astype(int) - 1
    for i in range(1, count):  # where ratios fall on the same epoch, take the next one
        wanted[i] = max(wanted[i], wanted[i - 1] + 1)
    return [epochs[i] for i in wanted]


def _best(values, key, _, more_is_better):
    having = [method for method in values if key in values[method]]
    choose = max if more_is_better else min
    return choose(having, key=lambda method: values[method][key])
