"""The benchmark of the API works at a tiny size: every question is answered with the customers it is about."""

from pathlib import Path

from bench.check_api import ask_all

SIZE, QUESTIONS = 200, 20


async def test_every_question_is_answered_and_a_second_run_makes_its_keys_anew(
    database_url: str, tmp_path: Path
):
    for _ in range(2):
        measured = await ask_all(SIZE, QUESTIONS, database_url, tmp_path)

        assert len(measured.waits_ms) == len(measured.floor_ms) == QUESTIONS
        assert measured.matches >= 2 * QUESTIONS, "a phone and an e-mail, each on a company and others"
