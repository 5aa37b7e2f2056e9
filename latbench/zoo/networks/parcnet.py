"""ParC-Net (Zhang et al., ECCV 2022, arXiv:2203.03952): circular convolutions in MobileViT's frame."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from latbench.zoo.layers.convlayer import Classifier, ConvLayer, InvertedResidual, grouped, plain_layers
from latbench.zoo.layers.parc import AXES, BILINEAR, FORMS, SPATIAL, eager_form, resized

META_KERNELS = (32, 16, 8)
ALIAS = "residual."


class ChannelAttention(nn.Module):
    """A gate for each channel, from the means of all: two 1x1 convolutions with norms, sigmoid at the end."""

    def __init__(self, channels: int, reduction: int = 16) -> None:
        super().__init__()
        narrow = channels // reduction
        self.fc = nn.Sequential(
            nn.Conv2d(channels, narrow, 1, bias=False),
            nn.BatchNorm2d(narrow),
            nn.Hardswish(),
            nn.Conv2d(narrow, channels, 1, bias=False),
            nn.BatchNorm2d(channels),
            nn.Hardsigmoid(),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return `x` (N, C, H, W) times its gates."""
        return x * self.fc(x.mean((2, 3), keepdim=True))


class ParCBlock(nn.Module):
    """The paper's block: the two halves of the channels through two circular convolutions each.

    The first half, of `half` channels, goes along H and W, the second along W and H. Kernels and embeddings
    are held at `length` and resized ("bilinear" or "crop") to the side they lie along. A feed-forward part of
    `hidden` channels under channel attention follows. The published networks have no `bias` here, and an
    `embedding` in the first block of a stage only.
    """

    def __init__(
        self,
        half: int,
        length: int,
        hidden: int,
        *,
        embedding: bool = True,
        bias: bool = False,
        form: str = SPATIAL,
        resize: str = BILINEAR,
    ) -> None:
        super().__init__()
        self.correlate, self.resize = FORMS[form], resize
        for place in ("1_H", "1_W", "2_H", "2_W"):
            window = (length, 1) if place[-1] == "H" else (1, length)
            self._hold(f"meta_kernel_{place}", (half, 1, *window), scale=length**-0.5)
            self._hold(f"meta_{place}_bias", (half,) if bias else None)
            self._hold(f"meta_pe_{place}", (1, half, *window) if embedding else None)
        self.pre_Norm_1, self.pre_Norm_2 = nn.BatchNorm2d(half), nn.BatchNorm2d(half)
        channels = 2 * half
        self.ffn = nn.Sequential(
            nn.BatchNorm2d(channels),
            nn.Conv2d(channels, hidden, 1),
            nn.Hardswish(),
            nn.Identity(),
            nn.Conv2d(hidden, channels, 1),
        )
        self.ca = ChannelAttention(channels)

    def _hold(self, name: str, shape: tuple[int, ...] | None, scale: float = 0.02) -> None:
        parameter = None if shape is None else nn.Parameter(scale * torch.randn(shape))
        self.register_parameter(name, parameter)

    def _placed(self, x: Tensor, place: str) -> Tensor:
        """Return `x` plus the embedding called `place`, which need not be that of the next convolution."""
        embedding = getattr(self, f"meta_pe_{place}")
        if embedding is None:
            return x
        axis = place[-1].lower()
        return x + resized(embedding, x.shape[AXES[axis]], axis, self.resize)

    def _circular(self, x: Tensor, place: str) -> Tensor:
        axis = place[-1].lower()
        kernel = resized(getattr(self, f"meta_kernel_{place}"), x.shape[AXES[axis]], axis, self.resize)
        return self.correlate(x, kernel, getattr(self, f"meta_{place}_bias"), axis)

    def forward(self, x: Tensor) -> Tensor:
        """Return an activation shaped like `x` (N, 2 * half, H, W)."""
        first, second = x.chunk(2, 1)
        first = self._circular(self.pre_Norm_1(self._placed(first, "1_H")), "1_H")
        second = self._circular(self.pre_Norm_2(self._placed(second, "1_W")), "1_W")
        first = self._circular(self._placed(first, "2_W"), "2_W")
        second = self._circular(self._placed(second, "2_H"), "2_H")
        x = x + torch.cat((first, second), 1)
        return x + self.ca(self.ffn(x))


class ParCFrame(nn.Module):
    """ParC `blocks` of `dim` channels between convolutions, their output fused with the input.

    `fusion` is "concat" or "add".
    """

    def __init__(self, channels: int, dim: int, blocks: Sequence[nn.Module], fusion: str) -> None:
        super().__init__()
        self.added = fusion == "add"
        self.dim_adaptive = nn.Sequential(
            grouped(channels, dim, 3), ConvLayer(dim, dim, norm=False, activation=False)
        )
        self.spatial_global_rep = nn.Sequential(*blocks, nn.BatchNorm2d(dim))
        self.channel_adaptive = grouped(dim, channels, 1)
        self.local_global_fusion = ConvLayer(channels if self.added else 2 * channels, channels, 3)

    def forward(self, x: Tensor) -> Tensor:
        """Return an activation shaped like `x`."""
        mixed = self.channel_adaptive(self.spatial_global_rep(self.dim_adaptive(x)))
        return self.local_global_fusion(mixed + x if self.added else torch.cat((mixed, x), 1))


class ParCNet(Classifier):
    """The network: `widths` are the channels of layers 1 and 2, `stages` (out, dim, hidden, depth) of 3 to 5.

    `stem` is (kernel, channels). `parc` "fft" computes in the Fourier domain, any other value spatially. The
    state_dict has the authors' keys, less those under "residual.", which repeat the ones of layer_5.0: a
    checkpoint may hold them.
    """

    aliases = (ALIAS,)

    def __init__(
        self,
        *,
        stem: tuple[int, int],
        widths: tuple[int, int],
        stages: Sequence[tuple[int, int, int, int]],
        fusion: str = "concat",
        parc: str = "auto",
    ) -> None:
        layers, form = plain_layers(stem[1], widths), eager_form(parc)
        before = widths[1]
        for (out, dim, hidden, depth), length in zip(stages, META_KERNELS, strict=True):
            blocks = [
                ParCBlock(dim // 2, length, hidden, embedding=index == 0, form=form) for index in range(depth)
            ]
            frame = ParCFrame(out, dim, blocks, fusion)
            layers.append(nn.Sequential(InvertedResidual(before, out, 2), frame))
            before = out
        super().__init__(stem, layers, before)
        self.register_load_state_dict_pre_hook(_drop_aliases)


def _drop_aliases(_module: nn.Module, state_dict: dict[str, Tensor], prefix: str, *_: object) -> None:
    for key in [key for key in state_dict if key.startswith(prefix + ALIAS)]:
        del state_dict[key]
