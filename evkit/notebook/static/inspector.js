// ek.inspect: the chart of an Insight, the people behind a figure that is picked, the timeline of one of them.

function render({ model, el }) {
  const call = caller(model);
  const result = model.get("result");
  const problem = h("p.evkit-problem", { role: "alert", hidden: true });
  const people = h("section.evkit-people", { "aria-label": "People", "aria-live": "polite" });
  const lane = h("section.evkit-lane", { "aria-label": "Timeline", "aria-live": "polite" });
  const root = h("div.evkit.evkit-inspector");
  let ids = false;
  let last = null; // the figure that was picked
  let open = null; // the person whose timeline is open

  async function tried(place, run) {
    problem.hidden = true;
    place.setAttribute("aria-busy", "true");
    place.classList.add("evkit-busy");
    try {
      await run();
    } catch (error) {
      problem.hidden = false;
      problem.textContent = error.message;
    }
    place.removeAttribute("aria-busy");
    place.classList.remove("evkit-busy");
  }

  function pick(row, dropped) {
    last = { row, dropped };
    open = null;
    lane.replaceChildren();
    return showPeople();
  }
  const showPeople = () => tried(people, async () => {
    const found = await call("people", { ...last, show_ids: ids });
    const toggle = h("button.evkit-button", { type: "button", "aria-pressed": String(ids), onclick: async () => { ids = !ids; await showPeople(); if (open !== null) await showTimeline(open); } }, ids ? "Hide ids" : "Show ids");
    const extra = found.opens ? (row, at) => h("button.evkit-link", { type: "button", "aria-label": `Timeline of ${row[0]}`, onclick: () => showTimeline(at) }, "timeline") : null;
    people.replaceChildren(h("h4.evkit-title", {}, found.title), h("div.evkit-row", {}, toggle), found.rows.length ? tableOf(found, found.title, { extra, extraTitle: "what they did" }) : null);
  });
  const showTimeline = (at) => tried(lane, async () => {
    open = at;
    lane.replaceChildren(timelineView(await call("timeline", { number: at, show_ids: ids })));
  });

  /** One timeline, with its ids to be shown where they are masked. */
  function ofOne(first, masks) {
    const place = h("div.evkit-behind", {}, timelineView(first));
    if (!masks) return place;
    const toggle = h("button.evkit-button", { type: "button", "aria-pressed": "false", onclick: () => tried(place, async () => {
      ids = !ids;
      const given = await call("timeline", { number: 0, show_ids: ids });
      root.querySelector("h3").textContent = given.title;
      toggle.textContent = ids ? "Hide ids" : "Show ids";
      toggle.setAttribute("aria-pressed", String(ids));
      place.replaceChildren(timelineView(given));
    }) }, "Show ids");
    return h("div", {}, h("div.evkit-row", {}, toggle), place);
  }

  const picture = chartView(model, call, result.figures ? (datum) => datum.row !== undefined && pick(datum.row, datum.part === "lost") : null);
  let shown = () => {};
  picture.element.addEventListener("evkit-drawn", () => (shown = hideKept(el, 1)), { once: true });
  root.append(h("h3.evkit-title", {}, result.title || ""), problem);
  if (result.error !== undefined) {
    problem.hidden = false;
    problem.textContent = result.error;
  } else {
    for (const w of result.warnings || []) root.append(h("p.evkit-told", {}, w));
    root.append(picture.element);
    picture.show(result).catch((error) => { problem.hidden = false; problem.textContent = `The chart can't be drawn here (${error.message}).`; });
    if (result.figures) {
      const buttons = (row, at) => [
        h("button.evkit-link", { type: "button", "aria-label": `People: ${result.figures[at]}`, onclick: () => pick(at, false) }, "people"),
        result.drops[at] ? h("button.evkit-link", { type: "button", "aria-label": `Lost: ${result.figures[at]}`, onclick: () => pick(at, true) }, "lost") : null,
      ];
      root.append(h("p.evkit-quiet", {}, "Click a mark to see who is in it; or take it from the table."),
        folded("Figures as a table", tableOf(result.table, `Figures: ${result.title}`, { extra: buttons, extraTitle: "who" })),
        h("div.evkit-behind", {}, people, lane));
    } else root.append(ofOne(result.timeline, result.masks));
  }
  el.append(root);
  return () => {
    picture.end();
    shown();
  };
}

export default { render };
