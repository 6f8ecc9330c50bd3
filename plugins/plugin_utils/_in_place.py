# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""A module of the collection, run from where it is installed: on the control node, in Ansible's own Python, all that it
imports is there already. Ansible would take its files apart, pack them and unpack them again, which takes longer than
a mailbox.

All else stays as Ansible does it: the arguments, the environment, the folder, the result. Where anything is out of the
ordinary, or this ansible-core can't be told of it, the module is packed and sent as any other.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import ansible
from ansible import constants as C  # noqa: N812 as everywhere in Ansible
from ansible.plugins.action import ActionBase

try:
    from ansible.module_utils.common.json import Direction, get_module_encoder
except ImportError:  # ansible-core before 2.19
    from ansible.module_utils.common.json import AnsibleJSONEncoder

    _ENCODING: dict[str, Any] = {"cls": AnsibleJSONEncoder, "vault_to_text": True}
else:
    _ENCODING = {"cls": get_module_encoder("legacy", Direction.CONTROLLER_TO_MODULE)}

COLLECTION = "ansible_collections.m365ops.exchange_online"
_HERE = Path(__file__).absolute().parents[2]
_PACKAGES = {
    "ansible_collections": str(_HERE.parents[1]),
    "ansible_collections.m365ops": str(_HERE.parent),
    COLLECTION: str(_HERE),
}

# The program that Ansible hands to the interpreter in the place of a packed module. The folder that it starts in holds
# nothing that is to be imported, as Ansible has it; its own modules are found wherever it was started from.
_PROGRAM = """\
import runpy, sys, types
sys.path[:] = [*(entry for entry in sys.path if entry not in ("", ".")), {ansible!r}]
for name, path in {packages!r}.items():
    if name not in sys.modules:
        sys.modules[name] = types.ModuleType(name)
        sys.modules[name].__path__ = [path]
from ansible.module_utils import basic
basic._ANSIBLE_ARGS = {arguments!r}.encode()
basic._ANSIBLE_PROFILE = "legacy"
runpy.run_module({module!r}, run_name="__main__", alter_sys=True)
"""


class InPlace(ActionBase):
    """An action that runs its module from where it is installed, if it can."""

    _in_place = False

    def run_module(self, task_vars: dict[str, Any], *, wrap_async: bool) -> dict[str, Any]:
        """The module's result."""
        self._in_place = not wrap_async and self._is_at_home(task_vars)
        result: dict[str, Any] = self._execute_module(task_vars=task_vars, wrap_async=wrap_async)
        return result

    def _is_at_home(self, task_vars: Mapping[str, Any]) -> bool:
        """Whether the module would run here, as Ansible itself does."""
        if self._connection.transport != "local" or self._connection.become or C.DEFAULT_KEEP_REMOTE_FILES:
            return False
        host = self._task.delegate_to
        try:
            variables = task_vars["ansible_delegated_vars"][host] if host else task_vars
            python = C.config.get_config_value("INTERPRETER_PYTHON", variables=variables)
            return bool(sys.executable) and bool(self._templar.template(python) == sys.executable)
        except Exception:  # whatever is wrong with it, Ansible says better
            return False

    def _is_pipelining_enabled(self, *args: Any, **kwargs: Any) -> bool:
        """The program is short, and comes by the standard input: no folder is made for it."""
        return self._in_place or bool(super()._is_pipelining_enabled(*args, **kwargs))

    def _configure_module(self, module_name: str, module_args: dict[str, Any], task_vars: dict[str, Any]) -> Any:
        if self._in_place:
            name = module_name.rpartition(".")[2]
            program = _PROGRAM.format(
                ansible=str(Path(ansible.__file__).absolute().parents[1]),
                packages=_PACKAGES,
                arguments=json.dumps({"ANSIBLE_MODULE_ARGS": module_args}, **_ENCODING),
                module=f"{COLLECTION}.plugins.modules.{name}",
            )
            built = _built(program.encode(), str(_HERE / "plugins" / "modules" / f"{name}.py"))
            if built is not None:
                return built
            self._in_place = False
        return super()._configure_module(module_name=module_name, module_args=module_args, task_vars=task_vars)


def _built(program: bytes, path: str) -> tuple[Any, ...] | None:
    """What ``_configure_module`` gives, as this ansible-core has it; None if it isn't known how."""
    shebang = f"#!{sys.executable}"
    try:
        from ansible.executor.module_common import _BuiltModule
    except ImportError:  # ansible-core before 2.19
        return ("new", shebang, program, path)
    try:
        built = _BuiltModule(b_module_data=program, module_style="new", shebang=shebang, serialization_profile="legacy")
    except TypeError:
        return None
    return (built, path)
