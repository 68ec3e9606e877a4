"""How others would find the same customers: equal texts, last ten digits, Bitrix24's own form, Splink.

Each takes a population and returns a label for every record; equal labels are one customer.
"""

import logging
import re
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from splink import DuckDBAPI, Linker, SettingsCreator, block_on
from splink import comparison_library as compare

from b24app.dedupe.record import ValueKind
from b24app.sandbox.native_form import native_email, native_phone
from bench.population import HUB_LIMIT, Labels, Population

_NOT_DIGITS = re.compile(r"\D")
_LAST_DIGITS = 10
_ASSUMED_RECALL = 0.9  # of equal values, which Splink wants to be told
_SURE = 0.5  # probability from which Splink's pairs are clustered


def equal_texts(people: Population) -> Labels:
    """Join records with an equal phone or e-mail, as typed."""
    return _joined(len(people), _columns(people, str, str), hub_limit=len(people))


def last_digits(people: Population) -> Labels:
    """Join by the last ten digits and the e-mail in small letters, switchboards left out."""
    return _joined(len(people), _columns(people, _last_digits, _small), hub_limit=HUB_LIMIT)


def native_form(people: Population) -> Labels:
    """Join by what a portal itself indexes."""
    return _joined(len(people), _columns(people, native_phone, native_email), hub_limit=len(people))


def last_digits_in_pandas(people: Population) -> Labels:
    """Do the same as ``last_digits`` the pandas way: whole columns, from raw values to labels."""
    raws = {kind: pd.Series(values.raws, index=values.numbers) for kind, values in people.values.items()}
    phones = raws[ValueKind.PHONE].str.replace(r"\D", "", regex=True).str[-_LAST_DIGITS:]
    emails = raws[ValueKind.EMAIL].str.strip().str.lower()
    keys = [phones[phones.str.len() == _LAST_DIGITS].to_frame("key"), emails.to_frame("key")]
    table = pd.concat(keys).rename_axis("record").reset_index().drop_duplicates()
    held = table.groupby("key")["record"]
    count, first = held.transform("size"), held.transform("min")
    meant = (count > 1) & (count <= HUB_LIMIT)
    return _components(len(people), first[meant].to_numpy(), table["record"][meant].to_numpy())


def splink(people: Population) -> Labels:
    """Ask Splink on DuckDB: trained on the data, on the last ten digits, the e-mail and the names, hubs left out."""
    frame = pd.DataFrame(
        {
            "unique_id": np.arange(len(people)),
            "phone": _without_hubs([_last_digits(raws[0]) if raws else None for raws in people.phones]),
            "email": _without_hubs([_small(raws[0]) if raws else None for raws in people.emails]),
            "first": [name[0] or None for name in people.names],
            "last": [name[1] or None for name in people.names],
        }
    )
    settings = SettingsCreator(
        link_type="dedupe_only",
        blocking_rules_to_generate_predictions=[block_on("phone"), block_on("email")],
        comparisons=[
            compare.ExactMatch("phone"),
            compare.ExactMatch("email"),
            compare.JaroWinklerAtThresholds("first"),
            compare.JaroWinklerAtThresholds("last"),
        ],
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        database = DuckDBAPI()
        linker = Linker(database.register(frame), settings, log_level=logging.ERROR)
        exact = [block_on("phone"), block_on("email")]
        linker.training.estimate_probability_two_random_records_match(exact, recall=_ASSUMED_RECALL)
        linker.training.estimate_u_using_random_sampling(max_pairs=1e6)
        for blocked in ("phone", "email"):
            linker.training.estimate_parameters_using_expectation_maximisation(block_on(blocked))
        pairs = linker.inference.predict(threshold_match_probability=_SURE)
        clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(
            pairs, threshold_match_probability=_SURE
        )
        found = clusters.as_pandas_dataframe().sort_values("unique_id")
    labels: Labels = found["cluster_id"].to_numpy(np.int32)
    return labels


def _without_hubs(values: Sequence[str | None]) -> list[str | None]:
    """Leave out what too many share: without that Splink compares every two holders of a switchboard."""
    counts = Counter(values)
    return [value if value and counts[value] <= HUB_LIMIT else None for value in values]


def _last_digits(raw: str) -> str:
    return _NOT_DIGITS.sub("", raw)[-_LAST_DIGITS:]


def _small(raw: str) -> str:
    return raw.strip().lower()


def _columns(
    people: Population, to_phone: Callable[[str], str], to_email: Callable[[str], str]
) -> Sequence[tuple[str, int]]:
    def column(raws_of: Iterable[tuple[str, ...]], normal: Callable[[str], str]) -> Iterable[tuple[str, int]]:
        return ((normal(raw), number) for number, raws in enumerate(raws_of) for raw in raws)

    return [*column(people.phones, to_phone), *column(people.emails, to_email)]


def _joined(size: int, keyed: Iterable[tuple[str, int]], *, hub_limit: int) -> Labels:
    holders: dict[str, list[int]] = {}
    for key, number in keyed:
        if key:
            holders.setdefault(key, []).append(number)
    meant = [held for held in holders.values() if 1 < len(held) <= hub_limit]
    firsts = np.repeat([held[0] for held in meant], [len(held) for held in meant])
    return _components(size, firsts, np.array([number for held in meant for number in held]))


def _components(size: int, here: NDArray[np.int64], there: NDArray[np.int64]) -> Labels:
    graph = coo_array((np.ones(len(here), np.int8), (here, there)), shape=(size, size))
    labels: Labels = connected_components(graph, directed=False)[1]
    return labels
