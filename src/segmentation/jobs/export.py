"""The job `export`: a model's network in the file format of another program, or its configuration."""

from dataclasses import dataclass
from pathlib import Path

from segmentation.bundle.bundle import ModelBundle, check_own, load_bundle
from segmentation.bundle.finding import find_bundle
from segmentation.bundle.saving import save_description
from segmentation.config.jobs.export import ExportOptions
from segmentation.core.files import put_together, temporary_folder, write_text
from segmentation.core.imports import import_keras_quietly
from segmentation.core.lock import locked, locked_file
from segmentation.inference.engines.precision import ChosenPrecision, choose_precision
from segmentation.jobs.configuration import configuration_of
from segmentation.jobs.context import Context


@dataclass(frozen=True)
class Exported:
    """The exported file. Of 1000 scores 999 are within `difference`, in [0, 1], of those of Keras.

    It is None where nothing was checked: for a configuration, and without the runtime of the format. `first`
    is the file of the first pass, whose scores the network of a second pass sees, but for this program's own.
    `precision` is the one that this program will compute the model in, None for a file for other programs.
    """

    path: Path
    format: str
    difference: float | None = None
    precision: ChosenPrecision | None = None
    first: Path | None = None


def export(options: ExportOptions, context: Context) -> Exported:
    """Write a model's network, checked against Keras, or its configuration, without Keras.

    Raises BundleError for a model that cannot be read, and ExportError for an output that cannot be one of
    the format, for a converter that is missing or fails, and for scores that are not those of Keras.
    """
    bundle = find_bundle(options.model, context.workspace.models)
    if options.format == "config":
        path = options.output or _folder(bundle, context) / f"{bundle.name}.toml"
        with locked_file(path):
            write_text(path, configuration_of(bundle, context.workspace.home))
        return Exported(path, options.format)
    return _export_network(bundle, options, context)


def _export_network(bundle: ModelBundle, options: ExportOptions, context: Context) -> Exported:
    import_keras_quietly("export")
    from segmentation.images.files import read_photo
    from segmentation.inference.export import FORMATS, check_target
    from segmentation.inference.export import export as export_network
    from segmentation.jobs.openvino_export import drawn_photos, held_out_samples, with_openvino
    from segmentation.outputs.naming import find_photos

    held_out = held_out_samples(bundle, context.workspace.home)
    if options.check:
        photos = [photo.path for photo in find_photos(options.check, option="check")]
    else:
        photos = [sample.photo for sample in held_out] or drawn_photos(context.workspace.drawn)
    if options.format == "openvino" and not options.output:
        with locked(check_own(bundle).path, remedy=""):
            bundle = load_bundle(bundle.path)  # another process may have saved it meanwhile
            bundle, difference = with_openvino(bundle, photos, held_out, context.tell)
            saved = save_description(bundle)
        assert saved.openvino
        return Exported(saved.openvino, options.format, difference, choose_precision(saved, "auto"))
    path = options.output or _folder(bundle, context) / (bundle.name + FORMATS[options.format].suffix)
    check_target(path, options.format)
    if not bundle.first:
        with locked_file(path):
            difference = export_network(bundle, options.format, path, map(read_photo, photos))
        return Exported(path, options.format, difference)
    stem = path.name[: len(path.name) - len(FORMATS[options.format].suffix)]
    first = path.with_name(f"{stem}-first{path.name.removeprefix(stem)}")
    check_target(first, options.format)
    with locked_file(path), locked_file(first), temporary_folder(path.parent) as folder:
        export_network(bundle.first, options.format, folder / first.name, map(read_photo, photos))
        difference = export_network(bundle, options.format, path, map(read_photo, photos))
        put_together(folder, path.parent, main=first.name)
    return Exported(path, options.format, difference, first=first)


def _folder(bundle: ModelBundle, context: Context) -> Path:
    return context.workspace.results / bundle.name / "export"
