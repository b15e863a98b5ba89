/** The frame of a signed-in patient's page: the practice's name and phone, what there is to see, and for whom. */
import type { Context } from 'hono'
import { html } from 'hono/html'
import { page, type Html, type PageOptions } from '../layout.ts'
import { may, needs } from './needs.ts'
import { nameOf, patientOf, practiceOf, type Member, type PortalEnv } from './viewer.ts'

const links = [
  ['/', 'Home'],
  ['/messages', 'Messages'],
  ['/plan', 'My plan'],
] as const

/** What a page may say after a form was sent; the address only names one of these. */
const said: Readonly<Record<string, string>> = {
  confirmed: 'Thank you. Your answer is sent to the office.',
  moved: 'This appointment has changed since you opened the page. Your answer was not taken for the new time.',
  asked: 'Your wish is sent to the office. They will answer you.',
  sent: 'Your message is sent to the office.',
  password: 'Your password is set.',
}

export async function frameOf(
  c: Context<PortalEnv>,
  title: string,
  here: string,
): Promise<PageOptions & { zone: string }> {
  const viewer = c.get('viewer')
  const practice = await practiceOf(viewer)
  const key = c.req.query('said') ?? ''
  return {
    title,
    practice: practice.practiceName ?? 'Patient portal',
    phone: practice.phone ?? null,
    links: links.filter(([href]) => may(viewer, needs[`GET ${href}`])).map(([href, text]) => ({ href, text, here: href === here })),
    csrf: viewer.csrf,
    notice: Object.hasOwn(said, key) ? said[key] : undefined,
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
export async function problem(c: Context<PortalEnv>, title: string, what: string): Promise<Html> {
  return page(await frameOf(c, title, ''), html`<p class="notice error" role="alert">${what}</p>`)
}
