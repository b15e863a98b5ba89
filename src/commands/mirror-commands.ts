/** The commands of the mirror: what leaves the practice, a change of it, and a sample of it for a real patient. */
import { optional, Usage, wholeNumber, type Given } from './command.ts'
import { operation, type Result } from './operation.ts'

const string = { type: 'string' } as const
const boolean = { type: 'boolean' } as const

export const mirrorShow = operation(
  'mirror show',
  'which collections, patients and fields leave the practice, and in which direction',
  'mirror show',
  {},
  () => ({}),
  (result) =>
    [
      ...(result['items'] as { key: string; value: string; portal: string | null }[]).map(
        ({ key, value, portal }) => `${key}: ${value}${portal === null ? '' : `  (the portal: ${portal}; the narrower holds)`}`, // prettier-ignore
      ),
      ...counts('erased at the portal', result['receipts']),
      ...counts('to be erased at the portal still', result['erasing']),
      ...(result['sites'] as SharedWith[]).flatMap(sharedWith),
      ...sentences(result),
    ].join('\n'),
)

export const mirrorSet = operation(
  'mirror set',
  'change one setting; a collection alone means its direction, and off takes --keep (stop) or --erase (stop and erase at the portal)',
  'mirror set KEY VALUE [--keep | --erase]',
  { keep: boolean, erase: boolean },
  (given) => {
    const [key, value] = given.positionals
    if (key === undefined || value === undefined) throw new Usage('Name a setting and its value.')
    return { key, value, ...contentOf(given) }
  },
  (result) =>
    [`${String(result['key'])} was ${String(result['old'])} and is ${String(result['new'])} now.`, ...effect(result)].join('\n'), // prettier-ignore
)

export const mirrorShare = operation(
  'mirror share',
  'share a collection with another site, named by its id or name: records go down to one where the other gives and it takes',
  'mirror share SITE COLLECTION give|take|both|off',
  {},
  (given) => {
    const [site, collection, value] = given.positionals
    if (site === undefined || collection === undefined || value === undefined)
      throw new Usage('Name the other site, a collection, and give, take, both or off.')
    return { site, collection, value }
  },
  (result) =>
    [`${String(result['key'])} was ${String(result['old'])} and is ${String(result['new'])} now.`, ...effect(result)].join('\n'), // prettier-ignore
)

export const mirrorPreview = operation(
  'mirror preview',
  'the fields and values that would leave for a patient, now or after a change that is not made, and what that would erase',
  'mirror preview [--patient LOCAL_ID] [--set "KEY VALUE" [--keep | --erase]]',
  { patient: string, set: string, keep: boolean, erase: boolean },
  (given) => {
    const asked = optional(given, 'set')
    const patient = wholeNumber(optional(given, 'patient'), 'patient')
    if (asked === undefined) return { patient }
    const [, key, value] = /^\s*(\S+)[\s=]+(.+)$/.exec(asked) ?? []
    if (key === undefined || value === undefined)
      throw new Usage('--set takes a setting and its value, like --set "messages off".')
    return { patient, change: { key, value, ...contentOf(given) } }
  },
  (result) => {
    const documents = result['documents'] as {
      collection: string
      why: string | null
      bytes: number
      fields: { field: string; value: unknown; bytes: number; leaves: boolean }[]
    }[]
    const change = result['change'] as Result | null
    return [
      ...documents.flatMap(({ collection, why, bytes, fields }) => [
        why === null ? `${collection}: ${bytes} bytes` : `${collection}: nothing. ${why}`,
        ...fields.flatMap((one) => (one.leaves ? [`  ${one.field}: ${JSON.stringify(one.value)} (${one.bytes} bytes)`] : [])), // prettier-ignore
      ]),
      `Patient ${String(result['patient'])}: ${String(result['bytes'])} bytes would leave.`,
      ...(change ? effect(change) : []),
    ].join('\n')
  },
)

interface SharedWith {
  readonly site: string
  readonly name: string | null
  readonly items: readonly {
    readonly collection: string
    readonly value: string
    readonly portal: string | null
    readonly gives: boolean
    readonly takes: boolean
    readonly held: number
    readonly letGo: number
    readonly changed: { readonly at: string; readonly by: string } | null
  }[]
}
const sharedWith = ({ site, name, items }: SharedWith): string[] =>
  items.flatMap(({ collection, value, portal, gives, takes, held, letGo, changed }) => {
    if (value === 'off' && !gives && !takes && letGo === 0) return []
    const says = gives && takes ? 'gives and takes' : gives ? 'gives' : takes ? 'takes' : 'neither gives nor takes'
    const who = changed ? `, set ${changed.at} by ${changed.by}` : ''
    const narrowed = portal === null ? '' : `  (the portal: ${portal}; the narrower holds)`
    const here = [...(held > 0 ? [`${held} are here`] : []), ...(letGo > 0 ? [`${letGo} were let go of`] : [])]
    return [`${collection} with ${name ?? site} (${site}): ${value}${who}${narrowed}; it ${[says, ...here].join('; ')}`]
  })

/** What becomes of what the portal has, where a collection is turned off. */
export function contentOf(given: Given): { content?: 'keep' | 'erase' } {
  const [keep, erase] = [given.values['keep'] === true, given.values['erase'] === true]
  if (keep && erase) throw new Usage('Give --keep or --erase, not both.')
  return keep ? { content: 'keep' } : erase ? { content: 'erase' } : {}
}

const counts = (what: string, of: unknown): string[] =>
  Object.entries(of as Record<string, number>).map(([collection, count]) => `${what}: ${count} of ${collection}`)
const sentences = (result: Result): string[] => [
  ...(result['says'] as string[]),
  ...(typeof result['problem'] === 'string' ? [result['problem']] : []),
]
const effect = (result: Result): string[] => [
  ...counts('erased at the portal by it', result['erased']),
  ...counts('begins to go by it', result['begins']),
  ...counts('let go of here, of other sites, by it', result['letGo']),
  ...(Number(result['withoutFields']) > 0
    ? [`records that lose fields here and at the portal by it: ${String(result['withoutFields'])}`]
    : []),
  ...sentences(result),
]
