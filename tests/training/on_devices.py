"""Train on four devices that are one CPU, on JAX: on_devices.py FOLDER.

FOLDER gets what test_devices.py looks at: found.json, and a folder a run. See there.
"""

import json
import sys
from pathlib import Path

import jax
import keras
import numpy as np
import tensorflow as tf
from small import SMALL, arrays, largest_difference, small_batch, small_gan, small_splits

from lowlight_utils.data.batches import PairBatches
from lowlight_utils.data.resident import ResidentBatches
from lowlight_utils.training import train
from lowlight_utils.training.devices import several
from lowlight_utils.training.tensorflow_step import TrainStep as TensorFlowStep

RECIPE = SMALL.but(batch_size=4, epochs=2)


class Stop(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        self.model.stop_training = True


class Count(keras.callbacks.Callback):
    calls = 0

    def on_train_batch_end(self, batch, logs=None):
        self.calls += 1


def changes_of_a_step(devices, batch):
    """What one step of plain descent, on batch norm and without chance, adds to every variable."""
    with several(devices, 4):
        gan = small_gan()
    before = arrays(gan.variables)
    losses = gan.train_on_batch(*small_batch(batch), return_dict=True)
    after = arrays(gan.variables)
    shards = {len(variable.value.sharding.device_set) for variable in gan.trainable_variables}
    return [b - a for a, b in zip(before, after, strict=True)], losses, shards


def steps_on_four_devices(found):
    for batch in (4, 6):  # the latter cannot be shared out
        one, one_losses, _ = changes_of_a_step(1, batch)
        four, four_losses, shards = changes_of_a_step("all", batch)
        found[f"difference_of_{batch}"] = largest_difference(four, one)
        found[f"losses_of_{batch}"] = [one_losses, four_losses]
        found["devices_of_a_weight"] = list(shards)


def runs(folder, found):
    """Unbroken on one device; and begun on four, gone on with two, some steps a call."""
    splits = small_splits(train=8)
    train(RECIPE, splits, folder / "one", verbose=0)
    train(RECIPE, splits, folder / "several", verbose=0, devices=4, callbacks=[Stop()])
    found["epochs_on_four"] = json.loads((folder / "several/progress.json").read_text())["epoch"]
    count = Count()
    train(
        RECIPE, splits, folder / "several", resume=True, verbose=0, callbacks=[count],
        devices=2, steps_per_execution=2,
    )  # fmt: skip
    found["calls_on_two"] = count.calls


def what_a_call_holds(found):
    """Look at the program of three steps a call, without running it."""
    gan = small_gan(dropout=0.3)
    held = ResidentBatches(PairBatches(small_splits(train=6).train, batch_size=2), 3)
    gan.hold(held)
    state = gan._get_jax_state(
        trainable_variables=True,
        non_trainable_variables=True,
        optimizer_variables=True,
        metrics_variables=True,
    )
    program = jax.make_jaxpr(gan.train_step)(state, (gan.pixels, *held[0]))
    found["primitives"] = sorted({each.primitive.name for each in inner(program.jaxpr)})
    found["loops"] = [
        each.params["length"] for each in program.jaxpr.eqns if each.primitive.name == "scan"
    ]
    found["bytes_in_the_program"] = sum(np.asarray(x).nbytes for x in program.consts)
    found["bytes_sent"] = sum(array.nbytes for array in held[0])


def inner(jaxpr):
    """All instructions of a program, those of its loops and functions among them."""
    for each in jaxpr.eqns:
        yield each
        for parameter in jax.tree.leaves(
            list(each.params.values()), is_leaf=lambda x: hasattr(x, "eqns") or hasattr(x, "jaxpr")
        ):
            parameter = getattr(parameter, "jaxpr", parameter)
            if hasattr(parameter, "eqns"):
                yield from inner(parameter)


def loss_scaling(found):
    """Let the discriminator's scale be too large, and then take a step with a fit one."""
    gan = small_gan(dtype="mixed_float16")
    scale = gan.discriminator_optimizer.dynamic_scale
    scale.assign(1e30)
    for name in ("too_large", "fit"):
        before = [arrays(x.trainable_weights) for x in (gan.discriminator, gan.generator)]
        gan.train_on_batch(*small_batch())
        after = [arrays(x.trainable_weights) for x in (gan.discriminator, gan.generator)]
        found[f"moved_{name}"] = [
            any((a != b).any() for a, b in zip(*pair, strict=True))
            for pair in zip(before, after, strict=True)
        ]
        found[f"scale_{name}"] = float(scale)
        scale.assign(2.0**10)


def refusals(found):
    def said(function, *arguments):
        try:
            function(*arguments)
        except ValueError as error:
            return str(error)

    found["batch_of_6"] = said(several, "all", 6)
    found["five_devices"] = said(several, 5, 10)
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    with tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope():
        found["mirrored"] = said(TensorFlowStep().prepare_step)


if __name__ == "__main__":
    folder, found = Path(sys.argv[1]), {"devices": jax.device_count()}
    refusals(found)
    steps_on_four_devices(found)
    runs(folder, found)
    what_a_call_holds(found)
    loss_scaling(found)
    (folder / "found.json").write_text(json.dumps(found, default=float))
