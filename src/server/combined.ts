/** Combined patients behind the pages (DOM-10): whose pages show what a document says, by the records that InSched has filled. Every entry keeps its own patient. */
import type { Replica } from '../replica/replica-face.ts'

/** The patient whose pages show what hangs on `key`: itself, or the last Survivor; itself in a circle too. */
export async function survivorOf(replica: Pick<Replica, 'record'>, key: string): Promise<string> {
  const seen = new Set<string>()
  for (let at = key; ;) {
    const survivor = (await replica.record('patients', at))?.fields['survivor']
    if (typeof survivor !== 'string') return at
    if (seen.has(at)) return key
    seen.add(at)
    at = survivor
  }
}

/** The patients that were combined into one, through others too; each once, without the one itself. */
export async function donorsOf(replica: Pick<Replica, 'index'>, key: string): Promise<string[]> {
  const found = new Set<string>()
  for (const next = [key]; next.length > 0;) {
    for (const { id } of await replica.index({ view: 'donor', patient: next.pop()! })) {
      if (id === key || found.has(id)) continue
      found.add(id)
      next.push(id)
    }
  }
  return [...found]
}
