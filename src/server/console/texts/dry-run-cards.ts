/** Who would get what when, who would not and why, as cards of a page; each list cut where it is long, with how many there are. */
import { html } from 'hono/html'
import { nothing, type Content, type Html } from '../../look/html.ts'
import { empty, notice } from '../../look/notice.ts'
import type { Reader } from '../../look/reader.ts'
import { card, facts, folded, table } from '../../look/show.ts'
import { reasonInWords } from '../texts-in-words.ts'
import type { DryRun, ToldEvent } from '../texts-views.ts'

/** So many lines of a list are shown; how many there are is said. */
const most = 100

/** `rule`: only what that rule tells, with what it told already. */
export function dryRunCards(reader: Reader, run: DryRun, rule?: string): Html[] {
  const { who: words } = reader.words.textRules
  const isOf = (one: ToldEvent): boolean => rule === undefined || one.rule === rule
  const texts = run.texts.filter(({ events }) => events.some(isOf))
  const mails = texts.filter(({ by }) => by === 'email').length
  const [untold, told] = [run.untold.filter(isOf), run.told.filter(isOf)]
  return [
    run.isOff ? notice('info', words.isOff) : nothing,
    card(
      facts([
        [words.sends, reader.number(texts.length - mails)],
        ...(mails > 0 ? [[words.mails, reader.number(mails)] as const] : []),
        [words.parts, reader.number(texts.reduce((sum, { segments }) => sum + segments, 0))],
        [words.told, reader.number(told.length)],
        [words.again, reader.number(run.again)],
        [words.untold, reader.number(untold.length)],
        ...(run.notHeld > 0 ? [[words.notHeld, reader.number(run.notHeld)] as const] : []),
        [words.until, reader.instant(run.until, run.zone)],
      ]),
      { title: words.summary, eyebrow: reader.instant(run.from, run.zone) },
    ),
    texts.length === 0 ? empty(words.none, words.noneNext, 'wait') : textsTable(reader, run, texts),
    ...reasonsOf(reader, untold),
  ]
}

function textsTable(reader: Reader, { zone }: DryRun, texts: DryRun['texts']): Html {
  const { who: words } = reader.words.textRules
  const rows = texts
    .slice(0, most)
    .map(({ at, by, body, events }): Content[] => [
      reader.short(at, zone),
      linesOf(events.map((one) => nameOf(reader, one))),
      reader.words.texts.by[by].name,
      linesOf(events.map((one) => reader.shortWall(one.startsAt))),
      `${reader.words.texts.kinds[events[0]!.what]} (${[...new Set(events.map((one) => one.rule))].join(', ')})`,
      body,
    ])
  return html`${table(words.title, [words.when, words.whom, words.by, words.about, words.rule, words.says], rows, 'tight')}
  ${texts.length > most ? html`<p class="soft">${words.more(texts.length - most)}</p>` : nothing}`
}

function linesOf(lines: readonly Content[]): Html {
  return html`${lines.map((line, n) => html`${n === 0 ? nothing : html`<br />`}${line}`)}`
}

/** A patient with the link to the event. */
function nameOf(reader: Reader, { key, patient }: ToldEvent): Html {
  const name = patient.name === '' ? reader.words.textRules.who.unnamed : patient.name
  return html`<a href="/events/${key}">${name}</a>`
}

/** What is not told, by why. */
function reasonsOf(reader: Reader, untold: DryRun['untold']): Html[] {
  const { who: words } = reader.words.textRules
  const { kinds } = reader.words.texts
  const byWhy = [...Map.groupBy(untold, (one) => reasonInWords(reader.words, one))].toSorted(
    (a, b) => b[1].length - a[1].length,
  )
  if (byWhy.length === 0) return []
  const inside = byWhy.map(([why, some]) =>
    folded(
      `${why} ${words.times(some.length)}`,
      html`${table(
        why,
        [words.whom, words.about, words.rule],
        some
            .slice(0, most)
            .map((one): Content[] => [nameOf(reader, one), reader.shortWall(one.startsAt), `${kinds[one.what]} (${one.rule})`]), // prettier-ignore
        'tight',
      )}
      ${some.length > most ? html`<p class="soft">${words.more(some.length - most)}</p>` : nothing}`,
    ),
  )
  return [card(inside, { title: words.whyNot })]
}
