"""Questions with numbers and codes, through ingest, search and the built-in answerer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from octavo.api.service import Service
from octavo.api.settings import Settings
from octavo.index.source import Source
from octavo.retrieve.query import Query

PARTS = """Parts of the ferry

The anchor weighs 24,600 kg. The winch weighs 4,600 kg. The buoy weighs 4200 kg.

The gasket TR-61/2 fits valve V1. The gasket TR-61/5 fits valve V2.

The inspection is on 2027-09-08 in dock 3. The launch is on 6 July 2027.

The full width code is ＫＬ－４７ and the deposit is ２３０ yen.

Der Beirat der Reederei tagt am 9. August in Emden. Die Taufe kostet 2.750 EUR.
"""
ROWS = "Stud,Torque,Coating\n" + "\n".join(
    f"C-{n:02},{40 + 3 * n},{'zinc' if n % 2 else 'none'}" for n in range(1, 40)
)


@pytest.fixture(scope="module")
def ferry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("values") / "index"
    with closing(Service(Settings(index=folder), create=True)) as service:
        files = {"parts.txt": PARTS, "studs.csv": ROWS}
        sources = [Source(n, f"/x/{n}", text.encode) for n, text in files.items()]
        assert [r.outcome for r in service.ingest(sources)] == ["added"] * len(files)
        yield service


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What weighs 4600 kg?", "The winch weighs 4,600 kg."),
        ("What weighs 4,200 kg?", "The buoy weighs 4200 kg."),
        ("What weighs 24 600 kg?", "The anchor weighs 24,600 kg."),
        ("What weighs 4.2k kg?", "The buoy weighs 4200 kg."),
        ("TR-61/5", "The gasket TR-61/5 fits valve V2."),
        ("KL-47", "The full width code is ＫＬ－４７ and the deposit is ２３０ yen."),
        ("What is on 8 September 2027?", "The inspection is on 2027-09-08 in dock 3."),
        ("Wann tagt der Beirat?", "Der Beirat der Reederei tagt am 9. August in Emden."),
        ("Was kostet die Taufe?", "Die Taufe kostet 2.750 EUR."),
    ],
)
def test_the_line_with_the_value_and_no_other_answers(
    ferry: Service, question: str, expected: str
) -> None:
    assert [s.text for s in ferry.ask(Query(question)).sentences] == [expected]


@pytest.mark.parametrize("number", [4, 22, 37])
def test_a_code_in_a_table_is_no_number(ferry: Service, number: int) -> None:
    """The torque of some other stud is the number of this one."""
    answer = ferry.ask(Query(f"Which coating for stud C-{number:02}?"))
    assert all(f"C-{number:02}" in s.text for s in answer.sentences)
    assert answer.sentences


@pytest.mark.parametrize("code", ["TR-61/8", "C-88", "KL-46"])
def test_a_code_that_is_not_there_is_not_answered_by_its_neighbour(
    ferry: Service, code: str
) -> None:
    assert not ferry.ask(Query(f"What does {code} fit?")).sentences
