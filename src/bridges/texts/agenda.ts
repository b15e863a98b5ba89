/** When each of many things is to be looked at again, the earliest first; of equal times in the order of their keys. */
export interface Agenda {
  /** Sets the time of a key, whatever it was before. */
  set(key: string, at: number): void
  delete(key: string): void
  has(key: string): boolean
  /** Takes the first key that is due; undefined where none is. */
  takeDue(now: number): string | undefined
  /** The earliest time; undefined where nothing is on it. */
  next(): number | undefined
}

interface Entry { readonly key: string; readonly at: number } // prettier-ignore

const isBefore = (a: Entry, b: Entry): boolean => a.at < b.at || (a.at === b.at && a.key < b.key)

/** A heap; an entry whose time was set anew stays in it until it comes up, and counts for nothing. */
export function agenda(): Agenda {
  const times = new Map<string, number>()
  const heap: Entry[] = []
  const swap = (a: number, b: number): void => void ([heap[a], heap[b]] = [heap[b]!, heap[a]!])
  const push = (entry: Entry): void => {
    heap.push(entry)
    for (let at = heap.length - 1; at > 0;) {
      const parent = (at - 1) >> 1
      if (!isBefore(heap[at]!, heap[parent]!)) return
      swap(at, parent)
      at = parent
    }
  }
  const pop = (): void => {
    swap(0, heap.length - 1)
    heap.pop()
    for (let at = 0; ;) {
      const [left, right] = [2 * at + 1, 2 * at + 2]
      let least = at
      if (left < heap.length && isBefore(heap[left]!, heap[least]!)) least = left
      if (right < heap.length && isBefore(heap[right]!, heap[least]!)) least = right
      if (least === at) return
      swap(at, least)
      at = least
    }
  }
  const first = (): Entry | undefined => {
    while (heap.length > 0 && times.get(heap[0]!.key) !== heap[0]!.at) pop()
    return heap[0]
  }
  return {
    set(key, at) {
      if (times.get(key) === at) return
      times.set(key, at)
      push({ key, at })
    },
    delete: (key) => void times.delete(key),
    has: (key) => times.has(key),
    takeDue(now) {
      const entry = first()
      if (!entry || entry.at > now) return undefined
      times.delete(entry.key)
      return entry.key
    },
    next: () => first()?.at,
  }
}
