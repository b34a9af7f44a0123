import { pino, type DestinationStream, type Level, type Logger } from 'pino';

export type Log = Logger;

/** JSON lines. No secret is passed to it; anything that looks like one is removed all the same. */
export function createLog(level: Level | 'silent', destination?: DestinationStream): Log {
  const options = {
    level,
    base: { name: 'seatbook' },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: {
      paths: ['authorization', '*.authorization', 'token', '*.token', 'secret', '*.secret', 'key', '*.key'],
      censor: '[redacted]',
    },
  };
  return destination ? pino(options, destination) : pino(options);
}

/** Base64 as long as a token. */
const OPAQUE = /[A-Za-z0-9+/=_-]{60,}/g;

/** An error for the log: with its stack, without anything that looks like a secret. */
export function errorFacts(error: unknown): { readonly error: string } {
  const said = error instanceof Error ? (error.stack ?? `${error.name}: ${error.message}`) : String(error);
  const cause =
    error instanceof Error && error.cause instanceof Error
      ? `\n  caused by ${error.cause.name}: ${error.cause.message}`
      : '';
  return { error: redacted(`${said}${cause}`).slice(0, 4_000) };
}

/** A line of a stack contains only a file and a place; a long path there looks like a secret and is not one. */
const PLACE = /^\s+at .*:\d+:\d+\)?$/;

const redacted = (text: string): string =>
  text
    .split('\n')
    .map((line) => (PLACE.test(line) ? line : line.replace(OPAQUE, '[redacted]')))
    .join('\n');
