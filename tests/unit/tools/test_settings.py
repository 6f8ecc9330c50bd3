# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""pip's settings, taken over for uv and for a pip that sees no environment."""

from __future__ import annotations

import configparser
from pathlib import Path

from tools import settings

LISTING = """\
:env:.cert='/etc/own.pem'
:env:.config-file='/somewhere/pip.conf'
global.cert='/etc/other.pem'
global.extra-index-url='https://a.example/simple\\nhttps://b.example/simple'
global.find-links='/wheels /more'
global.index-url='https://index.example/simple?a=b'
install.no-binary='x'
wheel.cert='/ignored.pem'
"""


def test_environment_wins_and_several_values_are_parted_by_a_space() -> None:
    assert settings.parse_pip_settings(LISTING) == {
        "cert": "/etc/own.pem",
        "extra-index-url": "https://a.example/simple https://b.example/simple",
        "find-links": "/wheels /more",
        "index-url": "https://index.example/simple?a=b",
        "no-binary": "x",
    }


def test_uv_gets_the_same_in_its_own_words() -> None:
    assert settings.uv_settings(settings.parse_pip_settings(LISTING)) == {
        "SSL_CERT_FILE": "/etc/own.pem",
        "UV_DEFAULT_INDEX": "https://index.example/simple?a=b",
        "UV_FIND_LINKS": "/wheels,/more",
        "UV_INDEX": "https://a.example/simple https://b.example/simple",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
    }


def test_nothing_configured_asks_nothing_of_uv() -> None:
    assert settings.uv_settings(settings.parse_pip_settings("")) == {}


def test_pip_finds_them_in_the_home(tmp_path: Path) -> None:
    settings.write_pip_configuration({"index-url": "https://index.example/%7Euser"}, tmp_path)
    written = configparser.RawConfigParser()
    written.read(tmp_path / ".config" / "pip" / "pip.conf")
    assert dict(written["global"]) == {"index-url": "https://index.example/%7Euser"}
