# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run one module of the collection as Ansible would: ``python module_main.py NAME ARGUMENTS.json``, result on standard
output.
"""

import json
import runpy
import sys
from pathlib import Path

from ansible.module_utils import basic

COLLECTION = "ansible_collections.m365ops.exchange_online"

if __name__ == "__main__":
    name, arguments = sys.argv[1:]
    sys.argv[1:] = []
    basic._ANSIBLE_ARGS = json.dumps({"ANSIBLE_MODULE_ARGS": json.loads(Path(arguments).read_text())}).encode()
    basic._ANSIBLE_PROFILE = "legacy"  # read by ansible-core 2.19 and later
    runpy.run_module(f"{COLLECTION}.plugins.modules.{name}", run_name="__main__", alter_sys=True)
