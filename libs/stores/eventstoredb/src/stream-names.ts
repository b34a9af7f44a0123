/** Letters, digits and underscores: no dash, which ends the category, and no dot, which ends the prefix. */
const WORD = /^[A-Za-z0-9_]{1,32}$/;

/**
 * Names of streams on a server that other applications may share. Ours begin with the deployment's word and a dot, so
 * no deployment's prefix is the beginning of another's.
 */
export class StreamNames {
  readonly prefix: string;
  /** Which log this is. Outside the prefix: no subscription delivers it. */
  readonly identity: string;
  /** Written to see whether the server takes anything at all. */
  readonly probe: string;

  /** @throws RangeError when the word cannot be a prefix */
  constructor(word: string) {
    if (!WORD.test(word))
      throw new RangeError(
        `the prefix "${word}" of the streams must be 1 to 32 letters, digits or underscores`,
      );
    this.prefix = `${word}.`;
    this.identity = `~${word}-log`;
    this.probe = `~${word}-probe`;
  }

  onServer(stream: string): string {
    return this.prefix + stream;
  }

  isOurs(nameOnServer: string): boolean {
    return nameOnServer.startsWith(this.prefix);
  }

  ours(nameOnServer: string): string {
    return nameOnServer.slice(this.prefix.length);
  }
}
