const kept = new Map<string, Record<string, unknown>>()

/** Where the library keeps what it gives out; without one it warns at each start that it has only a memory of its own. */
export class Memory {
  readonly #name: string

  constructor(name: string) {
    this.#name = name
  }

  async upsert(id: string, payload: Record<string, unknown>): Promise<void> {
    kept.set(`${this.#name}:${id}`, payload)
  }

  async find(id: string): Promise<Record<string, unknown> | undefined> {
    return kept.get(`${this.#name}:${id}`)
  }

  async destroy(id: string): Promise<void> {
    kept.delete(`${this.#name}:${id}`)
  }
}
