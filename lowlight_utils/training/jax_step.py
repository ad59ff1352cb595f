"""The gradients of a step in JAX, which compiles and differentiates pure functions only."""

from collections.abc import Callable

import jax
import keras

Adam = keras.optimizers.Adam


class TrainStep:
    """The slopes that `ConditionalGAN.take_step` follows, on the JAX backend.

    Keras hands the step every variable's value and takes the new values back; while a
    `keras.StatelessScope` is open, variables have the values that it was given or that were
    assigned since.
    """

    compile_whole_step = True

    def prepare_step(self) -> None:
        """Do nothing: JAX needs no help."""

    def train_step(self, state: tuple, data: tuple) -> tuple[dict, tuple]:
        """Take a step from the variables' values; return the losses and the new values."""
        groups = (
            self.trainable_variables,
            self.non_trainable_variables,
            self.optimizer.variables,
            self.metrics_variables,
        )
        now = [pair for both in zip(groups, state, strict=True) for pair in zip(*both, strict=True)]
        with keras.StatelessScope(now) as scope:
            losses = self.take_step(data)
        return losses, tuple([scope.get_current_value(x) for x in group] for group in groups)

    def generate(self, given: jax.Array | list) -> tuple[jax.Array, Callable]:
        """Return what the generator makes, and what turns its slope into that of the weights."""
        generator = self.generator
        run = _pure(generator, lambda: generator(given, training=True))
        fake, backward, state = jax.vjp(run, _values(generator.trainable_variables), has_aux=True)
        _assign(generator.non_trainable_variables, state)
        return fake, lambda slope: backward(slope)[0]

    def slope(self, loss: Callable, *picture: jax.Array) -> tuple[dict, jax.Array | list]:
        """Return a loss's parts and its slope: at the picture, or at the discriminator's weights.

        The loss is what `judge` or `blame` returns; it may use the discriminator.
        """
        discriminator = self.discriminator
        run = _pure(discriminator, loss)

        def total(*at):
            (total, parts), state = run(*at)
            return total, (parts, state)

        differentiate = jax.value_and_grad(total, argnums=len(picture), has_aux=True)
        weights = _values(discriminator.trainable_variables)
        (_, (parts, state)), slope = differentiate(weights, *picture)
        _assign(discriminator.non_trainable_variables, state)
        return parts, slope


def _pure(network, function):
    """Make a function that uses a network one of its weights, which returns the state too."""
    state = network.non_trainable_variables
    before = _values(state)

    def run(weights, *arguments):
        now = [*zip(network.trainable_variables, weights, strict=True)]
        with keras.StatelessScope([*now, *zip(state, before, strict=True)]) as scope:
            result = function(*arguments)
        return result, [scope.get_current_value(variable) for variable in state]

    return run


def _values(variables):
    return [variable.value for variable in variables]


def _assign(variables, values):
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
