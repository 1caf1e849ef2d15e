"""How Sphinx builds the site; tools/web/site.py prepares what it reads."""

import re

from docutils import nodes
from sphinx.application import Sphinx

from tools.web.pages import BUILD, PROJECT, REPOSITORY

project = "Deep Learning III: the notebooks"
copyright = "text and figures CC BY 4.0, code BSD-3-Clause"
author = "the authors of the course"
language = "en"
version = release = PROJECT["version"]

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
extensions += ["sphinx.ext.mathjax"]
templates_path = ["_templates"]
root_doc = "index"
nitpicky = False

# Notebooks: from the stored outputs, explorers as their stored HTML.
nb_execution_mode = "off"
nb_mime_priority_overrides = [("html", "text/html", 5)]
nb_code_prompt_show = "Show the code"
nb_code_prompt_hide = "Hide the code"
myst_enable_extensions = ["dollarmath", "amsmath"]
myst_heading_anchors = 4
myst_links_external_new_tab = False
# A deeper part may be two levels below the one before it.
suppress_warnings = ["myst.header"]

# Formulas, from files of the site.
mathjax_path = "mathjax/es5/startup.js"
mathjax3_config = {
    "loader": {"load": ["input/tex", "output/chtml", "a11y/assistive-mml"]},
    "options": {"enableAssistiveMml": True},
}

# The reference.
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
default_role = "code"

html_theme = "pydata_sphinx_theme"
html_title = "Deep Learning III"
html_context = {"default_mode": "auto"}
html_static_path = ["_static", str(BUILD / "assets")]
html_extra_path = [str(BUILD / "extra")]
html_css_files = ["widgets.css", "site.css"]
html_js_files = [("site.js", {"defer": "defer"})]
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_theme_options = {
    "navbar_align": "left",
    "header_links_before_dropdown": 6,
    "navbar_end": ["theme-switcher"],
    "navigation_with_keys": False,
    "show_prev_next": True,
    "show_toc_level": 2,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "primary_sidebar_end": [],
    "search_bar_text": "Search terms, claims, cells",
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
    "external_links": [{"name": "Source", "url": REPOSITORY}],
}
html_sidebars = {"index": [], "lecture": [], "where": []}

ANCHOR = re.compile(r'<div class="anchor" id="([^"]+)"></div>')
SUMMARY = "<summary>Open this deeper part</summary>"


def fold_deeper(app: Sphinx, doctree: nodes.document) -> None:
    """Fold each part whose heading begins with "Deeper", under its heading."""
    for section in list(doctree.findall(nodes.section)):
        if section[0].astext().startswith("Deeper"):
            start = nodes.raw("", f'<details class="deeper">{SUMMARY}', format="html")
            end = nodes.raw("", "</details>", format="html")
            section.children[1:] = [start, *section.children[1:], end]
            for child in (start, end):
                section.setup_child(child)


def know_anchors(app: Sphinx, doctree: nodes.document) -> None:
    """Tell the links between pages which anchors the cells have; each name once."""
    slugs = app.env.metadata[app.env.docname].setdefault("myst_slugs", {})
    seen = {name for part in doctree.findall(nodes.section) for name in part["ids"]}

    def once(found: re.Match) -> str:
        name = found[1]
        if name in seen:
            return ""
        seen.add(name)
        slugs.setdefault(name, (0, name, name))
        return found[0]

    for raw in list(doctree.findall(nodes.raw)):
        raw[:] = [nodes.Text(ANCHOR.sub(once, raw.astext()))]


def load_late(app: Sphinx, doctree: nodes.document) -> None:
    """Let the browser fetch each picture when it is about to be seen."""
    for picture in doctree.findall(nodes.image):
        picture["loading"] = "lazy"


def setup(app: Sphinx) -> None:
    app.connect("doctree-read", know_anchors)
    app.connect("doctree-read", fold_deeper)
    app.connect("doctree-read", load_late)
