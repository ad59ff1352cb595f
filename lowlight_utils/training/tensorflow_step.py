"""One training step in TensorFlow: what notebook 03 explains."""

import keras
import tensorflow as tf

from lowlight_utils.training.losses import discriminator_losses, generator_losses


class TrainStep:
    """The alternating step of `ConditionalGAN` on the TensorFlow backend."""

    # XLA makes convolutions slower on CPUs, and the step is already one graph.
    compile_whole_step = bool(tf.config.list_physical_devices("GPU"))

    def prepare_step(self):
        """Compile the optimizers' updates.

        Adam touches every weight about ten times, one operation after the other. XLA fuses these
        into one pass over memory: on a CPU, three times faster at the seed recipe's size.
        """

        def compiled_update(optimizer, network):
            return tf.function(
                lambda gradients: optimizer.apply(gradients, network.trainable_variables),
                jit_compile=True,
            )

        self._update_generator = compiled_update(self.generator_optimizer, self.generator)
        self._update_discriminator = compiled_update(
            self.discriminator_optimizer, self.discriminator
        )

    def train_step(self, data):
        """Update the discriminator, then the generator, on one batch of (low, high)."""
        low, high, _ = keras.utils.unpack_x_y_sample_weight(data)
        generator, discriminator = self.generator, self.discriminator

        # One forward pass of the generator serves both updates; its tape waits.
        with tf.GradientTape() as generator_tape:
            fake = generator(low, training=True)

        with tf.GradientTape() as tape:
            real_loss, fake_loss = discriminator_losses(
                discriminator([low, high], training=True),
                discriminator([low, fake], training=True),
            )
            loss = 0.5 * (real_loss + fake_loss)
        self._update_discriminator(tape.gradient(loss, discriminator.trainable_variables))

        # The generator answers to the discriminator as it is now, after its update.
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(fake)
            total, adversarial, l1 = generator_losses(
                discriminator([low, fake], training=True), fake, high, self.lambda_l1
            )
        towards_better = tape.gradient(total, fake)
        self._update_generator(
            generator_tape.gradient(
                fake, generator.trainable_variables, output_gradients=towards_better
            )
        )

        if self.averaged_generator is not None:
            keep = self.average_momentum(self.generator_optimizer.iterations)
            for average, weight in zip(
                self.averaged_generator.weights, generator.weights, strict=True
            ):
                average.assign(keep * average + (1.0 - keep) * weight)

        values = (total, adversarial, l1, real_loss, fake_loss)
        for tracker, value in zip(self.metrics, values, strict=True):
            tracker.update_state(value)
        return {tracker.name: tracker.result() for tracker in self.metrics}
