"use strict";
// The user table: unpacks the page's own data, then searches, filters, sorts and pages it. Every text from the data goes
// in as textContent, so nothing in a name can become markup. The state of the table lives in the address's fragment.
(async () => {
  const boot = JSON.parse(document.getElementById("boot").textContent);
  const letters = atob(boot.users);
  const bytes = new Uint8Array(letters.length);
  for (let at = 0; at < bytes.length; at += 1) bytes[at] = letters.charCodeAt(at);  // ten times faster than from()
  const unpacked = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const data = await new Response(unpacked).json();
  const columns = Object.fromEntries(data.columns.map((column) => [column.name, column]));
  const fine = new Set(data.fine);
  const quiet = new Set(data.quiet);
  const collator = new Intl.Collator(boot.language, { numeric: true, sensitivity: "base" });
  const numbers = new Intl.NumberFormat(boot.language);
  const table = ["user", "outcome", "before_skus", "target_skus", "after_skus", "rule", "wave", "applied_at"];
  const ROWS = "roster rows";
  const services_first = 6;  // of a user's sheet; more of them are folded
  const start = { q: "", sort: "", dir: "asc", page: 1, all: false };
  let state = { ...start };

  const $ = (id) => document.getElementById(id);
  const value = (name, row) => { const c = columns[name]; return c.codes ? c.values[c.codes[row]] : c.values[row]; };
  const say = (key, values = {}) => Object.entries(values).reduce(
    (text, [name, n]) => text.replace(`{${name}}`, () => (typeof n === "number" ? numbers.format(n) : n)),
    boot.words[values.n === 1 ? `${key}_one` : key] ?? boot.words[key]);
  const labels = (text) => (text ? text.split("+").map((code) => data.products[code] ?? code).join(" + ") : "");
  const groups = (row) => value("via_groups", row).split("+").map((id) => data.groups[id] ?? id).join(", ");
  const outcome = (code) => boot.outcomes[code] ?? code;
  const reason = (code) => boot.reasons[code] ?? code.replaceAll("_", " ");
  const when = (text) => text.replace("T", " ").replace(/(\.\d+)?Z$/, "");
  const plain = (text) => text;
  const roster = /^roster line (\S+)(?: of (.*))?$/;
  const rule = (text) => {
    const row = roster.exec(text);
    return row ? say(row[2] ? "roster_line_of" : "roster_line", { line: row[1], file: row[2] }) : text;
  };
  const shown = { outcome, reason, rule: (text) => (text === ROWS ? say("roster_rows") : rule(text)),
    entra_department: plain, entra_usage_location: plain, wave: plain, target_skus: labels };
  // What a filter tells apart: rows of the roster are one rule, as in the tables above.
  const facet = (name, row) => (name === "rule" && roster.test(value(name, row)) ? ROWS : value(name, row));

  const make = (tag, text, attributes = {}) => {
    const element = document.createElement(tag);
    if (text) element.textContent = text;
    for (const [name, setting] of Object.entries(attributes)) element.setAttribute(name, setting);
    return element;
  };
  const put = (parent, ...children) => { parent.append(...children); return parent; };

  // What stands between two signs is code, as in the other texts of the page.
  const told = (text) => text.split(boot.code_sign).map((part, at) => (at % 2 ? make("code", part) : part));

  // An address may break before its @ rather than in the middle of a word.
  const address = (text) => put(make("bdi"), ...text.split("@").flatMap((part, at) => (at ? [make("wbr"), `@${part}`] : [part])));

  const everyRow = Array.from({ length: data.rows }, (_, row) => row);
  const isFine = everyRow.map((row) => fine.has(value("outcome", row)) || quiet.has(value("reason", row)));
  const fineCount = isFine.reduce((sum, yes) => sum + yes, 0);
  const haystack = everyRow.map((row) => [
    value("user_principal_name", row), value("display_name", row), outcome(value("outcome", row)),
    value("outcome", row), value("reason", row), reason(value("reason", row)), value("detail", row).replaceAll(boot.code_sign, ""), value("rule", row),
    groups(row), value("id", row),
  ].join("\n").toLocaleLowerCase());

  // A column is ranked once by the collator; sorting then compares numbers.
  const ranks = {};
  const rank = (name) => ranks[name] ??= (() => {
    const text = name === "user"
      ? (row) => value("display_name", row) || value("user_principal_name", row)
      : (row) => (shown[name] ?? labels)(value(name, row));
    const texts = everyRow.map(text);
    const order = [...new Set(texts)].sort(collator.compare);
    const place = new Map(order.map((entry, index) => [entry, index]));
    return Int32Array.from(texts, (entry) => place.get(entry));
  })();

  const filters = () => boot.facets.filter((name) => state[name] !== undefined);
  const matching = () => {
    const words = state.q.toLocaleLowerCase().split(/\s+/).filter(Boolean);
    const chosen = filters();
    const withFine = state.all || chosen.includes("outcome");
    const rows = everyRow.filter((row) => (withFine || !isFine[row])
      && chosen.every((name) => facet(name, row) === state[name])
      && words.every((word) => haystack[row].includes(word)));
    if (!state.sort) return rows;
    const by = rank(state.sort);
    const sign = state.dir === "desc" ? -1 : 1;
    return rows.sort((one, other) => sign * (by[one] - by[other]) || one - other);
  };

  const link = () => {
    const parts = new URLSearchParams();
    for (const name of boot.facets) if (state[name] !== undefined) parts.set(name, state[name]);
    if (state.q) parts.set("q", state.q);
    if (state.sort) { parts.set("sort", state.sort); parts.set("dir", state.dir); }
    if (state.page > 1) parts.set("page", state.page);
    if (state.all) parts.set("all", "1");
    return parts.size ? `#users?${parts}` : "#users";
  };
  const change = (difference) => {
    state = { ...state, page: 1, ...difference };
    draw();
    history.replaceState(null, "", link());
  };

  const userCell = (row) => {
    const cell = make("th", "", { scope: "row" });
    const upn = value("user_principal_name", row);
    const button = make("button", "", { type: "button" });
    put(button, make("bdi", value("display_name", row) || upn || value("id", row)));
    button.addEventListener("click", () => { location.hash = `user=${encodeURIComponent(upn || value("id", row))}`; });
    return put(cell, button, put(make("small"), address(upn)));
  };
  const outcomeCell = (row) => {
    const code = value("outcome", row);
    const cell = put(make("td"), make("span", outcome(code), { class: `outcome ${isFine[row] ? "fine" : code}` }));
    const by = value("reason", row) ? "" : groups(row);  // where something is wrong, the detail names them
    for (const text of [reason(value("reason", row)), value("detail", row), by]) if (text) put(cell, put(make("small"), ...told(text)));
    return cell;
  };
  const cells = {
    user: userCell,
    outcome: outcomeCell,
    rule: (row) => make("td", rule(value("rule", row))),
    wave: (row) => make("td", value("wave", row)),
    applied_at: (row) => make("td", when(value("applied_at", row))),
  };
  const line = (row) => put(make("tr"), ...table.map((name) => (cells[name] ?? (() => make("td", labels(value(name, row)))))(row)));

  const heads = () => {
    const row = make("tr");
    for (const name of table) {
      const button = make("button", say(name), { type: "button" });
      button.addEventListener("click", () => {
        change({ sort: name, dir: state.sort === name && state.dir === "asc" ? "desc" : "asc" });
      });
      put(row, put(make("th", "", { scope: "col", "data-sort": name }), button));
    }
    put($("users-table").tHead, row);
  };

  const facets = () => {
    for (const name of boot.facets) {
      const counts = new Map();
      for (const row of everyRow) counts.set(facet(name, row), (counts.get(facet(name, row)) ?? 0) + 1);
      if (counts.size < 2) continue;
      const select = make("select", "", { id: `users-${name}` });
      put(select, make("option", say("all"), { value: "all" }));
      const order = [...counts].sort((one, other) => collator.compare(shown[name](one[0]), shown[name](other[0])));
      for (const [text, count] of order) {
        put(select, make("option", `${shown[name](text) || (boot.words[`no_${name}`] ?? say("empty"))} (${numbers.format(count)})`, { value: `=${text}` }));
      }
      select.addEventListener("change", () => change({ [name]: select.value === "all" ? undefined : select.value.slice(1) }));
      put($("users-facets"), put(make("p", "", { class: "field" }), make("label", say(name), { for: select.id }), select));
    }
  };

  const draw = () => {
    const rows = matching();
    const pages = Math.max(1, Math.ceil(rows.length / boot.page_rows));
    state.page = Math.min(Math.max(1, state.page), pages);
    const first = (state.page - 1) * boot.page_rows;
    const body = $("users-table").tBodies[0];
    body.replaceChildren(...rows.slice(first, first + boot.page_rows).map(line));
    if (!rows.length) {
      const calm = !state.q && !filters().length && fineCount === data.rows;
      put(body, put(make("tr"), make("td", say(calm ? "calm" : "nobody"), { colspan: table.length })));
    }
    for (const head of document.querySelectorAll("#users-table thead th")) {
      if (head.dataset.sort === state.sort) head.setAttribute("aria-sort", state.dir === "desc" ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    }
    for (const name of boot.facets) if ($(`users-${name}`)) $(`users-${name}`).value = state[name] === undefined ? "all" : `=${state[name]}`;
    if ($("users-q").value !== state.q) $("users-q").value = state.q;
    $("users-count").textContent = say("count", { shown: rows.length, all: data.rows });
    $("users-page").textContent = say("page", { page: state.page, pages });
    document.querySelector(".pager").hidden = pages === 1;
    $("users-previous").disabled = state.page === 1;
    $("users-next").disabled = state.page === pages;
    $("users-fine").textContent = say(state.all ? "fine_shown" : "fine_hidden", { n: fineCount });
    $("users-fine").setAttribute("aria-pressed", String(state.all));
    $("users-fine").hidden = fineCount === 0 || filters().includes("outcome");
    $("users-reset").hidden = !state.q && !filters().length && !state.sort;
  };

  const named = (names) => (code) => (names[code] ? put(make("li", names[code]), make("code", code)) : make("li", code));
  const column = (title, text) => {
    const list = put(make("ul"), ...(text ? text.split("+").map(named(data.products)) : [make("li", say("nothing"))]));
    return put(make("div"), make("h3", title), list);
  };
  const fact = (title, text, tag = "bdi") => (text ? [put(make("div"), make("dt", title), put(make("dd"), put(make(tag), ...told(text))))] : []);
  const services = (title, text) => {
    if (!text) return [];
    const tokens = text.split("+");
    const list = put(make("ul"), ...tokens.map(named(data.services)));
    const fold = () => put(make("details"), make("summary", say("services", { n: tokens.length })), list);
    return [put(make("div", "", { class: "services" }), make("dt", title), put(make("dd"), tokens.length > services_first ? fold() : list))];
  };
  const losses = (row) => {
    const [lost, by] = data.accepted[row] ?? [[], ""];
    const who = by || value("acknowledged_by", row);
    const list = put(make("ul"), ...lost.map((text) => make("li", text)));
    const what = lost.length ? [put(make("div"), make("dt", say("accepted")), put(make("dd"), list))] : [];
    return [...what, ...fact(say("accepted_by"), who)];
  };
  const sheet = (row) => {
    const dialog = $("user-dialog");
    const close = make("button", say("close"), { type: "button" });
    close.addEventListener("click", () => dialog.close());
    const name = value("display_name", row) || value("user_principal_name", row) || value("id", row);
    const title = put(make("h2", "", { id: "user-name" }), make("bdi", name));
    const id = boot.user_page && value("id", row);
    const upn = address(value("user_principal_name", row));
    const shown_as = id ? put(make("a", "", { href: boot.user_page + encodeURIComponent(id), rel: "noreferrer" }), upn) : upn;
    const head = put(make("div"), title, put(make("p"), shown_as));
    const code = value("outcome", row);
    const answer = put(make("p"), make("span", outcome(code), { class: `outcome ${isFine[row] ? "fine" : code}` }));
    if (value("reason", row)) put(answer, ` · ${reason(value("reason", row))}`);
    const products = put(make("div", "", { class: "sheet" }), column(say("before"), value("before_skus", row)),
      column(say(code === "held" ? "intended_held" : "intended"), value("target_skus", row)), column(say("after"), value("after_skus", row)));
    const sigil = value("sigil", row);
    const facts = put(make("dl", "", { class: "facts" }),
      ...fact(say("detail"), value("detail", row)),
      ...fact(say("remedy"), value("remedy", row)),
      ...fact(say("sigil"), sigil && `${sigil} ${boot.words[code === "held" && sigil === "=" ? "sigil_held" : `sigil_${sigil}`] ?? ""}`),
      ...fact(say("entra_department"), value("entra_department", row)),
      ...fact(say("entra_usage_location"), value("entra_usage_location", row)),
      ...fact(say("rule"), rule(value("rule", row))),
      ...fact(say("wave"), value("wave", row)),
      ...fact(say("via_groups"), groups(row)),
      ...fact(say("changed"), value("applied_at", row) && `${when(value("applied_at", row))} UTC`),
      ...fact(say("request"), value("request_id", row), "code"),
      ...fact(say("id"), value("id", row), "code"),
      ...data.roster.flatMap((extra) => fact(extra, value(extra, row))),
      ...losses(row),
      ...services(say("lost"), value("plans_lost", row)),
      ...services(say("kept_off"), value("plans_kept_off", row)),
      ...services(say("new_on"), value("plans_new_on", row)));
    dialog.replaceChildren(put(make("header"), head, close), answer, products, facts);
    if (!dialog.open) dialog.showModal();
  };

  const read = () => {
    const hash = location.hash.slice(1);
    if (hash.startsWith("user=")) {
      const wanted = decodeURIComponent(hash.slice(5));
      const row = everyRow.find((each) => value("user_principal_name", each) === wanted || value("id", each) === wanted);
      if (row !== undefined) sheet(row);
      return;
    }
    if ($("user-dialog").open) $("user-dialog").close();
    if (hash !== "users" && !hash.startsWith("users?")) return;
    const parts = new URLSearchParams(hash.slice(6));
    state = { ...start, q: parts.get("q") ?? "", page: Number(parts.get("page")) || 1, all: parts.get("all") === "1" };
    if (table.includes(parts.get("sort"))) { state.sort = parts.get("sort"); state.dir = parts.get("dir") ?? "asc"; }
    for (const name of boot.facets) if (parts.has(name)) state[name] = parts.get(name);
    draw();
    $("users").scrollIntoView();
  };

  const turn = (step) => { change({ page: state.page + step }); $("users-live").scrollIntoView(); };
  $("users-q").addEventListener("input", (event) => change({ q: event.target.value }));
  $("users-fine").addEventListener("click", () => change({ all: !state.all }));
  $("users-reset").addEventListener("click", () => { state = { ...start, all: state.all }; change({}); $("users-q").focus(); });
  $("users-previous").addEventListener("click", () => turn(-1));
  $("users-next").addEventListener("click", () => turn(1));
  $("user-dialog").addEventListener("close", () => { if (location.hash.startsWith("#user=")) history.replaceState(null, "", link()); });
  addEventListener("hashchange", read);
  addEventListener("beforeprint", () => { for (const fold of document.querySelectorAll("details")) fold.open = true; });

  heads();
  facets();
  draw();
  $("users-static").hidden = true;
  $("users-live").hidden = false;
  read();
})();
