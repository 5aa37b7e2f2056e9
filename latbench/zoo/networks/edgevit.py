"""EdgeViT (Pan et al., ECCV 2022, arXiv:2205.03436): convolutions and sparse attention in turn."""

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional as F

EPS = 1e-6
MLP_RATIO = 4


def to_nhwc(x: Tensor) -> Tensor:
    """Return (N, C, H, W) `x` as (N, H, W, C)."""
    return x.permute(0, 2, 3, 1)


def to_nchw(x: Tensor) -> Tensor:
    """Return (N, H, W, C) `x` as (N, C, H, W)."""
    return x.permute(0, 3, 1, 2)


class Mlp(nn.Module):
    """`fc1`, GELU and `fc2`: linear layers, or 1x1 convolutions where `convolved`."""

    def __init__(self, channels: int, *, convolved: bool) -> None:
        super().__init__()
        hidden = MLP_RATIO * channels
        self.fc1 = nn.Conv2d(channels, hidden, 1) if convolved else nn.Linear(channels, hidden)
        self.fc2 = nn.Conv2d(hidden, channels, 1) if convolved else nn.Linear(hidden, channels)

    def forward(self, x: Tensor) -> Tensor:
        """Return an activation shaped like `x`."""
        return self.fc2(F.gelu(self.fc1(x)))


class LocalAgg(nn.Module):
    """Local aggregation: a 5x5 depthwise convolution between 1x1 ones, then an MLP, in place of attention."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.pos_embed = nn.Conv2d(channels, channels, 3, padding=1, groups=channels)
        self.norm1 = nn.BatchNorm2d(channels)
        self.conv1 = nn.Conv2d(channels, channels, 1)
        self.conv2 = nn.Conv2d(channels, channels, 1)
        self.attn = nn.Conv2d(channels, channels, 5, padding=2, groups=channels)
        self.norm2 = nn.BatchNorm2d(channels)
        self.mlp = Mlp(channels, convolved=True)

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, C, H, W), shaped like `x`."""
        x = x + self.pos_embed(x)
        x = x + self.conv2(self.attn(self.conv1(self.norm1(x))))
        return x + self.mlp(self.norm2(x))


class SparseAttention(nn.Module):
    """Attention among one token of every `rate` x `rate` cell, then spread over the cell.

    What spreads is a depthwise transposed convolution whose kernel is its stride, with a norm behind it; at
    rate 1 there is neither.
    """

    def __init__(self, channels: int, heads: int, rate: int) -> None:
        super().__init__()
        self.heads, self.rate = heads, rate
        self.qkv = nn.Linear(channels, 3 * channels)
        self.proj = nn.Linear(channels, channels)
        if rate > 1:
            self.LocalProp = nn.ConvTranspose2d(channels, channels, rate, rate, groups=channels)
            self.norm = nn.LayerNorm(channels)

    def sample(self, x: Tensor) -> Tensor:
        """Return the first token (N, H / rate, W / rate, C) of every cell of (N, H, W, C) `x`."""
        return x[:, :: self.rate, :: self.rate] if self.rate > 1 else x

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, H, W, C) for the sampled tokens (N, H / rate, W / rate, C)."""
        count, height, width, channels = x.shape
        heads = self.qkv(x).reshape(count, -1, 3 * self.heads, channels // self.heads).transpose(1, 2)
        query, key, value = heads.chunk(3, 1)
        x = F.scaled_dot_product_attention(query, key, value)
        x = x.transpose(1, 2).reshape(count, height, width, channels)
        if self.rate > 1:
            x = self.norm(to_nhwc(self.LocalProp(to_nchw(x))))
        return self.proj(x)


class SelfAttn(nn.Module):
    """A pre-norm transformer block with a depthwise convolution for positions; norms at every place."""

    def __init__(self, channels: int, heads: int, rate: int) -> None:
        super().__init__()
        self.pos_embed = nn.Conv2d(channels, channels, 3, padding=1, groups=channels)
        self.norm1 = nn.LayerNorm(channels, EPS)
        self.attn = SparseAttention(channels, heads, rate)
        self.norm2 = nn.LayerNorm(channels, EPS)
        self.mlp = Mlp(channels, convolved=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, C, H, W), shaped like `x`; sampling before the norm spares it what nobody reads."""
        x = to_nhwc(x + self.pos_embed(x))
        x = x + self.attn(self.norm1(self.attn.sample(x)))
        return to_nchw(x + self.mlp(self.norm2(x)))


class Block(nn.Module):
    """Local aggregation, where attention is sparse, and self-attention."""

    def __init__(self, channels: int, heads: int, rate: int) -> None:
        super().__init__()
        self.LocalAgg = LocalAgg(channels) if rate > 1 else nn.Identity()
        self.SelfAttn = SelfAttn(channels, heads, rate)

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, C, H, W), shaped like `x`."""
        return self.SelfAttn(self.LocalAgg(x))


class PatchEmbed(nn.Module):
    """A convolution whose kernel is its stride, and a norm."""

    def __init__(self, channels: int, out_channels: int, size: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(out_channels)
        self.proj = nn.Conv2d(channels, out_channels, size, size)

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, out_channels, H / size, W / size)."""
        return to_nchw(self.norm(to_nhwc(self.proj(x))))


class EdgeViT(nn.Module):
    """The network of `dims` channels and `depths` blocks per stage, `head` channels to an attention head.

    `rates` are the sides of the cells of which attention samples one token. The state_dict has the authors'
    keys. Height and width are multiples of 32.
    """

    def __init__(
        self, *, dims: Sequence[int], depths: Sequence[int], head: int, rates: Sequence[int] = (4, 2, 2, 1)
    ) -> None:
        super().__init__()
        stages = zip((3, *dims), dims, depths, rates, (4, 2, 2, 2), strict=False)
        self.stages = len(dims)
        for number, (before, dim, depth, rate, size) in enumerate(stages, 1):
            self.add_module(f"patch_embed{number}", PatchEmbed(before, dim, size))
            blocks = nn.ModuleList(Block(dim, dim // head, rate) for _ in range(depth))
            self.add_module(f"blocks{number}", blocks)
        self.norm = nn.BatchNorm2d(dims[-1])
        self.head = nn.Linear(dims[-1], 1000)

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits (N, 1000) of images (N, 3, H, W)."""
        for number in range(1, self.stages + 1):
            x = self.get_submodule(f"patch_embed{number}")(x)
            for block in self.get_submodule(f"blocks{number}").children():
                x = block(x)
        return self.head(self.norm(x).mean((2, 3)))
