"""RedNet: ResNet's bottlenecks with an involution for the 3x3 convolution (Li et al., arXiv:2103.06255)."""

from collections.abc import Iterator, Sequence

from torch import Tensor, nn
from torch.nn import functional as F

from latbench.zoo.layers.involution import ConvNorm, Involution

WIDTHS = (64, 128, 256, 512)
EXPANSION = 4
STEM = 32
KERNEL = 7


class Bottleneck(nn.Module):
    """1x1 convolution, 7x7 involution, 1x1 convolution and a shortcut, with the authors' keys."""

    def __init__(self, channels: int, width: int, stride: int) -> None:
        super().__init__()
        out = EXPANSION * width
        self.conv1 = nn.Conv2d(channels, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = Involution(width, KERNEL, stride)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, out, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(out)
        self.downsample: nn.Module | None = None
        if stride != 1 or channels != out:
            projection = nn.Conv2d(channels, out, 1, stride, bias=False)
            self.downsample = nn.Sequential(projection, nn.BatchNorm2d(out))

    def forward(self, x: Tensor) -> Tensor:
        """Return the activation with 4 `width` channels, smaller by `stride`."""
        y = F.relu(self.bn1(self.conv1(x)))
        y = F.relu(self.bn2(self.conv2(y)))
        return F.relu(self.bn3(self.conv3(y)) + (x if self.downsample is None else self.downsample(x)))


class Backbone(nn.Module):
    """The stem, at a quarter of the image, and four stages of `depths` bottlenecks."""

    def __init__(self, depths: Sequence[int]) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            ConvNorm(3, STEM, 3, 2),
            Involution(STEM, 3),
            nn.BatchNorm2d(STEM),
            nn.ReLU(),
            ConvNorm(STEM, WIDTHS[0], 3),
        )
        self.maxpool = nn.MaxPool2d(3, 2, padding=1)
        inputs = (WIDTHS[0], *(EXPANSION * width for width in WIDTHS[:-1]))

        def stage(index: int) -> Iterator[nn.Module]:
            for at in range(depths[index]):
                channels = EXPANSION * WIDTHS[index] if at else inputs[index]
                yield Bottleneck(channels, WIDTHS[index], 1 if at or not index else 2)

        self.layer1, self.layer2, self.layer3, self.layer4 = (nn.Sequential(*stage(at)) for at in range(4))

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, 2048, H / 32, W / 32) of images (N, 3, H, W)."""
        x = self.maxpool(self.stem(x))
        return self.layer4(self.layer3(self.layer2(self.layer1(x))))


class Head(nn.Module):
    """Global average pooling and a linear layer."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.fc = nn.Linear(channels, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits (N, classes) of an activation (N, C, H, W)."""
        return self.fc(F.adaptive_avg_pool2d(x, 1).flatten(1))


class RedNet(nn.Module):
    """The classifier of `depths` bottlenecks per stage.

    `involution` is the option of that name: every value is the published form here, and names what an export
    writes in its place.
    """

    def __init__(self, *, depths: Sequence[int], classes: int = 1000, involution: str = "auto") -> None:
        super().__init__()
        del involution
        self.backbone = Backbone(depths)
        self.head = Head(EXPANSION * WIDTHS[-1], classes)

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits (N, classes) of images (N, 3, H, W)."""
        return self.head(self.backbone(x))
