"""The gradients of a step in JAX, which compiles and differentiates pure functions only."""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import keras
from jax.sharding import AbstractMesh, Mesh, NamedSharding, PartitionSpec

from lowlight_utils.data.resident import ResidentBatches, look

Adam = keras.optimizers.Adam


class TrainStep(keras.Model):
    """The gradients that `ConditionalGAN.take_step` follows, on the JAX backend.

    Keras hands the step every variable's value and takes the new values back; while a
    `keras.StatelessScope` is open, variables have the values that it was given or that were
    assigned since.
    """

    compile_whole_step = True
    mesh: Mesh | AbstractMesh | None = None  # of several devices
    train_function: Any  # Keras's: what it calls for each batch
    pixels: tuple[jax.Array, jax.Array] | None = None  # of the pictures on the device

    def prepare_step(self) -> None:
        """See which devices the weights are on."""
        place = self.trainable_variables[0].value.sharding
        self.mesh = place.mesh if isinstance(place, NamedSharding) else None

    def hold(self, batches: ResidentBatches | None) -> None:
        """Put pictures on the device, for a `fit` on these batches; with None, take them away."""
        self.pixels = self.train_function = None
        if batches is not None:
            place = NamedSharding(self.mesh, PartitionSpec()) if self.mesh else None
            self.pixels = jax.device_put((batches.low, batches.high), place)
            self.seen_shape = batches.shape

    def make_train_function(self, force: bool = False) -> None:
        """Compile the step, or many in one call with the pictures on the device as arguments."""
        if self.train_function is not None and not force:
            return
        super().make_train_function(force)
        if self.pixels is not None:
            step = self.train_function
            self.train_function = lambda state, iterator: step(
                state, iter([(self.pixels, *next(iterator))])
            )

    def train_step(self, state: tuple, data: tuple) -> tuple[dict, tuple]:
        """Take a step on a batch; or, with pictures on the device, one after each draw of them."""
        if self.pixels is None:
            return self.one_step(state, data)
        (low, high), draws, lambdas = data

        def step(state: tuple, now: tuple) -> tuple[tuple, dict]:
            draw, told = map(self.share, now)
            given = look(low, draw, self.seen_shape)
            given = [given, told] if len(self.generator.inputs) > 1 else given
            losses, state = self.one_step(state, (given, look(high, draw, self.seen_shape)))
            return state, losses

        along = jax.numpy.swapaxes(draws, 0, 1), jax.numpy.swapaxes(lambdas, 0, 1)
        state, losses = jax.lax.scan(step, state, along)
        return {name: values[-1] for name, values in losses.items()}, state

    def one_step(self, state: tuple, data: tuple) -> tuple[dict, tuple]:
        """Take a step from the variables' values; return the losses and the new values."""
        groups = (
            self.trainable_variables,
            self.non_trainable_variables,
            self.optimizer.variables,
            self.metrics_variables,
        )
        now = [pair for both in zip(groups, state, strict=True) for pair in zip(*both, strict=True)]
        with keras.StatelessScope(now) as scope:
            losses = self.take_step(self.share(data))
        new = tuple([scope.get_current_value(x) for x in group] for group in groups)
        return losses, self.share(new, whole=True)

    def share(self, arrays: tuple, whole: bool = False) -> tuple:
        """Share out arrays among several devices, by their first axis; or give each the whole."""
        mesh = self.mesh
        if mesh is None:
            return arrays

        def place(array: jax.Array) -> jax.Array:
            shared = not whole and array.shape[0] % mesh.size == 0
            axes = PartitionSpec(mesh.axis_names) if shared else PartitionSpec()
            return jax.lax.with_sharding_constraint(array, NamedSharding(mesh, axes))

        return jax.tree.map(place, arrays)

    def update(self, optimizer: keras.Optimizer, gradient: list, weights: list) -> None:
        """Let an optimizer change weights by their gradient."""
        if not isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
            optimizer.apply(gradient, weights)
            return
        # Whether the gradient is finite decides within the step: the values are handed over.
        new = optimizer.stateless_apply(_values(optimizer.variables), gradient, _values(weights))
        _assign(weights, new[0])
        _assign(optimizer.variables, new[1])

    def generate(self, given: jax.Array | list) -> tuple[jax.Array, Callable]:
        """Return what the generator makes, and its backward pass: from gradient to gradients."""
        generator = self.generator
        run = _pure(generator, lambda: generator(given, training=True))
        fake, backward, state = jax.vjp(run, _values(generator.trainable_variables), has_aux=True)
        _assign(generator.non_trainable_variables, state)
        return fake, lambda gradient: backward(gradient)[0]

    def gradient(self, loss: Callable, *picture: jax.Array) -> tuple[dict, jax.Array | list]:
        """Return a loss's parts and its gradient, at a picture or the discriminator's weights.

        The loss is what `judge` or `blame` returns; it may use the discriminator.
        """
        discriminator = self.discriminator
        run = _pure(discriminator, loss)

        def total(*at: jax.Array) -> tuple[jax.Array, tuple]:
            (total, parts), state = run(*at)
            return total, (parts, state)

        differentiate = jax.value_and_grad(total, argnums=len(picture), has_aux=True)
        weights = _values(discriminator.trainable_variables)
        (_, (parts, state)), gradient = differentiate(weights, *picture)
        _assign(discriminator.non_trainable_variables, state)
        return parts, gradient


def _pure(network: keras.Model, function: Callable) -> Callable:
    """Make a function that uses a network one of its weights, which returns the state too."""
    state = network.non_trainable_variables
    before = _values(state)

    def run(weights: list[jax.Array], *arguments: jax.Array) -> tuple[Any, list[jax.Array]]:
        now = [*zip(network.trainable_variables, weights, strict=True)]
        with keras.StatelessScope([*now, *zip(state, before, strict=True)]) as scope:
            result = function(*arguments)
        return result, [scope.get_current_value(variable) for variable in state]

    return run


def _values(variables: Sequence[keras.Variable]) -> list[jax.Array]:
    return [variable.value for variable in variables]


def _assign(variables: Sequence[keras.Variable], values: Sequence[jax.Array]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
