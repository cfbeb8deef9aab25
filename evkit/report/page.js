const dark = window.matchMedia("(prefers-color-scheme: dark)");
const themes = { light: "%light%", dark: "%dark%" };

function merged(a, b) {
  const made = { ...a };
  for (const key in b) made[key] = b[key] && typeof b[key] === "object" && !Array.isArray(b[key]) ? merged(made[key] || {}, b[key]) : b[key];
  return made;
}

async function draw() {
  for (const figure of document.querySelectorAll("figure[data-chart]")) {
    const spec = JSON.parse(document.getElementById(figure.dataset.chart).textContent);
    spec.config = merged(themes[dark.matches ? "dark" : "light"], spec.config);
    try {
      const holder = document.createElement("div");
      await vegaEmbed(holder, spec, { actions: false, renderer: "svg", tooltip: { theme: dark.matches ? "dark" : "light" } });
      const drawn = holder.querySelector("svg");
      if (drawn) { drawn.setAttribute("aria-hidden", "true"); figure.replaceChildren(holder); }
    } catch (error) { console.warn("the static picture stays:", error); }
  }
}

draw();
dark.addEventListener("change", draw);
