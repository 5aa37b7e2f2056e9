import numpy as np
import pytest

from latbench.studies.crossover.best import best


def test_the_best_is_the_one_with_the_highest_mean():
    found = best({"slow": {0: -1.0, 1: -1.1, 2: -1.0}, "fast": {0: 0.5, 1: 0.6, 2: 0.5}})
    assert found.name == "fast"
    assert found.logs == pytest.approx([0.5, 0.6, 0.5])
    assert (found.guarded, found.rivals) == (True, 0)


def test_each_launch_is_judged_on_what_the_others_chose():
    found = best({"a": {0: 1.0, 1: 0.0, 2: 0.0}, "b": {0: 0.0, 1: 0.3, 2: 0.2}})
    assert found.logs == pytest.approx([0.0, 0.0, 0.0])  # launch 0 chooses a for the others, they b for it
    assert found.name == "a"


def test_a_best_with_rivals_is_less_certain_than_its_launches_differ():
    alone = best({"a": {0: 0.1, 1: 0.2, 2: 0.3}, "far": {0: -9.1, 1: -9.0, 2: -8.9}})
    close = best({"a": {0: 0.1, 1: 0.2, 2: 0.3}, "b": {0: 0.05, 1: 0.25, 2: 0.2}})
    assert (alone.rivals, close.rivals) == (0, 1)
    assert alone.logs == pytest.approx([0.1, 0.2, 0.3])
    assert close.logs == pytest.approx(0.2 + np.sqrt(1 + 3 / 2) * np.array([-0.1, 0.0, 0.1]))


def test_luck_of_many_equals_does_not_make_them_fast():
    generator = np.random.default_rng(0)
    naive, guarded = [], []
    for _ in range(400):
        logs = {str(name): dict(enumerate(0.1 * generator.standard_normal(5))) for name in range(20)}
        naive.append(max(np.mean(list(one.values())) for one in logs.values()))
        guarded.append(best(logs).logs.mean())
    assert np.mean(naive) > 0.07
    assert abs(np.mean(guarded)) < 4 * np.std(guarded) / np.sqrt(400)


def test_only_what_has_every_launch_takes_part():
    found = best({"whole": {0: 0.1, 1: 0.1}, "cut short": {0: 9.0}})
    assert found.name == "whole"


def test_one_launch_chooses_for_itself_and_says_so():
    found = best({"a": {0: 0.1}, "b": {0: 0.2}})
    assert (found.name, found.guarded) == ("b", False)
    assert best({"a": {0: 0.1}}).guarded


def test_nothing_has_no_best():
    assert best({}) is None
    assert best({"a": {}}) is None
