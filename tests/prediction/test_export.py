"""A generator exported to ONNX gives Keras's pictures, without Keras."""

import json
import os
import subprocess
import sys

import keras
import numpy as np
import onnx
import pytest
from apart import ON_JAX
from keras import layers
from onnx import TensorProto, helper
from pictures import make_photo
from PIL import Image

from lowlight_utils.data import read_image, resize, sample_dir, to_network, write_image
from lowlight_utils.models import unet_generator
from lowlight_utils.models.blocks import ResizeConv2D
from lowlight_utils.prediction import Enhancer, ExportedGenerator, export_generator
from lowlight_utils.prediction.enhance import SHIPPED_WEIGHTS
from lowlight_utils.prediction.export import to_onnx
from lowlight_utils.prediction.exported import run, start_session, usual_threads
from lowlight_utils.prediction.onnx_layers import LAYERS

KINDS = {
    "seed": {"depth": 8},
    "transposed": {"norm": "instance", "base": "input"},
    "resized": {"norm": "instance", "upsampling": "resize", "base": "auto_exposure"},
    "reflected": {
        "norm": "instance",
        "upsampling": "resize",
        "padding": "reflect",
        "base": "input",
    },
    "group norm": {"width": 8, "norm": "group", "upsampling": "resize", "padding": "reflect"},
    "batch norm": {"upsampling": "resize"},
    "told its level": {"condition": "level", "upsampling": "resize", "base": "brightened"},
    "no norm": {"norm": "none", "upsampling": "resize", "base": "input"},
}


def make_generator(**settings):
    """A U-Net with weights that are not those it starts with, statistics of batch norm included."""
    keras.utils.set_random_seed(0)
    generator = unet_generator((None, None, 3), **{"width": 4, "depth": 3, **settings})
    rng = np.random.default_rng(0)
    weights = generator.get_weights()
    generator.set_weights([w + rng.uniform(-0.2, 0.2, w.shape).astype(w.dtype) for w in weights])
    return generator


def in_levels(first, second):
    return np.abs(np.asarray(first, np.float32) - np.asarray(second, np.float32)).max() * 127.5


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    path = tmp_path_factory.mktemp("exported") / "generator.onnx"
    export_generator(SHIPPED_WEIGHTS, path)
    return path


@pytest.fixture(scope="module")
def both(exported):
    return Enhancer(), Enhancer(exported)


@pytest.fixture(scope="module")
def told_lambda(tmp_path_factory):
    """A generator that is told λ, the same exported, and the exported file."""
    folder = tmp_path_factory.mktemp("told")
    generator = make_generator(width=8, norm="group", condition="lambda", base="input")
    generator.save(folder / "generator.keras")
    export_generator(folder / "generator.keras", folder / "generator.onnx")
    file = folder / "generator.onnx"
    return generator, ExportedGenerator(file, threads=1), file


@pytest.fixture(scope="module")
def dark_photos():
    paths = sorted((sample_dir() / "test").iterdir())
    return [read_image(path) // 6 for path in paths]


def test_the_bundled_photos_come_out_within_one_level_of_keras(both, dark_photos):
    by_keras, by_onnx = both
    for photo in dark_photos:
        expected = by_keras(photo)
        assert expected.mean() > 2 * photo.mean()  # else equal pictures would say little
        assert np.abs(expected.astype(int) - by_onnx(photo)).max() <= 1


@pytest.mark.parametrize("size", [(1, 1), (70, 300), (257, 129), (601, 800), (1100, 1500)], ids=str)
def test_photos_of_any_size_come_out_within_one_level_of_keras(both, dark_photos, size):
    by_keras, by_onnx = both
    photo = resize(dark_photos[0], size)
    assert np.abs(by_keras(photo).astype(int) - by_onnx(photo)).max() <= 1


def test_strength_works_as_with_keras(both, dark_photos):
    by_keras, by_onnx = both
    photo = dark_photos[1]
    difference = by_keras(photo, strength=0.4).astype(int) - by_onnx(photo, strength=0.4)
    assert np.abs(difference).max() <= 1


def test_weights_in_16_bits_take_half_the_file_and_give_the_same_picture(
    both, exported, dark_photos, tmp_path
):
    difference = export_generator(SHIPPED_WEIGHTS, tmp_path / "half.onnx", half=True)
    assert 0 < difference < 0.5
    assert (tmp_path / "half.onnx").stat().st_size < 0.55 * exported.stat().st_size
    photo = dark_photos[0]
    by_half = Enhancer(tmp_path / "half.onnx")(photo)
    assert np.abs(both[0](photo).astype(int) - by_half).max() <= 1


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_generator_gives_what_keras_gives(kind, tmp_path):
    generator = make_generator(**KINDS[kind])
    generator.save(tmp_path / "generator.keras")
    assert export_generator(tmp_path / "generator.keras", tmp_path / "generator.onnx") < 0.1
    runner = ExportedGenerator(tmp_path / "generator.onnx", threads=1)
    for n, rows, columns in ((1, 2, 1), (3, 1, 2)):
        size = (n, rows * runner.stride, columns * runner.stride, 3)
        if KINDS[kind].get("norm") in ("instance", "group"):
            size = (n, size[1] * 2, size[2] * 2, 3)
        pictures = to_network(np.random.default_rng(1).integers(0, 60, size, np.uint8))
        expected = keras.ops.convert_to_numpy(generator(pictures, training=False))
        result = runner.predict_on_batch(pictures)
        assert result.dtype == np.float32
        assert in_levels(result, expected) < 0.1
        assert np.ptp(expected) > 0.1


@pytest.mark.parametrize("lambda_l1", [0.001, 1.0, 115.0, 5000.0])  # the ends are beyond its range
def test_a_generator_that_is_told_lambda_is_told_it_without_keras_too(told_lambda, lambda_l1):
    generator, runner, _ = told_lambda
    given = [
        to_network(np.random.default_rng(1).integers(0, 60, (2, 16, 32, 3), np.uint8)),
        np.full((2, 1), lambda_l1, np.float32),
    ]
    expected = keras.ops.convert_to_numpy(generator(given, training=False))
    assert in_levels(runner.predict_on_batch(given), expected) < 0.1


def test_an_exported_generators_lambda_changes_the_picture_as_keras_does(told_lambda, dark_photos):
    generator, _, file = told_lambda
    by_keras, by_onnx = Enhancer(generator), Enhancer(file)
    assert by_onnx.lambda_range == by_keras.lambda_range
    photo = resize(dark_photos[0], (70, 90))
    pictures = [by_onnx(photo, lambda_l1=x) for x in (0.01, 1000.0)]
    assert np.abs(pictures[0].astype(int) - pictures[1]).max() > 3
    for x, picture in zip((0.01, 1000.0), pictures, strict=True):
        assert np.abs(picture.astype(int) - by_keras(photo, lambda_l1=x)).max() <= 1


def test_black_and_white_are_exposed_as_keras_exposes_them(both):
    by_keras, by_onnx = both
    for level in (0, 1, 254, 255):
        flat = np.full((64, 64, 3), level, np.uint8)
        assert np.abs(by_keras(flat).astype(int) - by_onnx(flat)).max() <= 1


@pytest.mark.parametrize("beyond", ["zeros", "reflect"])
@pytest.mark.parametrize("size", [(6, 9), (1, 1)], ids=str)
def test_a_picture_is_doubled_and_convolved_as_keras_does_it(beyond, size):
    low = keras.Input((None, None, 3))
    model = keras.Model(low, ResizeConv2D(3, beyond=beyond, bias_initializer="ones")(low))
    pictures = np.random.default_rng(0).normal(size=(2, *size, 3)).astype(np.float32)
    session = start_session(to_onnx(model).SerializeToString(), 1)
    expected = keras.ops.convert_to_numpy(model(pictures))
    np.testing.assert_allclose(run(session, pictures), expected, atol=1e-4)


@pytest.mark.parametrize("kind", ["resized", "reflected"])
def test_a_picture_is_not_doubled_before_it_is_convolved(kind):
    operations = [node.op_type for node in to_onnx(make_generator(**KINDS[kind])).graph.node]
    assert "Resize" not in operations
    assert operations.count("Conv") == 3 + 3 + 1  # down, up, and the correction


def test_the_file_says_what_it_was_made_from(exported):
    made_by = ExportedGenerator(exported).made_by
    assert made_by["weights"] == "generator.keras"
    assert len(made_by["weights_sha256"]) == 64
    recipe = json.loads(SHIPPED_WEIGHTS.with_name("recipe.json").read_text(encoding="utf-8"))
    assert made_by["recipe"] == recipe
    assert Enhancer(exported).stride == 2 ** recipe["depth"] == Enhancer().stride


def test_it_runs_without_keras_or_anything_else_that_is_slow_to_load(exported, tmp_path):
    write_image(tmp_path / "dark.png", make_photo(100, 90) // 8)
    code = f"""
import sys
from lowlight_utils.__main__ import main
out = {str(tmp_path / "lit.png")!r}
status = main(["enhance", {str(tmp_path / "dark.png")!r}, "-o", out,
               "--weights", {str(exported)!r}])
heavy = ["keras", "tensorflow", "jax", "skimage", "matplotlib", "onnx"]
print([name for name in heavy if name in sys.modules], status)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded, status = done.stdout.splitlines()[-1].rsplit(maxsplit=1)
    assert (loaded, status) == ("[]", "0")
    assert read_image(tmp_path / "lit.png").mean() > 60


def test_running_it_leaves_nothing_in_the_home_folder(exported, tmp_path):
    # ONNX Runtime would report its use to its maker, by way of a file there.
    code = f"from lowlight_utils.prediction import Enhancer; Enhancer({str(exported)!r})"
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in ("CI", "ORT_DISABLE_TELEMETRY", "XDG_CACHE_HOME")  # they stop it too
    }
    home = tmp_path / "home"
    home.mkdir()
    subprocess.run([sys.executable, "-c", code], env=environment | {"HOME": str(home)}, check=True)
    assert list(home.rglob("*")) == []


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="reads Linux's /proc")
def test_a_12_megapixel_jpeg_takes_less_than_700_mb(exported, dark_photos, tmp_path):
    large = Image.fromarray(dark_photos[0]).resize((4000, 3000), Image.Resampling.BICUBIC)
    large.save(tmp_path / "dark.jpg", quality=92)
    code = f"""
from lowlight_utils.prediction import Enhancer
enhancer = Enhancer({str(exported)!r})
for _ in range(2):
    enhancer.enhance_file({str(tmp_path / "dark.jpg")!r}, {str(tmp_path / "lit.jpg")!r})
print([line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")][0])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert 100_000 < int(done.stdout) < 700_000  # kB, the most that it ever held
    with Image.open(tmp_path / "lit.jpg") as lit:
        assert lit.size == (4000, 3000)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not limit memory")
def test_the_memory_that_one_photo_lacks_does_not_cost_the_next(exported, tmp_path):
    Image.new("RGB", (11_000, 9_000), (9, 9, 9)).save(tmp_path / "large.jpg")
    Image.new("RGB", (90, 60), (9, 9, 9)).save(tmp_path / "small.jpg")
    photos = ["large.jpg", "small.jpg", "-o", "out", "--weights", str(exported)]
    command = [sys.executable, "-m", "lowlight_utils", "enhance", *photos]
    done = subprocess.run(
        # In kilobytes; one thread, because each takes memory, and machines differ in their cores.
        ["bash", "-c", 'ulimit -v 1200000; exec "$@"', "", *command],
        cwd=tmp_path,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert done.stdout == "out/small.jpg\n"
    (complaint,) = done.stderr.splitlines()
    assert complaint.startswith("lowlight_utils: large.jpg: takes more memory than there is;")


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="compares JAX with TensorFlow")
def test_both_backends_write_the_same_network(tmp_path):
    pytest.importorskip("jax")
    weights, path = tmp_path / "generator.keras", tmp_path / "by_jax.onnx"
    make_generator(**KINDS["group norm"], base="auto_exposure", stem=True).save(weights)
    export_generator(weights, tmp_path / "by_tensorflow.onnx")
    done = subprocess.run(
        [sys.executable, "-m", "lowlight_utils", "export", path, "--weights", weights],
        env=os.environ | ON_JAX,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert f"{path}: " in done.stdout
    assert ExportedGenerator(path).made_by["backend"] == "jax"
    assert onnx.load(path).graph == onnx.load(tmp_path / "by_tensorflow.onnx").graph


def test_a_layer_that_cannot_be_exported_is_named(tmp_path):
    low = keras.Input((None, None, 3))
    softened = layers.AveragePooling2D(3, 1, padding="same", name="softening")(low)
    keras.Model(low, softened).save(tmp_path / "other.keras")
    with pytest.raises(ValueError, match=r"other\.keras.* softening .*AveragePooling2D"):
        export_generator(tmp_path / "other.keras", tmp_path / "other.onnx")
    assert not (tmp_path / "other.onnx").exists()


@pytest.mark.parametrize(
    ("layer", "what"),
    [
        (layers.Conv2D(3, 3, activation="relu"), "activation='relu'"),
        (layers.Conv2D(3, 3, dilation_rate=2), r"dilation_rate=\(2, 2\)"),
        (layers.Conv2D(3, 3, groups=3), "groups=3"),
        (layers.Conv2DTranspose(3, 2, strides=2), "padding='valid'"),
        (ResizeConv2D(3, activation="relu"), "activation='relu'"),
        (layers.GroupNormalization(groups=3, center=False), "center=False"),
        (layers.BatchNormalization(scale=False), "scale=False"),
        (layers.ReLU(max_value=6), r"max_value=6"),
        (layers.Activation("gelu"), "activation='gelu'"),
    ],
    ids=lambda value: getattr(value, "name", value),
)
def test_settings_that_cannot_be_exported_are_named(layer, what):
    low = keras.Input((None, None, 3))
    with pytest.raises(ValueError, match=what):
        to_onnx(keras.Model(low, layer(low)))


def test_a_file_that_would_differ_from_keras_is_not_written(tmp_path, monkeypatch):
    make_generator().save(tmp_path / "generator.keras")
    monkeypatch.setitem(LAYERS, "ReLU", lambda graph, layer, x: x)
    with pytest.raises(ValueError, match="differs from Keras"):
        export_generator(tmp_path / "generator.keras", tmp_path / "generator.onnx")
    assert [path.name for path in tmp_path.iterdir()] == ["generator.keras"]


def test_export_refuses_another_suffix(tmp_path):
    with pytest.raises(ValueError, match=r"generator\.tflite.*\.onnx"):
        export_generator(SHIPPED_WEIGHTS, tmp_path / "generator.tflite")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none\.onnx.*export"):
        Enhancer(tmp_path / "none.onnx")


def test_a_damaged_file_is_named(exported, tmp_path):
    whole = exported.read_bytes()
    (tmp_path / "cut.onnx").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=r"cut\.onnx.*export it again"):
        Enhancer(tmp_path / "cut.onnx")


def test_a_foreign_onnx_file_is_refused(tmp_path):
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])
    copy = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "g", [value], [copy])
    opset = [helper.make_opsetid("", 17)]
    onnx.save(
        helper.make_model(graph, opset_imports=opset, ir_version=8), tmp_path / "foreign.onnx"
    )
    with pytest.raises(ValueError, match=r"foreign\.onnx: holds no generator"):
        Enhancer(tmp_path / "foreign.onnx")


def test_without_onnxruntime_it_says_what_to_install(exported, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ImportError, match="pip install onnxruntime"):
        Enhancer(exported)


def test_threads_are_as_many_as_asked_for_or_as_the_environment_says(exported, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert usual_threads() == 3
    monkeypatch.setenv("OMP_NUM_THREADS", "many")
    assert 1 <= usual_threads() <= os.cpu_count()
    photo = make_photo(64, 64) // 8
    assert np.array_equal(Enhancer(exported, threads=1)(photo), Enhancer(exported)(photo))
    with pytest.raises(ValueError, match="at least 1"):
        Enhancer(exported, threads=0)
