// What a visitor clicks is sent in its order: a request that waits in no queue (`/run/`) goes out when the one before it
// is answered. The browser has several connections to a server, and of requests that are sent at once the later may arrive
// first. On the server the same visitor's are done one after the other too (ui/faults.py).
if (!window.mutationExplorerTurns) {
  const send = window.fetch.bind(window);
  window.mutationExplorerTurns = Promise.resolve();
  window.fetch = (input, options) => {
    const url = String(input?.url ?? input);
    if (options?.method !== "POST" || !url.includes("/run/")) return send(input, options);
    const answer = window.mutationExplorerTurns.then(() => send(input, options));
    window.mutationExplorerTurns = answer.catch(() => {});
    return answer;
  };
}
