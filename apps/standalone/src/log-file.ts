import { existsSync, openSync, renameSync, statSync } from 'node:fs';

/** A log that has grown beyond this is put aside at the next start. */
const MAX_LOG_BYTES = 10 * 1024 * 1024;
/** Logs that are kept beside the one in use: `seatbook.log.1` is the newest. */
const KEPT_LOGS = 5;

/** Opens a log for appending; what an earlier run wrote stays readable. Returns the file descriptor. */
export function openLogFile(file: string): number {
  if (existsSync(file) && statSync(file).size > MAX_LOG_BYTES) rotate(file);
  return openSync(file, 'a', 0o600);
}

function rotate(file: string): void {
  for (let number = KEPT_LOGS - 1; number >= 1; number -= 1) {
    if (existsSync(`${file}.${number}`)) renameSync(`${file}.${number}`, `${file}.${number + 1}`);
  }
  renameSync(file, `${file}.1`);
}
