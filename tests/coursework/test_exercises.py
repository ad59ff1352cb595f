"""Every exercise: its solution passes its check, what students get fails it, and so do mistakes."""

import time

import numpy as np
import pytest

from lowlight_utils.coursework import Wrong, check, list_exercises, read_exercise

EXERCISES = list_exercises()
each_exercise = pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.number)


@each_exercise
def test_the_solution_passes_in_a_minute(exercise, capsys):
    exercise.module  # noqa: B018 - loading TensorFlow is not the check's time
    began = time.process_time()
    check(exercise.number, exercise.solution, seed=3)
    assert time.process_time() - began < 60
    assert capsys.readouterr().out == f"{exercise.heading}: right.\n"


@each_exercise
def test_what_students_get_is_no_answer_yet(exercise):
    given = {}
    try:
        exec(exercise.stub, given)
    except NotImplementedError:
        assert given[exercise.name] is None  # a value; a function raises when it is called
    with pytest.raises(Wrong, match=r"there is no answer yet\.$"):
        check(exercise.number, given[exercise.name])


@each_exercise
def test_it_says_all_that_the_answer_key_wants(exercise):
    assert exercise.text and exercise.purpose
    assert 0 < exercise.minutes <= 60
    assert exercise.points > 0
    assert exercise.mistakes


def answer(number, name, changes):
    """The solution with some of its code replaced, as a student might have written it."""
    exercise = read_exercise(number)
    code = exercise.code
    for old, new in changes.items():
        assert code.count(old) == 1, old
        code = code.replace(old, new)
    given = dict(vars(exercise.module))  # what the cells before it have brought
    exec(code, given)
    return given[name]


EARLY = "            if photo.width * photo.height > max_pixels:\n                return 413\n"
CONVOLUTION = 'layers.Conv2D(channels, 4, strides=2, padding="same"'
HALF = {"0.5 * (real_loss + fake_loss)": "real_loss + fake_loss"}
WRONG = [
    ("1.1", "match_names", {"key=int": ""}, "another order"),
    ("1.1", "match_names", {"low_of.keys() ^ high_of.keys()": "()"}, "KeyError"),
    (
        "1.1",
        "match_names",
        {
            "low_of.keys() ^ high_of.keys()": "low_of.keys() - high_of.keys()",
        },
        "a low file is missing, and nothing is raised",
    ),
    ("1.2", "find_swapped", {" > ": " < "}, "two equal photos|not swapped"),
    (
        "1.2",
        "find_swapped",
        {"low.mean(axis=(1, 2, 3)) > high": "0 * low.mean(axis=(1, 2, 3)) > (high - low)"},
        "7 swapped pairs are not found",
    ),
    ("1.3", "split_by_scene", {"share * len(scenes)": "0.1 * len(scenes)"}, "has .*% of the pairs"),
    ("1.3", "split_by_scene", {"default_rng(seed)": "default_rng()"}, "same seed"),
    ("1.3", "split_by_scene", {"default_rng(seed)": "default_rng(0)"}, "all seeds"),
    (
        "1.3",
        "split_by_scene",
        {"[scene in chosen]": "[index % 10 == 0]"},
        "scenes are in both parts",
    ),
    ("1.4", "shoot", {") / electrons": ")"}, "has a mean of"),
    (
        "1.4",
        "shoot",
        {"rng.poisson(light * electrons) / electrons": "light + rng.normal(0, 0.001, light.shape)"},
        "signal-to-noise ratio is",
    ),
    ("1.5", "group_scenes", {"> 0.85": "> 0.999"}, "of one scene .* have one label"),
    ("1.5", "group_scenes", {"> 0.85": "> -2"}, "of two scenes .* have one label"),
    ("2.1", "patch_size", {"reversed(layers)": "layers"}, "is not the side"),
    ("2.1", "patch_size", {"(seen - 1) * stride": "seen * stride"}, "is not the side"),
    (
        "2.2",
        "unet",
        {f"{CONVOLUTION}, use_bias=False)": f"{CONVOLUTION})"},
        "parameters too many, and 6 batch norms, and .* biases",
    ),
    ("2.2", "unet", {"LeakyReLU(0.3)": "LeakyReLU(0.2)"}, "makes another picture"),
    ("2.2", "unet", {"    if dropout:\n        x = layers.Dropout(0.5)(x)\n": ""}, "dropout in 0"),
    ("2.3", "batch_norm", {"x.mean(axis=(0, 1, 2))": "x.mean(axis=(1, 2))[0]"}, "batch of 4"),
    (
        "2.3",
        "batch_norm",
        {"now_variance = mean, variance": "now_variance = 0 * mean, variance"},
        "prediction",
    ),
    (
        "3.1",
        "cross_entropy",
        {"np.log1p(np.exp(-np.abs(x)))": "np.log(1 + np.exp(-np.abs(x)))"},
        "at logit 40 and target 1",
    ),
    ("3.1", "cross_entropy", {".mean()": ".sum()"}, "two pictures cost"),
    ("3.2", "losses", {"(doubt + belief) / 2": "doubt + belief"}, "is 2 times what it should be"),
    (
        "3.2",
        "losses",
        {"np.abs(high - fake).mean()": "np.abs(high - fake).mean() / 2"},
        "the L1 term adds is 0.5 times",
    ),
    ("3.3", "alternating_step", HALF, "discriminator's step is 2.00 times"),
    (
        "3.3",
        "alternating_step",
        {"lambda_l1 * l1": "l1"},
        "the generator goes another way",
    ),
    ("4.2", "separable", {'if row["adversarial"]:': "if True:"}, "made-up sweep"),
    ("4.2", "separable", {"len(apart) >= 3": "apart"}, "1 λ are named that cannot"),
    ("4.3", "confounds", {"pairwise(recipes)": "((recipes[0], r) for r in recipes)"}, "steps"),
    ("5.1", "my_psnr", {"truth.astype(float) - image": "truth - image"}, "in uint8"),
    ("5.1", "my_psnr", {"255**2": "1"}, "different units"),
    (
        "5.1",
        "my_psnr",
        {"image.dtype != np.uint8": "False", "truth.dtype != np.uint8": "False"},
        "photo of floats",
    ),
    ("5.2", "my_ssim", {"[5:-5, 5:-5]": ""}, "off by"),
    ("5.2", "my_ssim", {"(2 * 1.5**2)": "(2 * 3**2)"}, "off by"),
    ("5.3", "paired_bootstrap", {".mean(axis=1)": ""}, "times as wide"),
    (
        "6.1",
        "status",
        {"    except Image.DecompressionBombError:\n        return 413\n": ""},
        "3600 megapixels gets 422",
    ),
    (
        "6.1",
        "status",
        {
            EARLY: "",
            "            photo.load()\n": f"            photo.load()\n{EARLY}",
        },
        "81 megapixels gets 422",
    ),
    ("5.6", "best_strength", {"max(": "min("}, "mean PSNR that is .* dB higher"),
    ("5.6", "best_strength", {"np.arange(21) / 20": "[1.5]"}, "no strength from 0 to 1"),
    ("6.1", "status", {', formats=("JPEG", "PNG", "WEBP")': ""}, "a whole GIF gets 200"),
    (
        "6.1",
        "status",
        {"    except Exception:  # a decoder may stumble in any way": "    except KeyError:"},
        "half a PNG stops the server with OSError",
    ),
]


@pytest.mark.parametrize(
    ("number", "name", "changes", "says"), WRONG, ids=[f"{case[0]}: {case[3]}" for case in WRONG]
)
def test_a_mistake_is_told_what_it_is(number, name, changes, says):
    with pytest.raises(Wrong, match=says):
        check(number, answer(number, name, changes))


def test_a_generator_that_answers_too_early_is_told_so():
    step = answer(
        "3.3",
        "alternating_step",
        {
            "    d_optimizer.apply(tape.gradient(loss, weights), weights)\n": (
                "    later = tape.gradient(loss, weights), weights\n"
            ),
            "    return l1": "    d_optimizer.apply(*later)\n    return l1",
        },
    )
    with pytest.raises(Wrong, match="answered to the discriminator as it was before"):
        check("3.3", step)


def test_unpaired_draws_make_the_bootstraps_interval_too_wide():
    def unpaired(a, b, draws, rng):
        one, other = (x[rng.integers(len(x), size=(draws, len(x)))].mean(axis=1) for x in (a, b))
        return (a - b).mean(), *np.percentile(one - other, (2.5, 97.5))

    with pytest.raises(Wrong, match=r"is [3-9]|is \d\d"):
        check("5.3", unpaired)


VALUES = [
    ("4.1", 2 * 88.376, "1/255"),
    ("4.1", 127.5, "1 nat"),
    ("4.1", 100, "too large"),
    ("4.1", "many", "one number"),
    ("5.4", [3, 8], "a dict"),
    ("5.4", {21: "GT-mean"}, "no sentence 21"),
    ("5.4", {3: "leaks"}, "none of the kinds"),
    ("5.4", {3: "leaked scenes", 5: "red and blue swapped", 9: "training mode"}, "sentences 5, 9"),
    ("5.4", {3: "one seed"}, "what sentence 3 hides is not 'one seed'"),
    ("5.4", {3: "leaked scenes"}, "1 traps are found"),
    ("5.5", 61.3 - 42.11, r"\[-1, 1\]"),
    ("6.2", (b"a", b"b"), "the first file is no picture"),
]


@pytest.mark.parametrize(("number", "value", "says"), VALUES, ids=str)
def test_a_wrong_value_is_told_what_is_wrong(number, value, says):
    with pytest.raises(Wrong, match=says):
        check(number, value)


def test_a_file_that_breaks_the_other_limit_is_told_so():
    files = read_exercise("6.2").solution
    with pytest.raises(Wrong, match="the first file does not break the limit of bytes"):
        check("6.2", files[::-1])
    with pytest.raises(Wrong, match="the second file breaks the limit of bytes, and should not"):
        check("6.2", files[:1] * 2)
