"""The queue of a sweep's trials: an Optuna study in a database that processes may share.

Optuna keeps the trials' states and sees to it that each is given to one process. A trial that waits
has its recipe in its user attributes. The one rule of ours: a recipe that has no trial that waits,
runs or is complete gets a new one. It starts a sweep, and it resumes one, because trials whose
process was killed fail when their heartbeat has been silent for the grace period.
"""

import contextlib
import json
import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from lowlight_utils.console import first_line
from lowlight_utils.extras import DRIVERS, explain, missing_module
from lowlight_utils.training.recipes import Recipe

try:
    import optuna
    from filelock import FileLock
    from optuna.trial import TrialState
    from sqlalchemy import event
    from sqlalchemy.exc import SQLAlchemyError
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(explain(error) or str(error)) from error

DATABASE_ERRORS = (optuna.exceptions.StorageInternalError, SQLAlchemyError)
LIVE = (TrialState.WAITING, TrialState.RUNNING, TrialState.COMPLETE)
TUNED = ("lambda_l1", "adversarial", "generator_lr", "discriminator_lr", "seed")
"""Fields of a recipe that Optuna is told of as parameters, for its own plots and dashboard."""


def open_study(name: str, storage: str, grace: int, about: Mapping[str, object]):
    """Open a study, or make it.

    Parameters
    ----------
    name : str
        The study's name in the database.
    storage : str
        The database's URL, as SQLAlchemy has them, such as sqlite:///study.db.
    grace : int
        Seconds of silence after which a trial's process is held to be dead.
    about : mapping
        What all trials have in common, such as the data; it must be the same each time.

    Raises
    ------
    ValueError
        The database cannot be opened, or its study is about something else.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    sqlite = storage.startswith("sqlite")
    try:
        with _quiet():
            database = optuna.storages.RDBStorage(
                storage,
                engine_kwargs={"connect_args": {"timeout": 60}} if sqlite else None,
                heartbeat_interval=max(1, grace // 4),
                grace_period=grace,
            )
    except Exception as error:  # SQLAlchemy, the driver and Optuna each have their own
        shown = re.sub(r"(://[^/@]*:)[^@]*@", r"\1***@", storage)  # no password in a log
        if driver := missing_module(error):
            remedy = DRIVERS.get(driver, f"pip install {driver}")
            raise ValueError(
                f"The storage {shown} needs the database driver {driver}, which is not installed:"
                f" {remedy}."
            ) from error
        raise ValueError(
            f"The storage {shown} cannot be opened ({first_line(error)}): make room if its disk is "
            "full, or give a database's URL, such as sqlite:////full/path/study.db."
        ) from error
    if sqlite:
        _lock_before_reading(database.engine)
    study = optuna.create_study(
        study_name=name, storage=database, direction="maximize", load_if_exists=True
    )
    for key, value in about.items():
        kept = study.user_attrs.get(key, value)
        if kept != value:
            raise ValueError(
                f"The study {name!r} in {storage} has {key} {kept!r}, and here it is {value!r}: "
                "use what it began with, or another name or folder."
            )
        study.set_user_attr(key, value)
    return study


def require_same_recipes(study, recipes: Sequence[Recipe]) -> None:
    """Raise ValueError if the study holds another recipe of the same name as one of `recipes`."""
    kept = {trial.user_attrs["name"]: trial.user_attrs["recipe"] for trial in _trials(study)}
    for recipe in recipes:
        there, here = kept.get(recipe.name), asdict(recipe)
        if there is not None and Recipe.from_json(json.dumps(there)) != recipe:
            differing = [
                f"{key}: {there.get(key)} there, {value} here"
                for key, value in here.items()
                if there.get(key) != value
            ]
            raise ValueError(
                f"The study {study.study_name!r} holds another {recipe.name} "
                f"(it differs in {'; '.join(differing)}): use the recipes that it began with, or "
                "another name or folder."
            )


def enqueue_missing(study, recipes: Sequence[Recipe]) -> None:
    """Put those recipes into the queue that have no trial that waits, runs or is complete."""
    with _quiet():
        optuna.storages.fail_stale_trials(study)
    present = {trial.user_attrs["name"] for trial in _trials(study, LIVE)}
    for recipe in recipes:
        if recipe.name not in present:
            values = asdict(recipe)
            study.enqueue_trial(
                {key: values[key] for key in TUNED if key in values},
                user_attrs={"name": recipe.name, "recipe": values},
            )


def run_next(study, run) -> None:
    """Take one waiting trial, if there still is one, and run it.

    Parameters
    ----------
    study : optuna.Study
    run : callable
        From a `Recipe` to the row of results; its "psnr" becomes the trial's value.

    Raises
    ------
    Exception
        Whatever `run` raises; the trial has then failed, and can be queued again.
    """
    measured = False

    def objective(trial):
        nonlocal measured
        name = trial.user_attrs.get("name")
        # Another process was quicker, and Optuna made up a trial; or two processes queued the same
        # recipe at the same moment, and the earlier trial is the one that counts.
        if name is None or trial.number > min(
            other.number for other in _trials(study, LIVE) if other.user_attrs["name"] == name
        ):
            raise optuna.TrialPruned
        recipe = Recipe.from_json(json.dumps(trial.user_attrs["recipe"]))
        for key in TUNED:
            _suggest(trial, key, trial.user_attrs["recipe"].get(key))
        row = run(recipe)
        measured = True
        trial.set_user_attr("row", row)
        return row["psnr"]

    try:
        study.optimize(objective, n_trials=1)
    except (ValueError, optuna.exceptions.UpdateFinishedTrialError):
        # This process was silent for so long that another has taken the trial over. It finds the
        # results in the trial's folder.
        if not measured:
            raise


def states(study, names: Sequence[str]) -> dict[str, str]:
    """Say for each name how its trial stands: "waiting", "running", "complete", or "missing"."""
    found = dict.fromkeys(names, "missing")
    for trial in reversed(_trials(study, LIVE)):  # of several, the earliest counts
        if trial.user_attrs["name"] in found:
            found[trial.user_attrs["name"]] = trial.state.name.lower()
    return found


def database_problem(error: BaseException) -> str | None:
    """Say in a line what is wrong with the database, if an error comes from that.

    Optuna trips over its own assertion when it cannot write down that a trial failed.
    """
    problem = None
    while error is not None:
        if isinstance(error, DATABASE_ERRORS):
            problem = f"the database: {first_line(error)}"
        error = error.__cause__ or error.__context__
    return problem


def rows(study) -> list[dict]:
    """Return the rows of the complete trials, in the order in which they were first queued."""
    order, done = [], {}
    for trial in _trials(study):
        name = trial.user_attrs["name"]
        order.append(name)
        if trial.state == TrialState.COMPLETE:
            done.setdefault(name, trial.user_attrs["row"])
    return [done[name] for name in dict.fromkeys(order) if name in done]


def _trials(study, states=None):
    """List the trials that have a recipe, by number."""
    trials = study.get_trials(deepcopy=False, states=states)
    return [trial for trial in trials if "name" in trial.user_attrs]


def _suggest(trial, key, value):
    """Tell Optuna a parameter that the queue has fixed; the ranges hold all that a recipe may."""
    if key == "seed":
        trial.suggest_int(key, 0, 2**32)
    elif value is not None:
        trial.suggest_float(key, 0.0, max(1e6, value))


def _lock_before_reading(engine):
    """Make SQLite's transactions begin with the lock for writing.

    Python's driver begins one only at the first write, after Optuna has read that a trial still
    waits: two processes could then both take it. See "Serializable isolation" in SQLAlchemy's page
    on SQLite.
    """

    @event.listens_for(engine, "connect")
    def leave_transactions_to_us(connection, _):
        connection.isolation_level = None

    @event.listens_for(engine, "begin")
    def begin(connection):
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    engine.dispose()  # connections from before


@contextlib.contextmanager
def _quiet():
    """Without the warning that heartbeats are experimental: they have been since 2021."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        yield


def lock(path: str | Path) -> FileLock:
    """Return a lock that is held by one process at a time and ends with it, however it ends."""
    return FileLock(path)


def sqlite_url(path: str | Path) -> str:
    """Return the URL of an SQLite file."""
    return f"sqlite:///{Path(path).resolve()}"
