import pytest

from latbench.pipeline.engines import engine_finding


@pytest.fixture
def kept(tmp_path):
    """Keeps files of the given sizes, by their place below a results directory, which it returns."""

    def write(**sizes):
        for place, size in sizes.items():
            file = tmp_path.joinpath(*place.split("__"))
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(bytes(size))
        return tmp_path

    return write


def test_without_engines_there_is_nothing_to_tell(kept, tmp_path):
    assert engine_finding(tmp_path / "not yet") is None
    assert engine_finding(kept(artifacts__model=9)) is None
    (tmp_path / "artifacts" / "engines").mkdir()
    assert engine_finding(tmp_path) is None


def test_few_engines_are_fine_and_the_command_that_clears_them_stands_beside(kept):
    results = kept(artifacts__engines__a=3 << 20, artifacts__model=9 << 20)
    found = engine_finding(results)
    assert (found.key, found.status) == ("engines", "ok")
    assert found.value.startswith("0.00 GiB in")
    assert found.value.endswith(f"rm -r {results / 'artifacts' / 'engines'} clears them")


def test_many_are_counted_wherever_they_are_below_the_results_and_come_with_the_mend(kept):
    results = kept(artifacts__engines__a=60, artifacts__engines__deep__b=20, sweep__artifacts__engines__c=20)
    assert engine_finding(results, much=101).status == "ok"
    found = engine_finding(results, much=100)
    assert (found.status, found.title) == ("note", "engines kept")
    first, second = results / "artifacts" / "engines", results / "sweep" / "artifacts" / "engines"
    assert found.mend == f"rm -r {first} {second} clears them; what is needed again is built again"
    assert found.effect


def test_a_folder_with_a_space_is_quoted(tmp_path):
    folder = tmp_path / "my results" / "artifacts" / "engines"
    folder.mkdir(parents=True)
    (folder / "a").write_bytes(b"1")
    assert f"rm -r '{folder}'" in engine_finding(tmp_path / "my results").value
