"""The documentation: ``make docs`` builds it offline, with warnings as errors."""

import logging
import os
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import bilevel_dr  # noqa: E402

project = "bilevel_dr"
author = "The bilevel_dr founders"
release = version = bilevel_dr.__version__
copyright = f"2026, {author}"  # noqa: A001  Sphinx's word

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "myst_nb",
    "mathml",
    "paper_pages",
]
html_theme = "furo"
html_title = "bilevel_dr"
html_static_path = ["static"]
html_css_files = ["pages.css"]
exclude_patterns = ["build"]

myst_enable_extensions = ["dollarmath", "colon_fence", "deflist"]
myst_heading_anchors = 3
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 120
nb_execution_show_tb = True
nb_merge_streams = True
nb_render_markdown_format = "gfm"  # CommonMark has no tables

autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the docstrings say them in words
napoleon_google_docstring = False
napoleon_use_rtype = False
html_math_renderer = "mathml"

# Kernels on loopback need no warning about encryption, and a page that is executed is no news.
logging.getLogger("traitlets").setLevel(logging.WARNING)
_quiet = tempfile.TemporaryDirectory(prefix="bilevel_dr_docs_")
os.environ["IPYTHONDIR"] = _quiet.name
(profile := Path(_quiet.name, "profile_default")).mkdir()
(profile / "ipython_kernel_config.py").write_text("c.IPKernelApp.log_level = 'ERROR'\n", encoding="utf-8")
