/**
 * What is wrong with a practice after its faults, as sentences; none means that the portal's pages, InSched's databases
 * and the ledger say the same. It waits for nothing: whoever asks polls until it is empty.
 */
import { derivedUlid } from '../../../src/replica/ids.ts'
import { formsOf } from '../../cli/office.ts'
import type { Practice, SignedIn, Site } from './practice.ts'
import { itemText, type Item, type Work } from './work.ts'

export async function disagreements(practice: Practice, work: Work): Promise<string[]> {
  const machines = [practice.portal, ...practice.sites.map((site) => site.machine)]
  const found = [...work.faults, ...machines.flatMap((machine) => machine.crashes)]
  for (const machine of machines)
    if (/item-\d+-\d+|\+1 480|From the office/.test(machine.said()))
      found.push(`${machine.name} logs what people wrote`)
  for (const site of practice.sites) {
    const items = work.ledger.filter((item) => item.site === site)
    found.push(...(await state(site)), ...communications(site, items), ...(await confirmations(site, items)))
    for (const who of site.patients) found.push(...(await pages(site, who, items)))
  }
  return found
}

/** The site itself says that it works and that nothing waits. */
async function state(site: Site): Promise<string[]> {
  const status = (await site.control('status')) as
    { state: string; queues: { toPortal: number }; problems: string[] } | undefined
  if (status === undefined) return [`${site.name} does not run`]
  const { state, queues, problems } = status
  return state === 'Working' && queues.toPortal === 0 && problems.length === 0
    ? []
    : [`${site.name} is ${state}, ${queues.toPortal} wait for the portal: ${problems.join(' ')}`]
}

/** Every message and wish is one row of communications with its id, of its patient; nothing is there that nobody said. */
function communications(site: Site, items: readonly Item[]): string[] {
  const rows = site.insched.prepare('select external_id, patient_id, body from communications').all() as {
    external_id: string
    patient_id: number
    body: string
  }[]
  const byText = Map.groupBy(rows, (row) => row.body.match(itemText)?.[0] ?? '')
  const found: string[] = []
  const said = items.filter((item) => item.kind !== 'confirmation')
  for (const item of said) {
    const [row, ...more] = byText.get(item.text) ?? []
    byText.delete(item.text)
    if (more.length > 0) found.push(`${site.name}: ${item.kind} ${item.text} is ${more.length + 1} times in InSched`)
    if (!row) {
      if (mustBeThere(item))
        found.push(`${site.name}: ${item.kind} ${item.text} was acknowledged and is not in InSched`)
    } else if (row.patient_id !== item.patient || (item.id !== undefined && row.external_id !== item.id))
      found.push(`${site.name}: ${item.kind} ${item.text} is in InSched under another id or patient`)
  }
  for (const text of byText.keys()) found.push(`${site.name}: InSched has ${text}, which nobody said`)
  return found
}

/**
 * Every confirmation is written into InSched or is a review item that says why, never both; what was written is one
 * checkpoint stamped PC, and the event says the newest of them, type Portal.
 */
async function confirmations(site: Site, items: readonly Item[]): Promise<string[]> {
  const found: string[] = []
  const db = site.insched
  const effects = new Set(db.prepare('select effect_id from pc_effects').pluck().all() as string[])
  // One that ended by itself, since the patient confirmed the new time too, still says why.
  const lists = (await Promise.all([site.control('reviews'), site.control('reviews', { resolved: true })])) as ({ items: { id: string }[] } | undefined)[] // prettier-ignore
  const reviews = new Set(lists.flatMap((list) => list?.items ?? []).map((review) => review.id))
  const said = items.filter((item) => item.kind === 'confirmation')
  for (const item of said) {
    const written = effects.has(`confirmation:${item.id}`)
    const aside = reviews.has(derivedUlid('confirmation set aside', item.event!, item.id!))
    if (mustBeThere(item) && !written && !aside)
      found.push(`${site.name}: confirmation ${item.id} was acknowledged and is neither in InSched nor a review item`)
    if (written && aside) found.push(`${site.name}: confirmation ${item.id} is in InSched and a review item too`)
  }
  const ids = new Set(said.map((item) => `confirmation:${item.id}`))
  for (const effect of effects)
    if (effect.startsWith('confirmation:') && !ids.has(effect)) found.push(`${site.name}: nobody gave ${effect}`)
  const writes = db
    .prepare(
      `select row_id, checkpoint, count(*) as rows, max(after_json ->> 'last_confirmed_date') as newest from audit_trail
       where initials = 'PC' and table_name = 'events' group by row_id, checkpoint`,
    )
    .all() as { row_id: string; checkpoint: string; rows: number; newest: string }[]
  for (const { checkpoint, rows } of writes) {
    if (rows !== 1) found.push(`${site.name}: ${checkpoint} changed InSched ${rows} times`)
    if (!effects.has(checkpoint)) found.push(`${site.name}: ${checkpoint} changed InSched and is no effect`)
  }
  for (const [event, of] of Map.groupBy(writes, (write) => write.row_id)) {
    const row = db
      .prepare('select last_confirmed_date, confirmation_type, status from events where event_id = ?')
      .get(event) as { last_confirmed_date: string; confirmation_type: string; status: string }
    const newest = of
      .map((write) => write.newest)
      .toSorted()
      .at(-1)
    if (row.last_confirmed_date !== newest || row.confirmation_type !== 'Portal' || row.status !== 'None')
      found.push(`${site.name}: event ${event} does not say what was confirmed last`)
  }
  const { items: answers } = ((await site.control('confirmations')) ?? { items: [] }) as { items: { state: string }[] }
  const waiting = answers.filter((answer) => answer.state === 'sent').length
  if (waiting > 0) found.push(`${site.name}: ${waiting} confirmations wait for InSched`)
  return found
}

/** The patient's pages show what InSched has: each message once, the events, the phone, the stages that are done. */
async function pages(site: Site, who: SignedIn, items: readonly Item[]): Promise<string[]> {
  const { patient, browser } = who
  const db = site.insched
  const found: string[] = []
  const differs = (what: string, page: unknown, insched: unknown): void => {
    if (JSON.stringify(page) !== JSON.stringify(insched))
      found.push(
        `${site.name}, patient ${patient}: the page shows ${what} ${JSON.stringify(page)}, InSched has ${JSON.stringify(insched)}`,
      )
  }
  const shown = Map.groupBy((await browser.threads()).match(itemText) ?? [], (text) => text)
  for (const item of items) {
    if (item.patient !== patient || !item.kind.endsWith('message')) continue
    const times = shown.get(item.text)?.length ?? 0
    const rows = db
      .prepare(`select count(*) from communications where body = :text or body like :text || ' %'`)
      .pluck()
      .get({ text: item.text })
    // What a site said and lost with its disk may be in InSched, and nowhere else.
    const agree = times === rows || (item.lost && times === 0)
    if (!agree || times > 1 || (mustBeThere(item) && times === 0))
      found.push(`${site.name}: ${item.kind} ${item.text} is ${times} times on the page, ${String(rows)} in InSched`)
  }
  const appointments = await browser.get('/appointments')
  const events = db
    .prepare(
      `select i.document as event, e.starts_at as startsAt from events e join pc_identity i on i.table_name = 'events' and i.local_id = e.event_id
       where e.patient_id = ? and i.gone = 0 order by e.starts_at, i.document`,
    )
    .all(patient)
  const onPage = formsOf(appointments, '/decline').map(({ hidden }) => ({
    event: hidden['event'],
    startsAt: hidden['startsAt'],
  }))
  differs('the events', sorted(onPage), sorted(events as typeof onPage))
  if (appointments.includes('Sent to the office'))
    found.push(`${site.name}, patient ${patient}: the page waits for the office`)
  const phone = db.prepare('select cell_phone from patients where patient_id = ?').pluck().get(patient)
  differs('the phone', /name="name"[^>]*value="([^"]*)"/.exec(await browser.get('/password'))?.[1], phone)
  const done = db
    .prepare(
      `select count(*) from stages s join plans p using (plan_id) where p.patient_id = ? and s.completed = 1 and s.patient_words <> ''`,
    )
    .pluck()
    .get(patient)
  differs('stages done', [...(await browser.get('/plan')).matchAll(/<li class="done"/g)].length, done)
  return found
}

function sorted(events: readonly { event: string | undefined; startsAt: string | undefined }[]) {
  return events.toSorted((a, b) => (`${a.startsAt} ${a.event}` < `${b.startsAt} ${b.event}` ? -1 : 1))
}

function mustBeThere(item: Item): boolean {
  return item.acknowledged && !item.lost
}
