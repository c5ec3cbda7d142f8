"""What a user may ask of inference; names only, so that help is instant."""

ENGINES = ("auto", "openvino", "keras")
PRECISIONS = ("auto", "f32", "bf16")
TEST_TIME = ("none", "flip", "scales", "flip+scales")
EXPORT_FORMATS = ("openvino", "onnx", "saved-model", "litert")
