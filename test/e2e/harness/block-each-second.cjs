// Preloaded into a program under test: its JavaScript stands still for 200 ms in each second.
setInterval(() => {
  const until = performance.now() + 200;
  while (performance.now() < until);
}, 1_000).unref();
