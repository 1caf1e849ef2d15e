"""Predictions, quizzes and explorers: live with a kernel, and still alive without one.

Each object shows itself in two faces: ipywidgets where a kernel runs, and plain HTML in
the stored notebook, the deck and the site.
"""

import base64
import html
import math
import time
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar

import ipywidgets
import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from ..claims import Missing
from ..figures import png

Settings = dict[str, object]
FOLDER = Path(__file__).parent
QUIZZES = FOLDER / "quizzes.toml"
STYLE = f"<style>\n{(FOLDER / 'widgets.css').read_text(encoding='utf-8')}</style>"

# The script builds the slider itself: where scripts do not run (an untrusted notebook),
# the reader sees every picture with its caption, and no dead control.
SCRIPT = (FOLDER / "widgets.js").read_text(encoding="utf-8").strip()
SCRIPT = f"<script>{SCRIPT}</script>"


class Quiz:
    """A question whose options each explain themselves when opened; needs no kernel.

    Args:
        answer: the option that is right.
        options: each with why it is right or wrong.

    Raises:
        ValueError: the answer is not among the options.
    """

    def __init__(self, question: str, answer: str, options: dict[str, str]) -> None:
        if answer not in options:
            raise ValueError(f"the answer {answer!r} is none of {', '.join(options)}")
        self.question, self.answer, self.options = question, answer, options

    def __repr__(self) -> str:
        return f"Quiz({self.question})"

    def _repr_html_(self) -> str:
        rows = [f'{STYLE}<div class="ll"><p><b>{html.escape(self.question)}</b></p>']
        for letter, (option, why) in zip("ABCDEFGH", self.options.items()):
            right = option == self.answer
            verdict = "✓ This is the answer." if right else "✗ Not this one."
            rows.append(
                f"<details><summary>{letter}. {html.escape(option)}</summary>"
                f"<p>{verdict} {html.escape(why)}</p></details>"
            )
        return "\n".join(rows) + "</div>"


def quiz(name: str) -> Quiz:
    """A quiz of the course, by its name in quizzes.toml: no cell gives it away.

    Raises:
        ValueError: there is no such quiz.
    """
    quizzes = tomllib.loads(QUIZZES.read_text(encoding="utf-8"))
    if name not in quizzes:
        raise ValueError(f"no quiz {name!r}; there are: {', '.join(quizzes)}")
    return Quiz(**quizzes[name])


class Predict:
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
        title = ipywidgets.HTML(f"<b>Predict first: {html.escape(question)}</b>")
        self.view = ipywidgets.VBox([title, self.choices, self.status])
        self.choices.observe(self._record, "value")

    def _record(self, change: dict) -> None:
        self._choices[self.question] = change["new"]
        recorded = "Recorded. Now run the experiment."
        self.status.value = html.escape(self._verdict() or recorded)

    def compare(self, *result: object) -> "Result | None":
        """Set the reader's choice beside the result; nothing without a choice.

        Args:
            result: one number or more, as the options expect.

        Raises:
            ValueError: no option fits the result.
        """
        if any(isinstance(part, Missing) for part in result):
            return None  # a recording that is not there decides nothing
        fits = (option for option in self.options if self._fits(option, result))
        self.right = next(fits, None)
        if self.right is None:
            raise ValueError(f"{result} fits none of {', '.join(self.options)}")
        verdict = self._verdict()
        return verdict and Result(verdict)

    def _fits(self, option: str, result: tuple) -> bool:
        rule = self.options[option]
        if callable(rule):
            return bool(rule(*result))
        return bool(rule == (result[0] if len(result) == 1 else result))

    def _verdict(self) -> str | None:
        """What is to be said of choice and result, when both are there."""
        choice = self._choices.get(self.question)
        if choice not in self.options or self.right is None:
            return None
        mark = "✓" if choice == self.right else "✗ Worth a second look."
        return f"You said: {choice}. The result: {self.right}. {mark}"

    def __repr__(self) -> str:
        return f"Predict({self.question})"

    def _repr_mimebundle_(self, **_) -> dict:
        return _two_faces(self.view, repr(self), self.to_html())

    def to_html(self) -> str:
        name = html.escape(self.question, quote=True)
        rows = "".join(
            f'<label><input type="radio" name="{name}"> {html.escape(option)}</label>'
            for option in self.options
        )
        return (
            f'{STYLE}<div class="ll"><fieldset><legend>Predict first: {name}</legend>'
            f"{rows}</fieldset></div>"
        )


class Explorer:
    """Sliders, one picture and one sentence; its presets are also its stored version.

    Args:
        label: what it explores, in a few words.
        controls: for each setting the values it may take; a range becomes a slider.
        draw: makes a figure, always of one size, from the settings and the settings
            before them (None at first), to be drawn as a grey ghost.
        say: one sentence that states what is to be seen.
        presets: named settings, at most 12, the first is where it starts.
        challenge: a task in words, and whether given settings solve it.

    Raises:
        ValueError: a preset names an unknown control or value, or there are none or
            too many.
    """

    def __init__(
        self,
        label: str,
        controls: dict[str, Sequence],
        draw: Callable[[Settings, Settings | None], Figure],
        say: Callable[[Settings], str],
        presets: dict[str, Settings],
        challenge: tuple[str, Callable[[Settings], bool]] | None = None,
    ) -> None:
        _check_presets(presets, controls)
        self.label, self.presets, self.challenge = label, presets, challenge
        self.draw, self.say = draw, say
        self.previous: Settings | None = None
        self._moved_at = -math.inf
        self.settings = dict(next(iter(presets.values())))
        self._frames: str | None = None
        self.sliders = {name: _control(name, v) for name, v in controls.items()}
        self.preset = ipywidgets.Dropdown(options=list(presets), description="preset")
        self.reset = ipywidgets.Button(description="Reset")
        self.picture = ipywidgets.Image(format="png", layout={"width": "900px"})
        self.status = ipywidgets.HTML()
        self.view = self._lay_out()
        self._move_sliders(self.settings)
        self._update()
        self.preset.observe(lambda change: self._choose(change["new"]), "value")
        self.reset.on_click(lambda _: self._choose(next(iter(presets))))
        for slider in self.sliders.values():
            slider.observe(lambda _: self._moved(), "value")

    def set(self, **settings: object) -> None:
        """Move several controls at once, with one redraw."""
        self._move_sliders(settings)
        self._moved()

    def _lay_out(self) -> ipywidgets.Widget:
        grid = ipywidgets.GridBox(
            list(self.sliders.values()),
            layout={"grid_template_columns": "repeat(2, 24em)"},
        )
        title = ipywidgets.HTML(f"<b>Explorer: {html.escape(self.label)}</b>")
        goal = ipywidgets.HTML(self._goal("span"))
        buttons = ipywidgets.HBox([self.preset, self.reset])
        return ipywidgets.VBox([title, buttons, grid, self.picture, self.status, goal])

    def _goal(self, tag: str) -> str:
        if self.challenge is None:
            return ""
        return f"<{tag}><b>Challenge:</b> {html.escape(self.challenge[0])}</{tag}>"

    def _choose(self, name: str | None) -> None:
        if name is not None:
            self.set(**self.presets[name])

    def _move_sliders(self, settings: Settings) -> None:
        self._quiet = True
        try:
            for name, value in settings.items():
                self.sliders[name].value = value
        finally:
            self._quiet = False

    def _moved(self) -> None:
        settings = {name: slider.value for name, slider in self.sliders.items()}
        if self._quiet or settings == self.settings:
            return
        now = time.monotonic()
        if now - self._moved_at > 1:  # within a drag the ghost stays where it began
            self.previous = self.settings
        self._moved_at, self.settings = now, settings
        names = [name for name, preset in self.presets.items() if preset == settings]
        self.preset.value = names[0] if names else None
        self._update()

    def _update(self) -> None:
        try:
            figure = self.draw(self.settings, self.previous)
            self.picture.value = png(figure, colors=None)  # a small palette takes time
            text = self.say(self.settings)
            if self.challenge and self.challenge[1](self.settings):
                text += " ★ Challenge solved."
        except Exception as error:  # a callback that raises would fail in silence
            plt.close("all")
            text = f"This setting cannot be drawn. {type(error).__name__}: {error}"
        self.status.value = f'<p role="status">{html.escape(text)}</p>'

    def __repr__(self) -> str:
        return f"Explorer({self.label}: {', '.join(self.presets)})"

    def _repr_mimebundle_(self, **_) -> dict:
        return _two_faces(self.view, repr(self), self.to_html())

    def to_html(self) -> str:
        if self._frames is None:  # drawn once: the presets do not change
            before = [None, *self.presets.values()]
            pairs = zip(self.presets.items(), before)
            self._frames = "\n".join(self._frame(*new, old) for new, old in pairs)
        label = html.escape(self.label, quote=True)
        group = f'<div class="ll" role="group" aria-label="{label}">'
        return f"{STYLE}{group}{self._frames}{SCRIPT}</div>{self._goal('p')}"

    def _frame(self, name: str, settings: Settings, previous: Settings | None) -> str:
        data = base64.b64encode(png(self.draw(settings, previous))).decode()
        name = html.escape(name, quote=True)
        return (
            f'<figure data-name="{name}"><img alt="{html.escape(self.label)}: {name}" '
            f'src="data:image/png;base64,{data}">'
            f"<figcaption>{html.escape(self.say(settings))}</figcaption></figure>"
        )


class Result:
    """A sentence for the reader that may differ from run to run."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return f'<p class="ll-result"><b>{html.escape(self.text)}</b></p>'


def _two_faces(view: ipywidgets.Widget, text: str, stored: str) -> dict:
    """The live view, and what stands for it where no kernel runs."""
    # The default text of a box prints all of its children, pictures included.
    return view._repr_mimebundle_() | {"text/plain": text, "text/html": stored}


def _control(name: str, values: Sequence) -> ipywidgets.Widget:
    style = {"description": name.replace("_", " "), "continuous_update": True}
    style["style"] = {"description_width": "9em"}
    if isinstance(values, range):
        low, high, step = values[0], values[-1], values.step
        return ipywidgets.IntSlider(min=low, max=high, step=step, value=low, **style)
    return ipywidgets.SelectionSlider(options=list(values), **style)


def _check_presets(presets: dict[str, Settings], controls: dict[str, Sequence]) -> None:
    if not 1 <= len(presets) <= 12:
        raise ValueError(
            f"an explorer needs 1 to 12 presets, this one has {len(presets)}"
        )
    for title, settings in presets.items():
        for name in controls.keys() ^ settings.keys():
            raise ValueError(f"preset {title!r} and the controls differ in {name!r}")
        for name, value in settings.items():
            if value not in controls[name]:
                raise ValueError(f"preset {title!r}: {name} cannot be {value!r}")
