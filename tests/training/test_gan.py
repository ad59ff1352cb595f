"""The step is checked against one written out here, with Keras's own losses and plain SGD."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from small import arrays, l1_over_steps, largest_difference, small_batch, small_gan

from lowlight_utils.training.gan import Adam
from lowlight_utils.training.losses import loss_names
from lowlight_utils.training.tensorflow_step import without_autotuning

LR = 1.0  # large, so that an update is not lost in the rounding of the weight it changes
# Two orders of summing float32 numbers differ by some roundings of 6e-8; measured: below 1e-6.
ROUNDING = 5e-6
entropy = keras.losses.BinaryCrossentropy(from_logits=True)


def discriminator_gradients(gan, low, high, weight):
    low, high = tf.constant(low), tf.constant(high)  # Keras takes no mixture with arrays
    fake = gan.generator(low, training=True)
    with tf.GradientTape() as tape:
        real_logits = gan.discriminator([low, high], training=True)
        fake_logits = gan.discriminator([low, fake], training=True)
        loss = entropy(tf.ones_like(real_logits), real_logits)
        loss = weight * (loss + entropy(tf.zeros_like(fake_logits), fake_logits))
    return arrays(tape.gradient(loss, gan.discriminator.trainable_variables))


def generator_gradients(gan, low, high):
    """Against the discriminator as it is when this is called."""
    low, high = tf.constant(low), tf.constant(high)
    with tf.GradientTape() as tape:
        fake = gan.generator(low, training=True)
        logits = gan.discriminator([low, fake], training=True)
        l1 = tf.reduce_mean(tf.abs(high - fake))
        loss = entropy(tf.ones_like(logits), logits) + gan.recipe.lambda_l1 * l1
    return arrays(tape.gradient(loss, gan.generator.trainable_variables))


def step_and_changes(gan, low, high):
    """Take one step; return what it added to the generator's and the discriminator's weights."""
    networks = gan.generator, gan.discriminator
    before = [arrays(network.trainable_variables) for network in networks]
    gan.train_on_batch(low, high)
    return [
        [new - old for new, old in zip(arrays(network.trainable_variables), values, strict=True)]
        for network, values in zip(networks, before, strict=True)
    ]


def downhill(gradients):
    return [-LR * gradient for gradient in gradients]


def random_states(gan):
    """How often each dropout layer of the generator has drawn."""
    return [
        int(keras.ops.convert_to_numpy(layer.seed_generator.state)[1])
        for layer in gan.generator.layers
        if isinstance(layer, keras.layers.Dropout)
    ]


# The alternating step.


@pytest.mark.parametrize("norm", ["batch", "instance"])
def test_the_discriminator_descends_half_of_its_two_losses(norm):
    gan, (low, high) = small_gan(norm=norm), small_batch()
    half = discriminator_gradients(gan, low, high, 0.5)
    whole = discriminator_gradients(gan, low, high, 1.0)
    _, change = step_and_changes(gan, low, high)
    assert largest_difference(change, downhill(half)) < ROUNDING
    assert largest_difference(change, downhill(whole)) > 0.4


def test_the_generator_answers_to_the_updated_discriminator():
    # λ 0 leaves the discriminator's verdict alone, so that the order shows.
    gan, (low, high) = small_gan(lambda_l1=0.0), small_batch()
    weights = gan.generator.get_weights()
    against_old = generator_gradients(gan, low, high)
    gan.generator.set_weights(weights)  # batch norm's averages have moved
    change, _ = step_and_changes(gan, low, high)

    stepped = gan.generator.get_weights()
    gan.generator.set_weights(weights)  # the old generator, and now the updated discriminator
    against_updated = generator_gradients(gan, low, high)
    gan.generator.set_weights(stepped)
    assert largest_difference(change, downhill(against_updated)) < ROUNDING
    assert largest_difference(change, downhill(against_old)) > 0.1


def test_the_generator_descends_adversarial_and_l1_loss_together():
    gan, (low, high) = small_gan(lambda_l1=50.0), small_batch()
    weights = gan.generator.get_weights()
    change, _ = step_and_changes(gan, low, high)
    gan.generator.set_weights(weights)
    assert largest_difference(change, downhill(generator_gradients(gan, low, high))) < ROUNDING


def test_a_step_passes_forward_through_the_generator_once():
    gan, (low, high) = small_gan(dropout=0.5), small_batch()
    before = random_states(gan)
    gan.train_on_batch(low, high)
    assert len(before) == 2
    assert random_states(gan) == [count + 1 for count in before]


def test_reported_losses_are_those_before_the_update_of_their_network():
    gan, (low, high) = small_gan(), map(tf.constant, small_batch())
    fake = gan.generator(low, training=True)
    real_logits = gan.discriminator([low, high], training=True)
    fake_logits = gan.discriminator([low, fake], training=True)
    logs = gan.train_on_batch(low, high, return_dict=True)
    assert logs["discriminator_real_loss"] == pytest.approx(
        float(entropy(tf.ones_like(real_logits), real_logits)), rel=1e-5
    )
    assert logs["discriminator_fake_loss"] == pytest.approx(
        float(entropy(tf.zeros_like(fake_logits), fake_logits)), rel=1e-5
    )
    assert logs["l1_loss"] == pytest.approx(np.abs(high - fake).mean(), rel=1e-5)
    assert logs["generator_loss"] == pytest.approx(
        logs["adversarial_loss"] + 10.0 * logs["l1_loss"], rel=1e-5
    )


def test_a_gan_without_adversarial_term_leaves_its_discriminator_alone():
    gan, (low, high) = small_gan(adversarial=0.0), small_batch()
    before = arrays(gan.discriminator.weights)
    generator, discriminator = step_and_changes(gan, low, high)
    assert max(abs(change).max() for change in discriminator) == 0
    assert max(abs(change).max() for change in generator) > 0
    for one, other in zip(before, arrays(gan.discriminator.weights), strict=True):
        np.testing.assert_array_equal(one, other)  # nor its running statistics
    logs = gan.train_on_batch(low, high, return_dict=True)
    assert set(logs) == {"generator_loss", "l1_loss"}


def test_the_weights_of_the_loss_reach_the_step():
    gan = small_gan(lambda_l1=50.0, lambda_ssim=30.0, lambda_detail=20.0, adversarial=0.5)
    logs = gan.train_on_batch(*small_batch(), return_dict=True)
    parts = [logs[f"{name}_loss"] for name in ("l1", "ssim", "detail", "adversarial")]
    expected = np.dot((50.0, 30.0, 20.0, 0.5), parts)
    assert logs["generator_loss"] == pytest.approx(expected, rel=1e-5)


def test_the_share_without_brightness_reaches_the_step():
    gan, (low, _) = small_gan(lambda_l1=50.0, adversarial=0.0, gt_mean=0.9), small_batch()
    logs = gan.train_on_batch(low, low, return_dict=True)  # what comes out is too bright
    assert logs["generator_loss"] < 0.5 * 50.0 * logs["l1_loss"]


def test_the_fused_adam_takes_keras_own_steps():
    rng = np.random.default_rng(0)
    start = rng.normal(0, 0.02, (3, 50)).astype("float32")
    schedule = keras.optimizers.schedules.CosineDecay(1e-3, 20)
    one, other = keras.Variable(start), keras.Variable(start)
    fused, plain = Adam(schedule, 0.5, 0.999), keras.optimizers.Adam(schedule, 0.5, 0.999)
    for _ in range(10):
        # From gradients of 1 down to ones that epsilon, 1e-7, swallows.
        gradient = tf.constant(rng.normal(size=start.shape) * 10.0 ** -np.arange(0, 9, 4)[:, None])
        fused.apply([tf.cast(gradient, "float32")], [one])
        plain.apply([tf.cast(gradient, "float32")], [other])
    np.testing.assert_allclose(one.numpy() - start, other.numpy() - start, rtol=1e-4, atol=1e-8)
    # The kernel takes 1 - 0.999 in float32, which is 5e-5 off.
    for ours, theirs in zip(fused.variables, plain.variables, strict=True):
        np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-4)


# As a Keras model.


class Remember(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.steps, self.epochs = 0, []

    def on_train_batch_end(self, batch, logs=None):
        self.steps += 1

    def on_epoch_end(self, epoch, logs=None):
        self.epochs.append(dict(logs))


def test_fit_reports_the_losses_to_history_and_callbacks():
    gan, (low, high) = small_gan(lambda_ssim=1.0, lambda_detail=1.0), small_batch(4)
    remember = Remember()
    history = gan.fit(low, high, batch_size=2, epochs=3, verbose=0, callbacks=[remember]).history
    assert set(history) == set(loss_names(gan.recipe)) > {"ssim_loss", "detail_loss"}
    assert all(len(values) == 3 for values in history.values())
    assert remember.steps == 6
    assert [set(logs) for logs in remember.epochs] == [set(history)] * 3


def test_fit_is_given_every_batch_of_a_py_dataset_in_order_and_no_autotuner():
    class Counted(keras.utils.PyDataset):
        asked, begun, ended = [], 0, 0

        def __len__(self):
            return 3

        def __getitem__(self, index):
            self.asked.append(index)
            return small_batch(1 + index % 2)

        def on_epoch_begin(self):
            self.begun += 1

        def on_epoch_end(self):
            self.ended += 1

    batches = Counted()
    assert not without_autotuning(batches).options().autotune.enabled
    batches.asked.clear()
    history = small_gan().fit(batches, epochs=2, verbose=0)
    assert len(history.history["l1_loss"]) == 2
    assert batches.asked[-6:] == [0, 1, 2, 0, 1, 2]  # before: a look at what batches are like
    assert (batches.begun, batches.ended) == (2, 2)


def test_the_weights_at_a_pictures_own_lambda_sum_to_1_and_keep_their_ratio():
    told = np.array([[0.1], [10.0], [1000.0]])
    weights = small_gan(lambda_l1=5.0).weigh(told)
    lambda_l1, adversarial = weights["lambda_l1"], weights["adversarial"]
    np.testing.assert_allclose(lambda_l1 + adversarial, 1.0)
    np.testing.assert_allclose(lambda_l1 / adversarial, told)


def test_an_epochs_loss_is_the_mean_over_its_steps():
    gan, (low, high) = small_gan(optimizer=lambda: keras.optimizers.SGD(1e-12)), small_batch(4)
    history = gan.fit(low, high, batch_size=2, verbose=0, shuffle=False).history
    steps = [
        np.abs(high[i] - gan.generator(low[i], training=True)).mean()
        for i in np.split(np.arange(4), 2)
    ]
    assert history["l1_loss"][0] == pytest.approx(np.mean(steps), rel=1e-5)


def test_early_stopping_stops_fit():
    gan, (low, high) = small_gan(), small_batch()
    stop = keras.callbacks.EarlyStopping(monitor="l1_loss", mode="min", min_delta=10.0, patience=2)
    history = gan.fit(low, high, epochs=20, verbose=0, callbacks=[stop]).history
    assert len(history["l1_loss"]) == 3


def test_keras_can_save_and_load_both_networks_weights(tmp_path):
    gan, (low, high) = small_gan(average=0.9), small_batch()
    path = tmp_path / "gan.weights.h5"
    keep = keras.callbacks.ModelCheckpoint(path, save_weights_only=True)
    gan.fit(low, high, verbose=0, callbacks=[keep])
    other = small_gan(average=0.9)
    other.load_weights(path)
    for one, two in zip(arrays(gan.weights), arrays(other.weights), strict=True):
        np.testing.assert_array_equal(one, two)


def test_predict_enhances_with_inference_statistics_and_without_dropout():
    gan, (low, _) = small_gan(dropout=0.5), small_batch()
    np.testing.assert_array_equal(gan.predict(low, verbose=0), gan.predict(low, verbose=0))
    np.testing.assert_allclose(
        gan.predict(low, verbose=0), gan.generator(low, training=False), atol=1e-6
    )


def test_training_on_one_pair_learns_it_by_heart():
    gan = small_gan(optimizer=lambda: Adam(2e-3, 0.5), lambda_l1=100.0)
    low, high = small_batch(1)
    l1 = l1_over_steps(gan, low, high, 150)
    assert np.mean(l1[-10:]) < 0.3 * l1[0]


def test_without_a_discriminator_worth_the_name_the_discriminators_losses_fall():
    # A generator that cannot move is easily told from the truth.
    gan, (low, high) = small_gan(norm="none"), small_batch()
    gan.compile(keras.optimizers.SGD(1e-12), keras.optimizers.Adam(1e-3))
    history = gan.fit(low, high, epochs=60, verbose=0).history
    for name in ("discriminator_real_loss", "discriminator_fake_loss"):
        assert history[name][0] == pytest.approx(np.log(2), abs=0.05)
        assert history[name][-1] < 0.3


# The averaged generator.


@pytest.mark.parametrize(
    ("steps", "momentum"), [(1, 2 / 11), (10, 11 / 20), (80, 81 / 90), (10_000, 0.98)]
)
def test_the_average_forgets_its_start_before_it_reaches_its_momentum(steps, momentum):
    gan = small_gan(average=0.98)
    assert float(gan.average_momentum(steps)) == pytest.approx(momentum, rel=1e-6)


def test_the_average_blends_weights_and_batch_statistics():
    gan, (low, high) = small_gan(average=0.98), small_batch()
    expected = arrays(gan.generator.weights)
    for keep in (2 / 11, 3 / 12, 4 / 13):
        gan.train_on_batch(low, high)
        now = arrays(gan.generator.weights)
        expected = [keep * old + (1 - keep) * new for old, new in zip(expected, now, strict=True)]
    assert len(expected) > len(gan.generator.trainable_variables)
    for ours, wanted in zip(arrays(gan.averaged_generator.weights), expected, strict=True):
        np.testing.assert_allclose(ours, wanted, rtol=1e-5, atol=1e-7)


def test_the_averaged_generator_predicts_and_is_not_trained():
    gan, (low, high) = small_gan(average=0.98), small_batch()
    for _ in range(3):
        gan.train_on_batch(low, high)
    assert gan.best_generator is gan.averaged_generator
    assert len(gan.trainable_variables) == len(gan.generator.trainable_variables) + len(
        gan.discriminator.trainable_variables
    )
    averaged = gan.averaged_generator(low, training=False)
    np.testing.assert_allclose(gan.predict(low, verbose=0), averaged, atol=1e-6)
    assert np.abs(averaged - gan.generator(low, training=False)).max() > 1e-4


def test_without_an_average_the_generator_itself_predicts():
    gan = small_gan()
    assert gan.best_generator is gan.generator


# Mixed precision.


def test_mixed_bfloat16_keeps_weights_and_pictures_in_float32_and_learns():
    gan = small_gan(lambda: Adam(2e-3, 0.5), dtype="mixed_bfloat16", lambda_l1=100.0)
    low, high = small_batch()
    assert gan.generator.get_layer("down2_conv").compute_dtype == "bfloat16"
    l1 = l1_over_steps(gan, low, high, 30)
    assert {variable.dtype for variable in gan.weights} == {"float32"}
    assert gan.predict(low, verbose=0).dtype == np.float32
    assert gan.discriminator([low, high]).dtype == "float32"
    assert l1[-1] < 0.7 * l1[0]


# float16, whose small gradients need a scale.


def test_float16_takes_the_step_of_float32_whatever_the_scale():
    low, high = small_batch()
    exact = step_and_changes(small_gan(norm="instance", optimizer=slow), low, high)
    for scale in (2.0**8, 2.0**14):
        gan = small_gan(norm="instance", optimizer=slow, dtype="mixed_float16")
        for optimizer in (gan.generator_optimizer, gan.discriminator_optimizer):
            optimizer.dynamic_scale.assign(scale)
        for changes, expected in zip(step_and_changes(gan, low, high), exact, strict=True):
            assert largest_difference(changes, expected) < 0.02  # 11 bits, through some layers


def test_each_network_has_a_scale_of_its_own():
    gan, (low, high) = small_gan(dtype="mixed_float16", average=0.9), small_batch()
    gan.generator_optimizer.dynamic_scale.assign(1e30)
    generator, discriminator = step_and_changes(gan, low, high)
    assert max(abs(change).max() for change in generator) == 0  # skipped: its gradient was infinite
    assert max(abs(change).max() for change in discriminator) > 0
    assert float(gan.generator_optimizer.dynamic_scale) == pytest.approx(0.5e30)
    assert int(gan.generator_optimizer.iterations) == 0
    assert int(gan.discriminator_optimizer.iterations) == 1


def slow():
    return keras.optimizers.SGD(1e-2)
