"""Writing Photoshop documents: the untouched photo under an editable layer mask."""

from pathlib import Path
from typing import Any

import numpy as np
from psd_tools.constants import ChannelID, ColorMode, Compression, Resource, SectionDivider, Tag
from psd_tools.psd import PSD
from psd_tools.psd.header import FileHeader
from psd_tools.psd.image_data import ImageData
from psd_tools.psd.image_resources import ImageResource, ImageResources, ResoulutionInfo
from psd_tools.psd.layer_and_mask import (
    ChannelData,
    ChannelDataList,
    ChannelImageData,
    ChannelInfo,
    GlobalLayerMaskInfo,
    LayerAndMaskInformation,
    LayerFlags,
    LayerInfo,
    LayerRecord,
    LayerRecords,
    MaskData,
)
from psd_tools.psd.tagged_blocks import TaggedBlocks

from segmentation.core.errors import ImageError, printable, remedy_for, system_reason
from segmentation.core.files import atomic_file

_MOST_PX = 30_000  # of a side; beyond it begins another format, PSB
_MOST_BYTES = 2 * 10**9  # of a file; the same
_PIXELS_PER_INCH, _INCHES = 1, 1
_FIXED_POINT = 1 << 16
_COLOURS = ChannelID.CHANNEL_0, ChannelID.CHANNEL_1, ChannelID.CHANNEL_2

_Layer = tuple[LayerRecord, ChannelDataList]


def write_psd(
    path: Path,
    image: np.ndarray,
    alpha: np.ndarray,
    merged: np.ndarray,
    *,
    trimap: np.ndarray,
    background: np.ndarray | None = None,
    icc_profile: bytes | None = None,
    dpi: tuple[float, float] | None = None,
    exif: bytes | None = None,
) -> None:
    """Write a PSD atomically: the layer "photo", masked by `alpha`, and a hidden group "trimap" above it.

    `image` is RGB [H, W, 3], `alpha` and `trimap` are [H, W]. A `background`, like the image, is a layer
    below. `merged` is what programs show that do not read layers: RGB [H, W, 3], or [H, W, 4] whose colours
    are blended with white where its alpha is transparent, as Photoshop stores it. All are uint8 or all are
    uint16, and so is the document. Parents are created. Raises ImageError when a side has more than 30000
    pixels, when the file would have more than 2 GB, and when it cannot be written.

    The format is that of Adobe's "Photoshop File Formats Specification" (2019), built from the structures of
    psd-tools, whose editing calls would compute the merged picture again, many times slower.
    """
    height, width = alpha.shape
    if max(height, width) > _MOST_PX:
        raise _too_large(path, f"sides of at most {_MOST_PX} pixels", f"{width}x{height}")
    header = FileHeader(
        channels=merged.shape[2],
        height=height,
        width=width,
        depth=alpha.dtype.itemsize * 8,
        color_mode=ColorMode.RGB,
    )
    layers = [] if background is None else [_layer("background", _split(background, header), header)]
    layers.append(_layer("photo", _split(image, header), header, mask=_channel(alpha, header)))
    grey = _channel(trimap, header)
    layers += _hidden_group("trimap", _layer("trimap", [grey] * 3, header))
    image_data = ImageData(Compression.RLE)
    image_data.set_data([_big_endian(merged[..., number]) for number in range(merged.shape[2])], header)
    size = len(image_data.data) + sum(len(channel.data) for _, channels in layers for channel in channels)
    if size > _MOST_BYTES:
        raise _too_large(path, f"at most {_MOST_BYTES / 1e9:g} GB", f"{size / 1e9:.1f} GB")
    document = PSD(
        header,
        image_resources=_resources(icc_profile, dpi, exif),
        layer_and_mask_information=_information(layers, header),
        image_data=image_data,
    )
    try:
        with atomic_file(path) as temporary, temporary.open("wb") as file:
            document.write(file)
    except OSError as error:
        reason = system_reason(error)
        raise _error(path, reason, remedy_for(path, error)) from error


def _information(layers: list[_Layer], header: FileHeader) -> LayerAndMaskInformation:
    """Put the layers, the lowest first, where Photoshop expects them at this depth."""
    transparent = header.channels > len(_COLOURS)
    count = -len(layers) if transparent else len(layers)  # negative: the fourth channel is no spot colour
    records, channels = zip(*layers, strict=True)
    content = count, LayerRecords(records), ChannelImageData(channels)
    if header.depth == 8:
        return LayerAndMaskInformation(LayerInfo(*content), GlobalLayerMaskInfo(), TaggedBlocks())
    blocks = TaggedBlocks()
    if transparent:
        blocks.set_data(Tag.SAVING_MERGED_TRANSPARENCY16)
    blocks.set_data(Tag.LAYER_16, *content)
    return LayerAndMaskInformation(LayerInfo(), GlobalLayerMaskInfo(), blocks)


def _layer(
    name: str, colours: list[ChannelData], header: FileHeader, *, mask: ChannelData | None = None
) -> _Layer:
    """Build a layer of the document's size that is opaque except for its mask."""
    white = np.full((header.height, header.width), 2**header.depth - 1, f"u{header.depth // 8}")
    planes = {
        ChannelID.TRANSPARENCY_MASK: _channel(white, header),
        **dict(zip(_COLOURS, colours, strict=True)),
    }
    box: dict[str, Any] = {"bottom": header.height, "right": header.width}
    if mask:
        planes[ChannelID.USER_LAYER_MASK] = mask
    record = LayerRecord(
        **box,
        channel_info=[ChannelInfo(channel) for channel in planes],
        mask_data=MaskData(**box) if mask else None,
        name=name,
        tagged_blocks=_named(name),
    )
    channels: list[Any] = list(planes.values())  # psd-tools' own types of its lists cannot be met
    return record, ChannelDataList(channels)


def _hidden_group(name: str, *layers: _Layer) -> list[_Layer]:
    """Wrap layers in the two marks of a closed, hidden group, the lowest first."""
    marks = []
    for mark, kind in (
        ("</Layer group>", SectionDivider.BOUNDING_SECTION_DIVIDER),
        (name, SectionDivider.CLOSED_FOLDER),
    ):
        blocks = _named(mark)
        blocks.set_data(Tag.SECTION_DIVIDER_SETTING, kind)
        channels = [ChannelID.TRANSPARENCY_MASK, *_COLOURS]
        record = LayerRecord(
            channel_info=[ChannelInfo(channel) for channel in channels],
            flags=LayerFlags(visible=kind != SectionDivider.CLOSED_FOLDER),
            name=mark,
            tagged_blocks=blocks,
        )
        empty: list[Any] = [ChannelData() for _ in channels]
        marks.append((record, ChannelDataList(empty)))
    return [marks[0], *layers, marks[1]]


def _named(name: str) -> TaggedBlocks:
    blocks = TaggedBlocks()
    blocks.set_data(Tag.UNICODE_LAYER_NAME, name)
    return blocks


def _split(image: np.ndarray, header: FileHeader) -> list[ChannelData]:
    return [_channel(image[..., number], header) for number in range(image.shape[2])]


def _channel(plane: np.ndarray, header: FileHeader) -> ChannelData:
    channel = ChannelData(
        Compression.RLE
    )  # deflated, 16 bits would take 30 times as long for 3/4 of the size
    channel.set_data(_big_endian(plane), header.width, header.height, header.depth)
    return channel


def _big_endian(plane: np.ndarray) -> bytes:
    return plane.astype(plane.dtype.newbyteorder(">")).tobytes()


def _resources(
    icc_profile: bytes | None, dpi: tuple[float, float] | None, exif: bytes | None
) -> ImageResources:
    resources = ImageResources.new()
    if icc_profile:
        resources[Resource.ICC_PROFILE] = ImageResource(key=Resource.ICC_PROFILE, data=icc_profile)
    if dpi:
        across, down = (round(value * _FIXED_POINT) for value in dpi)
        resolution = ResoulutionInfo(across, _PIXELS_PER_INCH, _INCHES, down, _PIXELS_PER_INCH, _INCHES)
        resources[Resource.RESOLUTION_INFO] = ImageResource(
            key=Resource.RESOLUTION_INFO, data=resolution.tobytes()
        )
    if exif:
        content = exif.removeprefix(b"Exif\0\0")
        resources[Resource.EXIF_DATA_1] = ImageResource(key=Resource.EXIF_DATA_1, data=content)
    return resources


def _too_large(path: Path, expected: str, received: str) -> ImageError:
    remedy = "trim it with `crop`, or choose another `format`"
    return _error(path, f"expected {expected} in a PSD, received {received}", remedy)


def _error(path: Path, problem: str, remedy: str) -> ImageError:
    return ImageError(f"{printable(str(path))}: cannot be written ({problem}); {remedy}")
