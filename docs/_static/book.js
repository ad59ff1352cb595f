// Frames in place of widgets: a choice shows the pictures that were made for it beforehand.
for (const box of document.querySelectorAll(".frames")) {
  const frames = JSON.parse(box.querySelector("script").textContent);
  const groups = [...box.querySelectorAll("fieldset")];
  const chosen = () => groups.map((group) => group.querySelector("input:checked").value);

  const show = () => {
    const keys = chosen();
    // What was not run cannot be chosen; the seed comes last and begins with one that every λ has.
    for (const input of groups.at(-1).querySelectorAll("input")) {
      input.disabled = !frames[[...keys.slice(0, -1), input.value].join("|")];
      if (input.disabled && input.checked) groups.at(-1).querySelector("input").checked = true;
    }
    const frame = frames[chosen().join("|")];
    for (const picture of box.querySelectorAll("img")) {
      picture.src = box.dataset.base + frame.src[picture.dataset.kind];
      picture.alt = frame.alt[picture.dataset.kind];
    }
    box.querySelector(".line").textContent = frame.line;
  };
  box.addEventListener("change", show);
  show(); // a browser that comes back to the page keeps what was chosen
}

// A button that copies the code beside it; of an example in a docstring, what one would type.
for (const code of document.querySelectorAll(".bd-content div.highlight")) {
  if (!navigator.clipboard || code.closest(".cell_output")) continue; // only where a page may copy
  const button = document.createElement("button");
  Object.assign(button, { type: "button", className: "copy", textContent: "Copy" });
  button.addEventListener("click", async () => {
    const done = await navigator.clipboard.writeText(typed(code.querySelector("pre").textContent)).then(
      () => "Copied",
      () => "Not allowed",
    );
    button.textContent = done;
    setTimeout(() => (button.textContent = "Copy"), 2000);
  });
  code.append(button);
}

function typed(text) {
  const lines = text.split("\n");
  if (!lines.some((line) => line.startsWith(">>> "))) return text;
  return lines.filter((line) => /^(>>>|\.\.\.)/.test(line)).map((line) => line.slice(4)).join("\n");
}

// A formula wider than its column can be moved by the keyboard too.
for (const formula of document.querySelectorAll("div.math")) {
  if (formula.scrollWidth > formula.clientWidth) formula.tabIndex = 0;
}
