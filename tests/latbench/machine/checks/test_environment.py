def test_no_variables(asked):
    assert asked("environment", environ={"PATH": "/bin"}).status == "ok"


def test_variables_are_named_with_their_values(asked):
    environ = {"OMP_WAIT_POLICY": "ACTIVE", "KMP_AFFINITY": "compact", "HOME": "/root"}
    found = asked("environment", environ=environ)
    assert (found.status, found.value) == ("warning", "KMP_AFFINITY=compact, OMP_WAIT_POLICY=ACTIVE")
    assert found.mend.startswith("unset KMP_AFFINITY OMP_WAIT_POLICY")
