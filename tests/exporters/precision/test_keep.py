import numpy as np

F = np.float32


def test_what_only_leads_to_integers_stays(stays):
    body = "a = Mul(x, s) b = Floor(a) c = Cast <to = 7> (b) y = Relu(x)"
    found = stays(body, outputs="int64[1,4,8,8] c, float[1,4,8,8] y", s=F(2))
    assert set(found) == {"a", "b", "c"}
    assert all("integers" in reason for reason in found.values())


def test_data_that_is_used_otherwise_too_is_not_followed(stays):
    body = "a = Mul(x, s) c = Cast <to = 7> (a) y = Relu(a)"
    assert set(stays(body, outputs="int64[1,4,8,8] c, float[1,4,8,8] y", s=F(2))) == {"c"}


def test_a_cast_to_truth_is_data(stays):
    assert stays("y = Cast <to = 9> (x)", outputs="bool[1,4,8,8] y") == {}


def test_a_norm_by_hand_stays_from_the_square_to_the_root(stays):
    body = (
        "m = ReduceMean(x, axes) d = Sub(x, m) q = Mul(d, d) v = ReduceMean(q, axes) e = Add(v, eps) "
        "r = Sqrt(e) y = Div(d, r)"
    )
    found = stays(body, axes=np.array([1]), eps=F(1e-3))
    assert list(found) == ["q", "v", "e", "r"]
    assert "beyond the range" in found["v"]


def test_what_only_moves_values_between_kept_operators_stays(stays):
    body = "a = Exp(x) b = Transpose(a) c = Identity(b) d = Exp(c) y = Relu(d)"
    assert list(stays(body)) == ["a", "b", "c", "d"]


def test_what_moves_values_to_another_reader_does_not_stay(stays):
    body = "a = Exp(x) b = Transpose(a) c = Relu(b) y = Exp(b)"
    assert list(stays(body, outputs="float[8,8,4,1] c, float[8,8,4,1] y")) == ["a", "y"]


def test_what_only_moves_inputs_to_outputs_stays(stays):
    assert list(stays("y = Transpose(x)", outputs="float[8,8,4,1] y")) == ["y"]


def test_integers_alone_are_not_named(stays):
    assert stays("a = Shape(x) b = Add(a, a) y = Relu(x)") == {}
