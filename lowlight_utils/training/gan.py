"""The conditional GAN: two networks, two optimizers, one `fit`."""

import importlib

import keras
from keras import ops

STEPS = {"tensorflow": "tensorflow_step", "jax": "jax_step"}
LOSSES = (  # of which those whose weight is 0 are not there
    "generator_loss",
    "adversarial_loss",
    "l1_loss",
    "ssim_loss",
    "detail_loss",
    "discriminator_real_loss",
    "discriminator_fake_loss",
)

if keras.backend.backend() not in STEPS:
    raise ImportError(
        f"Training runs on the backends {' and '.join(STEPS)}, not {keras.backend.backend()}: "
        "set the environment variable KERAS_BACKEND before Keras is imported."
    )
_step = importlib.import_module(f"lowlight_utils.training.{STEPS[keras.backend.backend()]}")
TrainStep, Adam = _step.TrainStep, _step.Adam


class ConditionalGAN(TrainStep, keras.Model):
    """A generator and a discriminator that train each other on pairs (Isola et al. 2017).

    `compile` takes an optimizer for each; `fit` takes batches of (low, high), float32[n, h, w, 3]
    in [-1, 1]. Every step updates the discriminator first, with half weight on its loss, and then
    the generator against the updated discriminator. `fit` reports the means over an epoch of
    generator_loss (the total), adversarial_loss, l1_loss, ssim_loss, detail_loss,
    discriminator_real_loss and discriminator_fake_loss, as far as their weights are not 0.

    Parameters
    ----------
    generator, discriminator : keras.Model
        As `unet_generator` and `patchgan_discriminator` make them. A generator that is told λ
        learns from batches of ((low, λ), high), see `PairBatches`: each picture's loss is weighted
        by its own λ (`weigh`).
    lambda_l1 : float
        λ, the weight of the L1 term beside the adversarial one. At least 0, like the three weights
        that follow. The first step compiles them in: to change one, make another `ConditionalGAN`.
    lambda_ssim : float
        Weight of a term 1 - SSIM in the generator's loss; 0 leaves it out.
    lambda_detail : float
        Weight of a term on differences between neighbours, see `detail`; 0 leaves it out.
    adversarial : float
        Weight of the adversarial term. 0 leaves the discriminator out of the training altogether.
    gt_mean : float
        Share of the L1 term that does not count the brightness of the whole picture, in [0, 1); see
        `scale_to_mean`.
    average : float
        Momentum of an exponential moving average of the generator's weights, in [0, 1); 0 keeps
        none.

    Attributes
    ----------
    best_generator : keras.Model
        What predicts: the averaged generator where there is one, else the generator.
    """

    def __init__(
        self,
        generator,
        discriminator,
        lambda_l1=115.0,
        *,
        lambda_ssim=0.0,
        lambda_detail=0.0,
        adversarial=1.0,
        gt_mean=0.0,
        average=0.0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        weights = {
            "lambda_l1": lambda_l1,
            "lambda_ssim": lambda_ssim,
            "lambda_detail": lambda_detail,
            "adversarial": adversarial,
        }
        for name, weight in weights.items():
            if weight < 0:
                raise ValueError(f"{name} must not be negative, but is {weight}.")
        if not any(weights.values()):
            raise ValueError("All weights of the generator's losses are 0: nothing can be learned.")
        for name, share in {"gt_mean": gt_mean, "average": average}.items():
            if not 0 <= share < 1:
                raise ValueError(f"{name} must be at least 0 and below 1, but is {share}.")
        self.generator = generator
        self.discriminator = discriminator
        self.lambda_l1 = lambda_l1
        self.lambda_ssim = lambda_ssim
        self.lambda_detail = lambda_detail
        self.adversarial = adversarial
        self.gt_mean = gt_mean
        self.average = average
        self.averaged_generator = None
        if average:
            self.averaged_generator = keras.models.clone_model(generator)
            self.averaged_generator.set_weights(generator.get_weights())
            self.averaged_generator.trainable = False
        optional = {"ssim_loss": lambda_ssim, "detail_loss": lambda_detail}
        absent = {name for name, weight in optional.items() if not weight}
        if not adversarial:
            absent |= {name for name in LOSSES if name.startswith(("adversarial", "discriminator"))}
        self._trackers = [keras.metrics.Mean(name=name) for name in LOSSES if name not in absent]
        self.built = True  # both networks are

    @property
    def best_generator(self):
        return self.averaged_generator or self.generator

    @property
    def metrics(self):
        return self._trackers

    def weigh(self, lambda_l1=None):
        """Return the weights of the L1 and the adversarial term.

        Parameters
        ----------
        lambda_l1 : float32[n, 1], optional
            The λ that a conditional generator was told for each picture. Both weights are then
            divided by 1 + λ: what is best for a λ stays the same, but the two sum to 1 for every
            picture, or those with a large λ would drown the others in a batch.
        """
        if lambda_l1 is None:
            return self.lambda_l1, self.adversarial
        divisor = 1.0 + lambda_l1
        return lambda_l1 / divisor, self.adversarial / divisor

    def average_momentum(self, iterations):
        """Return how much of the average to keep: little at first, so that it forgets its start."""
        done = ops.cast(iterations, "float32")
        return ops.minimum(self.average, (1.0 + done) / (10.0 + done))

    def compile(self, generator_optimizer, discriminator_optimizer, **kwargs):
        """Set the two optimizers; other arguments are `keras.Model.compile`'s."""
        kwargs.setdefault("jit_compile", self.compile_whole_step)
        super().compile(**{"optimizer": None, **kwargs})
        self.generator_optimizer = generator_optimizer
        self.discriminator_optimizer = discriminator_optimizer
        generator_optimizer.build(self.generator.trainable_variables)
        discriminator_optimizer.build(self.discriminator.trainable_variables)
        self.optimizer = OptimizerPair(generator_optimizer, discriminator_optimizer)
        self.prepare_step()

    def call(self, low, training=False):
        """Enhance float32[n, h, w, 3] in [-1, 1], or [that, λ], with the best generator."""
        return self.best_generator(low, training=training)


class OptimizerPair:
    """What Keras's trainer asks of a model's optimizer, answered by two."""

    built = True

    def __init__(self, *optimizers):
        self.variables = [variable for each in optimizers for variable in each.variables]
