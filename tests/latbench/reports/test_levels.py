from latbench.reports.levels import at_best, best_sentence, brief, levels, sentence, several

BEST = {"ms": 5.43, "ci95_low_ms": 5.4, "ci95_high_ms": 5.46, "share_percent": 23.0, "launches": 6.0}


def test_levels_are_read_from_the_columns(levelled):
    fast, slow = levels(levelled())
    assert (fast.ms, fast.low, fast.high, fast.share, fast.launches) == (5.71, 5.66, 5.76, 62.0, 9)
    assert [brief(one) for one in (fast, slow)] == ["5.71 (62 %)", "8.90 (38 %)"]


def test_a_row_made_before_levels_has_none():
    assert levels({"latency_ms": 5.0}) == ()


def test_the_best_is_told_where_the_row_was_disturbed(row):
    best = {f"best_{name}": value for name, value in BEST.items()}
    assert at_best(row(**best)) is None
    disturbed = row(**best, flags="disturbed=1.31x")
    assert at_best(disturbed).ms == 5.43
    assert best_sentence(disturbed) == (
        "ran at 5.430 ± 0.030 ms in 23 % of the inferences (6 launches): what to compare between days"
    )
    assert best_sentence(row(flags="disturbed=1.31x")) is None


def test_one_level_is_no_choice(row, level):
    single = row(levels=1.0, **level(1, 5.71, 5.66, 5.76, 100.0, 10.0))
    assert len(levels(single)) == 1
    assert several(single) == ()


def test_the_sentence_says_how_long_it_ran_at_each(levelled):
    assert sentence(levelled()) == (
        "ran at 5.710 ± 0.050 ms in 62 % of the inferences (9 launches) and at 8.90 ± 0.12 ms in 38 % of the "
        "inferences (6 launches): compare level by level"
    )


def test_what_a_level_lacks_is_said(row, level):
    odd = row(
        **level(1, 5.0, 4.9, 5.1, 90.0, 9.0),
        **level(2, 7.0, None, None, 9.6, 1.0),
        **level(3, 9.0, None, None, 0.4, None),
    )
    told = sentence(odd)
    assert "at 7.00 ms in 10 % of the inferences (1 launch, no interval)" in told
    assert told.endswith(
        "and at 9.00 ms in < 1 % of the inferences (no interval): compare level by level; "
        "more launches (--extend) would make every level sure"
    )


def test_a_level_that_few_launches_visited_is_unsure(levelled):
    assert "would make every level sure" in sentence(levelled(flags="few_at_level=2<5 at 8.90 ms"))
    assert "would make every level sure" not in sentence(levelled(flags="stolen=2%"))
