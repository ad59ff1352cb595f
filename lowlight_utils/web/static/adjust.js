// The controls: strength, λ and method of the photo on the stage. Only the strength is blended here;
// λ and method ask for another result.
"use strict";

const REST = 250; // milliseconds that λ's slider has to rest before anything is asked for

// How the page opens, whatever a browser that loads it again has kept in its controls.
function usual() {
  return { method: "generator", lambda: toLambda($("lambda")?.defaultValue), strength: 100 };
}

// What is asked for; λ only where the method takes it.
function optionsOf({ method, lambda }) {
  return method === $("lambda")?.dataset.method ? { method, lambda } : { method };
}

// The slider moves λ's logarithm, so that 1 is as far from 10 as 10 from 100.
function toLambda(position) {
  if (position === undefined) return null;
  const { least, most } = $("lambda").dataset;
  const rounded = Number((10 ** Number(position)).toPrecision(3));
  return Math.min(Number(most), Math.max(Number(least), rounded));
}

function controls() {
  return {
    method: document.querySelector("input[name=how]:checked").value,
    lambda: toLambda($("lambda")?.value),
    strength: Number($("strength").value),
  };
}

function setControls({ method, lambda, strength }) {
  document.querySelector(`input[name=how][value="${method}"]`).checked = true;
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
  $("same").hidden = photos.length < 2 || Boolean(shown.example);
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
for (const radio of document.querySelectorAll("input[name=how]")) {
  radio.addEventListener("change", () => adjustTo(controls()));
}
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
