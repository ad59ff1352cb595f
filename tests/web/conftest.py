"""A small generator behind the page: real, but quick to build and to run."""

import numpy as np
import pytest
from waiting import PATIENCE

from lowlight_utils.web import Pipeline, Settings, create_app
from lowlight_utils.web import worker as worker_module

worker_module.START_SECONDS = PATIENCE  # on a busy machine a worker may take long to start


@pytest.fixture(scope="session")
def weights(tmp_path_factory):
    from lowlight_utils.training import QUICK, build_generator

    path = tmp_path_factory.mktemp("weights") / "generator.keras"
    build_generator(QUICK.but(width=4, depth=3)).save(path)
    return path


@pytest.fixture(scope="session")
def exported(weights):
    """The same generator for processes of their own, which then start without TensorFlow."""
    from lowlight_utils.prediction import export_generator

    path = weights.with_suffix(".onnx")
    export_generator(weights, path)
    return path


@pytest.fixture(scope="session")
def enhancer(weights):
    from lowlight_utils.prediction import Enhancer

    return Enhancer(weights, max_side=256)


@pytest.fixture(scope="session")
def conditional():
    """An `Enhancer` whose generator is told λ, and takes notice of it."""
    import keras

    from lowlight_utils.models import unet_generator
    from lowlight_utils.prediction import Enhancer

    keras.utils.set_random_seed(3)
    generator = unet_generator(width=4, depth=3, norm="instance", condition="lambda")
    rng = np.random.default_rng(3)
    # It starts blind to λ: in training λ's influence grows from nothing.
    for weight in generator.trainable_weights:
        if not np.any(keras.ops.convert_to_numpy(weight)):
            weight.assign(rng.normal(0, 0.5, weight.shape))
    return Enhancer(generator, max_side=256)


@pytest.fixture(scope="session")
def conditional_exported(conditional, tmp_path_factory):
    from lowlight_utils.prediction import export_generator

    kept = tmp_path_factory.mktemp("weights") / "lambda.keras"
    conditional.generator.save(kept)
    export_generator(kept, kept.with_suffix(".onnx"))
    return kept.with_suffix(".onnx")


@pytest.fixture(scope="session")
def pipeline(enhancer):
    pipeline = Pipeline(enhancer, Settings(max_pixels=2_000_000))
    pipeline.examples = pipeline.warm_up()  # once for all applications of the tests
    return pipeline


@pytest.fixture
def app_with(pipeline):
    """app_with(rate_limit="2 per minute") makes an application with those settings."""

    def make(enhance=None, **settings):
        chosen = Settings(**({"rate_limit": "", "max_bytes": 2_000_000} | settings))
        app = create_app(enhance or pipeline, chosen)
        app.testing = False  # errors become answers, as they do for visitors
        return app

    return make


@pytest.fixture
def client(app_with):
    return app_with().test_client()
