"""Involution: a kernel of its own for every pixel, shared by the channels of a group (arXiv:2103.06255)."""

from torch import Tensor, nn
from torch.nn import functional as F

from latbench.errors import BadInput


class ConvNorm(nn.Module):
    """A convolution without bias, its batch norm and a ReLU, with the authors' keys `conv` and `bn`."""

    def __init__(self, channels: int, out_channels: int, kernel: int = 1, stride: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, out_channels, kernel, stride, padding=kernel // 2, bias=False)
        self.bn = nn.BatchNorm2d(out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, out_channels, H / stride, W / stride), rounded up."""
        return F.relu(self.bn(self.conv(x)))


class ConvAlone(nn.Module):
    """A 1x1 convolution with bias and nothing behind it, with the authors' key `conv`."""

    def __init__(self, channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, out_channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, out_channels, H, W)."""
        return self.conv(x)


def involve(x: Tensor, kernels: Tensor, kernel: int, stride: int = 1) -> Tensor:
    """Return (N, C, H', W') `x` (N, C, H, W), each pixel's window weighted by the kernels made for it.

    y[c, i, j] = sum over u, v of kernels[g(c), u, v, i, j] x[c, s i + u - p, s j + v - p], zeros outside,
    with p = (K - 1) / 2 and g(c) the group of consecutive channels that holds c (arXiv:2103.06255, eq. 4).
    `kernels` is (N, G K K, H', W'), the taps of a group row by row. BadInput where the kernels do not
    lie on the map that `stride` leaves.
    """
    batch, channels, height, width = x.shape
    taps, rows, columns = kernel * kernel, *kernels.shape[2:]
    if (rows, columns) != (-(-height // stride), -(-width // stride)):
        raise BadInput(
            f"An involution of stride {stride} makes {rows}x{columns} kernels for a map of {height}x{width}; "
            f"give it a height and a width that are multiples of {stride}."
        )
    groups = kernels.shape[1] // taps
    windows = F.unfold(x, kernel, padding=(kernel - 1) // 2, stride=stride)
    windows = windows.view(batch, groups, channels // groups, taps, rows, columns)
    weights = kernels.view(batch, groups, 1, taps, rows, columns)
    return (weights * windows).sum(3).view(batch, channels, rows, columns)


class Involution(nn.Module):
    """An involution of `channels` by odd `kernel`s that two 1x1 convolutions make of the activation itself.

    `group_channels` consecutive channels share their kernels; `reduction` is by how much the first of the two
    convolutions narrows. With `stride` s they see the mean of s x s pixels, hence the map's height and width
    are multiples of s. The keys are those of the authors' class. BadInput for a kernel that is even, and for
    channels that groups or the reduction do not divide.
    """

    def __init__(
        self, channels: int, kernel: int, stride: int = 1, *, group_channels: int = 16, reduction: int = 4
    ) -> None:
        super().__init__()
        if kernel < 1 or kernel % 2 == 0 or stride < 1:
            raise BadInput(
                f"An involution has an odd kernel and a stride of 1 or more, not {kernel} and {stride}."
            )
        if channels % group_channels or channels % reduction:
            raise BadInput(
                f"{channels} channels are not divided by both {group_channels} channels a group and a "
                f"reduction by {reduction}; use a multiple of both."
            )
        self.kernel, self.stride = kernel, stride
        self.conv1 = ConvNorm(channels, channels // reduction)
        self.conv2 = ConvAlone(channels // reduction, kernel * kernel * channels // group_channels)
        self.avgpool = nn.AvgPool2d(stride, stride) if stride > 1 else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, C, H / stride, W / stride) of an activation (N, C, H, W)."""
        return involve(x, self.conv2(self.conv1(self.avgpool(x))), self.kernel, self.stride)

    def own_macs(self, out: Tensor) -> int:
        """Return the multiply-accumulates of weighting and adding, which no counter of products sees."""
        return self.kernel**2 * out.numel()
