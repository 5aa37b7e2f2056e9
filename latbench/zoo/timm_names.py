"""Short names for the models of the papers' tables that come from timm, with their published figures."""

from functools import partial

from latbench.zoo.efficientmod import ARXIV, gpu_and_cpu, other_gpus
from latbench.zoo.spec import PublishedLatency, Sizes
from latbench.zoo.timm_spec import REPARAM, TimmSpec

TABLE = f"{ARXIV} Table 1"
STRONG = f"{ARXIV} Table 1, with its stronger training"
DISTILLED = f"{TABLE}, whose 5.9M parameters are those of the distilled variant"

mobilenetv2 = partial(
    TimmSpec,
    family="MobileNetV2",
    paper="MobileNetV2: Inverted Residuals and Linear Bottlenecks, CVPR 2018, arXiv:1801.04381",
)
mobileone = partial(
    TimmSpec,
    family="MobileOne",
    paper="MobileOne: An Improved One millisecond Mobile Backbone, CVPR 2023, arXiv:2206.04040",
    forms=REPARAM,
)
mobilevitv2 = partial(
    TimmSpec,
    family="MobileViTv2",
    paper="Separable Self-attention for Mobile Vision Transformers, arXiv:2206.02680",
    resolution=256,
)
fasternet = partial(
    TimmSpec,
    family="FasterNet",
    paper="Run, Don't Walk: Chasing Higher FLOPS for Faster Neural Networks, CVPR 2023, arXiv:2303.03667",
)
efficientformerv2 = partial(
    TimmSpec,
    family="EfficientFormerV2",
    paper="Rethinking Vision Transformers for MobileNet Size and Speed, ICCV 2023, arXiv:2212.08059",
    sizes=Sizes(multiple=32),
    fixed=True,
    scaled={".gamma": 0.1},
)


def on_iphone(ms: float) -> tuple[PublishedLatency, ...]:
    """Return the latency of the paper's Table 12, in milliseconds."""
    return (PublishedLatency("iPhone 13, Core ML", ms, f"{ARXIV} Table 12"),)


MODELS = (
    mobilenetv2(
        name="mobilenetv2_140",
        config={"name": "mobilenetv2_140"},
        params=6_108_776,
        macs=582_195_824,
        top1=74.7,
        top1_source=TABLE,
        latencies=gpu_and_cpu(2.8, 6.0, "Table 1") + other_gpus(2.0, 1.2, 1.4) + on_iphone(1.1),
    ),
    mobileone(
        name="mobileone_s0",
        config={"name": "mobileone_s0"},
        params=2_078_504,
        macs=275_110_400,
    ),
    mobileone(
        name="mobileone_s1",
        config={"name": "mobileone_s1"},
        params=4_764_840,
        macs=825_057_024,
        top1=74.6,
        top1_source=TABLE,
        latencies=gpu_and_cpu(1.5, 6.9, "Table 1") + on_iphone(0.8),
    ),
    mobileone(
        name="mobileone_s2",
        config={"name": "mobileone_s2"},
        params=7_808_168,
        macs=1_298_426_496,
        top1=77.4,
        top1_source=STRONG,
        latencies=gpu_and_cpu(2.0, 10.0, "Table 1") + other_gpus(1.7, 1.1, 1.6),
    ),
    mobileone(
        name="mobileone_s3",
        config={"name": "mobileone_s3"},
        params=10_078_312,
        macs=1_895_790_592,
    ),
    mobileone(
        name="mobileone_s4",
        config={"name": "mobileone_s4"},
        params=14_838_352,
        macs=2_979_269_760,
        top1=79.4,
        top1_source=STRONG,
        latencies=gpu_and_cpu(4.8, 26.6, "Table 1") + other_gpus(3.6, 2.3, 2.7),
    ),
    mobilevitv2(
        name="mobilevitv2_050",
        config={"name": "mobilevitv2_050"},
        params=1_370_593,
        macs=464_594_944,
    ),
    mobilevitv2(
        name="mobilevitv2_100",
        config={"name": "mobilevitv2_100"},
        params=4_901_841,
        macs=1_812_090_880,
        top1=78.1,
        top1_source=TABLE,
        latencies=gpu_and_cpu(5.4, 30.9, "Table 1") + other_gpus(4.5, 2.9, 3.0),
    ),
    mobilevitv2(
        name="mobilevitv2_150",
        config={"name": "mobilevitv2_150"},
        params=10_594_753,
        macs=4_042_487_808,
        top1=80.4,
        top1_source=TABLE,
        latencies=gpu_and_cpu(7.2, 59.0, "Table 1") + other_gpus(7.0, 3.8, 3.3),
    ),
    fasternet(
        name="fasternet_t0",
        config={"name": "fasternet_t0"},
        params=3_905_500,
        macs=335_422_720,
        top1=71.9,
        top1_source=TABLE,
        latencies=gpu_and_cpu(2.5, 6.8, "Table 1") + other_gpus(1.8, 1.7, 2.0) + on_iphone(0.7),
    ),
    fasternet(
        name="fasternet_t1",
        config={"name": "fasternet_t1"},
        params=7_595_368,
        macs=850_511_872,
        top1=76.2,
        top1_source=TABLE,
        latencies=gpu_and_cpu(3.3, 12.9, "Table 1") + other_gpus(2.3, 1.9, 2.1),
    ),
    fasternet(
        name="fasternet_t2",
        config={"name": "fasternet_t2"},
        params=14_982_888,
        macs=1_904_334_848,
        top1=78.9,
        top1_source=TABLE,
        latencies=gpu_and_cpu(4.4, 18.4, "Table 1") + other_gpus(3.5, 2.5, 2.9),
    ),
    TimmSpec(
        name="efficientformer_l1",
        family="EfficientFormer",
        paper="EfficientFormer: Vision Transformers at MobileNet Speed, NeurIPS 2022, arXiv:2206.01191",
        config={"name": "efficientformer_l1"},
        params=12_289_928,
        macs=1_291_284_736,
        sizes=Sizes(224, largest=224),
        top1=79.2,
        top1_source=TABLE,
        latencies=gpu_and_cpu(3.7, 19.7, "Table 1") + other_gpus(2.8, 1.7, 1.9),
    ),
    efficientformerv2(
        name="efficientformerv2_s0",
        config={"name": "efficientformerv2_s0"},
        params=3_600_256,
        macs=395_892_544,
        top1=73.7,
        top1_source=TABLE,
        latencies=gpu_and_cpu(3.3, 10.7, "Table 1") + other_gpus(2.1, 2.0, 2.4) + on_iphone(0.9),
    ),
    efficientformerv2(
        name="efficientformerv2_s1",
        config={"name": "efficientformerv2_s1"},
        params=6_185_560,
        macs=651_969_640,
        top1=77.9,
        top1_source=TABLE,
        latencies=gpu_and_cpu(4.5, 15.4, "Table 1") + other_gpus(2.8, 2.5, 3.0),
    ),
    efficientformerv2(
        name="efficientformerv2_s2",
        config={"name": "efficientformerv2_s2"},
        params=12_710_112,
        macs=1_246_863_952,
        top1=80.4,
        top1_source=TABLE,
        latencies=gpu_and_cpu(7.3, 26.5, "Table 1") + other_gpus(4.6, 3.8, 4.5),
    ),
    TimmSpec(
        name="poolformer_s12",
        family="PoolFormer",
        paper="MetaFormer Is Actually What You Need for Vision, CVPR 2022, arXiv:2111.11418",
        config={"name": "poolformer_s12"},
        params=11_915_176,
        macs=1_812_267_008,
        top1=77.2,
        top1_source=TABLE,
        latencies=gpu_and_cpu(5.0, 22.3, "Table 1") + other_gpus(3.9, 2.4, 2.2),
    ),
    TimmSpec(
        name="deit_tiny",
        family="DeiT",
        paper="Training data-efficient image transformers & distillation through attention, ICML 2021, "
        "arXiv:2012.12877",
        config={"name": "deit_tiny_patch16_224"},
        params=5_717_416,
        macs=1_253_683_200,
        sizes=Sizes(multiple=16),
        fixed=True,
        top1=74.5,
        top1_source=DISTILLED,
        latencies=gpu_and_cpu(2.7, 16.5, "Table 1") + other_gpus(2.4, 1.8, 2.2) + on_iphone(1.7),
    ),
    TimmSpec(
        name="efficientnet_b0",
        family="EfficientNet",
        paper="EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks, ICML 2019, "
        "arXiv:1905.11946",
        config={"name": "efficientnet_b0"},
        params=5_288_548,
        macs=385_814_752,
        top1=77.1,
        top1_source=TABLE,
        latencies=gpu_and_cpu(3.4, 10.9, "Table 1") + other_gpus(2.6, 2.0, 2.3),
    ),
)
