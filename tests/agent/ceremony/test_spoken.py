"""The session's language, also where the system has no data for its locale."""

import locale

import pytest

from agent.ceremony.words import spoken


@pytest.mark.parametrize(
    ("environ", "language"),
    [
        ({"LANG": "de_DE.UTF-8"}, "de-DE"),
        ({"LC_ALL": "en_GB.UTF-8", "LANG": "de_DE.UTF-8"}, "en-GB"),
        ({"LC_MESSAGES": "de_AT", "LANG": "C"}, "de-AT"),
        ({}, "en"),
    ],
)
def test_a_locale_without_data_still_names_a_language(
    environ: dict[str, str], language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lacking(*_: object) -> None:
        raise locale.Error("unsupported locale setting")

    monkeypatch.setattr(locale, "setlocale", lacking)
    assert spoken(environ) == language


def test_a_locale_with_data_is_asked_of_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locale, "setlocale", lambda *_: "de_CH.UTF-8")
    monkeypatch.setattr(locale, "getlocale", lambda: ("de_CH", "UTF-8"))
    assert spoken({}) == "de-CH"
