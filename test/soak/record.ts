/**
 * The results of the long counts: `docs/soaks.json` keeps the sums since the last run that was at fault, and the last run,
 * `docs/testing.md` shows them as a table. A run that found a fault stands there until a later one finds none.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export interface Run {
  readonly soak: string
  readonly seed: number
  /** What is added up over runs, by name. */
  readonly counts: Readonly<Record<string, number>>
  /** What is the greatest over runs, by name. */
  readonly worst?: Readonly<Record<string, number>>
  readonly faults: readonly string[]
}
interface Sum {
  readonly runs: number
  readonly counts: Readonly<Record<string, number>>
  readonly worst: Readonly<Record<string, number>>
  readonly last: { readonly seed: number; readonly commit: string; readonly date: string; readonly faults: number }
}

const file = (name: string): string => fileURLToPath(new URL(`../../docs/${name}`, import.meta.url))
const marks = ['<!-- soaks: written by npm run soak -->', '<!-- end of soaks -->'] as const

/** What each soak does, for the table. */
const about: Readonly<Record<string, string>> = {
  kill: 'Portal and three sites as processes; kill -9 of either or both at any moment, also while they start',
  simulate: 'The simulator: one seed, one history of 1,500 steps of work, crashes, restores, copies and cuts',
  frames:
    'Bytes that are no frames on the codec, and on a portal from devices that it certified, while an honest site works',
  faults:
    'The same, with connections delayed, dropped, left half open and cut inside a frame by a proxy, disks that are full, folders put back to a copy, and copies started twice',
  leaks:
    'Canaries in every field of every table of InSched, and settings of the mirror that change at random: what was on the wire and what the portal’s files say, opened, against what the settings pass',
  hl7: 'Bytes that are no messages on the HL7 parser, the MLLP framer and the XML reader',
  peers:
    'A site as a process, killed with kill -9 while other systems send to it over MLLP, each message until it is answered',
  sites:
    'Two sites that share their records, each with its InSched: edits, bookings and deletes by plain SQL at either, answers at the portal, which is away now and then',
  shared:
    'Two InSched databases that share their records, on two engines and in two schemas: the same with payments, combining, the portal away, the agent of either dying between any two statements, and either put back to a backup',
  recent:
    'Recent Communications as the console asks for it, by every filter, near the newest and years back, beside one of 10,000 entries',
  writes:
    'The agent alone, killed with kill -9 while it writes what patients say into InSched, in two schemas, in SQLite and in PostgreSQL',
  histories:
    'Histories at random over InSched: edits by SQL, patients, combining, deletes, the agent dying between any two statements, InSched put back to a backup',
  year: 'A practice of 30,000 patients in four zones texts in virtual time, 200 events a day: bookings, moves, cancels, families, answers, STOPs, outages, lost answers, edits of rules, a sender that dies between any two steps and is started again, a second one that is started beside it',
  sandbox:
    'Days of the same over HTTP: Twilio’s SDK, the text sandbox and its signed webhooks, of which some get lost and some come twice',
  dryrun:
    'Random rule sets, each with a schedule of its own: the list of the dry run beside what is then sent in virtual time',
  fold: 'One field of one document changed by writers that start again after each 50 changes, beside 200 other documents and a portal',
}

/** What a run without a fault has shown, where it is something else than usual. */
const clean: Readonly<Record<string, string>> = {
  simulate: 'no promise broken',
  year: 'no text twice, outside legal hours, after STOP or for what had moved; every line of why is true',
  sandbox: 'no text twice, outside legal hours, after STOP or for what had moved; every line of why is true',
  dryrun: 'every list is what was sent',
  shared: 'both databases the same, each item once or told, no echo, nothing gone that nobody chose',
  sites: 'both databases the same, each answer with one outcome, no echo',
  fold: 'disk within 3 times what lives; by own work, half of the transactions under 1 ms and no change held up for 50 ms',
  recent: 'no page costs more than with 10,000',
  leaks: 'nothing left that does not pass, nothing missing that does',
  hl7: 'no crash, no wait over 1 s, memory flat',
  frames: 'no crash, no wait over 1 s, memory flat',
}

/** Adds a run to the sums and writes the table anew. */
export function record(run: Run): void {
  const sums = (existsSync(file('soaks.json')) ? JSON.parse(readFileSync(file('soaks.json'), 'utf8')) : {}) as Record<
    string,
    Sum
  >
  const held = sums[run.soak]
  const before = held && held.last.faults === 0 ? held : undefined
  const counts = { ...before?.counts }
  for (const [name, count] of Object.entries(run.counts)) counts[name] = (counts[name] ?? 0) + count
  const worst = { ...before?.worst }
  for (const [name, value] of Object.entries(run.worst ?? {})) worst[name] = Math.max(worst[name] ?? 0, value)
  const git = (...args: string[]): string => execFileSync('git', args, { encoding: 'utf8' }).trim()
  // Results are written into docs: a change there is no change of what was tried.
  const changed = git('status', '--porcelain', '--', 'src', 'test', 'package.json') !== ''
  sums[run.soak] = {
    runs: (before?.runs ?? 0) + 1,
    counts,
    worst,
    last: {
      seed: run.seed,
      commit: git('rev-parse', '--short', 'HEAD') + (changed ? ' and changes' : ''),
      date: new Date().toISOString().slice(0, 10),
      faults: run.faults.length,
    },
  }
  writeFileSync(file('soaks.json'), `${JSON.stringify(sums, null, 2)}\n`)
  const text = readFileSync(file('testing.md'), 'utf8')
  const [head, rest] = text.split(marks[0])
  const tail = rest?.split(marks[1])[1]
  if (head === undefined || tail === undefined) throw new Error('docs/testing.md has lost the marks of its table')
  writeFileSync(file('testing.md'), `${head}${marks[0]}\n\n${table(sums)}\n\n${marks[1]}${tail}`)
}

function table(sums: Readonly<Record<string, Sum>>): string {
  const rows = Object.entries(sums).map(([soak, { runs, counts, worst, last }]) => {
    const words = Object.entries(counts).map(([name, count]) => `${count.toLocaleString('en')} ${name}`)
    const greatest = Object.entries(worst).map(([name, value]) => `${name} at most ${value}`)
    const result = last.faults === 0 ? (clean[soak] ?? 'nothing lost, nothing twice') : `**${last.faults} faults**`
    return `| \`${soak}\` | ${about[soak] ?? ''} | ${[...words, ...greatest].join(', ')} in ${runs} runs | ${result} | ${last.seed} | ${last.commit} | ${last.date} |`
  })
  return ['| Soak | What it does | So far | Last result | Seed | Commit | Date |', '| --- | --- | --- | --- | --- | --- | --- |', ...rows].join('\n') // prettier-ignore
}
