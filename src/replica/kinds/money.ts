/**
 * Money: a whole number of a currency's smallest units, with that currency beside it. Nothing of the product counts money
 * in any other way, and amounts of two currencies are never added.
 */
import * as v from 'valibot'

export interface Money {
  /** Whole minor units: cents of a dollar. */
  readonly minor: number
  /** ISO 4217, lower case: `usd`. */
  readonly currency: string
}

const currencySchema = v.pipe(v.string(), v.regex(/^[a-z]{3}$/, 'is no currency'))
/** So much that no sum of a practice leaves the exact integers. */
const most = 1e11

/** An amount that is paid or asked: more than nothing. */
export const moneySchema = v.object({
  minor: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(most)),
  currency: currencySchema,
})

/** The currency of InSched, whose amounts are cents. */
export const inSchedCurrency = 'usd'

/** InSched's cents as money. */
export function cents(minor: number): Money {
  return { minor, currency: inSchedCurrency }
}

/** The sum; throws a TypeError where the currencies differ. */
export function plus(a: Money, b: Money): Money {
  if (a.currency !== b.currency) throw new TypeError(`${a.currency} and ${b.currency} cannot be added`)
  return { minor: a.minor + b.minor, currency: a.currency }
}

/** The sum of amounts of one currency; none is nothing of `currency`. */
export function sumOf(amounts: readonly Money[], currency: string): Money {
  return amounts.reduce(plus, { minor: 0, currency })
}

export function sameMoney(a: Money, b: Money): boolean {
  return a.minor === b.minor && a.currency === b.currency
}

/** How many digits a currency has behind the point: 2 for `usd`, 0 for `jpy`. */
export function digitsOf(currency: string): number {
  return new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2
}

/** `12.50`: an amount as bookkeeping writes it, without its currency. */
export function plainAmount({ minor, currency }: Money): string {
  const digits = digitsOf(currency)
  return (minor / 10 ** digits).toFixed(digits)
}

/** The amount that a person wrote, such as `$1,234.50`, `12` or `12,5`; undefined where it is none. */
export function amountIn(text: string, currency: string): Money | undefined {
  const digits = digitsOf(currency)
  const written = text.replaceAll(/[\s$]/g, '')
  const grouped = /^(\d{1,3}(?:,\d{3})+)(?:\.(\d+))?$/.exec(written)
  const plain = /^(\d{1,9})(?:[.,](\d+))?$/.exec(written)
  const [, whole = '', rest = ''] = grouped ?? plain ?? []
  if (whole === '' || rest.length > digits) return undefined
  const minor = Number(whole.replaceAll(',', '')) * 10 ** digits + Number(rest.padEnd(digits, '0') || '0')
  return minor > most ? undefined : { minor, currency }
}
