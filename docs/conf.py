"""Sphinx's settings; `make site` (tools/book.py) lays out the sources and calls it.

The sources are laid out as in the repository, so that a link leads to the same place on the site
and on GitHub. Nothing is executed: notebooks come with their outputs.
"""

import os
import sys
from pathlib import Path

from docutils import nodes
from latex2mathml.converter import convert

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]  # what is described is what lies beside this file
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from book_sources import site_address  # noqa: E402

import lowlight_utils  # noqa: E402
from notebooks import is_set, repository_address  # noqa: E402

ADDRESS = repository_address()

project = "Light from the dark"
author = "The lowlight_utils authors"
project_copyright = f"{author}. Text and code: MIT licence"
version = release = lowlight_utils.__version__
language = "en-GB"

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "sphinxcontrib.bibtex",
]
templates_path = ["_templates"]
html_static_path = ["_static"]

# Markdown and notebooks
nb_execution_mode = "off"
nb_ipywidgets_js = {}  # would be fetched from elsewhere; frames stand for widgets
nb_merge_streams = True
myst_enable_extensions = ["attrs_block", "dollarmath", "amsmath"]
myst_heading_anchors = 3
myst_dmath_double_inline = True
suppress_warnings = ["myst.header"]  # the glossary's words are small headings at once
bibtex_bibfiles = ["references.bib"]
bibtex_default_style = "plain"

# The reference: `name` in a docstring leads to that name's place, if it has one.
default_role = "py:obj"
autodoc_inherit_docstrings = False
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the docstrings say more than the types: shapes, units, ranges
autodoc_preserve_defaults = True
napoleon_google_docstring = False
napoleon_use_ivar = True  # what is listed under Attributes is described there, and not again
napoleon_use_rtype = False
python_use_unqualified_type_names = True
add_module_names = False

# How it looks
html_theme = "pydata_sphinx_theme"
html_baseurl = site_address(ADDRESS)
html_context = {"default_mode": "auto", "site_address": html_baseurl}
html_extra_path = ["../figures/before_after.jpg"] * is_set(ADDRESS)  # for card.html
html_title = "Light from the dark"
html_favicon = "../lowlight_utils/web/static/icon.svg"
html_math_renderer = "mathml"
html_css_files = ["book.css"]
html_js_files = [("book.js", {"defer": "defer"})]
html_show_sourcelink = False
html_copy_source = False
html_sidebars = {"index": [], "search": [], "genindex": []}
html_theme_options = {
    "logo": {"text": "Light from the dark"},
    "navbar_end": ["live-links", "theme-switcher", "navbar-icon-links"],
    "header_links_before_dropdown": 6,
    "search_bar_text": "Search the course",
    "secondary_sidebar_items": {"**": ["page-toc"], "index": []},
    "show_toc_level": 2,
    "navigation_depth": 2,
    "footer_start": ["copyright"],
    "footer_end": ["sphinx-version"],
    "icon_links": [{"name": "GitHub", "url": ADDRESS, "icon": "fa-brands fa-github"}]
    * is_set(ADDRESS),
}


def write_math(translator, node):
    """Write a formula as MathML, which browsers draw without a script or a font of ours."""
    display = "block" if isinstance(node, nodes.math_block) else "inline"
    formula = convert(node.astext(), display=display)
    translator.body.append(f'<div class="math">{formula}</div>' if display == "block" else formula)
    raise nodes.SkipNode


def setup(app):
    """Tell Sphinx of what it has not."""
    app.add_html_math_renderer("mathml", (write_math, None), (write_math, None))
