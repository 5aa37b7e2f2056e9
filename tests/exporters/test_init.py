import exporters


def test_the_package_offers_what_it_names():
    assert all(hasattr(exporters, name) for name in exporters.__all__)
    assert callable(exporters.export)
