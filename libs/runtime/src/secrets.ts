/**
 * Secrets at rest, sealed with AES-256-GCM. The associated data binds a ciphertext to its name: moved to another row it
 * does not open. A secret is written before the event that names it.
 */
export interface Secrets {
  /** Seals and keeps; the same name again replaces. Durable when it resolves. */
  put(name: string, secret: string): Promise<void>;
  /** Keeps the secret unless there is one of that name. Answers the one that is kept now: of many callers all get the same. */
  putIfAbsent(name: string, secret: string): Promise<string>;
  /** The secret, or null when there is none of that name. @throws SecretUnreadable */
  get(name: string): Promise<string | null>;
  /** Names that begin with `prefix`. */
  names(prefix: string): Promise<readonly string[]>;
  /** Deleting what is not there does nothing. */
  delete(name: string): Promise<void>;
}
