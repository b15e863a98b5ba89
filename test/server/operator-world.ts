/** A portal with a practice, a site that was never enrolled, one that is connected and one that is silent; the operator's page over its real parts, its time held. */
import { join } from 'node:path'
import { openPortal } from '../../src/portal.ts'
import type { Portal } from '../../src/portal/portal-face.ts'
import { createReferenceDatabase } from '../../src/bridges/insched/create-sqlite.ts'
import { enroll } from '../../src/enrolling.ts'
import { openSite, type Site } from '../../src/site.ts'
import { serveCardSandbox } from '../../src/server/card-sandbox-page.ts'
import { callControl } from '../../src/server/control.ts'
import { clock, folder, master } from '../replica/world.ts'

export interface OperatorWorld {
  readonly portal: Portal
  readonly site: Site
  readonly url: string
  readonly practice: string
  readonly dir: string
  /** The path of a fresh link, as the command prints it. */
  link(): Promise<string>
  close(): Promise<void>
}

export async function openOperatorWorld(): Promise<OperatorWorld> {
  const dir = folder()
  const file = join(dir, 'insched.db')
  await createReferenceDatabase(file, { patients: 12, now: clock.now() })
  const at = { dir: join(dir, 'portal'), master, clock, log: () => {} }
  const before = await openPortal(at)
  const { practiceId: practice } = await before.addPractice({ name: 'Desert Bloom', zone: 'America/Phoenix' })
  await before.close()
  const cards = await serveCardSandbox({ port: 0, clock, secretKey: 'sk_test_1', webhookSecret: 'whsec_1' })
  const account = { secretKey: 'sk_test_1', webhookSecrets: ['whsec_1'], apiBase: cards.url }
  const portal = await openPortal({ ...at, accounts: new Map([[practice, account]]) })
  const url = await portal.listen({ port: 0, host: '127.0.0.1' })
  const { enrollmentCode: code } = portal.addSite({ practice, name: 'Mesa' })
  portal.addSite({ practice, name: 'Scottsdale' })
  await enroll({ dir: join(dir, 'site'), master, clock, portal: url, code, insched: `sqlite:${file}` })
  const site = await openSite({ dir: join(dir, 'site'), master, clock })
  await site.upload()
  return {
    portal,
    site,
    url,
    practice,
    dir,
    async link() {
      const { url: at } = (await callControl(join(dir, 'portal'), 'operator link', {})) as { url: string }
      return new URL(at).pathname
    },
    async close() {
      await site.close()
      await portal.close()
      await cards.close()
    },
  }
}
