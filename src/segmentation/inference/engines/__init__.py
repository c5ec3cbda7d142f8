"""Engines that compute the scores of a model bundle: OpenVINO or Keras."""

from segmentation.bundle.bundle import ModelBundle
from segmentation.core.errors import ConfigError
from segmentation.inference.engines.engine import Engine, Network
from segmentation.inference.engines.object_engine import ObjectEngine

__all__ = ["Engine", "engine_of", "load_engine"]


def engine_of(bundle: ModelBundle, name: str, precision: str, network: Network, reason: str = "") -> Engine:
    """Return the engine of a loaded `network`: one that finds objects where the bundle does."""
    if bundle.finds_objects:
        return ObjectEngine(name, precision, bundle.preprocessing, network, reason, bundle.labels)
    return Engine(name, precision, bundle.preprocessing, network, reason)


def load_engine(
    bundle: ModelBundle, *, engine: str = "auto", precision: str = "auto", streams: int = 1
) -> Engine:
    """Load the bundle's network on an engine, ready to score up to `streams` photos at the same time.

    `auto` is OpenVINO where the bundle holds the network in its form, else Keras, which is the reference
    and many times slower. The precision `auto` is bfloat16 where the processor is faster in it and the bundle
    was found to be as good in it, `fastest` wherever the processor is faster in it, and else float32; Keras
    always computes in float32.

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
        return engine_of(bundle, "keras", "f32", keras_network(model, preprocessing))
    from segmentation.inference.engines.openvino_engine import openvino_network

    network, chosen = openvino_network(bundle, preprocessing, precision, streams)
    return engine_of(bundle, "openvino", chosen.name, network, chosen.reason)
