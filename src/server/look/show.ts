/** What a page shows: cards, lists, facts, tables that read on a phone, states in words, timelines, tabs, and what is folded away. */
import { html } from 'hono/html'
import { icon, type Icon } from './icon.ts'
import { attributes, nothing, type Content, type Html } from './html.ts'
import type { Tone } from './notice.ts'
import type { Link } from './page.ts'

/** A card; `lead` is the one that a page is for. `eyebrow` is a small line above the heading, `key` its id. */
export function card(
  inside: Content,
  options: { title?: Content; eyebrow?: string; lead?: boolean; key?: string } = {},
): Html {
  const { title, eyebrow, lead, key } = options
  return html`<section class="card ${lead ? 'lead' : ''}" ${key ? html`id="${key}"` : nothing}>
    ${eyebrow ? html`<p class="eyebrow">${eyebrow}</p>` : nothing} ${title ? html`<h2>${title}</h2>` : nothing}
    ${inside}
  </section>`
}

export function list(items: readonly Content[]): Html {
  return html`<ul class="list">
    ${items.map((item) => html`<li>${item}</li>`)}
  </ul>`
}

/** Names and their values. */
export function facts(pairs: readonly (readonly [name: string, value: Content])[]): Html {
  return html`<dl class="facts">
    ${pairs.map(
      ([name, value]) =>
        html`<div>
          <dt>${name}</dt>
          <dd>${value}</dd>
        </div>`,
    )}
  </dl>`
}

/**
 * A table, `tight` where it has many columns; on a narrow screen each row is a card with the columns' names in it. The roles are said again because browsers
 * forget them where `display` changes.
 */
export function table(
  caption: string,
  columns: readonly string[],
  rows: readonly (readonly Content[])[],
  kind: '' | 'tight' = '',
): Html {
  return html`<div class="sheet ${kind}">
    <table role="table" aria-label="${caption}">
      <thead role="rowgroup">
        <tr role="row">
          ${columns.map((column) => html`<th role="columnheader" scope="col">${column}</th>`)}
        </tr>
      </thead>
      <tbody role="rowgroup">
        ${rows.map(
          (cells) =>
            html`<tr role="row">
              ${cells.map((cell, i) => (cell === '' ? html`<td role="cell"></td>` : html`<td role="cell" data-label="${columns[i]}"><span>${cell}</span></td>`))}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`
}

const pictureOf: Readonly<Record<Tone | 'wait' | 'plain', Icon>> = { info: 'info', good: 'good', warn: 'warn', bad: 'bad', wait: 'wait', plain: 'dot' } // prettier-ignore

/** A state: the words say it, the picture too; never the colour alone (WCAG 1.4.1). */
export function badge(tone: Tone | 'wait' | 'plain', words: Content): Html {
  return html`<span class="badge ${tone === 'wait' ? 'info' : tone}">${icon(pictureOf[tone])} ${words}</span>`
}

export interface Moment {
  readonly state: 'done' | 'now' | 'later' | 'bad'
  readonly title: Content
  /** When it was, or what is said of it. */
  readonly detail?: Content
}

/** What happened one after the other, and what comes. */
export function timeline(moments: readonly Moment[]): Html {
  return html`<ol class="timeline">
    ${moments.map(
      ({ state, title, detail = nothing }) =>
        html`<li class="${state}" ${state === 'now' ? html`aria-current="step"` : nothing}>
          <span class="dot" aria-hidden="true"
            >${state === 'done' ? icon('check') : state === 'bad' ? icon('cross') : nothing}</span
          >
          <div class="title">${title}</div>
          <div class="small soft">${detail}</div>
        </li>`,
    )}
  </ol>`
}

/** Parts of one page, each by an address of its own. */
export function tabs(label: string, links: readonly Link[]): Html {
  return html`<nav aria-label="${label}">
    <ul class="tabs">
      ${links.map(
        ({ href, text, here, count = 0 }) =>
          html`<li>
            <a href="${href}" ${here ? html`aria-current="page"` : nothing}
              >${text}${count > 0 ? html` <span class="count">${count}</span>` : nothing}</a
            >
          </li>`,
      )}
    </ul>
  </nav>`
}

/** What is folded away until it is wanted. */
export function folded(summary: string, inside: Content, open = false): Html {
  return html`<details ${open ? 'open' : nothing}>
    <summary>${summary}</summary>
    <div class="inside">${inside}</div>
  </details>`
}

export interface Said {
  readonly id?: string
  readonly mine: boolean
  readonly from: Content
  readonly text: Content
  /** Below the text. */
  readonly more?: Content
  /** What is read out when it comes in while the page is open. */
  readonly say?: string
}

/** What was said between two sides, in order. */
export function talk(entries: readonly Said[]): Html {
  return html`<ol class="talk">
    ${entries.map(
      ({ id, mine, from, text, more = nothing, say }) =>
        html`<li ${attributes({ class: mine ? 'mine' : undefined, 'data-key': id, 'data-say': say })}>
          <p class="from">${from}</p>
          <p class="text">${text}</p>
          ${more}
        </li>`,
    )}
  </ol>`
}
