"""The page's words in several languages: a file for each, in translations/.

A file has two parts: "page" is what the templates say, "script" what the scripts do. A test
compares the files with each other and with what templates and scripts ask for. The documentation
for programs and the server's own messages are in English alone.
"""

import json
from functools import cache
from pathlib import Path

from markupsafe import Markup

LANGUAGES = {"en": "English", "de": "Deutsch", "ar": "العربية", "zh": "中文"}
"""What they call themselves; the first is for whoever asks for none of them."""

FROM_THE_RIGHT = frozenset({"ar"})


class Words:
    """One language: ``words("cancel")`` is what the page says, ready for a template.

    Parameters
    ----------
    language : str
        One of `LANGUAGES`.

    Attributes
    ----------
    language, direction : str
        For the attributes `lang` and `dir`: "ltr" or "rtl".
    script : dict of str to str
        What the scripts say.
    """

    def __init__(self, language: str) -> None:
        self.language = language
        self.direction = "rtl" if language in FROM_THE_RIGHT else "ltr"
        path = Path(__file__).with_name("translations") / f"{language}.json"
        said = json.loads(path.read_text(encoding="utf-8"))
        self._page, self.script = said["page"], said["script"]

    def __call__(self, key: str, **values: object) -> Markup:
        """Give a sentence, with {names} in it replaced."""
        return Markup(self._page[key]).format(**values)


@cache
def words(language: str) -> Words:
    """Give a language's words, read once."""
    return Words(language)
