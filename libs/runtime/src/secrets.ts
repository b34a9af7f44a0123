/**
 * Secrets at rest, sealed with AES-256-GCM. The associated data binds a ciphertext to its name: moved to another row it
 * does not open. A secret is written before the event that names it.
 */
export interface Secrets {
  /** Seals and keeps; the same name again replaces. Durable when it resolves. */
  put(name: string, secret: string): Promise<void>;
  /** The secret, or null when there is none of that name. @throws SecretUnreadable */
  get(name: string): Promise<string | null>;
  /** Names that begin with `prefix`. */
  names(prefix: string): Promise<readonly string[]>;
  remove(name: string): Promise<void>;
}

/** The key is not the one that sealed this secret, or the row was altered. */
export class SecretUnreadable extends Error {
  constructor(name: string) {
    super(`the secret ${name} cannot be opened: the key is another one, or the row was altered`);
    this.name = 'SecretUnreadable';
  }
}
