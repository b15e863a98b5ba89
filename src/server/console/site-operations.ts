/** The operations of a site by name that the command line calls, each with the schema of what it is given. */
import { open } from 'node:fs/promises'
import { basename } from 'node:path'
import * as v from 'valibot'
import { choices } from '../../bridges/insched/put-back.ts'
import { dateSchema, relationships, scopes } from '../../replica/kinds/access.ts'
import type { PortalFields } from '../../replica/kinds/fields.ts'
import { amountIn, inSchedCurrency } from '../../replica/kinds/money.ts'
import type { IncomingFile } from '../attachments/taking.ts'
import type { AuditTrail } from '../audit-sqlite.ts'
import type { Operations } from '../control.ts'
import { speechIn } from '../words/speech.ts'
import type { ConsoleSite } from './console-site.ts'
import { hl7Operations } from './hl7-operations.ts'
import { mirrorChanges } from './mirror-changes.ts'
import { dryRunResult } from './texts/dry-run-result.ts'
import { textsHistory } from './texts/texts-history.ts'
import { whyInWords } from './texts-in-words.ts'

const idNumber = v.pipe(v.number(), v.integer(), v.minValue(0))
const patientInput = v.object({ patient: idNumber })
const grantInput = v.object({ patient: idNumber, name: v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(200)), relationship: v.picklist(relationships, `--relationship is one of: ${relationships.join(', ')}`), scope: v.pipe(v.array(v.picklist(scopes, `--scope is some of: ${scopes.join(',')}`)), v.minLength(1)), to: v.optional(dateSchema), document: v.optional(v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(200))) }) // prettier-ignore
const messageInput = v.object({
  patient: idNumber,
  event: v.optional(idNumber),
  subject: v.string(),
  text: v.string(),
  /** Paths of files on this machine. */
  attach: v.optional(v.array(v.string()), []),
})
const recentInput = v.object({
  patient: v.optional(idNumber),
  channel: v.optional(v.string()),
  since: v.optional(v.number()),
})
const yesOrNo = v.pipe(
  v.picklist(['yes', 'no'], 'Write yes or no.'),
  v.transform((word) => word === 'yes'),
)
const ownWords = (most: number) => v.pipe(v.string(), v.trim(), v.maxLength(most, `Write at most ${most} characters.`), v.transform((text) => text || null)) // prettier-ignore
/** An amount as people write it, as cents; nothing is what is usual. */
const centsOf = (usual: number) => v.pipe(v.string(), v.transform((text) => (text.trim() === '' ? usual : amountIn(text, inSchedCurrency)?.minor)), v.number('Write an amount like 25.00.')) // prettier-ignore
/** What of the patients' pages can be set, by the key of the command line; an empty text is what is usual. */
const pageKeys = {
  guidelines: v.object({ guidelines: ownWords(300) }),
  answersWithinDays: v.object({ answersWithinDays: v.pipe(v.string(), v.regex(/^\d{0,2}$/, 'Write a number of working days.'), v.transform((text) => (text === '' ? null : Number(text)))) }), // prettier-ignore
  showsRead: v.object({ showsRead: yesOrNo }),
  patientsMayStart: v.object({ patientsMayStart: yesOrNo }),
  messagesEndAtAge: v.object({ messagesEndAtAge: v.pipe(v.string(), v.regex(/^(1[0-7])?$/, 'Write an age from 10 to 17, or nothing.'), v.transform((text) => (text === '' ? null : Number(text)))) }), // prettier-ignore
  calendarTitle: v.object({ calendarTitle: ownWords(60) }),
  payMinimum: v.pipe(v.object({ payMinimum: centsOf(100) }), v.transform(({ payMinimum }) => ({ payMinimumCents: payMinimum }))), // prettier-ignore
  payOver: v.pipe(
    v.object({ payOver: centsOf(0) }),
    v.transform(({ payOver }) => ({ payOverCents: payOver })),
  ),
} as const

/** The field that a key and a value set; throws a sentence that names what is wrong. */
function portalPreference({ key, value }: { key: string; value: string }): Partial<PortalFields> {
  if (!Object.hasOwn(pageKeys, key)) throw new Error(`There is nothing ${key} to set. There are: ${Object.keys(pageKeys).join(', ')}.`) // prettier-ignore
  const read = v.safeParse(pageKeys[key as keyof typeof pageKeys] as v.GenericSchema<unknown, Partial<PortalFields>>, { [key]: value }) // prettier-ignore
  if (!read.success) throw new Error(`${value} is no value of ${key}. ${read.issues[0].message}`)
  return read.output
}

const mirrorChange = v.object({
  key: v.string(),
  value: v.string(),
  content: v.optional(v.picklist(['keep', 'erase'])),
})
const preferenceInput = v.object({ key: v.optional(v.string()) })
const waitInput = v.object({ wait: v.optional(v.boolean()), full: v.optional(v.boolean()) })
/** Who acts in the trail, where it is whoever runs the commands of this machine. */
const by = 'command line'

/** Files of this machine; throws a sentence where one cannot be read. */
async function* filesAt(paths: readonly string[]): AsyncGenerator<IncomingFile> {
  for (const path of paths) {
    const file = await open(path).catch((cause: Error) => {
      throw new Error(`${path} cannot be read (${(cause as NodeJS.ErrnoException).code ?? cause.message}).`, { cause })
    })
    try {
      yield { name: basename(path), content: file.createReadStream({ autoClose: false }) }
    } finally {
      await file.close()
    }
  }
}

/** The operations of a site by name; what they do stands in the trail as what staff do in the console does. */
export function siteOperations(site: ConsoleSite, audit: AuditTrail, say: (line: string) => void): Operations {
  const answer = (verdict: 'accepted' | 'refused') => async (input: unknown) => {
    const { id, note } = v.parse(v.object({ id: v.string(), note: v.optional(v.string()) }), input)
    const done = await site.answer(id, verdict, note)
    audit.record({ did: 'request answered', by, of: id })
    return done
  }
  return {
    async upload(input) {
      const done = await site.upload(say, v.parse(waitInput, input))
      audit.record({ did: 'records uploaded', by })
      return done
    },
    async download(input) {
      const done = await site.download(v.parse(waitInput, input))
      audit.record({ did: 'communications downloaded', by })
      return done
    },
    async invite(input) {
      const { patient } = v.parse(patientInput, input)
      const done = await site.invite(patient)
      audit.record({ did: 'patient invited', by, patient: String(patient) })
      return done
    },
    access(input) {
      const { patient } = v.parse(patientInput, input)
      audit.noted({ did: 'viewed', by, patient: String(patient), of: 'access' })
      return site.accessOf(patient)
    },
    async 'access grant'(input) {
      const { patient, ...grant } = v.parse(grantInput, input)
      const done = await site.grant(patient, grant)
      audit.record({ did: 'access granted', by, patient: String(patient), of: [done.grantId, ...grant.scope] })
      return done
    },
    async 'access end'(input) {
      const { patient, grant } = v.parse(v.object({ patient: idNumber, grant: v.string() }), input)
      const done = await site.endAccess(patient, grant)
      audit.record({ did: 'access ended', by, patient: String(patient), of: grant })
      return done
    },
    async message(input) {
      const { attach, ...message } = v.parse(messageInput, input)
      const done = await site.message({ ...message, files: attach.length > 0 ? filesAt(attach) : undefined })
      audit.record({ did: 'message sent', by, patient: String(message.patient), of: done.entryId })
      return done
    },
    recent(input) {
      audit.noted({ did: 'viewed', by, of: 'recent' })
      return site.recent(v.parse(recentInput, input))
    },
    confirmations(input) {
      audit.noted({ did: 'viewed', by, of: 'confirmations' })
      return site.confirmations(v.parse(v.object({ event: v.optional(idNumber) }), input))
    },
    reviews(input) {
      audit.noted({ did: 'viewed', by, of: 'reviews' })
      const { resolved } = v.parse(v.object({ resolved: v.optional(v.boolean(), false) }), input)
      return site.reviews(resolved ? 'resolved' : 'open')
    },
    async 'reviews resolve'(input) {
      const { id, note } = v.parse(v.object({ id: v.string(), note: v.string() }), input)
      const done = await site.resolve(id, note)
      audit.record({ did: 'review resolved', by, of: id })
      return done
    },
    'reviews accept': answer('accepted'),
    'reviews refuse': answer('refused'),
    async 'thread close'(input) {
      const { patient, thread } = v.parse(v.object({ patient: idNumber, thread: v.string() }), input)
      const done = await site.closeThread(patient, thread)
      audit.record({ did: 'thread closed', by, patient: String(patient), of: thread })
      return done
    },
    'pages get': () => site.portalFields(),
    async 'pages set'(input) {
      const done = await site.setPortal(
        portalPreference(v.parse(v.object({ key: v.string(), value: v.string() }), input)),
      )
      audit.record({ did: 'portal set', by, of: Object.keys(done) })
      return done
    },
    async 'patient erase'(input) {
      const { patient } = v.parse(patientInput, input)
      const done = await site.erasePatient(patient)
      audit.record({ did: 'patient erased', by, patient: String(patient) })
      return done
    },
    verify: () => site.verify(),
    async 'sync now'(input) {
      const done = await site.sync(say, v.parse(waitInput, input))
      audit.record({ did: 'synchronized', by })
      return done
    },
    'preferences get': async (input) => site.preferences.get(v.parse(preferenceInput, input).key),
    async 'preferences set'(input) {
      const { key, value } = v.parse(v.object({ key: v.string(), value: v.string() }), input)
      const done = await site.preferences.set(key, value)
      audit.record({ did: 'preference changed', by, of: [done.key, done.old, done.new] })
      return done
    },
    'texts get': () => site.texts.get(),
    async 'texts set'(input) {
      const { key, value } = v.parse(v.object({ key: v.string(), value: v.string() }), input)
      const done = await site.texts.set(key, value)
      audit.record({ did: 'preference changed', by, of: [`texts ${done.key}`, done.old, done.new] })
      return done
    },
    async 'texts dry-run'(input) {
      const { days, set } = v.parse(v.object({ days: v.pipe(v.number(), v.integer(), v.minValue(1, '--days is from 1 to 30.'), v.maxValue(30, '--days is from 1 to 30.')), set: v.optional(v.object({ key: v.string(), value: v.string() })) }), input) // prettier-ignore
      audit.noted({ did: 'viewed', by, of: 'texts dry run' })
      return dryRunResult(await site.texts.dryRun({ days, ...(set ? { changes: { [set.key]: set.value } } : {}) }))
    },
    async 'texts history'(input) {
      const { key } = v.parse(v.object({ key: v.optional(v.string()) }), input)
      audit.noted({ did: 'viewed', by, of: 'texts' })
      return { items: textsHistory(audit, key).map(({ at, ...change }) => ({ at: new Date(at).toISOString(), ...change })) } // prettier-ignore
    },
    async 'texts why'(input) {
      const { event } = v.parse(v.object({ event: idNumber }), input)
      audit.noted({ did: 'viewed', by, of: 'texts' })
      const [zone, why] = [await site.zone(), await site.texts.whyOf(event)]
      return { items: why.map((one) => ({ rule: one.rule, kind: one.what, state: one.is, words: whyInWords(speechIn('en'), one, zone) })) } // prettier-ignore
    },
    async 'mirror show'() {
      const { sites, ...shown } = await site.mirror.show()
      const changes = mirrorChanges(audit)
      const changedOf = (key: string) => {
        const last = changes.get(key)
        return last ? { at: new Date(last.at).toISOString(), by: last.event.by ?? '' } : null
      }
      return { ...shown, sites: sites.map((one) => ({ ...one, items: one.items.map((item) => ({ ...item, changed: changedOf(item.key) })) })) } // prettier-ignore
    },
    async 'mirror share'(input) {
      const { site: other, collection, value } = v.parse(v.object({ site: v.string(), collection: v.string(), value: v.string() }), input) // prettier-ignore
      const done = await site.mirror.set({ key: site.mirror.shareKey(other, collection), value })
      audit.record({ did: 'mirror changed', by, of: [done.key, done.old, done.new] })
      return done
    },
    async 'mirror set'(input) {
      const done = await site.mirror.set(v.parse(mirrorChange, input))
      audit.record({ did: 'mirror changed', by, of: [done.key, done.old, done.new] })
      return done
    },
    async 'mirror preview'(input) {
      const done = await site.mirror.preview(
        v.parse(v.object({ patient: v.optional(idNumber), change: v.optional(mirrorChange) }), input),
      )
      audit.record({ did: 'mirror previewed', by, patient: String(done.patient) })
      return done
    },
    async 'backup begin'(input) {
      const done = await site.backup.begin(v.parse(v.object({ minutes: v.optional(idNumber) }), input).minutes)
      audit.record({ did: 'backup begun', by })
      return done
    },
    async 'backup end'() {
      const done = await site.backup.end()
      audit.record({ did: 'backup ended', by })
      return done
    },
    'backup status': async () => site.backup.status(),
    async 'insched restored'(input) {
      const { choice } = v.parse(v.object({ choice: v.picklist(choices) }), input)
      const done = await site.settleRestored(choice)
      audit.record({ did: 'restored database settled', by, of: choice })
      return done
    },
    async 'connection test'() {
      const done = await site.testConnection()
      audit.record({ did: 'connection tested', by, of: done.failed ?? undefined })
      return done
    },
    ...hl7Operations(site.hl7, audit),
    async 'xml export'(input) {
      const { file, upload, since } = v.parse(v.object({ file: v.string(), upload: v.optional(v.boolean(), false), since: v.optional(idNumber) }), input) // prettier-ignore
      audit.record({ did: upload ? 'records exported' : 'communications exported', by, of: 'xml' })
      return upload ? site.exchange.exportRecords(file) : site.exchange.exportItems(file, since)
    },
    async 'xml import'(input) {
      const { file, ...rules } = v.parse(v.object({ file: v.string(), channel: v.optional(v.string()), from: v.optional(v.string()) }), input) // prettier-ignore
      const done = await site.exchange.importRecords(file, rules)
      audit.record({ did: 'records imported', by, of: 'xml' })
      return done
    },
    status: () => site.status(),
  }
}
