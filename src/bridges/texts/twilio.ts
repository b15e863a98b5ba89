/**
 * Texts through Twilio's own SDK: a messaging service, status callbacks, and signatures. Connections are made by the one
 * place of the portal that makes any, never by the SDK; an account's address may name another server that speaks the same
 * API, such as the text sandbox.
 */
import * as v from 'valibot'
import twilio from 'twilio'
import type { MessageInstance } from 'twilio/lib/rest/api/v2010/account/message.js'
import type { MessageState } from '../../replica/kinds/communications.ts'
import { ProviderFault, type ReceivedText, type TakenText, type TextProvider } from './provider.ts'

/** One request over HTTP; rejects where no answer came. */
export type Ask = (request: {
  readonly method: string
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | undefined
}) => Promise<{ readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: string }>

/** An account as it is configured: `https://AC...:<auth token>@api.twilio.com/MG...`. */
export interface TextAccount {
  readonly origin: string
  readonly accountSid: string
  readonly authToken: string
  readonly messagingServiceSid: string
  /** Of a sandbox on this machine: no hour is forbidden there. */
  readonly isAnyHour?: boolean
}

const loopback = /^(localhost|127\.0\.0\.1|\[::1\])$/

/** The account of such an address; throws a sentence, without the address, where it is none. */
export function textAccount(address: string): TextAccount {
  const url = URL.canParse(address) ? new URL(address) : undefined
  const plain = url?.protocol === 'http:' && loopback.test(url.hostname)
  const service = url?.pathname.slice(1) ?? ''
  if (!url || (url.protocol !== 'https:' && !plain) || !/^AC\w{2,64}$/.test(url.username) || url.password === '' || !/^MG\w{2,64}$/.test(service)) // prettier-ignore
    throw new Error('An account for texts is written like https://ACxxxx:AUTH_TOKEN@api.twilio.com/MGxxxx: account SID, auth token, messaging service SID.') // prettier-ignore
  const isAnyHour = url.searchParams.get('hours') === 'any'
  if (isAnyHour && !loopback.test(url.hostname))
    throw new Error('hours=any is for a sandbox on this machine: texts to people keep to legal hours.')
  return { origin: url.origin, accountSid: url.username, authToken: decodeURIComponent(url.password), messagingServiceSid: service, ...(isAnyHour ? { isAnyHour } : {}) } // prettier-ignore
}

/** Twilio's words for what becomes of a message. */
const states: Readonly<Record<string, MessageState>> = {
  accepted: 'accepted',
  scheduled: 'accepted',
  queued: 'accepted',
  sending: 'accepted',
  sent: 'sent',
  delivered: 'delivered',
  read: 'opened',
  undelivered: 'undelivered',
  failed: 'failed',
  canceled: 'failed',
}

/** What a connection fails with before anything was sent. */
const neverSent = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'PROXY'])
const listed = 1_000
const newest = 50

const errorSchema = v.object({ status: v.optional(v.number()), code: v.optional(v.union([v.number(), v.string()])), name: v.optional(v.string()) }) // prettier-ignore

function faultOf(error: unknown): ProviderFault {
  const found = v.safeParse(errorSchema, error)
  const { status, code, name } = found.success ? found.output : {}
  const said = String(code ?? status ?? name ?? 'unknown')
  if (status === undefined)
    return new ProviderFault(neverSent.has(said) || name === 'ProxyFailed' ? 'for now' : 'no answer', said, error)
  // 429: slow down. 401 and 403 are about the account, not about this text: it waits until they are put right.
  if (status === 429 || status === 401 || status === 403) return new ProviderFault('for now', said, error)
  return new ProviderFault(status >= 500 ? 'no answer' : 'for good', said, error)
}

const sidSchema = v.pipe(v.string(), v.regex(/^\w{1,64}$/))
const receivedSchema = v.object({
  MessageSid: sidSchema,
  AccountSid: v.string(),
  From: v.pipe(v.string(), v.maxLength(40)),
  Body: v.optional(v.pipe(v.string(), v.maxLength(4_000)), ''),
  NumMedia: v.optional(v.pipe(v.string(), v.regex(/^\d{1,3}$/)), '0'),
  OptOutType: v.optional(v.picklist(['STOP', 'START', 'HELP'])),
})
const stateSchema = v.object({
  MessageSid: sidSchema,
  AccountSid: v.string(),
  MessageStatus: v.string(),
  ErrorCode: v.optional(v.pipe(v.string(), v.regex(/^\d{1,6}$/))),
})

/** A provider over one account. */
export function twilioProvider(account: TextAccount, ask: Ask): TextProvider {
  const { accountSid, authToken, messagingServiceSid, origin } = account
  const httpClient = {
    async request(options: { method: string; uri: string; username?: string; password?: string; headers?: Record<string, string>; params?: object; data?: object }) {
      const url = new URL(options.uri)
      const [to, at] = [new URL(origin), url.pathname + url.search]
      const target = new URL(at, to)
      for (const [name, value] of Object.entries(options.params ?? {})) if (value !== undefined) target.searchParams.append(name, String(value))
      const form = new URLSearchParams()
      for (const [name, value] of Object.entries(options.data ?? {}))
        for (const one of Array.isArray(value) ? value : [value]) if (one !== undefined) form.append(name, String(one))
      const credentials = Buffer.from(`${options.username ?? accountSid}:${options.password ?? authToken}`).toString('base64')
      const answer = await ask({
        method: options.method.toUpperCase(),
        url: target,
        headers: { ...options.headers, authorization: `Basic ${credentials}` },
        ...(options.data ? { body: form.toString() } : {}),
      })
      return { statusCode: answer.status, body: answer.body, headers: answer.headers }
    },
  } // prettier-ignore
  const client = twilio(accountSid, authToken, { httpClient: httpClient as never, edge: '', region: '' })
  const taken = (message: MessageInstance): TakenText => ({
    sid: message.sid,
    to: message.to,
    body: message.body,
    state: states[message.status] ?? 'accepted',
    code: message.errorCode ? String(message.errorCode) : null,
    at: message.dateCreated.getTime(),
  })
  const isOurs = (message: MessageInstance): boolean => message.direction !== 'inbound' && message.messagingServiceSid === messagingServiceSid // prettier-ignore
  const received = (message: MessageInstance): ReceivedText => ({
    sid: message.sid,
    from: message.from,
    body: message.body,
    hasMedia: Number(message.numMedia) > 0,
    at: message.dateCreated.getTime(),
    // Nothing is said of it here; that it was handled is known by its webhook alone.
    handled: null,
  })
  const called = async <T>(call: () => Promise<T>): Promise<T> => {
    try {
      return await call()
    } catch (error) {
      throw faultOf(error)
    }
  }
  return {
    send: ({ to, body, statusTo, validSeconds }) =>
      called(
        async () =>
        taken(await client.messages.create({ to, body, messagingServiceSid, validityPeriod: validSeconds, ...(statusTo ? { statusCallback: statusTo } : {}) })), // prettier-ignore
      ),
    sentTo: (to) => called(async () => (await client.messages.list({ to, limit: newest })).filter(isOurs).map(taken)),
    async *since(since) {
      // Newest first, without a filter: a text that waits at the provider has no date of sending yet.
      let page = await called(() => client.messages.page({ pageSize: listed }))
      for (;;) {
        const fresh = page.instances.filter((message) => message.dateCreated.getTime() >= since)
        yield { sent: fresh.filter(isOurs).map(taken), received: fresh.filter((one) => one.direction === 'inbound').map(received) } // prettier-ignore
        const oldest = page.instances.at(-1)?.dateCreated.getTime() ?? 0
        if (!page.nextPageUrl || oldest < since) return
        const before = page
        page = await called(async () => (await before.nextPage()) as typeof before)
      }
    },
    fetch: (sid) => called(async () => taken(await client.messages(sid).fetch())),
    receivedIn(fields, at) {
      const found = v.safeParse(receivedSchema, fields)
      if (!found.success || found.output.AccountSid !== accountSid) return undefined
      const { MessageSid: sid, From: from, Body: body, NumMedia, OptOutType: handled } = found.output
      return { sid, from, body, hasMedia: Number(NumMedia) > 0, at, handled: handled ?? null }
    },
    stateIn(fields) {
      const found = v.safeParse(stateSchema, fields)
      if (!found.success || found.output.AccountSid !== accountSid) return undefined
      const { MessageSid: sid, MessageStatus, ErrorCode: code } = found.output
      const state = states[MessageStatus]
      return state && { sid, state, code: code ?? null }
    },
    isSigned: ({ url, fields, signature }) => twilio.validateRequest(authToken, signature, url, fields),
  }
}
