from latbench.runtimes.shared import nvidia


def test_the_driver_is_told_where_the_system_tells_it(tmp_path, monkeypatch):
    monkeypatch.setattr(nvidia, "_DRIVER", tmp_path / "version")
    assert nvidia.driver() is None
    (tmp_path / "version").write_text("580.65.06\n")
    assert nvidia.driver() == "580.65.06"
