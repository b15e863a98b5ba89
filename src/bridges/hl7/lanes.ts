/** Order where it matters: work of one lane runs one after the other, in the order in which it was given; lanes run side by side. Work may need several lanes, as a merge of two patients does. */

export interface Lanes {
  /** Runs `work` when all that was given before for any of these lanes has ended, however it ended. */
  run<T>(keys: readonly string[], work: () => Promise<T>): Promise<T>
  /** Resolves when what was given so far has ended. */
  idle(): Promise<void>
}

export function lanesOfWork(): Lanes {
  const tails = new Map<string, Promise<void>>()
  return {
    run(keys, work) {
      const before = keys.flatMap((key) => tails.get(key) ?? [])
      const result = Promise.all(before).then(work)
      const ended = result.then(
        () => {},
        () => {},
      )
      for (const key of keys) tails.set(key, ended)
      void ended.then(() => {
        for (const key of keys) if (tails.get(key) === ended) tails.delete(key)
      })
      return result
    },
    async idle() {
      while (tails.size > 0) await Promise.all(tails.values())
    },
  }
}
