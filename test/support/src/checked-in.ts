import { readFileSync, writeFileSync } from 'node:fs';

/** The commands that bring files up to date which are made from code and checked in. */
export type CheckedInCommand = 'configuration' | 'api-document' | 'goldens' | 'read-models';

/** True while one of these commands runs: specs write such files then, instead of comparing them. */
export const writing = process.env['CHECKED_IN'] === 'write';

/** Compares a file with what the code makes today. @throws Error that names the command when it is out of date */
export function expectCheckedIn(path: string, made: string, command: CheckedInCommand): void {
  if (writing) writeFileSync(path, made);
  if (readFileSync(path, 'utf8') === made) return;
  throw new Error(`${path} is not what the code makes: npm run ${command}`);
}
