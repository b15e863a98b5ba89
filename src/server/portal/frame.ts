/** The frame of a signed-in patient's page: the practice's name and phone, what there is to see, and for whom. */
import type { Context } from 'hono'
import type { Clock } from '../../replica/clock.ts'
import { liveContents, withDigest, type LiveName } from '../live-contents.ts'
import type { Frame } from '../look/page.ts'
import { problemPage } from '../look/problem-page.ts'
import { warnBefore } from '../sessions.ts'
import type { Problem } from '../words/en/problems.ts'
import { speechIn } from '../words/speech.ts'
import { may, needs } from './needs.ts'
import { nameOf, patientOf, practiceOf, unreadOf, type Member, type PortalEnv, type Viewer } from './viewer.ts'

/** Which live view a page follows; all others the one of home. */
const liveNames: Readonly<Record<string, LiveName>> = { '/messages': 'messages', '/plan': 'plan' }

async function liveOf(viewer: Viewer, name: LiveName, clock: Clock): Promise<Frame['live']> {
  const to = { account: viewer.account, clock, speech: speechIn(viewer.spoken) }
  const { page } = withDigest(await liveContents[name](viewer, to))
  return { name, digest: page!['digest'] as string }
}

/** `here` is the line of the menu; `reads` the thread that the page is about to show, which is read by that. */
export async function frameOf(
  c: Context<PortalEnv>,
  title: string,
  here: string,
  reads?: string,
): Promise<Frame & { zone: string }> {
  const viewer = c.get('viewer')
  const reader = c.get('reader')
  const { menu } = reader.words.patient
  const said = { ...reader.words.patient.said, ...reader.words.account.said, ...reader.words.pay.said }
  const practice = await practiceOf(viewer)
  const zone = practice.zone ?? 'UTC'
  const now = viewer.session.seen
  const key = c.req.query('said') ?? ''
  const links = [
    { href: '/', picture: 'home' as const, text: menu.home },
    { href: '/appointments', picture: 'calendar' as const, text: menu.appointments },
    {
      href: '/messages',
      picture: 'mail' as const,
      text: menu.messages,
      count: await unreadOf(viewer, viewer.account, reads),
    },
    { href: '/plan', picture: 'list' as const, text: menu.plan },
    ...(c.get('takesCards') ? [{ href: '/pay', picture: 'money' as const, text: menu.pay }] : []),
    { href: '/settings', picture: 'gear' as const, text: menu.settings },
  ]
  return {
    reader,
    title,
    practice: practice.practiceName ?? reader.words.frame.portal,
    phone: practice.phone ?? null,
    links: links
      .filter(({ href }) => may(viewer, needs[`GET ${href}`]))
      .map((link) => ({ ...link, here: link.href === here })),
    csrf: viewer.csrf,
    ...(c.req.method === 'GET' ? { live: await liveOf(viewer, liveNames[here] ?? 'home', c.get('clock')) } : {}),
    // The address only names one of these: what stands in it is never said.
    notice: Object.hasOwn(said, key) ? said[key as keyof typeof said] : undefined,
    family: viewer.family.length > 1 ? await Promise.all(viewer.family.map(async (one) => ({ value: one.key, label: await labelOf(one, viewer.family), here: one.key === viewer.key }))) : [], // prettier-ignore
    ends: { seconds: Math.max(0, Math.round((viewer.endsAt - now) / 1_000)), warnSeconds: warnBefore / 1_000, at: reader.instant(viewer.endsAt, zone) }, // prettier-ignore
    zone,
  }
}

/** A person's name; where the account has another of that name, with the site. */
async function labelOf(member: Member, family: readonly Member[]): Promise<string> {
  const names = await Promise.all(family.map(async (one) => nameOf(await patientOf(one))))
  const name = nameOf(await patientOf(member))
  if (names.filter((one) => one === name).length < 2) return name
  const { practiceName, siteName } = await practiceOf(member)
  return `${name} · ${[practiceName, siteName].filter(Boolean).join(', ')}`
}

/** A page that says what went wrong. */
export async function problem(c: Context<PortalEnv>, what: Problem): Promise<string> {
  return problemPage(await frameOf(c, what.title, ''), what)
}
