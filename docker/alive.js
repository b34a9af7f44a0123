/** Whether the program on a port of this container answers: `node alive.js PORT`. Any answer will do for the simulator. */
const port = process.argv[2];
try {
  const answer = await fetch(`http://127.0.0.1:${port}/livez`, { signal: AbortSignal.timeout(2_000) });
  process.exit(answer.status < 500 ? 0 : 1);
} catch {
  process.exit(1);
}
