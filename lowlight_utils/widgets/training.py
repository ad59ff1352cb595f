"""Train with a λ of one's own: sliders, a button to start and one to stop."""

import html
import os
from collections.abc import Callable
from pathlib import Path

import ipywidgets
from IPython.display import display

from lowlight_utils.data.sources import Splits
from lowlight_utils.training.recipes import QUICK, Recipe
from lowlight_utils.tuning.results import Sweep
from lowlight_utils.widgets.job import TrainingJob

LAMBDAS = (0.0, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 50.0, 100.0, 115.0, 130.0, 300.0, 1000.0)
RATE_FACTORS = (0.1, 0.2, 0.5, 1, 2, 5, 10)
WIDE = {"style": {"description_width": "15em"}, "layout": {"width": "32em"}}


def my_recipe(
    base: Recipe, lambda_l1: float | None, generator_lr: float, discriminator_lr: float
) -> Recipe:
    """Return the base with the reader's choices, named after them.

    The same choices give the same name, so that training that was stopped goes on. A λ of None
    stands for L1 alone, without a discriminator.

    Examples
    --------
    >>> my_recipe(QUICK, 3.0, 1e-3, 2e-4).name
    'my-lambda-3-rates-0.001-0.0002-epochs-12-seed-0'
    """
    name = "my-l1-only" if lambda_l1 is None else f"my-lambda-{lambda_l1:g}"
    if lambda_l1 is None:
        loss = {"adversarial": 0.0, "lambda_l1": base.lambda_l1 or 1.0}
    else:
        loss = {"lambda_l1": lambda_l1}
    name += f"-rates-{generator_lr:g}-{discriminator_lr:g}"
    return base.but(
        name=f"{name}-epochs-{base.epochs}-seed-{base.seed}",
        **loss,
        generator_lr=generator_lr,
        discriminator_lr=discriminator_lr,
    )


def job_line(job: TrainingJob) -> str:
    """Say in a line how a job stands."""
    epochs = job.recipe.epochs
    scored = "" if job.val_psnr is None else f", {job.val_psnr:.2f} dB on validation"
    lines = {
        "new": "Not started.",
        "running": f"Training: epoch {min(job.epoch + 1, epochs)} of {epochs}{scored}."
        if job.steps
        else "Preparing ...",
        "done": f"Done{scored}. It is in the comparison as {job.recipe.name}.",
        "stopped": f"Stopped after epoch {job.epoch} of {epochs}; Train goes on from there.",
        "failed": f"It failed: {job.error}",
    }
    return lines[job.state]


def about(seconds: float) -> str:
    """Say roughly how long so many seconds are."""
    if seconds < 90:
        return "about a minute"
    return f"about {round(seconds / 60)} minutes"


class MyTraining:
    """The widgets of `train_with_my_lambda`; put it at the end of a cell to see it.

    Attributes
    ----------
    box : ipywidgets.VBox
        The widgets.
    job : TrainingJob or None
        The last one started.
    """

    def __init__(
        self,
        folder: str | os.PathLike,
        data: str | os.PathLike | Splits,
        base: Recipe,
        done: Callable[[Sweep, str], None] | None,
        seconds: float | None = None,
    ) -> None:
        self.job: TrainingJob | None = None
        self._folder, self._data, self._base, self._done = Path(folder), data, base, done
        self._seconds = seconds
        lambdas = [(f"{x:g}", x) for x in sorted({*LAMBDAS, base.lambda_l1})]
        self.lambda_ = _choice("λ", [*lambdas, ("L1 only", None)], base.lambda_l1)
        self.generator_lr = _rates("generator's learning rate", base.generator_lr)
        self.discriminator_lr = _rates("discriminator's learning rate", base.discriminator_lr)
        self.epochs = ipywidgets.IntSlider(
            base.epochs, 1, 4 * base.epochs, description="epochs", **WIDE
        )
        self.train = ipywidgets.Button(description="Train", button_style="primary", icon="play")
        self.stop = ipywidgets.Button(description="Stop", icon="stop", disabled=True)
        self.bar = ipywidgets.IntProgress(0, 0, 1)
        self.line = ipywidgets.HTML(self._before())
        self.epochs.observe(self._estimate, "value")
        self.train.on_click(self._start)
        self.stop.on_click(self._stop)
        self.box = ipywidgets.VBox(
            [
                self.lambda_,
                self.generator_lr,
                self.discriminator_lr,
                self.epochs,
                ipywidgets.HBox([self.train, self.stop, self.bar]),
                self.line,
            ]
        )

    def _before(self) -> str:
        """Say what to expect of pressing Train."""
        takes = ""
        if self._seconds is not None:
            takes = f" It takes {about(self._seconds * self.epochs.value)} on one core."
        return f"It trains beside the notebook: other cells can be run.{takes}"

    def _estimate(self, _: object) -> None:
        if self.job is None or self.job.state != "running":
            self.line.value = self._before()

    def _start(self, _: object) -> None:
        recipe = my_recipe(
            self._base.but(epochs=self.epochs.value),
            self.lambda_.value,
            self.generator_lr.value,
            self.discriminator_lr.value,
        )
        self.bar.value = 0
        self.job = TrainingJob(recipe, self._data, self._folder, self._show).start()

    def _stop(self, _: object) -> None:
        if self.job:
            self.job.stop()

    def _show(self, job: TrainingJob) -> None:
        """Show how the job stands. It runs in the job's thread, which ipywidgets allows."""
        running = job.state == "running"
        self.train.disabled, self.stop.disabled = running, not running
        self.bar.max, self.bar.value = max(1, job.steps), job.step
        self.line.value = html.escape(job_line(job))
        if job.sweep is not None and self._done is not None:
            self._done(job.sweep, job.recipe.name)

    def _ipython_display_(self) -> None:
        display(self.box)


def train_with_my_lambda(
    folder: str | os.PathLike,
    data: str | os.PathLike | Splits = "sample",
    *,
    base: Recipe = QUICK,
    done: Callable[[Sweep, str], None] | None = None,
    seconds: float | None = None,
) -> MyTraining:
    """Make sliders for λ, learning rates and epochs, and buttons that train with them and stop.

    Training runs in a thread of its own, so that the notebook's other cells can be run meanwhile,
    if more slowly. See `TrainingJob`.

    Parameters
    ----------
    folder : path
        Where the trials are kept; those that are there already are not trained again.
    data : "sample", path or Splits
        See `run_sweep`.
    base : Recipe
        Everything else.
    done : callable, optional
        Called when a training is done, with all trials in `folder` and the new one's name, such as
        to show them in a `SweepExplorer`.
    seconds : float, optional
        How long an epoch takes, for an estimate before the reader presses Train.
    """
    return MyTraining(folder, data, base, done, seconds)


def _choice(description: str, options: list, value: float) -> ipywidgets.SelectionSlider:
    """Make a slider over round numbers; a log slider would move the base's own to its grid."""
    return ipywidgets.SelectionSlider(
        options=options,
        value=value,
        description=description,
        **WIDE,
    )


def _rates(description: str, value: float) -> ipywidgets.SelectionSlider:
    rates = [float(f"{value * factor:.3g}") for factor in RATE_FACTORS if factor != 1]
    options = [(f"{rate:g}", rate) for rate in sorted([*rates, value])]
    return _choice(description, options, value)
