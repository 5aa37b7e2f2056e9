from dataclasses import replace

import pytest

from latbench.papers.agreement import agreement
from latbench.papers.measured import Latency, Setting
from latbench.reports.paper.base import MARK, below, chance, columns, latency, names, notes, ranks

HERE = Setting("onnxruntime", 4, "cpu", "This CPU", "fp32", "portable")


def cells(shown):
    return {column.title: column.cells for column in columns(shown)}


def test_ours_stands_beside_published_and_contradictions_bear_a_mark(shown):
    told = cells(shown)
    assert told["params M"] == ("4.7", "6.6", "5.9", "12.9", "1.0")
    assert told["ours"] == ("4.736", "6.628", f"{MARK}5.717", "–", "1.000")
    assert told["MAdds G"] == ("0.6", "0.8", "1.1", "1.4", "0.1")
    assert told["our MACs"] == ("0.5791", "0.7731", f"{MARK}1.026", "–", "–")
    assert told["here"] == ("net_a", "b (reconstruction)", "timm:c", "not in zoo", "e")


def test_a_measured_latency_shows_its_interval_or_how_it_ended(shown):
    (told,) = [one for title, one in cells(shown).items() if "onnxruntime" in title]
    assert told == ("10.00 ± 0.10", "8.00 ± 0.20 (quick)", "16.0", "parity_failed", "2.00 ± 0.10")
    assert latency(None) == "–"


def test_a_latency_that_did_not_converge_says_so():
    held = Latency("not_converged", 10.0, 8.0, 12.0, "adaptive", "r1")
    assert latency(held) == "10.0 ± 2.0 (not converged)"
    assert latency(replace(held, protocol="quick")) == "10.0 ± 2.0 (quick, not converged)"


def test_columns_that_hold_nothing_are_left_out(unmeasured):
    lines = tuple(replace(line, row=replace(line.row, speed={}, top1=None)) for line in unmeasured.lines)
    told = cells(replace(unmeasured, lines=lines))
    assert set(told) == {"published", "here", "params M", "ours", "MAdds G", "our MACs"}


@pytest.mark.parametrize(
    ("unused", "told"),
    [
        (0, "No measured latency of these networks: --results DIR names what `latbench run` measured."),
        (
            1,
            "No measured latency of these networks as in the paper: 1 row of them is at another resolution "
            "or batch; `latbench run --resolution` measures at the paper's.",
        ),
    ],
)
def test_where_nothing_was_measured_it_says_what_is_missing(unmeasured, unused, told):
    assert told in notes(replace(unmeasured, unused=unused))


@pytest.mark.parametrize(
    ("other", "named"),
    [
        ({}, ("onnxruntime, 4 threads",) * 2),
        ({"threads": 1}, ("onnxruntime, 4 threads", "onnxruntime, 1 thread")),
        ({"threads": -1}, ("onnxruntime, 4 threads", "onnxruntime, threads unknown")),
        ({"target": "openvino"}, ("onnxruntime, 4 threads, portable", "onnxruntime, 4 threads, openvino")),
        (
            {"cpu_model": ""},
            ("onnxruntime, 4 threads, This CPU", "onnxruntime, 4 threads, cpu_model unknown"),
        ),
        ({"runtime": "pytorch", "target": "eager"}, ("onnxruntime, 4 threads", "pytorch, 4 threads")),
    ],
)
def test_settings_are_named_by_what_tells_them_apart(other, named):
    two = replace(HERE, **other)
    told = names((HERE, two))
    assert (told[HERE], told[two]) == named


def test_every_source_and_device_is_named(shown):
    told = notes(shown)
    assert "Source: A paper, Table 1; B: a README." in told
    assert "P100: a GPU (Table 10)." in told
    assert "Xeon: a CPU (A paper, Table 1; a README)." in told


def test_macs_and_flops_are_told_apart_with_what_our_counts_say(shown):
    (told,) = [note for note in notes(shown) if "multiply-accumulates" in note]
    assert told == (
        "The MAdds of this table are taken as multiply-accumulates (MACs); true FLOPs are twice as many. "
        "Published over counted MACs: 1.04 in the median (3 networks, 1.03 to 1.07)."
    )
    doubled = replace(shown, table=replace(shown.table, flops="FLOPs"))
    assert "taken as FLOPs, two for each multiply-accumulate (MAC)." in " ".join(notes(doubled))


def test_a_contradiction_is_told_with_both_figures(shown):
    told = notes(shown)
    assert (
        f"{MARK}: our count is off by more than the published rounding and 1 % (params), 3 % (MACs)." in told
    )
    assert "C: params 5.9 M published, 5.717 counted (+3.2 %)." in told
    assert "C: MAdds 1.1 G published, 1.026 counted (+7.2 %)." in told
    assert sum("published, " in note for note in told) == 2


def test_rows_tell_what_they_lack_and_how_sure_they_are(shown):
    told = notes(shown)
    assert "B: 77 with distillation." in told
    assert "D (d): not in zoo: the zoo has no network of the name, nor have the results." in told
    assert "E: our MACs are of another resolution than 224." in told
    assert "B: reconstruction, fitted." in told


def test_what_was_measured_is_told_with_what_was_left_out(shown):
    told = " ".join(notes(shown))
    assert "device cpu, precision fp32, target portable, cpu This CPU." in told
    assert "onnxruntime, 4 threads: from 2 runs" in told
    assert "2 gave way" in told
    assert "3 rows at another resolution or batch" in told


def test_without_measurements_it_says_how_to_give_them_and_ranks_nothing(unmeasured):
    assert any("--results DIR" in note for note in notes(unmeasured))
    assert ranks(unmeasured) == []
    assert below(unmeasured) == []


def test_the_rank_correlations_are_a_table(shown):
    told = {column.title: column.cells for column in ranks(shown)}
    assert told["published"] == ("P100", "Xeon")
    assert told["measured"] == ("onnxruntime, 4 threads",) * 2
    assert told["networks"] == ("4", "4")
    assert told["unlike"] == ("device gpu; runtime not stated", "processor only")
    figures = {title: cells[1] for title, cells in told.items()}
    assert figures["rho (95 %)"] == "0.80 (-0.82 to 1.00)"
    assert (figures["p"], figures["tau"], figures["p of tau"]) == ("0.33", "0.67", "0.33")
    assert figures["other order"] == "1 of 6 pairs, 1 surely"
    assert "Xeon against onnxruntime, 4 threads, other order: Net|A published as faster than B." in below(
        shown
    )


@pytest.mark.parametrize(
    ("p", "text"), [(None, "–"), (0.0004, "<0.001"), (0.001, "0.0010"), (0.33333, "0.33")]
)
def test_a_chance_has_two_digits_and_a_floor(p, text):
    assert chance(p) == text


def test_too_few_networks_are_said_to_be(shown):
    device = shown.table.devices[1]
    few = {"Net|A": Latency("ok", 1.0, None, None, "launches", "r")}
    speeds = {row.label: row.speed["Xeon"] for row in shown.table.rows}
    short = replace(shown, agreements=(agreement(device, HERE, speeds, few),))
    assert [column.cells[0] for column in ranks(short)[2:8]] == [
        "1",
        "too few",
        "–",
        "–",
        "–",
        "0 of 0 pairs",
    ]


def test_many_sure_pairs_are_cut_short(shown):
    device = shown.table.devices[1]
    speeds = {row.label: row.speed["Xeon"] for row in shown.table.rows}
    order = sorted(speeds, key=lambda label: -speeds[label].value)
    turned = {
        label: Latency("ok", place, place - 0.1, place + 0.1, "launches", "r")
        for place, label in enumerate(order, 1)
    }
    short = replace(shown, agreements=(agreement(device, HERE, speeds, turned),))
    assert below(short)[-1].endswith("; and 4 more.")
