/**
 * What staff and patients do while faults happen, and the ledger of it: what was acknowledged must be there once, what
 * was not may be there once or not at all. Every text is said by one item only. Which items, for whom and in which
 * order comes from the seed.
 */
import { randomBytes } from 'node:crypto'
import { run, formsOf } from '../../cli/office.ts'
import type { Chance } from './chance.ts'
import type { Machine } from './machine.ts'
import type { Practice, SignedIn, Site } from './practice.ts'

export interface Item {
  readonly kind: 'staff message' | 'patient message' | 'confirmation' | 'wish'
  readonly site: Site
  readonly patient: number
  /** The text of a message or the note of a wish; of a confirmation nothing. */
  readonly text: string
  /** The entry's id as far as it is known: of a form always, of a staff message once it is acknowledged. */
  id: string | undefined
  /** The event's document, of a confirmation. */
  readonly event?: string
  acknowledged: boolean
  /** Acknowledged by a place that was then put back to an older copy, when no peer had it yet: nobody can have it back. */
  lost: boolean
}

/** The texts of items as they stand on pages and in InSched. */
export const itemText = /\bitem-\d+-\d+\b/g

export class Work {
  readonly ledger: Item[] = []
  /** Changes that staff made in InSched itself, all acknowledged by its database. */
  edits = 0
  /** What went wrong in a way that no fault explains. */
  readonly faults: string[] = []
  readonly #practice: Practice
  readonly #chance: Chance
  #doing: Promise<unknown> = Promise.resolve()
  #texts = 0

  constructor(practice: Practice, chance: Chance) {
    this.#practice = practice
    this.#chance = chance
  }

  /** Refusals that said that a disk is full. */
  refusedForRoom = 0

  /** Begins some work at every site and waits for none of it; an actor does one thing after the other. */
  begin(): void {
    const began: Promise<void>[] = []
    for (const site of this.#practice.sites) {
      // The choices are made here, at once, so that they hang on the seed and not on how fast things go.
      const staff = Array.from({ length: 3 }, () => this.#staffDoes(site))
      const patient = this.#chance.pick(site.patients)
      const said = Array.from({ length: 2 }, () => this.#patientDoes(site, patient))
      began.push(inTurn(staff), inTurn(said))
    }
    const before = this.#doing
    this.#doing = Promise.all([before, ...began])
  }
  /** Resolves when nothing that was begun is under way. */
  async done(): Promise<void> {
    await this.#doing
  }

  #text(): string {
    return `item-${this.#chance.seed}-${++this.#texts}`
  }
  #enter(item: Omit<Item, 'acknowledged' | 'lost'>): Item {
    const entered = { ...item, acknowledged: false, lost: false }
    this.ledger.push(entered)
    return entered
  }
  /** `life`: that of the place when it was asked. */
  #acknowledge(item: Item, by: Machine, life: number): void {
    item.acknowledged = true
    if (by.lives === life) item.lost = false
  }

  /** Says long things at a place without room, each in the ledger, until one is refused for that. */
  async fill(place: Machine): Promise<void> {
    const { portal, sites } = this.#practice
    const before = this.refusedForRoom
    const site = sites.find((one) => one.machine === place) ?? this.#chance.pick(sites)
    const who = this.#chance.pick(site.patients)
    for (let i = 0; i < 60 && this.refusedForRoom === before; i++)
      if (place === portal) {
        const long = randomBytes(6_000).toString('base64')
        await this.#fill(site, who, { page: '/messages', action: '/messages', kind: 'patient message', which: i, again: false, long }) // prettier-ignore
      } else await this.#staffWrites(site, who.patient, false, randomBytes(6_000).toString('base64'))()
    if (this.refusedForRoom === before) this.faults.push(`${place.name} has no room and refuses nothing`)
  }

  #staffDoes(site: Site): () => Promise<void> {
    const { patient } = this.#chance.pick(site.patients)
    const many = this.#chance.below(1_000_000)
    switch (this.#chance.below(6)) {
      case 0:
        return this.#edit(site, (db) => {
          const events = db.prepare('select event_id from events where patient_id = ? order by 1').pluck().all(patient)
          const day = new Date(Date.now() + (10 + (many % 300)) * 86_400_000).toISOString().slice(0, 10)
          const start = `${day}T${String(8 + (many % 9)).padStart(2, '0')}:${String(many % 60).padStart(2, '0')}`
          db.prepare('update events set starts_at = ? where event_id = ?').run(start, events[many % events.length])
        })
      case 1:
        return this.#edit(site, (db) => {
          const phone = `+1 480 ${String(many).padStart(7, '0')}`
          db.prepare('update patients set cell_phone = ? where patient_id = ?').run(phone, patient)
        })
      case 2:
        return this.#edit(site, (db) => {
          db.prepare(
            `update stages set completed = 1 - completed, completed_on = '2026-11-23' where stage_id =
             (select stage_id from stages join plans using (plan_id) where patient_id = ? order by stage_id limit 1 offset ?)`,
          ).run(patient, many % 6)
        })
      case 3:
        return this.#staffWrites(site, patient, true)
      default:
        return this.#staffWrites(site, patient, false)
    }
  }
  #edit(site: Site, change: (db: Site['insched']) => void): () => Promise<void> {
    return async () => {
      change(site.insched)
      this.edits++
    }
  }
  #staffWrites(site: Site, patient: number, byCommand: boolean, long = ''): () => Promise<void> {
    const item = this.#enter({ kind: 'staff message', site, patient, text: this.#text(), id: undefined })
    const message = { patient, subject: 'From the office', text: `${item.text} ${long}`.trim() }
    return async () => {
      const { machine } = site
      let life = machine.lives
      if (byCommand) {
        const args = ['--patient', String(patient), '--subject', message.subject, '--text', message.text]
        const { code, result, sentence } = await machine.command(() => {
          life = machine.lives
          return run('message', '--data', site.dir, ...args)
        })
        if (code === 0) {
          item.id = result.entryId
          this.#acknowledge(item, machine, life)
        } else this.#explain(site, sentence)
        return
      }
      await machine.up()
      life = machine.lives
      try {
        const sent = (await site.control('message', message)) as { entryId: string } | undefined
        if (sent) {
          item.id = sent.entryId
          this.#acknowledge(item, machine, life)
        }
      } catch (error) {
        this.#explain(site, (error as Error).message)
      }
    }
  }

  /** A message that was not acknowledged may be there once, or not at all; staff are told so in a sentence. */
  #explain(site: Site, sentence: string): void {
    if (site.machine.isFull && /The disk is full\. Nothing of this was saved/.test(sentence)) this.refusedForRoom++
    else if (!/Whether this was done is not known|in use by another process/.test(sentence))
      this.faults.push(`${site.name}: a message was not sent: ${sentence.slice(0, 300)}`)
  }

  #patientDoes(site: Site, who: SignedIn): () => Promise<void> {
    const which = this.#chance.below(1_000)
    const again = this.#chance.once(2)
    switch (this.#chance.below(5)) {
      case 0:
      case 1:
        return () =>
          this.#fill(site, who, { page: '/appointments', action: '/confirm', kind: 'confirmation', which, again })
      case 2: {
        const action = which % 2 ? '/decline' : '/move'
        return () => this.#fill(site, who, { page: '/appointments', action, kind: 'wish', which, again })
      }
      default:
        return () =>
          this.#fill(site, who, { page: '/messages', action: '/messages', kind: 'patient message', which, again })
    }
  }
  /** Sends one of the forms of a page; where the answer is lost, perhaps the same form again, as people do. */
  async #fill(
    site: Site,
    who: SignedIn,
    what: {
      page: string
      action: string
      kind: Exclude<Item['kind'], 'staff message'>
      which: number
      again: boolean
      long?: string
    },
  ): Promise<void> {
    const { portal } = this.#practice
    let page: string
    try {
      await portal.up()
      page = await who.browser.get(what.page)
    } catch {
      // The portal went away before anything was said.
      return
    }
    const forms = formsOf(page, what.action)
    if (forms.length === 0) {
      if (what.kind !== 'confirmation')
        this.faults.push(`${site.name}: the page ${what.page} has no form ${what.action}`)
      return
    }
    const form = forms[what.which % forms.length]!
    const { kind } = what
    const text = kind === 'confirmation' ? '' : this.#text()
    const item = this.#enter({
      kind, site, patient: who.patient, text, id: form.hidden['id'], ...(form.hidden['event'] ? { event: form.hidden['event'] } : {}),
    }) // prettier-ignore
    const fields: Record<string, string> =
      kind === 'confirmation'
        ? {}
        : kind === 'wish'
          ? { note: text }
          : {
              text: `${text} ${what.long ?? ''}`.trim(),
              ...(form.hidden['subject'] ? {} : { subject: 'From a patient' }),
            }
    for (let tries = 0; tries < (what.again ? 5 : 1) && !item.acknowledged; tries++) {
      try {
        await portal.up()
        const life = portal.lives
        const { status } = await who.browser.send(form, fields)
        if (status === 303) this.#acknowledge(item, portal, life)
        else if (status === 503 && portal.isFull) this.refusedForRoom++
        else this.faults.push(`${site.name}: ${what.action} answered ${status}`)
      } catch {
        // The answer is lost: whether it was taken is not known.
      }
    }
  }
}

async function inTurn(things: readonly (() => Promise<void>)[]): Promise<void> {
  for (const thing of things) await thing()
}
