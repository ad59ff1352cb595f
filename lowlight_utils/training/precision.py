"""Which number format trains fastest on the machine at hand."""

from pathlib import Path

import keras


def choose_dtype() -> str:
    """Return the Keras dtype policy that trains fastest here: "mixed_bfloat16" or "float32".

    bfloat16 halves the time of a step on processors that compute with it, and multiplies it by ten
    on those that only imitate it. Known to compute with it are Nvidia's cards from Ampere on, and
    the CPUs that Linux says so of; all others train in float32.
    """
    capabilities = _graphics_cards()
    if capabilities:
        return "mixed_bfloat16" if min(capabilities) >= (8, 0) else "float32"
    try:
        flags = set(Path("/proc/cpuinfo").read_text(encoding="utf-8").split())
    except OSError:  # not Linux
        flags = set()
    return "mixed_bfloat16" if flags & {"avx512_bf16", "amx_bf16"} else "float32"


def _graphics_cards() -> list[tuple[int, ...]]:
    """List the compute capabilities of the graphics cards that the backend sees."""
    if keras.backend.backend() == "jax":
        import jax

        cards = [device for device in jax.devices() if device.platform == "gpu"]
        return [tuple(map(int, card.compute_capability.split("."))) for card in cards]
    import tensorflow as tf

    cards = tf.config.list_physical_devices("GPU")
    details = [tf.config.experimental.get_device_details(card) for card in cards]
    return [detail.get("compute_capability", (0, 0)) for detail in details]
