"""What to install when a module is missing: the extra that brings it, and the package."""

EXTRAS = {
    "tensorflow": ("cpu", "tensorflow"),
    "jax": ("jax", "jax"),
    "flask": ("web", "flask"),
    "flask_limiter": ("web", "flask-limiter"),
    "limits": ("web", "flask-limiter"),
    "werkzeug": ("web", "flask"),
    "waitress": ("web", "waitress"),
    "prometheus_client": ("web", "prometheus-client"),
    "pillow_heif": ("web", "pillow-heif"),
    "optuna": ("tuning", "optuna"),
    "filelock": ("tuning", "filelock"),
    "sqlalchemy": ("tuning", "optuna"),
    "onnxruntime": ("onnx", "onnxruntime"),
    "onnx": ("export", "onnx"),
    "psutil": ("web", "psutil"),
    "ipywidgets": ("notebooks", "ipywidgets"),
}

DRIVERS = {
    "psycopg2": "pip install 'psycopg[binary]', and begin the URL with postgresql+psycopg://",
    "psycopg": "pip install 'psycopg[binary]'",
    "MySQLdb": "pip install pymysql, and begin the URL with mysql+pymysql://",
    "pymysql": "pip install pymysql",
    "mariadb": "pip install mariadb",
}
"""What brings the database drivers that SQLAlchemy looks for, by their module."""


def explain(error: BaseException) -> str | None:
    """Say in one line what to install after a failed import; None if we do not know the module.

    Parameters
    ----------
    error : Exception
        What was raised, or what was raised because of it.
    """
    while error is not None and not getattr(error, "name", None):
        error = error.__cause__ or error.__context__
    if not isinstance(error, ModuleNotFoundError):
        return None
    module = error.name.partition(".")[0]
    if module in DRIVERS:
        return f"the database driver {module} is not installed: {DRIVERS[module]}"
    if module not in EXTRAS:
        return None
    extra, package = EXTRAS[module]
    backend = _other_backend(module)
    return (
        f"{module} is not installed. The extra {extra} brings it (in a clone: pip install -e "
        f"'.[{extra}]'), or pip install {package}{backend}"
    )


def _other_backend(module):
    """Mention the backend that is there, where the other one is missing."""
    import importlib.util

    other = {"tensorflow": "jax", "jax": "tensorflow"}.get(module)
    if other is None or importlib.util.find_spec(other) is None:
        return ""
    return f"; or let Keras run on {other}, which is here: set KERAS_BACKEND={other}"
