/** How a site is, in words and numbers: one state, since when, what waits, and every problem as a sentence. */
import type { InSchedBridge } from '../bridges/insched/bridge.ts'
import type { Link, Restore } from '../replica/connection.ts'
import type { Replica } from '../replica/replica-face.ts'

export async function statusOf(site: {
  readonly replica: Replica
  readonly bridge: InSchedBridge
  readonly link: Link
}) {
  const { replica, bridge, link } = site
  const now = await link.status()
  const insched = bridge.status()
  const problems = [insched.problem, now.problem].filter((problem) => problem !== null)
  const since = new Date(now.since).toISOString()
  const state =
    now.state !== 'connected' ? `Down since ${since}` : now.behind > 0 || insched.problem ? 'Behind' : 'Working'
  return {
    state,
    since,
    link: now.state,
    peers: [
      {
        name: 'portal',
        sent: now.sent,
        acked: Math.max(0, now.sent - now.behind),
        received: now.received,
        behind: now.behind,
      },
    ],
    queues: { toPortal: now.behind, reviews: (await replica.index({ view: 'review', state: 'open' })).length },
    lastContact: now.lastContact === null ? null : new Date(now.lastContact).toISOString(),
    problems,
    notes: now.restores.map(inWords),
  }
}

/** What a restore was. */
function inWords({ which, at, rows }: Restore): string {
  const changes = `${rows.toLocaleString('en-US')} ${rows === 1 ? 'change' : 'changes'}`
  const when = new Date(at).toISOString()
  return which === 'here'
    ? `This replica was restored (noticed at ${when}); ${changes} came back from the portal.`
    : `The portal was restored (noticed at ${when}); ${changes} went back to it.`
}
