// For the scripts of components that build their elements: goes before them (ui/components/scripted.py). Content is
// elements and texts; a text is set as text, never as HTML.
function make(tag, className, ...content) {
  const node = Object.assign(document.createElement(tag), { className });
  node.append(...content.filter((each) => each !== undefined && each !== null));
  return node;
}
