/** The HL7 bridge as console and commands see it: patients by InSched's numbers, messages as text. */
import { BadMessage } from '../bridges/hl7/bad-message.ts'
import { splitBatch } from '../bridges/hl7/batches.ts'
import { decodeMessage } from '../bridges/hl7/character-sets.ts'
import type { Hl7Bridge } from '../bridges/hl7/hl7-bridge.ts'
import type { QueuedMessage } from '../bridges/hl7/queue-sqlite.ts'
import type { InSchedBridge } from '../bridges/insched/bridge.ts'
import type { Hl7Face, Hl7Message } from '../server/console/hl7-operations.ts'

const mostListed = 200

export function hl7Of(site: { readonly hl7: Hl7Bridge; readonly bridge: InSchedBridge }): Hl7Face {
  const { hl7, bridge } = site
  const numberOf = async (patient: string | null): Promise<number | null> =>
    patient === null ? null : ((await bridge.localOf(patient)) ?? null)
  const shown = async (message: QueuedMessage, why: string | null): Promise<Hl7Message> => {
    const { id, at, channel, direction, kind, control, state, code, tries, patient, replaces } = message
    return { id, at: new Date(at).toISOString(), channel, direction, kind, control, state, code, tries, patient: await numberOf(patient), replaces, why } // prettier-ignore
  }
  /** Text for a person; where it is no text of its character set, byte by byte. */
  const textOf = (bytes: Uint8Array, characterSet: string): string => {
    try {
      return decodeMessage(bytes, characterSet)
    } catch (error) {
      if (error instanceof BadMessage) return Buffer.from(bytes).toString('latin1')
      throw error
    }
  }
  return {
    channels: hl7.status,
    add: hl7.add,
    remove: hl7.remove,
    pause: hl7.pause,
    resume: hl7.resume,
    verbose: hl7.verbose,
    async messages({ patient, ...query }) {
      const document = patient === undefined ? undefined : ((await bridge.documentOf('patients', patient)) ?? '')
      const found = hl7.messages({ ...query, patient: document, limit: mostListed + 1 })
      return {
        items: await Promise.all(found.slice(0, mostListed).map((message) => shown(message, message.why))),
        cut: found.length > mostListed,
      }
    },
    async contents(id) {
      const { patient, channel } = hl7.message(id)
      const set = hl7.channels().find(({ name }) => name === channel)?.characterSet ?? 'UNICODE UTF-8'
      const { message, answer } = hl7.contents(id)
      return {
        message: textOf(message, set),
        answer: answer && textOf(answer, set),
        patient: await numberOf(patient),
      }
    },
    async send(channel, file) {
      const { messages, problems } = splitBatch(
        Buffer.from(file)
          .toString('latin1')
          .replace(/^\u00EF\u00BB\u00BF/, ''),
      )
      if (problems.length > 0) throw new Error(`The file was not sent: ${problems.join(' ')}`)
      const ids: string[] = []
      for (const message of messages) ids.push((await hl7.send(channel, Buffer.from(message, 'latin1'))).id)
      return ids
    },
    async link(channel, id, authority, patient) {
      const document = await bridge.documentOf('patients', patient)
      if (document === undefined) throw new Error(`There is no patient ${patient} in InSched. Look the number up in InSched; it is the patient_id.`) // prettier-ignore
      await hl7.link(channel, id, authority, document)
    },
    replay: hl7.replay,
  }
}
