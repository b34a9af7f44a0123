import { fork, type ChildProcess } from 'node:child_process';
import { openSync, readFileSync } from 'node:fs';

export interface ProgramOptions {
  readonly name: string;
  readonly entry: URL;
  readonly environment: NodeJS.ProcessEnv;
  /** Where its standard output goes, anew at each start. */
  readonly logFile: string;
}

/** A program of ours in a process of its own. It ends when its channel to us does, so it never outlives us. */
export class ChildProgram {
  readonly #child: ChildProcess;
  readonly ended: Promise<number | null>;
  #stopping = false;

  constructor(private readonly options: ProgramOptions) {
    const { entry, environment, logFile } = options;
    this.#child = fork(entry, {
      env: environment,
      stdio: ['ignore', openSync(logFile, 'w'), 'inherit', 'ipc'],
      // Ctrl-C is for us: we stop the programs in order.
      detached: true,
    });
    this.ended = new Promise((resolve) => this.#child.once('exit', (code) => resolve(code)));
  }

  /** Ended without having been asked to. */
  get failed(): boolean {
    return !this.#stopping;
  }

  onMessage(listener: (message: Readonly<Record<string, unknown>>) => void): void {
    this.#child.on('message', (message) => listener(message as Record<string, unknown>));
  }

  /** The first message that has this field. */
  told<T>(field: string): Promise<T> {
    return new Promise((resolve, reject) => {
      this.onMessage((message) => {
        if (field in message) resolve(message[field] as T);
      });
      void this.ended.then(() => reject(new Error(`${this.options.name} did not start${this.#lastLines()}`)));
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

  #lastLines(): string {
    const lines = readFileSync(this.options.logFile, 'utf8').trimEnd().split('\n').slice(-5);
    return lines.join('') === '' ? '' : `:\n${lines.join('\n')}`;
  }
}
