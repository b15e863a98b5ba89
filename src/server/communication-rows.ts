/**
 * How Recent Communications stands in the index: a row for each text, email, message, answer, wish, payment and refund, whose `state` is its
 * way: channel, direction and state in one. So a page of any filter is read from where it begins, by time, however many
 * rows there are: a filter names the ways that it lets through, and these are walked together.
 */
import type { MessageState } from '../replica/kinds/communications.ts'
import type { Answer } from '../replica/kinds/confirmations.ts'
import type { Request } from '../replica/kinds/requests.ts'

export const channels = ['portal', 'text', 'email', 'payment'] as const
/** Messages of clinical systems: they stand in the list, and in no row of the index. */
export const hl7Channel = 'HL7'
export const directions = ['in', 'out'] as const
export type CommunicationState = MessageState | Answer['state'] | Request['state'] | 'read' | 'received'
/** How far something came: what is sent, what is answered, what is asked. */
const everyState: Readonly<Record<CommunicationState, true>> = { read: true, received: true, queued: true, accepted: true, sent: true, delivered: true, undelivered: true, failed: true, dropped: true, opened: true, written: true, 'set aside': true, open: true, refused: true } // prettier-ignore
export const communicationStates = Object.keys(everyState) as readonly CommunicationState[]

export interface Way {
  readonly channel: (typeof channels)[number] | typeof hl7Channel
  readonly direction: (typeof directions)[number]
  readonly state: CommunicationState
}

export function wayText({ channel, direction, state }: Way): string {
  return `${channel} ${direction} ${state}`
}

/** The way that a row's state says. */
export function wayIn(text: string): Way {
  const [channel, direction, ...state] = text.split(' ')
  return { channel, direction, state: state.join(' ') } as unknown as Way
}

/** What a filter lets through: every way that has what it names. */
export function waysOf(filter: { readonly [K in keyof Way]?: string | undefined }): string[] {
  const kept = <T extends string>(all: readonly T[], one: string | undefined): readonly T[] => all.filter((value) => one === undefined || value === one) // prettier-ignore
  const among: readonly Way['channel'][] = filter.channel === hl7Channel ? [hl7Channel] : kept(channels, filter.channel)
  return among.flatMap((channel) =>
    kept(directions, filter.direction).flatMap((direction) =>
      kept(communicationStates, filter.state).map((state) => wayText({ channel, direction, state })),
    ),
  )
}
