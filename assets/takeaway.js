// Copies and downloads of the present result: `props.value` (JSON text) holds notation, address, command, python,
// save, markdown and json. Nothing is sent to the server but `pin`, and `patch`, which answers with a file.
const bar = element.querySelector(".takeaway");
let texts = null;

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const box = Object.assign(document.createElement("textarea"), { value: text });
    document.body.appendChild(box);
    box.select();
    document.execCommand("copy");
    box.remove();
  }
}

function download(text, name, type) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  Object.assign(document.createElement("a"), { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

function button(label, title, act, key = "") {
  const node = Object.assign(document.createElement("button"), { type: "button", textContent: label, title });
  node.addEventListener("click", async () => {
    await act();
    node.classList.add("done");
    setTimeout(() => node.classList.remove("done"), 900);
  });
  if (key) node.dataset.key = key;
  bar.appendChild(node);
}

function label(text) {
  bar.appendChild(Object.assign(document.createElement("span"), { textContent: text }));
}

button("Pin", "Keep this text beside others, up to four", () => trigger("pin", {}), "pin");
label("Copy");
button("notation", "Copy the mutations as notation", () => copy(texts.notation));
button("link", "Copy an address that restores this page", () => copy(location.origin + location.pathname + texts.address));
button("command", "Copy the command that repeats this", () => copy(texts.command));
button("Python", "Copy three lines for a notebook", () => copy(texts.python));
button("save command", "Copy the command that writes the mutated model as a safetensors folder", () => copy(texts.save));
label("Download");
button("Markdown", "Download this result as Markdown", () => download(texts.markdown, "mutation.md", "text/markdown"));
button("JSON", "Download this result as JSON", () => download(texts.json, "mutation.json", "application/json"));
button("Patch file", "Download what is changed: old and new values, for this very model", () => trigger("patch", {}));

function draw() {
  bar.hidden = !props.value;
  if (props.value) texts = JSON.parse(props.value);
}

watch("value", draw);
draw();
