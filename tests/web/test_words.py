"""The page's words: every language says everything, and nothing that nobody asks for."""

import re
import string
from pathlib import Path

import pytest

from lowlight_utils.web import names
from lowlight_utils.web.words import LANGUAGES, words

WEB = Path(names.__file__).parent
SITE = WEB.parent.parent / "site"
FAMILIES = {  # keys whose ends are put in when the page is made: what may stand there
    "example.": set(names.EXAMPLES),
    "method.": {names.OURS, names.TOLD_LAMBDA, *names.BASELINES},
    "quality.": set(names.FORMATS),
}


def text_of(*folders, suffix):
    return "\n".join(
        path.read_text(encoding="utf-8") for folder in folders for path in folder.glob(f"*{suffix}")
    )


def asked_of_the_page():
    """The keys that templates and views ask for."""
    text = text_of(WEB / "templates", SITE, suffix=".html") + text_of(WEB, suffix="views.py")
    keys = set(re.findall(r"""\bt\(["']([\w. -]+)["'][,)]""", text))
    for family in re.findall(r"""\bt\('([\w.-]+\.)' ~""", text):
        keys |= {family + end for end in FAMILIES[family]}
    return keys


def asked_of_the_scripts():
    """The keys that scripts ask for; a photo's states are told apart by them."""
    text = text_of(WEB / "static", suffix=".js")
    keys = set(re.findall(r"""\bt\("([\w. ]+)"[,)]""", text))
    keys |= {
        key
        for pair in re.findall(r"""\bt\([\w.]+ \? "([\w.]+)" : "([\w.]+)",""", text)
        for key in pair
    }
    told = set(re.findall(r"""tell\(\w+, "(\w+)\"""", text))
    quoted = set(re.findall(r"""\"(\w+)\"""", text))
    states = {key[6:] for key in words("en").script if key.startswith("state.")}
    keys |= {f"state.{state}" for state in told | (states & quoted)}
    return keys


@pytest.mark.parametrize("part", ["page", "script"])
def test_every_key_that_is_asked_for_is_there_and_no_other(part):
    said = words("en")._page if part == "page" else words("en").script
    asked = asked_of_the_page() if part == "page" else asked_of_the_scripts()
    statuses = {key for key in said if re.fullmatch(r"status\.\d+", key)}
    assert set(said) - statuses == asked
    assert (part == "page") != bool(statuses)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_says_the_same_with_the_same_gaps(language):
    for said, english in (
        (words(language)._page, words("en")._page),
        (words(language).script, words("en").script),
    ):
        assert list(said) == list(english)
        for key, text in said.items():
            assert text.strip()
            gaps = [
                {name for _, name, *_ in string.Formatter().parse(each) if name}
                for each in (text, english[key])
            ]
            assert gaps[0] - {"what"} == gaps[1] - {"what"}
            assert re.findall(r"</?\w+>", text) == re.findall(r"</?\w+>", english[key])


@pytest.mark.parametrize("language", sorted(set(LANGUAGES) - {"en"}))
def test_no_language_is_a_copy_of_english(language):
    same = {key for key, text in words(language)._page.items() if text == words("en")._page[key]}
    assert same <= {"method.clahe", "method.lime", "original"}


def test_every_status_that_the_page_can_meet_has_words():
    statuses = {int(key[7:]) for key in words("en").script if re.fullmatch(r"status\.\d+", key)}
    raised = text_of(WEB, suffix=".py")
    problems = {int(each) for each in re.findall(r"(?:Problem|Refused|Deadly)\(\s*(\d{3})", raised)}
    assert problems - {404, 410} == statuses


def test_the_language_is_the_addresss_or_else_the_browsers(client):
    def language(query="", accept=""):
        answer = client.get(f"/{query}", headers={"Accept-Language": accept})
        assert answer.headers["Vary"] == "Accept-Language"
        return answer.headers["Content-Language"]

    assert language() == "en"
    assert language(accept="fr, de-CH;q=0.8, en;q=0.5") == "de"
    assert language(accept="zh-Hans-CN") == "zh"
    assert language("?lang=ar", "de") == "ar"
    assert language("?lang=tlh", "de") == "de"


def test_what_is_put_into_a_sentence_is_no_markup():
    assert words("en")("most", megabytes="<b>", megapixels=2).startswith("&lt;b&gt;")
