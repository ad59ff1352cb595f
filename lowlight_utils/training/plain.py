"""The training step as others write it, to hold ours against: in TensorFlow, and in PyTorch."""

import multiprocessing
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np

from lowlight_utils.machine import cores
from lowlight_utils.recipe import Recipe


def tensorflow_steps(recipe: Recipe, low: np.ndarray, high: np.ndarray) -> Callable[[int], float]:
    """Return a function that takes some steps as the public pix2pix tutorial does, and times one.

    One forward pass through both networks, both gradients from it, float32, Adam as Keras runs it.
    """
    import tensorflow as tf

    from lowlight_utils.models import patchgan_discriminator, unet_generator

    generator = unet_generator(width=recipe.width)
    discriminator = patchgan_discriminator(width=recipe.discriminator_width)
    cross_entropy = tf.keras.losses.BinaryCrossentropy(from_logits=True)
    generator_optimizer = tf.keras.optimizers.Adam(recipe.generator_lr, beta_1=recipe.beta_1)
    discriminator_optimizer = tf.keras.optimizers.Adam(
        recipe.discriminator_lr, beta_1=recipe.beta_1
    )

    @tf.function
    def step(low: tf.Tensor, high: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as generator_tape, tf.GradientTape() as discriminator_tape:
            fake = generator(low, training=True)
            real_logits = discriminator([low, high], training=True)
            fake_logits = discriminator([low, fake], training=True)
            adversarial = cross_entropy(tf.ones_like(fake_logits), fake_logits)
            total = adversarial + recipe.lambda_l1 * tf.reduce_mean(tf.abs(high - fake))
            real_loss = cross_entropy(tf.ones_like(real_logits), real_logits)
            fake_loss = cross_entropy(tf.zeros_like(fake_logits), fake_logits)
            both = real_loss + fake_loss
        generator_optimizer.apply_gradients(
            zip(
                generator_tape.gradient(total, generator.trainable_variables),
                generator.trainable_variables,
                strict=True,
            )
        )
        discriminator_optimizer.apply_gradients(
            zip(
                discriminator_tape.gradient(both, discriminator.trainable_variables),
                discriminator.trainable_variables,
                strict=True,
            )
        )
        return total

    batch = tf.constant(low), tf.constant(high)
    return _timed(lambda: step(*batch))


def pytorch_steps(
    recipe: Recipe, low: np.ndarray, high: np.ndarray, bfloat16: bool = False
) -> Callable[[int], float]:
    """Return the same in PyTorch, channels last, as the authors of pix2pix write it for it.

    The discriminator's step is on the detached picture, and the generator's answers to the updated
    discriminator, as ours does. PyTorch refuses batch norm on the one pixel inmost, so it has none.
    """
    import torch
    from torch.nn.functional import binary_cross_entropy_with_logits, l1_loss

    torch.set_num_threads(cores())
    device = "cuda" if torch.cuda.is_available() else "cpu"
    low, high = (
        torch.from_numpy(x).to(device).permute(0, 3, 1, 2).contiguous(
            memory_format=torch.channels_last
        )
        for x in (low, high)
    )  # fmt: skip
    generator, discriminator = (
        network.to(device, memory_format=torch.channels_last).train()
        for network in pytorch_networks(recipe)
    )
    optimizers = [
        torch.optim.Adam(network.parameters(), rate, betas=(recipe.beta_1, recipe.beta_2))
        for network, rate in (
            (generator, recipe.generator_lr),
            (discriminator, recipe.discriminator_lr),
        )
    ]

    def entropy(logits: torch.Tensor, real: bool) -> torch.Tensor:
        wanted = torch.ones_like(logits) if real else torch.zeros_like(logits)
        return binary_cross_entropy_with_logits(logits, wanted)

    def step() -> torch.Tensor:
        with torch.autocast(device, torch.bfloat16, enabled=bfloat16):
            fake = generator(low)
            discriminator.requires_grad_(True)
            verdicts = [discriminator(torch.cat([low, x], 1)) for x in (high, fake.detach())]
            judged = entropy(verdicts[0].float(), True) + entropy(verdicts[1].float(), False)
        optimizers[1].zero_grad()
        (0.5 * judged).backward()
        optimizers[1].step()
        discriminator.requires_grad_(False)
        with torch.autocast(device, torch.bfloat16, enabled=bfloat16):
            verdict = discriminator(torch.cat([low, fake], 1))
            total = entropy(verdict.float(), True) + recipe.lambda_l1 * l1_loss(fake.float(), high)
        optimizers[0].zero_grad()
        total.backward()
        optimizers[0].step()
        return total.detach()

    return _timed(step)


def pytorch_apart(*what: Any) -> Callable[[int], float]:
    """Return the same as `pytorch_steps`, from a process of its own.

    TensorFlow and PyTorch bring two builds of the same libraries, and may crash in one process. The
    steps still take turns with others: the process waits while it is not asked.
    """
    worker = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), _prepare, what)
    return lambda count: worker.submit(_ask, count).result()


_steps: Callable[[int], float]  # in that process


def _prepare(*what: Any) -> None:
    global _steps
    _steps = pytorch_steps(*what)


def _ask(count: int) -> float:
    return _steps(count)


def pytorch_networks(recipe: Recipe) -> tuple:
    """Build the seed recipe's two networks in PyTorch, at a recipe's widths."""
    import torch
    from torch import nn

    widths = [recipe.width * min(2**level, 8) for level in range(recipe.depth)]

    class UNet(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.down, self.up = nn.ModuleList(), nn.ModuleList()
            for level, (before, after) in enumerate(pairwise([3, *widths])):
                norm = [nn.BatchNorm2d(after)] if 0 < level < recipe.depth - 1 else []
                convolution = nn.Conv2d(before, after, 4, 2, 1, bias=False)
                self.down.append(nn.Sequential(convolution, *norm, nn.LeakyReLU(0.3)))
            before = widths[-1]
            for level, after in enumerate(reversed(widths[:-1])):
                drop = [nn.Dropout(recipe.dropout)] if level < 3 else []
                convolution = nn.ConvTranspose2d(before, after, 4, 2, 1, bias=False)
                block = convolution, nn.BatchNorm2d(after), *drop, nn.ReLU()
                self.up.append(nn.Sequential(*block))
                before = 2 * after
            self.last = nn.Sequential(nn.ConvTranspose2d(before, 3, 4, 2, 1), nn.Tanh())

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            skips = []
            for block in self.down:
                x = block(x)
                skips.append(x)
            for block, skip in zip(self.up, reversed(skips[:-1]), strict=True):
                x = torch.cat([block(x), skip], 1)
            return self.last(x)

    blocks, before = [], 6
    for level, after in enumerate(recipe.discriminator_width * factor for factor in (1, 2, 4, 8)):
        norm = [nn.BatchNorm2d(after)] if level else []
        stride = 1 if level == 3 else 2
        blocks += [nn.Conv2d(before, after, 4, stride, 1, bias=False), *norm, nn.LeakyReLU(0.3)]
        before = after
    return UNet(), nn.Sequential(*blocks, nn.Conv2d(before, 1, 4, 1, 1))


def _timed(step: Callable) -> Callable[[int], float]:
    def time_steps(count: int) -> float:
        float(step())
        started = time.perf_counter()
        for _ in range(count):
            total = step()
        float(total)  # a graphics card runs ahead: wait for it
        return (time.perf_counter() - started) / count

    return time_steps
