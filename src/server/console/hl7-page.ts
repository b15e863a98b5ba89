/**
 * Clinical systems: the channels with how each is and what waits, and the messages by channel, state and patient. A message
 * is shown raw and segment by segment to those who may see it; each look stands in the trail. Replay, pause and go on.
 */
import { Hono, type Context } from 'hono'
import { html } from 'hono/html'
import * as v from 'valibot'
import { BadMessage } from '../../bridges/hl7/bad-message.ts'
import { readMessage } from '../../bridges/hl7/encodings.ts'
import { messageStates } from '../../bridges/hl7/queue-sqlite.ts'
import { ulidSchema } from '../../replica/kinds/kind.ts'
import { button, field, form, oneButton, select } from '../look/form.ts'
import { inEnglish, nothing, type Html } from '../look/html.ts'
import { empty, notice } from '../look/notice.ts'
import { badge, card, facts, folded, table } from '../look/show.ts'
import { formOf } from '../own-forms.ts'
import { deedOf, failed, framed, type ConsoleEnv, type ConsoleParts } from './frame.ts'
import { verboseDeed, verboseInput, type Hl7Channel, type Hl7Message } from './hl7-operations.ts'
import { mayUse } from './privileges.ts'
import { orEmpty, patientNumber } from './form-fields.ts'

const filterSchema = v.object({
  channel: orEmpty(v.pipe(v.string(), v.regex(/^[a-z0-9-]{1,40}$/))),
  state: orEmpty(v.picklist(messageStates)),
  patient: orEmpty(patientNumber),
})
type Filter = v.InferOutput<typeof filterSchema>
/** What the button asks for; the command takes any number. */
const minutesOfButton = '60'
const verboseForm = v.object({ ...verboseInput.entries, minutes: v.pipe(v.string(), v.transform((text) => (text.trim() === '' ? Number.NaN : Number(text))), verboseInput.entries.minutes) }) // prettier-ignore
const nameSchema = v.object({ name: v.pipe(v.string(), v.regex(/^[a-z0-9-]{1,40}$/)) })
const listed = 100

export function hl7Page({ site, store }: ConsoleParts): Hono<ConsoleEnv> {
  const app = new Hono<ConsoleEnv>()
  const { audit } = store
  const { hl7 } = site
  const refused = (c: Context<ConsoleEnv>, cause: string, status: 400 | 404) => {
    const { title, back } = c.get('reader').words.hl7
    return c.html(failed(c, site, { title, cause, next: back }), status)
  }

  const pageHtml = async (c: Context<ConsoleEnv>, filter: Filter): Promise<string> => {
    const reader = c.get('reader')
    const text = reader.words.hl7
    const zone = await site.zone()
    const channels = hl7.channels()
    const { items } = await hl7.messages(filter)
    const isAll = Object.values(filter).every((one) => one === undefined)
    const options = (any: string, values: readonly string[]) => [{ value: '', label: any }, ...values.map((value) => ({ value, label: value }))] // prettier-ignore
    return framed(c, site, text.title, '/hl7', [
      channels.length === 0 ? empty(text.noChannels, text.noChannelsNext) : html`${channels.map((one) => channelCard(c, one, zone))}`, // prettier-ignore
      card(
        folded(
          reader.words.desk.recent.filter,
          form('/hl7', { csrf: c.get('csrf') }, [
            html`<div class="filters">
              ${select(
                { name: 'channel', label: text.channel, value: filter.channel, optional: '' },
                options(
                  text.any,
                  channels.map(({ name }) => name),
                ),
              )}
              ${select({ name: 'state', label: text.state, value: filter.state, optional: '' }, options(text.any, messageStates))}
              ${field({ name: 'patient', label: text.patient, value: filter.patient === undefined ? '' : String(filter.patient), optional: reader.words.frame.optional, more: { inputmode: 'numeric', maxlength: 15 } })}
            </div>`,
            button(reader.words.desk.recent.apply, 'main'),
          ]),
          !isAll,
        ),
      ),
      items.length === 0 ? empty(text.none, text.noneNext, 'good') : messagesHtml(c, items.slice(0, listed), zone),
    ])
  }
  const channelCard = (c: Context<ConsoleEnv>, one: Hl7Channel, zone: string): Html => {
    const reader = c.get('reader')
    const text = reader.words.hl7
    const csrf = c.get('csrf')
    const counts = Object.entries(one.states).map(([state, number]) => `${state} ${reader.number(number)}`).join(', ')
    const tone = one.state === 'open' ? 'good' : one.state === 'down' ? 'bad' : 'plain'
    const paused = one.state === 'paused'
    return card(
      [
        one.problem === null ? nothing : notice('bad', inEnglish(one.problem)),
        facts([
          [text.state, badge(tone, text.states[one.state as keyof typeof text.states] ?? one.state)],
          [text.to, inEnglish(one.to)],
          [text.counts, counts === '' ? text.nothing : inEnglish(counts)],
          [text.oldest, one.oldest === null ? text.nothing : reader.instant(Date.parse(one.oldest), zone)],
          ...(one.verboseUntil === null ? [] : [[text.verbose, text.verboseUntil(reader.instant(Date.parse(one.verboseUntil), zone))] as const]),
        ]),
        mayUse(c.get('staff'), 'POST /hl7/pause') ? oneButton(paused ? '/hl7/resume' : '/hl7/pause', paused ? text.resume : text.pause, { csrf, name: one.name }) : nothing, // prettier-ignore
        mayUse(c.get('staff'), 'POST /hl7/verbose') ? oneButton('/hl7/verbose', one.verboseUntil === null ? text.verboseBegin : text.verboseEnd, { csrf, name: one.name, minutes: one.verboseUntil === null ? minutesOfButton : '0' }) : nothing, // prettier-ignore
      ],
      { title: one.name, eyebrow: text.directions[one.direction] },
    )
  } // prettier-ignore
  const messagesHtml = (c: Context<ConsoleEnv>, items: readonly Hl7Message[], zone: string): Html => {
    const reader = c.get('reader')
    const text = reader.words.hl7
    const sees = mayUse(c.get('staff'), 'GET /hl7/:message')
    return table(
      text.messages,
      [text.when, text.channel, text.kind, text.state, text.code, text.patient, text.why],
      items.map((one) => [
        reader.short(Date.parse(one.at), zone),
        one.channel,
        sees ? html`<a href="/hl7/${one.id}">${one.kind}</a>` : one.kind,
        inEnglish(one.state),
        one.code ?? '',
        one.patient === null ? '' : String(one.patient),
        one.why === null ? '' : inEnglish(one.why),
      ]),
      'tight',
    )
  }

  app.get('/hl7', async (c) => {
    audit.noted(deedOf(c, 'viewed', { of: 'hl7' }))
    return c.html(await pageHtml(c, v.parse(filterSchema, {})))
  })
  app.post('/hl7', async (c) => {
    const filter = v.safeParse(filterSchema, (await formOf(c)) ?? {})
    if (!filter.success) return refused(c, c.get('reader').words.desk.recent.wrong, 400)
    const { patient } = filter.output
    audit.noted(deedOf(c, 'viewed', { of: 'hl7', ...(patient === undefined ? {} : { patient: String(patient) }) })) // prettier-ignore
    return c.html(await pageHtml(c, filter.output))
  })
  app.get('/hl7/:message', async (c) => {
    const text = c.get('reader').words.hl7
    const id = v.safeParse(ulidSchema, c.req.param('message'))
    const found = id.success ? await hl7.contents(id.output).catch(() => undefined) : undefined
    if (!id.success || !found) return refused(c, text.unknown, 404)
    const { message, answer, patient } = found
    audit.record(deedOf(c, 'hl7 message viewed', { of: id.output, ...(patient === null ? {} : { patient: String(patient) }) })) // prettier-ignore
    const raw = (content: string): Html => html`<pre class="raw">${content.replaceAll('\r', '\n')}</pre>`
    return c.html(
      framed(c, site, text.message, '/hl7', [
        card(raw(message), { title: text.raw }),
        segmentsHtml(text.parsed, message),
        answer === null ? nothing : card(raw(answer), { title: text.answer }),
        mayUse(c.get('staff'), 'POST /hl7/replay') ? oneButton('/hl7/replay', text.replay, { csrf: c.get('csrf'), id: id.output }, 'main') : nothing, // prettier-ignore
        html`<p><a href="/hl7">${text.title}</a></p>`,
      ]),
    )
  })
  app.post('/hl7/replay', async (c) => {
    const text = c.get('reader').words.hl7
    const given = v.safeParse(v.object({ id: ulidSchema }), await formOf(c))
    if (!given.success) return refused(c, text.unknown, 404)
    try {
      await hl7.replay(given.output.id)
    } catch (error) {
      return refused(c, (error as Error).message, 404)
    }
    audit.record(deedOf(c, 'hl7 message replayed', { of: given.output.id }))
    return c.redirect('/hl7?said=hl7Replayed', 303)
  })
  for (const what of ['pause', 'resume'] as const)
    app.post(`/hl7/${what}`, async (c) => {
      const given = v.safeParse(nameSchema, await formOf(c))
      if (!given.success || !hl7.channels().some(({ name }) => name === given.output.name)) return refused(c, c.get('reader').words.hl7.unknownChannel, 404) // prettier-ignore
      await hl7[what](given.output.name)
      audit.record(deedOf(c, 'hl7 channel changed', { of: [given.output.name, `${what}d`] }))
      return c.redirect('/hl7', 303)
    })
  app.post('/hl7/verbose', async (c) => {
    const text = c.get('reader').words.hl7
    const given = v.safeParse(verboseForm, await formOf(c))
    if (!given.success) return refused(c, given.issues[0].message, 400)
    const { name, minutes } = given.output
    if (!hl7.channels().some((one) => one.name === name)) return refused(c, text.unknownChannel, 404)
    audit.record(verboseDeed(c.get('staff').id, name, await hl7.verbose(name, minutes)))
    return c.redirect('/hl7', 303)
  })
  return app
}

/** Segment by segment, as far as it can be read. */
function segmentsHtml(title: string, text: string): Html {
  try {
    const { segments } = readMessage(Buffer.from(text), 'UNICODE UTF-8')
    return card(
      facts(
        segments.flatMap(({ name, fields }) =>
          fields.flatMap((one, place) => {
            const said = one.map((repetition) => repetition.map((component) => component.join('&')).join('^')).join('~')
            return said === '' ? [] : [[`${name}-${place + (name === 'MSH' ? 3 : 1)}`, said] as const]
          }),
        ),
      ),
      { title },
    )
  } catch (error) {
    if (error instanceof BadMessage) return notice('warn', inEnglish(error.message))
    throw error
  }
}
