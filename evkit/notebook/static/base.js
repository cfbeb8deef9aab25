// What all of evkit's widgets share. Texts of events are only ever set as text, never as HTML.

/** Make an element: h("button.small", { onclick }, "Go"). Attributes that are null or false are left out. */
function h(name, attributes = {}, ...children) {
  const [tag, ...classes] = name.split(".");
  const made = document.createElement(tag || "div");
  if (classes.length) made.className = classes.join(" ");
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (key === "value" || key === "checked" || key === "disabled" || key === "hidden") made[key] = value;
    else if (value !== null && value !== false && value !== undefined) made.setAttribute(key, value === true ? "" : String(value));
  }
  made.append(...children.flat().filter((c) => c !== null && c !== undefined && c !== false));
  return made;
}

let numbers = 0;
/** Give a name that no other element has. */
const fresh = (what) => `evkit-${what}-${Date.now().toString(36)}-${++numbers}`;

/** Wait until nothing has been called for a while; give a function to call, with a `cancel`, and `now` for what waits. */
function rested(milliseconds, run) {
  let timer = 0;
  let waits = null;
  const later = (...given) => {
    later.cancel();
    waits = () => run(...given);
    timer = setTimeout(later.now, milliseconds);
  };
  later.cancel = () => {
    clearTimeout(timer);
    waits = null;
  };
  later.now = () => {
    const asked = waits;
    later.cancel();
    if (asked) asked();
  };
  return later;
}

const MOST_SECONDS = 600; // a question of very many events may take minutes

/** Ask Python: a promise of the answer, or of an error in words. */
function caller(model) {
  const waiting = new Map();
  let last = 0;
  model.on("msg:custom", (message, buffers) => {
    const found = waiting.get(message.answer);
    if (!found) return;
    waiting.delete(message.answer);
    if (message.error !== undefined) found.reject(new Error(message.error));
    else found.resolve(buffers && buffers.length ? buffers : message.value);
  });
  return (name, given = {}) =>
    new Promise((resolve, reject) => {
      const id = `${fresh("call")}-${++last}`;
      const late = setTimeout(() => {
        if (waiting.delete(id)) reject(new Error("no kernel answers: run the cell"));
      }, MOST_SECONDS * 1000);
      waiting.set(id, { resolve: (value) => { clearTimeout(late); resolve(value); }, reject: (error) => { clearTimeout(late); reject(error); } });
      model.send({ call: name, id, ...given });
    });
}

// ---------------------------------------------------------------------- light and dark
function isDark() {
  const body = document.body;
  if (body.dataset.jpThemeLight !== undefined) return body.dataset.jpThemeLight === "false";
  if (body.classList.contains("vscode-dark") || body.classList.contains("vscode-high-contrast")) return true;
  return window.matchMedia("(prefers-color-scheme: dark)").matches;
}

/** Call something when the page turns light or dark; give a function that ends it. */
function onTheme(run) {
  const watcher = new MutationObserver(run);
  watcher.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light", "class"] });
  return () => watcher.disconnect();
}

// ---------------------------------------------------------------------- charts
/** Give vega-embed, which Python sends once a page; each widget asks by itself, since another one's kernel may be gone. */
async function vegaEmbed(call) {
  if (!window.evkitVegaEmbed) {
    const [view] = await call("vega");
    if (!window.evkitVegaEmbed) {
      const address = URL.createObjectURL(new Blob([new TextDecoder().decode(view)], { type: "text/javascript" }));
      await import(/* @vite-ignore */ address);
      URL.revokeObjectURL(address);
    }
  }
  return window.evkitVegaEmbed;
}

function merged(a, b) {
  const made = { ...a };
  for (const key in b) {
    const deep = b[key] && typeof b[key] === "object" && !Array.isArray(b[key]);
    made[key] = deep ? merged(made[key] || {}, b[key]) : b[key];
  }
  return made;
}

/**
 * A chart: draws what it is given, again when the page turns dark, and says it in words to who can't see it.
 * `picked` is called with the data of a mark that is clicked.
 */
function chartView(model, call, picked = null) {
  const place = h("div.evkit-chart", { role: "img" });
  let current = null;
  let drawn = null;
  let turn = 0;
  async function draw() {
    if (!current || !current.chart) return;
    const mine = ++turn;
    const embed = await vegaEmbed(call);
    if (mine !== turn) return;
    const theme = model.get("theme")[isDark() ? "dark" : "light"];
    const spec = { ...current.chart, config: merged(theme, current.chart.config || {}) };
    const holder = h("div");
    const made = await embed(holder, spec, { actions: false, renderer: "svg", tooltip: { theme: isDark() ? "dark" : "light" } });
    if (mine !== turn) {
      made.finalize();
      return;
    }
    const svg = holder.querySelector("svg");
    if (svg) svg.setAttribute("aria-hidden", "true");
    place.style.minHeight = "0";
    place.replaceChildren(holder);
    if (drawn) drawn.finalize();
    drawn = made;
    if (picked) {
      made.view.addEventListener("click", (event, item) => item && item.datum && picked(plain(item.datum)));
      place.classList.add("evkit-pick");
    }
    place.dispatchEvent(new CustomEvent("evkit-drawn"));
  }
  const end = onTheme(draw);
  return {
    element: place,
    async show(result) {
      current = result;
      place.setAttribute("aria-label", result.words || "");
      place.style.minHeight = `${place.offsetHeight}px`;
      await draw();
    },
    end() {
      turn++;
      end();
      if (drawn) drawn.finalize();
    },
  };
}

/** Give the data of a mark without what vega adds to it. */
const plain = (datum) => Object.fromEntries(Object.entries(datum).filter(([key, value]) => typeof key === "string" && typeof value !== "object" && typeof value !== "function"));

// ---------------------------------------------------------------------- tables and texts
/** A table of texts: `cells` may make something else of a row's cells. */
function tableOf(table, caption, { extra = null, extraTitle = "" } = {}) {
  const head = table.columns.map((c, i) => h(table.numbers[i] ? "th.number" : "th", { scope: "col" }, c.replaceAll("_", " ")));
  const rows = table.rows.map((row, at) =>
    h("tr", {}, row.map((cell, i) => h(table.numbers[i] ? "td.number" : "td", {}, cell)), extra ? h("td", {}, extra(row, at)) : null),
  );
  const more = table.count > table.rows.length ? h("p.evkit-quiet", {}, `The first ${table.rows.length.toLocaleString("en")} of ${table.count.toLocaleString("en")} rows.`) : null;
  return h("div.evkit-scroll", { tabindex: "0", role: "region", "aria-label": caption },
    h("table", {}, h("caption.evkit-hidden", {}, caption), h("thead", {}, h("tr", {}, head, extra ? h("th", { scope: "col" }, extraTitle) : null)), h("tbody", {}, rows)), more);
}

/** Something folded under a line that opens it. */
function folded(title, ...inner) {
  return h("details", {}, h("summary", {}, title), ...inner);
}

/** Text with a button that copies it. */
function copied(text, what) {
  const said = h("span.evkit-quiet", { role: "status" });
  const area = h("pre.evkit-code", { tabindex: "0", "aria-label": what }, h("code", {}, text));
  async function copy() {
    try {
      await navigator.clipboard.writeText(text);
      said.textContent = "Copied.";
    } catch {
      const range = document.createRange();
      range.selectNodeContents(area);
      getSelection().removeAllRanges();
      getSelection().addRange(range);
      said.textContent = "Selected: press Ctrl+C, or Cmd+C.";
    }
  }
  return h("div", {}, area, h("div.evkit-row", {}, h("button.evkit-button", { type: "button", onclick: copy }, `Copy ${what}`), said));
}

/** A field with its label. */
function labelled(label, control, { visible = true } = {}) {
  control.id ||= fresh("field");
  return h("div.evkit-field", {}, h(visible ? "label" : "label.evkit-hidden", { for: control.id }, label), control);
}

/** A list to choose one value from. */
function choice(options, value, onchange, attributes = {}) {
  const made = h("select", { ...attributes, onchange: () => onchange(made.value) }, options.map((o) => h("option", { value: o.value }, o.label)));
  made.value = value;
  if (made.value !== value && value !== null && value !== undefined) {
    made.append(h("option", { value }, String(value)));
    made.value = value;
  }
  return made;
}

/** Take what is typed into a field, once, when it is left or at Enter: a form without a button to press takes none by itself. */
function taken(field, onchange) {
  let given = field.value;
  const commit = () => {
    if (field.value === given) return;
    given = field.value;
    onchange(given);
  };
  field.addEventListener("change", commit);
  field.addEventListener("keydown", (event) => event.key === "Enter" && commit());
  return field;
}

/** A text with suggestions; `suggestions` gives them when the field is entered. */
function suggested(value, onchange, suggestions, attributes = {}) {
  const list = h("datalist", { id: fresh("list") });
  const field = h("input", {
    type: "text", autocomplete: "off", spellcheck: "false", list: list.id, value: value ?? "", ...attributes,
    onfocus: async () => {
      if (list.childElementCount) return;
      const found = await suggestions();
      list.replaceChildren(...found.map((s) => h("option", { value: s.value, ...(s.label ? { label: s.label } : {}) })));
    },
  });
  taken(field, onchange);
  return { field, list, node: h("span.evkit-suggested", {}, field, list) };
}

/**
 * Hide the outputs below a widget that say the same as it: they are for who opens the notebook later.
 * Elsewhere than in JupyterLab they stay in sight.
 */
function hideKept(element, count) {
  const row = element.closest(".jp-OutputArea-child");
  if (!row) return () => {};
  const hide = () => {
    let next = row.nextElementSibling;
    for (let i = 0; i < count && next; i++, next = next.nextElementSibling) next.style.display = "none";
  };
  hide();
  const watcher = new MutationObserver(hide);
  watcher.observe(row.parentElement, { childList: true });
  return () => watcher.disconnect();
}
