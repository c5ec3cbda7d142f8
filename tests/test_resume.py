"""A training that is interrupted goes on as if nothing had been; a photo that breaks is named."""

import dataclasses
import gc
import shutil

import numpy as np
import pytest
from support.drawing import draw_set, samples_of
from support.training import train as train_with
from support.training_events import interrupting

from segmentation.config.run import RunConfig
from segmentation.core.errors import ImageError, TrainingError
from segmentation.core.size import Size
from segmentation.datasets.ground_truth import MaskFile
from segmentation.models.registry import complete
from segmentation.training.batches import PreparedPairs
from segmentation.training.progress import EpochDone, StepDone, TrainingStarted

EPOCHS = 4
CONFIG = complete(
    RunConfig().replace(
        architecture="simple",
        filters=2,
        levels=1,
        norm="none",
        input_size=Size(height=16, width=16),
        epochs=EPOCHS,
        batch_size=1,
        learning_rate=0.01,
        schedule="cosine",
        precision="float32",
    )
)


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    return samples_of(draw_set(tmp_path_factory.mktemp("resume") / "pairs", garments=4))


def train(samples, folder, **options):
    return train_with(samples, folder, options.pop("config", CONFIG), **options)


def test_a_training_that_has_ended_keeps_no_photo_in_memory(samples, tmp_path):
    train(samples, tmp_path)
    in_memory = [found for found in gc.get_objects() if isinstance(found, PreparedPairs)]

    assert sum(pairs.kept_bytes for pairs in in_memory) == 0


def test_a_resumed_training_ends_as_an_uninterrupted_one(samples, tmp_path):
    _, whole = train(samples, tmp_path / "whole")
    bundle, begun = train(samples, tmp_path / "parts", tell=interrupting(3))
    resumed_bundle, resumed = train(samples, tmp_path / "parts", resuming=True)

    assert bundle.provenance["interrupted"]
    assert not resumed_bundle.provenance["interrupted"]
    assert len(begun["loss"]) == 2
    assert whole.keys() == resumed.keys()
    for name, values in whole.items():
        assert len(values) == EPOCHS
        np.testing.assert_allclose(resumed[name], values, rtol=1e-4, atol=1e-5, err_msg=name)


@pytest.mark.slow
@pytest.mark.parametrize("interrupted_epoch", [3, 4], ids=["between two phases", "in the second phase"])
def test_so_does_one_whose_backbone_is_frozen_at_first_and_slower_then(samples, tmp_path, interrupted_epoch):
    config = complete(
        CONFIG.replace(
            architecture="unet-256",
            backbone="efficientnet-lite0",
            backbone_weights="none",
            optimizer="adamw",
            freeze=5,
            freeze_epochs=2,
            backbone_rate=0.1,
        )
    )
    _, whole = train(samples, tmp_path / "whole", config=config)
    _, begun = train(samples, tmp_path / "parts", config=config, tell=interrupting(interrupted_epoch))
    _, resumed = train(samples, tmp_path / "parts", config=config, resuming=True)

    assert len(begun["loss"]) == interrupted_epoch - 1
    assert whole.keys() == resumed.keys()
    for name, values in whole.items():
        assert len(values) == EPOCHS
        np.testing.assert_allclose(resumed[name], values, rtol=1e-4, atol=1e-5, err_msg=name)


@pytest.mark.slow
def test_so_does_one_with_dropout(samples, tmp_path):
    config = complete(CONFIG.replace(architecture="fc-densenet", filters=2, levels=1))
    _, whole = train(samples, tmp_path / "whole", config=config)
    train(samples, tmp_path / "parts", config=config, tell=interrupting(3))
    _, resumed = train(samples, tmp_path / "parts", config=config, resuming=True)

    np.testing.assert_allclose(resumed["loss"], whole["loss"], rtol=1e-4, atol=1e-5)


def test_a_training_goes_on_with_its_own_settings_only(samples, tmp_path):
    train(samples, tmp_path, tell=interrupting(2))

    with pytest.raises(TrainingError, match=r"`learning_rate` was 0\.01, now 0\.02"):
        train(samples, tmp_path, config=CONFIG.replace(learning_rate=0.02), resuming=True)
    with pytest.raises(TrainingError, match="the pairs have changed since the run"):
        train(samples, tmp_path, fingerprint="other", resuming=True)


def test_an_interruption_before_the_first_epoch_leaves_no_model(samples, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        train(samples, tmp_path, tell=interrupting(1))

    assert list((tmp_path / "model").iterdir()) == []


def breaking(path):
    """Return what breaks a photo while the training is under way."""

    def tell(event):
        if isinstance(event, StepDone):
            path.write_bytes(b"no photo")

    return tell


@pytest.mark.parametrize("broken", [0, 7], ids=["train", "val"])
def test_a_photo_that_breaks_while_training_is_named(samples, tmp_path, broken):
    folder = samples[0].photo.parent.parent
    shutil.copytree(folder, tmp_path / "pairs")
    copies = [
        dataclasses.replace(
            sample,
            photo=tmp_path / "pairs" / sample.photo.relative_to(folder),
            truth=MaskFile(tmp_path / "pairs" / sample.truth.path.relative_to(folder)),
        )
        for sample in samples
    ]
    path = copies[broken].photo

    with pytest.raises(ImageError, match=path.name):
        train(copies, tmp_path, config=CONFIG.replace(cache="0MB"), tell=breaking(path))


def test_a_training_that_had_stopped_early_does_not_go_on_when_resumed(samples, tmp_path):
    config = CONFIG.replace(patience=1, learning_rate=0.0)
    _, stopped = train(samples, tmp_path, config=config)
    _, resumed = train(samples, tmp_path, config=config, resuming=True)

    assert len(stopped["loss"]) < EPOCHS
    assert resumed == stopped


def test_what_is_told_is_the_plan_every_step_and_every_epoch(samples, tmp_path):
    told = []
    _, history = train(samples, tmp_path, tell=told.append)

    (started,) = (event for event in told if isinstance(event, TrainingStarted))
    epochs = [event for event in told if isinstance(event, EpochDone)]
    assert told[0] == started
    assert (started.name, started.epochs) == ("logs", EPOCHS)
    assert (started.plan.train_photos, started.plan.val_photos) == (4, 4)
    steps = [(event.epoch, event.step, event.steps) for event in told if isinstance(event, StepDone)]
    assert steps == [(epoch + 1, step + 1, 4) for epoch in range(EPOCHS) for step in range(4)]
    assert [event.epoch for event in epochs] == list(range(1, EPOCHS + 1))
    assert [event.figures["val_dice"] for event in epochs] == history["val_dice"]
    best = max(history["val_dice"])
    assert [event.figures["val_dice"] for event in epochs if event.best][-1] == best


def test_a_training_that_is_asked_to_stop_keeps_what_it_has(samples, tmp_path):
    told = []
    stop = lambda: any(isinstance(event, EpochDone) for event in told)  # noqa: E731
    bundle, history = train(samples, tmp_path, tell=told.append, stop=stop)

    assert bundle.provenance["interrupted"]
    assert len(history["loss"]) == 1


@pytest.mark.parametrize("name", ["notes.txt", ".hidden", "models/own.h5"])
def test_a_new_run_removes_nothing_that_no_run_made(samples, tmp_path, name):
    train(samples, tmp_path)
    foreign = tmp_path / "logs" / name
    foreign.parent.mkdir(exist_ok=True)
    foreign.write_text("mine")
    kept = sorted((tmp_path / "logs").rglob("*"))

    with pytest.raises(TrainingError, match=rf"logs: .* received {name.split('/')[0]} as well; move it away"):
        train(samples, tmp_path)
    assert sorted((tmp_path / "logs").rglob("*")) == kept
    assert foreign.read_text() == "mine"


def test_a_new_run_begins_anew_where_an_earlier_one_was(samples, tmp_path):
    _, first = train(samples, tmp_path, config=CONFIG.replace(epochs=2))
    _, second = train(samples, tmp_path, config=CONFIG.replace(epochs=1))

    assert len(first["loss"]) == 2
    assert len(second["loss"]) == 1
    left = sorted(path.name for path in (tmp_path / "logs").glob("*.h5"))
    assert left == ["epoch-0001.weights.h5"]
