"""The conditional GAN: two networks, two optimizers, one `fit`."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import keras
from keras import KerasTensor, ops

from lowlight_utils.recipe import Recipe
from lowlight_utils.training.losses import (
    Seen,
    discriminator_losses,
    generator_losses,
    loss_names,
    terms_of,
)
from lowlight_utils.training.recipes import SEED

if TYPE_CHECKING or keras.backend.backend() == "tensorflow":
    from lowlight_utils.training.tensorflow_step import Adam, TrainStep
elif keras.backend.backend() == "jax":
    from lowlight_utils.training.jax_step import Adam, TrainStep
else:
    raise ImportError(
        f"Training runs on the backends tensorflow and jax, not {keras.backend.backend()}: "
        "set the environment variable KERAS_BACKEND before Keras is imported."
    )

__all__ = ["Adam", "ConditionalGAN"]


class ConditionalGAN(TrainStep):
    """A generator and a discriminator that train each other on pairs (Isola et al. 2017).

    `compile` takes an optimizer for each; `fit` takes batches of (low, high), float32[n, h, w, 3]
    in [-1, 1]. Every step updates the discriminator first, with half weight on its loss, and then
    the generator against the updated discriminator. `fit` reports the means over an epoch of
    generator_loss (the total), of its terms (`lowlight_utils.training.losses.TERMS`), and of
    discriminator_real_loss and discriminator_fake_loss, as far as their weights are not 0.

    Parameters
    ----------
    generator, discriminator : keras.Model
        As `unet_generator` and `patchgan_discriminator` make them. A generator that is told λ
        learns from batches of ((low, λ), high), see `PairBatches`: each picture's loss is weighted
        by its own λ (`weigh`).
    recipe : Recipe
        Of it count here the weights of the generator's losses, `gt_mean` and `average`. The first
        step compiles them in: to change one, make another `ConditionalGAN`.

    Attributes
    ----------
    best_generator : keras.Model
        What predicts: the averaged generator where there is one, else the generator.

    Examples
    --------
    >>> from lowlight_utils.models import patchgan_discriminator, unet_generator
    >>> networks = unet_generator((32, 32, 3), width=4, depth=3), patchgan_discriminator(width=4)
    >>> gan = ConditionalGAN(*networks, Recipe(lambda_l1=100.0))
    >>> gan.compile(keras.optimizers.Adam(2e-4), keras.optimizers.Adam(2e-4))
    >>> [metric.name for metric in gan.metrics][:3]
    ['generator_loss', 'adversarial_loss', 'l1_loss']
    """

    def __init__(
        self, generator: keras.Model, discriminator: keras.Model, recipe: Recipe = SEED
    ) -> None:
        super().__init__()
        self.generator = generator
        self.discriminator = discriminator
        self.recipe = recipe
        self.averaged_generator = None
        if recipe.average:
            self.averaged_generator = keras.models.clone_model(generator)
            self.averaged_generator.set_weights(generator.get_weights())
            self.averaged_generator.trainable = False
        self._trackers = [keras.metrics.Mean(name=name) for name in loss_names(recipe)]
        self.built = True  # both networks are

    @property
    def best_generator(self) -> keras.Model:
        return self.averaged_generator or self.generator

    @property
    def metrics(self) -> list[keras.Metric]:
        return self._trackers

    def compile(
        self,
        generator_optimizer: keras.Optimizer,
        discriminator_optimizer: keras.Optimizer,
        **kwargs: Any,
    ) -> None:
        """Set the two optimizers; other arguments are `keras.Model.compile`'s.

        In float16 small gradients would become 0. Each optimizer is then wrapped in Keras's
        `LossScaleOptimizer`, which has its loss multiplied by a large factor of its own, and skips
        the steps whose gradients that makes infinite.
        """
        kwargs.setdefault("jit_compile", self.compile_whole_step)
        super().compile(**{"optimizer": None, **kwargs})
        self.generator_optimizer = _scaled(generator_optimizer, self.generator)
        self.discriminator_optimizer = _scaled(discriminator_optimizer, self.discriminator)
        self.generator_optimizer.build(self.generator.trainable_variables)
        self.discriminator_optimizer.build(self.discriminator.trainable_variables)
        self.optimizer = OptimizerPair(self.generator_optimizer, self.discriminator_optimizer)
        self.prepare_step()

    def take_step(self, data: tuple) -> dict[str, KerasTensor]:
        """Update the discriminator, then the generator, on one batch; return the mean losses.

        This is the step on every backend. How a gradient is found, each says for itself.
        """
        given, high, _ = keras.utils.unpack_x_y_sample_weight(data)
        low, *told = given if isinstance(given, list | tuple) else [given]  # λ, if conditional

        # One forward pass of the generator serves both updates; its backward pass waits.
        fake, backward = self.generate(given)

        losses: dict[str, KerasTensor] = {}
        if self.recipe.adversarial:
            optimizer, weights = (
                self.discriminator_optimizer,
                self.discriminator.trainable_variables,
            )
            judge = _times(optimizer.scale_loss(1.0), self.judge)
            losses, gradient = self.gradient(lambda: judge(low, high, fake))
            self.update(optimizer, gradient, weights)

        # The generator answers to the discriminator as it is now, after its update.
        optimizer, weights = self.generator_optimizer, self.generator.trainable_variables
        blame = _times(optimizer.scale_loss(1.0), self.blame)
        parts, gradient = self.gradient(lambda picture: blame(low, picture, high, *told), fake)
        self.update(optimizer, backward(gradient), weights)

        if self.averaged_generator is not None:
            keep = self.average_momentum(optimizer.iterations)
            for average, weight in zip(
                self.averaged_generator.weights, self.generator.weights, strict=True
            ):
                average.assign(keep * average + (1.0 - keep) * weight)

        losses |= parts
        for tracker in self.metrics:
            tracker.update_state(losses[tracker.name])
        return {tracker.name: tracker.result() for tracker in self.metrics}

    def judge(
        self, low: KerasTensor, high: KerasTensor, fake: KerasTensor
    ) -> tuple[KerasTensor, dict[str, KerasTensor]]:
        """Return the discriminator's loss on real and generated pairs, and its parts."""
        real, generated = discriminator_losses(
            self.discriminator([low, high], training=True),
            self.discriminator([low, fake], training=True),
        )
        parts = {"discriminator_real_loss": real, "discriminator_fake_loss": generated}
        return 0.5 * (real + generated), parts

    def blame(
        self, low: KerasTensor, fake: KerasTensor, high: KerasTensor, told: KerasTensor = None
    ) -> tuple[KerasTensor, dict[str, KerasTensor]]:
        """Return the generator's loss, and its parts."""
        recipe = self.recipe
        verdicts = self.discriminator([low, fake], training=True) if recipe.adversarial else None
        losses = generator_losses(Seen(fake, high, verdicts, recipe.gt_mean), self.weigh(told))
        return losses["generator_loss"], losses

    def weigh(self, lambda_l1: KerasTensor | None = None) -> dict[str, float | KerasTensor]:
        """Return the weights of the generator's losses, by the recipe's fields.

        Parameters
        ----------
        lambda_l1 : float32[n, 1], optional
            The λ that a conditional generator was told for each picture. The weights of the L1 and
            the adversarial term are then divided by 1 + λ: what is best for a λ stays the same, but
            the two sum to 1 for every picture, or those with a large λ would drown the others in a
            batch.
        """
        weights = {term.weight: getattr(self.recipe, term.weight) for term in terms_of(self.recipe)}
        if lambda_l1 is not None:
            weights["lambda_l1"] = lambda_l1
            for name in weights.keys() & {"lambda_l1", "adversarial"}:
                weights[name] = weights[name] / (1.0 + lambda_l1)
        return weights

    def average_momentum(self, iterations: KerasTensor | int) -> KerasTensor:
        """Return how much of the average to keep: little at first, so that it forgets its start."""
        done = ops.cast(iterations, "float32")
        return ops.minimum(self.recipe.average, (1.0 + done) / (10.0 + done))

    def call(self, low: KerasTensor, training: bool = False) -> KerasTensor:
        """Enhance float32[n, h, w, 3] in [-1, 1], or [that, λ], with the best generator."""
        return self.best_generator(low, training=training)


class OptimizerPair:
    """What Keras's trainer asks of a model's optimizer, answered by two."""

    built = True

    def __init__(self, *optimizers: keras.Optimizer) -> None:
        self.variables = [variable for each in optimizers for variable in each.variables]


def _scaled(optimizer: keras.Optimizer, network: keras.Model) -> keras.Optimizer:
    """Wrap an optimizer for a network that computes in float16; leave others as they are."""
    scales = isinstance(optimizer, keras.optimizers.LossScaleOptimizer)
    if scales or all(layer.compute_dtype != "float16" for layer in network.layers):
        return optimizer
    return keras.optimizers.LossScaleOptimizer(optimizer)


def _times(scale: float | KerasTensor, function: Callable) -> Callable:
    """Multiply the loss that a function returns beside its parts; 1 leaves it alone."""
    if isinstance(scale, float) and scale == 1.0:
        return function

    def scaled(*arguments: KerasTensor) -> tuple[KerasTensor, dict[str, KerasTensor]]:
        loss, parts = function(*arguments)
        return loss * scale, parts

    return scaled
