# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The cmdlets of the model: what Exchange answers, with the faults that lie in the answer itself."""

from __future__ import annotations

import dataclasses
import random
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from simulation.tenant import ORGANIZATION, VALUES, Box, Tenant, Value
from simulation.weather import Weather

PROPERTY = "SmtpClientAuthenticationDisabled"
LEGACY = "AllowLegacyTLSClients"
SYSTEM_ANCHOR = "SystemMailbox{bb558c35-97f1-4cb9-8ff7-d53741dc928c}"
MORE = (
    "There are more results available than are currently displayed. To view them, increase the value for the "
    "ResultSize parameter."
)
EXPIRED = "Expired or Invalid pagination request. Default Expiry time is 00:30:00"
EXCHANGE = "Microsoft.Exchange.Configuration.Tasks"
LAG, LONG_LAG = 12.0, 60.0
MAX_LAG = LONG_LAG


@dataclasses.dataclass
class Reply:
    """An answer, and what it tells: ``shown`` values by mailbox, ``told`` outcomes (``ok``, ``refused``, ``unclear``)
    of writes.
    """

    status: int
    body: Any = None
    headers: dict[str, str] = dataclasses.field(default_factory=dict)
    shown: list[tuple[str, Any]] = dataclasses.field(default_factory=list)
    told: list[tuple[str, Any, str]] = dataclasses.field(default_factory=list)

    def unclear(self) -> Reply:
        """The same, unreadable: it shows nothing, and what it tells can't be known."""
        return dataclasses.replace(
            self, shown=[], told=[(guid, value, "unclear") for guid, value, _how in self.told], headers={}
        )


def success(rows: Sequence[Mapping[str, Any]], warnings: Sequence[str] = (), link: str = "") -> Reply:
    body: dict[str, Any] = {
        "@odata.context": "https://x/$metadata#Collection(Exchange.GenericHashTable)",
        "adminapi.warnings@odata.type": "#Collection(String)",
        "@adminapi.warnings": list(warnings),
        "value": list(rows),
    }
    if link:
        body["@odata.nextLink"] = link
    return Reply(200, body)


def failure(status: int, kind: str, text: str, identifier: str = "Ex6F9304", headers: Any = None) -> Reply:
    code = {400: "BadRequest", 403: "Forbidden", 404: "NotFound", 401: "Unauthorized"}.get(
        status, "InternalServerError"
    )
    return Reply(
        status,
        {
            "error": {
                "code": code,
                "message": "Error executing cmdlet",
                "details": [{"code": "Client", "target": "", "message": f"{identifier}|{kind}|{text}"}],
                "innererror": {
                    "message": "Error executing cmdlet",
                    "type": "Microsoft.Exchange.Admin.OData.Core.ODataServiceException",
                    "internalexception": {"message": text, "type": kind},
                },
            },
            "@adminapi.warnings": [],
        },
        dict(headers or {}),
    )


@dataclasses.dataclass
class _Listing:
    """``order``: the mailboxes as they were when it began. ``cmdlet``: what it lists."""

    cmdlet: str
    order: list[str]
    size: int
    shown: list[dict[str, Any]] = dataclasses.field(default_factory=list)


class Exchange:
    """``page``: rows of a page of the asked 1,000; others in proportion."""

    def __init__(self, tenant: Tenant, weather: Callable[[], Weather], rng: random.Random, page: int) -> None:
        self.tenant = tenant
        self._weather_of_now = weather
        self._rng = rng
        self.page = page
        self._listings: dict[str, _Listing] = {}
        self.withdrawn: set[str] = set()  # cmdlets that the app may no longer use
        self.needs_proxy: set[str] = set()  # mailboxes that are only served where the anchor names them
        self.refuses: set[str] = set()  # mailboxes of which no setting can be changed
        self.tail_page = rng.random() < 0.3  # full pages end with an empty one

    @property
    def weather(self) -> Weather:
        return self._weather_of_now()

    def run(self, url: str, headers: Mapping[str, str], command: Mapping[str, Any]) -> Reply:
        """One cmdlet, as the body names it."""
        cmdlet, parameters = str(command.get("CmdletName")), command.get("Parameters") or {}
        if cmdlet in self.withdrawn:
            return failure(403, f"{EXCHANGE}.CmdletAccessDeniedException", f"You may not run {cmdlet}.")
        if self.weather.strikes("transient in words"):
            return failure(400, "Microsoft.Exchange.Data.Directory.ADTransientException", "The domain is busy.")
        known: dict[str, Callable[..., Reply]] = {
            "Get-CASMailbox": self._get,
            "Get-Mailbox": self._get,
            "Get-User": self._get,
            "Set-CASMailbox": self._set,
            "Get-TransportConfig": self._get_switch,
            "Set-TransportConfig": self._set_switch,
            "Get-OrganizationConfig": self._get_organization,
            "Get-AuthenticationPolicy": self._get_policies,
        }
        if cmdlet not in known:
            return Reply(403, "\0" * 32)
        return known[cmdlet](cmdlet, parameters, url, headers)

    # Reading -----------------------------------------------------------------------------------------------------

    def _get(self, cmdlet: str, parameters: Mapping[str, Any], url: str, headers: Mapping[str, str]) -> Reply:
        token = re.search(r"skiptoken=([0-9a-f]+)", url)
        if token:
            return self._next_page(token.group(1), url, headers)
        identity = parameters.get("Identity")
        if identity is None or not str(identity).strip():
            return self._first_page(cmdlet, url, headers)
        if set(parameters) - {"Identity"}:
            return self._bad_parameters(parameters)
        found = self.tenant.find(str(identity))
        if not found:
            return self._not_found(str(identity))
        if len(found) > 1:
            return failure(400, f"{EXCHANGE}.ManagementObjectAmbiguousException", f"'{identity}' isn't unique.")
        if self._lacks_proxy(found[0], headers):
            return self._proxy()
        boxes = self._mixed_up(cmdlet, found)
        rows = [self._row(cmdlet, box, url) for box in boxes]
        reply = success(rows)
        if cmdlet == "Get-CASMailbox":
            reply.shown = [(box.guid, row[PROPERTY]) for box, row in zip(boxes, rows, strict=True) if PROPERTY in row]
        return reply

    def _mixed_up(self, cmdlet: str, found: list[Box]) -> list[Box]:
        others = [box for box in self.tenant.living() if box is not found[0]]
        if others and self.weather.strikes("another mailbox"):
            return [self._rng.choice(others)]
        if others and self.weather.strikes("two rows"):
            return [found[0], self._rng.choice(others)]
        if self.weather.strikes("no rows"):
            return []
        return found

    def _row(self, cmdlet: str, box: Box, url: str) -> dict[str, Any]:
        row: dict[str, Any] = {
            "Guid@odata.type": "#Guid",
            "Guid": box.guid,
            "ExchangeObjectId": box.guid,
            "ExternalDirectoryObjectId": box.object_id,
            "DisplayName": box.display,
            "PrimarySmtpAddress": box.addresses[0],
            "EmailAddresses@odata.type": "#Collection(String)",
            "EmailAddresses": [f"SMTP:{box.addresses[0]}", *(f"smtp:{one}" for one in box.addresses[1:])],
        }
        if cmdlet == "Get-CASMailbox":
            row[PROPERTY] = self._seen(box)
            if self.weather.strikes("row without the setting"):
                del row[PROPERTY]
            elif self.weather.strikes("row with a strange setting"):
                row[PROPERTY] = self._rng.choice(("", "maybe", 7, []))
        else:
            row |= {"UserPrincipalName": box.upn, "Alias": box.alias, "RecipientTypeDetails": box.kind}
            row["AuthenticationPolicy"] = None
        selected = re.search(r"%24select=([^&]*)|\$select=([^&]*)", url)
        if not selected:
            return row
        wanted = set((selected.group(1) or selected.group(2)).split(","))
        return {key: value for key, value in row.items() if key.partition("@")[0] in wanted}

    def _seen(self, box: Box) -> Value:
        """The value as a back end shows it: maybe that of some seconds ago."""
        seconds = self._lag()
        return box.at(self.tenant.now() - seconds) if seconds else box.value

    def _lag(self) -> float:
        if self.weather.strikes("long lag"):
            return self._rng.uniform(0.0, LONG_LAG)
        return self._rng.uniform(0.0, LAG) if self.weather.strikes("lag") else 0.0

    # Pages -------------------------------------------------------------------------------------------------------

    def _first_page(self, cmdlet: str, url: str, headers: Mapping[str, str]) -> Reply:
        asked = re.search(r"odata\.maxpagesize=(\d+)", headers.get("Prefer", ""))
        size = max(1, int(asked.group(1) if asked else 1000) * self.page // 1000)
        order = [box.guid for box in self.tenant.living() if cmdlet != "Get-Mailbox" or box.kind.endswith("Mailbox")]
        name = f"{self._rng.getrandbits(64):016x}"
        self._listings[f"{name}{0:04x}"] = _Listing(cmdlet, order, size)
        return self._page_at(name, 0, url, headers)

    def _next_page(self, token: str, url: str, headers: Mapping[str, str]) -> Reply:
        name, start = token[:16], int(token[16:] or "0", 16)
        if f"{name}{0:04x}" not in self._listings or self.weather.strikes("page expired"):
            return failure(400, "System.Exception", EXPIRED, "")
        return self._page_at(name, start, url, headers)

    def _page_at(self, name: str, start: int, url: str, headers: Mapping[str, str]) -> Reply:
        listing = self._listings[f"{name}{0:04x}"]
        here = listing.order[start : start + listing.size]
        boxes = [box for guid in here if (box := self.tenant.box(guid)) and box.lives(self.tenant.now())]
        rows = [self._row(listing.cmdlet, box, url) for box in boxes]
        lost = bool(start) and self.weather.strikes("page lost")
        rows = [] if lost else self._repeated(listing, rows)
        end = start + listing.size
        more = end < len(listing.order) or (self.tail_page and end == len(listing.order))
        link = f"{url.partition('?')[0]}?%24skiptoken={name}{end:04x}" if more else ""
        if selected := re.search(r"\$select=[^&]*|%24select=[^&]*", url):
            link = f"{link}&{selected.group(0)}" if link else ""
        warnings = [MORE] if more else []
        if more and self.weather.strikes("page cut"):
            link = ""
        elif more and self.weather.strikes("page in circles"):
            link = link.replace(f"{name}{end:04x}", f"{name}{start:04x}")
        elif more and self.weather.strikes("page elsewhere"):
            link = link.replace("https://", "https://evil.example/", 1)
        reply = success(rows, warnings, link)
        if listing.cmdlet == "Get-CASMailbox":
            reply.shown = [(row["Guid"], row[PROPERTY]) for row in rows if PROPERTY in row and "Guid" in row]
        return reply

    def _repeated(self, listing: _Listing, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The page, maybe with rows that an earlier one had."""
        earlier, listing.shown = listing.shown, [*listing.shown, *rows]
        if not earlier:
            return rows
        if self.weather.strikes("row twice"):
            return [*rows, self._rng.choice(earlier)]
        if listing.cmdlet == "Get-CASMailbox" and self.weather.strikes("row twice, otherwise"):
            row = dict(self._rng.choice(earlier))
            row[PROPERTY] = self._rng.choice([value for value in VALUES.values() if value is not row.get(PROPERTY)])
            return [*rows, row]
        return rows

    # Writing -----------------------------------------------------------------------------------------------------

    def _set(self, cmdlet: str, parameters: Mapping[str, Any], url: str, headers: Mapping[str, str]) -> Reply:
        identity, wrong = parameters.get("Identity"), set(parameters) - {"Identity", PROPERTY}
        value = parameters.get(PROPERTY, "absent")
        if not identity or wrong or not (value is None or isinstance(value, bool)):
            return self._bad_parameters(parameters)
        found = self.tenant.find(str(identity))
        if len(found) != 1:
            reply = self._not_found(str(identity))
            reply.told = [(str(identity), value, "refused")]
            return reply
        box = found[0]
        reply = self._set_box(box, value, headers)
        reply.told = reply.told or [(box.guid, value, "refused")]
        return reply

    def _set_box(self, box: Box, value: Value, headers: Mapping[str, str]) -> Reply:
        self.tenant.note("asked", box.guid, value)
        if self.weather.strikes("permission withdrawn"):
            self.withdrawn.add("Set-CASMailbox")
            return failure(403, f"{EXCHANGE}.CmdletAccessDeniedException", "You may not run Set-CASMailbox.")
        if self._lacks_proxy(box, headers):
            return self._proxy()
        if self.weather.strikes("mailbox refuses"):
            self.refuses.add(box.guid)
        if box.guid in self.refuses:
            return failure(400, "Microsoft.Exchange.Data.DataValidationException", "The object is corrupted.")
        if self.weather.strikes("write ignored"):
            self.tenant.note("ignored", box.guid, value)
            changed = True
        else:
            changed = self.tenant.write(box, value, "applied")
        reply = self._written(box.addresses[0], changed)
        reply.told = [(box.guid, value, "ok")]
        return reply

    def _written(self, name: str, changed: bool) -> Reply:
        if changed:
            return self._rng.choice(
                (success([]), Reply(200, {"value": None, "@adminapi.warnings": []}), Reply(200, ""))
            )
        return success([], [f"The command completed successfully but no settings of '{name}' have been modified."])

    # The organization --------------------------------------------------------------------------------------------

    def _get_switch(self, *_unused: Any) -> Reply:
        seconds = self._lag()
        value = self.tenant.switch_at(self.tenant.now() - seconds)
        reply = success([{PROPERTY: value, LEGACY: self.tenant.legacy_tls}])
        reply.shown = [(ORGANIZATION, value)]
        return reply

    def _set_switch(self, cmdlet: str, parameters: Mapping[str, Any], *_unused: Any) -> Reply:
        value = parameters.get(PROPERTY)
        if not isinstance(value, bool):
            return self._bad_parameters(parameters)
        self.tenant.note("asked", ORGANIZATION, value)
        if self.weather.strikes("permission withdrawn"):
            self.withdrawn.add("Set-TransportConfig")
            reply = failure(403, f"{EXCHANGE}.CmdletAccessDeniedException", "You may not run Set-TransportConfig.")
            reply.told = [(ORGANIZATION, value, "refused")]
            return reply
        if self.weather.strikes("write ignored"):
            self.tenant.note("ignored", ORGANIZATION, value)
            changed = True
        else:
            changed = self.tenant.turn(value, "applied")
        reply = self._written("Transport Settings", changed)
        reply.told = [(ORGANIZATION, value, "ok")]
        return reply

    def _get_organization(self, *_unused: Any) -> Reply:
        return success([{"DefaultAuthenticationPolicy": None}])

    def _get_policies(self, *_unused: Any) -> Reply:
        return success([])

    # Errors ------------------------------------------------------------------------------------------------------

    def _lacks_proxy(self, box: Box, headers: Mapping[str, str]) -> bool:
        if self.weather.strikes("proxy needed"):
            self.needs_proxy.add(box.guid)
        return box.guid in self.needs_proxy and SYSTEM_ANCHOR in headers.get("X-AnchorMailbox", "")

    def _proxy(self) -> Reply:
        return failure(400, "Microsoft.Exchange.Configuration.CmdletProxyNotAvailableException", "Cmdlet needs proxy.")

    def _not_found(self, identity: str) -> Reply:
        text = f"The operation couldn't be performed because object '{identity}' couldn't be found on 'SERVER'."
        return failure(self._rng.choice((404, 400, 500)), f"{EXCHANGE}.ManagementObjectNotFoundException", text)

    def _bad_parameters(self, parameters: Mapping[str, Any]) -> Reply:
        self.tenant.note("bad parameters", text=repr(dict(parameters)))
        kind = "Microsoft.Exchange.AdminApi.CommandInvocation.AmbiguousParameterSetException"
        return failure(400, kind, "Parameter set cannot be resolved.")
