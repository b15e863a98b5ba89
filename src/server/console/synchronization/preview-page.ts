/** A preview for a real patient: exactly the fields and values that leave the building, and how a change would alter that. */
import { Hono, type Context } from 'hono'
import { html } from 'hono/html'
import type { FieldGroup } from '../../../mirror/leaving-fields.ts'
import type { Previewed, PreviewedField } from '../../../mirror/preview.ts'
import type { Json } from '../../../replica/json.ts'
import { button, field, form } from '../../look/form.ts'
import { inEnglish, nothing, type Content, type Html } from '../../look/html.ts'
import { empty } from '../../look/notice.ts'
import type { Reader } from '../../look/reader.ts'
import { badge, card, table } from '../../look/show.ts'
import { deedOf, type ConsoleEnv, type ConsoleParts } from '../frame.ts'
import { collectionInWords, fieldInWords } from '../../mirror-words.ts'
import { synchronizationFramed, textsOf } from './synchronization-frame.ts'

export function previewPage(parts: ConsoleParts): Hono<ConsoleEnv> {
  const { site, store } = parts
  const app = new Hono<ConsoleEnv>()
  const pageHtml = (c: Context<ConsoleEnv>, more: { patient?: string; fault?: Content; found?: Html[] } = {}) => {
    const reader = c.get('reader')
    const { preview } = reader.words.synchronization
    return synchronizationFramed(c, parts, 'preview', [
      card([
        html`<p>${preview.how}</p>`,
        form('/synchronization/preview', { csrf: c.get('csrf') }, [
          html`<div class="narrow">${patientField(reader, more.patient ?? '', more.fault)}</div>`,
          button(preview.look, 'main'),
        ]),
      ]),
      ...(more.found ?? []),
    ])
  }

  app.get('/synchronization/preview', (c) => c.html(pageHtml(c)))
  // A POST, so that whose record is looked at stands in no address.
  app.post('/synchronization/preview', async (c) => {
    const reader = c.get('reader')
    const { preview } = reader.words.synchronization
    const patient = (await textsOf(c))('patient').trim()
    const number = patientNumber(patient)
    if (number === null) return c.html(await pageHtml(c, { patient, fault: preview.wrongPatient }), 400)
    try {
      const sample = await site.mirror.sample(number)
      store.audit.record(deedOf(c, 'mirror previewed', { patient: String(sample.patient) }))
      const bytes = sample.now.reduce((sum, document) => sum + document.bytes, 0)
      return c.html(await pageHtml(c, { patient, found: [html`<h2>${preview.of(sample.patient, reader.number(bytes))}</h2>`, ...documentsHtml(reader, sample.now)] })) // prettier-ignore
    } catch (error) {
      return c.html(await pageHtml(c, { patient, fault: inEnglish((error as Error).message) }), 404)
    }
  })
  return app
}

/** The number of a patient; undefined where none was written, null where it is no number. */
export function patientNumber(text: string): number | undefined | null {
  if (text.trim() === '') return undefined
  return /^\d{1,15}$/.test(text.trim()) ? Number(text) : null
}

export function patientField(reader: Reader, value: string, fault?: Content): Html {
  const { preview } = reader.words.synchronization
  return field({ name: 'patient', label: preview.patient, hint: preview.patientHint, value, fault, optional: reader.words.frame.optional, more: { inputmode: 'numeric', maxlength: 15, autocomplete: 'off' } }) // prettier-ignore
}

function documentsHtml(reader: Reader, documents: readonly Previewed[]): Html[] {
  const { preview } = reader.words.synchronization
  if (documents.length === 0) return [empty(preview.nothing, '')]
  return documents.map(({ collection, leaves, why, fields, bytes }) =>
    card(
      [
        html`<p>
          ${leaves ? badge('good', preview.leaves) : badge('plain', preview.stays)}
          ${leaves ? html`<span class="soft">${preview.bytes}: ${reader.number(bytes)}</span>` : inEnglish(why ?? '')}
        </p>`,
        table(
          collectionInWords(reader, collection),
          [preview.field, preview.sensitivity, preview.value, preview.bytes, preview.goes],
          fields.map((one) => [
            nameOf(reader, collection, one),
            classOf(reader, one),
            valueHtml(one.value),
            reader.number(one.bytes),
            stateOf(reader, one.leaves),
          ]),
          'tight',
        ),
      ],
      { title: collectionInWords(reader, collection) },
    ),
  )
}

/** What differs of a patient between now and after a change, field by field. */
export function differencesTable(
  reader: Reader,
  { patient, now, afterwards }: { patient: number; now: readonly Previewed[]; afterwards: readonly Previewed[] },
): Html {
  const { preview, change } = reader.words.synchronization
  // Both are of the same samples, in the same order.
  const rows = now.flatMap(({ collection, fields }, i) =>
    fields.flatMap((one, j): (readonly Content[])[] => {
      const after = afterwards[i]!.fields[j]!
      return one.leaves === after.leaves
        ? []
        : [[collectionInWords(reader, collection), nameOf(reader, collection, one), valueHtml(one.value), stateOf(reader, one.leaves), stateOf(reader, after.leaves)]] // prettier-ignore
    }),
  )
  const { mirror } = reader.words.synchronization
  if (rows.length === 0) return html`<p>${change.sameOf(patient)}</p>`
  return table(change.of(patient), [mirror.columns.collection, preview.field, preview.value, change.was, change.becomes], rows, 'tight') // prettier-ignore
}

function stateOf({ words }: Reader, leaves: boolean): Html {
  const { preview } = words.synchronization
  return html`<span class="kept">${leaves ? badge('good', preview.leaves) : badge('plain', preview.stays)}</span>`
}

/** A field by its name, that of a stage with the stage's number; of what was said its kind. */
function nameOf(reader: Reader, collection: string, { field: name, value, sensitivity }: PreviewedField): Content {
  const { preview, mirror } = reader.words.synchronization
  const [, stage, of] = /^stage\/(.*)\/([^/]+)$/.exec(name) ?? []
  if (stage !== undefined && of !== undefined) return preview.stage(fieldInWords(reader, 'stages', of), stage)
  if (sensitivity !== null) return Object.hasOwn(mirror.fields, collection) ? fieldInWords(reader, collection as FieldGroup, name) : name // prettier-ignore
  const kind = (value as { readonly kind?: unknown } | null)?.kind
  return html`${preview.said}${typeof kind === 'string' ? html`: ${inEnglish(kind)}` : nothing}`
}

function classOf({ words }: Reader, { sensitivity }: PreviewedField): string {
  return sensitivity === null ? '' : words.synchronization.mirror.sensitivities[sensitivity]
}

function valueHtml(value: Json): Content {
  return typeof value === 'string' ? value : html`<code>${JSON.stringify(value)}</code>`
}
