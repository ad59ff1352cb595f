"""Look through a sweep: choose λ, learning rates and scene, and see picture, scores and curves."""

import html
from collections.abc import Iterable
from typing import Any

import ipywidgets
import numpy as np
from IPython.display import display

from lowlight_utils import plots
from lowlight_utils.plots.pictures import encode
from lowlight_utils.tuning.results import Sweep
from lowlight_utils.widgets.pictures import Picture, compared, credit, to_jpeg
from lowlight_utils.widgets.slider import scores_line

NOTHING = "(none)"


def lambda_label(row: dict) -> str:
    """Name a trial's λ; without a discriminator, λ is only the unit of the loss."""
    return f"{row['lambda_l1']:g}" if row["adversarial"] else "L1 only"


def rates_label(row: dict) -> str:
    """Name a trial's learning rates, the generator's first."""
    return f"{row['generator_lr']:g}, {row['discriminator_lr']:g}"


def order_of_lambda(row: dict) -> tuple:
    """Sort rows by λ, those without a discriminator last."""
    return not row["adversarial"], row["lambda_l1"]


def trial_view(sweep: Sweep, trial: str, scene: str) -> np.ndarray:
    """Show what a trial makes of a scene: low, enhanced, truth, and how the last two differ.

    Returns
    -------
    uint8[h, w, 3]
        The four pictures in a row, with titles.

    Raises
    ------
    ValueError
        There is no such trial or scene.
    """
    pictures = sweep.pictures(trial)
    if scene not in pictures:
        raise ValueError(f"no scene is called {scene!r}, only {', '.join(sweep.scenes)}")
    index = sweep.scenes.index(scene)
    return compared(sweep.low[index], pictures[scene], sweep.high[index])


def trial_line(sweep: Sweep, trial: str, scene: str) -> str:
    """Give a trial's scores as text: on one scene's picture, and the means over all pairs."""
    row = sweep.row(trial)
    means = scores_line(row)
    return (
        f"{trial} (λ {lambda_label(row)}, learning rates {rates_label(row)}, seed {row['seed']},"
        f" {row['epochs']} epochs). {scene}: {scores_line(sweep.scores(trial, scene))}."
        f" Mean of {row['validation_pairs']} pairs: {means}."
    )


def trial_curves(sweep: Sweep, trial: str) -> bytes:
    """Draw a trial's losses and validation, as a PNG file."""
    page = plots.loss_curves(
        sweep.history(trial), made_by=f"{trial}; {sweep.row(trial)['hardware']}"
    )
    return encode(page, "png", dpi=90)


class SweepExplorer:
    """Widgets over a sweep's trials; put it at the end of a cell to see it.

    Attributes
    ----------
    sweep : Sweep
        What is shown; `show` changes it.
    box : ipywidgets.VBox
        The widgets.
    trial : str
        The chosen trial's name.
    """

    def __init__(self, sweep: Sweep) -> None:
        layout = {"style": {"description_width": "initial"}}
        self.scene = ipywidgets.Dropdown(description="scene")
        self.lambda_ = ipywidgets.SelectionSlider(
            options=["-"], description="λ", continuous_update=True
        )
        self.rates = ipywidgets.Dropdown(description="learning rates", **layout)
        self.seed = ipywidgets.Dropdown(description="run", **layout)
        self.beside = ipywidgets.Dropdown(description="beside it", **layout)
        self.picture, self.other = (Picture() for _ in range(2))
        self.line, self.other_line = ipywidgets.HTML(), ipywidgets.HTML()
        self.curves = Picture()
        self._updating = False
        for control in (self.lambda_, self.rates, self.seed, self.scene, self.beside):
            control.observe(self._changed, "value")
        self.box = ipywidgets.VBox(
            [
                ipywidgets.HBox([self.lambda_, self.scene]),
                ipywidgets.HBox([self.rates, self.seed, self.beside]),
                self.picture,
                self.line,
                self.other,
                self.other_line,
                self.curves,
            ]
        )
        self.show(sweep)

    def show(self, sweep: Sweep, trial: str | None = None) -> None:
        """Show another sweep, and one of its trials; what was chosen stays chosen if it can."""
        self.sweep = sweep
        rows = sorted(sweep.rows, key=order_of_lambda)
        wanted = sweep.row(trial) if trial else None
        self._updating = True
        labels = list(dict.fromkeys(lambda_label(row) for row in rows))
        _offer(self.lambda_, labels, lambda_label(wanted) if wanted else None)
        _offer(self.scene, sweep.scenes)
        self._updating = False
        self._changed(rates=rates_label(wanted) if wanted else None, trial=trial)

    @property
    def trial(self) -> str:
        """The chosen trial's name."""
        return self.seed.value

    def _changed(
        self, _: object = None, rates: str | None = None, trial: str | None = None
    ) -> None:
        if self._updating:
            return
        self._updating = True  # what follows sets controls, which must not start it anew
        rows = [row for row in self.sweep.rows if lambda_label(row) == self.lambda_.value]
        _offer(self.rates, list(dict.fromkeys(map(rates_label, rows))), rates)
        rows = [row for row in rows if rates_label(row) == self.rates.value]
        _offer(self.seed, [row["trial"] for row in rows], trial)
        _offer(self.beside, [NOTHING, *self._alike(self.sweep.row(self.seed.value))])
        self._updating = False
        self._draw()

    def _alike(self, chosen: dict) -> list[str]:
        """Name the trials that differ from the chosen one in λ, in the rates or in the run alone.

        Others do not compare, and a list of all is too long to choose from.
        """
        kinds = (lambda_label, rates_label, lambda row: row["seed"])
        rows = sorted(self.sweep.rows, key=order_of_lambda)
        differ = {row["trial"]: sum(kind(row) != kind(chosen) for kind in kinds) for row in rows}
        return [trial for trial, count in differ.items() if count <= 1 and trial != chosen["trial"]]

    def _draw(self) -> None:
        self._draw_one(self.trial, self.picture, self.line)
        shown = self.beside.value != NOTHING
        self.other.layout.display = None if shown else "none"
        if shown:
            self._draw_one(self.beside.value, self.other, self.other_line)
        else:
            self.other_line.value = ""
        self.curves.show(
            trial_curves(self.sweep, self.trial), f"Losses and validation of {self.trial}", "png"
        )

    def _draw_one(self, trial: str, picture: Picture, line: ipywidgets.HTML) -> None:
        scene = self.scene.value
        picture.show(
            to_jpeg(trial_view(self.sweep, trial, scene)),
            f"{scene}: the dark photo, enhanced by {trial}, the truth, and how the last two differ",
        )
        line.value = html.escape(" ".join([trial_line(self.sweep, trial, scene), credit(scene)]))

    def _ipython_display_(self) -> None:
        display(self.box)


def _offer(control: Any, options: Iterable[str], wanted: str | None = None) -> None:
    """Give a control other options, and the wanted value, or else its own, if it can."""
    options = list(options)
    value = control.value if wanted is None else wanted
    if list(control.options) != options:
        control.options = options
    control.value = value if value in options else options[0]
