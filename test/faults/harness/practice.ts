/**
 * A practice under faults: a portal and sites as processes, each site behind a proxy of its own, each with an InSched
 * database, staff connected to it, and patients who are signed in at the portal.
 */
import type Database from 'better-sqlite3'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { callControl } from '../../../src/server/control.ts'
import { enrollPractice, signInAt, type Patient } from '../../cli/office.ts'
import { Machine } from './machine.ts'
import { openProxy, type Proxy } from './proxy.ts'

export interface Site {
  readonly name: string
  readonly dir: string
  /** Its id at the portal. */
  readonly id: string
  readonly insched: Database.Database
  readonly machine: Machine
  readonly proxy: Proxy
  readonly patients: readonly SignedIn[]
  /** An operation of the running site; undefined where it does not run, rejects where it broke off. */
  control(name: string, input?: Record<string, unknown>): Promise<unknown>
}
export interface SignedIn {
  /** Local id in InSched. */
  readonly patient: number
  readonly browser: Patient
}
export interface Practice {
  readonly dir: string
  readonly portalDir: string
  readonly portal: Machine
  readonly sites: readonly Site[]
  /** Ends all processes in order; the folders stay. */
  stop(): Promise<void>
  close(): Promise<void>
}

/** The patients who take part, by local id. */
const taking = [1, 2, 3]

/** Whoever takes part has two events ahead and a plan; without an email, so that a page shows the cell phone. */
function prepare(insched: Database.Database): void {
  insched.pragma('busy_timeout = 10000')
  insched.transaction(() => {
    for (const patient of taking) {
      insched
        .prepare(
          `update patients set portal_enabled = 1, survivor_id = null, email = null, cell_phone = '+1 480 555 0100' where patient_id = ?`,
        )
        .run(patient)
      insched.prepare('delete from events where patient_id = ?').run(patient)
      for (const day of ['05', '20'])
        insched
          .prepare(
            `insert into events(event_type, patient_id, location_id, starts_at, minutes, resources, status, alert_notes)
             values ('CONS', ?, 1, strftime('%Y-%m', 'now', '+3 months') || ?, 45, '[]', 'None', '')`,
          )
          .run(patient, `-${day}T10:00`)
    }
  })()
}

export async function openPractice(sites: number): Promise<Practice> {
  const proxies: Proxy[] = []
  const enrolled = await enrollPractice({
    sites,
    patients: 25,
    prepare,
    async address(portal) {
      const proxy = await openProxy(Number(new URL(portal).port))
      proxies.push(proxy)
      return `http://127.0.0.1:${proxy.port}`
    },
  })
  const { url } = await enrolled.portal.ready
  const portal = new Machine('portal', enrolled.portalDir, enrolled.launchPortal, enrolled.portal)
  const opened = await Promise.all(
    enrolled.sites.map(async (site, number): Promise<Site> => {
      const settings = JSON.parse(readFileSync(join(site.dir, 'site.json'), 'utf8')) as { site: string; portal: string }
      const machine = new Machine(`site ${number + 1}`, site.dir, site.launch)
      await machine.up()
      const patients: SignedIn[] = []
      for (const patient of taking) patients.push({ patient, browser: await signInAt(url, site, patient) })
      return {
        name: machine.name,
        dir: site.dir,
        id: settings.site,
        insched: site.insched,
        machine,
        proxy: proxies.find((proxy) => settings.portal.endsWith(`:${proxy.port}`))!,
        patients,
        control: (name, input = {}) => callControl(site.dir, name, input),
      }
    }),
  )
  const stop = async (): Promise<void> => {
    await Promise.all([portal.stop(), ...opened.map((site) => site.machine.stop())])
  }
  return {
    dir: enrolled.dir,
    portalDir: enrolled.portalDir,
    portal,
    sites: opened,
    stop,
    async close() {
      await stop()
      await Promise.all(proxies.map((proxy) => proxy.close()))
      for (const site of opened) site.insched.close()
    },
  }
}
