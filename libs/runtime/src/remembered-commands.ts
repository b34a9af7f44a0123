/** A command's id and its body's hash ('' where no client named the command). */
export type RememberedCommand = readonly [id: string, bodyHash: string];

/**
 * The commands that changed a stream, for recognising a repeat: the last ones, as many as `most`, and for ever the first,
 * which created the stream. A client may repeat that one long after, when thousands of others came behind it.
 */
export class RememberedCommands {
  #first: RememberedCommand | null = null;
  readonly #last: Map<string, string>;

  constructor(
    private readonly most: number,
    first: RememberedCommand | null = null,
    last: readonly RememberedCommand[] = [],
  ) {
    this.#first = first;
    this.#last = new Map(last);
  }

  /** Hash of the body of a command that was carried out; undefined for one that is not remembered. */
  bodyHashOf(commandId: string): string | undefined {
    return this.#first?.[0] === commandId ? this.#first[1] : this.#last.get(commandId);
  }

  add(commandId: string, bodyHash = ''): void {
    if (this.#first === null) {
      this.#first = [commandId, bodyHash];
    } else if (this.#first[0] !== commandId) {
      this.#last.set(commandId, bodyHash);
      if (this.#last.size > this.most) this.#last.delete(this.#last.keys().next().value as string);
    }
  }

  get size(): number {
    return this.#last.size + (this.#first === null ? 0 : 1);
  }

  get first(): RememberedCommand | null {
    return this.#first;
  }

  get last(): readonly RememberedCommand[] {
    return [...this.#last];
  }
}
