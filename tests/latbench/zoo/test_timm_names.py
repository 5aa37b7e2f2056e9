from latbench.zoo.timm_names import MODELS


def test_the_names_are_timms_unless_a_tail_says_only_its_defaults():
    for known in MODELS:
        assert known.config["name"].removesuffix("_patch16_224") == known.name


def test_the_rows_of_the_papers_table_bring_its_latencies():
    told = {known.name: {latency.device: latency.ms for latency in known.latencies} for known in MODELS}
    assert told["fasternet_t0"]["iPhone 13, Core ML"] == 0.7
    assert sorted(told["mobilevitv2_150"].values()) == [3.3, 3.8, 7.0, 7.2, 59.0]
    assert {name for name, latencies in told.items() if not latencies} == {
        "mobileone_s0",
        "mobileone_s3",
        "mobilevitv2_050",
    }


def test_only_what_has_branches_for_training_says_that_they_are_folded(timm):
    from latbench.zoo.networks.timm import foldable, network

    for known in MODELS:
        if known.family in ("MobileOne", "FasterNet", "DeiT", "PoolFormer"):
            kept = network(known.config["name"], reparam="train")
            assert foldable(kept) == bool(known.forms), known.name
