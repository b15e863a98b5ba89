/** A portal with a practice and its station, spoken to over HTTP as a station's own program does. */
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { openPortal } from '../../src/portal.ts'
import type { Portal } from '../../src/portal/portal-face.ts'
import type { OpenReplica } from '../../src/replica/replica.ts'
import { readXml, type XmlElement } from '../../src/bridges/xml/xml-reader.ts'
import { rootStart } from '../../src/bridges/xml/exchange-form.ts'
import { clock, folder, master, ulid } from '../replica/world.ts'

export interface StationWorld {
  readonly dir: string
  readonly portal: Portal
  readonly practice: string
  readonly site: string
  /** The practice's replica at the portal: what its pages show. */
  readonly replica: OpenReplica
  ask(path: string, init?: { body?: string; token?: string | null }): Promise<{ status: number; text: string; root: XmlElement }> // prettier-ignore
  /** Uploads these elements; resolves with the answer's sentence, '' where it was taken. */
  upload(inner: string, attributes?: string): Promise<string>
  /** The items of a download. */
  items(since?: number): Promise<XmlElement[]>
  acknowledge(to: number, inner?: string): Promise<string>
  /** The documents of patients, plans and events at the portal, by InSched's words. */
  atPortal(collection: 'patients' | 'plans' | 'events'): Promise<Record<string, unknown>[]>
  keyOf(collection: 'patients' | 'events', field: string, value: unknown): Promise<string>
}

export const upload = (inner: string, attributes = ''): string => `${rootStart('upload').trimEnd().slice(0, -1)}${attributes}>${inner}</upload>` // prettier-ignore
export const acknowledgement = (to: number, inner = ''): string => `${rootStart('acknowledgement', { to })}${inner}</acknowledgement>` // prettier-ignore
const wordsOf = ({ children }: XmlElement): string => children.filter((child) => typeof child === 'string').join('')
export const textOf = (element: XmlElement, name: string): string | undefined => {
  const child = element.children.find((one): one is XmlElement => typeof one !== 'string' && one.name === name)
  return child && wordsOf(child)
}

export async function openStationWorld(dir = folder()): Promise<StationWorld> {
  const portal = await openPortal({ dir: join(dir, 'portal'), master, clock, log: () => {} })
  onTestFinished(() => portal.close())
  const url = await portal.listen({ port: 0, host: '127.0.0.1' })
  const { practiceId } = await portal.addPractice({ name: 'Desert Bloom', zone: 'America/Phoenix' })
  const { siteId, token } = await portal.addStation({ practice: practiceId, name: 'Mesa' })
  const replica = portal.replicaOf(practiceId)!
  const world: StationWorld = {
    dir,
    portal,
    practice: practiceId,
    site: siteId,
    replica,
    async ask(path, { body, token: other } = {}) {
      const shown = other === undefined ? token : other
      const answer = await fetch(`${url}${path}`, {
        ...(body === undefined ? {} : { method: 'POST', body }),
        headers: shown === null ? {} : { authorization: `Bearer ${shown}` },
      })
      const text = await answer.text()
      return { status: answer.status, text, root: readXml(Buffer.from(text)) }
    },
    async upload(inner, attributes) {
      const { status, root } = await world.ask('/exchange/upload', { body: upload(inner, attributes) })
      return status === 200 ? '' : wordsOf(root)
    },
    async items(since) {
      const { root } = await world.ask(`/exchange/download${since === undefined ? '' : `?since=${since}`}`)
      return root.children.filter((child): child is XmlElement => typeof child !== 'string')
    },
    async acknowledge(to, inner) {
      const { status, root } = await world.ask('/exchange/acknowledgement', { body: acknowledgement(to, inner) })
      return status === 200 ? '' : wordsOf(root)
    },
    async atPortal(collection) {
      const heads = await replica.list(collection, undefined, 10_000)
      const records = await Promise.all(heads.map(async ({ key }) => (await replica.record(collection, key))?.fields))
      return records.filter((fields) => fields !== undefined && fields['deleted'] === false) as Record<
        string,
        unknown
      >[]
    },
    async keyOf(collection, field, value) {
      for (const { key } of await replica.list(collection, undefined, 10_000))
        if ((await replica.record(collection, key))?.fields[field] === value) return key
      throw new Error(`There are no ${collection} with this ${field}`)
    },
  }
  return world
}

/** What a patient says at the portal. */
export async function confirms(world: StationWorld, event: string, startsAt: string): Promise<string> {
  const { at: _, ...facts } = (await world.replica.head('events', event))!.facts
  const patient = facts.patient!
  const id = ulid()
  const answered = { kind: 'answered' as const, at: clock.now(), by: { role: 'patient' as const, id: patient }, channel: 'portal' as const, patient, startsAt } // prettier-ignore
  await world.replica.change([{ collection: 'confirmations', key: event, facts, add: { [id]: answered } }])
  return id
}
