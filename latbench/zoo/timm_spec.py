"""What is known about a model that timm defines, without timm."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

from latbench.zoo.spec import Evidence, Forms, ModelSpec, defaults
from latbench.zoo.timm_import import HOW, installed, missing

if TYPE_CHECKING:
    from torch import nn

VERSION = "1.0.31"
OWN = Evidence("published", f"timm {VERSION}'s own definition")
REPARAM: Forms = {"reparam": ("fused", "train")}
"""Training branches folded into the one convolution that they amount to, or kept; timm's own arithmetic."""


@dataclass(frozen=True, kw_only=True)
class TimmSpec(ModelSpec):
    """A model under a short name: `config["name"]` is timm's; its counts are those of the first form.

    `fixed`: the network is built for one resolution, as with position embeddings, and told which.
    """

    evidence: Evidence = OWN
    network: str = "latbench.zoo.networks.timm:network"
    code: str | None = "https://github.com/huggingface/pytorch-image-models"
    commit: str | None = f"v{VERSION}"
    package: str = "timm"
    calibrated: bool = True
    fixed: bool = False

    def at(self, resolution: int) -> Self:
        """Return the spec of the network for images of `resolution` pixels; its counts stay as they are."""
        if not self.fixed or resolution == self.resolution:
            return self
        return replace(self, resolution=resolution, config={**self.config, "resolution": resolution})

    def unfinished(self, **forms: str) -> "nn.Module":
        """Return the network with its training branches, where it has any: weights belong to these."""
        return self.build(**(forms | dict.fromkeys(self.forms, "train")))

    def finish(self, network: "nn.Module", **forms: str) -> "nn.Module":
        """Return the network as it is run: its branches folded, unless the form "train" keeps them."""
        if (defaults(self.forms) | forms).get("reparam") != "fused":
            return network
        from latbench.zoo.networks.timm import fused

        return fused(network)

    def missing(self) -> str | None:
        """Return why the network cannot be built here and how to mend it, None if this timm is installed.

        Another version may build another network, and what is stated here would not hold for it.
        """
        if lack := missing():
            return f"{self.name} comes from timm, but {lack}."
        found, own = installed(), self.config["name"]
        if found == VERSION:
            return None
        return (
            f"{self.name} is what timm {VERSION} builds, but timm {found} is installed: {HOW}, "
            f"or take timm:{own} as it is there."
        )
