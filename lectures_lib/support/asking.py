"""Predictions and quizzes: live with a kernel, and still alive without one.

A prediction shows itself in two faces: ipywidgets where a kernel runs, and plain HTML
in the stored notebook, the deck and the site. So do the explorers.
"""

import tomllib
from html import escape
from pathlib import Path
from typing import ClassVar

import ipywidgets

from .comparing import Missing

FOLDER = Path(__file__).parent
QUIZZES = FOLDER / "quizzes.toml"
STYLE = f"<style>\n{(FOLDER / 'widgets.css').read_text(encoding='utf-8')}</style>"


class Shown:
    """A piece of HTML, and the line of text that stands for it."""

    def __init__(self, text: str, html: str) -> None:
        self.text, self.html = text, html

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return self.html


def quiz(name: str) -> Shown:
    """A quiz of the course, by its name in quizzes.toml: no cell gives it away.

    Raises:
        ValueError: there is no such quiz.
    """
    quizzes = tomllib.loads(QUIZZES.read_text(encoding="utf-8"))
    if name not in quizzes:
        raise ValueError(f"no quiz {name!r}; there are: {', '.join(quizzes)}")
    return ask(**quizzes[name])


def ask(question: str, answer: str, options: dict[str, str]) -> Shown:
    """A question whose options each explain themselves when opened; needs no kernel.

    Args:
        answer: the option that is right.
        options: each with why it is right or wrong.
    """
    rows = [f'{STYLE}<div class="ll"><p><b>{escape(question)}</b></p>']
    for letter, (option, why) in zip("ABCDEFGH", options.items()):
        verdict = "✓ This is the answer." if option == answer else "✗ Not this one."
        rows.append(
            f"<details><summary>{letter}. {escape(option)}</summary>"
            f"<p>{verdict} {escape(why)}</p></details>"
        )
    return Shown(f"Quiz({question})", "\n".join(rows) + "</div>")


class TwoFaces:
    """What has a live view, and HTML that stands for it where no kernel runs."""

    def _repr_mimebundle_(self, **_) -> dict:
        # The default text of a box prints all of its children, pictures included.
        stored = {"text/plain": repr(self), "text/html": self.to_html()}
        return self.view._repr_mimebundle_() | stored


class Predict(TwoFaces):
    """A question asked before the experiment; the choice is kept, nothing waits for it.

    The choice survives running the cell again: it is kept by question while the kernel
    lives.

    Args:
        options: each with what makes it right: the result itself, or a function of the
            result that is true; of several that fit the first is right.
    """

    _choices: ClassVar[dict[str, str]] = {}

    def __init__(self, question: str, options: dict[str, object]) -> None:
        self.question, self.options = question, options
        self.right: str | None = None  # known when the result is
        choice = self._choices.get(question)
        self.choices = ipywidgets.RadioButtons(
            options=list(options),
            value=choice if choice in options else None,
            layout={"width": "auto"},
        )
        self.status = ipywidgets.HTML()
        title = ipywidgets.HTML(f"<b>Predict first: {escape(question)}</b>")
        self.view = ipywidgets.VBox([title, self.choices, self.status])
        self.choices.observe(self._record, "value")

    def _record(self, change: dict) -> None:
        self._choices[self.question] = change["new"]
        text = self._verdict() or "Recorded. Now run the experiment."
        self.status.value = escape(text)

    def compare(self, *result: object) -> Shown | None:
        """Set the reader's choice beside the result; nothing without a choice.

        Args:
            result: one number or more, as the options expect.

        Raises:
            ValueError: no option fits the result.
        """
        if any(isinstance(part, Missing) for part in result):
            return None  # a recording that is not there decides nothing
        fits = (option for option, rule in self.options.items() if _fits(rule, result))
        self.right = next(fits, None)
        if self.right is None:
            raise ValueError(f"{result} fits none of {', '.join(self.options)}")
        if text := self._verdict():
            return Shown(text, f'<p class="ll-result"><b>{escape(text)}</b></p>')
        return None

    def _verdict(self) -> str | None:
        """What is to be said of choice and result, when both are there."""
        choice = self._choices.get(self.question)
        if choice not in self.options or self.right is None:
            return None
        mark = "✓" if choice == self.right else "✗ Worth a second look."
        return f"You said: {choice}. The result: {self.right}. {mark}"

    def __repr__(self) -> str:
        return f"Predict({self.question})"

    def to_html(self) -> str:
        name = escape(self.question)
        # A list: without the buttons, as on GitHub, the options are still told apart.
        button = f'<li><label><input type="radio" name="{name}">'
        rows = "".join(f"{button} {escape(o)}</label></li>" for o in self.options)
        return (
            f'{STYLE}<div class="ll"><fieldset><legend>Predict first: {name}</legend>'
            f"<ul>{rows}</ul></fieldset></div>"
        )


def _fits(rule: object, result: tuple) -> bool:
    if callable(rule):
        return bool(rule(*result))
    return bool(rule == (result[0] if len(result) == 1 else result))
