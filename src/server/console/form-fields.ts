/** Fields of the console's forms as several pages read them: a patient's number, a message's text, and what may be left empty. */
import * as v from 'valibot'

/** The number of a patient in InSched. */
export const patientNumber = v.pipe(v.string(), v.trim(), v.regex(/^\d{1,15}$/), v.toNumber())

/** The longest text of a message or a note. */
export const longestText = 20_000
export const messageText = v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(longestText))

/** A field that says nothing where it is empty or missing. */
export function orEmpty<T>(schema: v.GenericSchema<string, T>): v.GenericSchema<string | undefined, T | undefined> {
  const nothing = v.pipe(v.literal(''), v.transform(() => undefined)) // prettier-ignore
  return v.optional(v.union([nothing, schema]))
}
