import { backupLog, readConfiguration, verifyLog } from '@seatbook/host';

const USAGE = `Usage:
  npm run verify               checks every event of the log in SEATBOOK_DATA
  npm run backup -- FOLDER     copies the log into FOLDER, while Seatbook runs or not, and verifies the copy`;

async function main([what, target]: readonly string[]): Promise<string> {
  const { data } = readConfiguration(process.env);
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
  throw new Error(USAGE);
}

main(process.argv.slice(2)).then(
  (text) => process.stdout.write(`${text}\n`),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  },
);
