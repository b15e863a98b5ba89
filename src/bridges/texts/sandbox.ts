/**
 * A carrier of texts for trying things out: it keeps what is sent to phones that exist here alone, answers as Twilio's
 * Messages resource does, tells states and replies by signed webhooks, and blocks a number that says STOP. What is wrong on
 * real networks can be asked of it.
 */
import twilio from 'twilio'
import type { Clock } from '../../replica/clock.ts'
import type { Ask, TextAccount } from './twilio.ts'

const { getExpectedTwilioSignature } = twilio

export interface SandboxText {
  readonly sid: string
  /** The number of the phone. */
  readonly phone: string
  readonly direction: 'outbound-api' | 'inbound' | 'outbound-reply'
  readonly body: string
  status: string
  errorCode: number | null
  /** Milliseconds UTC. */
  readonly at: number
  readonly callback: string | null
}
/** What the next text meets. `unanswered`: it is taken, and the answer is lost; `stuck`: it is taken, and that is all. */
export type SandboxTrouble =
  | { readonly is: 'error'; readonly status: number; readonly code: number }
  | { readonly is: 'undelivered'; readonly code: number }
  | { readonly is: 'unanswered' }
  | { readonly is: 'stuck' }
  | { readonly is: 'lost callbacks' }
  | { readonly is: 'doubled callbacks' }

export interface Answer { readonly status: number; readonly body: object } // prettier-ignore
export type TextSandbox = ReturnType<typeof textSandbox>

/** The number that the practice's texts come from. */
export const sandboxNumber = '+14805550000'
const stopWords = new Set(['STOP', 'STOPALL', 'UNSUBSCRIBE', 'END', 'QUIT', 'CANCEL', 'REVOKE', 'OPTOUT'])
const startWords = new Set(['START', 'YES', 'UNSTOP'])
const kept = 5_000

export function textSandbox(options: {
  readonly account: Pick<TextAccount, 'accountSid' | 'authToken' | 'messagingServiceSid'>
  readonly clock: Clock
  /** How webhooks are posted. */
  readonly ask: Ask
  /** How long a network takes for each step, milliseconds. */
  readonly stepMs?: number
  /** Told when a text came or went. */
  readonly changed?: () => void
}) {
  const { account, clock, ask, stepMs = 300 } = options
  const changed = options.changed ?? ((): void => {})
  const texts: SandboxText[] = []
  const blocked = new Set<string>()
  const troubles: SandboxTrouble[] = []
  let inboundTo: string | null = null
  let isDown = false
  let number = 0

  const sidOf = (): string => `SM${(++number).toString(16).padStart(8, '0')}${Buffer.from(clock.bytes(12)).toString('hex')}` // prettier-ignore
  const post = async (url: string, fields: Record<string, string>): Promise<void> => {
    const signature = getExpectedTwilioSignature(account.authToken, url, fields)
    const headers = { 'content-type': 'application/x-www-form-urlencoded', 'x-twilio-signature': signature, 'i-twilio-idempotency-token': sidOf() } // prettier-ignore
    await ask({ method: 'POST', url: new URL(url), headers, body: new URLSearchParams(fields).toString() })
  }
  // As at Twilio, a callback that is not answered is not repeated.
  const tell = (text: SandboxText, status: string, times: number): void => {
    text.status = status
    changed()
    if (text.callback === null) return
    const fields: Record<string, string> = {
      MessageSid: text.sid,
      SmsSid: text.sid,
      MessageStatus: status,
      SmsStatus: status,
      To: text.phone,
      From: sandboxNumber,
      AccountSid: account.accountSid,
      MessagingServiceSid: account.messagingServiceSid,
      ApiVersion: '2010-04-01',
      ...(text.errorCode === null ? {} : { ErrorCode: String(text.errorCode) }),
    }
    for (let i = 0; i < times; i++) void post(text.callback, fields).catch(() => {})
  }
  const keep = (text: SandboxText): void => {
    texts.push(text)
    if (texts.length > kept) texts.shift()
    changed()
  }
  const resourceOf = (text: SandboxText) => ({
    sid: text.sid,
    account_sid: account.accountSid,
    messaging_service_sid: text.direction === 'inbound' ? null : account.messagingServiceSid,
    api_version: '2010-04-01',
    to: text.direction === 'inbound' ? sandboxNumber : text.phone,
    from: text.direction === 'inbound' ? text.phone : sandboxNumber,
    body: text.body,
    status: text.status,
    direction: text.direction,
    error_code: text.errorCode,
    error_message: null,
    num_media: '0',
    num_segments: '1',
    price: null,
    price_unit: 'USD',
    date_created: new Date(text.at).toUTCString(),
    date_sent: text.status === 'accepted' ? null : new Date(text.at).toUTCString(),
    date_updated: new Date(text.at).toUTCString(),
    uri: `/2010-04-01/Accounts/${account.accountSid}/Messages/${text.sid}.json`,
    subresource_uris: {},
  })
  const refused = (status: number, code: number, message: string): Answer => ({ status, body: { status, code, message, more_info: `https://www.twilio.com/docs/errors/${code}` } }) // prettier-ignore

  return {
    /** Where what phones write is posted to. */
    inboundTo: (url: string | null): void => void (inboundTo = url),
    /** An outage: nothing is taken and nothing answered. */
    down: (down: boolean): void => void (isDown = down),
    isDown: (): boolean => isDown,
    /** What the next text meets, one after the other. */
    trouble: (...some: SandboxTrouble[]): void => void troubles.push(...some),
    /** Every text, oldest first. */
    texts: (): readonly SandboxText[] => texts,
    isBlocked: (phone: string): boolean => blocked.has(phone),

    /** POST Messages.json. `unanswered`: it was taken, and the answer gets lost on its way. */
    create(fields: Readonly<Record<string, string>>): Answer | 'unanswered' {
      const { To: phone = '', Body: body = '', StatusCallback: callback } = fields
      const trouble = troubles.shift()
      if (trouble?.is === 'error')
        return refused(trouble.status, trouble.code, 'This is what was asked of the sandbox.')
      if (!/^\+\d{8,15}$/.test(phone)) return refused(400, 21211, 'The To number is not a valid phone number.')
      if (body === '' || body.length > 1_600) return refused(400, body === '' ? 21602 : 21617, 'The body is empty or too long.') // prettier-ignore
      if (fields['MessagingServiceSid'] !== account.messagingServiceSid) return refused(400, 21703, 'There is no such messaging service.') // prettier-ignore
      if (blocked.has(phone)) return refused(400, 21610, 'The To number has opted out.')
      const fails = trouble?.is === 'undelivered' ? trouble.code : null
      const text: SandboxText = { sid: sidOf(), phone, direction: 'outbound-api', body, status: 'accepted', errorCode: null, at: clock.now(), callback: callback ?? null } // prettier-ignore
      keep(text)
      const times = trouble?.is === 'lost callbacks' ? 0 : trouble?.is === 'doubled callbacks' ? 2 : 1
      if (trouble?.is === 'stuck') return { status: 201, body: resourceOf(text) }
      clock.after(stepMs, () => {
        tell(text, 'sent', times)
        clock.after(stepMs, () => {
          text.errorCode = fails
          tell(text, fails === null ? 'delivered' : 'undelivered', times)
        })
      })
      return trouble?.is === 'unanswered' ? 'unanswered' : { status: 201, body: resourceOf(text) }
    },
    /** GET Messages.json, newest first, page by page. */
    list(query: Readonly<Record<string, string>>): Answer {
      const size = Math.min(1_000, Math.max(1, Number(query['PageSize'] ?? 50) || 50))
      const page = Math.max(0, Number(query['Page'] ?? 0) || 0)
      const to = query['To']
      const found = texts.filter((text) => to === undefined || (text.direction !== 'inbound' && text.phone === to)).toReversed() // prettier-ignore
      const some = found.slice(page * size, (page + 1) * size)
      const next = new URLSearchParams({ ...query, PageSize: String(size), Page: String(page + 1) })
      const at = `/2010-04-01/Accounts/${account.accountSid}/Messages.json`
      return {
        status: 200,
        body: { messages: some.map(resourceOf), page, page_size: size, uri: at, first_page_uri: at, previous_page_uri: null, next_page_uri: found.length > (page + 1) * size ? `${at}?${next.toString()}` : null }, // prettier-ignore
      }
    },
    fetch(sid: string): Answer {
      const text = texts.find((one) => one.sid === sid)
      return text ? { status: 200, body: resourceOf(text) } : refused(404, 20404, 'There is no such message.')
    },
    /** Whether a request carries the account's credentials. */
    isAccount: (authorization: string | undefined): boolean =>
      authorization === `Basic ${Buffer.from(`${account.accountSid}:${account.authToken}`).toString('base64')}`,

    /** A phone writes; resolves when the webhook was answered, rejects where it was not. `sid`: the same message again. */
    async reply(phone: string, body: string, sid?: string): Promise<string> {
      const word = body.trim().toUpperCase()
      const optOut = stopWords.has(word) ? 'STOP' : startWords.has(word) && blocked.has(phone) ? 'START' : word === 'HELP' ? 'HELP' : null // prettier-ignore
      const message = sid ?? sidOf()
      if (sid === undefined)
        keep({ sid: message, phone, direction: 'inbound', body, status: 'received', errorCode: null, at: clock.now(), callback: null }) // prettier-ignore
      if (optOut === 'STOP' && !blocked.has(phone)) {
        blocked.add(phone)
        keep({ sid: sidOf(), phone, direction: 'outbound-reply', body: 'You have successfully been unsubscribed. You will not receive any more messages from this number. Reply START to resubscribe.', status: 'delivered', errorCode: null, at: clock.now(), callback: null }) // prettier-ignore
      }
      if (optOut === 'START') blocked.delete(phone)
      if (inboundTo === null) return message
      await post(inboundTo, {
        MessageSid: message,
        SmsSid: message,
        SmsMessageSid: message,
        AccountSid: account.accountSid,
        MessagingServiceSid: account.messagingServiceSid,
        From: phone,
        To: sandboxNumber,
        Body: body,
        NumMedia: '0',
        NumSegments: '1',
        ApiVersion: '2010-04-01',
        ...(optOut === 'STOP' || optOut === 'START' ? { OptOutType: optOut } : {}),
      })
      return message
    },
  }
}
