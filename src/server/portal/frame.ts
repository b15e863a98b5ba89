/** The frame of a signed-in patient's page: the practice's name and phone, what there is to see, and for whom. */
import type { Context } from 'hono'
import type { Html } from '../look/html.ts'
import type { Frame } from '../look/page.ts'
import { problemPage } from '../look/problem-page.ts'
import type { Problem } from '../words/en/problems.ts'
import { nameOf, patientOf, practiceOf, unreadOf, type Member, type PortalEnv } from './viewer.ts'

export async function frameOf(c: Context<PortalEnv>, title: string, here: string): Promise<Frame & { zone: string }> {
  const viewer = c.get('viewer')
  const reader = c.get('reader')
  const { menu, said } = reader.words.patient
  const practice = await practiceOf(viewer)
  const key = c.req.query('said') ?? ''
  // What the page of messages shows is read by that, whether the index knows it yet or not.
  const links = [
    { href: '/', text: menu.home },
    { href: '/messages', text: menu.messages, count: here === '/messages' ? 0 : await unreadOf(viewer) },
    { href: '/plan', text: menu.plan },
  ]
  return {
    reader,
    title,
    practice: practice.practiceName ?? reader.words.frame.portal,
    phone: practice.phone ?? null,
    links: links.map((link) => ({ ...link, here: link.href === here })),
    csrf: viewer.csrf,
    // The address only names one of these: what stands in it is never said.
    notice: Object.hasOwn(said, key) ? said[key as keyof typeof said] : undefined,
    family: viewer.family.length > 1 ? await Promise.all(viewer.family.map(async (one) => ({ value: one.key, label: await labelOf(one, viewer.family), here: one.key === viewer.key }))) : [], // prettier-ignore
    zone: practice.zone ?? 'UTC',
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
export async function problem(c: Context<PortalEnv>, what: Problem): Promise<Html> {
  return problemPage(await frameOf(c, what.title, ''), what)
}
