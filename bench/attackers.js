import { connect } from 'node:net';
import { constants, setPriority } from 'node:os';
import { clearInterval, clearTimeout, setInterval } from 'node:timers';
import { pause } from './product.js';

/**
 * Many clients without a key that do what no honest client does, in a process of their own, which gives way to every
 * other: in the field they are on other machines. Each sends one request after the other, with a second between two;
 * what the server does not end is held for ten seconds.
 */
setPriority(constants.priority.PRIORITY_LOW);
const [port = '', count = ''] = process.argv.slice(2);
const HELD_MS = 10_000;
const PAUSE_MS = 1_000;

const DOORS = [
  'POST /apple/notifications/7700000000000001',
  'POST /api/v1/orders',
  'POST /api/v1/accounts',
  'GET /api/v1/history',
  'GET /readyz',
  'GET /docs/json',
];

/** @typedef {import('node:net').Socket} Socket */
/** @type {readonly ((socket: Socket, head: string) => void)[]} */
const KINDS = [slow, half, endless, nested, oversized, cut];

const json = 'content-type: application/json\r\n';

/** @param {Socket} socket @param {string} head */
function slow(socket, head) {
  socket.write(`${head}${json}content-length: 1000\r\n\r\n{`);
  const drip = setInterval(() => (socket.writable ? socket.write(' ') : clearInterval(drip)), 500);
}

/** @param {Socket} socket @param {string} head */
function half(socket, head) {
  socket.write(head);
}

/** @param {Socket} socket @param {string} head */
function endless(socket, head) {
  socket.write(`${head}${json}transfer-encoding: chunked\r\n\r\n`);
  const chunk = `400\r\n${'x'.repeat(0x400)}\r\n`;
  const pour = setInterval(() => (socket.writable ? socket.write(chunk) : clearInterval(pour)), 100);
}

/** @param {Socket} socket @param {string} head */
function nested(socket, head) {
  const body = '['.repeat(50_000);
  socket.write(`${head}${json}content-length: ${body.length}\r\n\r\n${body}`);
}

/** @param {Socket} socket @param {string} head */
function oversized(socket, head) {
  socket.write(`${head}${json}content-length: 99999999\r\n\r\n${'x'.repeat(100_000)}`);
}

/** @param {Socket} socket @param {string} head */
function cut(socket, head) {
  socket.write(`${head}${json}content-length: 1000\r\n\r\n{"a`, () => socket.destroy());
}

let sent = 0;

/** @param {number} number */
async function attack(number) {
  // They come within a second, and stay at a thousand a second at most.
  await pause(number % PAUSE_MS);
  for (let turn = number; ; turn += 1) {
    const kind = KINDS[turn % KINDS.length];
    const door = DOORS[Math.floor(turn / KINDS.length) % DOORS.length];
    if (!kind) throw new Error('there are kinds');
    await new Promise((resolve) => {
      const socket = connect(Number(port), '127.0.0.1', () => {
        sent += 1;
        kind(socket, `${door} HTTP/1.1\r\nhost: seatbook\r\n`);
      });
      socket.resume();
      socket.setTimeout(HELD_MS, () => socket.destroy());
      const end = setTimeout(() => socket.destroy(), HELD_MS);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        clearTimeout(end);
        resolve(undefined);
      });
    });
    await pause(PAUSE_MS);
  }
}

process.on('message', () => process.send?.({ sent }));
process.on('disconnect', () => process.exit(0));
for (let number = 0; number < Number(count); number += 1) void attack(number);
process.send?.({ attacking: true });
