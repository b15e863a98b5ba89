/**
 * Folders that are copied and put back, as after the loss of a disk: a place is stopped, copied, works on, is stopped,
 * put back to the copy and started again. What it acknowledged since and any peer has must be back; what it alone had
 * is marked in the ledger as lost with the disk. Also a copy that is started beside the original.
 */
import { join } from 'node:path'
import { derivedUlid } from '../../../src/replica/ids.ts'
import { freePort, launch, run } from '../../cli/office.ts'
import type { Machine } from './machine.ts'
import type { Practice, SignedIn, Site } from './practice.ts'
import { itemText, type Item, type Work } from './work.ts'

export interface PlaceCopy {
  readonly machine: Machine
  readonly dir: string
  /** What was acknowledged when the copying began, so that the copy has it. */
  readonly holds: ReadonlySet<Item>
}

/** Copies the folder of a place, between two lives of its process. */
export async function copyPlace(practice: Practice, work: Work, machine: Machine): Promise<PlaceCopy> {
  const dir = join(practice.dir, 'copies', machine.name.replace(' ', '-'))
  const holds = new Set(work.ledger.filter((item) => item.acknowledged && !item.lost))
  await machine.copyTo(dir)
  return { machine, dir, holds }
}

/** Puts a place back to its copy; resolves with how many acknowledged items were lost with the disk, none where all had spread. */
export async function putBack(practice: Practice, work: Work, copy: PlaceCopy): Promise<number> {
  const { machine, dir, holds } = copy
  let lost: Item[] = []
  await machine.putBack(dir, async () => {
    const since = work.ledger.filter((item) => !item.lost && !holds.has(item) && isSaidTo(practice, item, machine))
    const spread = await Promise.all(since.map((item) => isElsewhere(practice, item)))
    lost = since.filter((_, i) => !spread[i])
    // An answer that is still under way acknowledges for the life that is over.
    for (const item of lost) item.lost = true
  })
  return lost.filter((item) => item.acknowledged).length
}

/** Whether a place is the one that acknowledges an item. */
function isSaidTo(practice: Practice, item: Item, machine: Machine): boolean {
  return machine === (item.kind === 'staff message' ? item.site.machine : practice.portal)
}

/** Whether the peer of the place that acknowledges an item has it: the portal what staff say, the site what patients say. */
async function isElsewhere(practice: Practice, item: Item): Promise<boolean> {
  const { site } = item
  if (item.kind === 'staff message') {
    await practice.portal.up()
    return textsOf(await browserOf(site, item).threads()).includes(item.text)
  }
  if (item.kind !== 'confirmation')
    return site.insched
      .prepare('select body from communications where patient_id = ?')
      .pluck()
      .all(item.patient)
      .some((body) => textsOf(body as string).includes(item.text))
  if (site.insched.prepare('select 1 from pc_effects where effect_id = ?').get(`confirmation:${item.id}`)) return true
  await site.machine.up()
  const { items } = ((await site.control('reviews')) ?? { items: [] }) as { items: { id: string }[] }
  return items.some((review) => review.id === derivedUlid('confirmation set aside', item.event!, item.id!))
}

function browserOf(site: Site, item: Item): SignedIn['browser'] {
  return site.patients.find((one) => one.patient === item.patient)!.browser
}

function textsOf(text: string): string[] {
  return text.match(itemText) ?? []
}

/** Starts a folder of a site once more, beside the process that works; its state and what it says: it stands by. */
export async function startTwice(dir: string): Promise<string> {
  const twin = launch('site', '--data', dir, '--console-port', String(await freePort()))
  const started = await Promise.race([twin.ready.then(() => true, () => false), twin.ended.then(() => false)]) // prettier-ignore
  if (!started) {
    const { code, said } = await twin.ended
    return `${code}: ${said.trim()}`
  }
  try {
    const { state, problems } = (await run('status', '--data', dir)).result as { state: string; problems: string[] }
    return `${state}: ${problems.join(' ')}`
  } finally {
    await twin.kill('SIGKILL')
  }
}
