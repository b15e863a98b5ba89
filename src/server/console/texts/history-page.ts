/** What was changed of texts: who, when, what it was and what it became. */
import { Hono } from 'hono'
import { html } from 'hono/html'
import { inEnglish } from '../../look/html.ts'
import { empty } from '../../look/notice.ts'
import { table } from '../../look/show.ts'
import { deedOf, nameOfUser, type ConsoleEnv, type ConsoleParts } from '../frame.ts'
import { textsFramed, textsPaths } from './texts-frame.ts'
import { keyInWords, textsHistory } from './texts-history.ts'

/** The newest are shown; all of them are in the trail. */
const shown = 200

export function historyPage(parts: ConsoleParts): Hono<ConsoleEnv> {
  const { site, store } = parts
  const app = new Hono<ConsoleEnv>()
  app.get(textsPaths.history, async (c) => {
    const reader = c.get('reader')
    const { history: words } = reader.words.textRules
    store.audit.noted(deedOf(c, 'viewed', { of: 'texts' }))
    const [zone, changes] = [await site.zone(), textsHistory(store.audit).slice(0, shown)]
    const rows = changes.map((one) => [
      reader.short(one.at, zone),
      nameOfUser(c, store, one.by),
      keyInWords(reader, one.key),
      inEnglish(one.old),
      inEnglish(one.new),
    ])
    return c.html(
      await textsFramed(c, parts, 'history', [
        html`<p class="soft">${words.how}</p>`,
        changes.length === 0
          ? empty(words.none, words.noneNext, 'list')
          : table(words.title, [words.when, words.who, words.what, words.old, words.new], rows, 'tight'),
      ]),
    )
  })
  return app
}
