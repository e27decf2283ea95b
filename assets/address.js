// Keeps the browser's address in step with the page: `props.value` is its query, from `?` on.
watch("value", () => {
  if (props.value) history.replaceState(history.state, "", props.value);
});
