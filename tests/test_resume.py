"""A training that is interrupted goes on as if nothing had been; a photo that breaks is named."""

import dataclasses
import shutil

import numpy as np
import pytest
from support.drawing import draw_set

from segmentation.config.training import RunConfig
from segmentation.config.values import Memory
from segmentation.core.errors import ImageError, TrainingError
from segmentation.core.size import Size
from segmentation.core.types import Sample
from segmentation.datasets.ground_truth import MaskFile
from segmentation.models.registry import complete
from segmentation.training.fit import fit

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


class Silent:
    """Shows nothing; interrupts the training, as Ctrl-C does, after the first step of an epoch."""

    def __init__(self, interrupted_epoch=None):
        self.interrupted_epoch = interrupted_epoch

    def plan(self, plan):
        self.photos = plan.train_photos, plan.val_photos

    def step(self, epoch, step, steps, photos, logs):  # noqa: ARG002
        if epoch == self.interrupted_epoch:
            raise KeyboardInterrupt

    def epoch(self, epoch, logs, best):
        pass

    def score(self, done, total):
        pass


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    folder = draw_set(tmp_path_factory.mktemp("resume") / "pairs", garments=4)
    return [
        Sample(path.stem, path, MaskFile(folder / "cutouts" / path.name))
        for path in sorted((folder / "images").iterdir())
    ]


def train(samples, folder, **options):
    (folder / "model").mkdir(parents=True, exist_ok=True)
    options = {"config": CONFIG, "fingerprint": "one", "progress": Silent(), **options}
    return fit(train=samples[:4], val=samples[4:], folder=folder / "model", logs=folder / "logs", **options)


def test_a_resumed_training_ends_as_an_uninterrupted_one(samples, tmp_path):
    _, whole = train(samples, tmp_path / "whole")
    bundle, begun = train(samples, tmp_path / "parts", progress=Silent(interrupted_epoch=3))
    resumed_bundle, resumed = train(samples, tmp_path / "parts", resuming=True)

    assert bundle.provenance["interrupted"]
    assert not resumed_bundle.provenance["interrupted"]
    assert len(begun["loss"]) == 2
    assert whole.keys() == resumed.keys()
    for name, values in whole.items():
        assert len(values) == EPOCHS
        np.testing.assert_allclose(resumed[name], values, rtol=1e-4, atol=1e-5, err_msg=name)


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
    interruption = Silent(interrupted_epoch)
    _, begun = train(samples, tmp_path / "parts", config=config, progress=interruption)
    _, resumed = train(samples, tmp_path / "parts", config=config, resuming=True)

    assert len(begun["loss"]) == interrupted_epoch - 1
    assert whole.keys() == resumed.keys()
    for name, values in whole.items():
        assert len(values) == EPOCHS
        np.testing.assert_allclose(resumed[name], values, rtol=1e-4, atol=1e-5, err_msg=name)


def test_a_training_goes_on_with_its_own_settings_only(samples, tmp_path):
    train(samples, tmp_path, progress=Silent(interrupted_epoch=2))

    with pytest.raises(TrainingError, match=r"learning_rate was 0\.01, is 0\.02"):
        train(samples, tmp_path, config=CONFIG.replace(learning_rate=0.02), resuming=True)
    with pytest.raises(TrainingError, match="data was one, is other"):
        train(samples, tmp_path, fingerprint="other", resuming=True)


def test_an_interruption_before_the_first_epoch_leaves_no_model(samples, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        train(samples, tmp_path, progress=Silent(interrupted_epoch=1))

    assert list((tmp_path / "model").iterdir()) == []


class Breaking(Silent):
    """Breaks a photo while the training is under way."""

    def __init__(self, path):
        super().__init__()
        self.path = path

    def step(self, epoch, step, steps, photos, logs):  # noqa: ARG002
        self.path.write_bytes(b"no photo")


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
        train(copies, tmp_path, config=CONFIG.replace(cache=Memory.parse("0MB")), progress=Breaking(path))


def test_a_training_that_had_stopped_early_does_not_go_on_when_resumed(samples, tmp_path):
    config = CONFIG.replace(patience=1, learning_rate=0.0)
    _, stopped = train(samples, tmp_path, config=config)
    _, resumed = train(samples, tmp_path, config=config, resuming=True)

    assert len(stopped["loss"]) < EPOCHS
    assert resumed == stopped
