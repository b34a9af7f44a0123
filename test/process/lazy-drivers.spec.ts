import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PROGRAM = `
import { createRequire } from 'node:module';
import { randomUUID } from 'node:crypto';
import { openStores, readConfiguration } from '@seatbook/host';
import { systemClock } from '@seatbook/kernel';
const { cache } = createRequire(import.meta.url);
const drivers = ['better-sqlite3', '@eventstore/db-client', '@grpc/grpc-js', 'google-protobuf', 'mongodb'];
const loaded = () =>
  drivers.filter((driver) => Object.keys(cache).some((file) => file.includes('/node_modules/' + driver + '/')));
const before = loaded();
const stores = await openStores(readConfiguration(process.env), { clock: systemClock, ids: { next: randomUUID } });
const after = loaded();
await stores.close();
console.log(JSON.stringify({ before, after }));
`;

it('a driver is loaded when its store is opened, not before, and no other one is', () => {
  const folder = mkdtempSync(join(tmpdir(), 'seatbook-drivers-'));
  try {
    const printed = execFileSync(process.execPath, ['--input-type=module', '-e', PROGRAM], {
      env: { ...process.env, SEATBOOK_DATA: folder },
      encoding: 'utf8',
    });
    expect(JSON.parse(printed)).toEqual({ before: [], after: ['better-sqlite3'] });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
