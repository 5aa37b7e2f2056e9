from latbench.reports.paper import render


def test_the_table_its_notes_and_the_ranks_follow_one_another(shown):
    text = render(shown, "markdown")
    lines = text.splitlines()
    assert lines[0] == "### Some table"
    titles = "published | here | top-1 % | params M | ours | MAdds G | our MACs | P100 ms | Xeon ms"
    head = lines.index(f"| {titles} | onnxruntime, 4 threads ms |")
    assert lines[head + 1].startswith("| :-- | :-- | --: |")
    assert lines[head + 2].startswith("| Net\\|A | net\\_a | 76.0 | 4.7 | 4.736 |")
    assert lines[head + 8] == "- Source: A paper, Table 1; B: a README."
    ranked = lines.index(
        "| published | measured | networks | rho (95 %) | p | tau | p of tau | other order | unlike |"
    )
    assert lines[ranked + 3].startswith("| Xeon | onnxruntime, 4 threads | 4 | 0.80 (-0.82 to 1.00) |")
    assert ranked > head


def test_without_ranks_there_is_one_table(unmeasured):
    assert render(unmeasured, "markdown").count("| :-- |") == 1
