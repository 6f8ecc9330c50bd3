# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``ansible-playbook``, as ``python -m ansible playbook`` runs it."""

import os
import runpy
import sys

if __name__ == "__main__":
    sys.path[0] = os.getcwd()
    sys.argv[1:1] = ["playbook"]
    runpy.run_module("ansible", run_name="__main__", alter_sys=True)
