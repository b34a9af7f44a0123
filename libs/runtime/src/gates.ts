/** Which gates are open. A gate holds all due work and planning of, say, an account whose token is dead. */
export interface Gates {
  isOpen(gate: string): boolean;
  /** All gates that are open now. */
  open(): readonly string[];
  /** Called when a gate opens. Returns an unsubscribe function. */
  onOpened(listener: (gate: string) => void): () => void;
}
