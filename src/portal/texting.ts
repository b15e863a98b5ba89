/**
 * How a portal reaches patients by itself: for each practice a sender and a receiver of texts where it has an account, mails
 * where there is a server for them, and the apps that the provider posts to and that links of mails open.
 */
import type { DeliveryReport } from '../bridges/email/bounces.ts'
import { emailing, type Emailing } from '../bridges/email/emailing.ts'
import type { Mailer } from '../bridges/email/mailer.ts'
import { situationsOf } from '../bridges/texts/situation.ts'
import { heldTexts } from './held-texts.ts'
import type { OpenReplica } from '../replica/replica.ts'
import { consentKeys } from '../bridges/texts/consent-number.ts'
import type { TextProvider } from '../bridges/texts/provider.ts'
import { textReceiver } from '../bridges/texts/receiving.ts'
import { textSender, type TextSender } from '../bridges/texts/sender.ts'
import { welcoming, type Welcoming } from '../bridges/texts/welcoming.ts'
import { twilioProvider, type Ask, type TextAccount } from '../bridges/texts/twilio.ts'
import type { Clock } from '../replica/clock.ts'
import type { NamedProxies } from '../server/reverse-proxy.ts'
import { receivedPath, statusPath, textWebhooks } from '../server/texts/webhooks.ts'
import { calendarAddress } from '../bridges/texts/composing.ts'

export interface PortalTexts {
  /** The account of a practice; undefined: it sends no texts. */
  readonly accountOf: (practice: string) => TextAccount | undefined
  /** How the provider is asked. */
  readonly ask: Ask
  /** How long after a call without an answer a text that is not at the provider counts as not taken, milliseconds. */
  readonly patience?: number | undefined
  /** Between two texts, milliseconds. */
  readonly pace?: number | undefined
}
interface TextingPractice { readonly replica: OpenReplica; readonly hmacKey: Uint8Array; readonly indexed: () => Promise<void> } // prettier-ignore

export type Texting = ReturnType<typeof textingOf>

export function textingOf(portal: {
  readonly texts: PortalTexts | undefined
  readonly mailer: Mailer | undefined
  readonly isOpen: (practice: string) => boolean
  /** Whether a practice takes payments by card. */
  readonly takesCards?: ((practice: string) => boolean) | undefined
  readonly anySite: (practice: string) => string | null
  readonly clock: Clock
  readonly log: (line: string) => void
}) {
  const { texts, clock, log } = portal
  const practices = new Map<string, TextingPractice>()
  const senders = new Map<string, TextSender>()
  const mails = new Map<string, Emailing>()
  const receivers = new Map<string, ReturnType<typeof textReceiver>>()
  const providers = new Map<string, TextProvider>()
  const welcomes = new Map<string, Welcoming>()
  const helds = new Map<string, ReturnType<typeof heldTexts>>()
  /** The origin that the provider posts to; undefined while this portal does not listen: then nothing goes out. */
  let origin: string | undefined

  const providerOf = (practice: string): TextProvider | undefined => {
    const held = providers.get(practice)
    const account = held ? undefined : texts?.accountOf(practice)
    if (!account) return held
    const made = twilioProvider(account, texts!.ask)
    providers.set(practice, made)
    return made
  }
  const begin = (practice: string, { replica, hmacKey, indexed }: TextingPractice): void => {
    const keys = consentKeys(hmacKey)
    const isOpen = (): boolean => portal.isOpen(practice)
    if (portal.mailer && !mails.has(practice))
      mails.set(practice, emailing({ replica, practice, keys, hmacKey, clock, mailer: portal.mailer, isOpen, takesCards: () => portal.takesCards?.(practice) ?? false, indexed, origin: origin!, log })) // prettier-ignore
    if (!texts || senders.has(practice)) return
    const receiver = textReceiver({
      replica,
      keys,
      clock,
      indexed,
      anySite: () => portal.anySite(practice),
      handOver: (patient, message) => senders.get(practice)!.handOver(patient, message),
    })
    receivers.set(practice, receiver)
    const isAnyHour = (): boolean => texts.accountOf(practice)?.isAnyHour === true
    const held = heldTexts({ replica, situations: situationsOf({ replica, keys, hasMail: () => mails.has(practice) }), clock, isAnyHour, indexed, changed: () => senders.get(practice)?.wake() }) // prettier-ignore
    helds.set(practice, held)
    const mayGo = (): boolean => isOpen() && !held.isHeld()
    welcomes.set(practice, welcoming({ replica, keys, clock, indexed, log, isAnyHour, isOpen: mayGo, hasProvider: () => providerOf(practice) !== undefined, claimed: (message) => senders.get(practice)?.claimed(message) })) // prettier-ignore
    senders.set(
      practice,
      textSender({
        replica,
        keys,
        clock,
        indexed,
        log,
        patience: texts.patience,
        pace: texts.pace,
        provider: () => providerOf(practice),
        isAnyHour,
        isOpen: mayGo,
        byMail: mails.get(practice)?.tell,
        calendarTo: (event) => (origin === undefined ? null : calendarAddress(origin, event)),
        statusTo: (patient, message) => (origin === undefined ? null : `${origin}${statusPath(practice, patient, message)}`), // prettier-ignore
        // Oldest first: an answer may be to what was said before it.
        async received(some) {
          for (const one of some.toReversed()) await receiver.receive(one)
        },
      }),
    )
  }
  return {
    /** A practice was opened; its texts go out once this portal listens. */
    opened(practice: string, parts: TextingPractice): void {
      practices.set(practice, parts)
      if (origin !== undefined) begin(practice, parts)
    },
    /** From here on texts go out; the app is what the provider posts to. */
    listening(at: string, proxies?: NamedProxies) {
      origin = at
      for (const [practice, parts] of practices) begin(practice, parts)
      return textWebhooks({
        provider: providerOf,
        origin: () => at,
        proxies,
        clock,
        log,
        async became(practice, { patient, message }, taken) {
          // Signed for this address, so it was ours; a portal that was put back may not know it yet.
          await senders.get(practice)!.became(patient, message, taken)
        },
        received: (practice, text) => receivers.get(practice)!.receive(text),
      })
    },
    /** Where a practice's provider is to post what comes in. */
    receivedAt: (practice: string): string | undefined => origin && `${origin}${receivedPath(practice)}`,
    wake(practice: string): void {
      senders.get(practice)?.wake()
      welcomes.get(practice)?.wake()
      mails.get(practice)?.wake()
    },
    /** A mail came back; resolves when what became of it is durable. */
    async cameBack(mark: string, report: DeliveryReport): Promise<void> {
      for (const one of mails.values()) await one.cameBack(mark, report)
    },
    /** What links of mails are about. */
    practiceOf: (practice: string): TextingPractice | undefined => practices.get(practice),
    /** Resolves when nothing of a practice's texts is under way. */
    async settled(practice: string): Promise<void> {
      await senders.get(practice)?.settled()
      await helds.get(practice)?.settled()
      await welcomes.get(practice)?.settled()
      await senders.get(practice)?.settled()
      await mails.get(practice)?.settled()
    },
    problem: (practice: string): string | null => senders.get(practice)?.problem() ?? null,
    hasAccount: (practice: string): boolean => texts?.accountOf(practice) !== undefined,
    isAnyHour: (practice: string): boolean => texts?.accountOf(practice)?.isAnyHour === true,
    async stop(): Promise<void> {
      for (const one of welcomes.values()) await one.stop()
      for (const sender of senders.values()) await sender.stop()
      for (const held of helds.values()) await held.stop()
      for (const one of mails.values()) await one.stop()
    },
  }
}
