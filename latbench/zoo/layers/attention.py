"""Global multi-head attention over all positions of an activation, as a transformer block."""

from torch import Tensor, nn
from torch.nn import functional as F

from latbench.zoo.layers.layout import Layout


class Attention(nn.Module):
    """Multi-head self-attention of tokens (N, L, C); `heads` of `head_channels` each, no bias on qkv."""

    def __init__(self, channels: int, heads: int, head_channels: int) -> None:
        super().__init__()
        self.heads, self.head_channels = heads, head_channels
        self.qkv = nn.Linear(channels, 3 * heads * head_channels, bias=False)
        self.proj = nn.Linear(heads * head_channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        """Return the attended tokens (N, L, C)."""
        qkv = self.qkv(x).unflatten(-1, (3, self.heads, self.head_channels)).permute(2, 0, 3, 1, 4)
        query, key, value = qkv.unbind(0)
        return self.proj(F.scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2))


class TokenMlp(nn.Module):
    """Linear, GELU, Linear on tokens (N, L, C)."""

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(channels, hidden)
        self.fc2 = nn.Linear(hidden, channels)

    def forward(self, x: Tensor) -> Tensor:
        """Return tokens (N, L, C)."""
        return self.fc2(F.gelu(self.fc1(x)))


class AttentionBlock(nn.Module):
    """A pre-norm transformer block on an activation; inside, positions are tokens in every layout."""

    def __init__(
        self, channels: int, layout: Layout, heads: int, head_channels: int, mlp_ratio: float
    ) -> None:
        super().__init__()
        self.layout = layout
        self.norm1 = nn.LayerNorm(channels)
        self.attn = Attention(channels, heads, head_channels)
        self.norm2 = nn.LayerNorm(channels)
        self.mlp = TokenMlp(channels, int(channels * mlp_ratio))

    def forward(self, x: Tensor) -> Tensor:
        """Return an activation shaped like `x`."""
        x = self.layout.to_nhwc(x)
        height, width = x.shape[1:3]
        x = x.flatten(1, 2)
        x = x + self.attn(self.norm1(x))
        x = x + self.mlp(self.norm2(x))
        return self.layout.from_nhwc(x.unflatten(1, (height, width)))
