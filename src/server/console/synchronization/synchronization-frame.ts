/** What the pages of Preferences > Synchronization share: their tabs, and a form that is saved whole or refused with a sentence next to each field. */
import type { Context } from 'hono'
import { WrongPreferences, type PreferenceKey } from '../../../mirror/preferences.ts'
import type { Content } from '../../look/html.ts'
import { faultNotice } from '../../look/notice.ts'
import { tabs } from '../../look/show.ts'
import { formOf } from '../../own-forms.ts'
import { deedOf, framed, type ConsoleEnv, type ConsoleParts } from '../frame.ts'

const paths = {
  timing: '/synchronization',
  backups: '/synchronization/backups',
  proxy: '/synchronization/proxy',
  mirror: '/synchronization/mirror',
  preview: '/synchronization/preview',
  texts: '/synchronization/texts',
} as const
export type Part = keyof typeof paths

/** A page of Preferences > Synchronization. */
export function synchronizationFramed(
  c: Context<ConsoleEnv>,
  { site }: ConsoleParts,
  part: Part,
  main: Content,
): Promise<string> {
  const { synchronization: words } = c.get('reader').words
  const links = (Object.keys(paths) as Part[]).map((one) => ({ href: paths[one], text: words.parts[one], here: one === part })) // prettier-ignore
  return framed(c, site, words.title, '/synchronization', [tabs(words.which, links), ...(Array.isArray(main) ? main : [main])]) // prettier-ignore
}

/** The fields of a form as texts; what is no text is an empty one. */
export async function textsOf(c: Context<ConsoleEnv>): Promise<(name: string) => string> {
  const given = (await formOf(c)) ?? {}
  return (name) => (Object.hasOwn(given, name) && typeof given[name] === 'string' ? given[name] : '')
}

/** What is wrong, next to which field. */
export type Faults = Readonly<Partial<Record<PreferenceKey, string>>>

/** What stands above a form that was refused. */
export function refusedNotice(c: Context<ConsoleEnv>, faults: object): Content {
  return faultNotice(Object.keys(faults).length > 0 ? c.get('reader').words.synchronization.nothingChanged : undefined)
}

/**
 * Saves what differs of the values, all or none, each in the trail with what it was; then goes back to the part. Where one
 * is wrong nothing is changed, and `refused` makes the page that says so.
 */
export async function saved(
  c: Context<ConsoleEnv>,
  { site, store }: ConsoleParts,
  values: Readonly<Partial<Record<PreferenceKey, string>>>,
  part: Part,
  refused: (faults: Faults) => Promise<string>,
): Promise<Response> {
  const held = site.preferences.get()
  const differs = Object.fromEntries(Object.entries(values).filter(([key, value]) => held[key] !== value.trim()))
  try {
    if (Object.keys(differs).length === 0) return c.redirect(`${paths[part]}?said=same`, 303)
    for (const one of await site.preferences.change(differs))
      store.audit.record(deedOf(c, 'preference changed', { of: [one.key, one.old, one.new] }))
    return c.redirect(`${paths[part]}?said=saved`, 303)
  } catch (error) {
    if (!(error instanceof WrongPreferences)) throw error
    const { wrong } = c.get('reader').words.synchronization
    const faults = [...error.faults].map(([key, why]) => [key, why === 'not taken' ? wrong.notTaken[key] : wrong.together[why]]) // prettier-ignore
    return c.html(await refused(Object.fromEntries(faults) as Faults), 400)
  }
}
