// For the scripts of components that build their elements: goes before them (ui/components/scripted.py). Content is
// elements and texts; a text is set as text, never as HTML.
function make(tag, className, ...content) {
  const node = Object.assign(document.createElement(tag), { className });
  node.append(...content.filter((each) => each !== undefined && each !== null));
  return node;
}

// An element of a text that a model or a person wrote: it runs in the direction of its own first letter.
function written(tag, className, ...content) {
  return Object.assign(make(tag, className, ...content), { dir: "auto" });
}
