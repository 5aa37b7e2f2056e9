from latbench.runtimes.pt.facts import facts


def test_facts_have_what_a_runtime_adds(opened):
    told = opened().facts
    assert (told.provider, told.device, told.precision, told.threads) == ("eager", "cpu", "fp32", 1)
    assert told.extra["mine"] == "kept"
    assert "gpu" not in told.extra


def test_parameters_of_several_types_are_mixed(opened):
    import torch

    module = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 2, dtype=torch.float16))
    assert facts(module, "eager", None).precision == "mixed"
