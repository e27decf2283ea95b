// Mutations that matter, as rows with bars (JSON text in `props.value`); a click on one sends `choose` with its text.
const list = element.querySelector(".findings");

function row(finding, largest) {
  const node = Object.assign(document.createElement("button"), { type: "button", className: "finding" });
  node.title = `Set ${finding.genotype} and read its text`;
  node.style.setProperty("--share", `${Math.max(1, (100 * Math.max(0, finding.verified ?? largest)) / (largest || 1))}%`);
  node.appendChild(Object.assign(document.createElement("code"), { textContent: finding.genotype }));
  const verified = finding.overflow ? "overflow" : `+${finding.verified.toPrecision(3)}`;
  const estimate = finding.estimate === null ? "found by its spike" : `estimate ${finding.estimate.toPrecision(2)}`;
  node.appendChild(Object.assign(document.createElement("b"), { textContent: verified.replace("+-", "−") }));
  const p = finding.p === null ? "" : ` · p ${finding.p.toPrecision(2)}`;
  node.appendChild(Object.assign(document.createElement("small"), { textContent: estimate.replace("-", "−") + p }));
  node.addEventListener("click", () => trigger("choose", { genotype: finding.genotype }));
  return node;
}

function draw() {
  const findings = props.value ? JSON.parse(props.value) : [];
  const largest = Math.max(...findings.map((finding) => finding.verified ?? 0), 0);
  list.replaceChildren(...findings.map((finding) => row(finding, largest)));
}

watch("value", draw);
draw();
