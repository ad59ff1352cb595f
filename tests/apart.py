"""For tests that start processes of their own: ``from apart import ON_JAX, die_with_parent``."""

import ctypes
import signal
import sys

# That JAX compiles quickly matters more to a test than that it then runs fast.
ON_JAX = {"KERAS_BACKEND": "jax", "XLA_FLAGS": "--xla_backend_optimization_level=0"}


def die_with_parent():
    """Have this process killed when the one that started it ends, however that ends.

    Only on Linux. A process that is stopped could not see to it itself.
    """
    if sys.platform == "linux":
        set_parent_death_signal = 1
        ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)
