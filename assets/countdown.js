// Counts down every `.countdown` of the page, without asking the server.
(() => {
  const told = (seconds) => {
    if (seconds < 1) return "now";
    if (seconds < 100) return `${Math.floor(seconds)} s`;
    const minutes = Math.round(seconds / 60);
    if (minutes < 100) return `${minutes} min`;
    const hours = Math.round(minutes / 60);
    return hours < 48 ? `${hours} h` : `${Math.round(hours / 24)} days`;
  };
  const left = (span) => {
    const until = (Date.parse(span.dataset.due) - Date.now()) / 1000;
    const every = Number(span.dataset.every);
    // What is due keeps its rhythm while nothing changes; being done takes a moment.
    return until > -3 || !(every > 0) ? until : ((until % every) + every) % every;
  };
  const count = () => {
    for (const span of document.getElementsByClassName("countdown")) {
      const text = told(left(span));
      if (span.textContent !== text) span.textContent = text;
    }
  };
  setInterval(count, 1000);
  new MutationObserver((changes) => {
    if (changes.some((change) => change.addedNodes.length)) count();
  }).observe(document.documentElement, { childList: true, subtree: true });
})();
