"""Departments and what stands below them, as odd as portals tell it."""

from b24app.bitrix24.answers_structure import Department, departments
from b24app.bitrix24.calls import Answer
from b24app.services.audit.run.structure import Structure


def a_structure(*rows: tuple[int, str, int | None]) -> Structure:
    return Structure({number: Department(number, name, parent) for number, name, parent in rows})


def test_a_department_stands_for_all_below_it() -> None:
    company = a_structure(
        (1, "Company", None), (4, "Sales", 1), (5, "East", 4), (6, "West", 4), (7, "Support", 1)
    )

    assert company.with_those_below([4]) == {4, 5, 6}
    assert company.with_those_below([5, 7]) == {5, 7}
    assert company.with_those_below([1]) == {1, 4, 5, 6, 7}
    assert company.with_those_below([99]) == {99}
    assert company.with_those_below([]) == frozenset()


def test_departments_in_a_circle_are_all_told_once() -> None:
    odd = a_structure((1, "Company", None), (2, "Egg", 3), (3, "Hen", 2), (4, "Self", 4), (5, "Lost", 77))

    tree = [(department.id, depth) for department, depth in odd.as_tree()]

    assert odd.with_those_below([2]) == {2, 3}
    assert odd.with_those_below([4]) == {4}
    assert tree == [(1, 0), (5, 0), (2, 0), (3, 1), (4, 0)]


def test_a_tree_has_each_department_behind_its_own_by_name() -> None:
    company = a_structure(
        (9, "Бухгалтерия", 1), (1, "Компания", None), (5, "юг", 4), (6, "Север", 4), (4, "Продажи", 1)
    )

    assert [(one.name, depth) for one, depth in company.as_tree()] == [
        ("Компания", 0), ("Бухгалтерия", 1), ("Продажи", 1), ("Север", 2), ("юг", 2),
    ]  # fmt: skip


def test_a_row_without_an_id_is_no_department() -> None:
    answer = Answer([{"ID": "5", "NAME": "Sales", "PARENT": ""}, {"NAME": "Nobody"}, {"ID": 6}])

    assert departments(answer) == (Department(5, "Sales", None), Department(6, "", None))
