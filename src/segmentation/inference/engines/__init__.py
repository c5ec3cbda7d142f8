"""Engines that compute the scores of a model bundle: OpenVINO or Keras."""

from segmentation.bundle.bundle import ModelBundle
from segmentation.core.errors import ConfigError
from segmentation.inference.engines.engine import Engine

__all__ = ["Engine", "load_engine"]


def load_engine(
    bundle: ModelBundle, *, engine: str = "auto", precision: str = "auto", streams: int = 1
) -> Engine:
    """Load the bundle's network on an engine, ready to score up to `streams` photos at the same time.

    `auto` is OpenVINO where the bundle holds the network in its form, else Keras, which is the reference
    and many times slower. The precision `auto` is bfloat16 where the processor supports it and the bundle was
    found to be as good in it, `fastest` wherever the processor supports it, and else float32; Keras always
    computes in float32.

    Raises ConfigError for a choice that is not available, and BundleError for files that are not the
    recorded network.
    """
    preprocessing = bundle.preprocessing
    if engine == "auto":
        engine = "openvino" if bundle.openvino else "keras"
    if engine == "keras":
        if precision == "bf16":
            raise ConfigError("`precision=bf16`: expected `engine=openvino`, received keras; use f32")
        from segmentation.inference.engines.keras_engine import keras_network, load_model

        model = load_model(bundle, preprocessing)
        return Engine("keras", "f32", preprocessing, keras_network(model, preprocessing))
    from segmentation.inference.engines.openvino_engine import openvino_network

    network, chosen = openvino_network(bundle, preprocessing, precision, streams)
    return Engine("openvino", chosen.name, preprocessing, network, chosen.reason)
