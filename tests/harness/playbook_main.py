# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``ansible-playbook``, as ``python -m ansible playbook`` runs it.

Where M365OPS_TEST_PACKED names a folder, what Ansible packs for a module is kept there for the runs to come: it would
pack the same again. M365OPS_TEST_PYTHON is the interpreter that Ansible takes for its own.
"""

import contextlib
import os
import runpy
import sys

PACKED = "M365OPS_TEST_PACKED"
PYTHON = "M365OPS_TEST_PYTHON"


def share_what_is_packed(folder: str) -> None:
    with contextlib.suppress(Exception):  # what is wrong with the configuration, Ansible itself is to tell
        from ansible import constants

        os.symlink(folder, os.path.join(constants.DEFAULT_LOCAL_TMP, "ansiballz_cache"))


if __name__ == "__main__":
    sys.path[0] = os.getcwd()
    sys.argv[1:1] = ["playbook"]
    sys.executable = os.environ.pop(PYTHON, sys.executable)
    if PACKED in os.environ:
        share_what_is_packed(os.environ.pop(PACKED))
    runpy.run_module("ansible", run_name="__main__", alter_sys=True)
