/** How many resources' versions are remembered; the one that was unused for longest is forgotten first. */
const capacity = 1000;

/** The ETags of what was read and changed, by address (RFC 9110, section 8.8.3). */
export class Versions {
  readonly #known = new Map<string, string>();

  /** Remembers the version that an answer tells. */
  remember(address: string, tag: string): void {
    this.#known.delete(address);
    this.#known.set(address, tag);
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= capacity) break;
      this.#known.delete(oldest);
    }
  }

  /** Gives the version that was seen last, if any. */
  of(address: string): string | undefined {
    const tag = this.#known.get(address);
    if (tag !== undefined) this.remember(address, tag);
    return tag;
  }

  /** Forgets all: they are another person's. */
  forget(): void {
    this.#known.clear();
  }
}
