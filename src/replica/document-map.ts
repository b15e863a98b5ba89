/** Something for each document, by collection and key. A map for each collection: no text is put together to look one up. */
export class DocumentMap<Collection, T> {
  readonly #collections = new Map<Collection, Map<string, T>>()
  // Mostly one collection is asked for many times.
  #last: Collection | undefined
  #keys: Map<string, T> | undefined
  #size = 0

  get size(): number {
    return this.#size
  }
  has(collection: Collection, key: string): boolean {
    return this.#of(collection)?.has(key) ?? false
  }
  get(collection: Collection, key: string): T | undefined {
    return this.#of(collection)?.get(key)
  }
  set(collection: Collection, key: string, value: T): void {
    let keys = this.#of(collection)
    if (!keys) {
      this.#collections.set(collection, (keys = new Map()))
      this.#keys = keys
    }
    const before = keys.size
    keys.set(key, value)
    this.#size += keys.size - before
  }
  clear(): void {
    this.#collections.clear()
    this.#keys = this.#last = undefined
    this.#size = 0
  }
  #of(collection: Collection): Map<string, T> | undefined {
    if (collection !== this.#last) {
      this.#last = collection
      this.#keys = this.#collections.get(collection)
    }
    return this.#keys
  }
}
