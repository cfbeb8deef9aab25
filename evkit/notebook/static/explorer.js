// The form of ek.explore: its state is a plain object that Python reads; Python's answer is drawn beside it.

const REST = 350; // milliseconds after the last key before the chart is drawn again
const NO_VALUES = "none";
const SOME = "some"; // stands for a list that isn't empty

function render({ model, el }) {
  const call = caller(model);
  const options = model.get("options");
  const choices = model.get("choices");
  let form = structuredClone(model.get("form"));
  let number = form.number || 0;
  const known = new Map(); // suggestions that were looked up

  // ------------------------------------------------------------------ asking
  const status = h("p.evkit-status", { role: "status", "aria-live": "polite" });
  const problem = h("p.evkit-problem", { role: "alert", hidden: true });
  const told = h("ul.evkit-told", { "aria-label": "Warnings" });
  const picture = chartView(model, call);
  const title = h("h3.evkit-title");
  const below = h("div.evkit-below");
  const answer = h("section.evkit-answer", { "aria-label": "Answer" }, title, status, problem, told, picture.element, below);
  const fields = h("form.evkit-form", { "aria-label": "Question", onsubmit: (event) => event.preventDefault() });
  const root = h("div.evkit.evkit-explorer", {}, fields, answer);

  function ask() {
    askLater.cancel(); // what it would ask is asked now
    form.number = ++number;
    root.dataset.asked = String(number);
    model.set("form", structuredClone(form));
    model.save_changes();
    answer.classList.add("evkit-busy");
    answer.setAttribute("aria-busy", "true");
    setTimeout(() => answer.classList.contains("evkit-busy") && (status.textContent = "Asking\u2026"), 250);
  }
  const askLater = rested(REST, ask);

  async function show() {
    const result = model.get("result");
    if ((result.number || 0) !== number) return; // an answer to an earlier question
    const failed = result.error !== undefined;
    problem.hidden = !failed;
    problem.textContent = failed ? result.error : "";
    told.replaceChildren(...(result.warnings || []).map((w) => h("li", {}, w)));
    if (!failed) {
      title.textContent = result.title;
      try {
        await picture.show(result);
      } catch (error) {
        problem.hidden = false;
        problem.textContent = `The chart can't be drawn here (${error.message}); the figures are in the table below.`;
      }
      const open = [...below.querySelectorAll("details")].map((d) => d.open);
      below.replaceChildren(
        folded("Copy as code", copied(result.code, "code")),
        folded("PostHog JSON", copied(result.query, "JSON")),
        folded("Figures as a table", tableOf(result.table, `Figures: ${result.title}`)),
        folded("How these figures were made", h("ul", {}, result.rules.map((r) => h("li", {}, r)))),
      );
      [...below.querySelectorAll("details")].forEach((d, i) => (d.open = open[i] || false));
      below.hidden = false;
    } else below.hidden = true;
    answer.classList.remove("evkit-busy");
    answer.classList.toggle("evkit-stale", failed);
    answer.removeAttribute("aria-busy");
    status.textContent = failed ? "" : `Answered in ${result.seconds < 0.0095 ? "no time" : `${result.seconds.toFixed(2)} s`}.`;
    root.dataset.number = String(number);
  }

  // ------------------------------------------------------------------ parts of the form
  /** Change the form; `redraw` builds the fields anew, with the focus where it was. */
  function put(change, { redraw = false, rest = false } = {}) {
    change(form);
    if (redraw) build();
    if (rest) askLater();
    else ask();
  }

  async function lookedUp(name, given, shape) {
    const key = JSON.stringify([name, given]);
    if (!known.has(key)) known.set(key, call(name, given).then((found) => found.map(shape)).catch(() => []));
    return known.get(key);
  }

  const kindOf = () => options.insights.find((k) => k.value === form.insight);

  const eventNames = () => [
    ...choices.actions.map((name) => ({ value: name, label: "action" })),
    ...choices.events.map((e) => ({ value: e.name, label: `${e.count.toLocaleString("en")} events` })),
  ];

  function removal(what, run) {
    return h("button.evkit-icon", { type: "button", "aria-label": `Remove ${what}`, title: `Remove ${what}`, onclick: run }, "\u00d7");
  }

  /** Whose property, and which. */
  function property(given, label, changed) {
    const owner = choice(choices.owners, given.owner, (value) => { given.owner = value; changed(true); }, { "aria-label": `${label}: whose property` });
    const { field, node } = suggested(given.key, (value) => { given.key = value; changed(false); },
      () => lookedUp("properties", { owner: given.owner }, (name) => ({ value: name })), { "aria-label": `${label}: property`, placeholder: "property" });
    field.dataset.key = label;
    return [owner, node];
  }

  function filterRow(list, at, label) {
    const filter = list[at];
    const take = removal(label, () => put(() => list.splice(at, 1), { redraw: true }));
    if (filter.kept !== undefined) return h("li.evkit-row", {}, h("span.evkit-kept", {}, filter.kept), take);
    const takes = options.operators.find((o) => o.value === filter.operator)?.takes || "one";
    const operator = choice(options.operators, filter.operator, (value) => put(() => (filter.operator = value), { redraw: true }), { "aria-label": `${label}: comparison` });
    const count = { none: 0, two: 2, several: Math.max(filter.values.length, 1) }[takes] ?? 1;
    const ready = () => filter.key && (takes === NO_VALUES || filter.values.some((v) => v !== ""));
    const change = (redraw) => { if (redraw) build(); if (ready()) ask(); };
    const values = Array.from({ length: count }, (_, i) => {
      const { field, node } = suggested(filter.values[i], (value) => { filter.values[i] = value; change(false); },
        () => lookedUp("values", { owner: filter.owner, key: filter.key }, (v) => ({ value: v })), { "aria-label": `${label}: value ${i + 1}`, placeholder: "value" });
      field.addEventListener("input", () => { filter.values[i] = field.value; if (ready()) askLater(); });
      return node;
    });
    const more = takes === "several" && filter.values.length && filter.values.at(-1) !== ""
      ? h("button.evkit-icon", { type: "button", "aria-label": `${label}: another value`, title: "or another value", onclick: () => { filter.values.push(""); build(); } }, "or") : null;
    return h("li.evkit-row", {}, property(filter, label, change), operator, values, more, take);
  }

  function filterList(list, label, addLabel) {
    const add = () => { list.push({ owner: "event", key: "", operator: "exact", values: [""] }); build(); focusLast(`${label} ${list.length}`); };
    return h("div", {}, list.length ? h("ul.evkit-list", {}, list.map((_, i) => filterRow(list, i, `${label} ${i + 1}`))) : null,
      h("button.evkit-add", { type: "button", onclick: add }, addLabel));
  }

  function focusLast(label) {
    const found = fields.querySelector(`[data-key="${CSS.escape(label)}"]`);
    if (found) found.focus();
  }

  /** The series that this kind of question has; the form keeps others for another kind. */
  const asked = () => form.series.slice(0, kindOf().most ?? undefined);
  const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

  function seriesRow(at) {
    const one = form.series[at];
    const kind = kindOf();
    const label = kind.roles[at] || (kind.most === 1 ? capital(kind.one) : `${capital(kind.one)} ${at + 1}`);
    const { field, node } = suggested(one.name === null ? "" : one.name, (value) => put(() => {
      one.name = value || (kind.anything ? null : "");
      one.kind = choices.actions.includes(value) ? "action" : "event";
    }), async () => eventNames(),
      { "aria-label": `${label}: event or action`, placeholder: kind.anything ? "all events" : "event or action" });
    field.dataset.key = label;
    const maths = kind.maths;
    const math = maths.length ? choice(maths, maths.some((m) => m.value === one.math) ? one.math : "total", (value) => put(() => {
      one.math = value;
      if (maths.find((m) => m.value === value)?.property) one.property ||= { owner: "event", key: "" };
    }, { redraw: true }), { "aria-label": `${label}: what is counted` }) : null;
    const needs = maths.find((m) => m.value === one.math)?.property;
    const of = needs ? h("div.evkit-row", {}, h("span", {}, "of"), property((one.property ||= { owner: "event", key: "" }), `${label}, computed`, (redraw) => { if (redraw) build(); if (one.property.key) ask(); })) : null;
    const ofGroups = one.math === "unique_group" && maths.some((m) => m.value === one.math)
      ? h("div.evkit-row", {}, h("span", {}, "of type"), choice([{ value: "", label: "choose" }, ...groups.map((g) => ({ value: g.label, label: g.label }))], one.group_type, (value) => put(() => (one.group_type = value)), { "aria-label": `${label}: type of group` })) : null;
    const move = (by) => put(() => form.series.splice(at + by, 0, form.series.splice(at, 1)[0]), { redraw: true });
    const optional = kind.optional && at > 0
      ? h("label.evkit-check", {}, h("input", { type: "checkbox", checked: one.optional, onchange: (event) => put(() => (one.optional = event.target.checked)) }), "optional") : null;
    const number = kind.roles[at] || (kind.numbers === "A" ? "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[at % 26] : kind.numbers ? String(at + 1) : "");
    return h("li.evkit-series", {},
      kind.roles[at] ? h("div.evkit-role", { "aria-hidden": "true" }, number) : null,
      h("div.evkit-row", {}, number && !kind.roles[at] ? h("span.evkit-number", { "aria-hidden": "true" }, number) : null, node,
        kind.numbers === "1" && at > 0 ? h("button.evkit-icon", { type: "button", "aria-label": `Move ${label} up`, title: "Move up", onclick: () => move(-1) }, "\u2191") : null,
        asked().length > kind.fewest ? removal(label, () => put(() => form.series.splice(at, 1), { redraw: true })) : null),
      math || optional ? h("div.evkit-row", {}, math, optional) : null, of, ofGroups,
      filterList(one.filters, `${label}, filter`, "+ filter"));
  }

  /** The most frequent event that is not asked for yet: the product's own before PostHog's. */
  const nextName = () => {
    const left = choices.events.filter((e) => !form.series.some((s) => s.name === e.name));
    return (left.find((e) => !e.name.startsWith("$")) ?? left[0])?.name ?? "";
  };

  function insightChoice() {
    const change = (value) => put(() => {
      form.insight = value;
      const kind = kindOf();
      while (form.series.length < kind.fewest) form.series.push(emptySeries(nextName()));
      if (!kind.anything) for (const s of form.series) s.name ??= "";
    }, { redraw: true });
    return h("fieldset.evkit-tabs", {}, h("legend.evkit-hidden", {}, "Insight"), options.insights.map((o) =>
      h("label", {}, h("input", { type: "radio", id: `${prefix}-insight-${o.value}`, name: `${prefix}-insight`, value: o.value, checked: form.insight === o.value, onchange: () => change(o.value) }), h("span", {}, o.label))));
  }
  const groups = choices.owners.filter((o) => o.value.startsWith("group:"));
  const prefix = fresh("form");
  const emptySeries = (name) => ({ name, kind: "event", math: "total", property: null, group_type: "", optional: false, label: "", filters: [] });

  function dates() {
    const preset = options.presets.some((p) => p.value === form.date_from) && !form.date_to;
    const list = [...options.presets, { value: "between", label: "From \u2026 to \u2026" }];
    const select = choice(list, preset && !form.between ? form.date_from : "between", (value) => {
      form.between = value === "between";
      if (!form.between) put(() => { form.date_from = value; form.date_to = ""; }, { redraw: true });
      else build();
    });
    const ends = preset && !form.between ? null : h("div.evkit-row", {},
      ["date_from", "date_to"].map((name) => taken(
        h("input", { type: "text", value: form[name], size: 11, placeholder: "YYYY-MM-DD", "aria-label": name === "date_from" ? "First day" : "Last day" }),
        (value) => put(() => (form[name] = value.trim())),
      )));
    return h("div", {}, labelled("Dates", select), ends);
  }

  const isAsked = (control) => Object.entries(control.when).every(([key, wanted]) => (wanted === SOME ? form[key].length > 0 : wanted.includes(form[key])));

  /** One option of the question, as Python's table describes it. */
  function option(control, decides) {
    const { key, label } = control;
    const set = (value) => put(() => (form[key] = value), { redraw: decides.has(key) });
    const typed = (place, attributes) => h("input", { type: "text", value: form[place], oninput: (event) => put(() => (form[place] = event.target.value), { rest: true }), onchange: askLater.now, ...attributes });
    switch (control.shown) {
      case "check":
        return h("label.evkit-check", {}, h("input", { type: "checkbox", checked: form[key], onchange: (event) => set(event.target.checked) }), label);
      case "count":
        return labelled(label, typed(key, { inputmode: "numeric", size: 4 }));
      case "text":
      case "texts":
      case "numbers":
        return labelled(label, typed(key, { size: 18 }));
      case "compared":
        return h("div.evkit-row", {}, labelled(label, choice(control.choices, form[`${key}_operator`], (value) => put(() => (form[`${key}_operator`] = value)))),
          labelled(`${label}: how many`, typed(`${key}_count`, { inputmode: "numeric", size: 4 }), { visible: false }));
      case "several":
        return h("fieldset.evkit-several", {}, h("legend", {}, label), control.choices.map((c) => h("label.evkit-check", {}, h("input", { type: "checkbox", checked: form[key].includes(c.value),
          onchange: (event) => set(event.target.checked ? [...form[key], c.value] : form[key].filter((v) => v !== c.value)) }), c.label)));
      case "window":
        return h("div.evkit-row", {}, labelled(label, typed(`${key}_count`, { inputmode: "numeric", size: 4 })),
          labelled("Unit of the window", choice(control.choices, form[`${key}_unit`], (value) => put(() => (form[`${key}_unit`] = value))), { visible: false }));
      default:
        return labelled(label, choice(control.choices, form[key], set, { id: `${prefix}-${key}` }));
    }
  }

  function breakdowns(most) {
    const by = form.breakdown.slice(0, most).map((ref, i) => h("li.evkit-row", {}, property(ref, `Breakdown ${i + 1}`, (redraw) => { if (redraw) build(); if (ref.key) ask(); }), removal(`breakdown ${i + 1}`, () => put(() => form.breakdown.splice(i, 1), { redraw: true }))));
    const add = () => { form.breakdown.push({ owner: "event", key: "" }); build(); focusLast(`Breakdown ${form.breakdown.length}`); };
    return h("fieldset", {}, h("legend", {}, "Breakdown"), by.length ? h("ul.evkit-list", {}, by) : null, form.breakdown.length < most ? h("button.evkit-add", { type: "button", onclick: add }, "+ breakdown") : null);
  }

  function build() {
    const active = fields.contains(document.activeElement) ? document.activeElement.getAttribute("aria-label") || document.activeElement.id : null;
    const kind = kindOf();
    const add = () => put(() => form.series.push(emptySeries(nextName())), { redraw: true });
    const decides = new Set(kind.controls.flatMap((c) => Object.keys(c.when)));
    const parts = [
      insightChoice(),
      kind.legend ? h("fieldset", {}, h("legend", {}, kind.legend), h("ol.evkit-list", {}, asked().map((_, i) => seriesRow(i))),
        kind.most === null || form.series.length < kind.most ? h("button.evkit-add", { type: "button", onclick: add }, `+ ${kind.one}`) : null) : null,
      h("fieldset", {}, h("legend", {}, "Filters"), filterList(form.filters, "Filter", "+ filter")),
      kind.breakdowns ? breakdowns(kind.breakdowns) : null,
      h("fieldset.evkit-grid", {}, h("legend", {}, "Options"), dates(), kind.controls.filter(isAsked).map((c) => option(c, decides))),
    ];
    fields.replaceChildren(...parts.filter((part) => part !== null));
    if (active) {
      const again = [...fields.querySelectorAll("[aria-label]")].find((e) => e.getAttribute("aria-label") === active) || document.getElementById(active);
      if (again) again.focus();
    }
  }

  const onForm = () => {
    const given = model.get("form");
    if ((given.number || 0) === number) return;
    form = structuredClone(given);
    number = form.number || 0;
    build();
  };
  model.on("change:result", show);
  model.on("change:form", onForm);
  let shown = () => {};
  build();
  el.append(root);
  picture.element.addEventListener("evkit-drawn", () => (shown = hideKept(el, 2)), { once: true });
  show();
  return () => {
    model.off("change:result", show);
    model.off("change:form", onForm);
    picture.end();
    shown();
  };
}

export default { render };
