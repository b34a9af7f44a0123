/** Makes every id from the simulator's own random source, so that a seed reproduces a run. */
export class Identifiers {
  constructor(private readonly random: () => number) {}

  /** `length` random hexadecimal digits. */
  hex(length: number): string {
    let digits = '';
    while (digits.length < length) digits += Math.floor(this.random() * 16).toString(16);
    return digits;
  }

  /** An id in the form of a random UUID. */
  uuid(): string {
    return `${this.hex(8)}-${this.hex(4)}-4${this.hex(3)}-a${this.hex(3)}-${this.hex(12)}`;
  }
}
