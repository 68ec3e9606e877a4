"""The table says what was reached and what was not."""

from bench.report import Figure, percentile, print_table


def test_a_ratio_is_held_against_the_peer_of_the_run(capsys):
    figures = [
        Figure("fast", 1.05, "s", 1.0, "limits", 1.1),
        Figure("slow", 1.2, "s", 1.0, "limits", 1.1),
        Figure("absolute", 30.0, "ms", 1.0, "floor", 50.0, is_ratio_target=False),
        Figure("without target", 30.0, "ms"),
    ]

    print_table(figures)

    assert [figure.is_reached for figure in figures] == [True, False, True, None]
    lines = capsys.readouterr().out.splitlines()
    assert "1.05" in lines[1] and "yes" in lines[1]
    assert "1.20" in lines[2] and "NO" in lines[2]
    assert "≤ 50" in lines[3] and "yes" in lines[3]


def test_percentiles_are_values_that_were_measured():
    values = [float(value) for value in range(1, 101)]

    assert [percentile(values, share) for share in (0.5, 0.95, 1.0)] == [51.0, 96.0, 100.0]
