"""Explorers: controls, a picture and a sentence, with a kernel and without one."""

import base64
import io
import math
import time
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

import ipywidgets
import numpy as np
import traitlets
from matplotlib.figure import Figure

from ..figures import with_palette
from ..recorded import Recording
from ..support.asking import STYLE, TwoFaces
from .paper import Paper

Settings = dict[str, object]
FOLDER = Path(__file__).parent
EXPLORERS = tomllib.loads((FOLDER / "explorers.toml").read_text(encoding="utf-8"))

# The script builds the slider itself: where scripts do not run (GitHub, a notebook that
# is not trusted), the first picture is seen, the others are folded, no control is dead.
SCRIPT = (FOLDER / "widgets.js").read_text(encoding="utf-8").strip()
GHOST = {"facecolor": "none", "edgecolor": "#666666", "linestyle": ":", "linewidth": 2}


class Picture(ipywidgets.Image):
    """A picture whose tooltip is its alternative text."""

    # Without a description, if an empty one, the browser does not set the tooltip.
    description = traitlets.Unicode("").tag(sync=True)


@dataclass(eq=False, repr=False)
class Explorer(TwoFaces):
    """Controls, one picture and one sentence; its presets are also its stored version.

    Its functions take a setting as keyword arguments, named as the controls.

    Args:
        label: what it explores, in a few words.
        challenge: a task, in words.
        presets: named settings, at most 12: the first one, where it starts, and what
            is different in the others.
        controls: for each setting the values it may take: "min" and "max", or all of
            them; numbers become a slider, words a list, True and False a box to tick.
        axes: of the picture, always the same: what `Figure.add_axes` takes for each.
        draw: draws a setting into the axes; with ghost=True as the one before, in grey.
        base: draws, below all else, what is the same in each setting.
        say: one sentence that states what is to be seen.
        solved: whether a setting is an answer to the challenge.
        size: of the picture, in inches.
        photo: whether it shows photographs; they are stored as JPEG, which keeps
            their colours in fewer bytes than a palette.
    """

    label: str
    challenge: str
    presets: dict[str, Settings]
    controls: dict[str, dict | Sequence]
    axes: list[dict]
    draw: Callable[..., None]
    say: Callable[..., str]
    solved: Callable[..., bool]
    base: Callable[..., None] = lambda *axes: None
    size: tuple[float, float] = (9, 4.4)
    photo: bool = False

    def __post_init__(self) -> None:
        start = next(iter(self.presets.values()))
        self.presets = {name: start | changes for name, changes in self.presets.items()}
        self.settings, self.previous = start, None
        self._moved_at, self._quiet = -math.inf, False
        self.sliders = {n: _control(n, v, start[n]) for n, v in self.controls.items()}
        self.preset = ipywidgets.Dropdown(
            options=list(self.presets), description="preset", layout={"width": "auto"}
        )
        self.reset = ipywidgets.Button(description="Reset")
        narrow = {"max_width": "100%", "align_self": "flex-start"}
        kind = "jpeg" if self.photo else "png"
        self.picture = Picture(format=kind, layout=narrow)
        self.paper = Paper(self.size, self.axes, self.base)
        self.status = ipywidgets.HTML()
        self.goal = f"<b>Challenge:</b> {escape(self.challenge)}"
        self.view = self._lay_out()
        self._update()
        self.preset.observe(self._choose, "value")
        self.reset.on_click(lambda _: self.set(**start))
        for slider in self.sliders.values():
            slider.observe(lambda _: self._moved(), "value")

    def set(self, **settings: object) -> None:
        """Move several controls at once, with one redraw."""
        self._quiet = True
        try:
            for name, value in settings.items():
                self.sliders[name].value = value
        finally:
            self._quiet = False
        self._moved()

    def paint(self, now: Settings, before: Settings | None = None) -> Figure:
        """The picture of a setting, with the ghost of the one before.

        It is the same figure each time, without what was drawn into it before.
        """
        self.paper.clear()
        if before and before != now:
            self.draw(*self.paper.axes, ghost=True, **before)
        self.draw(*self.paper.axes, ghost=False, **now)
        return self.paper.figure

    def _picture(self, compress_level: int) -> bytes:
        image = self.paper.image()
        if not self.photo:
            return with_palette(image, compress_level=compress_level)
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=85)
        return buffer.getvalue()

    def _lay_out(self) -> ipywidgets.Widget:
        title = ipywidgets.HTML(f"<b>Explorer: {escape(self.label)}</b>")
        buttons = ipywidgets.HBox([self.preset, self.reset])
        columns = "repeat(auto-fit, minmax(24em, 1fr))"
        places = {"grid_template_columns": columns, "max_width": "900px"}
        grid = ipywidgets.GridBox(list(self.sliders.values()), layout=places)
        goal = ipywidgets.HTML(f"<span>{self.goal}</span>")
        return ipywidgets.VBox([title, buttons, grid, self.picture, self.status, goal])

    def _choose(self, change: dict) -> None:
        self.set(**self.presets.get(change["new"], {}))  # None: it is none of them

    def _moved(self) -> None:
        settings = {name: slider.value for name, slider in self.sliders.items()}
        if self._quiet or settings == self.settings:
            return
        now = time.monotonic()
        if now - self._moved_at > 1:  # within a drag the ghost stays where it began
            self.previous = self.settings
        self._moved_at, self.settings = now, settings
        self._update()
        names = (name for name, preset in self.presets.items() if preset == settings)
        self.preset.value = next(names, None)

    def _update(self) -> None:
        picture = self.picture.value
        try:
            self.paint(self.settings, self.previous)
            picture = self._picture(compress_level=1)
            text = self.say(**self.settings)
            if self.solved(**self.settings):
                text += " ★ Challenge solved."
        except Exception as error:  # a callback that raises would fail in silence
            text = f"This setting cannot be drawn. {type(error).__name__}: {error}"
        # In one message: with each the browser decodes the picture anew.
        with self.picture.hold_sync():
            self.picture.value, self.picture.tooltip = picture, f"{self.label}: {text}"
        self.status.value = f'<p role="status">{escape(text)}</p>'

    def __repr__(self) -> str:
        return f"Explorer({self.label}: {', '.join(self.presets)})"

    def to_html(self) -> str:
        before = [None, *self.presets.values()]
        first, *others = map(self._frame, self.presets, before)
        group = f'<div class="ll" role="group" aria-label="{escape(self.label)}">'
        folded = f"<details><summary>More settings: {len(others)}</summary>"
        frames = "\n".join([first, folded, *others, "</details>"])
        script = f"<script>{SCRIPT}</script>"
        return f"{STYLE}{group}{frames}{script}</div><p>{self.goal}</p>"

    def _frame(self, preset: str, before: Settings | None) -> str:
        settings, name = self.presets[preset], escape(preset)
        self.paint(settings, before)
        data = base64.b64encode(self._picture(compress_level=9)).decode()
        source = f"data:image/{self.picture.format};base64,{data}"
        return (
            f'<figure><img alt="{escape(self.label)}: {name}" src="{source}">'
            f"<figcaption><b>{name}.</b> <span>{escape(self.say(**settings))}</span>"
            "</figcaption></figure>"
        )


def explorer(name: str, **parts) -> Explorer:
    """An explorer of the course: these parts, and what explorers.toml has for it."""
    return Explorer(**EXPLORERS[name] | parts)


def _control(name: str, values: dict | Sequence, value: object) -> ipywidgets.Widget:
    label, style = name.replace("_", " "), {"description_width": "9em"}
    shared = {"value": value, "description": label, "style": style}
    shared["layout"] = {"width": "auto"}
    if isinstance(values, dict):
        return ipywidgets.IntSlider(**values, **shared)
    if isinstance(value, bool):
        return ipywidgets.Checkbox(**shared)
    words = isinstance(value, str)
    kind = ipywidgets.Dropdown if words else ipywidgets.SelectionSlider
    return kind(options=list(values), **shared)


def noted(text: str, recording: Recording) -> str:
    """A sentence on recorded runs, with what there is to say of the recording."""
    if not recording.values:
        return f"No recorded runs: {recording.note}."
    return text if recording.sound else f"{text} {recording.note}."


def runs_at(recording: Recording, name: str, axis: str, place: object) -> np.ndarray:
    """The recorded runs at a place of an axis: (seeds,); NaN where there are none."""
    if not recording.values:
        return np.full(2, np.nan)
    return recording.values[name][:, recording.axes[axis].index(place)]
