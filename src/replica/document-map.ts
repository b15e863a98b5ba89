/** Something for each document, by collection and key. A map for each collection: no text is put together to look one up. */
export class DocumentMap<Collection, T> {
  readonly #collections = new Map<Collection, Map<string, T>>()
  #size = 0

  get size(): number {
    return this.#size
  }
  has(collection: Collection, key: string): boolean {
    return this.#collections.get(collection)?.has(key) ?? false
  }
  get(collection: Collection, key: string): T | undefined {
    return this.#collections.get(collection)?.get(key)
  }
  set(collection: Collection, key: string, value: T): void {
    let keys = this.#collections.get(collection)
    if (!keys) this.#collections.set(collection, (keys = new Map()))
    const before = keys.size
    keys.set(key, value)
    this.#size += keys.size - before
  }
  clear(): void {
    this.#collections.clear()
    this.#size = 0
  }
}
