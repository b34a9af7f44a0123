import { closeSync, existsSync, fstatSync, openSync, renameSync, statSync, writeSync } from 'node:fs';

/** A log that has grown beyond this is put aside. */
const MAX_LOG_BYTES = 10 * 1024 * 1024;
/** Logs that are kept beside the one in use: `seatbook.log.1` is the newest. */
const KEPT_LOGS = 5;

/** Opens a log for appending; what an earlier run wrote stays readable. Returns the file descriptor. */
function openLogFile(file: string, maxBytes = MAX_LOG_BYTES): number {
  if (existsSync(file) && statSync(file).size > maxBytes) putAside(file);
  return openSync(file, 'a', 0o600);
}

function putAside(file: string): void {
  for (let number = KEPT_LOGS - 1; number >= 1; number -= 1) {
    if (existsSync(`${file}.${number}`)) renameSync(`${file}.${number}`, `${file}.${number + 1}`);
  }
  renameSync(file, `${file}.1`);
}

/** Where a log is written: a file that is put aside when it has grown, as often as need be. */
export class LogFile {
  #descriptor: number;
  #bytes: number;
  #lineEnded = true;

  constructor(
    private readonly file: string,
    private readonly maxBytes = MAX_LOG_BYTES,
  ) {
    this.#descriptor = openLogFile(file, maxBytes);
    this.#bytes = fstatSync(this.#descriptor).size;
  }

  /** Writes text. What the disk does not take is lost: it is no reason to stop. */
  write(text: string): void {
    try {
      // Text may come in pieces, and a line is not torn.
      if (this.#bytes > this.maxBytes && this.#lineEnded) this.#beginAgain();
      this.#bytes += writeSync(this.#descriptor, text);
      this.#lineEnded = text.endsWith('\n');
    } catch {
      // There is nowhere else to say so; health tells what is wrong with the disk.
    }
  }

  #beginAgain(): void {
    const next = openLogFile(this.file, this.maxBytes);
    closeSync(this.#descriptor);
    this.#descriptor = next;
    this.#bytes = fstatSync(next).size;
  }
}
