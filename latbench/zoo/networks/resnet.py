"""ResNet (He et al., arXiv:1512.03385) and ParC-ResNet50 (Zhang et al., arXiv:2203.03952)."""

from collections.abc import Iterator, Sequence

from torch import Tensor, nn
from torch.nn import functional as F

from latbench.zoo.layers.parc import ParC, crossed, eager_form

WIDTHS = (64, 128, 256, 512)
EXPANSION = 4
MAPS = (56, 28, 14, 7)
"""The size of each stage's map at 224 pixels, where the ParCs hold their kernels."""


class Bottleneck(nn.Module):
    """1x1 convolution, 3x3 convolution, 1x1 convolution and a shortcut, with the keys of torchvision."""

    def __init__(self, channels: int, width: int, stride: int) -> None:
        super().__init__()
        out = EXPANSION * width
        self.conv1 = nn.Conv2d(channels, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self._add_mixer(width, stride)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, out, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(out)
        self.downsample: nn.Module | None = None
        if stride != 1 or channels != out:
            projection = nn.Conv2d(channels, out, 1, stride, bias=False)
            self.downsample = nn.Sequential(projection, nn.BatchNorm2d(out))

    def _add_mixer(self, width: int, stride: int) -> None:
        self.conv2 = nn.Conv2d(width, width, 3, stride, padding=1, bias=False)

    def mix(self, x: Tensor) -> Tensor:
        """Return the activation mixed in space, before its norm."""
        return self.conv2(x)

    def forward(self, x: Tensor) -> Tensor:
        """Return the activation with 4 `width` channels, smaller by `stride`."""
        y = F.relu(self.bn1(self.conv1(x)))
        y = F.relu(self.bn2(self.mix(y)))
        return F.relu(self.bn3(self.conv3(y)) + (x if self.downsample is None else self.downsample(x)))


class CircularBottleneck(Bottleneck):
    """A bottleneck whose 3x3 convolution is a pair of dense ParCs, one on each half of the channels."""

    def __init__(self, width: int, length: int, form: str) -> None:
        self._length, self._form = length, form
        super().__init__(EXPANSION * width, width, 1)

    def _add_mixer(self, width: int, stride: int) -> None:
        half = width // 2
        self.parc_H = ParC(half, self._length, "h", dense=True, form=self._form)
        self.parc_W = ParC(half, self._length, "w", dense=True, form=self._form)

    def mix(self, x: Tensor) -> Tensor:
        """Return the activation mixed along its columns and its rows, before its norm."""
        return crossed(x, self.parc_H, self.parc_W)


class ResNet(nn.Module):
    """The network of `depths` bottlenecks per stage, the last `circular` of each being circular.

    `parc` is the option of that name. The state_dict has the keys of torchvision, and the authors' where
    there are ParCs.
    """

    def __init__(
        self, *, depths: Sequence[int], circular: Sequence[int] = (0, 0, 0, 0), parc: str = "spatial"
    ) -> None:
        super().__init__()
        form = eager_form(parc)
        self.conv1 = nn.Conv2d(3, WIDTHS[0], 7, 2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(WIDTHS[0])
        self.maxpool = nn.MaxPool2d(3, 2, padding=1)
        inputs = (WIDTHS[0], *(EXPANSION * width for width in WIDTHS[:-1]))

        def stage(index: int) -> Iterator[nn.Module]:
            width = WIDTHS[index]
            for at in range(depths[index]):
                if at >= depths[index] - circular[index]:
                    yield CircularBottleneck(width, MAPS[index], form)
                else:
                    first = at == 0
                    channels = inputs[index] if first else EXPANSION * width
                    yield Bottleneck(channels, width, 2 if first and index else 1)

        self.layer1, self.layer2, self.layer3, self.layer4 = (nn.Sequential(*stage(i)) for i in range(4))
        self.fc = nn.Linear(EXPANSION * WIDTHS[-1], 1000)

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits (N, 1000) of images (N, 3, H, W)."""
        x = self.maxpool(F.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(F.adaptive_avg_pool2d(x, 1).flatten(1))
