import json

from latbench.reports.paper import render


def test_every_figure_stands_with_its_source_and_ours(shown):
    told = json.loads(render(shown, "json"))
    assert (told["schema"], told["name"], told["flops"]) == (1, "some-table1", "MACs")
    assert told["published_over_counted_macs"]["networks"] == 3
    c = told["rows"][2]
    assert c["params"] == {
        "published": 5_900_000.0,
        "printed": "5.9",
        "source": "A paper, Table 1",
        "ours": 5_717_416,
        "contradicted": True,
    }
    assert c["speed"]["P100"] == {"published": 2.7, "printed": "2.7", "source": "Table 10"}
    assert c["measured"][0]["setting"] == "onnxruntime, 4 threads"
    assert (c["measured"][0]["ms"], c["measured"][0]["low"]) == (16.0, None)


def test_unknown_is_null(shown):
    d, e = json.loads(render(shown, "json"))["rows"][3:]
    assert (d["here"], d["evidence"], d["params"]["ours"], d["measured"][0]["ms"]) == (None, None, None, None)
    assert e["macs"] == {
        "published": 1e8,
        "printed": "0.1",
        "source": "A paper, Table 1",
        "ours": None,
        "contradicted": False,
    }


def test_the_rank_correlations_are_in_it(shown, unmeasured):
    gpu, cpu = json.loads(render(shown, "json"))["ranks"]
    assert (cpu["device"], cpu["n"], cpu["unlike"]) == ("Xeon", 4, [])
    assert abs(cpu["rho"] - 0.8) < 1e-12
    assert cpu["surely_other_order"] == [["Net|A", "B"]]
    assert gpu["unlike"] == ["device gpu", "runtime not stated"]
    told = json.loads(render(unmeasured, "json"))
    assert (told["ranks"], told["settings"]) == ([], [])
