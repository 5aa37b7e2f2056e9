from latbench.pipeline.watch import Progress, Watch


def test_a_watch_that_overrides_nothing_hears_everything_silently(capfd, cell):
    watch, progress = Watch(), Progress(0, 1, None)
    assert watch.note("words") is None
    assert watch.preparing("m", "exporting") is None
    assert watch.started("r", progress) is None
    assert watch.launching(cell(), progress) is None
    assert watch.block_ended(progress) is None
    assert watch.finished({}) is None
    assert capfd.readouterr() == ("", "")
