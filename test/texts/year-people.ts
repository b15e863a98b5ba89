/** Who is in a simulated year: families of one phone each in four zones, some with phones of another zone, without consent or without a number. */
import { derivedUlid } from '../../src/replica/ids.ts'
import type { Json } from '../../src/replica/json.ts'
import { zonesOfNumber } from '../../src/bridges/texts/zones.ts'

/** Where the practice is, with an area code of each zone. */
export const places = [['America/New_York', '212'], ['America/Denver', '303'], ['America/Phoenix', '480'], ['Pacific/Honolulu', '808']] as const // prettier-ignore

/** What stood of an event from a moment on. */
export interface State { readonly at: number; readonly startsAt: string; readonly status: string; readonly isConfirmed: boolean } // prettier-ignore
export interface Booked { readonly key: string; readonly family: number; readonly who: number; readonly patient: string; readonly location: number; readonly states: State[] } // prettier-ignore

/** In one family of eleven the parent has no number. */
export const hasPhone = (family: number): boolean => family % 11 !== 5
/** In one family of seven the other adult was never asked about texts, in another said no. */
export function consentOf(family: number, who: number): boolean | null {
  if (who !== 2 || (family % 7 !== 3 && family % 7 !== 4)) return true
  return family % 7 === 3 ? null : false
}

/** In one family of nine the phone is of another zone than the place. */
export function phoneOf(family: number): string {
  const area = places[(family + (family % 9 === 2 ? 1 : 0)) % 4]![1]
  return `+1${area}${2_000_000 + family}`
}
/** The zone of the place at which somebody with this number has events, and those of the number. */
export function zonesOf(phone: string): readonly [string, ...string[]] {
  return [places[(Number(phone.slice(5)) - 2_000_000) % 4]![0], ...zonesOfNumber(phone)]
}

/** A parent, a child of whom the parent is guarantor, and another adult on the same phone without a relation. */
export function personOf(family: number, who: number): { readonly key: string; readonly fields: Record<string, Json> } {
  const keyOf = (one: number): string => derivedUlid('person', String(family), String(one))
  const cellPhone = who === 1 || (who === 0 && !hasPhone(family)) ? null : phoneOf(family)
  const fields = { cellPhone, textConsent: consentOf(family, who), language: family % 5 === 0 ? 'es' : 'en' }
  if (who === 1) return { key: keyOf(1), fields: { ...fields, firstName: 'Tom', birthDate: '2019-01-01', guarantor: keyOf(0) } } // prettier-ignore
  return { key: keyOf(who), fields: { ...fields, firstName: who === 0 ? 'Ann' : 'Zoe' } }
}
