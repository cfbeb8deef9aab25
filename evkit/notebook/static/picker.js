// ek.pick_actions: an element, a way to pick it out that lasts, a name; the actions that were picked, and their file.

const WORDS = { stable: "lasting", fair: "fair", fragile: "fragile" };

function render({ model, el }) {
  const call = caller(model);
  const problem = h("p.evkit-problem", { role: "alert", hidden: true });
  const said = h("p.evkit-quiet", { role: "status" });
  const list = h("ul.evkit-choose", { "aria-label": "Elements, the most frequent first" });
  const detail = h("section.evkit-lane", { "aria-label": "Ways to pick it out", "aria-live": "polite" }, h("p.evkit-quiet", {}, "Choose an element."));
  const picked = h("section", { "aria-label": "Picked actions" });
  const search = h("input", { type: "search", placeholder: "search", "aria-label": "Search elements", oninput: rested(150, draw) });

  async function tried(run) {
    problem.hidden = true;
    try {
      await run();
    } catch (error) {
      problem.hidden = false;
      problem.textContent = error.message;
    }
  }

  function draw() {
    const text = search.value.trim().toLowerCase();
    const all = model.get("elements");
    list.replaceChildren(...all.map((one, number) => ({ one, number })).filter(({ one }) => `${one.name} ${one.where} ${one.page}`.toLowerCase().includes(text)).slice(0, 200).map(({ one, number }) =>
      h("li", {}, h("button.evkit-link", { type: "button", onclick: () => open(number) }, one.name), h("span.evkit-quiet", {}, ` ${one.events.toLocaleString("en")} events${one.where ? `, ${one.where}` : ""}${one.page ? `, on ${one.page}` : ""}`))));
    if (!list.childElementCount) list.append(h("li.evkit-quiet", {}, "Nothing of the kind."));
  }

  const open = (number, index = null) => tried(async () => {
    const found = await call("options", { number, index });
    const group = fresh("way");
    let way = 0;
    const name = h("input", { type: "text", value: found.name, size: 36 });
    const rows = found.options.map((o, at) => h("li.evkit-way", {},
      h("label", {}, h("input", { type: "radio", name: group, checked: at === 0, onchange: () => (way = at) }),
        h("span", {}, h("code", {}, [o.selector, o.text && `text \u201c${o.text}\u201d`, o.url && `on ${o.url}`].filter(Boolean).join(", ")),
          h(`span.evkit-badge.evkit-${o.fragility}`, {}, WORDS[o.fragility] || o.fragility),
          h("span.evkit-quiet", {}, `${o.events} events${o.persons ? ` of ${o.persons} people` : ""}, ${o.coverage} of the element\u2019s${o.also_catches ? `; also ${o.also_catches}` : ""}. ${o.reason ? `Relies on: ${o.reason}.` : ""}`)))));
    const add = () => tried(async () => {
      const added = await call("add", { number, index, option: way, name: name.value });
      said.textContent = `\u201c${added}\u201d is picked.`;
    });
    detail.replaceChildren(h("h4.evkit-title", {}, found.name),
      h("div.evkit-row", {}, h("span.evkit-quiet", {}, "Element, the innermost first:"), found.chain.map((words, at) =>
        h("button.evkit-link", { type: "button", "aria-pressed": String(at === found.index), onclick: () => open(number, at) }, at === found.index ? h("strong", {}, words) : words))),
      rows.length ? h("ol.evkit-list.evkit-scroll", { tabindex: "0", "aria-label": "Ways" }, rows) : h("p.evkit-quiet", {}, "No selector can say which element it is."),
      rows.length ? h("div.evkit-row", {}, labelled("Name", name), h("button.evkit-button", { type: "button", onclick: add }, "Pick")) : null);
  });

  function showPicked() {
    const rows = model.get("picked");
    const path = h("input", { type: "text", value: model.get("file_name"), size: 30 });
    const save = () => tried(async () => { said.textContent = await call("save", { path: path.value }); });
    const removal = (row) => h("button.evkit-icon", { type: "button", "aria-label": `Remove ${row[0]}`, title: "Remove", onclick: () => tried(() => call("remove", { name: row[0] })) }, "\u00d7");
    const columns = ["name", "events", "persons", "last_seen", "state", "reason", "overlaps"];
    picked.replaceChildren(h("h4.evkit-title", {}, rows.length ? "Picked" : "Nothing picked yet"),
      ...(rows.length ? [
        tableOf({ columns, numbers: columns.map((c) => c === "events" || c === "persons"), rows: rows.map((r) => columns.map((c) => r[c])), count: rows.length }, "Picked actions", { extra: removal, extraTitle: "" }),
        h("div.evkit-row", {}, labelled("File", path), h("button.evkit-button", { type: "button", onclick: save }, "Write the file")),
        folded("Copy as code", copied(model.get("code"), "code")),
      ] : []));
  }

  model.on("change:picked", showPicked);
  draw();
  showPicked();
  el.append(h("div.evkit.evkit-picker", {}, problem, said, h("div.evkit-behind", {}, h("section.evkit-people", { "aria-label": "Elements" }, search, list), detail), picked));
  let shown = () => {};
  requestAnimationFrame(() => (shown = hideKept(el, 1)));
  return () => {
    model.off("change:picked", showPicked);
    shown();
  };
}

export default { render };
