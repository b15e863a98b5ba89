/**
 * Where the texts provider tells what became of a text and what somebody wrote. Only what carries the provider's signature
 * over this portal's public address is heard; it is answered when what follows from it is durable.
 */
import { Hono, type Context } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import type { ReceivedText, TakenText, TextProvider } from '../../bridges/texts/provider.ts'
import { ulidSchema } from '../../replica/kinds/kind.ts'
import * as v from 'valibot'
import type { Clock } from '../../replica/clock.ts'
import { failureOf } from '../failure.ts'
import { callerOf, type Incoming, type NamedProxies } from '../reverse-proxy.ts'

interface TextWebhooks {
  readonly provider: (practice: string) => TextProvider | undefined
  /** Keeps what became of a message of ours. */
  readonly became: (practice: string, message: { patient: string; message: string }, state: Pick<TakenText, 'sid' | 'state' | 'code'>) => Promise<void> // prettier-ignore
  readonly received: (practice: string, text: ReceivedText) => Promise<void>
  /** The origin that the provider posts to. */
  readonly origin: () => string
  readonly proxies?: NamedProxies | undefined
  readonly clock: Clock
  /** Told of what was refused and what failed; ids and codes only. */
  readonly log: (line: string) => void
}
interface WebhookEnv { Bindings: { incoming: Incoming } } // prettier-ignore

/** The paths of a practice's webhooks. */
export const receivedPath = (practice: string): string => `/texts/${practice}/received`
export const statusPath = (practice: string, patient: string, message: string): string => `/texts/${practice}/status/${patient}/${message}` // prettier-ignore

/** Twilio's own posts are a few kilobytes. */
const largest = 64 * 1024
const nothingSaid = '<?xml version="1.0" encoding="UTF-8"?><Response/>'

export function textWebhooks(options: TextWebhooks): Hono<WebhookEnv> {
  const { clock, log } = options
  const app = new Hono<WebhookEnv>()
  app.onError((error, c) => {
    log(failureOf(error, c))
    return c.text('Not taken.', 500)
  })
  app.use(bodyLimit({ maxSize: largest, onError: (c) => c.text('Too long.', 413) }))
  app.use(async (c, next) => {
    if (options.proxies && !callerOf(c.env.incoming, options.proxies).https) return c.text('https only.', 403)
    return next()
  })
  /** The signed fields of a request; undefined where it is not the provider's. */
  const signed = async (c: Context<WebhookEnv>, practice: string): Promise<{ provider: TextProvider; fields: Record<string, string> } | undefined> => {
    const provider = v.is(ulidSchema, practice) ? options.provider(practice) : undefined
    if (!provider || !/^application\/x-www-form-urlencoded/i.test(c.req.header('content-type') ?? '')) return undefined
    const given = new URLSearchParams(await c.req.text())
    const fields = Object.fromEntries(given)
    // A field that comes twice would be signed as one and read as another.
    if (given.size !== Object.keys(fields).length) return undefined
    const { pathname, search } = new URL(c.req.url)
    const url = `${options.origin()}${pathname}${search}`
    return provider.isSigned({ url, fields, signature: c.req.header('x-twilio-signature') ?? '' }) ? { provider, fields } : undefined
  } // prettier-ignore
  const refused = (c: Context<WebhookEnv>, what: string): Response => {
    log(`A ${what} of the texts provider was refused: it is not signed for this address and account.`)
    return c.text('Not signed.', 403)
  }
  app.post('/texts/:practice/status/:patient/:message', async (c) => {
    const { practice, patient, message } = c.req.param()
    const found = await signed(c, practice)
    const state = found?.provider.stateIn(found.fields)
    if (!found || !state || !v.is(ulidSchema, patient)) return refused(c, 'status')
    await options.became(practice, { patient, message }, state)
    return c.body(null, 204)
  })
  app.post('/texts/:practice/received', async (c) => {
    const { practice } = c.req.param()
    const found = await signed(c, practice)
    const text = found?.provider.receivedIn(found.fields, clock.now())
    if (!found || !text) return refused(c, 'text')
    await options.received(practice, text)
    // What is said back goes out as a text of its own, once.
    return c.body(nothingSaid, 200, { 'content-type': 'text/xml' })
  })
  app.notFound((c) => c.text('Nothing is here.', 404))
  return app
}
