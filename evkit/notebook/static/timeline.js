// One person's or group's timeline, as a list: noise folded, with a search.

/** Draw a timeline; `ids` says whether ids are shown, `ask` is called to turn that round (null: no button). */
function timelineView(given, { ids = false, ask = null } = {}) {
  const list = h("ol.evkit-timeline");
  const count = h("span.evkit-quiet", { role: "status" });
  const search = h("input", { type: "search", placeholder: "search", "aria-label": "Search the timeline" });
  const kinds = { event: "events", property: "property changes", merge: "merges", session: "sessions" };
  const shown = Object.fromEntries(Object.keys(kinds).map((k) => [k, true]));
  const has = (entry, text) => `${entry.what} ${entry.detail} ${entry.when}`.toLowerCase().includes(text);
  const kindOf = (entry) => (entry.kind === "several" ? entry.inner[0].kind : entry.kind);

  function line(entry) {
    const said = [h("time.evkit-when", {}, entry.when), h("span.evkit-what", {}, entry.what),
      entry.step ? h("span.evkit-step", {}, `matches step ${entry.step}`) : null, entry.detail ? h("span.evkit-quiet", {}, entry.detail) : null];
    if (entry.inner.length) return h("li", {}, h("details", {}, h("summary", {}, said), h("ol.evkit-timeline", {}, entry.inner.map(line))));
    return h(`li.evkit-${entry.kind}`, {}, said);
  }
  function draw() {
    const text = search.value.trim().toLowerCase();
    const flat = text ? given.entries.flatMap((e) => (e.inner.length ? e.inner : [e])) : given.entries;
    const kept = flat.filter((e) => shown[kindOf(e)] && (!text || has(e, text)));
    list.replaceChildren(...kept.map(line));
    count.textContent = kept.length ? `${kept.length.toLocaleString("en")} lines` : "Nothing of the kind.";
  }
  search.addEventListener("input", rested(150, draw));
  const checks = Object.entries(kinds).filter(([kind]) => given.entries.some((e) => kindOf(e) === kind)).map(([kind, label]) =>
    h("label.evkit-check", {}, h("input", { type: "checkbox", checked: true, onchange: (event) => { shown[kind] = event.target.checked; draw(); } }), label));
  draw();
  return h("div", {}, h("h4.evkit-title", {}, given.title),
    h("div.evkit-row", {}, search, checks, ask ? h("button.evkit-button", { type: "button", onclick: ask }, ids ? "Hide ids" : "Show ids") : null, count),
    h("div.evkit-scroll", { tabindex: "0", role: "region", "aria-label": given.title }, list));
}
