// The controls: strength, λ and method of the photo on the stage. Only the strength is blended here;
// λ and method ask for another result.
"use strict";

const REST = 250; // milliseconds that λ's slider has to rest before anything is asked for

// Controls marked with data-option stand for an option of the interface: a new one needs no script.
const marked = [...document.querySelectorAll("[data-option]")];

// How the page opens, whatever a browser that loads it again has kept in its controls.
function usual() {
  const opened = marked.filter((each) => each.type !== "radio" || each.defaultChecked);
  const options = opened.map((each) => [each.dataset.option, each.defaultValue]);
  return { ...Object.fromEntries(options), lambda: toLambda($("lambda")?.defaultValue), strength: 100 };
}

// What is asked for; λ only where the method takes it. The strength is blended here.
function optionsOf({ lambda, strength, ...options }) {
  return options.method === $("lambda")?.dataset.method ? { ...options, lambda } : options;
}

// The slider moves λ's logarithm, so that 1 is as far from 10 as 10 from 100.
function toLambda(position) {
  if (position === undefined) return null;
  const { least, most } = $("lambda").dataset;
  const rounded = Number((10 ** Number(position)).toPrecision(3));
  return Math.min(Number(most), Math.max(Number(least), rounded));
}

function controls() {
  const chosen = marked.filter((each) => each.type !== "radio" || each.checked);
  return {
    ...Object.fromEntries(chosen.map((each) => [each.dataset.option, each.value])),
    lambda: toLambda($("lambda")?.value),
    strength: Number($("strength").value),
  };
}

function setControls({ lambda, strength, ...options }) {
  for (const each of marked) {
    const value = options[each.dataset.option];
    if (each.type === "radio") each.checked = each.value === value;
    else each.value = value;
  }
  $("strength").value = strength;
  if ($("lambda")) $("lambda").value = Math.log10(lambda);
  showValues({ lambda, strength });
}

function showValues({ lambda, strength }) {
  $("strength-value").textContent = `${strength} %`;
  stage.style.setProperty("--strength", strength / 100);
  if ($("lambda")) {
    $("lambda-value").textContent = lambda;
    $("lambda").setAttribute("aria-valuetext", lambda);
  }
  $("undo").disabled = shown.past.length === 0;
}

// Give the photo on the stage other settings.
function adjust(settings) {
  clearTimeout(resting);
  const it = shown;
  const before = optionsOf(it.settings);
  complain(null);
  it.settings = settings;
  setControls(settings);
  if (it !== wanted) {
    wanted = it; // the visitor has turned to it; what is in work goes on
    tell(it, it.state);
  }
  if (JSON.stringify(optionsOf(settings)) !== JSON.stringify(before)) make(it);
  drawStrip();
}

function adjustTo(settings) {
  if (JSON.stringify(settings) === JSON.stringify(shown.settings)) return;
  shown.past.push(shown.settings);
  adjust(settings);
}

let resting; // a timer: a slider that moves asks for nothing until it rests
$("lambda")?.addEventListener("input", () => {
  document.querySelector(`input[name=how][value="${$("lambda").dataset.method}"]`).checked = true;
  showValues(controls());
  clearTimeout(resting);
  resting = setTimeout(() => adjustTo(controls()), REST);
});
$("strength").addEventListener("input", () => showValues(controls()));
$("strength").addEventListener("change", () => adjustTo(controls()));
for (const each of marked) each.addEventListener("change", () => adjustTo(controls()));
$("undo").addEventListener("click", () => adjust(shown.past.pop()));
$("reset").addEventListener("click", () => adjustTo(usual()));
$("same").addEventListener("click", () => {
  for (const it of photos.filter((each) => each !== shown && each.state !== "refused")) {
    it.past.push(it.settings);
    it.settings = { ...shown.settings };
    it.stop.abort();
    it.state = "waiting";
    drawEntry(it);
  }
  drawStrip();
  work();
});

function quality(type) {
  return document.querySelector(`#format option[data-type="${type}"]`).dataset.quality;
}

function labelOf(method) {
  if (method === "generator") return t("label.enhanced");
  return document.querySelector(`input[name=how][value="${method}"]`).parentElement.textContent.trim();
}
