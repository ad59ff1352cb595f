"""One training step in TensorFlow: what notebook 03 explains."""

import ctypes

import keras
import tensorflow as tf

from lowlight_utils.training.losses import discriminator_losses, generator_losses

ON_GPU = bool(tf.config.list_physical_devices("GPU"))


def keep_freed_memory():
    """Make glibc keep freed memory for the next step, instead of handing it back each time.

    A step on a CPU takes and frees hundreds of megabytes. By default every large piece comes from
    the system anew, page by page, each filled with zeros first: a quarter of a bf16 step at the
    seed recipe's size. The price is that the process stays as large as it once was. Elsewhere than
    on glibc (macOS, Windows, musl) it does nothing.
    """
    trim_threshold, mmap_max = -1, -4  # mallopt(3)
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return
    mallopt(mmap_max, 0)
    mallopt(trim_threshold, 2**31 - 1)


def without_autotuning(batches):
    """Give tf.data a `keras.utils.PyDataset`, two batches ahead, without its autotuner.

    Keras by itself hands it over with the autotuner, whose thread sleeps ever longer between two
    looks at the pipeline, and the end of each epoch waits for it to wake up: a quarter of the time
    of an epoch of two minutes.
    """

    def epoch():
        batches.on_epoch_begin()
        for index in range(len(batches)):  # to iterate over one takes a newer Keras than 3.8
            yield batches[index]
        batches.on_epoch_end()

    signature = keras.tree.map_structure(
        lambda array: tf.TensorSpec((None, *array.shape[1:]), array.dtype), batches[0]
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

    def update_step(self, gradient, variable, learning_rate):
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


class TrainStep:
    """The alternating step of `ConditionalGAN` on the TensorFlow backend."""

    # XLA makes convolutions slower on CPUs, and the step is already one graph.
    compile_whole_step = ON_GPU

    def prepare_step(self):
        """Do once, before the first step, what makes all of them faster."""
        if not ON_GPU:
            keep_freed_memory()

    def fit(self, x=None, *args, **kwargs):
        """Train as `keras.Model.fit` does, but take a `PyDataset` in its own order."""
        if isinstance(x, keras.utils.PyDataset):
            x, kwargs = without_autotuning(x), {**kwargs, "shuffle": False}
        return super().fit(x, *args, **kwargs)

    def train_step(self, data):
        """Update the discriminator, then the generator, on one batch of (low, high)."""
        given, high, _ = keras.utils.unpack_x_y_sample_weight(data)
        low, *told = given if isinstance(given, list | tuple) else [given]  # λ, if conditional
        generator, discriminator = self.generator, self.discriminator

        # One forward pass of the generator serves both updates; its tape waits.
        with tf.GradientTape() as generator_tape:
            fake = generator(given, training=True)

        losses = {}
        if self.adversarial:
            with tf.GradientTape() as tape:
                real_loss, fake_loss = discriminator_losses(
                    discriminator([low, high], training=True),
                    discriminator([low, fake], training=True),
                )
                loss = 0.5 * (real_loss + fake_loss)
            weights = discriminator.trainable_variables
            self.discriminator_optimizer.apply(tape.gradient(loss, weights), weights)
            losses = {"discriminator_real_loss": real_loss, "discriminator_fake_loss": fake_loss}

        # The generator answers to the discriminator as it is now, after its update.
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(fake)
            verdicts = discriminator([low, fake], training=True) if self.adversarial else None
            lambda_l1, adversarial = self.weigh(*told)
            losses |= generator_losses(
                verdicts,
                fake,
                high,
                lambda_l1,
                self.lambda_ssim,
                adversarial,
                self.gt_mean,
                self.lambda_detail,
            )
        towards_better = tape.gradient(losses["generator_loss"], fake)
        weights = generator.trainable_variables
        gradients = generator_tape.gradient(fake, weights, output_gradients=towards_better)
        self.generator_optimizer.apply(gradients, weights)

        if self.averaged_generator is not None:
            keep = self.average_momentum(self.generator_optimizer.iterations)
            for average, weight in zip(
                self.averaged_generator.weights, generator.weights, strict=True
            ):
                average.assign(keep * average + (1.0 - keep) * weight)

        for tracker in self.metrics:
            tracker.update_state(losses[tracker.name])
        return {tracker.name: tracker.result() for tracker in self.metrics}
