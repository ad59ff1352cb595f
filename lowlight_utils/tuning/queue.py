"""The queue of a sweep's trials: an Optuna study in a database that processes may share.

Optuna keeps the trials' states, gives each trial to one process, notices by a heartbeat when that
process is gone, and queues the trial again. A trial's name and recipe are its user attributes. What
came out of it is in its folder, and nowhere else.
"""

import json
import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from lowlight_utils.console import first_line
from lowlight_utils.extras import explain
from lowlight_utils.training.recipes import Recipe

try:
    import optuna
    from optuna.storages import RDBStorage, RetryHeartbeatStaleTrialCallback
    from optuna.trial import FrozenTrial, Trial, TrialState
    from sqlalchemy.exc import SQLAlchemyError
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(explain(error) or str(error)) from error

DATABASE_ERRORS = (optuna.exceptions.StorageInternalError, SQLAlchemyError)
optuna.logging.set_verbosity(optuna.logging.ERROR)


def quiet() -> warnings.catch_warnings:
    """Hold back the warning that heartbeats are experimental: they have been since 2021."""
    return warnings.catch_warnings(action="ignore", category=optuna.exceptions.ExperimentalWarning)


def open_study(
    name: str, storage: str, grace: int, about: Mapping[str, object], warmup: int | None = None
) -> optuna.Study:
    """Open a study, or make it; see `run_sweep`.

    Parameters
    ----------
    name, storage, grace
        Those of `run_sweep`.
    about : mapping
        What all trials have in common, such as the data; it must be the same each time.
    warmup : int, optional
        Prune trials that, after so many epochs or later, have not once been as good as the median
        of the others was at that epoch. By default none is pruned.

    Raises
    ------
    ValueError
        The database cannot be opened, or its study is about something else.
    """
    try:
        with quiet():
            database = RDBStorage(
                storage,
                {"connect_args": {"timeout": 60}} if storage.startswith("sqlite") else None,
                heartbeat_interval=max(1, grace // 4),
                grace_period=grace,
                heartbeat_stale_trial_callback=_retry,
            )
    except Exception as error:  # SQLAlchemy, the driver and Optuna each have their own
        shown = re.sub(r"(://[^/@]*:)[^@]*@", r"\1***@", storage)  # no password in a log
        raise ValueError(
            f"The storage {shown} cannot be opened ({explain(error) or first_line(error)}): make "
            "room if its disk is full, or give a database's URL, such as "
            "sqlite:////full/path/study.db or postgresql+psycopg://user@host/database."
        ) from error
    pruners = optuna.pruners
    study = optuna.create_study(
        study_name=name,
        storage=database,
        pruner=pruners.NopPruner() if warmup is None else pruners.MedianPruner(5, warmup),
        direction="maximize",
        load_if_exists=True,
    )
    for key, value in about.items():
        if (kept := study.user_attrs.get(key, value)) != value:
            raise ValueError(
                f"The study {name!r} in {storage} has {key} {kept!r}, and here it is {value!r}: "
                "use what it began with, or another name or folder."
            )
        study.set_user_attr(key, value)
    return study


def enqueue(study: optuna.Study, recipes: Sequence[Recipe]) -> None:
    """Queue the recipes that the study does not know, and those whose last trial failed.

    Raises
    ------
    ValueError
        The study holds another recipe of the same name as one of `recipes`.
    """
    last = last_trials(study)
    for recipe in recipes:
        if recipe.name in last and (other := recipe.differences(recipe_of(last[recipe.name]))):
            raise ValueError(
                f"The study {study.study_name!r} holds another {recipe.name} (it differs in "
                f"{other}): use the recipes that it began with, or another name or folder."
            )
    for recipe in recipes:
        if recipe.name in last and last[recipe.name].state == TrialState.FAIL:
            _retry(study, last[recipe.name])
        about = {"name": recipe.name, "recipe": asdict(recipe)}
        study.enqueue_trial({"name": recipe.name}, about, skip_if_exists=True)


def states(study: optuna.Study, names: Sequence[str]) -> dict[str, str]:
    """Say how each trial stands: "waiting", "running", "complete", "pruned" or "fail".

    Trials whose process has been silent for too long are queued again.
    """
    with quiet():
        optuna.storages.fail_stale_trials(study)
    last = last_trials(study)
    return {name: last[name].state.name.lower() for name in names}


def last_trials(study: optuna.Study) -> dict[str, FrozenTrial]:
    """Return the last trial of each name, in the order in which the names were first queued."""
    trials = study.get_trials(deepcopy=False)
    return {t.user_attrs["name"]: t for t in trials if "name" in t.user_attrs}


def recipe_of(trial: Trial | FrozenTrial) -> Recipe:
    """Return the recipe that a trial was queued with."""
    return Recipe.from_json(json.dumps(trial.user_attrs["recipe"]))


def database_problem(error: BaseException | None) -> str | None:
    """Say in a line what is wrong with the database, if an error comes from that.

    Optuna trips over its own assertion when it cannot write down that a trial failed.
    """
    problem = None
    while error is not None:
        if isinstance(error, DATABASE_ERRORS):
            problem = f"the database: {first_line(error)}"
        error = error.__cause__ or error.__context__
    return problem


def _retry(study: optuna.Study, trial: FrozenTrial) -> None:
    """Queue a trial again, with the values that it had and what it has reported."""
    with quiet():
        RetryHeartbeatStaleTrialCallback(inherit_intermediate_values=True)(study, trial)
