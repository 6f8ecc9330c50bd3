# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""The page's script: filter and sort. Without it the page is a static table."""

from __future__ import annotations

SCRIPT = r"""
(function () {
  "use strict";
  var collator = new Intl.Collator("en", {numeric: true, sensitivity: "base"});

  function key(row, column) {
    var cell = row.cells[column];
    var given = cell.getAttribute("data-k");
    return given === null ? cell.textContent.trim() : given;
  }

  function sortable(table) {
    var body = table.tBodies[0];
    var heads = Array.prototype.slice.call(table.tHead.rows[0].cells);
    var said = document.createElement("p");
    said.className = "unseen";
    said.setAttribute("aria-live", "polite");
    table.parentNode.insertBefore(said, table);

    function sort(column) {
      var head = heads[column];
      var down = head.getAttribute("aria-sort") === "ascending";
      var rows = Array.prototype.slice.call(body.rows).map(function (row, index) {
        return {row: row, index: index, key: key(row, column)};
      });
      rows.sort(function (one, two) {
        var order = collator.compare(one.key, two.key);
        return (down ? -order : order) || one.index - two.index;
      });
      var sorted = document.createDocumentFragment();
      rows.forEach(function (entry) { sorted.appendChild(entry.row); });
      body.appendChild(sorted);
      heads.forEach(function (other) { other.removeAttribute("aria-sort"); });
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      said.textContent = "Sorted by " + head.textContent + (down ? ", descending" : ", ascending");
    }

    heads.forEach(function (head, column) {
      var button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      button.addEventListener("click", function () { sort(column); });
      head.textContent = "";
      head.appendChild(button);
    });
    if (heads.length && table.hasAttribute("data-sorted")) {
      heads[Number(table.getAttribute("data-sorted"))].setAttribute("aria-sort", "ascending");
    }
  }

  // Narrow screens show rows as cards, by CSS that takes a table's meaning away from screen readers; roles keep it.
  function keepMeaning(table) {
    table.setAttribute("role", "table");
    [["thead, tbody", "rowgroup"], ["tr", "row"], ["thead th", "columnheader"], ["tbody th", "rowheader"],
      ["td", "cell"]].forEach(function (pair) {
      table.querySelectorAll(pair[0]).forEach(function (part) { part.setAttribute("role", pair[1]); });
    });
  }

  // An address that is too long for its column is broken before its domain, if anywhere.
  function breakable(table) {
    table.querySelectorAll("tbody bdi").forEach(function (part) {
      var text = part.firstChild;
      var place = text ? text.data.indexOf("@") : -1;
      if (place > 0) { part.insertBefore(document.createElement("wbr"), text.splitText(place)); }
    });
  }

  function filterable(table) {
    var form = document.getElementById("filter");
    var text = document.getElementById("f-text");
    var state = document.getElementById("f-state");
    var kind = document.getElementById("f-kind");
    var shown = document.getElementById("f-shown");
    var none = document.getElementById("f-none");
    var rows = Array.prototype.slice.call(table.tBodies[0].rows).map(function (row) {
      return {
        row: row,
        text: row.textContent.toLowerCase(),
        state: row.getAttribute("data-s"),
        kinds: row.getAttribute("data-a").split(" ")
      };
    });

    function apply() {
      var words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
      var count = 0;
      rows.forEach(function (entry) {
        var fits = (!state.value || entry.state === state.value) &&
          (!kind.value || entry.kinds.indexOf(kind.value) >= 0) &&
          words.every(function (word) { return entry.text.indexOf(word) >= 0; });
        entry.row.hidden = !fits;
        count += fits ? 1 : 0;
      });
      // Of more than a page holds, all of the page aren't all.
      var all = Number(shown.getAttribute("data-of"));
      shown.textContent = count === all ? "All " + all.toLocaleString("en") + " shown"
        : count.toLocaleString("en") + " of " + all.toLocaleString("en") + " shown" +
          (all > rows.length ? ", " + (all - rows.length).toLocaleString("en") + " only in the CSV file" : "");
      none.hidden = count > 0;
    }

    form.addEventListener("input", apply);
    form.addEventListener("submit", function (event) { event.preventDefault(); });
    form.addEventListener("reset", function () { setTimeout(apply, 0); });
    form.hidden = false;
    form.reset();
    document.querySelectorAll("[data-show]").forEach(function (link) {
      link.addEventListener("click", function () {
        form.reset();
        text.value = "";
        state.value = "";
        kind.value = link.getAttribute("data-show");
        apply();
      });
    });
    apply();
  }

  document.querySelectorAll("table").forEach(keepMeaning);
  document.querySelectorAll("table").forEach(breakable);
  document.querySelectorAll("table.sortable").forEach(sortable);
  var table = document.getElementById("rows");
  if (table) { filterable(table); }
  document.documentElement.classList.add("js");
}());
"""
