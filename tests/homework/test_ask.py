"""What a check asks a student's answer for."""

import warnings

from lectures_lib import homework


def test_a_warning_of_the_answer_is_not_shown():
    def warns():
        warnings.warn("torch calls this beta", stacklevel=1)
        return 3

    with warnings.catch_warnings(action="error"):
        assert homework.ask(warns) == 3
