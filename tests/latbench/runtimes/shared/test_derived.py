import types

from latbench.runtimes.shared import derived


def test_the_weights_in_files_of_their_own_belong_to_the_source(external_model, tiny_model, tmp_path):
    assert derived.external(tiny_model) == ()
    assert derived.external(external_model) == ("weights.bin",)
    for one in (external_model, external_model.parent / "weights.bin"):
        (tmp_path / one.name).write_bytes(one.read_bytes())
    before = derived.source_sha256(tmp_path / external_model.name)
    assert before == derived.source_sha256(external_model)
    weights = bytearray((tmp_path / "weights.bin").read_bytes())
    weights[5] ^= 1
    (tmp_path / "weights.bin").write_bytes(weights)
    assert derived.source_sha256(tmp_path / external_model.name) != before


def test_the_sources_of_a_module_or_a_package_are_hashed(tmp_path):
    (tmp_path / "one.py").write_text("a = 1")
    (tmp_path / "__init__.py").write_text("")
    single, package = (
        types.SimpleNamespace(__file__=str(tmp_path / name)) for name in ("one.py", "__init__.py")
    )
    before = derived.code_sha256(single), derived.code_sha256(package)
    (tmp_path / "two.py").write_text("b = 1")
    assert derived.code_sha256(single) == before[0]
    assert derived.code_sha256(package) != before[1]
