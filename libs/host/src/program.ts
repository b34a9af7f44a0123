import { hasCode } from '@seatbook/runtime';
import { createLog, errorFacts, type Log } from './log.js';
import { LogFile } from './log-file.js';
import { readConfiguration, unknownVariables, type Configuration } from './settings/configuration.js';

/** Something that runs until it is stopped. */
export interface Running {
  stop(): Promise<void>;
}

export interface ProgramContext {
  readonly configuration: Configuration;
  readonly log: Log;
  /** Called as soon as there is something that a shutdown must stop, also before everything has started. */
  readonly running: (running: Running) => void;
}

/**
 * Runs a program of the product in this process, with the settings of its environment: SIGTERM and SIGINT stop it in
 * order, a second one ends it at once, and what keeps it from starting is a sentence on standard error.
 */
export function runProgram(start: (context: ProgramContext) => Promise<void>): void {
  run(start).catch((error: unknown) => {
    // A problem of the environment, not of the program: shown without a stack.
    process.stderr.write(`Seatbook cannot start: ${reasonOf(error)}\n`);
    process.exit(1);
  });
}

/** A store does not say where it is, since others may read that; who starts the program wants to know. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { message, cause } = error;
  return hasCode(error, 'STORE_UNAVAILABLE') && cause instanceof Error && !message.endsWith(cause.message)
    ? `${message} (${cause.message})`
    : message;
}

async function run(start: (context: ProgramContext) => Promise<void>): Promise<void> {
  const configuration = readConfiguration(process.env);
  const { level, file } = configuration.log;
  const log = createLog(level, file === null ? undefined : new LogFile(file));
  for (const variable of unknownVariables(process.env)) {
    log.warn({ variable }, 'this version has no such setting');
  }
  let running: Running | null = null;
  stopOnSignals(log, configuration.http.shutdownMs, () => running?.stop() ?? Promise.resolve());
  await start({ configuration, log, running: (started) => (running = started) });
}

function stopOnSignals(log: Log, shutdownMs: number, stopRunning: () => Promise<void>): void {
  let stopping = false;
  const stop = (why: string): void => {
    if (stopping) {
      log.warn({ why }, 'ended at once');
      process.exit(1);
    }
    stopping = true;
    log.info({ why }, 'shutting down');
    setTimeout(() => {
      log.error({ shutdownMs }, 'the shutdown took too long and was aborted');
      process.exit(1);
    }, shutdownMs).unref();
    stopRunning()
      .then(() => {
        log.info('stopped');
        process.exit(0);
      })
      .catch((error: unknown) => {
        log.error(errorFacts(error), 'the shutdown failed');
        process.exit(1);
      });
  };
  process.on('SIGTERM', () => stop('SIGTERM'));
  process.on('SIGINT', () => stop('SIGINT'));
  // The process that forked us has ended, or had before we were loaded: then nothing tells us any more.
  process.on('disconnect', () => stop('disconnect'));
  if (process.send && !process.connected) stop('disconnect');
}
