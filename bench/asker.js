import { Agent, get } from 'node:http';
import { check } from './figure.js';
import { pause } from './product.js';

/**
 * Asks for /livez at a steady pace, however long the answers take, so that a stall is felt by every request that it
 * holds up. It is a process of its own: nothing else keeps it from looking at the clock when an answer arrives.
 */
const [url = ''] = process.argv.slice(2);
const ASK_EVERY_MS = 10;

/** @param {number} forMs */
async function timesOf(forMs) {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  /** @type {Promise<number>[]} */
  const asked = [];
  for (const end = performance.now() + forMs; performance.now() < end; await pause(ASK_EVERY_MS)) {
    asked.push(
      new Promise((resolve, reject) => {
        const sent = performance.now();
        get(`${url}/livez`, { agent }, (answer) => {
          check(answer.statusCode === 200, `/livez answered ${answer.statusCode}`);
          answer.resume().on('end', () => resolve(performance.now() - sent));
        }).on('error', reject);
      }),
    );
  }
  const times = await Promise.all(asked);
  agent.destroy();
  return times;
}

process.on('message', async (/** @type {number} */ forMs) => process.send?.(await timesOf(forMs)));
process.on('disconnect', () => process.exit(0));
