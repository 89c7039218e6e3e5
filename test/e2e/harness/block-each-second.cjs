// Preloaded into a program under test: its JavaScript stands still for 150 ms in each second.
setInterval(() => {
  const until = performance.now() + 150;
  while (performance.now() < until);
}, 1_000).unref();
