"""What to install when a module is missing: the extra that brings it, and the package."""

import importlib.util

PACKAGES = {
    "cpu": "tensorflow",
    "jax": "jax",
    "web": "flask flask-limiter hypercorn a2wsgi cachetools prometheus-client pillow-heif psutil",
    "tuning": "optuna filelock",
    "postgres": "'psycopg[binary]'",
    "heic": "pillow-heif",
    "raw": "rawpy",
    "onnx": "onnxruntime",
    "export": "onnx onnxruntime",
    "notebooks": "jupyterlab ipykernel ipywidgets nbclient",
}
"""What an extra brings, for those who have the library from elsewhere than a clone."""

EXTRAS = {
    "tensorflow": "cpu",
    "jax": "jax",
    "flask": "web",
    "flask_limiter": "web",
    "limits": "web",
    "werkzeug": "web",
    "markupsafe": "web",
    "hypercorn": "web",
    "a2wsgi": "web",
    "cachetools": "web",
    "prometheus_client": "web",
    "pillow_heif": "heic",
    "rawpy": "raw",
    "optuna": "tuning",
    "filelock": "tuning",
    "sqlalchemy": "tuning",
    "psycopg": "postgres",
    "onnxruntime": "onnx",
    "onnx": "export",
    "psutil": "web",
    "ipywidgets": "notebooks",
    "IPython": "notebooks",
}
"""Which extra brings a module."""


def missing_module(error: BaseException | None) -> str | None:
    """Name the module that was not found, if that is what an exception is about or comes from."""
    while error is not None:
        if isinstance(error, ModuleNotFoundError) and error.name:
            return error.name.partition(".")[0]
        error = error.__cause__ or error.__context__
    return None


def explain(error: BaseException) -> str | None:
    """Say in one line what to install after a failed import; None if it is not for us to say.

    Parameters
    ----------
    error : Exception
        What was raised, or what was raised because of it.

    Examples
    --------
    >>> explain(ModuleNotFoundError(name="filelock"))
    "filelock is not installed. The extra tuning brings it (in a clone: pip install -e '.[tuning]'),
    or pip install optuna filelock"
    """
    module = missing_module(error)
    if module not in EXTRAS:
        return None
    extra = EXTRAS[module]
    return (
        f"{module} is not installed. The extra {extra} brings it (in a clone: pip install -e "
        f"'.[{extra}]'), or pip install {PACKAGES[extra]}{_other_backend(module)}"
    )


def _other_backend(module: str) -> str:
    """Mention the backend that is there, where the other one is missing."""
    other = {"tensorflow": "jax", "jax": "tensorflow"}.get(module)
    if other is None or importlib.util.find_spec(other) is None:
        return ""
    return f"; or let Keras run on {other}, which is here: set KERAS_BACKEND={other}"
