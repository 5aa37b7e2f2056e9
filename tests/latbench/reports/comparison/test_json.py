import json

from latbench.reports.comparison import json as module
from latbench.reports.comparison import render

KEYS = {
    *("schema", "form", "verdict", "exit_code", "baseline", "candidate", "margin_percent"),
    *("confidence_percent", "allowed", "notes", "redo", "more", "pairs"),
}
OF_PAIR = {
    *("name", "baseline", "candidate", "state", "verdict", "reason", "ratio", "ratio_ci95_low"),
    *("ratio_ci95_high", "p_value", "p_adjusted", "unit", "units", "units_needed", "guard_ratio"),
    *("guard_ci99_low", "guard_ci99_high", "levels", "differences"),
    *(
        f"{side}_{what}"
        for side in ("baseline", "candidate")
        for what in ("ms", "status", "flags", "evidence")
    ),
    *(f"{side}_ms_ci95_{end}" for side in ("baseline", "candidate") for end in ("low", "high")),
}


def test_the_keys_are_these_and_each_is_documented(comparison, levelled):
    told = json.loads(render(comparison(levelled), "json"))
    assert set(told) == KEYS
    assert set(told["pairs"][0]) == OF_PAIR
    undocumented = {
        key for key in KEYS | OF_PAIR if f"`{key}`" not in module.__doc__ and "_ms_ci95_" not in key
    }
    assert undocumented == set()


def test_figures_are_numbers_and_unknown_is_null(comparison, levelled, failed):
    told = json.loads(render(comparison(levelled, failed), "json"))
    one, other = told["pairs"]
    assert (told["verdict"], told["exit_code"], told["margin_percent"]) == ("NOT MEASURED", 5, 2.0)
    assert (one["ratio"], one["ratio_ci95_low"], one["guard_ci99_high"]) == (0.909, 0.892, 1.012)
    assert [level["ratio"] for level in one["levels"]] == [1.0, 0.909]
    assert (one["unit"], one["units"], one["units_needed"]) == ("block", 10, None)
    assert (other["verdict"], other["ratio"], other["candidate_ms"]) == (None, None, None)
    assert (other["state"], other["candidate_status"]) == ("not_ok", "crashed")
