/** What a command is: its options, and what it does with them. Wrong usage is a `Usage`; any other throw is a sentence and exit code 1. */
import type { ChildProcess } from 'node:child_process'
import type { Clock } from '../replica/clock.ts'
import type { Sealer } from '../replica/sealing.ts'
import type { ProxyEnvironment } from '../server/proxy.ts'

export class Usage extends Error {
  override readonly name = 'Usage'
}

export interface CommandContext {
  readonly clock: Clock
  /** The master key for a folder; made at first use. */
  readonly master: (dir: string) => Sealer
  /** The proxy that the environment names. */
  readonly machine: ProxyEnvironment
  /** Prints the result: one JSON object with --json, else `text`. */
  readonly print: (result: object, text: string) => void
  /** Progress and log lines, on stderr; ids only. */
  readonly say: (line: string) => void
  /** Resolves when somebody wants the process to end. */
  readonly ended: Promise<void>
  readonly json: boolean
  /** The mail server from the environment: its address may hold a password. */
  readonly smtp: string | undefined
  /** The accounts for texts from the environment: they hold secrets. */
  readonly texts: string | undefined
  /** The practices' accounts for card payments from the environment: secrets. */
  readonly payments: string | undefined
  /** Starts this program again as a child with these arguments. */
  readonly spawn: (args: readonly string[]) => ChildProcess
}

export interface Given {
  readonly positionals: readonly string[]
  readonly values: Readonly<Record<string, string | boolean | readonly (string | boolean)[] | undefined>>
}

export interface Command {
  readonly usage: string
  readonly about: string
  readonly options: Readonly<Record<string, { type: 'string' | 'boolean'; multiple?: boolean }>>
  run(given: Given, context: CommandContext): Promise<void>
}

/** The value of an option that must be there. */
export function need(given: Given, name: string): string {
  const value = given.values[name]
  if (typeof value !== 'string' || value === '') throw new Usage(`--${name} is missing.`)
  return value
}

export function optional(given: Given, name: string): string | undefined {
  const value = given.values[name]
  return typeof value === 'string' ? value : undefined
}

/** The values of an option that may be given several times. */
export function several(given: Given, name: string): string[] {
  const value = given.values[name]
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : []
}

/** `--disk-limit`: the most that a replica's file may take, in MB (a million bytes) on the command line and in bytes here. */
export function diskLimit(given: Given): number | undefined {
  const text = optional(given, 'disk-limit')
  if (text === undefined) return undefined
  if (!/^\d{1,9}(\.\d{1,3})?$/.test(text) || Number(text) === 0)
    throw new Usage(`--disk-limit takes a number of MB greater than 0, not ${text}.`)
  return Number(text) * 1_000_000
}

/** A whole number; throws Usage that names the option. */
export function wholeNumber(text: string | undefined, name: string): number | undefined {
  if (text === undefined) return undefined
  if (!/^\d{1,15}$/.test(text)) throw new Usage(`--${name} takes a whole number, not ${text}.`)
  return Number(text)
}
