/** Which gates are open. A gate holds all due work and planning of, say, an account whose token is dead. */
export interface Gates {
  isOpen(gate: string): boolean;
  /** Called when a gate opens. Returns the way to stop it. */
  onOpened(listener: (gate: string) => void): () => void;
}
