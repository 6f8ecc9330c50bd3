# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks that only read: formatting, types, YAML, licences, documentation, changelog, metadata."""

from __future__ import annotations

import ast
from pathlib import Path

from tools import environments, paths, tree
from tools.check import Check, CheckFailed
from tools.interpreters import Interpreter
from tools.process import Log

# Labels of Ansible's own documentation that generated pages refer to.
_LABELS = """\
:orphan:

.. _action_plugins:
.. _ansible_configuration_settings:
.. _common_return_values:
.. _playbooks_module_defaults:
.. _module_defaults_groups:

Elsewhere
=========
"""


class Static:
    """All run in one environment, on one interpreter."""

    def __init__(self, interpreter: Interpreter) -> None:
        self._interpreter = interpreter

    def checks(self) -> list[Check]:
        where = f"Python {self._interpreter.name}"
        tools = {
            "ruff": self._ruff,
            "mypy": self._mypy,
            "yamllint": self._yamllint,
            "reuse": self._reuse,
            "ansible-lint": self._ansible_lint,
            "antsibull-docs": self._antsibull_docs,
            "changelog": self._changelog,
            "action-group": self._action_group,
            "ee-metadata": self._execution_environment,
            "docs-site": self._docs_site,
        }
        return [Check(name, where, run) for name, run in tools.items()]

    def _tool(self, log: Log, *words: str | Path, cwd: Path = paths.ROOT, **more: str) -> None:
        venv = environments.for_lint(self._interpreter)
        log.run([venv / "bin" / words[0], *words[1:]], env=environments.environment(venv, **more), cwd=cwd)

    def _ruff(self, log: Log) -> None:
        self._tool(log, "ruff", "check", ".")
        self._tool(log, "ruff", "format", "--check", "--diff", ".")

    def _mypy(self, log: Log) -> None:
        root = tree.link()
        ours = (paths.TESTS / name for name in ("fake_awx", "fake_tenant", "simulation", "tools"))
        targets = [root / paths.COLLECTION / "plugins", *ours]
        settings = ("--config-file", paths.ROOT / "pyproject.toml", "--cache-dir", paths.CACHE / "mypy")
        self._tool(log, "mypy", *settings, *targets, cwd=root, MYPYPATH=f"{root}:{paths.TESTS}")

    def _yamllint(self, log: Log) -> None:
        self._tool(log, "yamllint", "--strict", ".")

    def _reuse(self, log: Log) -> None:
        self._tool(log, "reuse", "lint")

    def _ansible_lint(self, log: Log) -> None:
        copy = tree.copy("ansible-lint")
        self._tool(log, "ansible-lint", "--offline", cwd=copy, ANSIBLE_COLLECTIONS_PATH=str(tree.tree_of(copy)))

    def _antsibull_docs(self, log: Log) -> None:
        copy = tree.copy("antsibull-docs")
        options = ("--plugin-docs", "--validate-collection-refs=all", "--skip-rstcheck")
        home = str(tree.tree_of(copy))
        self._tool(
            log, "antsibull-docs", "lint-collection-docs", *options, ".", cwd=copy, ANSIBLE_COLLECTIONS_PATH=home
        )

    def _changelog(self, log: Log) -> None:
        copy = tree.copy("changelog")
        self._tool(log, "antsibull-changelog", "lint", cwd=copy, ANSIBLE_COLLECTIONS_PATH=str(tree.tree_of(copy)))

    def _execution_environment(self, log: Log) -> None:
        """ansible-builder finds what an execution environment needs, and it is what the plugins need."""
        copy = tree.copy("ee-metadata")
        self._tool(log, "ansible-builder", "introspect", "--sanitize", str(tree.tree_of(copy)), cwd=copy)
        missing = [name for name in ("msal", "requests", "cryptography") if name not in log.text()]
        if missing:
            raise CheckFailed(f"ansible-builder found no requirement for {', '.join(missing)}")

    def _action_group(self, log: Log) -> None:
        """Every module is in the action group, and nothing else is."""
        venv = environments.for_lint(self._interpreter)
        script = "import yaml, sys; print(yaml.safe_load(open(sys.argv[1]))['action_groups']['exchange_online'])"
        runtime = paths.ROOT / "meta" / "runtime.yml"
        log.run([venv / "bin" / "python", "-c", script, runtime], env=environments.environment(venv), cwd=paths.ROOT)
        listed = set(ast.literal_eval(log.text().splitlines()[-1]))
        modules = {path.stem for path in (paths.ROOT / "plugins" / "modules").glob("*.py")} - {"__init__"}
        if listed != modules:
            missing, superfluous = sorted(modules - listed), sorted(listed - modules)
            raise CheckFailed(f"meta/runtime.yml: missing {missing}, superfluous {superfluous}")

    def _docs_site(self, log: Log) -> None:
        """The documentation site builds, and Sphinx warns of nothing."""
        copy = tree.copy("docs-site")
        venv = environments.for_lint(self._interpreter)
        env = environments.environment(venv, ANSIBLE_COLLECTIONS_PATH=str(tree.tree_of(copy)))
        site = tree.tree_of(copy) / "site"
        site.mkdir(mode=0o700)
        start = ("sphinx-init", "--use-current", "--dest-dir", site, "--fail-on-error", "m365ops.exchange_online")
        log.run([venv / "bin" / "antsibull-docs", *start], env=env, cwd=copy)
        # Nothing is fetched while the site builds: other projects' labels are defined here, links to them left out.
        with (site / "conf.py").open("a", encoding="utf-8") as configuration:
            configuration.write("\nintersphinx_mapping = {}\n")
        (site / "rst").mkdir(mode=0o700, exist_ok=True)
        (site / "rst" / "elsewhere.rst").write_text(_LABELS, encoding="utf-8")
        log.run(["./build.sh"], env=env, cwd=site)
