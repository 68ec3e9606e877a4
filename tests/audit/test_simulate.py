"""Two sets of rules beside each other: what columns count is what going through the groups would."""

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from b24app.dedupe.grade import Grade
from b24app.dedupe.keys import MatchKey
from b24app.dedupe.record import RecordRef
from b24app.dedupe.rules import RuleSet
from b24app.services.audit.run.grouping import GRADE_BY_KEY, Findings
from b24app.services.audit.run.simulate import ShownGroups, compare
from tests.audit.findings import Rejected, findings_of, plain_groups, portals, rejections

Groups = list[tuple[RecordRef, ...]]
rules = st.builds(
    RuleSet, hub_limit=st.integers(2, 9), email_aliases=st.booleans(), least_grade=st.sampled_from(Grade)
)


@given(portals, rejections, rules, rules)
def test_groups_gained_lost_and_changed_are_those_of_the_plain_form(
    portal: Mapping[RecordRef, tuple[frozenset[MatchKey], tuple[int, float, float]]],
    rejected: Rejected,
    old: RuleSet,
    new: RuleSet,
) -> None:
    known = {ref: facts for ref, (_, facts) in sorted(portal.items())}
    keys_of = {ref: held for ref, (held, _) in portal.items()}
    found = [(findings_of(keys_of, known, rejected, each), each.least_grade) for each in (old, new)]

    told = compare(*(ShownGroups.of(findings, least) for findings, least in found))

    before, after = (shown(findings, least) for findings, least in found)
    gained, lost = without_pairs_of(before, after), without_pairs_of(after, before)
    assert (told.groups_before, told.groups_after) == (len(before), len(after))
    assert (told.records_before, told.records_after) == (sum(map(len, before)), sum(map(len, after)))
    assert (told.gained, told.lost) == (len(gained), len(lost))
    assert told.changed == len([refs for refs in after if refs not in before and refs not in gained])
    assert list(told.gained_samples) == sorted(gained, key=lambda refs: (-len(refs), refs))
    assert list(told.lost_samples) == sorted(lost, key=lambda refs: (-len(refs), refs))


def shown(findings: Findings, least: Grade) -> Groups:
    """Return the groups whose weakest link is sure enough."""
    return [
        group.records
        for group in plain_groups(findings)
        if min(GRADE_BY_KEY[link.key.kind] for link in group.chain) >= least
    ]


def without_pairs_of(others: Groups, groups: Groups) -> Groups:
    """Return the groups of which no two records stand together in any of the others."""
    return [refs for refs in groups if all(len(set(refs) & set(other)) < 2 for other in others)]
