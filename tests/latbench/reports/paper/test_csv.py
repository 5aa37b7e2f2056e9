import csv
import io

from latbench.reports.paper import render


def lines(shown):
    return list(csv.DictReader(io.StringIO(render(shown, "csv"))))


def test_a_line_holds_every_figure_with_its_source(shown):
    told = lines(shown)
    assert [line["published"] for line in told] == ["Net|A", "B", "C", "D", "E"]
    c = told[2]
    assert (c["params"], c["params_ours"], c["params_contradicted"]) == ("5900000.0", "5717416", "true")
    assert (c["macs"], c["macs_ours"], c["macs_contradicted"]) == ("1100000000.0", "1026000000", "true")
    assert (c["P100_ms"], c["P100_ms_source"]) == ("2.7", "Table 10")
    assert told[1]["top1_source"] == "a README"
    assert told[1]["evidence"] == "reconstruction"


def test_measured_latencies_have_columns_of_their_own_and_unknown_is_empty(shown):
    told = lines(shown)
    slug = "onnxruntime_4_threads"
    assert [line[f"{slug}_ms"] for line in told] == ["10.0", "8.0", "16.0", "", "2.0"]
    assert [line[f"{slug}_ci95_low_ms"] for line in told][2:4] == ["", ""]
    assert told[3][f"{slug}_status"] == "parity_failed"
    assert (told[3]["here"], told[3]["params_ours"], told[4]["macs_ours"]) == ("", "", "")


def test_without_measurements_there_are_only_published_columns(unmeasured):
    assert not [name for name in lines(unmeasured)[0] if "onnxruntime" in name]
