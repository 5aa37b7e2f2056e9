"""EfficientMod (Ma et al., ICLR 2024, arXiv:2403.19963): stages of modulation and attention blocks."""

from collections.abc import Sequence

from torch import nn

from latbench.zoo.layers.attention import AttentionBlock
from latbench.zoo.layers.layout import Layout, layouts_named
from latbench.zoo.layers.modulation import Modulation, ScaledResidual
from latbench.zoo.layers.pyramid import Pyramid

HEADS = 8
SMALLEST_HEAD = 32


class EfficientMod(Pyramid):
    """The network of `dims` channels, `depths` modulation and `attentions` attention blocks per stage.

    `ratios` are the expansion ratios of a stage's modulation blocks, taken in turn from its first block on;
    `mlp_ratios` belong to the attention blocks of each stage. The state_dict has the authors' keys.
    """

    def __init__(
        self,
        *,
        dims: Sequence[int],
        depths: Sequence[int],
        attentions: Sequence[int],
        mlp_ratios: Sequence[float],
        ratios: Sequence[int] = (1, 6),
        stem: tuple[int, int, int] = (7, 4, 3),
        kernels: Sequence[int] = (7,),
        f: bool = True,
        g: bool = True,
        combine: str = "product",
        expand: str = "broadcast",
        layout: str = "channels_last",
    ) -> None:
        layouts = layouts_named(layout, dims)

        def modulation(dim: int, index: int, placed: Layout) -> nn.Module:
            ratio = ratios[index % len(ratios)]
            mixer = Modulation(dim, ratio, placed, expand=expand, kernels=kernels, f=f, g=g, combine=combine)
            return ScaledResidual(dim, mixer, placed)

        def attention(dim: int, mlp_ratio: float, placed: Layout) -> nn.Module:
            return AttentionBlock(dim, placed, HEADS, max(dim // HEADS, SMALLEST_HEAD), mlp_ratio)

        plan = zip(dims, depths, attentions, mlp_ratios, layouts, strict=True)
        stages = [
            [
                *(modulation(dim, index, placed) for index in range(depth)),
                *(attention(dim, mlp, placed) for _ in range(count)),
            ]
            for dim, depth, count, mlp, placed in plan
        ]
        super().__init__(dims, stages, stem, layouts)
