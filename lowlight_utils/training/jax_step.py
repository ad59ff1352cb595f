"""One training step in JAX: the same as `tensorflow_step`, written without side effects."""

import jax
import keras

from lowlight_utils.training.losses import discriminator_losses, generator_losses

Adam = keras.optimizers.Adam


class TrainStep:
    """The alternating step of `ConditionalGAN` on the JAX backend.

    JAX compiles pure functions, so Keras hands the step every variable's value and takes the new
    values back. `values` maps each variable (by identity) to its value as the step goes on.
    """

    compile_whole_step = True

    def prepare_step(self):
        """Do nothing: JAX needs no help."""

    def train_step(self, state, data):
        """Update the discriminator, then the generator, on one batch of (low, high)."""
        trainable, non_trainable, optimizer_values, metric_values = state
        given, high, _ = keras.utils.unpack_x_y_sample_weight(data)
        low, *told = given if isinstance(given, list | tuple) else [given]  # λ, if conditional
        generator, discriminator = self.generator, self.discriminator
        values = Values(self.trainable_variables, trainable)
        values.update(self.non_trainable_variables, non_trainable)
        values.update(self.optimizer.variables, optimizer_values)

        # One forward pass of the generator serves both updates; its backward pass waits.
        def generate(weights):
            return generator.stateless_call(
                weights, values.of(generator.non_trainable_variables), given, training=True
            )

        fake, generator_backward, generator_rest = jax.vjp(
            generate, values.of(generator.trainable_variables), has_aux=True
        )
        values.update(generator.non_trainable_variables, generator_rest)

        def discriminate(weights, rest, picture):
            return discriminator.stateless_call(weights, rest, [low, picture], training=True)

        def discriminator_loss(weights, rest):
            real_logits, rest = discriminate(weights, rest, high)
            fake_logits, rest = discriminate(weights, rest, fake)
            real_loss, fake_loss = discriminator_losses(real_logits, fake_logits)
            losses = {"discriminator_real_loss": real_loss, "discriminator_fake_loss": fake_loss}
            return 0.5 * (real_loss + fake_loss), (losses, rest)

        losses = {}
        if self.adversarial:
            (_, (losses, rest)), gradients = jax.value_and_grad(discriminator_loss, has_aux=True)(
                values.of(discriminator.trainable_variables),
                values.of(discriminator.non_trainable_variables),
            )
            values.update(discriminator.non_trainable_variables, rest)
            self._update(self.discriminator_optimizer, discriminator, gradients, values)

        # The generator answers to the discriminator as it is now, after its update.
        def generator_loss(picture):
            verdicts, rest = None, values.of(discriminator.non_trainable_variables)
            if self.adversarial:
                weights = values.of(discriminator.trainable_variables)
                verdicts, rest = discriminate(weights, rest, picture)
            lambda_l1, adversarial = self.weigh(*told)
            losses = generator_losses(
                verdicts,
                picture,
                high,
                lambda_l1,
                self.lambda_ssim,
                adversarial,
                self.gt_mean,
                self.lambda_detail,
            )
            return losses["generator_loss"], (losses, rest)

        (_, (generator_parts, rest)), towards_better = jax.value_and_grad(
            generator_loss, has_aux=True
        )(fake)
        losses |= generator_parts
        values.update(discriminator.non_trainable_variables, rest)
        (gradients,) = generator_backward(towards_better)
        self._update(self.generator_optimizer, generator, gradients, values)

        if self.averaged_generator is not None:
            (iterations,) = values.of([self.generator_optimizer.iterations])
            keep = self.average_momentum(iterations)
            averages = self.averaged_generator.weights
            blended = [
                keep * average + (1.0 - keep) * weight
                for average, weight in zip(
                    values.of(averages), values.of(generator.weights), strict=True
                )
            ]
            values.update(averages, blended)

        logs = {}
        track = Values(self.metrics_variables, metric_values)
        for tracker in self.metrics:
            updated = tracker.stateless_update_state(
                track.of(tracker.variables), losses[tracker.name]
            )
            track.update(tracker.variables, updated)
            logs[tracker.name] = tracker.stateless_result(updated)

        return logs, (
            values.of(self.trainable_variables),
            values.of(self.non_trainable_variables),
            values.of(self.optimizer.variables),
            track.of(self.metrics_variables),
        )

    @staticmethod
    def _update(optimizer, network, gradients, values):
        weights = network.trainable_variables
        new_weights, new_slots = optimizer.stateless_apply(
            values.of(optimizer.variables), gradients, values.of(weights)
        )
        values.update(weights, new_weights)
        values.update(optimizer.variables, new_slots)


class Values:
    """The values that variables have at one point of a pure step."""

    def __init__(self, variables, values):
        self._value = {}
        self.update(variables, values)

    def of(self, variables):
        """Return the variables' values, as a list."""
        return [self._value[id(variable)] for variable in variables]

    def update(self, variables, values):
        """Note new values of some variables."""
        for variable, value in zip(variables, values, strict=True):
            self._value[id(variable)] = value
