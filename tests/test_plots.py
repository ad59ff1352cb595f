import base64
import io
import subprocess
import sys

import numpy as np
import pytest
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

from lowlight_utils import plots
from lowlight_utils.models import geometry, patchgan_discriminator, unet_generator

MADE_BY = "Recipe quick on the bundled sample photos, quick mode, 2 CPU cores, seed 0; " * 2
METHODS = ("low", "auto gamma", "histogram", "CLAHE", "LIME", "ours", "truth")


def photos(count, height=32, width=32, seed=0):
    rng = np.random.default_rng(seed)
    return list(rng.integers(0, 256, (count, height, width, 3), dtype=np.uint8))


def history(epochs):
    rng = np.random.default_rng(0)
    keys = ("generator_loss", "adversarial_loss", "l1_loss", "val_psnr", "val_ssim")
    keys += ("discriminator_real_loss", "discriminator_fake_loss")
    return {key: rng.uniform(0.1, 1.0, epochs).tolist() for key in keys}


def gallery_rows(count):
    return [dict(zip(METHODS, photos(len(METHODS), seed=i), strict=True)) for i in range(count)]


def scores(psnr):
    return {"psnr": psnr, "ssim": psnr / 30, "ciede2000": 40 - psnr}


def means():
    with_gt = {"psnr_gtmean": 23.4, "ssim_gtmean": 0.7, "ciede2000_gtmean": 9.0}
    return {name: scores(10.0 + i) | with_gt for i, name in enumerate(METHODS[:-1])}


def sweep_scores():
    """Two runs at λ = 1, and one at each of the others."""
    runs = {0.0: (10.0,), 1000.0: (22.0,), 1.0: (20.0, 19.0)}
    return {x: [scores(y) | {"sharpness": y / 20} for y in psnrs] for x, psnrs in runs.items()}


def error_splits():
    """Of 20 and of 30 dB."""
    return {
        "a dim one": {"brightness": 600.0, "colour": 10.25, "structure": 40.0},
        "a good one": {"brightness": 20.0, "colour": 5.025, "structure": 40.0},
    }


FIGURES = {
    "sample_pairs": lambda: plots.sample_pairs(
        photos(3), photos(3), ["an interior", "a forest", "a dog"], made_by=MADE_BY
    ),
    "darkening_steps": lambda: plots.darkening_steps(
        {f"a step {i}": x for i, x in enumerate(photos(7))}, made_by=MADE_BY
    ),
    "side_by_side": lambda: plots.side_by_side(
        {"a photo": photos(1)[0], "in two\nlines": photos(1, 16, 48)[0], "last": photos(1)[0]},
        columns=2,
        made_by=MADE_BY,
    ),
    "training_progress": lambda: plots.training_progress(
        {epoch: photos(2) for epoch in range(1, 151)}, photos(2), photos(2), made_by=MADE_BY
    ),
    "prediction_gallery": lambda: plots.prediction_gallery(
        gallery_rows(2),
        [{name: scores(10.0 + i) for i, name in enumerate(METHODS[:-1])}] * 2,
        made_by=MADE_BY,
    ),
    "before_after": lambda: plots.before_after(photos(3), photos(3), made_by=MADE_BY),
    "data_pipeline": lambda: plots.data_pipeline(
        list(zip(photos(3), photos(3), strict=True)), tuple(photos(2))
    ),
    "training_flow": lambda: plots.training_flow(*photos(3)),
    "serving_flow": lambda: plots.serving_flow(*photos(2)),
    "unet_diagram of 8 levels": lambda: plots.unet_diagram(unet_generator(width=8)),
    "unet_diagram of a narrower one": lambda: plots.unet_diagram(
        unet_generator(
            (64, 64, 3), width=24, depth=4, norm="instance", upsampling="resize", dropout=0.0
        )
    ),
    "unet_diagram with a base": lambda: plots.unet_diagram(
        unet_generator((None, None, 3), width=16, depth=3, norm="none", base="auto_exposure"), 128
    ),
    "patchgan_diagram": lambda: plots.patchgan_diagram(patchgan_discriminator(width=8)),
    "patchgan_diagram without norm": lambda: plots.patchgan_diagram(
        patchgan_discriminator((64, 96, 3), width=4, norm="none")
    ),
    "receptive_field": lambda: plots.receptive_field(
        photos(1, 256, 256)[0], patchgan_discriminator(width=4), made_by=MADE_BY
    ),
    "loss_curves": lambda: plots.loss_curves(history(150), chosen=120, made_by=MADE_BY),
    "loss_curves with SSIM": lambda: plots.loss_curves(
        history(20) | {"ssim_loss": history(20)["l1_loss"]}, made_by=MADE_BY
    ),
    "loss_curves of few epochs": lambda: plots.loss_curves(history(1)),
    "method_comparison": lambda: plots.method_comparison(means(), made_by=MADE_BY),
    "error_split": lambda: plots.error_split(error_splits(), made_by=MADE_BY),
    "lambda_curves": lambda: plots.lambda_curves(sweep_scores(), made_by=MADE_BY),
    "lambda_curves of many": lambda: plots.lambda_curves(
        {**{float(x): [scores(x) | {"sharpness": 0.9}] * 2 for x in range(9)}}
        | {"L1 only": [scores(9.0) | {"sharpness": 1.1}]},
        made_by=MADE_BY,
    ),
    "losses_side_by_side": lambda: plots.losses_side_by_side(
        {"λ = 0": history(12), "L1 only": {"l1_loss": [0.2, 0.1], "val_psnr": [18.0, 19.0]}},
        made_by=MADE_BY,
    ),
    "lambda_strip": lambda: plots.lambda_strip(
        photos(1)[0],
        {x: photos(1)[0] for x in (0.0, 1.0, "L1 only")},
        photos(1)[0],
        made_by=MADE_BY,
    ),
    "flattery": lambda: plots.flattery(
        {"a constant": (71.2, 23.07), "a leak of scenes": (26.1, 23.0), "a loss": (20.0, 23.0)},
        made_by=MADE_BY,
    ),
    "gan_losses": lambda: plots.gan_losses(
        {name: (np.abs, np.square, np.negative) for name in ("a square", "another", "a third")}
    ),
    "rings": lambda: plots.rings(
        {name: {"500 steps": np.eye(2), "1000 steps": np.eye(2)} for name in ("one", "another")},
        np.eye(2),
        made_by=MADE_BY,
    ),
    "lambda_curves of one score": lambda: plots.lambda_curves({0.0: [{"ssim": 0.5}]}),
}


@pytest.fixture(scope="module", params=FIGURES)
def figure(request):
    made = FIGURES[request.param]()
    made.canvas.draw()
    return made


def words(figure):
    """List the figure's texts that are written on purpose: all but the ticks' numbers."""
    numbers = set()
    for axes in figure.axes:
        numbers.update(axes.get_xticklabels(which="both") + axes.get_yticklabels(which="both"))
    return [
        x for x in figure.findobj(Text) if x.get_text() and x.get_visible() and x not in numbers
    ]


def texts(figure):
    return [x.get_text() for x in words(figure)]


def drawn_photos(figure):
    return [np.asarray(x.get_array()) for axes in figure.axes for x in axes.get_images()]


# What holds for every figure.


def test_every_figure_is_a_matplotlib_figure_as_wide_as_a_readme(figure):
    assert isinstance(figure, Figure)
    assert figure.get_size_inches()[0] == 9.0
    assert figure.get_facecolor() == (1.0, 1.0, 1.0, 1.0)  # readable where pages are dark


def test_no_text_is_smaller_than_9_points(figure):
    small = [x.get_text() for x in figure.findobj(Text) if x.get_text() and x.get_fontsize() < 9]
    assert not small


def test_no_text_leaves_the_figure(figure):
    whole = figure.bbox
    for text in words(figure):
        box = text.get_window_extent()
        assert box.x0 >= 0 and box.y0 >= 0, text.get_text()
        assert box.x1 <= whole.x1 and box.y1 <= whole.y1, text.get_text()


def test_no_two_texts_overlap(figure):
    boxes = [(x.get_text(), x.get_window_extent().padded(-1)) for x in words(figure)]
    for i, (text, box) in enumerate(boxes):
        covered = [other for other, there in boxes[i + 1 :] if box.overlaps(there)]
        assert not covered, text


def test_figures_leave_pyplot_alone():
    code = (
        "import sys; from lowlight_utils import plots; plots.loss_curves({'l1_loss': [1, 2]});"
        "assert 'matplotlib.pyplot' not in sys.modules; assert 'keras' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_everything_offered_is_there():
    assert all(callable(getattr(plots, name)) for name in plots.__all__)
    with pytest.raises(AttributeError, match="attribute nothing"):
        _ = plots.nothing


# Showing and saving.


def shown_in_a_notebook(figure):
    """The alternative text that a notebook gets, the picture's kind, and the picture."""
    data, about = figure._repr_mimebundle_()
    ((kind, content),) = [item for item in data.items() if item[0].startswith("image/")]
    assert about[kind]["alt"] == data["text/plain"]
    picture = Image.open(io.BytesIO(base64.b64decode(content)))
    return data["text/plain"], kind.removeprefix("image/"), picture


def test_photographs_show_themselves_as_jpeg_and_drawings_as_png():
    _, kind, picture = shown_in_a_notebook(plots.before_after(photos(1), photos(1)))
    assert (kind, picture.format) == ("jpeg", "JPEG")
    _, kind, picture = shown_in_a_notebook(plots.loss_curves(history(3)))
    assert (kind, picture.format) == ("png", "PNG")


def test_who_cannot_see_a_figure_reads_what_is_written_on_it():
    figure = plots.side_by_side({"a <dark>\nphoto": photos(1)[0]}, made_by='By "quick".')
    alt, _, _ = shown_in_a_notebook(figure)
    assert alt == 'Photographs: a <dark> photo; By "quick".'
    alt, _, _ = shown_in_a_notebook(plots.loss_curves(history(3)))
    assert alt.startswith("Figure: ")
    assert {"total", "L1", "epoch"} <= set(alt.removeprefix("Figure: ").split("; "))


def test_save_figure_chooses_the_ending_and_leaves_nothing_else(tmp_path):
    path = plots.save_figure(plots.before_after(photos(2), photos(2)), tmp_path / "new", "row")
    assert path == tmp_path / "new" / "row.jpg"
    assert Image.open(path).width == 9 * 170
    assert plots.save_figure(plots.loss_curves(history(3)), tmp_path, "curves").suffix == ".png"
    assert sorted(x.name for x in tmp_path.rglob("*.*")) == ["curves.png", "row.jpg"]


def test_the_same_figure_is_saved_as_the_same_bytes(tmp_path):
    first, second = (
        plots.save_figure(plots.loss_curves(history(3)), tmp_path, name) for name in "ab"
    )
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize("wrong", [np.zeros((8, 8, 3)), np.zeros((8, 8), np.uint8)])
def test_pictures_that_are_not_uint8_colour_are_refused(wrong):
    with pytest.raises(ValueError, match=r"uint8\[height, width, 3\]"):
        plots.before_after([wrong], [wrong])


# Photographs.


def test_sample_pairs_shows_low_left_of_high():
    low, high = photos(2, seed=1), photos(2, seed=2)
    shown = drawn_photos(plots.sample_pairs(low, high, ["a", "b"]))
    np.testing.assert_array_equal(shown, [low[0], high[0], low[1], high[1]])


def test_darkening_steps_brighten_to_the_photos_own_light():
    photo = np.full((32, 32, 3), 200, np.uint8)
    dark = np.full((32, 32, 3), 20, np.uint8)
    shown = drawn_photos(plots.darkening_steps({"photo": photo, "exposure": dark}))
    assert shown[2].max() == 20  # as it is
    np.testing.assert_array_equal(shown[3], 200)  # its detail, brightened


def test_darkening_steps_show_a_black_picture():
    photo, black = photos(1)[0], np.zeros((32, 32, 3), np.uint8)
    shown = drawn_photos(plots.darkening_steps({"photo": photo, "exposure": black}))
    assert shown[3].max() == 0


def test_training_progress_keeps_the_first_and_the_last_epoch():
    pictures = {epoch: photos(1) for epoch in range(1, 151)}
    shown = [x for x in texts(plots.training_progress(pictures, photos(1), photos(1))) if x]
    assert [x for x in shown if "epoch" in x] == [
        "epoch 1",
        "epoch 3",
        "epoch 12",
        "epoch 43",
        "epoch 150",
    ]
    assert shown[0] == "low" and shown[-1] == "truth"


@pytest.mark.parametrize("count", range(1, 9))
def test_training_progress_shows_every_epoch_when_there_are_few(count):
    pictures = {epoch: photos(1) for epoch in range(1, count + 1)}
    figure = plots.training_progress(pictures, photos(1), photos(1), columns=5)
    assert sum("epoch" in x for x in texts(figure)) == min(count, 5)


def test_prediction_gallery_sets_the_best_of_a_row_in_bold():
    rows = [dict(zip(("low", "LIME", "ours"), photos(3), strict=True))]
    metrics = [{"low": scores(10.0), "LIME": scores(21.0), "ours": scores(20.0)}]
    figure = plots.prediction_gallery(rows, metrics)
    numbers = [x for x in words(figure) if any(c.isdigit() for c in x.get_text())]
    bold = [x.get_text() for x in numbers if x.get_weight() == "bold"]
    assert bold == ["21.0 dB", "SSIM 0.70", "ΔE 19.0"]


def test_prediction_gallery_works_without_metrics():
    assert texts(plots.prediction_gallery(gallery_rows(1)))[0] == "low"


def test_before_after_joins_the_left_of_low_and_the_right_of_enhanced():
    low, enhanced = photos(1, seed=1)[0], photos(1, seed=2)[0]
    (shown,) = drawn_photos(plots.before_after([low], [enhanced]))
    np.testing.assert_array_equal(shown[:, :16], low[:, :16])
    np.testing.assert_array_equal(shown[:, 16:], enhanced[:, 16:])


# Networks: the drawing says what the model says.


def test_unet_diagram_writes_the_models_sizes_channels_and_parameters():
    generator = unet_generator((64, 32, 3), width=24, depth=3, dropout=0.25)
    shown = texts(plots.unet_diagram(generator))
    assert f"{generator.count_params():,} parameters" in shown
    assert {"64 × 32", "32 × 16", "16 × 8", "8 × 4"} <= set(shown)
    channels = sorted(int(x) for x in shown if x.isdigit())
    down, skips, up = [3, 24, 48, 96], [24, 48], [48, 24, 3]
    assert channels == sorted(down + skips + up)
    assert shown.count("dropout 0.25") == 2
    assert "batch norm" in shown
    assert any(x.startswith("4 × 4 transposed convolution") for x in shown)


def test_unet_diagram_names_what_a_base_adds():
    generator = unet_generator((32, 32, 3), width=8, depth=2, base="auto_exposure", norm="none")
    shown = texts(plots.unet_diagram(generator))
    assert "+ auto-\nexposed low" in shown
    assert "batch norm" not in shown


def test_patchgan_diagram_writes_the_models_sizes_and_patch():
    shown = texts(plots.patchgan_diagram(patchgan_discriminator(width=8)))
    assert {"256 × 256", "128 × 128", "64 × 64", "32 × 32", "31 × 31", "30 × 30"} <= set(shown)
    assert {"6 channels", "8 channels", "64 channels", "logits"} <= set(shown)
    assert "one verdict's 70 × 70 pixels" in shown
    assert shown.count("stride 1") == 2


def test_receptive_field_frames_the_pixels_that_a_verdict_depends_on():
    discriminator = patchgan_discriminator((None, None, 3), width=4)
    picture = photos(1, 200, 256)[0]
    figure = plots.receptive_field(picture, discriminator, [(3, 4), (0, 29)])
    (image,) = figure.sheet.get_images()
    left, right, _, top = image.get_extent()
    scale = (right - left) / 256
    frames = [x for x in figure.sheet.patches if x.get_linewidth() == 2.5]
    for frame, position in zip(frames, [(3, 4), (0, 29)], strict=True):
        expected = geometry.receptive_field(discriminator, position, (200, 256))
        x, y = (frame.get_x() - left) / scale, (frame.get_y() - top) / scale
        drawn = (y, x, y + frame.get_height() / scale, x + frame.get_width() / scale)
        np.testing.assert_allclose(drawn, expected, atol=1e-6)


def test_receptive_field_refuses_a_picture_of_another_size():
    with pytest.raises(ValueError, match="judges pictures of 64x64, not 32x32"):
        plots.receptive_field(photos(1)[0], patchgan_discriminator((64, 64, 3), width=4), [(0, 0)])


# Charts.


def test_loss_curves_plot_every_key():
    figure = plots.loss_curves(history(20))
    lines = [x for axes in figure.axes for x in axes.get_lines() if len(x.get_xdata()) == 20]
    assert len(lines) == 7
    assert {"ln 2: undecided", "total", "adversarial", "L1", "real", "fake"} <= set(texts(figure))


def test_loss_curves_show_the_ssim_term_beside_the_others():
    figure = plots.loss_curves(history(20) | {"ssim_loss": [0.5] * 19 + [0.25]})
    (line,) = [x for axes in figure.axes for x in axes.get_lines() if x.get_label() == "1 − SSIM"]
    assert line.get_ydata()[-1] == 0.25


def test_loss_curves_leave_out_epochs_without_validation():
    figure = plots.loss_curves({"val_psnr": [None, 12.0, float("nan"), 14.0]})
    (line,) = [x for axes in figure.axes for x in axes.get_lines()]
    assert line.get_xdata().tolist() == [2, 4]


def test_loss_curves_refuse_an_empty_history():
    with pytest.raises(ValueError, match="none of generator_loss"):
        plots.loss_curves({"loss": [1.0]})


def test_method_comparison_puts_the_best_first_and_prints_its_raw_number():
    shown = texts(plots.method_comparison({"low": scores(8.0), "ours": scores(19.3)}))
    assert "19.3" in shown
    assert shown.index("low") < shown.index("ours")  # drawn from below
    assert not any("GT-mean" in x for x in shown)


def test_error_split_draws_the_worst_image_first_and_its_parts_side_by_side():
    figure = plots.error_split(error_splits())
    axes = figure.axes[1]
    assert [x.get_text() for x in axes.get_yticklabels()] == ["a good one", "a dim one"]  # upwards
    ends = [bar.get_x() + bar.get_width() for bar in axes.patches]
    assert max(ends) == pytest.approx(650.25)
    assert {"20.0 dB", "30.0 dB"} <= set(texts(figure))


def test_error_split_refuses_nothing():
    with pytest.raises(ValueError, match="no images"):
        plots.error_split({})


def test_lambda_curves_show_every_run_and_lambdas_in_order():
    figure = plots.lambda_curves(sweep_scores())
    for axes in figure.axes[1:]:
        assert [x.get_text() for x in axes.get_xticklabels()] == ["0", "1", "1000"]
        dots = np.concatenate(
            [x.get_offsets() for x in axes.collections if isinstance(x, PathCollection)]
        )
        assert dots[:, 0].tolist() == [0, 1, 1, 2]
    assert dots[:, 1].tolist() == pytest.approx([0.5, 1.0, 0.95, 1.1])


def test_lambda_curves_draw_the_line_through_the_means():
    figure = plots.lambda_curves(sweep_scores())
    assert figure.axes[1].get_lines()[0].get_ydata().tolist() == pytest.approx([10.0, 19.5, 22.0])


def test_a_setting_without_lambda_stands_last_and_no_line_leads_to_it():
    scores = {"L1 only": [{"psnr": 5.0}], 1.0: [{"psnr": 1.0}], 0.0: [{"psnr": 2.0}]}
    axes = plots.lambda_curves(scores).axes[1]
    assert [x.get_text() for x in axes.get_xticklabels()] == ["0", "1", "L1\nonly"]
    assert axes.get_lines()[0].get_ydata().tolist() == [2.0, 1.0]


def test_losses_side_by_side_have_one_scale_a_row_and_a_column_a_run():
    runs = {
        "one": {"l1_loss": [0.5, 0.1]},
        "two": {"l1_loss": [0.9, 0.3], "val_psnr": [20.0, 21.0]},
    }
    figure = plots.losses_side_by_side(runs)
    one, two, empty, psnr = figure.axes[1:]
    assert one.get_ylim() == two.get_ylim()
    assert one.get_lines()[0].get_ydata().tolist() == [0.5, 0.1]
    assert two.get_lines()[0].get_ydata().tolist() == [0.9, 0.3]
    assert not empty.get_lines()
    assert psnr.get_lines()[0].get_ydata().tolist() == [20.0, 21.0]


def test_a_lambda_strip_shows_each_picture_and_its_detail_in_order():
    low, lit, truth = photos(3)
    figure = plots.lambda_strip(low, {10.0: lit, 1.0: low}, truth, detail=(2, 3, 5))
    shown = [axes.get_images()[0].get_array() for axes in figure.axes[1:]]
    for picture, detail, expected in zip(
        shown[::2], shown[1::2], (low, low, lit, truth), strict=True
    ):
        assert np.array_equal(picture, expected)
        assert np.array_equal(detail, expected[2:7, 3:8])
    titles = [x for x in texts(figure) if x]
    assert titles == ["low", "λ = 1", "λ = 10", "truth"]


def test_a_detail_outside_of_the_pictures_is_refused():
    with pytest.raises(ValueError, match="lies outside"):
        plots.lambda_strip(photos(1)[0], {1.0: photos(1)[0]}, photos(1)[0], detail=(0, 0, 5000))


def test_flattery_puts_the_widest_gap_first_and_says_its_size():
    shown = texts(plots.flattery({"small": (23.5, 23.0), "large": (70.0, 22.0)}))
    assert shown.index("small") < shown.index("large")  # drawn from below
    assert {"+0.5 dB", "+48.0 dB"} <= set(shown)


def test_flattery_refuses_nothing():
    with pytest.raises(ValueError, match="no trap"):
        plots.flattery({})
