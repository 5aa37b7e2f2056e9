from latbench.records.compare.labels import CELL, Labels


def test_what_all_share_is_left_out(row):
    label = Labels([row(), row(runtime="other")])
    assert [label(row()), label(row(runtime="other"))] == ["toy@fake", "toy@other"]


def test_what_differs_is_named_as_the_command_reads_it(row):
    one = row(lowering="expand=repeat;layout=blocked", spinning=False, precision_requested="bf16")
    label = Labels([row(), one])
    assert label(one) == "toy@fake,expand=repeat,layout=blocked,bf16,spinning=off"
    assert label(row()) == "toy@fake,expand=broadcast,fp32"


def test_options_of_the_runtime_are_named_as_the_command_reads_them(row):
    one = row(runtime_options="level=5;mode=fancy")
    label = Labels([row(), one])
    assert label(one) == "toy@fake,set:level=5,set:mode=fancy"
    assert label(row()) == "toy@fake"


def test_only_what_must_be_told_apart_is(row):
    rows = [row(), row(runtime="other", target="eager")]
    assert [Labels(rows, within=CELL)(one) for one in rows] == ["toy@fake", "toy@other"]
    assert Labels(rows)(rows[1]) == "toy@other,target=eager"
    several = [*rows, row(threads_requested=4)]
    assert Labels(several, within=CELL)(several[2]) == "toy@fake,threads=4"
