"""Build the site: the course as a book, the library's reference, and the pages that run live.

    python tools/book.py [OUT]                  into build/site, or another folder
    python tools/book.py --without-live [OUT]   the book alone, which needs no npm

The sources are laid out in build/book as they lie in the repository, so that links lead to the same
places; Sphinx makes pages of them (docs/conf.py), and tools/live.py the live ones beside them.
Nothing is executed, and no page asks another host for anything.
"""

import argparse
import base64
import hashlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

from book_frames import write_frames
from book_sources import ROOT, lay_out, site_address

from lowlight_utils.files import write_file
from notebooks import repository_address

SOURCES = ROOT / "build" / "book"
LIVE = ROOT / "tools" / "live.py"
MARK = ".nojekyll"  # says that this is a site; GitHub would leave out folders such as _static
INLINE_SCRIPT = re.compile(r"<script(?![^>]*\bsrc=)([^>]*)>(.*?)</script>", re.DOTALL)
POLICY = (
    "default-src 'none'; script-src 'self' {scripts}; style-src 'self' 'unsafe-inline';"
    " img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self';"
    " base-uri 'none'"
)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", nargs="?", type=Path, default=ROOT / "build" / "site")
    parser.add_argument("--without-live", action="store_true", help="leave the live pages out")
    options = parser.parse_args()
    out = options.out.absolute()
    build_book(out)
    if not options.without_live:
        live = [sys.executable, LIVE, out / "live", "--home", "../index.html"]
        live += ["--site", site_address(repository_address())]
        subprocess.run(live, check=True)
    print(f"The site is in {out}. To look at it: python -m http.server --directory {out}")


def build_book(out):
    """Make the book in a folder of its own, which is emptied first."""
    if out.exists() and any(out.iterdir()) and not (out / MARK).exists():
        sys.exit(f"{out} holds something else than a site: name another folder, or empty it")
    shutil.rmtree(out, ignore_errors=True)
    write_file(out / MARK, "")  # first: what a build leaves that failed is emptied by the next
    lay_out(SOURCES, write_frames(out / "frames"))
    command = [sys.executable, "-m", "sphinx", "--quiet", "--fail-on-warning"]
    command += ["--fresh-env", "--doctree-dir", ROOT / "build" / "doctrees"]
    subprocess.run([*command, "--conf-dir", ROOT / "docs", SOURCES, out], check=True)
    for notebook in (ROOT / "notebooks").glob("*.ipynb"):  # as it is, to be downloaded
        shutil.copy(notebook, out / "notebooks")
    for path in (*out.rglob("*.map"), out / "_static" / "webpack-macros.html"):
        path.unlink()  # the theme's, for its own makers
    for page in set(out.rglob("*.html")) - set(out.glob("_downloads/**/*")):
        write_file(page, with_policy(mended(page.read_text(encoding="utf-8"))))


def mended(html):
    """Return a page without what screen readers are told wrongly by the makers of its parts."""
    html = html.replace('<th class="head"><p></p></th>', "<td></td>")  # a heading of nothing
    # The theme marks the page in the sidebar, but in the header its part only by a colour.
    part = '<li class="nav-item current active">\n  <a '
    html = html.replace(part, f'{part}aria-current="true" ')
    # Beside sources, back to the reference; a name that a room shows as its own is not found there.
    html = re.sub(r'<a class="viewcode-back" .*?</a>', "", html)
    # A role that is gone from the standard, and not one that a list may hold.
    return html.replace('role="doc-biblioentry"', 'role="listitem"')


def with_policy(html):
    """Return a page with its Content-Security-Policy: its own files, and its own inline scripts.

    The theme has two small scripts in each page; they are let through by their hashes. Styles in
    line are allowed, because the theme and the tables of notebooks have them.
    """
    scripts = {text for kind, text in INLINE_SCRIPT.findall(html) if "json" not in kind}
    hashes = sorted(f"'sha256-{digest(script)}'" for script in scripts)
    policy = POLICY.format(scripts=" ".join(hashes))
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    return html.replace("<head>", f"<head>\n    {meta}", 1)


def digest(text):
    return base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")


if __name__ == "__main__":
    main()
