"""The gradients of a step in TensorFlow, and what makes it fast."""

from collections.abc import Callable, Iterator
from typing import Any

import keras
import tensorflow as tf

from lowlight_utils.data.resident import ResidentBatches, look
from lowlight_utils.machine import call_c_library

ON_GPU = bool(tf.config.list_physical_devices("GPU"))


def keep_freed_memory() -> None:
    """Make glibc keep freed memory for the next step, instead of handing it back each time.

    A step on a CPU takes and frees hundreds of megabytes. By default every large piece comes from
    the system anew, page by page, each filled with zeros first: a quarter of a bf16 step at the
    seed recipe's size. The price is that the process stays as large as it once was. Elsewhere than
    on glibc (macOS, Windows, musl) it does nothing.
    """
    trim_threshold, mmap_max = -1, -4  # mallopt(3)
    call_c_library("mallopt", mmap_max, 0)
    call_c_library("mallopt", trim_threshold, 2**31 - 1)


def without_autotuning(batches: keras.utils.PyDataset) -> tf.data.Dataset:
    """Give tf.data a `keras.utils.PyDataset`, two batches ahead, without its autotuner.

    Keras by itself hands it over with the autotuner, whose thread sleeps ever longer between two
    looks at the pipeline, and the end of each epoch waits for it to wake up: a quarter of the time
    of an epoch of two minutes.
    """

    def epoch() -> Iterator[tuple]:
        batches.on_epoch_begin()
        for index in range(len(batches)):  # to iterate over one takes a newer Keras than 3.8
            yield batches[index]
        batches.on_epoch_end()

    several = isinstance(batches, ResidentBatches)  # batches in one, and in the last one fewer
    signature = keras.tree.map_structure(
        lambda array: tf.TensorSpec(
            (None, None, *array.shape[2:]) if several else (None, *array.shape[1:]), array.dtype
        ),
        batches[0],
    )
    dataset = tf.data.Dataset.from_generator(epoch, output_signature=signature)
    options = tf.data.Options()
    options.autotune.enabled = False
    return (
        dataset.apply(tf.data.experimental.assert_cardinality(len(batches)))
        .prefetch(2)
        .with_options(options)
    )


class Adam(keras.optimizers.Adam):
    """Keras's Adam, with each weight's update done by TensorFlow's one kernel for it.

    Keras writes the update as about ten operations, each a pass over the weights, their gradients
    and moments. The kernel needs one pass, which at the seed recipe's 57 million weights takes a
    quarter of the time.
    """

    def update_step(
        self, gradient: tf.Tensor, variable: tf.Variable, learning_rate: tf.Tensor
    ) -> None:
        index = self._get_variable_index(variable)
        step = tf.cast(self.iterations + 1, variable.dtype)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,  # Keras hands over TensorFlow's own variable here
            m=self._momentums[index].value.handle,
            v=self._velocities[index].value.handle,
            beta1_power=tf.pow(tf.cast(self.beta_1, variable.dtype), step),
            beta2_power=tf.pow(tf.cast(self.beta_2, variable.dtype), step),
            lr=tf.cast(learning_rate, variable.dtype),
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=tf.cast(gradient, variable.dtype),
        )


class TrainStep(keras.Model):
    """The gradients that `ConditionalGAN.take_step` follows, on the TensorFlow backend."""

    # XLA makes convolutions slower on CPUs, and the step is already one graph.
    compile_whole_step = ON_GPU
    pixels: tuple[tf.Tensor, tf.Tensor] | None = None  # of the pictures on the device

    def prepare_step(self) -> None:
        """Do once, before the first step, what makes all of them faster.

        Raises
        ------
        ValueError
            Under a strategy for several devices: each would follow the mean loss of its own part of
            the batch, and the gradients be added up, so that every step would be too long.
        """
        if (count := tf.distribute.get_strategy().num_replicas_in_sync) > 1:
            raise ValueError(
                f"ConditionalGAN does not train under a tf.distribute strategy of {count} devices:"
                " set KERAS_BACKEND=jax, and train with --devices all (in Python, devices='all')."
            )
        if not ON_GPU:
            keep_freed_memory()

    def fit(self, x: Any = None, *args: Any, **kwargs: Any) -> keras.callbacks.History:
        """Train as `keras.Model.fit` does, but take a `PyDataset` in its own order."""
        if isinstance(x, keras.utils.PyDataset):
            x, kwargs = without_autotuning(x), {**kwargs, "shuffle": False}
        return super().fit(x, *args, **kwargs)

    def hold(self, batches: ResidentBatches | None) -> None:
        """Put pictures on the device, for a `fit` on these batches; with None, take them away."""
        self.pixels = self.train_function = None
        if batches is not None:
            self.pixels = tf.constant(batches.low), tf.constant(batches.high)
            self.seen_shape = batches.shape

    def train_step(self, data: tuple) -> dict[str, tf.Tensor]:
        """Take a step on a batch; or, with pictures on the device, one after each draw of them."""
        if self.pixels is None:
            return self.take_step(data)
        pixels, (draws, lambdas) = self.pixels, data

        def step(index: tf.Tensor) -> tuple[tf.Tensor]:
            low, high = (look(each, draws[:, index], self.seen_shape) for each in pixels)
            told = lambdas[:, index]
            self.take_step(([low, told] if len(self.generator.inputs) > 1 else low, high))
            return (index + 1,)

        tf.while_loop(lambda index: index < tf.shape(draws)[1], step, (0,), parallel_iterations=1)
        return {tracker.name: tracker.result() for tracker in self.metrics}

    def update(self, optimizer: keras.Optimizer, gradient: list, weights: list) -> None:
        """Let an optimizer change weights by their gradient."""
        optimizer.apply(gradient, weights)

    def generate(self, given: tf.Tensor | list) -> tuple[tf.Tensor, Callable]:
        """Return what the generator makes, and its backward pass: from gradient to gradients."""
        with tf.GradientTape() as tape:
            fake = self.generator(given, training=True)
        weights = self.generator.trainable_variables
        return fake, lambda gradient: tape.gradient(fake, weights, output_gradients=gradient)

    def gradient(self, loss: Callable, *picture: tf.Tensor) -> tuple[dict, tf.Tensor | list]:
        """Return a loss's parts and its gradient, at a picture or the discriminator's weights.

        The loss is what `judge` or `blame` returns.
        """
        with tf.GradientTape(watch_accessed_variables=not picture) as tape:
            tape.watch(picture)
            total, parts = loss(*picture)
        at = picture[0] if picture else self.discriminator.trainable_variables
        return parts, tape.gradient(total, at)
