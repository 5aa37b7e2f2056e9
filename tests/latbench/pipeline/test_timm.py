from latbench.pipeline.child import call


def test_the_worker_tells_what_timm_knows(timm):
    told = call("timm", {"name": "resnet18", "resolution": 64})
    assert (told["family"], told["resolution"], told["params"]) == ("ResNet", 64, 11_689_512)
