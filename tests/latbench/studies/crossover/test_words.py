from latbench.studies.crossover.answer import answer
from latbench.studies.crossover.words import sentences

SIZES = (7, 14, 28, 56)


def made(by_hand, **latencies):
    """A sweep of these latencies, functions of channels and size, beside a spatial form of n squared."""
    one = by_hand()
    for channels in (32, 64):
        for size in SIZES:
            one.cell(f"parc_h_c{channels}_{size}", "spatial", 1000 + 100 * size**2)
            for lowering, latency in latencies.items():
                one.cell(f"parc_h_c{channels}_{size}", lowering, 1000 + latency(channels, size))
    return one


def test_a_sentence_for_each_comparison(by_hand):
    literal, lowered, best = sentences(
        answer(
            made(
                by_hand,
                dft_op=lambda _c, n: 2000 * n**2,
                dense_dft=lambda c, n: 100 * (20 if c == 32 else 25) * n,
                circulant=lambda _c, n: 100 * n,
            ).records()
        ).crossovers
    )
    assert literal.startswith("The FFT as written (the DFT operator")
    assert (
        "onnxruntime along H, no crossover, behind throughout (0.05x as fast at 7, 0.05x as fast at 56)"
        in literal
    )
    assert "overtakes at 20 to 25, then 2.24 to 2.8x as fast at 56" in lowered
    assert "ahead from the smallest size on (7x as fast at 7, 56x as fast at 56)" in best


def test_a_module_on_a_gpu_has_a_sentence_of_its_own_by_the_devices_clock(by_hand):
    made = by_hand()
    for size in SIZES:
        for lowering, latency in (("spatial", 100 * size**2), ("fft", 2000 * size)):
            given = {"runtime": "pytorch", "kind": "module", "device": "cuda", "device_ns": latency}
            made.cell(f"parc_h_c32_{size}", lowering, 1e6, **given)
    (told,) = sentences(answer(made.records()).crossovers)
    assert told.startswith("The FFT as written (torch.fft, eager) against the spatial form: pytorch on cuda")
    assert "by device latency, overtakes at 20" in told


def test_channels_that_end_differently_are_named(by_hand):
    (best,) = sentences(
        answer(made(by_hand, circulant=lambda c, n: 100 * (10 if c == 32 else 900) * n).records()).crossovers
    )
    assert "overtakes at 10" in best
    assert "(32 channels)" in best
    assert "(64 channels)" in best


def test_what_was_not_measured_says_why(by_hand):
    one = by_hand().cell("parc_h_c32_7", "spatial", 1e5)
    one.cell("parc_h_c32_7", "dft_op", None, reason="the runtime has no DFT")
    (literal,) = sentences(answer(one.records()).crossovers)
    assert "not measured (failed: the runtime has no DFT)" in literal


def test_a_runtime_that_says_much_is_cut_short(by_hand):
    one = by_hand().cell("parc_h_c32_7", "spatial", 1e5)
    one.cell("parc_h_c32_7", "dft_op", None, reason="RuntimeError: " + "no such operator " * 40)
    (literal,) = sentences(answer(one.records()).crossovers)
    assert "RuntimeError: no such operator" in literal
    assert len(literal) < 300


def test_threads_are_named_where_they_differ(by_hand):
    one = by_hand()
    for threads in (1, 2):
        for lowering, latency in (("spatial", 2e5), ("circulant", 1e5)):
            one.cell("parc_h_c32_7", lowering, latency, threads=threads)
    (best,) = sentences(answer(one.records()).crossovers)
    assert "along H on 1 thread," in best
    assert "along H on 2 threads," in best
    assert sentences([]) == []
