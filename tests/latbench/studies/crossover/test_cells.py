from dataclasses import replace

import numpy as np
import pytest

from exporters.lowerings.base import CIRCULANT, LITERAL, SPATIAL
from latbench.records import Records
from latbench.studies.crossover.cells import cells_of, family_of, run_of


def test_a_cell_is_read_from_the_name_of_its_operator(by_hand):
    records = (
        by_hand()
        .cell("parc_w_c64_56x112", "circulant", 2e5)
        .cell("parc_h_c64_56_net", "circulant_ch8", 2e5, runtime="openvino", threads=2)
        .records()
    )
    wide, inside = cells_of(records, run_of(records, None))
    assert (wide.setting.axis, wide.setting.channels, wide.size) == ("w", 64, 112)
    assert wide.setting.context == "isolated"
    assert (inside.setting.context, inside.size, inside.setting.threads) == ("network", 56, 2)
    assert inside.setting.runtime == "openvino"
    assert (wide.lowering, wide.family, wide.status) == ("circulant", CIRCULANT, "ok")
    assert (wide.sha256, wide.machine) == ("ab" * 32, "a CPU")
    assert wide.launches[1].raw == pytest.approx(2.2e5)
    assert wide.launches[1].overhead == pytest.approx(1100)


def test_a_network_goes_by_its_resolution(by_hand):
    records = by_hand().cell("parcnet_s", "auto", 3e6, resolution=256).records()
    (found,) = cells_of(records, run_of(records, "r"))
    assert (found.setting.model, found.setting.context, found.size) == ("parcnet_s", "model", 256)
    assert found.setting.axis is None
    assert found.exact


def test_other_cells_are_passed_over(by_hand):
    records = by_hand().cell("parc_h_c64_56", "no such form", 2e5).cell("resnet50", "spatial", 1e6).records()
    assert cells_of(records, run_of(records, None)) == ()


def test_a_failure_keeps_its_words(by_hand):
    records = by_hand().cell("parc_h_c64_56", "dft_op", None, reason="no DFT in axis 2").records()
    (found,) = cells_of(records, run_of(records, None))
    assert (found.status, found.reason, found.launches) == ("failed", "no DFT in axis 2", {})


def test_latencies_on_the_device_are_taken_where_every_launch_of_a_runtime_has_them(by_hand):
    made = by_hand()
    for runtime in ("onnxruntime", "tensorrt"):
        for lowering in ("spatial", "circulant"):
            made.cell("parc_h_c8_7", lowering, 2e5, runtime=runtime, device="cuda", device_ns=5e4)
    made.taken[0] = replace(made.taken[0], result=replace(made.taken[0].result, device_ns=()))
    records = made.records()
    host, other, first, _ = cells_of(records, run_of(records, None))
    assert {one.on_device for cell in (host, other) for one in cell.launches.values()} == {False}
    assert first.setting.device == "cuda"
    assert first.machine is None
    (run,) = records.runs
    known = replace(run, machine={"cpu_model": "a CPU", "gpu": {"name": "a GPU"}})
    assert {cell.machine for cell in cells_of(records, known)} == {"a GPU"}
    assert first.launches[0].raw == pytest.approx(5e4)
    assert np.median(first.launches[0].host) == pytest.approx(2e5)
    assert first.launches[0].overhead is None


def test_a_module_that_runs_as_it_is_is_told_from_a_graph(by_hand):
    made = by_hand().cell("parc_h_c8_7", "fft", 2e5, runtime="torch_compile", kind="module")
    records = made.cell("parc_h_c8_7", "fft", 2e5).records()
    module, graph = cells_of(records, run_of(records, None))
    assert (module.setting.eager, module.family) == (True, LITERAL)
    assert (graph.setting.eager, graph.family) == (False, "fourier")


def test_torch_fft_is_literal_in_a_module_and_lowered_in_a_graph():
    assert family_of("fft", eager=True) == (LITERAL, True)
    assert family_of("fft")[0] == "fourier"
    assert family_of("dft_op")[0] == LITERAL
    assert family_of("spatial") == (SPATIAL, True)


def test_without_a_run_there_is_none(by_hand):
    assert run_of(Records(), None) is None
    assert run_of(by_hand().records(), "another") is None
