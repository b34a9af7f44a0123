import { fork, type ChildProcess } from 'node:child_process';
import { LogFile } from '@seatbook/host';

export interface ProgramOptions {
  readonly name: string;
  readonly entry: URL;
  readonly environment: NodeJS.ProcessEnv;
  /** Where its log is. */
  readonly logFile: string;
  /** Whether the log is its standard output, or it writes the file itself. */
  readonly log: 'output' | 'file';
}

/** A program of ours in a process of its own. It ends when its channel to us does, so it never outlives us. */
export class ChildProgram {
  readonly #child: ChildProcess;
  /** Resolves with its code when it has ended and all of its log is written. */
  readonly ended: Promise<number | null>;
  #stopping = false;

  constructor(private readonly options: ProgramOptions) {
    const { entry, environment, logFile, log } = options;
    this.#child = fork(entry, {
      env: environment,
      stdio: ['ignore', log === 'output' ? 'pipe' : 'ignore', 'inherit', 'ipc'],
      // Ctrl-C is for us: we stop the programs in order.
      detached: true,
    });
    // Not the file itself: only who writes a file can put it aside when it has grown.
    const file = log === 'output' ? new LogFile(logFile) : null;
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => file?.write(text));
    this.ended = new Promise((resolve) => this.#child.once('close', (code) => resolve(code)));
  }

  get name(): string {
    return this.options.name;
  }

  get logFile(): string {
    return this.options.logFile;
  }

  /** Ended without having been asked to. */
  get failed(): boolean {
    return !this.#stopping;
  }

  onMessage(listener: (message: Readonly<Record<string, unknown>>) => void): void {
    this.#child.on('message', (message) => listener(message as Record<string, unknown>));
  }

  /** The first message that has this field. */
  says<T>(field: string): Promise<T> {
    return new Promise((resolve, reject) => {
      this.onMessage((message) => {
        if (field in message) resolve(message[field] as T);
      });
      void this.ended.then(() => reject(new Error(`${this.options.name} did not start`)));
    });
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.#child.kill('SIGTERM');
    await this.ended;
  }

  endAtOnce(): void {
    this.#stopping = true;
    this.#child.kill('SIGKILL');
  }
}
