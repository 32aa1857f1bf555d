"""What Sphinx is told. There is no conf.py, so that nothing of the site is configured outside this file."""

from __future__ import annotations

from typing import Any

EXTENSIONS = ["myst_nb", "sphinx.ext.autodoc", "sphinx_copybutton", "advcourse.course.site.extension"]


def settings(title: str) -> dict[str, Any]:
    """Sphinx' configuration of the site of this title."""
    return {
        "project": title,
        "extensions": EXTENSIONS,
        "html_theme": "sphinx_book_theme",
        "html_title": title,
        "html_static_path": ["_static"],
        "html_permalinks_icon": "#",
        "html_css_files": ["course.css"],
        "html_show_copyright": False,
        "html_show_sphinx": False,
        "html_sourcelink_suffix": "",
        "html_theme_options": {
            "use_fullscreen_button": False,
            "use_download_button": True,
            "show_toc_level": 2,
        },
        # A page shows what was stored: nothing runs while the site is built.
        "nb_execution_mode": "off",
        "nb_merge_streams": True,
        "myst_enable_extensions": ["dollarmath", "amsmath", "colon_fence", "attrs_block", "attrs_inline"],
        "myst_heading_anchors": 3,
        "autodoc_typehints_format": "short",
        "autodoc_member_order": "bysource",
        "autodoc_preserve_defaults": True,
        "maximum_signature_line_length": 88,
        "add_module_names": False,
        "toc_object_entries_show_parents": "hide",
        "autodoc_inherit_docstrings": False,
        # Types in signatures are named, and linked where the reference has them.
        "nitpicky": True,
        "nitpick_ignore_regex": [("py:class", ".*")],
        "copybutton_prompt_text": ">>> ",
        "suppress_warnings": ["myst.mathjax"],
        "exclude_patterns": ["_include"],
    }
