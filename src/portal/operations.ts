/** What can be asked of a portal by name, from the command line: each parses what it is given, and answers in JSON. */
import * as v from 'valibot'
import { asTheSite, isNarrowed, mirrorKeys, shareOf, textOf } from '../mirror/mirror-settings.ts'
import type { AuditTrail } from '../server/audit-sqlite.ts'
import type { Operations } from '../server/control.ts'
import type { OperatorLinks } from '../server/operator/operator-links.ts'
import { exchangeFiles } from './exchange-files.ts'
import type { Portal } from './portal-face.ts'

/** What only a running portal can do for its operator. */
export function operatorOperations(links: OperatorLinks, audit: AuditTrail, at: string): Operations {
  return {
    async 'operator link'() {
      const { path, until } = links.make()
      audit.record({ did: 'operator link made', by: 'command line' })
      return { url: `${at}${path}`, expiresAt: new Date(until).toISOString() }
    },
  }
}

const narrowInput = v.object({
  site: v.string(),
  key: v.string(),
  value: v.optional(v.string(), ''),
  content: v.optional(v.picklist(['keep', 'erase'])),
  clear: v.optional(v.literal('yes')),
})

/** The operations of a portal by name, for the command line. */
export function portalOperations(portal: Portal): Operations {
  return {
    'practice add': (input) => portal.addPractice(v.parse(v.object({ name: v.string(), zone: v.string() }), input)),
    'site add': async (input) => portal.addSite(v.parse(v.object({ practice: v.string(), name: v.string() }), input)),
    'site retire': (input) => {
      const { site, to } = v.parse(v.object({ site: v.string(), to: v.optional(v.string()) }), input)
      return portal.retireSite(site, to)
    },
    'station add': (input) => portal.addStation(v.parse(v.object({ practice: v.string(), name: v.string() }), input)),
    'station token': async (input) => portal.renewToken(v.parse(v.object({ site: v.string() }), input).site),
    ...exchangeFiles(portal.stations),
    'device revoke': (input) => portal.revokeDevice(v.parse(v.object({ site: v.string() }), input).site),
    'portal status': () => portal.status(),
    async 'portal mirror'(input) {
      const { own, portals } = await portal.mirrorOf(v.parse(v.object({ site: v.string() }), input).site)
      const item = (key: string) => ({ key, site: textOf(own, key), portal: portals[key] ?? null, narrowed: isNarrowed(key, own, portals) }) // prettier-ignore
      const shares = Object.keys({ ...own, ...portals }).filter((key) => shareOf(key) !== undefined)
      return { items: [...mirrorKeys, ...shares].map(item) }
    },
    async 'portal narrow'(input) {
      const { site, clear, ...change } = v.parse(narrowInput, input)
      const [done] = await portal.narrow(site, [clear === 'yes' ? { ...change, value: asTheSite } : change], 'command line') // prettier-ignore
      return done!
    },
    'payments reconcile': async (input) => {
      const { practice, days } = v.parse(
        v.object({ practice: v.optional(v.string()), days: v.optional(v.number()) }),
        input,
      )
      const all = (await portal.status()).practices.map((one) => one.practiceId)
      const [only, ...more] = practice === undefined ? all : [practice]
      if (only === undefined || more.length > 0)
        throw new Error('Name the practice with --practice. List them with: patientconnection portal status')
      return portal.reconcilePayments(only, days)
    },
    'portal release': async (input) => portal.release(v.parse(v.object({ practice: v.string() }), input).practice),
  }
}
