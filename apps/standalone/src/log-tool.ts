import { randomUUID } from 'node:crypto';
import { backupLog, copyToServers, readConfiguration, requireServers, verifyLog } from '@seatbook/host';
import { systemClock } from '@seatbook/kernel';

const USAGE = `Usage:
  npm run verify               checks every event of the log in SEATBOOK_DATA
  npm run backup -- FOLDER     copies the log into FOLDER, while Seatbook runs or not, and verifies the copy
  npm run copy                 copies everything in SEATBOOK_DATA into the servers of SEATBOOK_EVENTSTOREDB_URL and
                               SEATBOOK_MONGODB_URL, while Seatbook does not run; goes on where an earlier copy broke off`;

async function main([what, target]: readonly string[]): Promise<string> {
  const configuration = readConfiguration(process.env);
  const { data } = configuration;
  if (what === 'verify' && target === undefined) {
    const { file, events, streams } = await verifyLog(data);
    return `${file} is sound: ${events} events in ${streams} streams.`;
  }
  if (what === 'backup' && target !== undefined) {
    const { file, events, streams } = await backupLog(data, target);
    return (
      `${file} holds ${events} events in ${streams} streams and is sound.\n` +
      'Keep the sealing key in another place: without it the tokens in this backup cannot be opened.'
    );
  }
  if (what === 'copy' && target === undefined) {
    requireServers(configuration);
    let told = 0;
    const { events, streams, secrets, persons, parked, digest } = await copyToServers(configuration, {
      clock: systemClock,
      ids: { next: randomUUID },
      tell(copied) {
        if (copied - told < 10_000) return;
        told = copied;
        process.stderr.write(`${copied} events copied\n`);
      },
    });
    return (
      `Complete: ${events} events in ${streams} streams, ${secrets} secrets, ${persons} persons, ${parked} pieces of parked work.\n` +
      `Source and target have the same digest, ${digest}.\n` +
      'Start the workers and APIs on the servers now, and never this folder again: two ledgers of one location would undo each other.'
    );
  }
  throw new Error(USAGE);
}

main(process.argv.slice(2)).then(
  (text) => process.stdout.write(`${text}\n`),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  },
);
