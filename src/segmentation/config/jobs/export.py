"""Options of `export`."""

from dataclasses import dataclass
from pathlib import Path

from segmentation.config.options import JobOptions, option

NETWORK_FORMATS = ("openvino", "onnx", "saved-model", "litert")
FORMATS = (*NETWORK_FORMATS, "config")


@dataclass(frozen=True, kw_only=True)
class ExportOptions(JobOptions):
    """Write a trained network in the file format of another program, or its configuration as TOML."""

    model: str | None = option(
        None,
        "model in the models folder, or the path of one",
        shown="the one named default, or else the only one",
        metavar="NAME",
    )
    format: str = option(
        "openvino",
        "file format; config is the configuration, with which `train config=FILE` repeats the training",
        choices=FORMATS,
    )
    output: Path | None = option(
        None,
        "the file, or the folder of a saved-model",
        shown="results/MODEL/export/MODEL.SUFFIX; openvino: into the model, where predict and eval find it",
        metavar="PATH",
    )
    check: Path | None = option(
        None,
        "photos on which the file must score as Keras does",
        shown="those held out of the training, or drawn ones",
        metavar="DIR",
    )
