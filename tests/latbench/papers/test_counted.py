from latbench.papers.counted import counted


def test_the_zoo_comes_before_rows_and_earlier_names_before_later(zoo, row):
    rows = [row("a", params=1, macs=2)]
    assert counted(("a",), 224, rows).params == zoo[0].params
    assert counted(("none", "b", "a"), 224, rows).name == "b"


def test_evidence_that_is_not_the_published_code_is_shown(zoo):
    assert counted(("a",), 224, []).caption == "a"
    assert counted(("b",), 224, []).caption == "b (reconstruction)"
    assert counted(("b",), 224, []).why == "guessed"


def test_a_network_that_only_results_hold_is_counted_by_them(zoo, row):
    rows = [
        row("timm:x", params=7, macs=None, resolution=256),
        row("timm:x", params=7, macs=9),
        row("timm:x", params=7),
    ]
    found = counted(("x", "timm:x"), 224, rows)
    assert (found.name, found.params, found.macs, found.resolution) == ("timm:x", 7, 9, 224)
    assert counted(("x", "timm:x"), 256, rows).resolution == 256


def test_what_nobody_knows_is_none(zoo, row):
    assert counted(("x",), 224, [row("a")]) is None
    assert counted((), 224, [row("a")]) is None
