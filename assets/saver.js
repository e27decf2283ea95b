// Saves the file in `props.value` (JSON: name, content in base64).
watch("value", () => {
  if (!props.value) return;
  const { name, content } = JSON.parse(props.value);
  const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([bytes]));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
});
