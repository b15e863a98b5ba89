/**
 * The one who reads a page: what it says to them (their language), how it looks to them, and where they are. Language: what
 * the account chose, then what this browser chose, then what is on file for the patient, then what the browser asks for.
 */
import type { Context, MiddlewareHandler } from 'hono'
import { getCookie, setCookie } from 'hono/cookie'
import * as v from 'valibot'
import { formOf } from '../own-forms.ts'
import { acceptedLanguage, languages, type Language } from '../words/language.ts'
import { speechIn, type Speech } from '../words/speech.ts'
import { themes, type Theme } from './tokens.ts'

export interface Reader extends Speech {
  /** What was chosen; undefined: as the reader's system has it. */
  readonly theme: Theme | undefined
  /** Where to come back to after a choice: the path of the page, or the home page where it answers a form. */
  readonly path: string
}
/** What an app must hold for its pages to know their reader. */
export interface ReaderEnv { Variables: { reader: Reader } } // prettier-ignore

/** What a reader may choose on any page. */
const choiceSchema = v.object({
  language: v.optional(v.picklist(languages)),
  theme: v.optional(v.picklist(['auto', ...themes])),
  back: v.optional(v.pipe(v.string(), v.maxLength(2_000)), '/'),
})
export const choicePath = '/preferences'
const aYear = 365 * 86_400

export interface Choices {
  /** The cookies: `<name>language` and `<name>theme`. They hold nothing of a person. */
  readonly name?: string
  readonly secure: boolean
}
const chosen = <T extends string>(c: Context, { name = '' }: Choices, what: string, of: readonly T[]): T | undefined => {
  const value = getCookie(c, `${name}${what}`)
  return of.find((one) => one === value)
} // prettier-ignore

/** Sets the reader before anything is known of who it is. */
export function reading(choices: Choices): MiddlewareHandler<ReaderEnv> {
  return (c, next) => {
    const language = chosen(c, choices, 'language', languages) ?? acceptedLanguage(c.req.header('accept-language')) ?? 'en' // prettier-ignore
    const url = new URL(c.req.url)
    // What the last form did is said once.
    url.searchParams.delete('said')
    const path = c.req.method === 'GET' ? `${url.pathname}${url.search}` : '/'
    c.header('Vary', 'Accept-Language, Cookie')
    setReader(c, { ...speechIn(language), theme: chosen(c, choices, 'theme', themes), path })
    return next()
  }
}

/** Who is known reads in the language of the account, or, where this browser chose none, in the one on file. */
export function knownReader<E extends ReaderEnv>(
  c: Context<E>,
  choices: Choices,
  known: { readonly account?: Language | undefined; readonly onFile?: Language | undefined },
): void {
  const language = known.account ?? chosen(c, choices, 'language', languages) ?? known.onFile
  if (language) setReader(c, { ...c.get('reader'), ...speechIn(language) })
}

function setReader<E extends ReaderEnv>(c: Context<E>, reader: Reader): void {
  c.set('reader', reader)
  c.header('Content-Language', reader.language)
}

/** Takes a choice and goes back to the page; `keep` is told of the language, to keep it with an account. */
export function takeChoice(choices: Choices, keep: (c: Context, language: Language) => void = () => {}) {
  return async (c: Context): Promise<Response> => {
    const form = v.safeParse(choiceSchema, await formOf(c))
    if (!form.success) return c.redirect('/', 303)
    const { language, theme, back } = form.output
    const { name = '', secure } = choices
    const set = (what: string, value: string): void => setCookie(c, `${name}${what}`, value, { path: '/', httpOnly: true, sameSite: 'Lax', secure, maxAge: aYear }) // prettier-ignore
    if (theme) set('theme', theme)
    if (language) {
      set('language', language)
      keep(c, language)
    }
    return c.redirect(ownPath(back), 303)
  }
}

/** A path of this server, whatever was asked for: nobody is sent elsewhere (CWE-601). */
function ownPath(back: string): string {
  const here = 'http://here.invalid'
  const url = URL.canParse(back, here) ? new URL(back, here) : undefined
  return url?.origin === here && !url.pathname.startsWith('//') ? `${url.pathname}${url.search}` : '/'
}
