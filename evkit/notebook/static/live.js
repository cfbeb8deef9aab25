// ek.watch: events as they come, newest first. The list is bounded; repeats are folded into one row.

const MOST_ROWS = 400;

function render({ model, el }) {
  const call = caller(model);
  let paused = false;
  let folding = true;
  let grouped = false;
  let rows = []; // newest first: { event, count, node }
  let history = new Array(60).fill(0); // new events of the last looks

  const list = h("ol.evkit-live", { "aria-label": "Events, newest first" });
  const state = h("span.evkit-quiet", { role: "status" });
  const rate = h("strong", {}, "0");
  const line = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  line.setAttribute("viewBox", "0 0 120 24");
  line.setAttribute("class", "evkit-spark");
  line.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "polyline");
  line.append(path);
  const rates = h("ul.evkit-rates", { "aria-label": "Events a minute by name" });
  const groups = h("div", { hidden: true });

  const filters = { event: "", person: "", text: "" };
  const fits = (e) => e.event.toLowerCase().includes(filters.event) && e.distinct_id.toLowerCase().includes(filters.person) && (!filters.text || e.properties.toLowerCase().includes(filters.text));
  const filterField = (name, label) => h("input", { type: "search", placeholder: label, "aria-label": `Only events whose ${label} contains`, oninput: rested(250, (event) => {
    filters[name] = event.target.value.trim().toLowerCase();
    call("only", filters);
    redraw();
  }) });

  const same = (a, b) => a.event === b.event && a.distinct_id === b.distinct_id && a.element === b.element;

  function body(e) {
    return h("div.evkit-body", {},
      h("p.evkit-quiet", {}, `uuid ${e.uuid}, said to be of ${e.timestamp} (UTC)`),
      h("pre.evkit-code", { tabindex: "0", "aria-label": "Properties" }, e.properties),
      e.elements.length ? h("div", {}, h("p.evkit-quiet", {}, "Elements, the innermost first"), h("ol.evkit-elements", {}, e.elements.map((one) => h("li", {}, h("code", {}, one))))) : null);
  }
  function made(row) {
    const e = row.event;
    row.times = h("span.evkit-times", {}, row.count > 1 ? `\u00d7 ${row.count}` : "");
    const node = h("details", { ontoggle: () => { if (node.open && node.childElementCount === 1) node.append(body(e)); } },
      h("summary", {}, h("time.evkit-when", {}, e.at.slice(11)), h("span.evkit-name", {}, e.event), row.times, h("span.evkit-who", {}, e.distinct_id), h("span.evkit-quiet.evkit-say", {}, e.what)));
    row.node = h("li", {}, node);
    return row.node;
  }
  /** Put events, the newest first, on top. */
  function add(events) {
    const fresh = [];
    for (const e of [...events].reverse()) {
      const top = fresh[0] || rows[0];
      if (folding && top && same(top.event, e)) {
        top.count++;
        if (top.times) top.times.textContent = `\u00d7 ${top.count}`;
      } else fresh.unshift({ event: e, count: 1, node: null });
    }
    const part = document.createDocumentFragment();
    for (const row of fresh) if (fits(row.event)) part.append(made(row));
    const atTop = list.scrollTop < 4;
    const before = list.scrollHeight;
    list.prepend(part);
    if (!atTop) list.scrollTop += list.scrollHeight - before; // what one reads stays where it is
    rows = [...fresh, ...rows];
    for (const old of rows.splice(MOST_ROWS)) old.node?.remove();
    if (grouped) group();
  }
  function redraw() {
    list.replaceChildren(...rows.filter((r) => fits(r.event)).map(made));
    if (grouped) group();
  }
  function group() {
    const found = new Map();
    for (const row of rows) {
      if (!row.event.element || !fits(row.event)) continue;
      const one = found.get(row.event.element) || { count: 0, people: new Set(), uuid: row.event.uuid, chain: row.event.chain };
      one.count += row.count;
      one.people.add(row.event.distinct_id);
      found.set(row.event.element, one);
    }
    const ordered = [...found].sort((a, b) => b[1].count - a[1].count);
    groups.replaceChildren(ordered.length
      ? tableOf({ columns: ["element", "events", "people"], numbers: [false, true, true], rows: ordered.map(([name, one]) => [name, String(one.count), String(one.people.size)]), count: ordered.length }, "Elements", { extra: (row, at) => actionButton(ordered[at][1], row[0]), extraTitle: "" })
      : h("p.evkit-quiet", {}, "No event with elements is shown: autocapture sends them when somebody clicks, changes or submits something."), chosen);
  }
  const chosen = h("div", { "aria-live": "polite" });
  function actionButton(one, name) {
    return h("button.evkit-link", { type: "button", "aria-label": `Make an action of ${name}`, onclick: async () => {
      try {
        const found = await call("action", { chain: one.chain });
        chosen.replaceChildren(h("p", {}, found.said), copied(found.code, "code"));
      } catch (error) {
        chosen.replaceChildren(h("p.evkit-problem", { role: "alert" }, error.message));
      }
    } }, "make an action of this");
  }

  const pause = h("button.evkit-button", { type: "button", "aria-pressed": "false", onclick: async () => {
    paused = !paused;
    pause.textContent = paused ? "Go on" : "Pause";
    pause.setAttribute("aria-pressed", String(paused));
    await call("pause", { paused });
  } }, "Pause");
  const fold = h("label.evkit-check", {}, h("input", { type: "checkbox", checked: true, onchange: (event) => (folding = event.target.checked) }), "fold repeats");
  const byElement = h("label.evkit-check", {}, h("input", { type: "checkbox", checked: false, onchange: (event) => {
    grouped = event.target.checked;
    groups.hidden = !grouped;
    list.hidden = grouped;
    if (grouped) group();
  } }), "group by element");

  function onMessage(message) {
    if (!message.events) return;
    if (!paused && message.events.length) add(message.events);
    history = [...history.slice(1), message.new];
    const most = Math.max(...history, 1);
    path.setAttribute("points", history.map((n, i) => `${i * 2},${23 - (22 * n) / most}`).join(" "));
    rate.textContent = message.a_minute.toLocaleString("en");
    rates.replaceChildren(...message.rates.map(([name, n]) => h("li", {}, `${name} `, h("strong", {}, n.toLocaleString("en")))));
    const left = message.left_out ? `; ${message.left_out.toLocaleString("en")} came too fast to be shown` : "";
    state.textContent = `${message.seen.toLocaleString("en")} came since this began${left}.`;
  }
  model.on("msg:custom", onMessage);
  const title = h("h3.evkit-title");
  const pace = h("span", {}, rate, " events a minute");
  const told = h("p.evkit-problem", { role: "status" });
  /** Say whether it is live: what is over has neither a pace nor a pause. */
  function showState() {
    const over = model.get("over");
    title.textContent = `${over ? "Stopped" : model.get("note") ? "Waiting" : "Live"}: ${model.get("folder_name")}`;
    told.textContent = over || model.get("note");
    told.hidden = !told.textContent;
    for (const part of [pace, pause, rates]) part.hidden = Boolean(over);
    line.style.display = over ? "none" : "";
  }
  for (const name of ["over", "note"]) model.on(`change:${name}`, showState);
  showState();
  const root = h("div.evkit.evkit-watch", {},
    h("div.evkit-row", {}, title, pace, line, pause, fold, byElement),
    told, rates,
    h("div.evkit-row", {}, filterField("event", "event name"), filterField("person", "distinct id"), filterField("text", "properties"), state),
    list, groups);
  add(model.get("first"));
  el.append(root);
  let shown = () => {};
  requestAnimationFrame(() => (shown = hideKept(el, 1)));
  return () => {
    model.off("msg:custom", onMessage);
    for (const name of ["over", "note"]) model.off(`change:${name}`, showState);
    shown();
  };
}

export default { render };
