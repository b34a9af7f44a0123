import { createRequire } from 'node:module';

/**
 * Loaded before a process of the product: counts what it asks of the servers, and tells the process that started it when
 * that asks. Of what the clients do by themselves, such as looking whether a server is there, nothing is counted.
 */
const require = createRequire(import.meta.url);
const { EventStoreDBClient } = require('@eventstore/db-client');
/** Where the driver sends every command; its types do not show it. */
const WHERE_COMMANDS_LEAVE = 'mongodb/lib/cmap/connection';
const { Connection } = require(WHERE_COMMANDS_LEAVE);

/** @type {Map<string, number>} */
const calls = new Map();
const BY_THEMSELVES = new Set(['hello', 'ismaster', 'ping', 'endSessions']);

/** @param {string} call */
const count = (call) => calls.set(call, (calls.get(call) ?? 0) + 1);

/**
 * @param {any} prototype
 * @param {string} method
 * @param {(...parameters: any[]) => string | null} nameOf
 */
function counted(prototype, method, nameOf) {
  const original = prototype[method];
  prototype[method] = function (/** @type {any[]} */ ...parameters) {
    const name = nameOf(...parameters);
    if (name !== null) count(name);
    return original.apply(this, parameters);
  };
}

counted(EventStoreDBClient.prototype, 'appendToStream', () => 'append');
counted(EventStoreDBClient.prototype, 'readStream', () => 'read of a stream');
counted(EventStoreDBClient.prototype, 'readAll', () => 'read of $all');
counted(Connection.prototype, 'command', (_namespace, command) => {
  const [name = ''] = Object.keys(command);
  return BY_THEMSELVES.has(name) ? null : `${name} ${command[name]}`;
});

process.on('message', (asked) => {
  if (asked === 'calls') process.send?.({ calls: [...calls] });
});
// Nobody waits for the next question.
process.channel?.unref();
