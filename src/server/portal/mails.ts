/** What the portal mails to a patient: a code, or that something happened to their sign-in. No word of it is about the patient (DOM-12). */
import type { Mailer } from '../../bridges/email/mailer.ts'
import type { Clock } from '../../replica/clock.ts'
import { codeLasts } from '../accounts-sqlite.ts'
import type { ControlStore } from '../control-store-sqlite.ts'
import type { Language } from '../words/language.ts'
import { speechIn } from '../words/speech.ts'
import type { Fronts } from './front.ts'

export type Mails = ReturnType<typeof mailsOf>

/** A notice is of use for a day. */
const noticeLasts = 24 * 3_600_000

export function mailsOf(options: {
  readonly mailer: Mailer | undefined
  readonly store: ControlStore
  readonly fronts: Fronts
  readonly clock: Clock
  readonly log: (line: string) => void
}) {
  const { mailer, store, fronts, clock, log } = options
  /** The display name of the practice that an account is of. */
  const practiceOf = async (account: string, language: Language): Promise<string> => {
    const first = store.patientsOf(account)[0]
    return (first && (await fronts.of(first.practice)).practice) ?? speechIn(language).words.frame.portal
  }
  /** Never awaited by an answer: how long it takes says whether there is somebody to mail to. */
  const later = (work: () => Promise<void>): void => {
    work().catch((error: unknown) => log(`A mail could not be made: ${(error as Error).name}`))
  }
  return {
    /** Whether this portal sends mail at all. */
    sends: mailer !== undefined,
    code(account: string, to: string, code: string, language: Language) {
      later(async () => {
        const practice = await practiceOf(account, language)
        const { mail } = speechIn(language).words.account
        mailer?.send({ to, from: practice, subject: mail.codeSubject(practice), text: mail.code(practice, code), until: clock.now() + codeLasts }) // prettier-ignore
      })
    },
    /** To the confirmed address of an account, or to the one it had until now. */
    notice(account: string, what: 'tries' | 'changed', url: string, to = store.emailOf(account)) {
      if (to === undefined) return
      later(async () => {
        const language = store.languageOf(account) ?? 'en'
        const practice = await practiceOf(account, language)
        const { mail } = speechIn(language).words.account
        mailer?.send({ to, from: practice, subject: mail.noticeSubject(practice), text: mail[what](practice, url), until: clock.now() + noticeLasts }) // prettier-ignore
      })
    },
  }
}
