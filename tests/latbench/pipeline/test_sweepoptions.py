import pytest

from latbench.errors import BadInput
from latbench.pipeline.sweepoptions import Group, SweepOptions

ONE = Group("m", ("spatial", "circulant"))


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"groups": ()}, "no subject"),
        ({"runtimes": ()}, "no runtime"),
        ({"threads": ()}, "no thread count"),
        ({"threads": (1, 0)}, "--threads 0"),
        ({"launches": 0}, "--launches 0"),
        ({"samples": 0}, "--samples 0"),
        ({"warmup": -1}, "--warmup -1"),
        ({"budget_s": 0}, "--budget 0"),
        ({"time_limit": float("inf")}, "--time-limit inf"),
        ({"timeout": -3}, "--timeout -3"),
        ({"runtimes": ("sundial",)}, "sundial"),
        ({"target": "moon"}, "--target 'moon'"),
        ({"spinning": "perhaps"}, "--spinning 'perhaps'"),
        ({"opset": 3}, "--opset 3"),
        ({"knobs": {"fake": {"level": 1}}}, "fake is not measured"),
        ({"runtimes": ("fake",), "knobs": {"fake": {"graph": True}}}, "changes nothing on --device cpu"),
    ],
)
def test_what_nothing_could_use_is_named(fields, complaint):
    with pytest.raises(BadInput, match=complaint):
        SweepOptions(**{"groups": (ONE,)} | fields)


def test_a_part_is_a_group_in_a_number_of_threads():
    options = SweepOptions(
        groups=(ONE, Group("n", ("auto",), 96), ONE), threads=(1, 2, 1), launches=3, samples=7
    )
    parts = options.parts()
    assert [(part.names, part.resolution, part.threads) for part in parts] == [
        (("m",), None, 1),
        (("m",), None, 2),
        (("n",), 96, 1),
        (("n",), 96, 2),
    ]
    assert parts[0].variants == ({"parc": "spatial"}, {"parc": "circulant"})
    assert {(part.launch_count, part.iteration_count) for part in parts} == {(3, 21)}


def test_each_part_has_the_options_of_its_own_runtimes():
    eager = Group("n", ("spatial",), runtimes=("pytorch",))
    options = SweepOptions(groups=(ONE, eager), runtimes=("fake", "pytorch"), knobs={"fake": {"level": 5}})
    assert [(part.runtimes, part.knobs) for part in options.parts()] == [
        (("fake", "pytorch"), {"fake": {"level": 5}}),
        (("pytorch",), {}),
    ]


def test_idle_cells_must_not_spin_into_the_turns_of_others():
    assert [part.spinning for part in SweepOptions(groups=(ONE,), threads=(1, 2)).parts()] == ["auto", "off"]
    asked = SweepOptions(groups=(ONE,), threads=(1, 2), spinning="on")
    assert [part.spinning for part in asked.parts()] == ["on", "on"]
